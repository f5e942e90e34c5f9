"""How much of a flow rules let through: exactly, over every address and port of it.

A flow is TCP between the VPC's side and a block of addresses, on a range of ports. Network ACLs are read in the order
of their numbers, and deny what no entry names (VPC user guide, "Network ACL rules"); rules of security groups only
allow, and their order doesn't matter. Reachability reasons over the same sets (`flows`, `acls`), so that the form and
an answer about reachability can't differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from endpoints.network import acls
from endpoints.network.flows import EPHEMERAL, Rect, area, blocks, cut
from endpoints.network.flows import block as range_of
from endpoints.network.groups import tcp_ports
from endpoints.network.snapshot import Part

__all__ = ["EPHEMERAL", "HTTPS", "Passage", "concerns", "through_acl", "through_rules"]

HTTPS = (443, 443)


class Passage(StrEnum):
    """How much of a flow gets through."""

    ALL = "all"
    PART = "part"
    NONE = "none"


def through_acl(acl: Mapping[str, Any], *, egress: bool, block: str, ports: tuple[int, int]) -> Passage:
    """Return how much of a flow an ACL's data lets through, one way."""
    found = range_of(block)
    if found is None:
        return Passage.NONE
    whole = (Rect(found.first, found.last, *ports),)
    passed, _ = acls.passes(Part("", "", acl), egress=egress, rects=whole, version=found.version)
    return _passage(area(passed.rects), area(whole))


def through_rules(rules: Iterable[Mapping[str, Any]], *, block: str, ports: tuple[int, int]) -> Passage:
    """Return how much of a flow the rules of security groups let through, by the addresses that they name."""
    found = range_of(block)
    if found is None:
        return Passage.NONE
    left = [Rect(found.first, found.last, *ports)]
    whole = area(left)
    for rule in rules:
        spoken = tcp_ports(rule)
        for item in blocks(rule.get("cidrs", ())):
            if spoken and item.version == found.version:
                _, left = cut(left, Rect(item.first, item.last, *spoken))
    return _passage(whole - area(left), whole)


def concerns(rule: Mapping[str, Any], ports: tuple[int, int]) -> bool:
    """Tell whether a rule of a security group speaks of TCP on all of these ports."""
    found = tcp_ports(rule)
    return found is not None and found[0] <= ports[0] and ports[1] <= found[1]


def _passage(passed: int, whole: int) -> Passage:
    if not passed:
        return Passage.NONE
    return Passage.ALL if passed == whole else Passage.PART
