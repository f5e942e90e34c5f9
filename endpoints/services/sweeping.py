"""The sweeper: finds what is due and wakes workers for it. Safe to run any number of times, also at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from endpoints.models import AccountCheck, Operation
from endpoints.models.operations import ROUTINE
from endpoints.queue import (
    Waiting,
    first_in,
    wake_observer,
    wake_waiting_account_check,
    wake_waiting_inventory,
    wake_waiting_operations,
    wake_waiting_survey,
    wake_waiting_use,
)
from endpoints.services import deadletters, inventory, observation, policies, simulations, survey, use

BATCH = 500
"""How many operations one look wakes, at most."""
FORGET_SECONDS = 600
"""How often a sweep looks for what nobody opens any more: that is in no hurry."""
SHARE = 10
"""How many of them are one account-region's, urgent and routine each: nobody's thousands hide another's one."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How much one sweep found."""

    inventories: int
    surveys: int
    revisions: int
    account_checks: int = 0


def sweep(*, now: datetime) -> Swept:
    """Wake a worker for each due inventory and survey, let policies take effect, and tell what needs a person."""
    deadletters.tell()
    stale = inventory.due()
    for account_region_id in stale:
        wake_waiting_inventory(account_region_id)
    unseen = survey.due()
    for account_region_id in unseen:
        wake_waiting_survey(account_region_id)
    checks = list(AccountCheck.objects.due().order_by("at").values_list("pk", "version")[:BATCH])
    for check_id, version in checks:
        wake_waiting_account_check(check_id, version)
    for endpoint_id in use.due():
        wake_waiting_use(endpoint_id)
    if first_in("forget-simulations", seconds=FORGET_SECONDS):
        simulations.forget(now=now)
    return Swept(
        inventories=len(stale),
        surveys=len(unseen),
        revisions=policies.let_take_effect(now=now),
        account_checks=len(checks),
    )


def wake_due() -> int:
    """Wake workers for operations that are due, urgent ones first; return for how many.

    Each account-region has its share: who has a turn goes before who has yet to ask for one, then the oldest. The first
    of all account-regions come before the second of any.
    """
    place = Window(
        RowNumber(),
        partition_by=["account", "region", "routine"],
        order_by=[F("slot_at").asc(nulls_last=True), F("next_attempt_at").asc()],
    )
    due = (
        Operation.objects.due()
        .annotate(routine=Q(action__in=ROUTINE))
        .annotate(place=place, has_turn=Q(slot_at__isnull=False))
        .filter(place__lte=SHARE)
        .order_by("routine", "place", "next_attempt_at")
        .values_list("pk", "version", "routine", "has_turn")
    )
    found = [Waiting(*row) for row in due[:BATCH]]
    wake_waiting_operations(found)
    return len(found)


def observe_due() -> int:
    """Wake an observer for each account-region that has something in flight; return how many."""
    regions = observation.due_regions()
    for account_region_id in regions:
        wake_observer(account_region_id)
    return len(regions)
