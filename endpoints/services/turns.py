"""Turns: an operation takes a token for each call that changes AWS, and sleeps in its row until it has one.

The turn it was told to wait for stands in the row (`slot_at`, `slot_action`), so a worker that comes back to it
doesn't line up again, and so that lines and recent calls can be told from the database when Redis has forgotten them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from endpoints.aws.pacing import (
    AUTHORIZE_IN,
    AUTHORIZE_OUT,
    CREATE,
    DELETE,
    MODIFY,
    REVOKE_IN,
    REVOKE_OUT,
    Bucket,
    History,
    NotYet,
    Pacer,
    Reads,
    Urgency,
)
from endpoints.domain.actions import (
    Action,
    AuthorizeRule,
    CreateEndpoint,
    DeleteEndpoint,
    RemoveTags,
    RevokeRule,
    SetTags,
)
from endpoints.domain.rules import INGRESS
from endpoints.models import Account, Operation
from endpoints.models.operations import ROUTINE
from endpoints.models.requests import ChangeAction

CALLS_KNOWN = 1000
"""How many recent calls are looked at, at most."""


@cache
def pacer() -> Pacer:
    """Return this process's pacer."""
    return Pacer(settings.REDIS_URL, scale=settings.PORTAL_AWS_RATE)


def reads(account: Account, region: str, *, patience: float) -> Reads:
    """Return the pace of reading in an account and region; `patience` in seconds."""
    return Reads(pacer(), account.account_id, region, patience=patience)


class Turn:
    """An operation's turn, for one call after another; a token that was not used goes back at the end."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._held: Bucket | None = None
        self.next_in: float | None = None
        """After a throttle: seconds until the operation has its turn again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def take(self, action: str) -> None:
        """Take a token for a call of `action`, unless one is held already. Raises NotYet."""
        operation = self._operation
        bucket = Bucket(operation.account.account_id, operation.region, action)
        if self._held == bucket:
            return
        self._drop()
        pacer().take(
            bucket,
            Urgency.ROUTINE if operation.is_routine else Urgency.URGENT,
            lambda: history(operation, bucket),
            promised=operation.slot_at is not None and operation.slot_action == action,
        )
        self._held = bucket

    def used(self) -> None:
        """Note that the call is made now: its token doesn't come back."""
        self._operation.slot_at = self._held = None

    def refused(self, action: str) -> None:
        """Learn that AWS throttled the call, and get the turn to try again."""
        operation = self._operation
        self.next_in = pacer().throttled(Bucket(operation.account.account_id, operation.region, action))

    def _drop(self) -> None:
        if self._held is not None:
            pacer().give_back(self._held)
            self._held = None


_CALLS: dict[type[Action], str] = {
    CreateEndpoint: CREATE,
    DeleteEndpoint: DELETE,
    SetTags: "CreateTags",
    RemoveTags: "DeleteTags",
}


def call_of(action: Action) -> str:
    """Return the AWS action that carries out an action of a plan."""
    if isinstance(action, AuthorizeRule):
        return AUTHORIZE_IN if action.rule.direction == INGRESS else AUTHORIZE_OUT
    if isinstance(action, RevokeRule):
        return REVOKE_IN if action.rule.direction == INGRESS else REVOKE_OUT
    return _CALLS.get(type(action), MODIFY)


def first_call(operation: Operation) -> str | None:
    """Return the AWS action that an operation will need, or None where that takes a look first.

    Whoever comes after a call was made looks: the call may have done all there was to do.
    """
    if operation.slot_at is not None:
        return operation.slot_action
    if operation.called_at is not None or operation.action == ChangeAction.ADOPT:
        return None
    if operation.action == ChangeAction.DELETE:
        return DELETE if operation.endpoint.vpc_endpoint_id else None
    return MODIFY if operation.endpoint.vpc_endpoint_id else CREATE


def history(operation: Operation, bucket: Bucket) -> History:
    """Return what the database knows of a bucket: its recent calls, and how far the lines of its operations reach.

    All by the database's clock. A call that took its token when Redis was wiped and isn't written yet is missed: that
    is at most one for each worker process, for some milliseconds.
    """
    same = Operation.objects.filter(account=operation.account, region=bucket.region, slot_action=bucket.action)
    since = Now() - timedelta(seconds=2 * bucket.size.fills_in)
    ages = same.filter(called_at__gte=since).order_by("-called_at").values_list(Now() - F("called_at"), flat=True)
    waiting = same.filter(status="queued", slot_at__gt=Now())
    lines = waiting.aggregate(
        urgent=Max(F("slot_at") - Now(), filter=~Q(action__in=ROUTINE)),
        routine=Max(F("slot_at") - Now(), filter=Q(action__in=ROUTINE)),
    )
    return History(
        calls=[age.total_seconds() for age in ages[:CALLS_KNOWN]],
        urgent=lines["urgent"].total_seconds() if lines["urgent"] else 0,
        routine=lines["routine"].total_seconds() if lines["routine"] else 0,
    )


__all__ = ["NotYet", "Turn", "call_of", "first_call", "history", "pacer", "reads"]
