"""Waking workers. The database row is the queue: a lost message costs seconds, never work.

Tasks are named here and looked up by their name, so that services never import tasks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
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

URGENT, ASKING, LOOKING, ROUTINE = "urgent", "asking", "looking", "routine"
"""Celery's queues. A worker takes from them by turns: an operation that was just approved, or whose turn has come,
stands behind none of the thousands that have yet to ask for a turn, of the looks at many account-regions, and of what
is routine."""
AGAIN_SECONDS = 30
OBSERVER_SECONDS = 10
"""After which an observer that was called and didn't come is called again."""

log = logging.getLogger(__name__)


def wake_operation(operation_id: UUID, *, routine: bool) -> None:
    """After commit, tell a worker that an operation is due."""
    _after_commit(PROVISION, ROUTINE if routine else URGENT, operation_id=str(operation_id))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation that is due: its id and its row's version, whether it is routine, whether its turn has come."""

    operation_id: UUID
    version: int
    routine: bool
    has_turn: bool

    @property
    def queue(self) -> str:
        """Return the queue that its message goes to."""
        return ROUTINE if self.routine else URGENT if self.has_turn else ASKING


def wake_waiting_operations(waiting: Iterable[Waiting]) -> None:
    """Tell workers again which operations are due, at most once a while for the same state of a row.

    Without that, a sweep every few seconds would pile up messages for what busy workers haven't reached yet.
    """
    named = {f"wake:{item.operation_id}:{item.version}": item for item in waiting}
    for name in _not_asked(named):
        if first_in(name, seconds=AGAIN_SECONDS):
            _after_commit(PROVISION, named[name].queue, operation_id=str(named[name].operation_id))


def _not_asked(names: Iterable[str]) -> list[str]:
    """Return the names by which nobody asked lately, in one question for them all."""
    names = list(names)
    try:
        known = cache.get_many([f"first:{name}" for name in names])
    except Exception as error:  # noqa: BLE001  # without the cache there are more messages, and no harm
        log.warning("the cache does not answer: %s", error)
        return names
    return [name for name in names if f"first:{name}" not in known]


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
    """After commit, tell a worker that an account-region has something in flight.

    One message waits for each at most: the observer that it brings sees all that was committed before it comes.
    """

    def wake() -> None:
        if first_in(_called(OBSERVE, account_region_id), seconds=OBSERVER_SECONDS):
            _send(OBSERVE, LOOKING, {"account_region_id": account_region_id})

    transaction.on_commit(wake, robust=True)


def worker_came(name: str, account_region_id: int) -> None:
    """Note that a worker begins a task in an account-region: what is committed from now on calls another one."""
    try:
        cache.delete(f"first:{_called(name, account_region_id)}")
    except Exception as error:  # noqa: BLE001  # without the cache nobody was kept from calling
        log.warning("the cache does not answer: %s", error)


def _called(name: str, account_region_id: int) -> str:
    return f"{name}:{account_region_id}"


def wake_inventory(account_region_id: int) -> None:
    """After commit, tell a worker to read an account-region's inventory."""
    _after_commit(REFRESH_INVENTORY, ROUTINE, account_region_id=account_region_id)


def wake_waiting_inventory(account_region_id: int) -> None:
    """Tell a worker again that an inventory is due, at most once a while until one comes."""
    if first_in(_called(REFRESH_INVENTORY, account_region_id), seconds=AGAIN_SECONDS):
        wake_inventory(account_region_id)


def wake_waiting_survey(account_region_id: int) -> None:
    """Tell a worker that an account-region is due to be surveyed, at most once a while until one comes."""
    if first_in(_called(SURVEY, account_region_id), seconds=AGAIN_SECONDS):
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
