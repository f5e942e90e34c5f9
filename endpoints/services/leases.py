"""Claiming operations: one conditional UPDATE gives a worker a lease and raises the fence.

Every later write of that worker names the fence, so a worker that slept past its lease can't write over another's
work. Times are the database's clock.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from endpoints.models import Operation
from endpoints.services import attempts


class LeaseLost(Exception):
    """Another worker holds the operation now: stop, and write nothing."""


class ParkAsked(Exception):
    """An operator wants the operation parked: make no further call, and park it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on an operation: its id, the worker's name, and the fence that the claim raised."""

    operation_id: UUID
    owner: str
    fence: int


def worker_name() -> str:
    """Return a name for this process that no other living process has."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


@transaction.atomic
def claim(operation_id: UUID, *, owner: str) -> Claim | None:
    """Claim an operation that is due, or return None: it isn't due, or another worker was faster.

    The attempt that begins is written down with it; one that another worker left open ends as "worker died".
    """
    claimed = (
        Operation.objects.due()
        .filter(pk=operation_id)
        .update(
            status="running",
            lease_owner=owner,
            lease_expires_at=Now() + _lease(),
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            version=F("version") + 1,
            updated_at=Now(),
        )
    )
    if not claimed:
        return None
    fence = Operation.objects.values_list("fence", flat=True).get(pk=operation_id)
    attempts.begin(operation_id=operation_id, owner=owner, fence=fence)
    return Claim(operation_id=operation_id, owner=owner, fence=fence)


def write(held: Claim, *, release: bool = False, before_call: bool = False, **changes: Any) -> None:
    """Write to a claimed operation; extend the lease, or end it with `release`. Raises LeaseLost.

    `before_call` says that a call which changes something in AWS comes next: raises ParkAsked when an operator doesn't
    want it. What a call has done already is always written.
    """
    lease = {"lease_owner": "", "lease_expires_at": None} if release else {"lease_expires_at": Now() + _lease()}
    mine = Operation.objects.filter(pk=held.operation_id, status="running", lease_owner=held.owner, fence=held.fence)
    allowed = mine.filter(parked_at__isnull=True) if before_call else mine
    if allowed.update(version=F("version") + 1, **lease, **changes):
        return
    if before_call and mine.exists():
        raise ParkAsked(str(held.operation_id))
    raise LeaseLost(str(held.operation_id))


@transaction.atomic
def put_back(held: Claim, *, seconds: float, **changes: Any) -> None:
    """Undo a claim: the operation is queued as before and due in `seconds`. It counts as no attempt.

    Like `claim` it records no event: nothing was tried. Raises LeaseLost, and ParkAsked as `write` does.
    """
    due_at = Now() + timedelta(seconds=seconds)
    mine = Operation.objects.filter(pk=held.operation_id, status="running", lease_owner=held.owner, fence=held.fence)
    put = mine.filter(parked_at__isnull=True).update(
        status="queued",
        lease_owner="",
        lease_expires_at=None,
        attempts=F("attempts") - 1,
        next_attempt_at=due_at,
        version=F("version") + 1,
        **changes,
    )
    if put:
        attempts.forget(operation_id=held.operation_id, fence=held.fence)
    elif mine.exists():
        raise ParkAsked(str(held.operation_id))
    else:
        raise LeaseLost(str(held.operation_id))


def _lease() -> timedelta:
    return timedelta(seconds=settings.PORTAL_LEASE_SECONDS)
