"""The sweeper: finds what is due and wakes workers for it. Safe to run any number of times, also at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from endpoints.models import Operation
from endpoints.queue import wake_inventory, wake_observer, wake_survey, wake_waiting_operation
from endpoints.services import inventory, observation, policies, survey

BATCH = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """How much one sweep found."""

    operations: int
    inventories: int
    surveys: int
    revisions: int


def sweep(*, now: datetime) -> Swept:
    """Wake a worker for each due operation, inventory and survey, and let applied policies take effect."""
    due = list(Operation.objects.due().order_by("next_attempt_at").values_list("pk", "version")[:BATCH])
    for operation_id, version in due:
        wake_waiting_operation(operation_id, version)
    stale = inventory.due()
    for account_region_id in stale:
        wake_inventory(account_region_id)
    unseen = survey.due()
    for account_region_id in unseen:
        wake_survey(account_region_id)
    return Swept(
        operations=len(due),
        inventories=len(stale),
        surveys=len(unseen),
        revisions=policies.let_take_effect(now=now),
    )


def observe_due() -> int:
    """Wake an observer for each account-region that has something in flight; return how many."""
    regions = observation.due_regions()
    for account_region_id in regions:
        wake_observer(account_region_id)
    return len(regions)
