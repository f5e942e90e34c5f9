"""Reading what stands in a region: VPCs, subnets, route tables, security groups, services, lists, endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.aws.gateway import PREFIX_LIST_PAGE, Ec2Gateway
from endpoints.domain.observed import ObservedEndpoint

_UNUSABLE = ("disassociating", "disassociated", "failing", "failed")
"""States of a CIDR association in which a subnet can't use the range."""
ROUTE_TABLE_PAGE = 100
"""The largest page of DescribeRouteTables."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its kind (as `InventoryKind`), id, VPC, Name tag, and what the checks need of it."""

    kind: str
    aws_id: str
    vpc_id: str
    name: str
    data: Mapping[str, Any]


Section = Callable[[Ec2Gateway], Iterator[Resource]]


def _vpcs(client: Ec2Gateway) -> Iterator[Resource]:
    for item in client.describe("describe_vpcs", "Vpcs"):
        yield _vpc(item, client)


def _subnets(client: Ec2Gateway) -> Iterator[Resource]:
    yield from map(_subnet, client.describe("describe_subnets", "Subnets"))


def _route_tables(client: Ec2Gateway) -> Iterator[Resource]:
    yield from map(_route_table, client.describe("describe_route_tables", "RouteTables", page=ROUTE_TABLE_PAGE))


def _security_groups(client: Ec2Gateway) -> Iterator[Resource]:
    yield from map(_security_group, client.describe("describe_security_groups", "SecurityGroups"))


def _prefix_lists(client: Ec2Gateway) -> Iterator[Resource]:
    for item in client.describe("describe_prefix_lists", "PrefixLists", page=PREFIX_LIST_PAGE):
        yield Resource("prefix_list", item["PrefixListId"], "", item.get("PrefixListName", ""), {})


def _vpc_endpoints(client: Ec2Gateway) -> Iterator[Resource]:
    yield from map(_vpc_endpoint, client.list_vpc_endpoints())


def _services(client: Ec2Gateway) -> Iterator[Resource]:
    yield from _by_name(client.describe("describe_vpc_endpoint_services", "ServiceDetails"))


SECTIONS: Mapping[str, Section] = {
    "vpc": _vpcs,
    "subnet": _subnets,
    "route_table": _route_tables,
    "security_group": _security_groups,
    "service": _services,
    "prefix_list": _prefix_lists,
    "vpc_endpoint": _vpc_endpoints,
}
"""How each kind is read: by paged calls, plus two attribute calls per VPC. They raise AwsError, each on its own, so
that a role that may not read one kind still gives the others."""


def _name(item: Mapping[str, Any]) -> str:
    return next((tag["Value"] for tag in item.get("Tags", ()) if tag["Key"] == "Name"), "")


def _vpc(item: Mapping[str, Any], client: Ec2Gateway) -> Resource:
    vpc_id = item["VpcId"]
    return Resource(
        "vpc",
        vpc_id,
        vpc_id,
        _name(item),
        {
            "cidr_block": item.get("CidrBlock", ""),
            "cidr_blocks": [part["CidrBlock"] for part in item.get("CidrBlockAssociationSet", ())],
            "is_default": bool(item.get("IsDefault")),
            "owner_id": item.get("OwnerId", ""),
            "enable_dns_support": client.vpc_attribute(vpc_id, "enableDnsSupport"),
            "enable_dns_hostnames": client.vpc_attribute(vpc_id, "enableDnsHostnames"),
        },
    )


def _subnet(item: Mapping[str, Any]) -> Resource:
    return Resource(
        "subnet",
        item["SubnetId"],
        item["VpcId"],
        _name(item),
        {
            "availability_zone": item.get("AvailabilityZone", ""),
            "availability_zone_id": item.get("AvailabilityZoneId", ""),
            "cidr_block": item.get("CidrBlock", ""),
            "ipv6_cidr_blocks": [
                part["Ipv6CidrBlock"]
                for part in item.get("Ipv6CidrBlockAssociationSet", ())
                if part.get("Ipv6CidrBlockState", {}).get("State") not in _UNUSABLE
            ],
            "available_ip_address_count": item.get("AvailableIpAddressCount", 0),
            "owner_id": item.get("OwnerId", ""),
        },
    )


def _route_table(item: Mapping[str, Any]) -> Resource:
    associations = item.get("Associations", ())
    return Resource(
        "route_table",
        item["RouteTableId"],
        item["VpcId"],
        _name(item),
        {
            "main": any(part.get("Main") for part in associations),
            "subnet_ids": [part["SubnetId"] for part in associations if part.get("SubnetId")],
            "routes": [
                {
                    "destination": route.get("DestinationCidrBlock")
                    or route.get("DestinationPrefixListId")
                    or route.get("DestinationIpv6CidrBlock", ""),
                    "target": route.get("GatewayId") or route.get("NatGatewayId") or route.get("TransitGatewayId", ""),
                }
                for route in item.get("Routes", ())
            ],
        },
    )


def _security_group(item: Mapping[str, Any]) -> Resource:
    return Resource(
        "security_group",
        item["GroupId"],
        item.get("VpcId", ""),
        item.get("GroupName", ""),
        {
            "description": item.get("Description", ""),
            "ingress": [_permission(rule) for rule in item.get("IpPermissions", ())],
            "egress": [_permission(rule) for rule in item.get("IpPermissionsEgress", ())],
        },
    )


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "protocol": rule.get("IpProtocol", "-1"),
        "from_port": rule.get("FromPort"),
        "to_port": rule.get("ToPort"),
        "cidrs": [part["CidrIp"] for part in rule.get("IpRanges", ())]
        + [part["CidrIpv6"] for part in rule.get("Ipv6Ranges", ())],
        "groups": [part["GroupId"] for part in rule.get("UserIdGroupPairs", ()) if part.get("GroupId")],
        "prefix_lists": [part["PrefixListId"] for part in rule.get("PrefixListIds", ())],
    }


def _by_name(details: list[dict[str, Any]]) -> Iterator[Resource]:
    """One resource a name: AWS lists S3 and DynamoDB once as Gateway and once as Interface."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for item in details:
        by_name.setdefault(item["ServiceName"], []).append(item)
    for name, parts in by_name.items():
        private_names = [part["PrivateDnsName"] for part in parts if part.get("PrivateDnsName")]
        private_names += [
            entry["PrivateDnsName"]
            for part in parts
            for entry in part.get("PrivateDnsNames", ())
            if entry.get("PrivateDnsName")
        ]
        zones = {zone for part in parts for zone in part.get("AvailabilityZones", ())}
        data = {
            "types": sorted({kind["ServiceType"] for part in parts for kind in part.get("ServiceType", ())}),
            "availability_zones": sorted(zones),
            "ip_address_types": sorted({kind for part in parts for kind in part.get("SupportedIpAddressTypes", ())}),
            "owner": parts[0].get("Owner", ""),
            "private_dns_name": private_names[0] if private_names else "",
            "policy_supported": any(part.get("VpcEndpointPolicySupported", False) for part in parts),
            "acceptance_required": any(part.get("AcceptanceRequired", False) for part in parts),
        }
        yield Resource("service", name, "", "", data)


def _vpc_endpoint(item: ObservedEndpoint) -> Resource:
    return Resource(
        "vpc_endpoint",
        item.vpc_endpoint_id,
        item.vpc_id,
        dict(item.tags).get("Name", ""),
        {
            "service_name": item.service_name,
            "vpc_endpoint_type": item.vpc_endpoint_type,
            "state": item.state,
            "private_dns_enabled": item.private_dns_enabled,
            "route_table_ids": list(item.route_table_ids),
            "subnet_ids": list(item.subnet_ids),
            "requester_managed": item.requester_managed,
        },
    )
