"""Everything that an operation's page and its live fragment show."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from endpoints import permissions
from endpoints.domain import lifecycle
from endpoints.models import Operation, OperationAttempt
from endpoints.models.operations import STUCK, Trouble
from endpoints.permissions import Person
from endpoints.services import operations, reading
from endpoints.views.present import timeline
from endpoints.views.present.marks import live_mark

PARKABLE = lifecycle.OPERATION.transitions["park"].sources
HURRIED = lifecycle.OPERATION.transitions["hurry"].sources
_CURES = {
    Trouble.OVERDUE: "It is due, and nobody takes it up. Look at /readyz: do workers run, and beat? Retry wakes them.",
    Trouble.STUCK: "AWS took the call, and nobody has seen it end. Look whether the observer reaches AWS; retry looks "
    "again and does what is missing.",
    Trouble.WORN_OUT: "The portal gave up. Look at what went wrong each time; retry begins anew.",
}


def mark_of(pk: UUID) -> str | None:
    """Return what a live page compares: the row's version, and whether it is late, which no write tells."""
    late = Exists(Operation.objects.late().filter(pk=OuterRef("pk")))
    row = Operation.objects.filter(pk=pk).values_list("version", late).first()
    return None if row is None else live_mark(*row)


class OperationPage:
    """An operation as one person sees it. It carries its `trouble`."""

    def __init__(self, operation: Operation, user: Person) -> None:
        self.operation = operation
        self.user = user
        self.trouble = Trouble(operation.trouble) if operation.trouble else None

    @property
    def mark(self) -> str:
        """Return what this page shows, as the live fragment asks for it."""
        return live_mark(self.operation.version, self.trouble in (Trouble.OVERDUE, Trouble.STUCK))

    @property
    def live(self) -> bool:
        """Tell whether anything can still happen."""
        return not self.operation.state.terminal

    @property
    def cure(self) -> str:
        """Return what to do about the trouble, where AWS's error doesn't say it."""
        return _CURES.get(self.trouble, "") if self.trouble else ""

    @property
    def abandoned(self) -> bool:
        """Tell whether its worker's lease has ended without a word."""
        until = self.operation.lease_expires_at
        return self.operation.status == "running" and until is not None and until < timezone.now()

    @property
    def given_up_at(self) -> datetime | None:
        """Return when what is in flight is handed to a person: by the next look, where that time is over."""
        since = self.operation.in_flight_since
        if since is None or self.operation.status != "observing":
            return None
        return max(since + STUCK, timezone.now())

    @property
    def beyond_retry(self) -> bool:
        """Tell whether AWS has ended it for good: only its endpoint's deletion is left."""
        ended = not operations.retry_helps(self.operation) and not operations.overtaken(self.operation)
        return self.operation.status == "failed" and ended

    @property
    def can_retry(self) -> bool:
        """Tell whether the person may have it taken up now."""
        status = self.operation.status
        free = status in HURRIED and (status != "running" or self.abandoned)
        helps = status == "failed" and operations.retry_helps(self.operation)
        return (free or helps) and permissions.can_operate(self.user)

    @property
    def can_park(self) -> bool:
        """Tell whether the person may park it now."""
        possible = self.operation.status in PARKABLE and (self.abandoned or not self.operation.park_asked)
        return possible and not operations.overtaken(self.operation) and permissions.can_operate(self.user)

    @property
    def can_resume(self) -> bool:
        """Tell whether the person may resume it now."""
        possible = self.operation.status == "parked" and not operations.overtaken(self.operation)
        return possible and permissions.can_operate(self.user)

    @property
    def attempts(self) -> QuerySet[OperationAttempt]:
        """Return the attempts, newest first."""
        return self.operation.attempt_records.order_by("-number")

    @property
    def intent(self) -> str:
        """Return the parameters that were stored before the create call, as JSON; empty before it."""
        return json.dumps(self.operation.intent, indent=2, ensure_ascii=False) if self.operation.intent else ""

    @cached_property
    def entries(self) -> list[timeline.Entry]:
        """Return the timeline, the engine's own small steps included."""
        return timeline.entries_of(reading.events_of_operation(self.operation), small_steps=True)
