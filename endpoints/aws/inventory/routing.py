"""Route tables, and the prefix lists that routes and rules name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from endpoints.aws.gateway import PREFIX_LIST_PAGE
from endpoints.aws.inventory.resources import Reading, Resource, name_of

ROUTE_TABLE_PAGE = 100
"""The largest page of DescribeRouteTables."""
MOST_LISTS = 100
"""Of how many lists the entries are read, at most: each takes a call of its own."""
_DESTINATIONS = ("DestinationCidrBlock", "DestinationPrefixListId", "DestinationIpv6CidrBlock")
_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "NetworkInterfaceId",
    "InstanceId",
)
"""A route's targets, of which it has one (EC2 API reference, Route); an instance's has its interface as well."""


def route_tables(reading: Reading) -> Iterator[Resource]:
    """Yield route tables, in pages of 100."""
    for item in reading.client.describe("describe_route_tables", "RouteTables", page=ROUTE_TABLE_PAGE):
        associations = item.get("Associations", ())
        data = {
            "main": any(part.get("Main") for part in associations),
            "subnet_ids": [part["SubnetId"] for part in associations if part.get("SubnetId")],
            "owner_id": item.get("OwnerId", ""),
            "routes": [
                {
                    "destination": _first(route, _DESTINATIONS),
                    "target": _first(route, _TARGETS),
                    "state": str(route.get("State") or "active").lower(),
                    "origin": route.get("Origin", ""),
                }
                for route in item.get("Routes", ())
            ],
        }
        yield Resource("route_table", item["RouteTableId"], item["VpcId"], name_of(item), data)


def prefix_lists(reading: Reading) -> Iterator[Resource]:
    """Yield the lists of AWS's services with their ranges, and those that the region's routes and rules name."""
    known = set()
    for item in reading.client.describe("describe_prefix_lists", "PrefixLists", page=PREFIX_LIST_PAGE):
        aws_id, name = item["PrefixListId"], item.get("PrefixListName", "")
        known.add(aws_id)
        data = {"service_name": name, "cidrs": list(item.get("Cidrs", ())), "owner": "AWS", "complete": True}
        yield Resource("prefix_list", aws_id, "", name, data)
    named = _named(reading) - known
    if not named:
        return
    read = 0
    for item in reading.client.describe("describe_managed_prefix_lists", "PrefixLists", page=PREFIX_LIST_PAGE):
        aws_id = item["PrefixListId"]
        if aws_id not in named:
            continue
        entries = _entries(reading, aws_id) if read < MOST_LISTS else None
        read += 1
        data = {
            "service_name": "",
            "cidrs": entries or [],
            "owner": item.get("OwnerId", ""),
            "complete": entries is not None,
        }
        yield Resource("prefix_list", aws_id, "", item.get("PrefixListName", ""), data)


def _entries(reading: Reading, aws_id: str) -> list[str]:
    operation = "get_managed_prefix_list_entries"
    found = reading.client.describe(operation, "Entries", page=PREFIX_LIST_PAGE, PrefixListId=aws_id)
    return [str(item["Cidr"]) for item in found]


def _named(reading: Reading) -> set[str]:
    """Return the ids of the lists that a route leads to or a rule speaks of."""
    tables, groups = reading.found.get("route_table", ()), reading.found.get("security_group", ())
    found = {route["destination"] for item in tables for route in item.data["routes"]}
    rules = (rule for item in groups for way in ("ingress", "egress") for rule in item.data[way])
    found |= {one for rule in rules for one in rule["prefix_lists"]}
    return {one for one in found if one.startswith("pl-")}


def _first(route: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(route[name]) for name in names if route.get(name)), "")
