"""What joins and guards the demo's VPCs: a peering, a transit gateway, a VPN gateway with Direct Connect, an ACL."""

from __future__ import annotations

from typing import Any

from portal.sandbox import world
from portal.sandbox.aws.store import STORE


def join() -> None:
    """Peer the payments VPC with the hub, whose endpoints it could use, and lead the hub to the data centre."""
    from moto.ec2.models import ec2_backends

    payments, hub = (ec2_backends[vpc.account.id][vpc.region] for vpc in (world.PAYMENTS, world.HUB))
    ends = payments.vpcs[world.PAYMENTS.id], hub.vpcs[world.HUB.id]
    peering = payments.create_vpc_peering_connection(*ends, tags={"Name": "payments-to-hub"})
    hub.vpc_pcxs.setdefault(peering.id, peering)
    hub.accept_vpc_peering_connection(peering.id)
    for backend, vpc, other in ((payments, world.PAYMENTS, world.HUB), (hub, world.HUB, world.PAYMENTS)):
        table = named(backend, f"{vpc.name}-private")
        backend.create_route(table, other.cidr, vpc_peering_connection_id=peering.id)

    transit = hub.create_transit_gateway("Between the company's networks", tags=[_tag(f"{world.HUB.name}-transit")])
    subnets = [named(hub, f"{world.HUB.name}-private-{zone}") for zone in world.ZONES]
    hub.create_transit_gateway_vpc_attachment(transit.id, world.HUB.id, subnets, tags={"Name": "hub"})
    vpn = hub.create_vpn_gateway(gateway_type="ipsec.1", tags={"Name": f"{world.HUB.name}-vpn"})
    hub.attach_vpn_gateway(vpn.id, world.HUB.id)
    STORE.direct_connect[(world.HUB.account.id, world.HUB.region, vpn.id)] = {world.DIRECT_CONNECT_ID}
    hub.create_route(named(hub, f"{world.HUB.name}-private"), world.DATA_CENTRE, gateway_id=vpn.id)


def guard() -> None:
    """Give the lake's isolated subnets an ACL that lets HTTPS in, and the answers out to a part of the VPC only."""
    from moto.ec2.models import ec2_backends

    lake = world.LAKE
    backend = ec2_backends[lake.account.id][lake.region]
    acl = backend.create_network_acl(lake.id, tags=[_tag(f"{lake.name}-isolated")])
    for number, egress, cidr, first, last in (
        (100, False, lake.cidr, 443, 443),
        (100, True, lake.subnet_cidr("isolated", 0), 1024, 65535),
    ):
        backend.create_network_acl_entry(acl.id, number, "6", "allow", egress, cidr, None, None, first, last, None)
    subnets = {named(backend, f"{lake.name}-isolated-{zone}") for zone in world.ZONES}
    known = [association for one in backend.network_acls.values() for association in one.associations]
    for association in [one for one in known if one.subnet_id in subnets]:
        backend.replace_network_acl_association(association.id, acl.id)


def named(backend: Any, name: str) -> str:
    """Return the id of what carries a Name tag."""
    return next(str(one) for one, tags in backend.tags.items() if tags.get("Name") == name)


def _tag(name: str) -> dict[str, str]:
    return {"Key": "Name", "Value": name}
