"""Endpoints that the inventory doesn't know yet: approved and being made, made since it was read, or asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from endpoints.domain.lifecycle import ENDPOINT
from endpoints.domain.specs import EndpointSpec
from endpoints.models import Account, Change, Endpoint, EndpointRequest
from endpoints.models.requests import ChangeAction
from endpoints.network.preflight import Finding
from endpoints.network.snapshot import Snapshot
from endpoints.services.drafts import ChangeDraft

Place = tuple[str, str]
"""Region and VPC."""

_COMING = tuple(set(ENDPOINT.live()) - {"deleting", "failed", "missing"})
"""What AWS has or will have: what is parked goes on when it is resumed."""
_UNDECIDED = ("submitted", "changes_requested")


@dataclass(frozen=True, slots=True)
class Coming:
    """An endpoint of the portal that is made, or was lately; `aws_id` is empty before AWS has it.

    `name` tells whose it is: who may not see other teams' requests learns no number of theirs.
    """

    pk: int
    aws_id: str
    available_at: datetime | None
    name: str
    spec: EndpointSpec

    def unknown_to(self, snapshot: Snapshot) -> bool:
        """Tell whether the VPC was read too early to show it. What was there before is gone, where it isn't shown."""
        if self.aws_id in snapshot.endpoints:
            return False
        return self.available_at is None or snapshot.read_at is None or self.available_at > snapshot.read_at


def endpoints_coming(
    account: Account, snapshots: Mapping[Place, Snapshot], *, besides: EndpointRequest | None
) -> dict[Place, list[Coming]]:
    """Return by place the endpoints that its snapshot can't show yet, the oldest first. One query.

    Those of the request `besides` don't count: they go when it is edited.
    """
    found: dict[Place, list[Coming]] = defaultdict(list)
    if not snapshots:
        return found
    read = [snapshot.read_at for snapshot in snapshots.values()]
    lately = Q() if None in read else Q(available_at=None) | Q(available_at__gt=min(filter(None, read)))
    rows = Endpoint.objects.filter(_in(snapshots), lately, account=account, status__in=_COMING).order_by("pk")
    if besides is not None:
        own = Change.objects.filter(endpoint=OuterRef("pk"), request=besides, action=ChangeAction.CREATE)
        rows = rows.exclude(Exists(own))
    for row in rows.select_related("owner_team"):
        here = found[row.region, row.vpc_id]
        name = f"an endpoint of team {row.owner_team}" + (f" ({len(here) + 1})" if here else "")
        item = Coming(row.pk, row.vpc_endpoint_id or "", row.available_at, name, row.desired_spec())
        if item.unknown_to(snapshots[row.region, row.vpc_id]):
            here.append(item)
    return found


def asked_too(
    changes: Sequence[ChangeDraft], *, account: Account, besides: EndpointRequest | None
) -> Iterator[list[Finding]]:
    """Yield for each change what other requests ask for that nobody has decided on: the same service in the same VPC.

    One query, where there is a new endpoint among the changes.
    """
    new = [item.spec for item in changes if item.action == ChangeAction.CREATE]
    rows = (
        Change.objects.filter(
            _in({(spec.region, spec.vpc_id) for spec in new}),
            action=ChangeAction.CREATE,
            service_name__in={spec.service_name for spec in new},
            round=F("request__round"),
            request__account=account,
            request__status__in=_UNDECIDED,
        )
        .exclude(request=besides)
        .order_by("request_id")
        .values_list("region", "vpc_id", "service_name", "request__owner_team__name")
    )
    others = {(region, vpc_id, service): team for region, vpc_id, service, team in (rows if new else ())}
    for change in changes:
        spec = change.spec
        other = others.get((spec.region, spec.vpc_id, spec.service_name))
        yield [_asked_too(spec, other)] if other and change.action == ChangeAction.CREATE else []


def _asked_too(spec: EndpointSpec, team: str) -> Finding:
    message = f"Team {team} asks for an endpoint to {spec.short_service} in this VPC, too."
    cure = "Ask them whether one serves both, or say in the justification why this one is needed as well."
    return Finding("asked-too", "warn", "", message, cure)


def _in(places: Collection[Place]) -> Q:
    found = Q(pk__in=[])
    for region, vpc_id in places:
        found |= Q(region=region, vpc_id=vpc_id)
    return found
