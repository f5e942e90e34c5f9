"""A VPC as last read: the rows of the inventory as the pure package `network` reasons over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import Account, AccountRegion, InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.network.snapshot import GONE, Part, Snapshot

GATEWAYS = (
    InventoryKind.INTERNET_GATEWAY,
    InventoryKind.EGRESS_ONLY_GATEWAY,
    InventoryKind.NAT_GATEWAY,
    InventoryKind.VPN_GATEWAY,
    InventoryKind.TRANSIT_ATTACHMENT,
)
"""Gateways of one VPC."""
JOINING = (InventoryKind.PEERING, InventoryKind.DIRECT_CONNECT)
"""Gateways that reach several: they name their VPCs."""
_FIELDS: Mapping[str, str] = {
    InventoryKind.SUBNET: "subnets",
    InventoryKind.ROUTE_TABLE: "route_tables",
    InventoryKind.SECURITY_GROUP: "security_groups",
    InventoryKind.VPC_ENDPOINT: "endpoints",
    InventoryKind.NETWORK_ACL: "network_acls",
    InventoryKind.NETWORK_INTERFACE: "interfaces",
    InventoryKind.PREFIX_LIST: "prefix_lists",
    **dict.fromkeys((*GATEWAYS, *JOINING), "gateways"),
}
Place = tuple[str, str]
"""A region and a VPC in it."""
_SIMPLE = tuple(kind for kind in _FIELDS if kind not in (*JOINING, InventoryKind.PREFIX_LIST))


@dataclass(frozen=True, slots=True)
class Age:
    """When an account-region was read, whether that is too long ago, and how many Gateway endpoints it has."""

    read_at: datetime | None = None
    stale: bool = True
    gateway_endpoints: int = 0


def snapshot_for(spec: EndpointSpec, *, account: Account, with_interfaces: bool = False) -> Snapshot:
    """Return the VPC of a spec as last read. Three queries, or two where nothing connects the VPC to others.

    `with_interfaces` reads the VPC's network interfaces too, of which there may be thousands.
    """
    return vpc_snapshot(
        account=account,
        region=spec.region,
        vpc_id=spec.vpc_id,
        service_name=spec.service_name,
        with_interfaces=with_interfaces,
    )


def vpc_snapshot(
    *, account: Account, region: str, vpc_id: str, service_name: str = "", with_interfaces: bool = False
) -> Snapshot:
    """Return a VPC as last read, with one service of the region. Two or three queries, whatever the VPC's size."""
    wanted = in_vpc(vpc_id, with_interfaces=with_interfaces) | Q(
        vpc_id="", kind=InventoryKind.SERVICE, aws_id=service_name
    )
    rows = InventoryItem.objects.filter(wanted, account=account, region=region).order_by("name", "aws_id")
    age = ages(account, [region])[region]
    return snapshot_of(rows, region=region, vpc_id=vpc_id, service_name=service_name, age=age)


def snapshots_for(specs: Sequence[EndpointSpec], *, account: Account) -> list[Snapshot]:
    """Return the VPC of each spec as last read. Three queries, however many specs and VPCs there are."""
    if not specs:
        return []
    services = {spec.service_name for spec in specs}
    rows = rows_of(account=account.pk, places={(spec.region, spec.vpc_id) for spec in specs}, services=services)
    age, near = ages(account, {spec.region for spec in specs}), nearby(rows, services)
    return [
        snapshot_of(
            rows[spec.region, spec.vpc_id],
            region=spec.region,
            vpc_id=spec.vpc_id,
            service_name=spec.service_name,
            age=age[spec.region],
            connected=near.get((spec.region, spec.vpc_id, spec.service_name), {}),
        )
        for spec in specs
    ]


def rows_of(*, account: int, places: Collection[Place], services: Collection[str]) -> dict[Place, list[InventoryItem]]:
    """Return the rows that the snapshots of VPCs are made of, by place, without network interfaces. One query."""
    kinds = [kind for kind in _SIMPLE if kind != InventoryKind.NETWORK_INTERFACE]
    own = Q(vpc_id__in={vpc_id for _, vpc_id in places}, kind__in=(InventoryKind.VPC, *kinds))
    regional = Q(vpc_id="", kind__in=(*JOINING, InventoryKind.PREFIX_LIST))
    offered = Q(vpc_id="", kind=InventoryKind.SERVICE, aws_id__in=services)
    here = InventoryItem.objects.filter(account=account, region__in={region for region, _ in places})
    found: dict[Place, list[InventoryItem]] = {place: [] for place in places}
    by_region: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        by_region[place[0]].append(place)
    for row in here.filter(own | regional | offered).order_by("name", "aws_id"):
        for place in by_region[row.region]:
            joined = row.data["vpc_ids"] if row.kind in JOINING else ()
            if row.vpc_id == place[1] or (not row.vpc_id and (row.kind not in JOINING or place[1] in joined)):
                found[place].append(row)
    return found


def in_vpc(vpc_id: str, *, with_interfaces: bool = False) -> Q:
    """Return the filter for the rows of a region that a VPC's snapshot is made of, services aside."""
    kinds = [kind for kind in _SIMPLE if with_interfaces or kind != InventoryKind.NETWORK_INTERFACE]
    own = Q(vpc_id=vpc_id, kind__in=(InventoryKind.VPC, *kinds))
    joining = Q(vpc_id="", kind__in=JOINING, data__vpc_ids__contains=[vpc_id])
    return own | joining | Q(vpc_id="", kind=InventoryKind.PREFIX_LIST)


def snapshot_of(
    rows: Iterable[InventoryItem],
    *,
    region: str,
    vpc_id: str,
    service_name: str,
    age: Age,
    connected: Mapping[str, Part] | None = None,
) -> Snapshot:
    """Return a VPC's snapshot from the region's rows.

    One query where something connects the VPC to others, unless the caller knows already what is `connected`.
    """
    parts: dict[str, dict[str, Part]] = {name: {} for name in set(_FIELDS.values())}
    vpc = service = None
    for row in rows:
        part = Part(row.aws_id, row.name, seen_from(row.data, vpc_id))
        if row.kind == InventoryKind.VPC:
            vpc = part if row.aws_id == vpc_id else vpc
        elif row.kind == InventoryKind.SERVICE:
            service = part if row.aws_id == service_name else service
        else:
            parts[_FIELDS[row.kind]][row.aws_id] = part
    lists = parts["prefix_lists"].values()
    if connected is None:
        ways = Ways.of(parts["gateways"].values(), region)
        connected = _nearby({(region, vpc_id): ways}, {service_name}).get((region, vpc_id, service_name), {})
    return Snapshot(
        vpc=vpc,
        service=service,
        prefix_list_id=next((part.aws_id for part in lists if service_name and part.name == service_name), ""),
        connected=connected,
        gateway_endpoints_in_region=age.gateway_endpoints,
        read_at=age.read_at,
        stale=age.stale,
        subnets=parts["subnets"],
        route_tables=parts["route_tables"],
        security_groups=parts["security_groups"],
        endpoints=parts["endpoints"],
        network_acls=parts["network_acls"],
        gateways=parts["gateways"],
        interfaces=parts["interfaces"],
        prefix_lists=parts["prefix_lists"],
    )


def seen_from(data: Mapping[str, Any], vpc_id: str) -> Mapping[str, Any]:
    """Return a peering with its other end, as `peer_…`; whatever else as it is."""
    sides = data.get("sides")
    if not sides:
        return data
    peer = next((item for item in data["vpc_ids"] if item != vpc_id), vpc_id)
    side = sides.get(peer, {})
    return {
        **data,
        "peer_vpc_id": peer,
        "peer_cidrs": side.get("cidrs", []),
        "peer_account_id": side.get("account_id", ""),
        "peer_region": side.get("region", ""),
    }


def ages(account: Account, regions: Collection[str]) -> dict[str, Age]:
    """Return by region when it was read, and how many Gateway endpoints it has. One query."""
    gateways: QuerySet[Any] = (
        InventoryItem.objects.filter(
            account=OuterRef("account"),
            region=OuterRef("region"),
            kind=InventoryKind.VPC_ENDPOINT,
            data__vpc_endpoint_type=EndpointType.GATEWAY.value,
        )
        .exclude(data__state__in=sorted(GONE))
        .order_by()
        .values("kind")
    )
    count = Subquery(gateways.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    rows = AccountRegion.objects.filter(account=account, region__in=regions)
    found = rows.annotate(gateways=Coalesce(count, 0), is_late=AccountRegion.late()).values_list(
        "region", "inventory_at", "is_late", "gateways"
    )
    return dict.fromkeys(regions, Age()) | {region: Age(*rest) for region, *rest in found}


# --- What other VPCs have ---------------------------------------------------------------------------------------------

CONNECTED = 5
"""How many endpoints of other VPCs are named of one service, at most."""
MOST_NEARBY = 1000
"""How many are read for all services and VPCs together, at most."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What leads from a VPC into others: peerings by the VPC at their other end, and transit gateways."""

    peers: Mapping[str, str]
    transits: tuple[str, ...]

    @classmethod
    def of(cls, gateways: Iterable[Part], region: str) -> Ways:
        """Return the ways of a VPC's gateways; peerings into other regions lead to no endpoint of use."""
        gateways = list(gateways)
        peers = {
            part.data["peer_vpc_id"]: part.aws_id
            for part in gateways
            if part.data.get("kind") == "peering"
            and part.data.get("state") == "active"
            and part.data["peer_region"] == region
        }
        transits = {part.data["transit_gateway_id"] for part in gateways if part.data.get("transit_gateway_id")}
        return cls(peers, tuple(sorted(transits)))

    def to(self, vpc_id: str, transits: Collection[str]) -> str:
        """Return the peering or transit gateway that leads to a VPC attached to `transits`; empty where none does."""
        return self.peers.get(vpc_id) or next((item for item in self.transits if item in transits), "")


def attachments() -> QuerySet[Any]:
    """Return the attachments of VPCs to transit gateways (`transit`) that carry traffic."""
    rows: QuerySet[Any] = InventoryItem.objects.annotate(transit=KT("data__transit_gateway_id"))
    return rows.filter(kind=InventoryKind.TRANSIT_ATTACHMENT, data__state="available").order_by()


def nearby(
    rows: Mapping[Place, Iterable[InventoryItem]], services: Collection[str]
) -> dict[tuple[str, str, str], dict[str, Part]]:
    """Return the Interface endpoints to services in the VPCs that VPCs are peered or attached to.

    By region, VPC and service, and then by id; `rows` are the VPCs' own. One query where anything connects them.
    """
    ways = {
        (region, vpc_id): Ways.of(
            (
                Part(row.aws_id, row.name, seen_from(row.data, vpc_id))
                for row in found
                if row.kind in (*GATEWAYS, *JOINING)
            ),
            region,
        )
        for (region, vpc_id), found in rows.items()
    }
    return _nearby(ways, services)


def _nearby(ways: Mapping[Place, Ways], services: Collection[str]) -> dict[tuple[str, str, str], dict[str, Part]]:
    names = [name for name in services if name]
    peers = {vpc_id for way in ways.values() for vpc_id in way.peers}
    transits = {item for way in ways.values() for item in way.transits}
    found: dict[tuple[str, str, str], dict[str, Part]] = defaultdict(dict)
    if not names or not (peers or transits):
        return found
    attached = attachments().filter(transit__in=transits)
    rows = InventoryItem.objects.filter(
        Q(vpc_id__in=peers) | Q(vpc_id__in=attached.values("vpc_id")),
        kind=InventoryKind.VPC_ENDPOINT,
        region__in={region for region, _ in ways},
        account__is_active=True,
        data__service_name__in=names,
        data__vpc_endpoint_type=EndpointType.INTERFACE.value,
        data__state="available",
    ).annotate(transits=ArraySubquery(attached.filter(vpc_id=OuterRef("vpc_id")).values("transit")))
    columns = ("aws_id", "name", "region", "vpc_id", "account__account_id", "data", "transits")
    for aws_id, name, region, other, owner, data, its in rows.order_by("aws_id").values_list(*columns)[:MOST_NEARBY]:
        for (here, vpc_id), way in ways.items():
            through, known = way.to(other, its), found[here, vpc_id, data["service_name"]]
            if here == region and vpc_id != other and through and len(known) < CONNECTED:
                extra = {"vpc_id": other, "account_id": owner, "through": through}
                known[aws_id] = Part(aws_id, name, {**data, **extra})
    return found
