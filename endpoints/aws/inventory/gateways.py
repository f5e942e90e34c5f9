"""The ways out of a VPC, and between VPCs.

What has one VPC stands under it. A peering joins two, and Direct Connect reaches many: they stand under none, and
their data name the VPCs (`vpc_ids`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from endpoints.aws.inventory.resources import Reading, Resource, name_of

EGRESS_ONLY_PAGE = 255
"""The largest page of DescribeEgressOnlyInternetGateways."""
_GONE = ("deleted", "deleting", "failed", "rejected", "expired", "detached", "detaching")


def internet_gateways(reading: Reading) -> Iterator[Resource]:
    """Yield internet gateways that are attached to a VPC."""
    for item in reading.client.describe("describe_internet_gateways", "InternetGateways"):
        yield from _attached(
            "internet_gateway", "internet", item, item["InternetGatewayId"], item.get("Attachments", ())
        )


def egress_only_gateways(reading: Reading) -> Iterator[Resource]:
    """Yield egress-only internet gateways, which let IPv6 out."""
    operation, key = "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways"
    for item in reading.client.describe(operation, key, page=EGRESS_ONLY_PAGE):
        aws_id = item["EgressOnlyInternetGatewayId"]
        yield from _attached("egress_only_gateway", "egress_only", item, aws_id, item.get("Attachments", ()))


def vpn_gateways(reading: Reading) -> Iterator[Resource]:
    """Yield virtual private gateways that are attached to a VPC. AWS gives them without pages."""
    for item in reading.client.describe("describe_vpn_gateways", "VpnGateways", page=None):
        yield from _attached("vpn_gateway", "vpn", item, item["VpnGatewayId"], item.get("VpcAttachments", ()))


def nat_gateways(reading: Reading) -> Iterator[Resource]:
    """Yield NAT gateways that aren't gone; AWS shows deleted ones for an hour."""
    for item in reading.client.describe("describe_nat_gateways", "NatGateways"):
        if item.get("State") in _GONE:
            continue
        addresses = item.get("NatGatewayAddresses", ())
        data = {
            "kind": "nat",
            "state": item.get("State", ""),
            "subnet_id": item.get("SubnetId", ""),
            # A regional one stands in no subnet, and has a route table of its own.
            "route_table_id": item.get("RouteTableId", ""),
            "connectivity": item.get("ConnectivityType", "public"),
            "network_interface_ids": sorted(
                part["NetworkInterfaceId"] for part in addresses if "NetworkInterfaceId" in part
            ),
        }
        yield Resource("nat_gateway", item["NatGatewayId"], item.get("VpcId", ""), name_of(item), data)


def transit_attachments(reading: Reading) -> Iterator[Resource]:
    """Yield the VPCs' attachments to transit gateways, each under its own id: a transit gateway has many."""
    operation, key = "describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments"
    for item in reading.client.describe(operation, key):
        if item.get("State") in _GONE:
            continue
        data = {
            "kind": "transit",
            "state": item.get("State", ""),
            "transit_gateway_id": item.get("TransitGatewayId", ""),
            "subnet_ids": sorted(item.get("SubnetIds", ())),
            "vpc_owner_id": item.get("VpcOwnerId", ""),
        }
        yield Resource("transit_attachment", item["TransitGatewayAttachmentId"], item["VpcId"], name_of(item), data)


def peerings(reading: Reading) -> Iterator[Resource]:
    """Yield peerings; `vpc_ids` are both ends, `sides` what is known of each by its VPC."""
    for item in reading.client.describe("describe_vpc_peering_connections", "VpcPeeringConnections"):
        state = item.get("Status", {}).get("Code", "")
        if state in _GONE:
            continue
        ends = [item.get("RequesterVpcInfo", {}), item.get("AccepterVpcInfo", {})]
        data = {
            "kind": "peering",
            "state": state,
            "vpc_ids": [end["VpcId"] for end in ends if end.get("VpcId")],
            "sides": {end["VpcId"]: _side(end) for end in ends if end.get("VpcId")},
        }
        yield Resource("peering", item["VpcPeeringConnectionId"], "", name_of(item), data)


def direct_connects(reading: Reading) -> Iterator[Resource]:
    """Yield the Direct Connect gateways that reach a VPC, by a VPN gateway or a transit gateway of the region."""
    through: dict[str, list[str]] = {}
    for item in reading.found.get("vpn_gateway", ()):
        through.setdefault(item.aws_id, []).append(item.vpc_id)
    for item in reading.found.get("transit_attachment", ()):
        through.setdefault(item.data["transit_gateway_id"], []).append(item.vpc_id)
    found: dict[str, dict[str, Any]] = {}
    for gateway_id, vpc_ids in through.items():
        for association in reading.client.direct_connect_associations(gateway_id):
            if association.get("associationState") in ("disassociating", "disassociated"):
                continue
            aws_id = association["directConnectGatewayId"]
            known = found.setdefault(
                aws_id, {"kind": "direct_connect", "state": "available", "vpc_ids": [], "through": []}
            )
            known["vpc_ids"] = sorted({*known["vpc_ids"], *vpc_ids})
            known["through"] = sorted({*known["through"], gateway_id})
    for aws_id, data in found.items():
        yield Resource("direct_connect", aws_id, "", "", data)


def _attached(kind: str, word: str, item: Mapping[str, Any], aws_id: str, attachments: Any) -> Iterator[Resource]:
    vpc_id = next((part["VpcId"] for part in attachments if part.get("State") not in _GONE and part.get("VpcId")), "")
    if vpc_id:
        yield Resource(kind, aws_id, vpc_id, name_of(item), {"kind": word, "state": "available"})


def _side(end: Mapping[str, Any]) -> dict[str, Any]:
    ipv4 = (
        [part["CidrBlock"] for part in end.get("CidrBlockSet", ())] or [end["CidrBlock"]]
        if end.get("CidrBlock")
        else []
    )
    return {
        "account_id": end.get("OwnerId", ""),
        "region": end.get("Region", ""),
        "cidrs": [*ipv4, *(part["Ipv6CidrBlock"] for part in end.get("Ipv6CidrBlockSet", ()))],
        "dns_resolution": bool(end.get("PeeringOptions", {}).get("AllowDnsResolutionFromRemoteVpc")),
    }
