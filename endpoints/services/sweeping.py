"""The sweeper: finds what is due and wakes workers for it. Safe to run any number of times, also at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from endpoints.models import Operation
from endpoints.queue import wake_inventory, wake_observer, wake_waiting_operation
from endpoints.services import deadletters, inventory, observation, policies

BATCH = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """How much one sweep found."""

    operations: int
    inventories: int
    revisions: int


def sweep(*, now: datetime) -> Swept:
    """Wake a worker for each due operation and inventory, and let applied policies take effect."""
    due = list(Operation.objects.due().order_by("next_attempt_at").values_list("pk", "version")[:BATCH])
    for operation_id, version in due:
        wake_waiting_operation(operation_id, version)
    deadletters.tell()
    stale = inventory.due()
    for account_region_id in stale:
        wake_inventory(account_region_id)
    return Swept(operations=len(due), inventories=len(stale), revisions=policies.let_take_effect(now=now))


def observe_due() -> int:
    """Wake an observer for each account-region that has something in flight; return how many."""
    regions = observation.due_regions()
    for account_region_id in regions:
        wake_observer(account_region_id)
    return len(regions)
