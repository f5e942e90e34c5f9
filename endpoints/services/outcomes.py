"""What follows from what AWS said: the operation's, the endpoint's and the request's next state, in one commit.

Functions here run inside the caller's `events.recorded` transaction.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from endpoints.aws import AwsError, Kind
from endpoints.aws.errors import cure_when_given_up
from endpoints.domain.lifecycle import Actor
from endpoints.domain.observed import ObservedEndpoint
from endpoints.models import Endpoint, EndpointRequest, Operation, operations
from endpoints.models.operations import AttemptOutcome
from endpoints.models.requests import ChangeAction
from endpoints.queue import wake_operation
from endpoints.services import attempts, drifts, events, policies, transitions
from endpoints.services.actors import WORKER

MAX_ATTEMPTS = operations.MAX_ATTEMPTS
LONGEST_WAIT = 60.0
"""Seconds between two tries, at most."""
OUTAGE = timedelta(minutes=30)
"""For how long AWS may be out of order before a person is told: most outages pass, and nobody here can mend one."""
_FREE = {"lease_owner": "", "lease_expires_at": None}
_DONE = {**_FREE, "slot_at": None}


def started(operation: Operation, *, now: datetime) -> None:
    """Note that a worker took up a request's work, once per request."""
    request = operation.request
    if request.status == "approved":
        with events.recorded(events.chain_of(operation.account)):
            refresh_request(request, now=now)


def created(operation: Operation, observed: ObservedEndpoint, *, request_id: str, now: datetime) -> None:
    """Record that AWS made the endpoint, or that it was found again after a crash."""
    events.record(
        chain=events.chain_of(operation.account),
        who=WORKER,
        verb="aws.created" if request_id else "aws.found_again",
        at=now,
        request_id=operation.request_id,
        endpoint_id=operation.endpoint_id,
        data={
            "vpc_endpoint_id": observed.vpc_endpoint_id,
            "aws_state": observed.state,
            "aws_request_id": request_id,
        },
    )
    bump(operation)


def hand_over(operation: Operation, *, request_id: str, now: datetime) -> None:
    """End a worker's turn: AWS has taken the calls, the observer waits for what becomes of them."""
    _move(
        operation,
        "observe",
        now,
        {
            **_DONE,
            "aws_request_id": request_id or operation.aws_request_id,
            "next_attempt_at": Now(),
            "last_error": "",
            "last_error_code": "",
            "last_cure": "",
            "in_flight_since": now,
        },
    )
    attempts.close(operation, AttemptOutcome.HANDED_OVER, request_id=request_id)
    refresh_request(operation.request, now=now)


def went_wrong(operation: Operation, error: AwsError, *, now: datetime, again_in: float | None = None) -> None:
    """Postpone a running operation, or hand it to a person, depending on the error's kind.

    After a throttled call `again_in` is its next turn, in seconds.
    """
    operation.refresh_from_db()
    if error.kind is Kind.THROTTLED:
        wait = again_in or _backoff(operation.throttles, base=2.0, cap=20.0)
        slot = {"slot_at": Now() + timedelta(seconds=wait)} if again_in else {}
        changes = {"attempts": F("attempts") - 1, "throttles": F("throttles") + 1, **slot}
        _postpone(operation, error, wait, now, changes)
    elif error.outage and operation.attempts >= MAX_ATTEMPTS and not attempts.in_vain_for(operation, OUTAGE):
        wait = LONGEST_WAIT * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret
        _postpone(operation, error, wait, now, {"attempts": F("attempts") - 1})
    elif error.kind is Kind.REFUSED or operation.attempts >= MAX_ATTEMPTS:
        said_no = error.kind is Kind.REFUSED and operation.attempts <= MAX_ATTEMPTS
        attempts.close(operation, AttemptOutcome.REFUSED if said_no else AttemptOutcome.GAVE_UP, error=error)
        cure = error.cure if said_no else cure_when_given_up(error)
        fail(operation, code=error.code, message=error.message, cure=cure, now=now, request_id=error.request_id)
    else:
        _postpone(operation, error, _backoff(operation.attempts - 1, base=1.0, cap=LONGEST_WAIT), now, {})


def succeed(operation: Operation, *, now: datetime) -> None:
    """AWS is as approved: close the operation, and the request with its last one."""
    endpoint = operation.endpoint
    if operation.action == ChangeAction.DELETE:
        _move_endpoint(endpoint, "become_deleted", now, {"closed_at": now, "aws_state": "deleted"})
    else:
        policies.applied(endpoint=endpoint, now=now)
        since = endpoint.available_at or now  # a change of it doesn't interrupt it
        _move_endpoint(
            endpoint, "become_available", now, {"available_at": since, "last_error": "", "last_error_code": ""}
        )
    drifts.close(endpoint=endpoint, now=now, is_gone=operation.action == ChangeAction.DELETE)
    _move(operation, "succeed", now, {**_FREE, "finished_at": now})
    _release_followers(operation, now)
    refresh_request(operation.request, now=now)


def _release_followers(operation: Operation, now: datetime) -> None:
    """Queue what waited for this operation: a replaced endpoint goes only after the new one has come."""
    change = operation.change
    followers = Operation.objects.filter(
        request=operation.request_id, change__round=change.round, change__after=change.position, status="waiting"
    )
    for follower in followers.select_related("account", "endpoint", "request"):
        _move(follower, "release", now, {"next_attempt_at": Now()})
        wake_operation(follower.pk, routine=follower.is_routine)


def await_acceptance(operation: Operation, *, now: datetime) -> None:
    """The endpoint exists and waits for the service's owner: stable, shown as what it is."""
    _move(operation, "await_acceptance", now, dict(_FREE))
    _move_endpoint(operation.endpoint, "await_acceptance", now, {})
    refresh_request(operation.request, now=now)


def accepted(operation: Operation, *, now: datetime) -> None:
    """The service's owner accepted: go on observing."""
    _move(operation, "observe", now, {"in_flight_since": now})
    _move_endpoint(operation.endpoint, "accepted", now, {})
    refresh_request(operation.request, now=now)


def act_again(operation: Operation, *, now: datetime) -> None:
    """AWS has settled but isn't as approved yet: a second step, such as private DNS after acceptance.

    Further ones wait longer and longer: what AWS tells may lag behind what it has done, and each call costs a token.
    """
    wait = _backoff(operation.attempts - 1, base=1.0, cap=LONGEST_WAIT) if operation.attempts > 1 else 0.0
    _move(operation, "act_again", now, {"next_attempt_at": Now() + timedelta(seconds=wait)})
    refresh_request(operation.request, now=now)


def fail(operation: Operation, *, code: str, message: str, cure: str, now: datetime, request_id: str = "") -> None:
    """Leave the operation, the endpoint and the request to a person, with AWS's code and the cure."""
    _move(
        operation,
        "fail",
        now,
        {
            **_DONE,
            "last_error_code": code,
            "last_error": message,
            "last_cure": cure,
            "aws_request_id": request_id or operation.aws_request_id,
        },
        summary=f"{code}: {message}",
    )
    _move_endpoint(operation.endpoint, "fail", now, {"last_error_code": code, "last_error": message})
    refresh_request(operation.request, now=now)


def refresh_request(request: EndpointRequest, *, now: datetime) -> None:
    """Bring a request's status to what its operations say."""
    request.refresh_from_db()
    statuses = set(
        Operation.objects.filter(request=request, change__round=request.round).values_list("status", flat=True)
    )
    for transition in _request_transitions(request, statuses):
        changes = {"closed_at": now} if transition in ("finish", "finish_deletion") else {}
        transitions.apply(
            to=request, transition=transition, acting_as=Actor.WORKER, who=WORKER, now=now, changes=changes
        )
        return
    EndpointRequest.objects.filter(pk=request.pk).update(version=F("version") + 1)


def _request_transitions(request: EndpointRequest, statuses: set[str]) -> list[str]:
    if statuses & set(operations.LIVE):
        wanted = {"approved": "start", "pending_acceptance": "accepted"}
        return [wanted[request.status]] if request.status in wanted else []
    if "parked" in statuses:
        return [] if request.status == "parked" else ["park"]
    if "failed" in statuses:
        return [] if request.status == "failed" else ["fail"]
    if "waiting_acceptance" in statuses:
        return [] if request.status == "pending_acceptance" else ["await_acceptance"]
    return ["finish_deletion" if _only_deletes(request) else "finish"]


def _only_deletes(request: EndpointRequest) -> bool:
    actions = set(request.changes.filter(round=request.round).values_list("action", flat=True))
    return actions == {ChangeAction.DELETE}


def _postpone(operation: Operation, error: AwsError, wait: float, now: datetime, changes: dict[str, Any]) -> None:
    _move(
        operation,
        "postpone",
        now,
        {
            **_FREE,
            "next_attempt_at": Now() + timedelta(seconds=wait),
            "last_error_code": error.code,
            "last_error": error.message,
            "last_cure": error.cure,
            "aws_request_id": error.request_id or operation.aws_request_id,
            **changes,
        },
        summary=f"{error.code}: {error.message}",
    )
    throttled = error.kind is Kind.THROTTLED
    attempts.close(operation, AttemptOutcome.THROTTLED if throttled else AttemptOutcome.POSTPONED, error=error)
    bump(operation)


def _backoff(tries: int, *, base: float, cap: float) -> float:
    """Return seconds to wait: exponential with jitter, so that workers don't come back all at once."""
    return min(cap, base * 2.0 ** max(tries, 0)) * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret


def _move(operation: Operation, transition: str, now: datetime, changes: dict[str, Any], *, summary: str = "") -> None:
    transitions.apply(
        to=operation,
        transition=transition,
        acting_as=Actor.WORKER,
        who=WORKER,
        now=now,
        changes=changes,
        summary=summary,
        data={"operation": str(operation.pk)},
    )


def _move_endpoint(endpoint: Endpoint, transition: str, now: datetime, changes: dict[str, Any]) -> None:
    transitions.apply(to=endpoint, transition=transition, acting_as=Actor.WORKER, who=WORKER, now=now, changes=changes)


def bump(operation: Operation) -> None:
    """Let the pages of the operation's request and endpoint show its row anew."""
    EndpointRequest.objects.filter(pk=operation.request_id).update(version=F("version") + 1)
    Endpoint.objects.filter(pk=operation.endpoint_id).update(version=F("version") + 1)
