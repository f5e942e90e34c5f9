"""Reading what stands in a region, kind by kind, by paged Describe calls."""

from __future__ import annotations

from collections.abc import Mapping

from endpoints.aws.errors import readable
from endpoints.aws.inventory import gateways, guards, offers, places, routing
from endpoints.aws.inventory.resources import Reading, Resource, Section

__all__ = ["SECTIONS", "Reading", "Resource", "Section", "read_kind"]

SECTIONS: Mapping[str, Section] = {
    "vpc": places.vpcs,
    "subnet": places.subnets,
    "route_table": routing.route_tables,
    "security_group": guards.security_groups,
    "network_acl": guards.network_acls,
    "service": offers.services,
    "prefix_list": routing.prefix_lists,
    "vpc_endpoint": offers.vpc_endpoints,
    "network_interface": places.network_interfaces,
    "internet_gateway": gateways.internet_gateways,
    "egress_only_gateway": gateways.egress_only_gateways,
    "nat_gateway": gateways.nat_gateways,
    "vpn_gateway": gateways.vpn_gateways,
    "transit_attachment": gateways.transit_attachments,
    "peering": gateways.peerings,
    "direct_connect": gateways.direct_connects,
}
"""How each kind is read. They raise AwsError, each on its own, so that a role that may not read one kind still gives
the others. Beside the pages it takes two attribute calls per VPC, one call per prefix list that isn't a service's,
and one per VPN or transit gateway for what Direct Connect reaches through it."""


def read_kind(kind: str, reading: Reading) -> list[Resource]:
    """Return what a region has of a kind. Raises AwsError, also where a part of an answer can't be read."""
    with readable():
        return list(SECTIONS[kind](reading))
