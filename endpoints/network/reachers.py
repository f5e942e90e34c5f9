"""Who can reach an endpoint, and who can't and why: every subnet of its VPC, and every interface in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from endpoints.network import dns
from endpoints.network.dns import ENDPOINT_NAME, SERVICE_NAME
from endpoints.network.hops import Cure, Hop, Outcome, Source, Status, Verdict
from endpoints.network.reachability import IngressCures, reach
from endpoints.network.remedies import ROUTE_TABLES
from endpoints.network.snapshot import GONE, Part, Snapshot
from endpoints.network.sources import interfaces_source, subnet_source

NOT_CLIENTS = frozenset({"vpc_endpoint", "nat_gateway", "gateway_load_balancer_endpoint", "transit_gateway"})
"""Kinds of interfaces that call nobody of themselves."""

_BEFORE_ROUTED = frozenset({"source", "dns", "route"})
"""Hops at which traffic that stops hasn't followed a route yet."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """Interfaces of one subnet that have the same groups, with their verdict."""

    interfaces: tuple[Part, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Reacher:
    """One subnet: what any client in it could reach of an endpoint, and what the interfaces that are there do.

    `detour` is the hop at which traffic turns away from a Gateway endpoint, with its cure; `table` is the route table
    that does it.
    """

    endpoint_id: str
    subnet: Part
    verdict: Verdict
    guarded: tuple[Guarded, ...]
    detour: Hop | None = None
    table: str = ""

    @property
    def through(self) -> bool:
        """Tell whether what gets through passes this endpoint, and not another way."""
        return self.endpoint_id in self.verdict.endpoint_ids

    @property
    def outcome(self) -> str:
        """Return `can`, `some`, `unknown` or `cannot`."""
        turned = self.detour is not None or (self.verdict.reaches and not self.through)
        if self.verdict.outcome is Outcome.BROKEN or turned:
            return "cannot"
        return {Outcome.PRIVATE: "can", Outcome.PARTLY: "some"}.get(self.verdict.outcome, "unknown")

    @property
    def reason(self) -> str:
        """Return why it can't, or not all of it can; empty where it can."""
        hop = (
            self.detour
            or self.verdict.broken
            or next((item for item in self.verdict.hops if item.status != "ok"), None)
        )
        if self.verdict.outcome is Outcome.PRIVATE and self.through:
            return ""
        if hop is not None and hop.status != "skipped":
            return hop.reason
        return self.verdict.summary

    @property
    def cure(self) -> Cure | None:
        """Return what to do so that it, or all of it, can."""
        return self.detour.cure if self.detour else self.verdict.cure

    @property
    def key(self) -> str:
        """Return what subnets with the same reason share."""
        if self.detour:
            return f"{self.detour.key} {self.table}"
        broken = self.verdict.broken
        if broken is None:
            return ""
        # A table, a list or a group in the reason is what they share; the subnet's own name would part them all.
        own = self.subnet.aws_id in broken.reason or self.subnet.label in broken.reason
        return broken.key if own else f"{broken.key} {broken.reason}"

    @property
    def clients(self) -> int:
        """Return how many interfaces stand in the subnet."""
        return sum(len(item.interfaces) for item in self.guarded)

    @property
    def reaching(self) -> int:
        """Return how many of them reach the endpoint for certain."""
        whole = (item for item in self.guarded if item.verdict.outcome is Outcome.PRIVATE)
        return sum(len(item.interfaces) for item in whole if self.endpoint_id in item.verdict.endpoint_ids)


@dataclass(frozen=True, slots=True)
class Reachers:
    """Everybody in the VPC. `resolve` tells which name they were taken to call, `note` why not the service's own."""

    resolve: str
    note: str
    subnets: tuple[Reacher, ...]

    def grouped(self) -> list[tuple[str, str, list[Reacher]]]:
        """Return the subnets by what they can and why not: those that can't first."""
        groups: dict[tuple[str, str], list[Reacher]] = defaultdict(list)
        for item in self.subnets:
            groups[item.outcome, item.key].append(item)
        order = ("cannot", "unknown", "some", "can")
        found = sorted(groups.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1]))
        return [(outcome, items[0].reason, items) for (outcome, _), items in found]


def who_can_reach(snapshot: Snapshot, endpoint: Part) -> Reachers:
    """Return what each subnet of the VPC reaches of an endpoint. The snapshot's service must be the endpoint's."""
    silent = dns.why_silent(snapshot, endpoint) if endpoint.data.get("vpc_endpoint_type") == "Interface" else ""
    resolve = ENDPOINT_NAME if silent else SERVICE_NAME
    here: dict[str, dict[tuple[str, ...], list[Part]]] = defaultdict(lambda: defaultdict(list))
    for part in snapshot.interfaces.values():
        if part.data.get("interface_type") not in NOT_CLIENTS:
            groups = tuple(sorted(part.data.get("group_ids", ())))
            here[str(part.data.get("subnet_id", ""))][groups].append(part)
    order = sorted(snapshot.subnets.values(), key=lambda item: (item.data.get("availability_zone", ""), item.label))
    # The clients are asked about one by one: what each could call are the endpoints' interfaces, a few of thousands.
    listed = endpoint.data.get("network_interface_ids", ())
    ends = {key: part for key, part in snapshot.interfaces.items() if part.data.get("vpc_endpoint_id") or key in listed}
    asked, cures = replace(snapshot, interfaces=ends), IngressCures()
    found = tuple(_reacher(asked, endpoint, subnet, here.get(subnet.aws_id, {}), resolve, cures) for subnet in order)
    note = f"Asked by the endpoint's own names, since {silent}." if silent else _rival(snapshot, endpoint)
    return Reachers(resolve, note, found)


def _rival(snapshot: Snapshot, endpoint: Part) -> str:
    """Return which other endpoint answers for the service's name, whose traffic then never comes to this one."""
    for part in snapshot.endpoints.values():
        same = part.data.get("service_name") == endpoint.data.get("service_name") and part.aws_id != endpoint.aws_id
        serves = part.data.get("vpc_endpoint_type") == "Interface" and part.data.get("state") not in GONE
        if same and serves and not dns.why_silent(snapshot, part):
            return f"The service's name answers with the addresses of {part.label}: traffic goes there, not here."
    return ""


def _reacher(
    snapshot: Snapshot,
    endpoint: Part,
    subnet: Part,
    here: dict[tuple[str, ...], list[Part]],
    resolve: str,
    cures: IngressCures,
) -> Reacher:
    service, aws_id = str(endpoint.data.get("service_name", "")), endpoint.aws_id

    def asked(source: Source) -> Verdict:
        return reach(snapshot, source, service, resolve=resolve, endpoint_id=aws_id, cures=cures)

    guarded = tuple(
        Guarded(tuple(parts), asked(interfaces_source(snapshot, parts, parts[0]))) for parts in here.values()
    )
    verdict, table = asked(subnet_source(subnet)), snapshot.route_table_of(subnet.aws_id)
    found = Reacher(aws_id, subnet, verdict, guarded, table=table.aws_id if table else "")
    routed = verdict.broken is None or verdict.broken.key not in _BEFORE_ROUTED
    past = endpoint.data.get("vpc_endpoint_type") == "Gateway" and routed and not found.through
    return replace(found, detour=_detour(endpoint, table)) if past and table else found


def _detour(endpoint: Part, table: Part) -> Hop:
    """Return the hop at which a route table leads traffic past a Gateway endpoint."""
    added = (*endpoint.data.get("route_table_ids", ()), table.aws_id)
    fields: dict[str, str | tuple[str, ...]] = {"endpoint_id": endpoint.aws_id, "route_table_ids": added}
    reason = f"{table.label} has no route to {endpoint.label}: the traffic goes another way, if at all."
    return Hop("route", "Route", Status.BROKEN, reason, cure=Cure(ROUTE_TABLES, "modify", fields))
