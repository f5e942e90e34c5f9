"""Who still uses an endpoint: what its deletion takes away, and from whom. Read from the inventory, never from AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q

from endpoints.domain import lifecycle
from endpoints.domain.drift import differences
from endpoints.domain.observed import NetworkInterface, ObservedEndpoint
from endpoints.models import Change, Endpoint, EndpointRequest, InventoryItem, Team
from endpoints.models.inventory import InventoryKind
from endpoints.permissions import Person
from endpoints.services import policies, reading

_FIELDS = {
    "route_table_ids": "route tables",
    "subnet_ids": "subnets",
    "security_group_ids": "security groups",
    "private_dns_enabled": "private DNS",
    "policy_document": "policy",
    "ip_address_type": "IP address type",
    "dns_record_ip_type": "DNS records",
}


@dataclass(frozen=True, slots=True)
class UsedRouteTable:
    """A route table that leads to the endpoint, with the labels of the subnets whose traffic follows it."""

    label: str
    subnets: tuple[str, ...]
    main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What depends on an endpoint, as last read. `private_name` becomes public again when it goes."""

    owner: Team
    others: tuple[Team, ...]
    route_tables: tuple[UsedRouteTable, ...]
    private_name: str
    interfaces: tuple[NetworkInterface, ...]
    open_requests: tuple[EndpointRequest, ...]
    drifted: tuple[str, ...]

    @property
    def in_use(self) -> bool:
        """Tell whether anything may send traffic through it now."""
        routed = any(item.subnets or item.main for item in self.route_tables)
        return bool(routed or self.interfaces or self.private_name)


def usage_of(endpoint: Endpoint, user: Person, *, besides: EndpointRequest | None = None) -> Usage:
    """Return who uses an endpoint. Five queries. `besides` is the request that is looked at, which isn't listed."""
    observed = endpoint.observed_endpoint()
    rows = InventoryItem.objects.filter(account=endpoint.account_id, region=endpoint.region)
    in_vpc = Q(vpc_id=endpoint.vpc_id, kind__in=(InventoryKind.ROUTE_TABLE, InventoryKind.SUBNET))
    its_service = Q(kind=InventoryKind.SERVICE, aws_id=endpoint.service_name)
    parts = list(rows.filter(in_vpc | its_service).order_by("name", "aws_id"))
    service = next((item.data for item in parts if item.kind == InventoryKind.SERVICE), {})
    private_dns = bool(observed and observed.private_dns_enabled)
    requests = reading.open_requests_of(endpoint, user)
    return Usage(
        owner=endpoint.owner_team,
        others=tuple(_other_teams(endpoint)),
        route_tables=tuple(_route_tables(endpoint, observed, parts)),
        private_name=str(service.get("private_dns_name") or endpoint.service_name) if private_dns else "",
        interfaces=observed.network_interfaces if observed else (),
        open_requests=tuple(item for item in requests if besides is None or item.pk != besides.pk),
        drifted=_drifted(endpoint, observed),
    )


def _other_teams(endpoint: Endpoint) -> list[Team]:
    """Return the teams that have, or ask for, other endpoints in the VPC: their clients live there."""
    place = {"region": endpoint.region, "vpc_id": endpoint.vpc_id}
    theirs = Endpoint.objects.filter(
        account=endpoint.account_id, owner_team=OuterRef("pk"), status__in=lifecycle.ENDPOINT.live(), **place
    )
    asked = Change.objects.filter(
        request__account=endpoint.account_id,
        request__owner_team=OuterRef("pk"),
        request__status__in=lifecycle.REQUEST.live(),
        round=F("request__round"),
        **place,
    )
    teams = Team.objects.filter(Exists(theirs) | Exists(asked)).exclude(pk=endpoint.owner_team_id)
    return list(teams.order_by("name"))


def _route_tables(
    endpoint: Endpoint, observed: ObservedEndpoint | None, parts: Iterable[InventoryItem]
) -> Iterable[UsedRouteTable]:
    parts = list(parts)
    names: Mapping[str, str] = {item.aws_id: item.label for item in parts if item.kind == InventoryKind.SUBNET}
    led = set(observed.route_table_ids) if observed else set()
    for item in parts:
        if item.kind != InventoryKind.ROUTE_TABLE:
            continue
        # A Gateway Load Balancer endpoint has no route tables of its own: routes name it as their target.
        targets = {route.get("target") for route in item.data.get("routes", ())}
        if item.aws_id in led or (endpoint.vpc_endpoint_id and endpoint.vpc_endpoint_id in targets):
            subnets = tuple(names.get(subnet, subnet) for subnet in item.data.get("subnet_ids", ()))
            yield UsedRouteTable(item.label, subnets, bool(item.data.get("main")))
            led.discard(item.aws_id)
    yield from (UsedRouteTable(aws_id, (), False) for aws_id in sorted(led - {item.aws_id for item in parts}))


def _drifted(endpoint: Endpoint, observed: ObservedEndpoint | None) -> tuple[str, ...]:
    """Return in words which fields AWS has otherwise than approved: somebody changed them for a reason."""
    if observed is None:
        return ()
    found = differences(endpoint.desired_spec(), observed, same_policy=policies.same_policy)
    return tuple(_FIELDS.get(item.field, item.field.replace(".", " ").replace("_", " ")) for item in found)
