"""Which network ACLs traffic crosses, on the way there and on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from endpoints.network import acls, remedies
from endpoints.network.flows import EPHEMERAL, Rect, area
from endpoints.network.hops import HTTPS, Cure, Source, Target
from endpoints.network.routes import Path
from endpoints.network.snapshot import Part, Snapshot
from endpoints.network.tracing import Rects, Step


@dataclass(frozen=True, slots=True)
class Crossing:
    """Leaving or entering a subnet. `to_target` tells that the other side is the target, not the client; `answer`
    that the packets are the way back; `by_nat` that they are sent to a port of the NAT gateway's own choice."""

    key: str
    title: str
    subnet_id: str
    egress: bool
    to_target: bool
    answer: bool
    by_nat: bool = False


def crossings(source: Source, target: Target, path: Path) -> Iterator[Crossing]:
    """Yield the crossings in the order of the packets; what stays in a subnet crosses none."""
    own = source.subnet.aws_id
    far = str(path.nat.data.get("subnet_id", "")) if path.nat else target.subnet_id
    if path.end == "beyond" and not path.nat:
        far = ""  # whatever lies there, it isn't in this subnet
    noun = "NAT gateway" if path.nat else "endpoint"
    if far != own:
        yield Crossing("acl-source-out", "Network ACL of the source, outbound", own, True, True, False)
    if far and far != own:
        yield Crossing(f"acl-{_key(path)}-in", f"Network ACL of the {noun}, inbound", far, False, False, False)
    if path.nat and far:  # a regional one stands in no subnet, and no ACL is before it
        yield Crossing("acl-nat-out", "Network ACL of the NAT gateway, outbound", far, True, True, False)
        yield Crossing("acl-nat-back-in", "Network ACL of the NAT gateway, answers in", far, False, True, True, True)
    if far and far != own:
        yield Crossing(f"acl-{_key(path)}-back", f"Network ACL of the {noun}, answers out", far, True, False, True)
    if far != own:
        yield Crossing("acl-source-back", "Network ACL of the source, answers in", own, False, True, True)


def _key(path: Path) -> str:
    return "nat" if path.nat else "endpoint"


ORDER = (
    "acl-source-out",
    "acl-endpoint-in",
    "acl-nat-in",
    "acl-nat-out",
    "acl-nat-back-in",
    "acl-endpoint-back",
    "acl-nat-back",
    "acl-source-back",
)


def cross(snapshot: Snapshot, source: Source, target: Target, crossing: Crossing, rects: Rects, port: int) -> Step:
    """Return what a crossing lets through."""
    acl = snapshot.acl_of(crossing.subnet_id)
    if acl is None:
        return Step(rects, unknown=f"the network ACL of {crossing.subnet_id} isn't known")
    asked = (Rect(0, 0, *EPHEMERAL),) if crossing.by_nat else rects
    passage, denying = acls.passes(
        acl,
        egress=crossing.egress,
        rects=asked,
        version=target.version,
        peer=target.block if crossing.to_target else None,
        port=None if crossing.answer else port,
    )
    if not denying:
        return Step(rects, passage.evidence)
    cure = _cure(snapshot, source, target, crossing, acl, port)
    if crossing.by_nat:
        left = bool(area(passage.rects))
        return Step(rects if left else (), denying, f"the network ACL {denying}", cure, partial=left)
    return Step(passage.rects, denying, f"the network ACL {denying}", cure)


def _cure(snapshot: Snapshot, source: Source, target: Target, crossing: Crossing, acl: Part, port: int) -> Cure:
    first, last = EPHEMERAL if crossing.answer else (port, port)
    if crossing.to_target:
        subnet = snapshot.subnets.get(target.subnet_id)
        peer = _range(subnet, target.version) if subnet else "0.0.0.0/0"
    else:
        peer = _range(source.subnet, target.version)
    way = "--egress" if crossing.egress else "--ingress"
    number = acls.free_number(acl, crossing.egress)
    span = f"{first}" if first == last else f"{first} to {last}"
    side = "to" if crossing.egress else "from"
    text = _text(snapshot, target, crossing, acl) if port == HTTPS else ""
    text = text or f"Have {acl.label} let TCP {span} {'out' if crossing.egress else 'in'} {side} {peer}."
    option = "--cidr-block" if target.version == 4 else "--ipv6-cidr-block"
    command = (
        f"aws ec2 create-network-acl-entry --network-acl-id {acl.aws_id} {way} --rule-number {number} "
        f"--protocol tcp --port-range From={first},To={last} {option} {peer} --rule-action allow"
    )
    return Cure(text, command=command)


def _text(snapshot: Snapshot, target: Target, crossing: Crossing, acl: Part) -> str:
    """Return the cure in the words of the checks, where they judge the same; a NAT gateway they don't."""
    if "-nat-" in crossing.key:
        return ""
    endpoint = snapshot.endpoints.get(target.endpoint_id)
    kind = str(endpoint.data.get("ip_address_type", "")) if endpoint else ""
    if not crossing.to_target:
        return remedies.acl_of_endpoint(acl, remedies.vpc_blocks(snapshot, kind))
    if endpoint:
        subnet_ids = endpoint.data.get("subnet_ids", ())
        return remedies.acl_of_clients(acl, remedies.subnet_blocks(snapshot, subnet_ids, kind))
    return remedies.acl_to_service(acl, target.prefix_list_id) if target.prefix_list_id else ""


def _range(subnet: Part, version: int) -> str:
    if version == 4:
        return str(subnet.data.get("cidr_block", "")) or "0.0.0.0/0"
    return next(iter(subnet.data.get("ipv6_cidr_blocks", ())), "::/0")
