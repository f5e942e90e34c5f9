"""How much of a flow rules let through: exactly, over every address and port of it.

A flow is TCP between the VPC's side and a block of addresses, on a range of ports. Network ACLs are read in the order
of their numbers, and deny what no entry names (VPC user guide, "Network ACL rules"); rules of security groups only
allow, and their order doesn't matter.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

HTTPS = (443, 443)
EPHEMERAL = (1024, 65535)
"""The ports on which clients take answers, of all systems (VPC user guide, "Ephemeral ports")."""
_TCP = ("tcp", "6")
_ALL = "-1"


class Passage(StrEnum):
    """How much of a flow gets through."""

    ALL = "all"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class _Area:
    """Addresses and ports, both ends included; addresses of one version as numbers."""

    version: int
    first: int
    last: int
    low: int
    high: int

    @property
    def size(self) -> int:
        return (self.last - self.first + 1) * (self.high - self.low + 1)

    def common(self, other: _Area) -> _Area | None:
        first, last = max(self.first, other.first), min(self.last, other.last)
        low, high = max(self.low, other.low), min(self.high, other.high)
        if self.version != other.version or first > last or low > high:
            return None
        return _Area(self.version, first, last, low, high)

    def without(self, part: _Area) -> Iterator[_Area]:
        """Yield what is left when `part`, which lies inside, is taken out."""
        if self.first < part.first:
            yield _Area(self.version, self.first, part.first - 1, self.low, self.high)
        if part.last < self.last:
            yield _Area(self.version, part.last + 1, self.last, self.low, self.high)
        if self.low < part.low:
            yield _Area(self.version, part.first, part.last, self.low, part.low - 1)
        if part.high < self.high:
            yield _Area(self.version, part.first, part.last, part.high + 1, self.high)


Verdict = tuple[bool, _Area]


def through_acl(acl: Mapping[str, Any], *, egress: bool, block: str, ports: tuple[int, int]) -> Passage:
    """Return how much of a flow an ACL's data lets through, one way."""
    entries = sorted(
        (entry for entry in acl.get("entries", ()) if bool(entry["egress"]) is egress),
        key=lambda entry: entry["rule_number"],
    )
    return _passage(block, ports, (item for entry in entries for item in _of_entry(entry)))


def through_rules(rules: Iterable[Mapping[str, Any]], *, block: str, ports: tuple[int, int]) -> Passage:
    """Return how much of a flow the rules of security groups let through, by the addresses that they name."""
    return _passage(block, ports, (item for rule in rules for item in _of_rule(rule)))


def concerns(rule: Mapping[str, Any], ports: tuple[int, int]) -> bool:
    """Tell whether a rule of a security group speaks of TCP on all of these ports."""
    found = _ports(rule)
    return found is not None and found[0] <= ports[0] and ports[1] <= found[1]


def _passage(block: str, ports: tuple[int, int], verdicts: Iterable[Verdict]) -> Passage:
    whole = _area(block, ports)
    if whole is None:
        return Passage.NONE
    left, passed = [whole], 0
    for allows, area in verdicts:
        rest: list[_Area] = []
        for item in left:
            part = item.common(area)
            if part is None:
                rest.append(item)
                continue
            passed += part.size if allows else 0
            rest += item.without(part)
        left = rest
    if not passed:
        return Passage.NONE
    return Passage.ALL if passed == whole.size else Passage.PART


def _of_entry(entry: Mapping[str, Any]) -> Iterator[Verdict]:
    ports = _ports(entry)
    area = _area(entry.get("cidr", ""), ports) if ports else None
    if area:
        yield entry.get("action") == "allow", area


def _of_rule(rule: Mapping[str, Any]) -> Iterator[Verdict]:
    ports = _ports(rule)
    for cidr in rule.get("cidrs", ()) if ports else ():
        area = _area(cidr, ports)
        if area:
            yield True, area


def _ports(rule: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return a rule's TCP ports, or None where it doesn't speak of TCP."""
    protocol = str(rule.get("protocol", ""))
    if protocol == _ALL:
        return 0, 65535
    if protocol not in _TCP:
        return None
    first, last = rule.get("from_port"), rule.get("to_port")
    return (0, 65535) if first is None else (int(first), int(first if last is None else last))


def _area(block: str, ports: tuple[int, int] | None) -> _Area | None:
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return None
    if ports is None:
        return None
    return _Area(network.version, int(network[0]), int(network[-1]), *ports)
