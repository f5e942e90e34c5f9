"""What to do where traffic stops: the portal's form that repairs it, or a line for somebody with access to AWS."""

from __future__ import annotations

from endpoints.network import dns
from endpoints.network.dns import Question
from endpoints.network.flows import Block, Rect
from endpoints.network.groups import lets_in
from endpoints.network.hops import Cure, Source, Target
from endpoints.network.routes import Path
from endpoints.network.snapshot import Part, Snapshot


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
        return Cure(f"Have {gateway.label} serve the route table {table.label}.", "modify", fields)
    interfaces = question.endpoints("Interface")
    return dns.silence_cure(question, interfaces)


def egress_cure(source: Source, group_ids: tuple[str, ...], target: Target, port: int) -> Cure:
    """Return the outbound rule that lets a client call the target."""
    group = group_ids[0] if group_ids else ""
    peer, words = _peer(target)
    text = f"Have {group or 'the source’s security group'} let TCP {port} out to {words}."
    command = (
        f"aws ec2 authorize-security-group-egress --group-id {group} "
        f"--ip-permissions IpProtocol=tcp,FromPort={port},ToPort={port},{peer}"
    )
    return Cure(text, command=command if group else "")


def _peer(target: Target) -> tuple[str, str]:
    """Return a rule's other side as the AWS CLI writes it, and in words."""
    if target.group_ids:
        return f"UserIdGroupPairs=[{{GroupId={target.group_ids[0]}}}]", f"the endpoint's group {target.group_ids[0]}"
    if target.prefix_list_id:
        return f"PrefixListIds=[{{PrefixListId={target.prefix_list_id}}}]", f"the prefix list {target.prefix_list_id}"
    return "IpRanges=[{CidrIp=0.0.0.0/0}]", "0.0.0.0/0"


def ingress_cure(snapshot: Snapshot, source: Source, target: Target, port: int) -> Cure:
    """Return how the endpoint lets the source in: another group of the VPC that does, or a rule more."""
    better = _group_that_lets_in(snapshot, source, target, port)
    if better:
        added = (*(target.group_ids or ()), better.aws_id)
        fields: dict[str, str | tuple[str, ...]] = {"endpoint_id": target.endpoint_id, "security_group_ids": added}
        return Cure(f"Give the endpoint the group {better.label} as well: it lets them in.", "modify", fields)
    group = next(iter(target.group_ids or ()), "")
    key = "CidrIp" if target.version == 4 else "CidrIpv6"
    ranges = "IpRanges" if target.version == 4 else "Ipv6Ranges"
    if source.group_ids:
        words, peer = source.group_ids[0], f"UserIdGroupPairs=[{{GroupId={source.group_ids[0]}}}]"
    else:
        words = _range(source, target.version)
        peer = f"{ranges}=[{{{key}={words}}}]"
    text = f"Have {group or 'the endpoint’s group'} let TCP {port} in from {words}."
    command = (
        f"aws ec2 authorize-security-group-ingress --group-id {group} "
        f"--ip-permissions IpProtocol=tcp,FromPort={port},ToPort={port},{peer}"
    )
    return Cure(text, command=command if group else "")


def _group_that_lets_in(snapshot: Snapshot, source: Source, target: Target, port: int) -> Part | None:
    """Return the first other group of the VPC by whose own ranges every address of the source gets in."""
    rects = tuple(Rect(item.first, item.last, 0, 0) for item in _of(source, target.version))
    for part in sorted(snapshot.security_groups.values(), key=lambda item: item.label):
        if part.aws_id in (target.group_ids or ()):
            continue
        clients = source.group_ids or ()
        found = lets_in(snapshot, (part.aws_id,), rects=rects, version=target.version, clients=clients, port=port)
        if rects and not found.unknown and found.rects == rects:
            return part
    return None


def _of(source: Source, version: int) -> list[Block]:
    return [item for item in source.blocks if item.version == version]


def _range(source: Source, version: int) -> str:
    if source.kind != "subnet":
        return next((item.text for item in _of(source, version)), "") + ("/32" if version == 4 else "/128")
    if version == 4:
        return str(source.subnet.data.get("cidr_block", ""))
    return next(iter(source.subnet.data.get("ipv6_cidr_blocks", ())), "")
