"""Network ACLs: rules in the order of their numbers, the first that matches decides, and none means no.

Source: Amazon VPC user guide, "Network ACL rules" and "Ephemeral ports". They see traffic that enters or leaves a
subnet, never what stays in it, and they don't remember: the answer needs a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from endpoints.network.flows import Block, Rect, block, cut
from endpoints.network.groups import TCP, Passage
from endpoints.network.snapshot import Part

LAST_RULE = 32767
"""The number that AWS gives the rule `*`, which denies the rest."""


def passes(
    acl: Part,
    *,
    egress: bool,
    rects: tuple[Rect, ...],
    version: int,
    peer: Block | None = None,
    port: int | None = None,
) -> tuple[Passage, str]:
    """Return what the ACL lets through with the rule that lets it, and the rule that stops the rest.

    `peer` is the other side's address; without it the clients are the other side. `port` is the port the packets are
    sent to; without it they are answers, sent to the client's own port.
    """
    left, kept, allowing, denying = list(rects), list[Rect](), "", ""
    for entry in entries(acl, egress):
        region = _region(entry, version, peer, port)
        if region is None or not left:
            continue
        inside, left = cut(left, region)
        if inside and entry.get("action") == "allow":
            kept += inside
            allowing = allowing or words(acl, entry)
        elif inside:
            denying = denying or words(acl, entry)
    if left:
        denying = denying or f"{acl.label}: no {_way(egress)} rule allows it, and the last rule denies the rest"
    whole = not left and not denying
    return Passage(rects if whole else tuple(kept), allowing), denying


def entries(acl: Part, egress: bool) -> Iterator[Mapping[str, Any]]:
    """Yield the rules of a direction in the order in which AWS asks them."""
    rules = [item for item in acl.data.get("entries", ()) if bool(item.get("egress")) is egress]
    yield from sorted(rules, key=lambda item: int(item["rule_number"]))


def free_number(acl: Part, egress: bool) -> int:
    """Return the number of a rule that would be asked before all others, or where 1 is taken the next one free."""
    numbers = {int(item["rule_number"]) for item in entries(acl, egress)} | {LAST_RULE}
    first = min(100, min(numbers) - 1)
    return first if first > 0 else min(set(range(1, LAST_RULE)) - numbers)


def _region(entry: Mapping[str, Any], version: int, peer: Block | None, port: int | None) -> Rect | None:
    """Return the clients and ports that a rule is about; None when it is about none of them."""
    protocol = str(entry.get("protocol", "-1"))
    found = block(str(entry.get("cidr", "")))
    if protocol not in ("-1", *TCP) or found is None or found.version != version:
        return None
    first, last = 0, 65535
    if protocol != "-1" and entry.get("from_port") is not None:
        first, last = int(entry["from_port"]), int(entry["to_port"])
    if port is not None and not first <= port <= last:
        return None
    if peer is not None and not found.holds(peer):
        return None
    low, high = (first, last) if port is None else (0, 65535)
    if peer is not None:
        return Rect(0, 2**128, low, high)
    return Rect(found.first, found.last, low, high)


def words(acl: Part, entry: Mapping[str, Any]) -> str:
    """Return a rule as a person reads it in AWS."""
    protocol, first, last = str(entry.get("protocol", "-1")), entry.get("from_port"), entry.get("to_port")
    what = "all traffic" if protocol == "-1" else "TCP"
    if protocol != "-1" and first is not None:
        what += f" {first}" if first == last else f" {first} to {last}"
    number = "*" if entry.get("rule_number") == LAST_RULE else entry.get("rule_number")
    side = "to" if entry.get("egress") else "from"
    verb = "allows" if entry.get("action") == "allow" else "denies"
    return f"{acl.label}: {_way(bool(entry.get('egress')))} rule {number} {verb} {what} {side} {entry.get('cidr')}"


def _way(egress: bool) -> str:
    return "outbound" if egress else "inbound"
