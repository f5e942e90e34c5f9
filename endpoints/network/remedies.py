"""What cures what: in the same words wherever it is said, in the form, in a request's checks and about reachability.

Where the cure is a rule of a security group, the rule itself: a request can carry it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from endpoints.domain.rules import EGRESS, INGRESS, GroupRule
from endpoints.domain.specs import EndpointSpec, short_service_name
from endpoints.network.hops import HTTPS
from endpoints.network.passages import Passage, concerns, through_rules
from endpoints.network.snapshot import Part, Snapshot

ROUTE_TABLES = "Have the endpoint serve the route tables that its clients follow."
PRIVATE_DNS = "Switch private DNS on, or have clients use the endpoint's own DNS names."


def let_out(prefix_list_id: str) -> str:
    """Return the cure of groups that don't let their members out to a service's prefix list."""
    return f"Add an outbound rule for TCP {HTTPS} to the prefix list {prefix_list_id}."


def acl_of_endpoint(acl: Part, blocks: Iterable[str]) -> str:
    """Return the cure of the network ACL of an endpoint's subnets, for a VPC's ranges."""
    return f"Have {acl.label} allow inbound TCP {HTTPS} and outbound TCP 1024 to 65535 for {', '.join(blocks)}."


def acl_of_clients(acl: Part, blocks: Iterable[str]) -> str:
    """Return the cure of the network ACL of clients, for the ranges of the endpoint's subnets."""
    ranges = ", ".join(blocks)
    return f"Have {acl.label} allow outbound TCP {HTTPS} to, and inbound TCP 1024 to 65535 from, {ranges}."


def acl_to_service(acl: Part, prefix_list_id: str) -> str:
    """Return the cure of the network ACL of a Gateway endpoint's clients."""
    return (
        f"Have {acl.label} allow outbound TCP {HTTPS} to, and inbound TCP 1024 to 65535 from, the ranges of "
        f"{prefix_list_id}; an ACL takes ranges, not prefix lists."
    )


@dataclass(frozen=True, slots=True)
class LetIn:
    """How the groups of an endpoint come to let the VPC in.

    `better` is another group of the VPC that does: then the endpoint needs that one, and no rule has to be added.
    """

    text: str
    rules: tuple[GroupRule, ...] = ()
    better: Part | None = None


def let_in(snapshot: Snapshot, group_ids: Iterable[str], *, ip_address_type: str, service_name: str) -> LetIn:
    """Return how groups let in the ranges of the VPC that they don't."""
    known = sorted(item for item in group_ids if item in snapshot.security_groups)
    rules = [resolved(item, snapshot) for group_id in known for item in https_rules(snapshot, group_id)]
    blocks = vpc_blocks(snapshot, ip_address_type)
    shut = [item for item in blocks if through_rules(rules, block=item, ports=(HTTPS, HTTPS)) is not Passage.ALL]
    shut = shut or blocks
    better = group_that_lets_in(snapshot, shut, known)
    if better:
        return LetIn(f"Give the endpoint the group {better.label} as well: it lets the VPC in.", better=better)
    if not known:
        return LetIn(f"Choose a group that lets TCP {HTTPS} in from {', '.join(shut)}.")
    label = snapshot.security_groups[known[0]].label
    text = f"Add an inbound rule for TCP {HTTPS} from {', '.join(shut)} to {label}."
    return LetIn(text, rules_in(known[0], shut, service_name))


def https_rules(snapshot: Snapshot, group_id: str) -> list[Mapping[str, Any]]:
    """Return a group's inbound rules for TCP 443."""
    part = snapshot.security_groups.get(group_id)
    return [item for item in part.data.get(INGRESS, ()) if concerns(item, (HTTPS, HTTPS))] if part else []


def resolved(rule: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """Return a rule with the ranges of the prefix lists that it names; of one that isn't known, everything."""
    cidrs = list(rule.get("cidrs", ()))
    for item in rule.get("prefix_lists", ()):
        part = snapshot.prefix_lists.get(item)
        known = part and part.data.get("complete")
        cidrs += part.data["cidrs"] if part and known else ["0.0.0.0/0", "::/0"]
    return {**rule, "cidrs": cidrs}


def vpc_blocks(snapshot: Snapshot, ip_address_type: str) -> list[str]:
    """Return the VPC's ranges in the addresses that an endpoint of this type has."""
    data = snapshot.vpc.data if snapshot.vpc else {}
    ipv4 = [item for item in data.get("cidr_blocks") or [data.get("cidr_block", "")] if item]
    ipv6 = list(data.get("ipv6_cidr_blocks", ()))
    return {"ipv6": ipv6, "dualstack": [*ipv4, *ipv6]}.get(ip_address_type, ipv4)


def subnet_blocks(snapshot: Snapshot, subnet_ids: Iterable[str]) -> list[str]:
    """Return the IPv4 ranges of subnets, as far as they are known."""
    parts = (snapshot.subnets[item] for item in subnet_ids if item in snapshot.subnets)
    return [part.data["cidr_block"] for part in parts if part.data.get("cidr_block")]


def rules_in(group_id: str, blocks: Iterable[str], service_name: str) -> tuple[GroupRule, ...]:
    """Return the rules by which a group lets ranges in."""
    told = f"HTTPS to the endpoint for {short_service_name(service_name)}"
    return tuple(
        GroupRule(
            group_id=group_id, direction=INGRESS, from_port=HTTPS, to_port=HTTPS, cidr=item, description=told[:255]
        )
        for item in blocks
    )


def rule_out(group_id: str, prefix_list_id: str, service_name: str) -> GroupRule:
    """Return the rule by which a group lets its members out to a service."""
    told = f"HTTPS to {short_service_name(service_name)} by its prefix list"
    return GroupRule(
        group_id=group_id,
        direction=EGRESS,
        from_port=HTTPS,
        to_port=HTTPS,
        prefix_list_id=prefix_list_id,
        description=told[:255],
    )


def possible_rules(spec: EndpointSpec, snapshot: Snapshot) -> tuple[GroupRule, ...]:
    """Return the rules that a request for this spec can carry, needed or not, and no others.

    Into the group of an Interface endpoint from the VPC's own ranges; out of any group of the VPC to the prefix list
    of a Gateway endpoint's service.
    """
    if spec.has_network_interfaces:
        blocks = vpc_blocks(snapshot, spec.ip_address_type)
        groups = snapshot.guarding_groups(spec)
        return tuple(rule for part in groups for rule in rules_in(part.aws_id, blocks, spec.service_name))
    if spec.is_gateway and snapshot.prefix_list_id:
        ids = snapshot.security_groups
        return tuple(rule_out(item, snapshot.prefix_list_id, spec.service_name) for item in ids)
    return ()


def with_rules(snapshot: Snapshot, added: Iterable[GroupRule], removed: Iterable[GroupRule] = ()) -> Snapshot:
    """Return the snapshot as it is when rules are added to its groups, and others removed."""
    by_group: dict[str, list[tuple[bool, GroupRule]]] = {}
    for rule, comes in (*((item, True) for item in added), *((item, False) for item in removed)):
        by_group.setdefault(rule.group_id, []).append((comes, rule))
    if not by_group:
        return snapshot
    groups = dict(snapshot.security_groups)
    for group_id, rules in by_group.items():
        if part := groups.get(group_id):
            groups[group_id] = Part(part.aws_id, part.name, _with(part.data, rules))
    return replace(snapshot, security_groups=groups)


def _with(data: Mapping[str, Any], rules: Iterable[tuple[bool, GroupRule]]) -> Mapping[str, Any]:
    found = {name: list(data.get(name, ())) for name in (INGRESS, EGRESS)}
    for comes, rule in rules:
        if comes:
            found[rule.direction].append(_entry(rule))
        else:
            found[rule.direction] = list(_without(found[rule.direction], rule))
    return {**data, **found}


def _entry(rule: GroupRule) -> dict[str, Any]:
    """Return a rule as the inventory reads it."""
    return {
        "protocol": rule.protocol,
        "from_port": rule.from_port,
        "to_port": rule.to_port,
        "cidrs": [rule.cidr] if rule.cidr else [],
        "groups": [rule.source_group_id] if rule.source_group_id else [],
        "prefix_lists": [rule.prefix_list_id] if rule.prefix_list_id else [],
    }


def _without(entries: Iterable[Mapping[str, Any]], rule: GroupRule) -> Iterator[Mapping[str, Any]]:
    """Yield the rules of a group without one: the inventory has those with the same ports together."""
    for item in entries:
        if _about(item, rule):
            lists = {name: [peer for peer in item.get(name, ()) if peer != rule.peer] for name in _PEERS}
            if any(lists.values()):
                yield {**item, **lists}
        else:
            yield item


_PEERS = ("cidrs", "groups", "prefix_lists")


def _about(item: Mapping[str, Any], rule: GroupRule) -> bool:
    same = (item.get("protocol"), item.get("from_port"), item.get("to_port")) == (
        rule.protocol,
        rule.from_port,
        rule.to_port,
    )
    return same and any(rule.peer in item.get(name, ()) for name in _PEERS)


def group_that_lets_in(snapshot: Snapshot, blocks: Iterable[str], besides: Iterable[str]) -> Part | None:
    """Return the first other group of the VPC whose own ranges let all of these ranges in."""
    blocks, besides = list(blocks), set(besides)
    for part in sorted(snapshot.security_groups.values(), key=lambda item: item.label):
        rules = https_rules(snapshot, part.aws_id)
        passages = [through_rules(rules, block=item, ports=(HTTPS, HTTPS)) for item in blocks]
        if part.aws_id not in besides and blocks and all(item is Passage.ALL for item in passages):
            return part
    return None
