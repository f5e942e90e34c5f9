"""Reachability on random VPCs, held against packets sent one by one (`packets.py`, which knows nothing of it)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from itertools import combinations
from typing import Any

import pytest

from endpoints.network import acls, crossings, reachability
from endpoints.network.groups import Passage
from endpoints.network.hops import Outcome
from endpoints.network.reachability import reach, source_of
from tests.unit.network import packets
from tests.unit.network.packets import Beyond, Dropped, World
from tests.unit.network.worlds import S3, SERVICE, client_of, snapshot_of, world_of

WORLDS = int(os.environ.get("PORTAL_WORLDS", "160"))
FIRST = int(os.environ.get("PORTAL_FIRST_WORLD", "0"))
OPEN, SHUT, SEEN = {Outcome.PRIVATE, Outcome.PUBLIC}, Outcome.BROKEN, Outcome.UNKNOWN


def ranges(world: World) -> list[str]:
    """Return every range that a rule or route of the world names."""
    found = [entry["cidr"] for acl in world["network_acls"].values() for entry in acl["entries"]]
    for group in world["security_groups"].values():
        found += [cidr for rule in (*group["egress"], *group["ingress"]) for cidr in rule["cidrs"]]
    found += [cidr for item in world["prefix_lists"].values() for cidr in item["cidrs"]]
    for table in world["route_tables"].values():
        found += [item["destination"] for item in table["routes"] if not item["destination"].startswith("pl-")]
    return found


def edges(world: World, cidr: str, spare: int = 0) -> list[str]:
    """Return addresses of a range, one at least of each part that rules may treat differently."""
    whole = ip_network(cidr)
    low, high = int(whole.network_address) + spare, int(whole.broadcast_address) - bool(spare)
    near = {low, high}
    for item in map(ip_network, ranges(world)):
        first, last = int(item.network_address), int(item.broadcast_address)
        near |= {number for number in (first - 1, first, last, last + 1) if low <= number <= high}
    return [str(ip_address(number)) for number in sorted(near)]


def client_ports(world: World) -> list[int]:
    """Return ephemeral ports, one at least of each part that rules may treat differently."""
    found = {1024, 65535}
    for acl in world["network_acls"].values():
        for entry in acl["entries"]:
            if entry["from_port"] is not None:
                found |= {entry["from_port"], entry["from_port"] - 1, entry["to_port"], entry["to_port"] + 1}
    return sorted(number for number in found if 1024 <= number <= 65535)


def sent(world: World, client: dict[str, Any], service: str) -> Iterator[str]:
    """Yield what became of each connection: what carried it, "dropped" or "beyond"."""
    answers = packets.names(world, service)
    if not answers and not _answers_publicly(world, service):
        yield "dropped"
    if not answers and _answers_publicly(world, service):
        listed = world["prefix_lists"]["pl-s3"]["cidrs"] if service == S3 else ["54.240.0.0/30", "8.8.8.8/32"]
        answers = [(address, "") for cidr in listed for address in edges(world, cidr)]
    choices = client_ports(world)
    for address, interface_id in answers:
        for client_port in choices:
            for nat_port in choices if not interface_id else [1024]:
                try:
                    yield packets.connects(world, client, address, interface_id, (443, client_port, nat_port))
                except Dropped:
                    yield "dropped"
                except Beyond:
                    yield "beyond"


def _answers_publicly(world: World, service: str) -> bool:
    """Tell whether the name has public addresses: an endpoint that answers with none leaves it without any."""
    vpc = world["vpc"]
    mute = [
        item
        for item in world["endpoints"].values()
        if item["service_name"] == service
        and item["vpc_endpoint_type"] == "Interface"
        and item["private_dns_enabled"]
        and not item["private_dns_only_for_inbound_resolver_endpoint"]
        and item["state"] in ("available", "pending")
        and not item["subnet_ids"]
    ]
    return not (mute and vpc["enable_dns_support"] and vpc["enable_dns_hostnames"])


def hold(outcome: Outcome, fates: set[str], *, exact: bool, where: str) -> None:
    """Hold an outcome against what became of the packets. `exact` tells that all there could be were sent."""
    carried = fates - {"dropped", "beyond"}
    if outcome is Outcome.PRIVATE:
        assert carried == fates, (where, fates)
        assert "internet" not in fates, (where, fates)
    elif outcome is Outcome.PUBLIC:
        assert fates == {"internet"}, (where, fates)
    elif outcome is SHUT:
        assert not carried, (where, fates)
        assert "beyond" not in fates, (where, fates)
    elif outcome is Outcome.PARTLY and exact:
        assert carried, (where, fates)
        assert len(fates) > 1, (where, fates)
    elif outcome is SEEN and exact:
        assert "beyond" in fates, (where, fates)


def compare(seen: Counter[tuple[str, str]]) -> None:
    """Hold each interface's verdicts against its packets, and count what came up."""
    for seed in range(FIRST, FIRST + WORLDS):
        world = world_of(seed)
        for service in (SERVICE, S3):
            snapshot = snapshot_of(world, service)
            for interface_id in (item for item in world["interfaces"] if item.startswith("eni-c")):
                verdict = reach(snapshot, source_of(snapshot, interface_id), service)
                fates = set(sent(world, client_of(world, interface_id), service))
                # Without a prefix list nobody knows the addresses: packets to some of them prove no more than that.
                exact = service == S3 or bool(packets.names(world, service))
                hold(verdict.outcome, fates, exact=exact, where=f"world {seed}, {interface_id}, {service}: {verdict}")
                seen[verdict.outcome, verdict.broken.key if verdict.broken else ""] += 1


def test_an_interface_reaches_a_service_as_its_packets_do() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    compare(seen)
    # The worlds are worth asking: each outcome comes up, and traffic stops at each kind of hop.
    assert {outcome for outcome, _ in seen} == set(Outcome)
    stops = {key for _, key in seen}
    assert {"dns", "route", "group-out", "group-in", "state", "acl-source-out", "acl-source-back"} <= stops


def _without_answers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(crossings, "ORDER", tuple(key for key in crossings.ORDER if "back" not in key))


def _rules_in_any_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acls, "entries", lambda acl, egress: [e for e in acl.data["entries"] if e["egress"] is egress])


def _everybody_gets_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reachability, "lets_in", lambda *_, rects, **__: Passage(rects))


def _state_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reachability, "_state", lambda *_: None)


@pytest.mark.parametrize("fault", [_without_answers, _rules_in_any_order, _everybody_gets_in, _state_does_not_matter])
def test_the_packets_find_a_fault(fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch)
    with pytest.raises(AssertionError, match="world"):
        compare(Counter())


def test_a_subnet_reaches_a_service_as_the_packets_of_all_its_clients_do() -> None:
    seen: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + WORLDS // 2):
        world = world_of(seed)
        snapshot = snapshot_of(world, SERVICE)
        if not packets.names(world, SERVICE):
            continue
        groups = list(world["security_groups"])
        choices = [list(some) for size in (1, 2, len(groups)) for some in combinations(groups, size)]
        for subnet_id, subnet in world["subnets"].items():
            verdict = reach(snapshot, source_of(snapshot, subnet_id), SERVICE)
            fates = {
                fate
                for address in edges(world, subnet["cidr_block"], spare=4)
                for some in choices
                for fate in sent(
                    world, {"subnet_id": subnet_id, "ip": address, "groups": some, "public": False}, SERVICE
                )
            }
            hold(verdict.outcome, fates, exact=True, where=f"world {seed}, {subnet_id}: {verdict}")
            seen[verdict.outcome] += 1
    assert {Outcome.PRIVATE, Outcome.PARTLY, Outcome.BROKEN} <= set(seen)
