"""Security groups: what lets traffic out of a client and into an endpoint's interface.

Sources: Amazon VPC user guide, "Security group rules" (all rules of all groups together; answers always pass) and
"Security group referencing" (a group stands for the private addresses of the interfaces that have it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.network.flows import Block, Rect, block, blocks, cut
from endpoints.network.snapshot import Part, Snapshot

TCP = ("tcp", "6")


@dataclass(frozen=True, slots=True)
class Passage:
    """What gets through, and what decided. `unknown` tells that a rule's meaning can't be read."""

    rects: tuple[Rect, ...]
    evidence: str = ""
    unknown: bool = False


def tcp_ports(rule: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the first and last TCP port that a rule is about, or None where it isn't about TCP."""
    protocol, first, last = str(rule.get("protocol", "-1")), rule.get("from_port"), rule.get("to_port")
    if protocol not in ("-1", *TCP):
        return None
    if protocol == "-1" or first in (None, -1):
        return 0, 65535
    return int(first), int(first if last is None else last)


def covers(rule: Mapping[str, Any], port: int) -> bool:
    """Tell whether a rule is about TCP on this port."""
    ports = tcp_ports(rule)
    return ports is not None and ports[0] <= port <= ports[1]


def rules_of(
    snapshot: Snapshot, group_ids: Iterable[str], direction: str, port: int
) -> Iterator[tuple[Part, Mapping[str, Any]]]:
    """Yield the rules about TCP on a port of the groups that are known, with their groups."""
    for group_id in group_ids:
        part = snapshot.security_groups.get(group_id)
        for rule in part.data.get(direction, ()) if part else ():
            if part and covers(rule, port):
                yield part, rule


def lets_out(
    snapshot: Snapshot,
    group_ids: tuple[str, ...],
    *,
    address: Block,
    peers: tuple[str, ...],
    prefix_list_id: str,
    port: int,
) -> tuple[bool | None, str]:
    """Tell whether a client's groups let it call an address (None: it can't be read), and by which rule."""
    unsure = next((f"{item} isn't known" for item in group_ids if item not in snapshot.security_groups), "")
    for part, rule in rules_of(snapshot, group_ids, "egress", port):
        for cidr in rule.get("cidrs", ()):
            found = block(cidr)
            if found and found.holds(address):
                return True, words(part, rule, "outbound", cidr)
        for item in rule.get("groups", ()):
            if item in peers:
                return True, words(part, rule, "outbound", item)
        for item in rule.get("prefix_lists", ()):
            known = cidrs_of(snapshot, item)
            if (item and item == prefix_list_id) or any(entry.holds(address) for entry in known):
                return True, words(part, rule, "outbound", item)
            if not known:
                unsure = unsure or f"what {item} lists isn't known"
    return (None, unsure) if unsure else (False, "")


def lets_in(
    snapshot: Snapshot,
    group_ids: tuple[str, ...],
    *,
    rects: tuple[Rect, ...],
    version: int,
    clients: tuple[str, ...],
    port: int,
) -> Passage:
    """Return which of the clients an interface's groups let in, and the first rule that lets any in."""
    unsure = next((f"{item} isn't known" for item in group_ids if item not in snapshot.security_groups), "")
    left, kept, evidence = list(rects), list[Rect](), ""
    for part, rule in rules_of(snapshot, group_ids, "ingress", port):
        for item in rule.get("groups", ()):
            if item in clients:
                return Passage(rects, words(part, rule, "inbound", item))
        for text in (*rule.get("cidrs", ()), *rule.get("prefix_lists", ())):
            cidr = block(text)
            ranges = (cidr,) if cidr else cidrs_of(snapshot, text)
            if not ranges:
                unsure = unsure or f"what {text} lists isn't known"
            for found in ranges:
                if found.version == version and left:
                    inside, left = cut(left, Rect(found.first, found.last, 0, 65535))
                    kept += inside
                    evidence = evidence or (words(part, rule, "inbound", text) if inside else "")
    if left and unsure:
        return Passage(rects, unsure, unknown=True)
    return Passage(rects if not left else tuple(kept), evidence)


def cidrs_of(snapshot: Snapshot, prefix_list_id: str) -> tuple[Block, ...]:
    """Return the ranges of a prefix list; none where they aren't known."""
    part = snapshot.prefix_lists.get(prefix_list_id)
    return blocks(part.data.get("cidrs", ())) if part and part.data.get("complete", True) else ()


def words(part: Part, rule: Mapping[str, Any], direction: str, peer: str) -> str:
    """Return a rule as a person reads it in AWS."""
    protocol = str(rule.get("protocol", "-1"))
    first, last = rule.get("from_port"), rule.get("to_port")
    if protocol == "-1":
        what = "all traffic"
    elif first is None or first == -1:
        what = "TCP on all ports"
    else:
        what = f"TCP {first}" if last in (None, first) else f"TCP {first} to {last}"
    return f"{part.label}: {direction} {what} {'to' if direction == 'outbound' else 'from'} {peer}"
