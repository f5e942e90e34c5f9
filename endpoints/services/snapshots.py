"""A VPC as last read: the rows of the inventory as the pure package `network` reasons over them."""

from __future__ import annotations

from endpoints.domain.specs import EndpointSpec
from endpoints.models import Account, InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.network.snapshot import Part, Snapshot

_BY_VPC = {
    InventoryKind.SUBNET: "subnets",
    InventoryKind.ROUTE_TABLE: "route_tables",
    InventoryKind.SECURITY_GROUP: "security_groups",
    InventoryKind.VPC_ENDPOINT: "endpoints",
}


def snapshot_for(spec: EndpointSpec, *, account: Account) -> Snapshot:
    """Return the VPC of a spec as last read. Three queries, whatever the VPC's size."""
    items = InventoryItem.objects.filter(account=account, region=spec.region)
    parts: dict[str, dict[str, Part]] = {name: {} for name in _BY_VPC.values()}
    vpc = None
    for item in items.filter(vpc_id=spec.vpc_id):
        part = Part(item.aws_id, item.name, item.data)
        if item.kind == InventoryKind.VPC:
            vpc = part
        elif item.kind in _BY_VPC:
            parts[_BY_VPC[InventoryKind(item.kind)]][item.aws_id] = part
    service = items.filter(kind=InventoryKind.SERVICE, aws_id=spec.service_name).first()
    prefix_list = items.filter(kind=InventoryKind.PREFIX_LIST, name=spec.service_name).first()
    return Snapshot(
        vpc=vpc,
        service=Part(service.aws_id, service.name, service.data) if service else None,
        prefix_list_id=prefix_list.aws_id if prefix_list else "",
        subnets=parts["subnets"],
        route_tables=parts["route_tables"],
        security_groups=parts["security_groups"],
        endpoints=parts["endpoints"],
    )
