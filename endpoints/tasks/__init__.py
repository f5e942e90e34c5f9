"""Celery tasks: thin edges of one service call each. Arguments are ids, by keyword; the time is the database's."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.conf import settings

from endpoints import queue
from endpoints.services import account_checks, clock, inventory, observation, provisioning, survey, sweeping, use


@shared_task(name=queue.PROVISION)
def provision(*, operation_id: str) -> None:
    """Take up one operation, if it is still due."""
    provisioning.run(operation_id=UUID(operation_id))


@shared_task(name=queue.OBSERVE)
def observe(*, account_region_id: int) -> None:
    """Look at what is in flight in one account-region."""
    queue.worker_came(queue.OBSERVE, account_region_id)
    observation.observe(account_region_id=account_region_id)


@shared_task(name="endpoints.observe_due")
def observe_due() -> None:
    """Wake an observer wherever something is in flight."""
    if queue.first_in("observe-due", seconds=settings.PORTAL_OBSERVE_SECONDS / 2):
        sweeping.observe_due()


@shared_task(name=queue.REFRESH_INVENTORY)
def refresh_inventory(*, account_region_id: int) -> None:
    """Read one account-region's inventory."""
    queue.worker_came(queue.REFRESH_INVENTORY, account_region_id)
    inventory.refresh(account_region_id=account_region_id, now=clock.now())


@shared_task(name=queue.SURVEY)
def survey_region(*, account_region_id: int) -> None:
    """Compare everything in one account-region with what was approved."""
    queue.worker_came(queue.SURVEY, account_region_id)
    survey.survey(account_region_id=account_region_id, now=clock.now())


@shared_task(name=queue.CHECK_ACCOUNT)
def check_account(*, check_id: int) -> None:
    """Look whether the portal may do in an account what it needs."""
    account_checks.run(check_id=check_id)


@shared_task(name=queue.READ_USE)
def read_use(*, endpoint_id: int) -> None:
    """Read what was recorded at an endpoint, and work out what it says."""
    use.work(endpoint_id=endpoint_id)


@shared_task(name="endpoints.wake_due")
def wake_due() -> None:
    """Wake workers for the operations whose turn has come."""
    if queue.first_in("wake-due", seconds=settings.PORTAL_WAKE_SECONDS / 2):
        sweeping.wake_due()


@shared_task(name="endpoints.sweep")
def sweep() -> None:
    """Find what is due and wake workers for it. Ticks that piled up while no worker was there count as one."""
    if queue.first_in("sweep", seconds=settings.PORTAL_SWEEP_SECONDS / 2):
        sweeping.sweep(now=clock.now())
