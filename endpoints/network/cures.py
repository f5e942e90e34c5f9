"""What to do where traffic stops: the portal's form that repairs it, or a line for somebody with access to AWS."""

from __future__ import annotations

from endpoints.domain.rules import GroupRule
from endpoints.network import dns, remedies
from endpoints.network.dns import Question
from endpoints.network.hops import HTTPS, Cure, Target
from endpoints.network.remedies import ROUTE_TABLES
from endpoints.network.routes import Path
from endpoints.network.snapshot import Snapshot


def route_cure(question: Question, path: Path) -> Cure:
    """Return how traffic to public addresses gets a route, best through an endpoint."""
    snapshot = question.snapshot
    table = snapshot.route_table_of(question.source.subnet.aws_id)
    gateway = next(iter(question.endpoints("Gateway")), None)
    if gateway and table:
        added = (*gateway.data.get("route_table_ids", ()), table.aws_id)
        fields: dict[str, str | tuple[str, ...]] = {
            "endpoint_id": gateway.aws_id,
            "route_table_ids": tuple(dict.fromkeys(added)),
        }
        return Cure(ROUTE_TABLES, "modify", fields)
    interfaces = question.endpoints("Interface")
    return dns.silence_cure(question, interfaces)


def egress_cure(group_ids: tuple[str, ...], target: Target, path: Path, port: int) -> Cure:
    """Return the outbound rule that lets a client call the target; the endpoint of its route can carry it."""
    group = group_ids[0] if group_ids else ""
    peer, words = _peer(target)
    text = f"Have {group or 'the source’s security group'} let TCP {port} out to {words}."
    command = (
        f"aws ec2 authorize-security-group-egress --group-id {group} "
        f"--ip-permissions IpProtocol=tcp,FromPort={port},ToPort={port},{peer}"
    )
    gateway = path.last.target if path.end == "endpoint" and path.last else ""
    if group and gateway and target.prefix_list_id and not target.group_ids and port == HTTPS:
        rule = remedies.rule_out(group, target.prefix_list_id, "")
        fields: dict[str, str | tuple[str, ...]] = {"endpoint_id": gateway, "group_rules": (rule.key,)}
        return Cure(remedies.let_out(target.prefix_list_id), "modify", fields, command)
    return Cure(text, command=command if group else "")


def _peer(target: Target) -> tuple[str, str]:
    """Return a rule's other side as the AWS CLI writes it, and in words."""
    if target.group_ids:
        return f"UserIdGroupPairs=[{{GroupId={target.group_ids[0]}}}]", f"the endpoint's group {target.group_ids[0]}"
    if target.prefix_list_id:
        return f"PrefixListIds=[{{PrefixListId={target.prefix_list_id}}}]", f"the prefix list {target.prefix_list_id}"
    return "IpRanges=[{CidrIp=0.0.0.0/0}]", "0.0.0.0/0"


def ingress_cure(snapshot: Snapshot, target: Target, service_name: str, port: int) -> Cure:
    """Return how the endpoint lets the VPC in: another group of it that does, or a rule that a request can carry."""
    endpoint = snapshot.endpoints.get(target.endpoint_id)
    kind = str(endpoint.data.get("ip_address_type", "")) if endpoint else ""
    group_ids = target.group_ids or ()
    found = remedies.let_in(snapshot, group_ids, ip_address_type=kind, service_name=service_name)
    fields: dict[str, str | tuple[str, ...]] = {"endpoint_id": target.endpoint_id}
    if port != HTTPS:
        return Cure(f"Have the endpoint’s group let TCP {port} in.")
    if found.better:
        return Cure(found.text, "modify", {**fields, "security_group_ids": (*group_ids, found.better.aws_id)})
    if not found.rules:
        return Cure(found.text)
    commands = "\n".join(_command(rule) for rule in found.rules)
    return Cure(found.text, "modify", {**fields, "group_rules": tuple(rule.key for rule in found.rules)}, commands)


def _command(rule: GroupRule) -> str:
    peer = f"Ipv6Ranges=[{{CidrIpv6={rule.cidr}}}]" if ":" in rule.cidr else f"IpRanges=[{{CidrIp={rule.cidr}}}]"
    return (
        f"aws ec2 authorize-security-group-ingress --group-id {rule.group_id} "
        f"--ip-permissions IpProtocol={rule.protocol},FromPort={rule.from_port},ToPort={rule.to_port},{peer}"
    )
