"""The simulator's questions: where an endpoint policy comes from, and keeping a question so that a link leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from endpoints.domain.hashing import sha256
from endpoints.domain.specs import EndpointType
from endpoints.models import Endpoint, EndpointRequest, SavedSimulation
from endpoints.models.requests import ChangeAction
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.policy.question import Question
from endpoints.services import reading, requests
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict

PER_HOUR = 60
"""Questions that one person may have kept in an hour. What has been kept already costs nothing."""
KEPT = timedelta(days=90)
"""For how long a question stays that nobody opens."""
_OPENED_ANEW = timedelta(days=1)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Where the endpoint policy of a question was taken from: ids, of which None is nothing of that kind."""

    endpoint: int | None = None
    revision: int | None = None
    request: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """An endpoint policy's text with where it is from."""

    text: str
    source: Source


def policy_of_endpoint(*, endpoint: Endpoint, revision: int | None = None) -> Taken | None:
    """Return the policy in force at an endpoint, or that of one of its revisions; None if it has no such revision."""
    if revision is not None:
        found = endpoint.policy_revisions.filter(number=revision).first()
        return Taken(found.document, Source(endpoint.pk, revision)) if found else None
    if current := reading.current_revision(endpoint):
        return Taken(current.document, Source(endpoint.pk, current.number))
    text = endpoint.desired_spec().policy_document
    return Taken(FULL_ACCESS if text is None else text, Source(endpoint.pk))


def policy_of_request(*, request: EndpointRequest) -> Taken | None:
    """Return the policy that a request asks for: its first change that leaves an endpoint with one; None if none."""
    for change in requests.current_changes(request):
        spec = change.desired()
        if change.action != ChangeAction.DELETE and spec.vpc_endpoint_type is not EndpointType.GATEWAY_LOAD_BALANCER:
            text = spec.policy_document
            source = Source(change.endpoint_id, None, request.pk)
            return Taken(FULL_ACCESS if text is None else text, source)
    return None


def save(*, question: Question, source: Source, by: Who, now: datetime) -> SavedSimulation:
    """Keep a question, or find it among those kept. Raises Conflict for who keeps too many."""
    held: Mapping[str, Any] = {"question": dict(question), "source": asdict(source)}
    digest = sha256(held)
    known = SavedSimulation.objects.filter(sha256=digest).first()
    if known is not None:
        return known
    author = by.person()
    if author.simulations.filter(created_at__gt=now - timedelta(hours=1)).count() >= PER_HOUR:
        raise Conflict(f"You asked more than {PER_HOUR} different questions within an hour; this one gets no link.")
    # Two people may ask the same at once: one row is made, and both are led to it.
    made, _ = SavedSimulation.objects.get_or_create(
        sha256=digest, defaults={**held, "author": author, "created_at": now, "opened_at": now}
    )
    return made


def opened(*, simulation: SavedSimulation, now: datetime) -> None:
    """Note that somebody looks at a question, so that it stays; once a day is enough."""
    SavedSimulation.objects.filter(pk=simulation.pk, opened_at__lt=now - _OPENED_ANEW).update(opened_at=now)


def forget(*, now: datetime) -> int:
    """Remove some of the questions that nobody has opened for long; return how many."""
    old = SavedSimulation.objects.filter(opened_at__lt=now - KEPT).values("pk")[:_BATCH]
    return SavedSimulation.objects.filter(pk__in=old).delete()[0]
