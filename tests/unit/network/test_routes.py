"""Which of several matching routes a packet follows."""

from __future__ import annotations

import pytest

from endpoints.network.hops import Target
from endpoints.network.routes import choose
from endpoints.network.snapshot import Part, Snapshot

LOCAL = {"destination": "10.0.0.0/16", "target": "local", "origin": "CreateRouteTable"}
LISTED = {"pl-1": Part("pl-1", "", {"cidrs": ["10.9.0.0/16"], "complete": True})}
WORLD = Snapshot(vpc=None, service=None, prefix_lists=LISTED)


def route(destination: str, target: str, *, propagated: bool = False) -> dict[str, str]:
    origin = "EnableVgwRoutePropagation" if propagated else "CreateRoute"
    return {"destination": destination, "target": target, "state": "active", "origin": origin}


def followed(address: tuple[int, int, int, int], *routes: dict[str, str]) -> set[str]:
    """Return the targets that a packet takes, whatever the order in which AWS lists the routes."""
    at = int.from_bytes(bytes(address))
    tables = [Part("rtb-1", "", {"routes": [LOCAL, *listed]}) for listed in (routes, routes[::-1])]
    found = [choose(WORLD, table, Target(4, at, "it")) for table in tables]
    return {item.target if item else "" for item in found}


@pytest.mark.parametrize(
    ("routes", "target"),
    [
        ([route("10.0.0.0/8", "tgw-1"), route("10.9.0.0/16", "pcx-1")], "pcx-1"),
        ([route("10.9.0.0/16", "vgw-1", propagated=True), route("10.9.0.0/16", "pcx-1")], "pcx-1"),
        ([route("10.9.0.0/16", "vgw-1", propagated=True), route("pl-1", "tgw-1")], "tgw-1"),
        ([route("pl-1", "tgw-1"), route("10.9.0.0/16", "pcx-1")], "pcx-1"),
        ([route("10.9.9.0/24", "vgw-1", propagated=True), route("10.9.0.0/16", "pcx-1")], "vgw-1"),
    ],
)
def test_the_most_specific_route_decides_and_of_two_alike_the_one_that_somebody_made(
    routes: list[dict[str, str]], target: str
) -> None:
    assert followed((10, 9, 9, 9), *routes) == {target}


def test_what_is_learned_never_leads_the_vpcs_own_traffic_away() -> None:
    assert followed((10, 0, 1, 1), route("10.0.1.0/24", "vgw-1", propagated=True)) == {"local"}
    assert followed((10, 0, 1, 1), route("10.0.1.0/24", "eni-1")) == {"eni-1"}
