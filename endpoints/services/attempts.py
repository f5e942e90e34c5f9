"""Attempts as records: each worker's turn at an operation, written with the operation's row."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now

from endpoints.aws import AwsError
from endpoints.models import Operation, OperationAttempt
from endpoints.models.operations import AttemptOutcome

_LEFT_OPEN = "Its lease ended without a word; the next attempt looks at what AWS has before it acts."
_TOO_LATE = "It was still at it when its lease had ended; it wrote nothing more."
_ANSWERED = (AttemptOutcome.HANDED_OVER, AttemptOutcome.REFUSED)


def begin(*, operation_id: UUID, owner: str, fence: int) -> None:
    """Open the attempt of a claim, in the claim's transaction; close what a worker that died left open."""
    known = OperationAttempt.objects.filter(operation=operation_id)
    known.filter(finished_at__isnull=True).update(
        finished_at=Now(), outcome=AttemptOutcome.WORKER_DIED, message=_LEFT_OPEN
    )
    number = (known.aggregate(last=Max("number"))["last"] or 0) + 1
    OperationAttempt.objects.create(
        operation_id=operation_id, number=number, fence=fence, worker=owner, started_at=Now()
    )


def forget(*, operation_id: UUID, fence: int) -> None:
    """Take back the attempt of a claim that was put back before anything was tried."""
    OperationAttempt.objects.filter(operation=operation_id, fence=fence, finished_at__isnull=True).delete()


def note(operation: Operation, *, request_id: str) -> None:
    """Keep AWS's request id with the open attempt at once: its worker may die before the outcome."""
    if request_id:
        _open(operation).update(aws_request_id=request_id)


def close(
    operation: Operation, outcome: AttemptOutcome, *, error: AwsError | None = None, request_id: str = ""
) -> None:
    """Close the open attempt, if any, with its outcome and AWS's words."""
    said = request_id or (error.request_id if error else "")
    _open(operation).update(
        finished_at=Now(),
        outcome=outcome,
        error_code=error.code if error else "",
        message=error.message if error else "",
        **({"aws_request_id": said} if said else {}),
    )


def lost(*, operation_id: UUID, fence: int) -> None:
    """Tell the truth of an attempt whose worker turns out to live, only too late."""
    late = OperationAttempt.objects.filter(
        operation=operation_id, fence=fence, outcome__in=("", AttemptOutcome.WORKER_DIED)
    )
    if late.update(finished_at=Now(), outcome=AttemptOutcome.LEASE_LOST, message=_TOO_LATE):
        Operation.objects.filter(pk=operation_id).update(version=F("version") + 1)


def unanswered(operation: Operation) -> bool:
    """Tell whether a call may have changed AWS and its answer was never recorded. One query, if any.

    An endpoint whose id is known is no riddle: it can be looked at, and deleted.
    """
    if operation.called_at is None or (operation.change.kind.creates and operation.endpoint.vpc_endpoint_id):
        return False
    told = operation.attempt_records.exclude(outcome__in=(AttemptOutcome.THROTTLED, AttemptOutcome.PARKED))
    last = told.order_by("-number").values_list("outcome", flat=True).first()
    return last is not None and last not in _ANSWERED


def in_vain_for(operation: Operation, time: timedelta) -> bool:
    """Tell whether tries that AWS never answered go back that long, without another end between them. Two queries."""
    tries = operation.attempt_records.all()
    ended = tries.exclude(outcome__in=("", AttemptOutcome.POSTPONED, AttemptOutcome.THROTTLED))
    last = ended.aggregate(last=Max("number"))["last"] or 0
    return tries.filter(number__gt=last, started_at__lte=Now() - time).exists()


def _open(operation: Operation) -> QuerySet[OperationAttempt]:
    return OperationAttempt.objects.filter(operation=operation, finished_at__isnull=True)
