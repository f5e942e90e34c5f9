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
from django.db.models import F
from django.db.models.functions import Now

from endpoints.models import Operation


class LeaseLost(Exception):
    """Another worker holds the operation now: stop, and write nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on an operation: its id, the worker's name, and the fence that the claim raised."""

    operation_id: UUID
    owner: str
    fence: int


def worker_name() -> str:
    """Return a name for this process that no other living process has."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def claim(operation_id: UUID, *, owner: str) -> Claim | None:
    """Claim an operation that is due, or return None: it isn't due, or another worker was faster."""
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
        )
    )
    if not claimed:
        return None
    fence = Operation.objects.values_list("fence", flat=True).get(pk=operation_id)
    return Claim(operation_id=operation_id, owner=owner, fence=fence)


def write(held: Claim, *, release: bool = False, **changes: Any) -> None:
    """Write to a claimed operation; extend the lease, or end it with `release`. Raises LeaseLost."""
    lease = {"lease_owner": "", "lease_expires_at": None} if release else {"lease_expires_at": Now() + _lease()}
    written = Operation.objects.filter(
        pk=held.operation_id, status="running", lease_owner=held.owner, fence=held.fence
    ).update(version=F("version") + 1, **lease, **changes)
    if not written:
        raise LeaseLost(str(held.operation_id))


def put_back(held: Claim, *, seconds: float, **changes: Any) -> None:
    """Undo a claim: the operation is queued as before and due in `seconds`. It counts as no attempt.

    Like `claim` it records no event: nothing was tried. Raises LeaseLost.
    """
    due_at = Now() + timedelta(seconds=seconds)
    put = Operation.objects.filter(
        pk=held.operation_id, status="running", lease_owner=held.owner, fence=held.fence
    ).update(
        status="queued",
        lease_owner="",
        lease_expires_at=None,
        attempts=F("attempts") - 1,
        next_attempt_at=due_at,
        version=F("version") + 1,
        **changes,
    )
    if not put:
        raise LeaseLost(str(held.operation_id))


def _lease() -> timedelta:
    return timedelta(seconds=settings.PORTAL_LEASE_SECONDS)
