"""A VPC as last read: the rows of the inventory as the pure package `network` reasons over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    return snapshot_of(rows, region=region, vpc_id=vpc_id, service_name=service_name, age=_age(account, region))


def in_vpc(vpc_id: str, *, with_interfaces: bool = False) -> Q:
    """Return the filter for the rows of a region that a VPC's snapshot is made of, services aside."""
    kinds = [kind for kind in _SIMPLE if with_interfaces or kind != InventoryKind.NETWORK_INTERFACE]
    own = Q(vpc_id=vpc_id, kind__in=(InventoryKind.VPC, *kinds))
    joining = Q(vpc_id="", kind__in=JOINING, data__vpc_ids__contains=[vpc_id])
    return own | joining | Q(vpc_id="", kind=InventoryKind.PREFIX_LIST)


def snapshot_of(
    rows: Iterable[InventoryItem], *, region: str, vpc_id: str, service_name: str, age: Age, alone: bool = False
) -> Snapshot:
    """Return a VPC's snapshot from the region's rows. One query where something connects the VPC to others.

    `alone` leaves out what stands in those, and asks no query.
    """
    parts: dict[str, dict[str, Part]] = {name: {} for name in set(_FIELDS.values())}
    vpc = service = None
    for row in rows:
        part = Part(row.aws_id, row.name, _seen_from(row.data, vpc_id))
        if row.kind == InventoryKind.VPC:
            vpc = part if row.aws_id == vpc_id else vpc
        elif row.kind == InventoryKind.SERVICE:
            service = part if row.aws_id == service_name else service
        else:
            parts[_FIELDS[row.kind]][row.aws_id] = part
    lists = parts["prefix_lists"].values()
    return Snapshot(
        vpc=vpc,
        service=service,
        prefix_list_id=next((part.aws_id for part in lists if service_name and part.name == service_name), ""),
        connected={} if alone else _connected(parts["gateways"].values(), region, vpc_id, service_name),
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


def _seen_from(data: Mapping[str, Any], vpc_id: str) -> Mapping[str, Any]:
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


def _age(account: Account, region: str) -> Age:
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
    rows = AccountRegion.objects.filter(account=account, region=region)
    found = rows.annotate(gateways=Coalesce(count, 0), is_late=AccountRegion.late()).values_list(
        "inventory_at", "is_late", "gateways"
    )
    return next((Age(*row) for row in found), Age())


def _connected(gateways: Iterable[Part], region: str, vpc_id: str, service_name: str) -> dict[str, Part]:
    """Return the Interface endpoints to a service in the VPCs that this one is peered or attached to, by id."""
    gateways = list(gateways)
    peers = {
        part.data["peer_vpc_id"]: part.aws_id
        for part in gateways
        if part.data.get("kind") == "peering"
        and part.data.get("state") == "active"
        and part.data["peer_region"] == region
    }
    transits = sorted({part.data["transit_gateway_id"] for part in gateways if part.data.get("transit_gateway_id")})
    if not service_name or not (peers or transits):
        return {}
    attached = (
        InventoryItem.objects.alias(transit=KT("data__transit_gateway_id"))
        .filter(kind=InventoryKind.TRANSIT_ATTACHMENT, transit__in=transits, data__state="available")
        .order_by()
    )
    found = InventoryItem.objects.filter(
        Q(vpc_id__in=list(peers)) | Q(vpc_id__in=attached.values("vpc_id")),
        kind=InventoryKind.VPC_ENDPOINT,
        region=region,
        account__is_active=True,
        data__service_name=service_name,
        data__vpc_endpoint_type=EndpointType.INTERFACE.value,
        data__state="available",
    ).exclude(vpc_id=vpc_id)
    rows = found.order_by("aws_id").values_list("aws_id", "name", "vpc_id", "account__account_id", "data")[:CONNECTED]
    return {
        aws_id: Part(
            aws_id,
            name,
            {
                **data,
                "vpc_id": other,
                "account_id": owner,
                "through": peers.get(other, transits[0] if transits else ""),
            },
        )
        for aws_id, name, other, owner, data in rows
    }


CONNECTED = 5
"""How many endpoints of other VPCs are named, at most."""
