"""Prices and estimates: the tiers' edges, what is assumed, and files that can't be used."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.network import cost
from endpoints.network.cost import PricesError, estimate, price_book, shared_data, tiered, to_cent, zones_of

BOOK = price_book()
US = BOOK.rates("us-east-1")
PB = 1_048_576
VOLUMES = st.decimals(min_value=0, max_value=20_000_000, places=2)


@pytest.mark.parametrize(
    ("gb", "usd"),
    [
        ("0", "0"),
        ("1", "0.01"),
        (PB - 1, "10485.75"),
        (PB, "10485.76"),
        (PB + 1, "10485.766"),
        (5 * PB - 1, "35651.578"),
        (5 * PB, "35651.584"),
        (5 * PB + 1, "35651.588"),
        ("0.5", "0.005"),
    ],
)
def test_each_part_of_a_volume_costs_its_tiers_price(gb: Any, usd: str) -> None:
    assert tiered(Decimal(gb), US.interface_data) == Decimal(usd)


@given(VOLUMES, VOLUMES)
def test_more_data_never_costs_less_and_never_more_than_the_first_tier(one: Decimal, other: Decimal) -> None:
    small, large = sorted([one, other])
    assert tiered(small, US.interface_data) <= tiered(large, US.interface_data)
    assert tiered(large, US.interface_data) <= large * Decimal("0.01")
    assert tiered(small, US.interface_data) + tiered(large - small, US.interface_data) >= tiered(
        large, US.interface_data
    )


def test_a_negative_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        tiered(Decimal(-1), US.interface_data)


def test_an_interface_endpoint_costs_hours_in_each_zone_and_its_data() -> None:
    found = estimate(kind="Interface", zones=3, gb=Decimal(1000), rates=US)
    assert (found.hours, found.data, found.total) == (Decimal("21.9"), Decimal(10), Decimal("31.9"))
    assert found.nat_data == Decimal(45)
    assert found.saved == Decimal("13.1")
    assert found.assumed == ()


def test_a_gateway_endpoint_is_free_and_saves_all_that_nat_takes() -> None:
    found = estimate(kind="Gateway", zones=0, gb=Decimal(1000), rates=US)
    assert found.free
    assert found.total == 0
    assert found.saved == Decimal(45)


def test_a_load_balancer_endpoint_has_prices_of_its_own_and_no_nat_in_its_place() -> None:
    found = estimate(kind="GatewayLoadBalancer", zones=1, gb=Decimal(1000), rates=US)
    assert (found.hours, found.data) == (Decimal("7.3"), Decimal("3.5"))
    assert found.nat_data is None
    assert found.saved is None


def test_an_endpoint_may_cost_more_than_nat() -> None:
    assert estimate(kind="Interface", zones=3, gb=Decimal(1), rates=US).saved < 0  # type: ignore[operator]


def test_an_unknown_regions_prices_are_assumed_and_said_to_be() -> None:
    found = estimate(kind="Interface", zones=1, gb=Decimal(1), rates=BOOK.rates("mx-central-1"))
    assert found.hours == Decimal("7.3")
    assert found.assumed == ("an Interface endpoint's hour", "an Interface endpoint's data", "a NAT gateway's data")
    assert found.rates.base_region == "us-east-1"


def test_what_a_region_lacks_alone_is_assumed() -> None:
    rates = BOOK.rates("eu-central-1")
    assert rates.interface_hour == Decimal("0.012")
    assert estimate(kind="Interface", zones=1, gb=Decimal(1), rates=rates).assumed == ("a NAT gateway's data",)


def test_zones_are_a_specs_subnets() -> None:
    parts = {"account_id": "111122223333", "region": "us-east-1", "vpc_id": "vpc-12345678"}
    subnets = ("subnet-12345678", "subnet-87654321")
    name = "com.amazonaws.us-east-1.s3"
    interface = EndpointSpec(**parts, service_name=name, vpc_endpoint_type=EndpointType.INTERFACE, subnet_ids=subnets)
    gateway = EndpointSpec(**parts, service_name=name, vpc_endpoint_type=EndpointType.GATEWAY)
    assert (zones_of(interface), zones_of(gateway)) == (2, 0)


@given(st.lists(VOLUMES, max_size=8))
def test_shares_add_up_to_what_the_region_pays(volumes: list[Decimal]) -> None:
    shares = shared_data(volumes, US.interface_data)
    assert abs(sum(shares) - tiered(sum(volumes, Decimal(0)), US.interface_data)) < Decimal("0.000001")


def test_a_half_cent_is_rounded_up() -> None:
    half = estimate(kind="Interface", zones=0, gb=Decimal("0.5"), rates=US).total
    assert half == Decimal("0.005")
    assert [str(to_cent(item)) for item in (half, 5 * half, -half, Decimal(0))] == ["0.01", "0.03", "-0.01", "0.00"]


def test_the_portals_own_file_is_dated_and_has_sources() -> None:
    assert BOOK.as_of.year >= 2026
    assert any("Price List" in item for item in BOOK.sources)


def _written(folder: Path, **changes: Any) -> str:
    found = json.loads(cost.PRICES.read_text())
    path = folder / "prices.json"
    path.write_text(json.dumps({**found, **changes}))
    return str(path)


def test_an_operators_file_takes_the_place_of_the_portals(tmp_path: Path) -> None:
    base = json.loads(cost.PRICES.read_text())["regions"]["us-east-1"]
    regions = {"us-east-1": base, "eu-west-1": {**base, "interface_hour": "0.011"}}
    rates = price_book(_written(tmp_path, regions=regions)).rates("eu-west-1")
    assert rates.interface_hour == Decimal("0.011")
    assert rates.assumed == frozenset()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_region": "nowhere"}, "base region nowhere lacks"),
        ({"currency": "EUR"}, "USD"),
        ({"as_of": "yesterday"}, "yesterday"),
        ({"regions": {"us-east-1": {"interface_hours": "1"}}}, "which nobody reads"),
        ({"regions": {"us-east-1": {"nat_gb": "-1"}}}, "not negative"),
        ({"regions": {"us-east-1": {"nat_gb": "cheap"}}}, "decimal number"),
        ({"regions": {"us-east-1": {"interface_data": []}}}, "last tier"),
        ({"regions": {"us-east-1": {"interface_data": [{"up_to_gb": 1, "usd_per_gb": "1"}]}}}, "last tier"),
        (
            {
                "regions": {
                    "us-east-1": {
                        "interface_data": [
                            {"up_to_gb": 5, "usd_per_gb": 1},
                            {"up_to_gb": 5, "usd_per_gb": 1},
                            {"up_to_gb": None, "usd_per_gb": 1},
                        ]
                    }
                }
            },
            "must rise",
        ),
        ({"regions": []}, "regions is missing or isn't an object"),
        ({"regions": {"us-east-1": None}}, "us-east-1 isn't an object"),
        ({"sources": "https://aws.amazon.com"}, "sources is missing or isn't a list"),
        ({"as_of": None}, "as_of is missing or isn't a text"),
        ({"regions": {"us-east-1": {"interface_data": "0.01"}}}, "write tiers of up_to_gb and usd_per_gb"),
        ({"regions": {"us-east-1": {"interface_data": [{"usd_per_gb": "1"}]}}}, "write tiers of up_to_gb"),
        ({"hours_per_month": 0}, "hours_per_month is 0"),
        ({"hours_per_month": 730.5}, "hours_per_month is 730.5"),
        ({"hours_per_month": True}, "hours_per_month is True"),
    ],
)
def test_a_file_that_cant_be_used_says_why(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PricesError, match=words):
        price_book(_written(tmp_path, **changes))


@pytest.mark.parametrize(("text", "words"), [("[]", "write an object"), ("[" * 100_000, "can't be read")])
def test_a_file_that_is_something_else_says_so(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(PricesError, match=words):
        price_book(str(path))


def test_a_file_that_isnt_there_says_so() -> None:
    with pytest.raises(PricesError, match="can't be read"):
        price_book("/nowhere/prices.json")
