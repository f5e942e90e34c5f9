"""Waking workers. The database row is the queue: a lost message costs seconds, never work.

Tasks are named here and looked up by their name, so that services never import tasks.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from celery import current_app
from django.core.cache import cache
from django.db import transaction

PROVISION = "endpoints.provision"
OBSERVE = "endpoints.observe"
REFRESH_INVENTORY = "endpoints.refresh_inventory"
SURVEY = "endpoints.survey"

AGAIN_SECONDS = 30

log = logging.getLogger(__name__)


def wake_operation(operation_id: UUID) -> None:
    """After commit, tell a worker that an operation is due."""
    _after_commit(PROVISION, operation_id=str(operation_id))


def wake_waiting_operation(operation_id: UUID, version: int) -> None:
    """Tell a worker again that an operation is due, at most once a while for the same state of its row.

    Without that, a sweep every few seconds would pile up messages for what busy workers haven't reached yet.
    """
    if first_in(f"wake:{operation_id}:{version}", seconds=AGAIN_SECONDS):
        wake_operation(operation_id)


def first_in(name: str, *, seconds: float) -> bool:
    """Tell whether nobody asked by this name within the last seconds; True as well when the cache is away."""
    try:
        return bool(cache.add(f"first:{name}", 1, timeout=seconds))
    except Exception as error:  # noqa: BLE001  # without the cache there are more messages, and no harm
        log.warning("the cache does not answer: %s", error)
        return True


def wake_observer(account_region_id: int) -> None:
    """After commit, tell a worker that an account-region has something in flight."""
    _after_commit(OBSERVE, account_region_id=account_region_id)


def wake_inventory(account_region_id: int) -> None:
    """After commit, tell a worker to read an account-region's inventory."""
    _after_commit(REFRESH_INVENTORY, account_region_id=account_region_id)


def wake_survey(account_region_id: int) -> None:
    """After commit, tell a worker to survey an account-region."""
    _after_commit(SURVEY, account_region_id=account_region_id)


def _after_commit(name: str, **arguments: Any) -> None:
    transaction.on_commit(lambda: _send(name, arguments), robust=True)


def _send(name: str, arguments: dict[str, Any]) -> None:
    """Publish once, without retries: if the broker is away, the sweeper finds the row when it's back."""
    try:
        current_app.send_task(name, kwargs=arguments, retry=False)
    except Exception as error:  # noqa: BLE001  # whatever the broker raises, the row is safe in the database
        log.warning("could not wake a worker for %s: %s; the sweeper will", name, error)
