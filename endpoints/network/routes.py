"""Routes: which one a packet follows, and where that leads.

Sources: Amazon VPC user guide, "Route priority" (the most specific route decides; of two alike the local one, then a
static one, then one to a prefix list, then a propagated one), "NAT gateways", "Gateway endpoints", and "VPC peering
limitations" (no peer's gateway, NAT or endpoint can be used); Site-to-Site VPN user guide, "Route tables and VPN route
priority" (a propagated route never beats the local one, however specific it is).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.network.flows import Block, block
from endpoints.network.groups import cidrs_of
from endpoints.network.hops import Target
from endpoints.network.snapshot import Part, Snapshot

_KINDS = {
    "local": "local",
    "igw-": "internet",
    "nat-": "nat",
    "tgw-": "transit",
    "pcx-": "peering",
    "vgw-": "vpn",
    "eni-": "interface",
    "i-": "interface",
    "eigw-": "egress_only",
    "cagw-": "carrier",
    "lgw-": "local_gateway",
    "arn:": "core_network",
    "vpce-": "endpoint",
}
NOUNS = {
    "transit": "a transit gateway",
    "peering": "a VPC peering connection",
    "vpn": "a virtual private gateway",
    "interface": "a network interface, an appliance",
    "egress_only": "an egress-only internet gateway",
    "carrier": "a carrier gateway",
    "local_gateway": "a local gateway",
    "core_network": "a core network",
    "appliance": "a Gateway Load Balancer endpoint, an appliance",
    "other": "something that the portal doesn't know",
}
_PREFIX_LIST = 200
"""How specific a route to a prefix list is whose ranges aren't known: more than any other."""
_PROPAGATED = "EnableVgwRoutePropagation"
"""The origin of a route that a VPN gateway has learned (EC2 API reference, Route)."""


@dataclass(frozen=True, slots=True)
class Route:
    """The route that a packet follows, of which table."""

    table: Part
    destination: str
    target: str
    kind: str
    blackhole: bool = False

    @property
    def words(self) -> str:
        """Return the route as a person reads it in AWS."""
        return f"{self.table.label}: {self.destination} to {self.target}{', a blackhole' if self.blackhole else ''}"


@dataclass(frozen=True, slots=True)
class Path:
    """Where the routes lead a target's traffic: `end` is `local`, `endpoint`, `internet`, `beyond` or `nowhere`.

    `nat` is the NAT gateway on the way, `why` says in words what is wrong where it ends nowhere or beyond what is
    known, and `routes` are those that were followed.
    """

    end: str
    routes: tuple[Route, ...] = ()
    nat: Part | None = None
    why: str = ""
    needs_public_address: bool = False

    @property
    def last(self) -> Route | None:
        """Return the last route that was followed."""
        return self.routes[-1] if self.routes else None


def follow(snapshot: Snapshot, subnet_id: str, target: Target) -> Path:
    """Return where the traffic of a subnet to a target goes."""
    table = snapshot.route_table_of(subnet_id)
    if table is None:
        return Path("beyond", why="the route table of the subnet isn't known")
    route = choose(snapshot, table, target)
    if route is None:
        return Path("nowhere", why=f"the route table {table.label} has no route to {target.label}")
    if route.blackhole:
        return Path("nowhere", (route,), why=f"the route leads to {route.target}, which is gone")
    if route.kind == "local":
        return Path("local", (route,))
    if route.kind == "endpoint":
        return Path("endpoint", (route,))
    if target.private:
        return Path("beyond", (route,), why=f"the route leads to {NOUNS.get(route.kind, route.target)}")
    if route.kind == "nat":
        return _through_nat(snapshot, route, target)
    return _out(route)


def _out(route: Route) -> Path:
    if route.kind == "internet":
        return Path("internet", (route,), needs_public_address=True)
    if route.kind == "peering":
        why = f"the peering connection {route.target} never leads on to the internet or to endpoints"
        return Path("nowhere", (route,), why=why)
    if route.kind == "egress_only":
        why = f"the egress-only gateway {route.target} carries IPv6 alone, and the service's address is IPv4"
        return Path("nowhere", (route,), why=why)
    return Path("beyond", (route,), why=f"the route leads to {NOUNS.get(route.kind, route.target)}")


def _through_nat(snapshot: Snapshot, route: Route, target: Target) -> Path:
    nat = snapshot.gateways.get(route.target)
    if nat is None:
        return Path("beyond", (route,), why=f"{route.target} isn't known")
    if nat.data.get("state", "available") != "available":
        return Path("nowhere", (route,), nat, f"the NAT gateway {nat.label} is {nat.data.get('state')}")
    table = _table_of_nat(snapshot, nat)
    onward = choose(snapshot, table, target) if table else None
    if table is None:
        return Path("beyond", (route,), nat, f"the route table of {nat.label} isn't known")
    routes = (route, onward) if onward else (route,)
    if onward is None or onward.blackhole:
        why = f"the route table of the NAT gateway {nat.label}, {table.label}, leads no further"
        return Path("nowhere", routes, nat, why)
    if onward.kind == "endpoint":
        return Path("endpoint", routes, nat)
    if onward.kind == "internet" and nat.data.get("connectivity", "public") == "private":
        return Path(
            "nowhere", routes, nat, f"the NAT gateway {nat.label} is a private NAT gateway: it has no public address"
        )
    if onward.kind == "nat":
        return Path("nowhere", routes, nat, f"the NAT gateway {nat.label} is led to {onward.target} again, not outside")
    end = _out(onward)
    return Path(end.end, routes, nat, end.why)


def _table_of_nat(snapshot: Snapshot, nat: Part) -> Part | None:
    """Return the route table that a NAT gateway follows: its subnet's, or a regional one's own."""
    subnet_id = nat.data.get("subnet_id")
    if subnet_id:
        return snapshot.route_table_of(str(subnet_id))
    return snapshot.route_tables.get(str(nat.data.get("route_table_id", "")))


def choose(snapshot: Snapshot, table: Part, target: Target) -> Route | None:
    """Return the route of a table that a packet to the target follows, or None."""
    best: tuple[bool, int, int] | None = None
    found: Mapping[str, Any] | None = None
    routes = [(route, item) for route in table.data.get("routes", ()) for item in _matches(snapshot, route, target)]
    within = any(route.get("target") == "local" for route, _ in routes)
    for route, (length, rank) in routes:
        preferred = (not (within and route.get("origin") == _PROPAGATED), length, rank)
        if best is None or preferred > best:
            best, found = preferred, route
    if found is None:
        return None
    aim = str(found.get("target", ""))
    dead = found.get("state") == "blackhole"
    return Route(table, str(found.get("destination", "")), aim, kind_of(snapshot, aim), dead)


def _matches(snapshot: Snapshot, route: Mapping[str, Any], target: Target) -> Iterator[tuple[int, int]]:
    """Yield how specific a route is for a target, with its rank among routes alike; nothing where it doesn't match."""
    destination = str(route.get("destination", ""))
    found = block(destination)
    if found is not None:
        if found.holds(target.block):
            static = 0 if route.get("origin") == _PROPAGATED else 2
            yield _length(found), 3 if route.get("target") == "local" else static
        return
    ranges = cidrs_of(snapshot, destination)
    yield from ((_length(item), 1) for item in ranges if item.holds(target.block))
    if not ranges and destination and destination == target.prefix_list_id:
        yield _PREFIX_LIST, 1


def _length(found: Block) -> int:
    """Return the length of a CIDR's prefix."""
    return (32 if found.version == 4 else 128) - (found.size.bit_length() - 1)


def kind_of(snapshot: Snapshot, target: str) -> str:
    """Return what a route's target is."""
    kind = next((kind for prefix, kind in _KINDS.items() if target.startswith(prefix)), "other")
    if kind == "endpoint":
        part = snapshot.endpoints.get(target)
        if part is not None and part.data.get("vpc_endpoint_type") != "Gateway":
            return "appliance"
    return kind
