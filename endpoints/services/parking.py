"""Parking: an operation leaves the queue until a person resumes it; its endpoint and request say so.

What runs is never torn from its worker: the wish stands in the row, and the worker parks the operation itself, before
its next call that would change AWS or right after it has recorded what a call did. Nothing that AWS did is lost, and no
second worker can act on the endpoint meanwhile, since the lease lasts on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Actor
from endpoints.models import EndpointRequest, Operation
from endpoints.models.operations import LIVE, AttemptOutcome
from endpoints.services import attempts, transitions
from endpoints.services.actors import WORKER, Who

_FREE = {"lease_owner": "", "lease_expires_at": None}


def as_asked(*, operation: Operation, now: datetime) -> None:
    """Park what an operator asked to have parked; leave alone what nobody asked for. In the worker's transaction."""
    if operation.parked_at is None or operation.status == "parked":
        return
    attempts.close(operation, AttemptOutcome.PARKED)
    put_away(operation=operation, by=WORKER, acting_as=Actor.WORKER, now=now, summary=_wish(operation))


def put_away(
    *,
    operation: Operation,
    by: Who,
    acting_as: Actor,
    now: datetime,
    summary: str,
    where: Q | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Take an operation out of the queue, and its endpoint and request with it. Raises LostRace."""
    transitions.apply(
        to=operation,
        transition="park",
        acting_as=acting_as,
        who=by,
        now=now,
        where=where,
        changes={**_FREE, **(changes or {})},
        summary=summary,
        data={"operation": str(operation.pk)},
    )
    endpoint = operation.endpoint
    endpoint.refresh_from_db()
    if endpoint.status in lifecycle.ENDPOINT.transitions["park"].sources:
        transitions.apply(to=endpoint, transition="park", acting_as=acting_as, who=by, now=now, summary=summary)
    _follow(operation.request, by, acting_as, now, summary)


def _wish(operation: Operation) -> str:
    return f"{operation.parked_by}: {operation.park_reason}"


def _follow(request: EndpointRequest, by: Who, acting_as: Actor, now: datetime, summary: str) -> None:
    """Say of the request that it is parked, once nothing else of it goes on."""
    request.refresh_from_db()
    goes_on = Operation.objects.filter(request=request, change__round=request.round, status__in=LIVE).exists()
    if goes_on or request.status not in lifecycle.REQUEST.transitions["park"].sources:
        EndpointRequest.objects.filter(pk=request.pk).update(version=F("version") + 1)
        return
    transitions.apply(to=request, transition="park", acting_as=acting_as, who=by, now=now, summary=summary)
