"""What a person does with the workers' work: retry now, park, resume.

Each act names the version of the row that the person saw: of two at once one wins, and the other is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from endpoints import permissions
from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Actor
from endpoints.domain.observed import BEYOND_RETRY
from endpoints.models import Endpoint, EndpointRequest, Operation
from endpoints.models.requests import ChangeAction
from endpoints.queue import wake_operation
from endpoints.services import deadletters, events, parking, transitions, wording
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict, Invalid

LONGEST_REASON = 2000
_RESUME = {
    ChangeAction.CREATE: "resume_provisioning",
    ChangeAction.ADOPT: "resume_provisioning",
    ChangeAction.RECREATE: "resume_provisioning",
    ChangeAction.MODIFY: "resume_update",
    ChangeAction.POLICY: "resume_update",
    ChangeAction.DELETE: "resume_deletion",
}
_AFRESH = {"attempts": 0, "throttles": 0}
_NOT_PARKED = {"parked_at": None, "parked_by": "", "park_reason": ""}
_OVERTAKEN = "A later change of this endpoint was approved, so this one isn't made any more. Withdraw the request."
_UNDER_WAY = "Another change of this endpoint is under way. Try again when it has ended."


def retry_helps(operation: Operation) -> bool:
    """Tell whether trying again can help: what the service's owner rejected stays so, whoever asks AWS."""
    if overtaken(operation):
        return False
    return operation.action == ChangeAction.DELETE or operation.endpoint.aws_state not in BEYOND_RETRY


def overtaken(operation: Operation) -> bool:
    """Tell whether its endpoint was given another spec since: AWS must not come to have this one after all.

    What failed lets a later change of the endpoint be approved: that one's spec stands then, or what was put back.
    """
    return operation.endpoint.generation != (operation.change.base_generation or 0) + 1


def overtake(*, endpoint: Endpoint) -> None:
    """Say of what failed on an endpoint that a later change was approved. In the approval's recorded transaction."""
    failed = Operation.objects.filter(endpoint=endpoint, status="failed")
    EndpointRequest.objects.filter(pk__in=failed.values("request")).update(version=F("version") + 1)
    failed.update(last_cure=_OVERTAKEN, version=F("version") + 1)


def retry_now(*, operation: Operation, version: int, by: Who, now: datetime) -> None:
    """Queue what failed once more, or have what waits taken up at once.

    Raises PermissionDenied, and Conflict when it changed meanwhile, a worker is at it, or trying again can't help.
    """
    permissions.check_can_operate(by.person())
    with events.recorded(events.chain_of(operation.account)):
        operation.refresh_from_db()
        if operation.status == "failed":
            if not retry_helps(operation):
                raise Conflict("Trying again can't help: " + operation.last_cure)
            requeue(operation=operation, by=by, acting_as=Actor.OPERATOR, now=now, where=Q(version=version))
            _request_goes_on(operation.request, by, now)
        else:
            _hurry(operation, version, by, now)
        wake_operation(operation.pk, routine=operation.is_routine)
        transaction.on_commit(deadletters.forget)


def park(*, operation: Operation, version: int, reason: str, by: Who, now: datetime) -> None:
    """Take an operation out of the queue. What a worker is at is parked by that worker, at its next step.

    Raises PermissionDenied, Invalid without a reason, and Conflict when it changed meanwhile or can't be parked. What a
    later change has overtaken can't: parked, it would keep that one from being retried.
    """
    permissions.check_can_operate(by.person())
    reason = _checked(reason)
    wish = {"parked_at": now, "parked_by": by.name, "park_reason": reason}
    with events.recorded(events.chain_of(operation.account)):
        operation.refresh_from_db()
        if overtaken(operation):
            raise Conflict(_OVERTAKEN)
        seen = Q(version=version)
        try:
            if operation.status == "running" and not _abandoned(operation):
                _ask_to_park(operation, seen, wish, by, now)
            else:
                parking.put_away(
                    operation=operation,
                    by=by,
                    acting_as=Actor.OPERATOR,
                    now=now,
                    summary=reason,
                    where=seen & _IDLE,
                    changes=wish,
                )
        except IntegrityError as error:
            raise Conflict("Another change of this endpoint is under way; this one stands in nobody's way.") from error
        transaction.on_commit(deadletters.forget)


def resume(*, operation: Operation, version: int, by: Who, now: datetime) -> None:
    """Put what was parked back into the queue. Its worker looks at what AWS has before it acts.

    Raises PermissionDenied, or Conflict when it changed meanwhile or a later change was approved.
    """
    permissions.check_can_operate(by.person())
    with events.recorded(events.chain_of(operation.account)):
        operation.refresh_from_db()
        if overtaken(operation):
            raise Conflict(_OVERTAKEN)
        transitions.apply(
            to=operation,
            transition="resume",
            acting_as=Actor.OPERATOR,
            who=by,
            now=now,
            where=Q(version=version),
            changes={**_AFRESH, **_NOT_PARKED, "next_attempt_at": Now()},
            data=_named(operation),
        )
        _endpoint_goes_on(operation, Actor.OPERATOR, by, now)
        _request_goes_on(operation.request, by, now)
        wake_operation(operation.pk, routine=operation.is_routine)
        transaction.on_commit(deadletters.forget)


def requeue(*, operation: Operation, by: Who, acting_as: Actor, now: datetime, where: Q | None = None) -> None:
    """Queue a failed operation once more, with its endpoint; the request is the caller's. Raises Conflict."""
    try:
        transitions.apply(
            to=operation,
            transition="retry",
            acting_as=acting_as,
            who=by,
            now=now,
            where=where,
            changes={**_AFRESH, "next_attempt_at": Now()},
            data=_named(operation),
        )
    except IntegrityError as error:
        raise Conflict(_UNDER_WAY) from error
    _endpoint_goes_on(operation, acting_as, by, now)


_IDLE = ~Q(status="running") | Q(lease_expires_at__lt=Now())
"""No worker is at it: whatever its lease allowed has ended."""


def _abandoned(operation: Operation) -> bool:
    return Operation.objects.filter(_IDLE, pk=operation.pk).exists()


def _hurry(operation: Operation, version: int, by: Who, now: datetime) -> None:
    if operation.status == "running" and not _abandoned(operation):
        raise Conflict("A worker is at it right now. Wait for what comes of it, or park it.")
    transitions.apply(
        to=operation,
        transition="hurry",
        acting_as=Actor.OPERATOR,
        who=by,
        now=now,
        where=Q(version=version) & _IDLE,
        changes={**_AFRESH, **_NOT_PARKED, "next_attempt_at": Now(), "lease_owner": "", "lease_expires_at": None},
        data=_named(operation),
    )
    _bump(operation)


def _ask_to_park(operation: Operation, seen: Q, wish: Mapping[str, Any], by: Who, now: datetime) -> None:
    transitions.apply(
        to=operation,
        transition="ask_to_park",
        acting_as=Actor.OPERATOR,
        who=by,
        now=now,
        where=seen & Q(parked_at__isnull=True),
        changes=wish,
        summary=wish["park_reason"],
        data=_named(operation),
    )
    _bump(operation)


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": "Say why: the requester and the other operators read it."})
    if len(reason) > LONGEST_REASON:
        raise Invalid({"reason": f"Keep it under {LONGEST_REASON} characters."})
    if unreadable := wording.problem_of(reason, lines=True):
        raise Invalid({"reason": unreadable})
    return reason


def _endpoint_goes_on(operation: Operation, acting_as: Actor, by: Who, now: datetime) -> None:
    endpoint = operation.endpoint
    endpoint.refresh_from_db()
    transition = _RESUME[ChangeAction(operation.action)]
    if endpoint.status in lifecycle.ENDPOINT.transitions[transition].sources:
        transitions.apply(to=endpoint, transition=transition, acting_as=acting_as, who=by, now=now)
    else:
        Endpoint.objects.filter(pk=endpoint.pk).update(version=F("version") + 1)


def _request_goes_on(request: EndpointRequest, by: Who, now: datetime) -> None:
    request.refresh_from_db()
    transition = {"failed": "retry", "parked": "resume"}.get(request.status)
    if transition is None:  # another part of it is under way
        EndpointRequest.objects.filter(pk=request.pk).update(version=F("version") + 1)
        return
    transitions.apply(to=request, transition=transition, acting_as=Actor.OPERATOR, who=by, now=now)


def _named(operation: Operation) -> dict[str, str]:
    return {"operation": str(operation.pk)}


def _bump(operation: Operation) -> None:
    EndpointRequest.objects.filter(pk=operation.request_id).update(version=F("version") + 1)
    Endpoint.objects.filter(pk=operation.endpoint_id).update(version=F("version") + 1)
