"""Which subnets the form ticks before anybody chose."""

from __future__ import annotations

from typing import Any

import pytest

from endpoints.forms.request import default_subnets
from endpoints.services.choices import AccountChoice, Choices, Service, Subnet

OWN = "222233334444"
ZONES = {"a": "use1-az1", "b": "use1-az2", "c": "use1-az3"}
SERVICE = Service("com.amazonaws.us-east-1.sqs", "", {"availability_zones": ["us-east-1a", "us-east-1b"]})


def subnet(name: str, reach: str = "private", free: int = 100, **data: Any) -> Subnet:
    zone = name[0]
    base = {
        "availability_zone": f"us-east-1{zone}",
        "availability_zone_id": ZONES[zone],
        "available_ip_address_count": free,
        "owner_id": OWN,
    }
    return Subnet(f"subnet-{name}", name, {**base, **data}, reach=reach)


def ticked(*subnets: Subnet, service: Service = SERVICE) -> list[str]:
    account = AccountChoice(1, "own", OWN, ())
    choices = Choices(accounts=(account,), account=account, region="us-east-1", subnets=subnets)
    return [item.removeprefix("subnet-") for item in default_subnets(choices, service)]


@pytest.mark.parametrize(
    ("subnets", "expected"),
    [
        ((subnet("a-1"), subnet("b-1"), subnet("c-1")), ["a-1", "b-1"]),
        ((subnet("a-1", "public", 9999), subnet("a-2", "isolated", 999), subnet("a-3", free=9)), ["a-3"]),
        ((subnet("a-1", "public", 9999), subnet("a-2", "isolated", 9)), ["a-2"]),
        ((subnet("a-1", "public"), subnet("b-1")), ["a-1", "b-1"]),
        ((subnet("a-1", free=10), subnet("a-2", free=11), subnet("a-3", free=11)), ["a-2"]),
        ((subnet("a-1", free=0), subnet("a-2", "public")), ["a-2"]),
        ((subnet("a-1", owner_id="999900001111"), subnet("b-1")), ["b-1"]),
        ((), []),
    ],
)
def test_one_subnet_in_each_zone_that_the_service_serves(subnets: tuple[Subnet, ...], expected: list[str]) -> None:
    assert ticked(*subnets) == expected


def test_zones_are_known_by_their_ids_where_both_sides_have_one() -> None:
    service = Service("com.example.partner", "", {"availability_zone_ids": ["use1-az3"], "availability_zones": ["x"]})
    assert ticked(subnet("a-1"), subnet("c-1"), service=service) == ["c-1"]
