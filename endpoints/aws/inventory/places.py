"""VPCs, subnets and network interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from endpoints.aws.inventory.resources import UNUSABLE, Reading, Resource, name_of

_INTERFACE_TYPES = {"natGateway": "nat_gateway"}
"""InterfaceType is in snake_case but for this one (EC2 API reference, NetworkInterface)."""


MOST_ATTRIBUTES = 200
"""Of how many VPCs one reading asks for the DNS attributes, at most."""
_ATTRIBUTES = {"enable_dns_support": "enableDnsSupport", "enable_dns_hostnames": "enableDnsHostnames"}


def vpcs(reading: Reading) -> Iterator[Resource]:
    """Yield VPCs. DescribeVpcs leaves the DNS attributes out, and AWS gives each by a call of its own.

    A region of very many VPCs is asked for a part of them by turns; until its turn comes a VPC keeps what was known,
    or goes without: the checks take an attribute that isn't known as AWS sets it for a default VPC.
    """
    found = reading.client.describe("describe_vpcs", "Vpcs")
    chosen = _by_turns(sorted(item["VpcId"] for item in found), reading)
    for item in found:
        vpc_id = item["VpcId"]
        data = {
            "cidr_block": item.get("CidrBlock", ""),
            "cidr_blocks": _ranges(item.get("CidrBlockAssociationSet", ()), "CidrBlock", "CidrBlockState"),
            "ipv6_cidr_blocks": _ipv6_ranges(item),
            "is_default": bool(item.get("IsDefault")),
            "owner_id": item.get("OwnerId", ""),
            **_attributes(vpc_id, reading, asked=vpc_id in chosen),
        }
        yield Resource("vpc", vpc_id, vpc_id, name_of(item), data)


def subnets(reading: Reading) -> Iterator[Resource]:
    """Yield subnets, those that others share with the account among them."""
    for item in reading.client.describe("describe_subnets", "Subnets"):
        data = {
            "availability_zone": item.get("AvailabilityZone", ""),
            "availability_zone_id": item.get("AvailabilityZoneId", ""),
            "cidr_block": item.get("CidrBlock", ""),
            "ipv6_cidr_blocks": _ipv6_ranges(item),
            "available_ip_address_count": item.get("AvailableIpAddressCount", 0),
            "map_public_ip": bool(item.get("MapPublicIpOnLaunch")),
            "owner_id": item.get("OwnerId", ""),
        }
        yield Resource("subnet", item["SubnetId"], item["VpcId"], name_of(item), data)


def network_interfaces(reading: Reading) -> Iterator[Resource]:
    """Yield network interfaces, in pages of 1,000."""
    owners = {
        one: item.aws_id for item in reading.found.get("vpc_endpoint", ()) for one in item.data["network_interface_ids"]
    }
    for item in reading.client.describe("describe_network_interfaces", "NetworkInterfaces"):
        aws_id = item["NetworkInterfaceId"]
        kind = item.get("InterfaceType", "interface")
        addresses = [part["PrivateIpAddress"] for part in item.get("PrivateIpAddresses", ())]
        data = {
            "subnet_id": item.get("SubnetId", ""),
            "availability_zone": item.get("AvailabilityZone", ""),
            "private_ip": item.get("PrivateIpAddress", ""),
            "private_ips": addresses or [item[key] for key in ("PrivateIpAddress",) if item.get(key)],
            "ipv6_addresses": [part["Ipv6Address"] for part in item.get("Ipv6Addresses", ())],
            "public_ip": item.get("Association", {}).get("PublicIp", ""),
            "group_ids": sorted(part["GroupId"] for part in item.get("Groups", ()) if part.get("GroupId")),
            "interface_type": _INTERFACE_TYPES.get(kind, kind),
            "description": item.get("Description", ""),
            "instance_id": item.get("Attachment", {}).get("InstanceId", ""),
            "vpc_endpoint_id": owners.get(aws_id, ""),
            "requester_managed": bool(item.get("RequesterManaged")),
            "status": str(item.get("Status", "")).lower(),
            "owner_id": item.get("OwnerId", ""),
        }
        name = name_of({"Tags": item.get("TagSet", ())})
        yield Resource("network_interface", aws_id, item.get("VpcId", ""), name, data)


def _by_turns(vpc_ids: list[str], reading: Reading) -> set[str]:
    """Return the VPCs to ask for: those never asked for first, then by turns."""
    first = (reading.turn * MOST_ATTRIBUTES) % max(len(vpc_ids), 1)
    ordered = [*vpc_ids[first:], *vpc_ids[:first]]
    return set(sorted(ordered, key=lambda item: item in reading.attributes)[:MOST_ATTRIBUTES])


def _attributes(vpc_id: str, reading: Reading, *, asked: bool) -> Mapping[str, bool]:
    if asked:
        return {name: reading.client.vpc_attribute(vpc_id, wire) for name, wire in _ATTRIBUTES.items()}
    return reading.attributes.get(vpc_id, {})


def _ipv6_ranges(item: Mapping[str, Any]) -> list[str]:
    return _ranges(item.get("Ipv6CidrBlockAssociationSet", ()), "Ipv6CidrBlock", "Ipv6CidrBlockState")


def _ranges(parts: Iterable[Mapping[str, Any]], block: str, state: str) -> list[str]:
    return [part[block] for part in parts if part.get(state, {}).get("State") not in UNUSABLE]
