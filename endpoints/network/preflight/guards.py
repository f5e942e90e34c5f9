"""Security groups and network ACLs: who gets in, who gets out, and whether answers come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from endpoints.domain.rules import INGRESS
from endpoints.domain.specs import EndpointSpec
from endpoints.network import remedies
from endpoints.network.passages import EPHEMERAL, HTTPS, Passage, concerns, through_acl, through_rules
from endpoints.network.preflight.findings import Finding
from endpoints.network.snapshot import Part, Snapshot

GROUPS_PER_INTERFACE = 5
"""AWS's default quota of security groups on a network interface (VPC quotas); it can be raised to 16."""
MOST_GROUPS = 16
_SHOWN = 3
_OFFERED = 20
"""How many rules are offered at once; the others come when these are carried."""


def outbound_allowed(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Groups that restrict outbound traffic need a rule to the service's prefix list."""
    if not spec.is_gateway or not spec.route_table_ids or not snapshot.prefix_list_id:
        return
    closed = [
        part for part in snapshot.security_groups.values() if not _lets_out(part.data.get("egress", ()), snapshot)
    ]
    if closed:
        labels = ", ".join(sorted(part.label for part in closed))
        message = f"These security groups don't let their members out to {spec.short_service}: {labels}."
        cure = remedies.let_out(snapshot.prefix_list_id)
        ids = sorted(part.aws_id for part in closed)[:_OFFERED]
        offers = (remedies.rule_out(item, snapshot.prefix_list_id, spec.service_name) for item in ids)
        yield Finding("outbound-closed", "warn", "route_table_ids", message, cure, tuple(offers))


def inbound_allowed(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The guarding groups must let the VPC's clients in on TCP 443."""
    if not spec.has_network_interfaces or snapshot.vpc is None:
        return
    groups = snapshot.guarding_groups(spec)
    ids = [part.aws_id for part in groups]
    rules = [rule for item in ids for rule in remedies.https_rules(snapshot, item)]
    blocks = remedies.vpc_blocks(snapshot, spec.ip_address_type)
    found = remedies.let_in(snapshot, ids, ip_address_type=spec.ip_address_type, service_name=spec.service_name)
    names = ", ".join(part.label for part in groups) or "the VPC's default group"
    field = "security_group_ids"
    if not rules:
        message = f"Nobody gets in: {names} has no inbound rule for TCP 443."
        yield Finding("inbound-closed", "warn", field, message, found.text, found.rules)
    elif not _named_by_group(rules):
        resolved = [remedies.resolved(rule, snapshot) for rule in rules]
        passages = [through_rules(resolved, block=block, ports=HTTPS) for block in blocks]
        if blocks and _none(passages):
            message = f"Nobody in the VPC gets in on TCP 443: {names} lets in others only."
            yield Finding("inbound-closed", "warn", field, message, found.text, found.rules)
        elif any(item is not Passage.ALL for item in passages):
            message = f"Only a part of the VPC gets in on TCP 443 through {names}."
            yield Finding("inbound-partial", "info", field, message, found.text, found.rules)


def rules_carried(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A request carries rules that cure what the other rules find, and no others."""
    possible = {item.content for item in remedies.possible_rules(spec, snapshot)}
    had = {item.content for item in snapshot.former.group_rules} if snapshot.former else set()
    for rule in spec.group_rules:
        part = snapshot.security_groups.get(rule.group_id)
        label = part.label if part else rule.group_id
        if rule.content in had:
            message = f"The endpoint keeps the rule of {label} that it carries: {rule.words}."
        elif rule.content in possible:
            way = "in" if rule.direction == INGRESS else "out"
            message = f"The request adds a rule to {label}, so that clients get {way}: {rule.words}."
        else:
            message = f"A rule of {label} isn't one that this endpoint needs: {rule.words}."
            cure = "Take it out, or choose the group, VPC and service that it belongs to."
            yield Finding("rule-not-offered", "block", "group_rules", message, cure)
            continue
        cure = "It is removed with the endpoint, unless it was there before."
        yield Finding("rule-carried", "info", "group_rules", message, cure, (rule,))


def default_group_used(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """No group chosen means the VPC's default group."""
    default = snapshot.default_group()
    if spec.has_network_interfaces and not spec.security_group_ids and default:
        message = f"No security group is chosen: AWS attaches the VPC's default group, {default.aws_id}."
        cure = "Choose a group whose inbound rules let the VPC's clients in on TCP 443."
        yield Finding("default-group", "info", "security_group_ids", message, cure)


def groups_within_quota(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A network interface takes 5 security groups, and 16 where the quota was raised."""
    count = len(spec.security_group_ids)
    if count > GROUPS_PER_INTERFACE:
        severity = "block" if count > MOST_GROUPS else "warn"
        message = f"{count} security groups are chosen; a network interface takes {GROUPS_PER_INTERFACE} by default."
        cure = f"Choose fewer, or have the quota raised; AWS raises it to {MOST_GROUPS} at most."
        yield Finding("quota-groups", severity, "security_group_ids", message, cure)


def acls_open(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The network ACLs let the request through one way and the answer, on ephemeral ports, the other."""
    if spec.is_gateway:
        yield from _to_gateway(spec, snapshot)
    elif spec.has_network_interfaces and snapshot.vpc is not None:
        yield from _to_interfaces(spec, snapshot)


def clients_acls_open(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Subnets without the endpoint reach it through two ACLs: theirs must let the request out and the answer in."""
    if not spec.has_network_interfaces:
        return
    blocks = remedies.subnet_blocks(snapshot, spec.subnet_ids, spec.ip_address_type)
    clients = [item for item in snapshot.subnets if item not in spec.subnet_ids]
    for acl, subnets in _by_acl(clients, snapshot):
        out = [through_acl(acl.data, egress=True, block=block, ports=HTTPS) for block in blocks]
        back = [through_acl(acl.data, egress=False, block=block, ports=EPHEMERAL) for block in blocks]
        if blocks and (_none(out) or _none(back)):
            what = "requests out on TCP 443" if _none(out) else "answers in on ports 1024 to 65535"
            message = f"{acl.label} lets no {what} between {_labels(subnets)} and the endpoint's subnets."
            yield Finding("acl-clients", "info", "subnet_ids", message, remedies.acl_of_clients(acl, blocks))


def _to_interfaces(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    blocks = remedies.vpc_blocks(snapshot, spec.ip_address_type)
    for acl, subnets in _by_acl(spec.subnet_ids, snapshot) if blocks else ():
        came = [through_acl(acl.data, egress=False, block=block, ports=HTTPS) for block in blocks]
        went = [through_acl(acl.data, egress=True, block=block, ports=EPHEMERAL) for block in blocks]
        where = f"{acl.label}, the network ACL of {_labels(subnets)},"
        cure = remedies.acl_of_endpoint(acl, blocks)
        yield from _judged("subnet_ids", "acl-inbound", where, came, went, cure)


def _to_gateway(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    blocks = [block for block in _ranges_of_service(snapshot) if ":" not in block]
    tables = set(spec.route_table_ids)
    clients = [item for item in snapshot.subnets if (table := snapshot.route_table_of(item)) and table.aws_id in tables]
    for acl, subnets in _by_acl(clients, snapshot) if blocks else ():
        went = [through_acl(acl.data, egress=True, block=block, ports=HTTPS) for block in blocks]
        came = [through_acl(acl.data, egress=False, block=block, ports=EPHEMERAL) for block in blocks]
        where = f"{acl.label}, the network ACL of {_labels(subnets)},"
        cure = remedies.acl_to_service(acl, snapshot.prefix_list_id)
        yield from _judged("route_table_ids", "acl-outbound", where, went, came, cure)


def _judged(
    field: str, rule: str, where: str, there: list[Passage], back: list[Passage], cure: str
) -> Iterator[Finding]:
    if _none(there):
        way = "in" if rule == "acl-inbound" else "out to the service"
        yield Finding(rule, "warn", field, f"{where} lets nobody {way} on TCP 443.", cure)
    elif _none(back):
        message = f"{where} lets no answer {'out' if rule == 'acl-inbound' else 'in'} on the ports 1024 to 65535."
        yield Finding("acl-return", "warn", field, message, cure)
    elif any(item is not Passage.ALL for item in (*there, *back)):
        message = f"{where} lets a part of the traffic through only."
        yield Finding("acl-partial", "info", field, message, cure)


def _none(passages: list[Passage]) -> bool:
    return all(item is Passage.NONE for item in passages)


def _by_acl(subnet_ids: Iterable[str], snapshot: Snapshot) -> list[tuple[Part, list[Part]]]:
    """Return each ACL once, with the subnets that it guards; what isn't known is left out."""
    found: dict[str, tuple[Part, list[Part]]] = {}
    for item in subnet_ids:
        acl = snapshot.acl_of(item)
        if acl and item in snapshot.subnets:
            found.setdefault(acl.aws_id, (acl, []))[1].append(snapshot.subnets[item])
    return list(found.values())


def _labels(parts: list[Part]) -> str:
    names = sorted(part.name or part.aws_id for part in parts)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _ranges_of_service(snapshot: Snapshot) -> list[str]:
    part = snapshot.prefix_lists.get(snapshot.prefix_list_id)
    return list(part.data.get("cidrs", ())) if part else []


def _named_by_group(rules: list[Mapping[str, Any]]) -> bool:
    """Tell whether a rule names a group: who is in it can't be told from the rule, and nobody must cry wolf."""
    return any(rule.get("groups") for rule in rules)


def _lets_out(rules: Iterable[Mapping[str, Any]], snapshot: Snapshot) -> bool:
    """Tell whether rules let TCP 443 out to the service's prefix list: by its id, or by ranges that hold its own.

    A rule may name ranges by another list, which `resolved` opens.
    """
    rules = [rule for rule in rules if concerns(rule, HTTPS)]
    if any(snapshot.prefix_list_id in rule.get("prefix_lists", ()) for rule in rules):
        return True
    blocks = _ranges_of_service(snapshot) or ["0.0.0.0/0"]
    rules = [remedies.resolved(rule, snapshot) for rule in rules]
    return all(through_rules(rules, block=block, ports=HTTPS) is Passage.ALL for block in blocks if ":" not in block)
