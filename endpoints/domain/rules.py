"""Rules of security groups that a request carries: as asked for, and as AWS has them.

Members are those of EC2's SecurityGroupRule in snake_case (EC2 API model 2016-11-15).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import ip_network
from typing import Any, Self

INGRESS, EGRESS = "ingress", "egress"
MOST_RULES = 20
"""What one endpoint may carry. AWS takes 60 rules a group and direction by default (VPC quotas)."""
LONGEST_DESCRIPTION = 255
_DESCRIPTION = re.compile(r"\A[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*\Z")
"""What AWS takes in a rule's description (EC2 API reference, IpRange)."""
_GROUP_ID = re.compile(r"\Asg-[0-9a-f]{8,17}\Z")
_PREFIX_LIST_ID = re.compile(r"\Apl-[0-9a-f]{8,17}\Z")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class GroupRule:
    """One rule of one security group. Exactly one of `cidr`, `prefix_list_id` and `source_group_id` is the peer."""

    group_id: str
    direction: str
    from_port: int
    to_port: int
    protocol: str = "tcp"
    cidr: str = ""
    prefix_list_id: str = ""
    source_group_id: str = ""
    description: str = ""

    @property
    def peer(self) -> str:
        """Return the other side: a range, a prefix list's id or a group's."""
        return self.cidr or self.prefix_list_id or self.source_group_id

    @property
    def content(self) -> GroupRule:
        """Return what AWS tells rules apart by: all of it but the description."""
        return replace(self, description="")

    @property
    def key(self) -> str:
        """Return the content as a text for forms, links and drift."""
        return f"{self.group_id} {self.direction} {self.protocol} {self.from_port}-{self.to_port} {self.peer}"

    @property
    def words(self) -> str:
        """Return what it lets through, the group aside: `TCP 443 in from 10.0.0.0/16`."""
        ports = f"{self.from_port}" if self.from_port == self.to_port else f"{self.from_port} to {self.to_port}"
        way = "in from" if self.direction == INGRESS else "out to"
        kind = "the prefix list " if self.prefix_list_id else "the group " if self.source_group_id else ""
        return f"{self.protocol.upper()} {ports} {way} {kind}{self.peer}"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return a rule from JSON. Raises ValueError that says which member is unknown, missing or of another kind."""
        known = {item.name: item for item in fields(cls)}
        unknown = sorted(set(values) - set(known))
        missing = [name for name in ("group_id", "direction", "from_port", "to_port") if name not in values]
        if unknown or missing:
            raise ValueError(f"A rule has no member {unknown[0]}." if unknown else f"A rule needs {missing[0]}.")
        for name, value in values.items():
            kind = int if name in ("from_port", "to_port") else str
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ValueError(f"A rule's {name} is {'a number' if kind is int else 'a text'}.")
        return cls(**values)

    def problem(self) -> str:
        """Return what is wrong with it in a sentence, or an empty text."""
        peers = [item for item in (self.cidr, self.prefix_list_id, self.source_group_id) if item]
        told = len(self.description) <= LONGEST_DESCRIPTION and _DESCRIPTION.match(self.description)
        fits = (
            (_GROUP_ID.match(self.group_id), "A rule's group is of the form sg-…."),
            (self.direction in (INGRESS, EGRESS), "A rule's direction is ingress or egress."),
            (self.protocol == "tcp", "The portal carries rules for TCP alone."),
            (1 <= self.from_port <= self.to_port <= 65535, "A rule's ports are from 1 to 65535, the lower one first."),
            (len(peers) == 1, "A rule has one peer: a range, a prefix list or a group."),
            (not self.cidr or _is_range(self.cidr), "A rule's range is written as 10.0.0.0/16, and isn't everywhere."),
            (_PREFIX_LIST_ID.match(self.prefix_list_id or "pl-00000000"), "A prefix list is of the form pl-…."),
            (_GROUP_ID.match(self.source_group_id or self.group_id), "A rule's source is of the form sg-…."),
            (told, "A rule's description has at most 255 characters that AWS takes."),
        )
        return next((text for is_so, text in fits if not is_so), "")


def _is_range(text: str) -> bool:
    """Tell whether a text is a range as AWS writes it, and not the whole internet: that is never the cure."""
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False


def problem_of(rules: Iterable[GroupRule]) -> str:
    """Return what is wrong with the rules of one endpoint in a sentence, or an empty text."""
    rules = list(rules)
    if len(rules) > MOST_RULES:
        return f"Carry at most {MOST_RULES} rules."
    if len({item.content for item in rules}) != len(rules):
        return "The same rule stands here twice; keep one."
    return next((text for item in rules if (text := item.problem())), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRule:
    """A rule as DescribeSecurityGroupRules gives it. `operation` is the portal's tag on it; empty: somebody else's."""

    rule_id: str
    rule: GroupRule
    operation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRule:
    """A rule that AWS has and that is of interest to one endpoint.

    `ours` tells that this portal made it, `shared` that another live endpoint of the portal asks for it, too: then it
    outlives this one.
    """

    rule_id: str
    rule: GroupRule
    ours: bool = False
    shared: bool = False

    @property
    def goes(self) -> bool:
        """Tell whether it is removed when the endpoint no longer asks for it."""
        return self.ours and not self.shared

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `asdict` wrote."""
        return cls(**{**values, "rule": GroupRule(**values["rule"])})


def missing(desired: Iterable[GroupRule], observed: Iterable[ObservedRule]) -> tuple[GroupRule, ...]:
    """Return the rules that are asked for and that AWS doesn't have, whoever made them."""
    there = {item.rule.content for item in observed}
    return tuple(item for item in desired if item.content not in there)


def surplus(desired: Iterable[GroupRule], observed: Iterable[ObservedRule]) -> tuple[ObservedRule, ...]:
    """Return the rules that the portal made for the endpoint, and that nobody asks for any more."""
    wanted = {item.content for item in desired}
    return tuple(item for item in observed if item.goes and item.rule.content not in wanted)
