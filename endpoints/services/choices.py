"""What a form can offer: accounts and regions, and a region's VPCs, services and a VPC's parts, as last read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Q

from endpoints.domain.specs import EndpointSpec, EndpointType, short_service_name
from endpoints.models import Account, AccountRegion, InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.services.snapshots import Place, in_vpc

OFFERED_TYPES = tuple(item.value for item in EndpointType)
HTTPS = 443
_REGIONAL = (InventoryKind.VPC, InventoryKind.SERVICE)
_IN_VPC = (InventoryKind.SUBNET, InventoryKind.ROUTE_TABLE, InventoryKind.SECURITY_GROUP, InventoryKind.VPC_ENDPOINT)
_INTERNET = ("igw-",)
_AWS_OWNED = ("com.amazonaws.", "cn.com.amazonaws.", "aws.")
_GONE = frozenset({"deleted", "deleting", "failed", "rejected", "expired"})


@dataclass(frozen=True, slots=True)
class RegionChoice:
    """A region of an account, with when its inventory was read last and what went wrong then.

    `stale` tells that it is older than it should be, `reading` that a worker reads it now or is to.
    """

    region: str
    inventory_at: datetime | None = None
    inventory_error: str = ""
    stale: bool = False
    reading: bool = False


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """An active account with its regions."""

    pk: int
    name: str
    account_id: str
    regions: tuple[RegionChoice, ...]

    def region(self, name: str) -> RegionChoice | None:
        """Return one of the account's regions, or None."""
        return next((item for item in self.regions if item.region == name), None)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to choose: its AWS id, its name (may be empty) and its data."""

    aws_id: str
    name: str
    data: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Return the name with the id, or the id alone."""
        return f"{self.name} ({self.aws_id})" if self.name else self.aws_id

    @property
    def lost(self) -> bool:
        """Tell whether a spec names it and the inventory doesn't have it any more."""
        return bool(self.data.get("lost"))


@dataclass(frozen=True, slots=True)
class Subnet(Item):
    """A subnet, and how far its route table reaches: `public`, `private` (through NAT) or `isolated`."""

    reach: str = "isolated"

    @property
    def zone(self) -> str:
        """Return the availability zone."""
        return str(self.data.get("availability_zone", ""))

    @property
    def cidr(self) -> str:
        """Return the IPv4 range."""
        return str(self.data.get("cidr_block", ""))

    @property
    def free(self) -> int:
        """Return how many addresses are free."""
        return int(self.data.get("available_ip_address_count", 0))


@dataclass(frozen=True, slots=True)
class RouteTable(Item):
    """A route table, the names of the subnets that name it as theirs, and how far it reaches."""

    subnets: tuple[str, ...] = ()
    reach: str = "isolated"

    @property
    def main(self) -> bool:
        """Tell whether it is the VPC's main table, which serves every subnet without its own."""
        return bool(self.data.get("main"))


@dataclass(frozen=True, slots=True)
class Group(Item):
    """A security group with its inbound rules for TCP 443 in words."""

    inbound: str = ""

    @property
    def description(self) -> str:
        """Return the group's description in AWS."""
        return str(self.data.get("description", ""))


@dataclass(frozen=True, slots=True)
class Service(Item):
    """An endpoint service of the region."""

    @property
    def short(self) -> str:
        """Return the name without its region prefix."""
        return short_service_name(self.aws_id)

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types that both the service and the portal offer; Gateway, which is free, first."""
        return tuple(item for item in OFFERED_TYPES if item in self.data.get("types", ()))

    @property
    def by_aws(self) -> bool:
        """Tell whether AWS names the service as its own."""
        return self.aws_id.startswith(_AWS_OWNED) and ".vpce." not in self.aws_id

    @property
    def takes_policy(self) -> bool:
        """Tell whether its endpoints take a policy; without one, access through them is full."""
        return bool(self.data.get("policy_supported", True))

    @property
    def private_dns_name(self) -> str:
        """Return the name that private DNS answers for, or an empty text."""
        return str(self.data.get("private_dns_name", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Everything the request form can offer for one account, region and VPC."""

    accounts: tuple[AccountChoice, ...]
    account: AccountChoice | None = None
    region: str = ""
    vpcs: tuple[Item, ...] = ()
    services: tuple[Service, ...] = ()
    vpc: Item | None = None
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    groups: tuple[Group, ...] = ()
    endpoints: tuple[Item, ...] = field(default=())
    rows: tuple[InventoryItem, ...] = field(default=(), repr=False)

    def service(self, name: str) -> Service | None:
        """Return the region's service of this name, or None."""
        return next((item for item in self.services if item.aws_id == name), None)

    def region_choice(self) -> RegionChoice | None:
        """Return the chosen region with when it was read, or None."""
        return self.account.region(self.region) if self.account else None

    def by_zone(self) -> list[tuple[str, list[Subnet]]]:
        """Return the VPC's subnets by availability zone."""
        zones: dict[str, list[Subnet]] = {}
        for item in self.subnets:
            zones.setdefault(item.zone, []).append(item)
        return sorted(zones.items())

    def with_lost(self, spec: EndpointSpec) -> Choices:
        """Return the choices with what a spec names and the inventory doesn't have any more."""
        data = {"lost": True, "availability_zone": "no longer found"}

        def lost(ids: Iterable[str], known: Iterable[Item]) -> list[str]:
            there = {item.aws_id for item in known}
            return [item for item in ids if item not in there]

        return replace(
            self,
            subnets=(*self.subnets, *(Subnet(item, "", data) for item in lost(spec.subnet_ids, self.subnets))),
            groups=(*self.groups, *(Group(item, "", data) for item in lost(spec.security_group_ids, self.groups))),
            route_tables=(
                *self.route_tables,
                *(RouteTable(item, "", data) for item in lost(spec.route_table_ids, self.route_tables)),
            ),
        )

    def private_dns_refusal(self, service: Service | None, own_id: str = "") -> str:
        """Return why private DNS isn't possible here, or an empty text where it is.

        `own_id` is the endpoint that is changed: it can't stand in its own way.
        """
        if service is not None and not service.private_dns_name:
            return f"{service.short} has no private DNS name."
        data = self.vpc.data if self.vpc else {}
        pairs = (("enableDnsSupport", "enable_dns_support"), ("enableDnsHostnames", "enable_dns_hostnames"))
        off = [name for name, key in pairs if not data.get(key, True)]
        if off:
            return f"The VPC has {' and '.join(off)} switched off. Have it switched on first."
        for item in self.endpoints:
            same = service is not None and item.data.get("service_name") == service.aws_id and item.aws_id != own_id
            if same and item.data.get("private_dns_enabled") and item.data.get("state") not in _GONE:
                return f"{item.label} answers for this name in the VPC already."
        return ""


def read_choices(*, account: str = "", region: str = "", vpc_id: str = "") -> Choices:
    """Return what can be chosen. Two queries. An unknown account or region falls back to the first one."""
    accounts = active_accounts()
    chosen = next((item for item in accounts if str(item.pk) == account), accounts[0] if accounts else None)
    if chosen is None or not chosen.regions:
        return Choices(accounts=accounts, account=chosen)
    if chosen.region(region) is None:
        region = chosen.regions[0].region
    if "\x00" in vpc_id:
        vpc_id = ""
    rows = list(
        InventoryItem.objects.filter(account=chosen.pk, region=region)
        .filter(Q(kind__in=_REGIONAL) | in_vpc(vpc_id) if vpc_id else Q(kind__in=_REGIONAL))
        .order_by("name", "aws_id")
    )
    return _choices(accounts, chosen, region, vpc_id, rows)


def read_several(
    *, account: int, rows: Mapping[Place, Sequence[InventoryItem]]
) -> tuple[Mapping[Place, Choices], AccountChoice | None]:
    """Return what can be chosen in each of several VPCs of an account, and the account. One query.

    `rows` are the VPCs' own, as `snapshots.rows_of` gives them: their regions' other VPCs and services aren't offered.
    """
    accounts = active_accounts()
    chosen = next((item for item in accounts if item.pk == account), None)
    if chosen is None:
        return {}, None
    found = {place: _choices(accounts, chosen, *place, rows[place]) for place in rows if chosen.region(place[0])}
    return found, chosen


def _choices(
    accounts: tuple[AccountChoice, ...],
    chosen: AccountChoice,
    region: str,
    vpc_id: str,
    rows: Sequence[InventoryItem],
) -> Choices:
    vpcs = tuple(Item(row.aws_id, row.name, row.data) for row in rows if row.kind == InventoryKind.VPC)
    vpc = next((item for item in vpcs if item.aws_id == vpc_id), None)
    own = [row for row in rows if row.kind in _IN_VPC] if vpc else []
    return Choices(
        accounts=accounts,
        account=chosen,
        region=region,
        rows=tuple(rows),
        vpcs=vpcs,
        services=_services(rows),
        vpc=vpc,
        subnets=_subnets(own),
        route_tables=_route_tables(own),
        groups=tuple(
            Group(row.aws_id, row.name, row.data, inbound=inbound_https(row.data))
            for row in own
            if row.kind == InventoryKind.SECURITY_GROUP
        ),
        endpoints=tuple(Item(row.aws_id, row.name, row.data) for row in own if row.kind == InventoryKind.VPC_ENDPOINT),
    )


def active_accounts() -> tuple[AccountChoice, ...]:
    """Return the active accounts with their regions. One query."""
    known_of = "account_regions__"
    late, being_read = AccountRegion.late(known_of), AccountRegion.being_read(known_of)
    rows = (
        Account.objects.filter(is_active=True)
        .annotate(late=late, being_read=being_read)
        .values_list(
            "pk",
            "name",
            "account_id",
            "regions",
            "account_regions__region",
            "account_regions__inventory_at",
            "account_regions__inventory_error",
            "late",
            "being_read",
        )
    )
    known: dict[int, AccountChoice] = {}
    read: dict[tuple[int, str], RegionChoice] = {}
    for pk, name, account_id, regions, region, at, error, stale, reading in rows.order_by("name"):
        known[pk] = AccountChoice(pk, name, account_id, tuple(RegionChoice(item) for item in regions))
        if region:
            read[pk, region] = RegionChoice(region, at, error or "", bool(stale), bool(reading))
    return tuple(
        AccountChoice(
            item.pk,
            item.name,
            item.account_id,
            tuple(read.get((item.pk, part.region), part) for part in item.regions),
        )
        for item in known.values()
    )


def inbound_https(data: Mapping[str, Any]) -> str:
    """Return who a security group lets in on TCP 443, in words."""
    sources: list[str] = []
    for rule in data.get("ingress", ()):
        if _covers_https(rule):
            sources += [*rule.get("cidrs", ()), *rule.get("groups", ()), *rule.get("prefix_lists", ())]
    if not sources:
        return "Nobody gets in on TCP 443."
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    return f"Lets in TCP 443 from {', '.join(sources[:3])}{more}."


def _covers_https(rule: Mapping[str, Any]) -> bool:
    if rule.get("protocol") == "-1":
        return True
    first, last = rule.get("from_port"), rule.get("to_port")
    return rule.get("protocol") in ("tcp", "6") and (first is None or first <= HTTPS <= (last or first))


def _services(rows: Iterable[InventoryItem]) -> tuple[Service, ...]:
    found = [Service(row.aws_id, row.name, row.data) for row in rows if row.kind == InventoryKind.SERVICE]
    return tuple(sorted((item for item in found if item.types), key=lambda item: (not item.by_aws, item.short)))


def _subnets(rows: Iterable[InventoryItem]) -> tuple[Subnet, ...]:
    tables = [row for row in rows if row.kind == InventoryKind.ROUTE_TABLE]
    by_subnet = {subnet: row for row in tables for subnet in row.data.get("subnet_ids", ())}
    main = next((row for row in tables if row.data.get("main")), None)
    subnets = [
        Subnet(row.aws_id, row.name, row.data, reach=_reach(by_subnet.get(row.aws_id, main)))
        for row in rows
        if row.kind == InventoryKind.SUBNET
    ]
    return tuple(sorted(subnets, key=lambda item: (item.zone, item.name, item.aws_id)))


def _reach(table: InventoryItem | None) -> str:
    targets = [
        str(route.get("target", ""))
        for route in (table.data.get("routes", ()) if table else ())
        if route.get("destination") in ("0.0.0.0/0", "::/0")
    ]
    if any(target.startswith(_INTERNET) for target in targets):
        return "public"
    return "private" if any(targets) else "isolated"


def _route_tables(rows: Iterable[InventoryItem]) -> tuple[RouteTable, ...]:
    names = {row.aws_id: row.name or row.aws_id for row in rows if row.kind == InventoryKind.SUBNET}
    return tuple(
        RouteTable(
            row.aws_id,
            row.name,
            row.data,
            subnets=tuple(sorted(names.get(item, item) for item in row.data.get("subnet_ids", ()))),
            reach=_reach(row),
        )
        for row in rows
        if row.kind == InventoryKind.ROUTE_TABLE
    )
