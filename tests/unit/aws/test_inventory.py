"""What the inventory makes of AWS's answers, where the simulated AWS gives none of the kind."""

from __future__ import annotations

from typing import Any, cast

from endpoints.aws.gateway import Ec2Gateway
from endpoints.aws.inventory import Reading, gateways, offers


class Answers:
    """A client that gives one list for every call."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = items

    def describe(self, *_: Any, **__: Any) -> tuple[dict[str, Any], ...]:
        return self.items


def reading(*items: dict[str, Any]) -> Reading:
    return Reading(client=cast("Ec2Gateway", Answers(*items)))


def service(kind: str, zones: str, addresses: list[str]) -> dict[str, Any]:
    return {
        "ServiceName": "com.amazonaws.eu-west-1.s3",
        "ServiceType": [{"ServiceType": kind}],
        "AvailabilityZones": [f"eu-west-1{zone}" for zone in zones],
        "AvailabilityZoneIds": [f"euw1-az-{zone}" for zone in zones],
        "SupportedIpAddressTypes": addresses,
    }


def test_zones_and_addresses_of_a_service_are_those_of_its_interfaces() -> None:
    both = service("Gateway", "abc", ["ipv4", "ipv6"]), service("Interface", "ab", ["ipv4"])
    (found,) = offers.services(reading(*both))
    assert found.data["types"] == ["Gateway", "Interface"]
    assert found.data["availability_zones"] == ["eu-west-1a", "eu-west-1b"]
    assert found.data["availability_zone_ids"] == ["euw1-az-a", "euw1-az-b"]
    assert found.data["ip_address_types"] == ["ipv4"]
    (alone,) = offers.services(reading(both[0]))
    assert alone.data["availability_zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


def test_a_regional_nat_gateway_is_known_by_its_route_table() -> None:
    item = {"NatGatewayId": "nat-1", "VpcId": "vpc-1", "State": "available", "AvailabilityMode": "regional"}
    (found,) = gateways.nat_gateways(reading({**item, "RouteTableId": "rtb-1"}))
    assert (found.data["subnet_id"], found.data["route_table_id"]) == ("", "rtb-1")
