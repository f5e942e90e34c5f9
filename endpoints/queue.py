"""Waking workers. The database row is the queue: a lost message costs seconds, never work.

Tasks are named here and looked up by their name, so that services never import tasks.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID

from celery import current_app
from django.core.cache import cache
from django.db import transaction

PROVISION = "endpoints.provision"
OBSERVE = "endpoints.observe"
REFRESH_INVENTORY = "endpoints.refresh_inventory"
SURVEY = "endpoints.survey"
CHECK_ACCOUNT = "endpoints.check_account"
READ_USE = "endpoints.read_use"

URGENT, ROUTINE = "urgent", "routine"
"""Celery's queues. A worker takes from both by turns, so routine messages never stand before an urgent one."""
AGAIN_SECONDS = 30

log = logging.getLogger(__name__)


def wake_operation(operation_id: UUID, *, routine: bool) -> None:
    """After commit, tell a worker that an operation is due."""
    _after_commit(PROVISION, ROUTINE if routine else URGENT, operation_id=str(operation_id))


def wake_waiting_operation(operation_id: UUID, version: int, *, routine: bool) -> None:
    """Tell a worker again that an operation is due, at most once a while for the same state of its row.

    Without that, a sweep every few seconds would pile up messages for what busy workers haven't reached yet.
    """
    if first_in(f"wake:{operation_id}:{version}", seconds=AGAIN_SECONDS):
        wake_operation(operation_id, routine=routine)


def first_in(name: str, *, seconds: float) -> bool:
    """Tell whether nobody asked by this name within the last seconds; True as well when the cache is away."""
    if seconds < 1:  # the cache counts in whole seconds
        name, seconds = f"{name}:{int(time.time() / seconds)}", 1
    try:
        return bool(cache.add(f"first:{name}", 1, timeout=seconds))
    except Exception as error:  # noqa: BLE001  # without the cache there are more messages, and no harm
        log.warning("the cache does not answer: %s", error)
        return True


def wake_observer(account_region_id: int) -> None:
    """After commit, tell a worker that an account-region has something in flight."""
    _after_commit(OBSERVE, URGENT, account_region_id=account_region_id)


def wake_inventory(account_region_id: int) -> None:
    """After commit, tell a worker to read an account-region's inventory."""
    _after_commit(REFRESH_INVENTORY, ROUTINE, account_region_id=account_region_id)


def wake_survey(account_region_id: int) -> None:
    """After commit, tell a worker to survey an account-region."""
    _after_commit(SURVEY, ROUTINE, account_region_id=account_region_id)


def wake_account_check(check_id: int) -> None:
    """After commit, tell a worker that an account is to be checked."""
    _after_commit(CHECK_ACCOUNT, URGENT, check_id=check_id)


def wake_use(endpoint_id: int) -> None:
    """After commit, tell a worker that an endpoint's recorded use is to be looked at."""
    _after_commit(READ_USE, ROUTINE, endpoint_id=endpoint_id)


def wake_waiting_use(endpoint_id: int) -> None:
    """Tell a worker again that recorded use waits, at most once a while."""
    if first_in(f"use:{endpoint_id}", seconds=AGAIN_SECONDS):
        wake_use(endpoint_id)


def wake_waiting_account_check(check_id: int, version: int) -> None:
    """Tell a worker again that a check is due, at most once a while for the same state of its row."""
    if first_in(f"check:{check_id}:{version}", seconds=AGAIN_SECONDS):
        wake_account_check(check_id)


def _after_commit(name: str, queue: str, **arguments: Any) -> None:
    transaction.on_commit(lambda: _send(name, queue, arguments), robust=True)


def _send(name: str, queue: str, arguments: dict[str, Any]) -> None:
    """Publish once, without retries: if the broker is away, the sweeper finds the row when it's back."""
    try:
        current_app.send_task(name, kwargs=arguments, queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001  # whatever the broker raises, the row is safe in the database
        log.warning("could not wake a worker for %s: %s; the sweeper will", name, error)
