"""What a name answers in the VPC: an endpoint's private addresses, or public ones.

Sources: AWS PrivateLink guide, "DNS hostnames" and "Private DNS" (a private zone answers with the addresses of the
endpoint's interfaces where both DNS attributes of the VPC are on), "Gateway endpoints" (the name keeps its public
addresses, all in the service's prefix list).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from endpoints.domain.specs import short_service_name
from endpoints.network.flows import Block, blocks, parted
from endpoints.network.groups import cidrs_of
from endpoints.network.hops import Cure, Hop, Source, Status, Target
from endpoints.network.remedies import PRIVATE_DNS
from endpoints.network.snapshot import GONE, Part, Snapshot
from endpoints.network.sources import ranges_of

SERVICE_NAME, ENDPOINT_NAME = "service", "endpoint"
"""Which name is asked: the service's own, or the endpoint's."""
_NOT_PUBLIC = blocks(
    [
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/3"),
    ]
)
_INTERNET = Block(4, 0, 2**32 - 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the name answers: the hop that says so, and the addresses by how they are treated."""

    hop: Hop
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Which name is asked from where. `endpoint_id` asks about one endpoint alone."""

    snapshot: Snapshot
    source: Source
    service_name: str
    resolve: str = SERVICE_NAME
    endpoint_id: str = ""

    @property
    def name(self) -> str:
        """Return the service's own DNS name, or its short name."""
        service = self.snapshot.service
        return str(service.data.get("private_dns_name", "")) if service else ""

    @property
    def shown(self) -> str:
        """Return the name as it stands in a sentence."""
        return self.name or short_service_name(self.service_name)

    @property
    def prefix_list_id(self) -> str:
        """Return the prefix list of the service, or an empty text."""
        snapshot = self.snapshot
        by_name = (
            key
            for key, part in snapshot.prefix_lists.items()
            if self.service_name in (part.name, part.data.get("service_name"))
        )
        return next(by_name, "") or (
            snapshot.prefix_list_id if snapshot.service and snapshot.service.aws_id == self.service_name else ""
        )

    def endpoints(self, kind: str) -> list[Part]:
        """Return the VPC's endpoints to the service of this type that may serve, the one asked about alone."""
        return [
            part
            for part in self.snapshot.endpoints.values()
            if part.data.get("service_name") == self.service_name
            and part.data.get("vpc_endpoint_type") == kind
            and (str(part.data.get("state", "")).lower() not in GONE or part.aws_id == self.endpoint_id)
            and self.endpoint_id in ("", part.aws_id)
        ]


def answer(question: Question) -> Answer:
    """Return what the name answers."""
    interfaces = question.endpoints("Interface")
    if question.resolve == ENDPOINT_NAME:
        return _own_name(question, interfaces)
    answering = next((part for part in interfaces if not why_silent(question.snapshot, part)), None)
    if answering is None:
        return _public(question, interfaces)
    targets = tuple(private_targets(question, answering))
    reason = f"{question.shown} answers with the private addresses of {answering.label}."
    return _private(question, answering, targets, reason)


def why_silent(snapshot: Snapshot, part: Part) -> str:
    """Return why the VPC's resolver doesn't answer with an endpoint's addresses; empty where it does."""
    if not part.data.get("private_dns_enabled"):
        return f"private DNS of {part.label} is off"
    if part.data.get("private_dns_only_for_inbound_resolver_endpoint"):
        return f"private DNS of {part.label} answers inbound resolvers alone"
    if str(part.data.get("state", "")).lower() == "pendingacceptance":
        return f"{part.label} waits to be accepted by the service's owner"
    off = attributes_off(snapshot)
    return f"the VPC has {' and '.join(off)} switched off" if off else ""


def attributes_off(snapshot: Snapshot) -> list[str]:
    """Return AWS's names of the DNS attributes that the VPC has switched off."""
    data = snapshot.vpc.data if snapshot.vpc else {}
    pairs = (("enableDnsSupport", "enable_dns_support"), ("enableDnsHostnames", "enable_dns_hostnames"))
    return [name for name, key in pairs if not data.get(key, True)]


def _own_name(question: Question, interfaces: list[Part]) -> Answer:
    if not interfaces:
        what = question.endpoint_id or f"an Interface endpoint to {short_service_name(question.service_name)}"
        reason = f"The VPC doesn't have {what}, so there is no endpoint's own name to ask."
        return Answer(_hop(Status.BROKEN, reason, cure=request_cure(question)), ())
    part = interfaces[0]
    targets = tuple(private_targets(question, part))
    return _private(question, part, targets, f"The own names of {part.label} answer with its private addresses.")


def _private(question: Question, part: Part, targets: tuple[Target, ...], reason: str) -> Answer:
    evidence = tuple(dict.fromkeys(item.label for item in targets))
    if targets:
        return Answer(_hop(Status.OK, reason, evidence), targets)
    if not part.data.get("subnet_ids"):
        cure = Cure("Choose subnets for it, one per zone.", "modify", {"endpoint_id": part.aws_id})
        return Answer(_hop(Status.BROKEN, f"{part.label} has no subnet, so it has no address.", cure=cure), ())
    calls = {item.version for item in question.source.blocks}
    versions = " and ".join(f"IPv{item}" for item in sorted(calls))
    if (has := calls & _versions(part)) and not has & _recorded(question, part):
        kind = part.data.get("dns_record_ip_type")
        reason = f"The name has no record of {part.label}'s {versions} address: the type of its DNS records is {kind}."
        cure = Cure("Choose the type of DNS records dualstack.", "modify", {"endpoint_id": part.aws_id})
        return Answer(_hop(Status.BROKEN, reason, cure=cure), ())
    reason = f"{part.label} has no {versions or 'IP'} address, and {question.source.label} has no other."
    cure = Cure("Choose the IP address type dualstack.", "modify", {"endpoint_id": part.aws_id})
    return Answer(_hop(Status.BROKEN, reason, cure=cure), ())


def private_targets(question: Question, part: Part) -> Iterator[Target]:
    """Yield the addresses of an endpoint's interfaces that the source can call."""
    snapshot = question.snapshot
    listed = set(part.data.get("network_interface_ids", ()))
    versions = {item.version for item in question.source.blocks} & _recorded(question, part)
    read = [
        item
        for item in snapshot.interfaces.values()
        if item.aws_id in listed or item.data.get("vpc_endpoint_id") == part.aws_id
    ]
    given = set()
    with_ipv6 = 6 in _versions(part)
    for item in read:
        texts = [item.data.get("private_ip", ""), *(item.data.get("ipv6_addresses", ()) if with_ipv6 else ())]
        for found in blocks(texts):
            given.add((found.version, item.data.get("subnet_id")))
            if found.version in versions:
                yield _of_interface(part, item, found, f"{found.text} in {_subnet(snapshot, item)}")
    for version in sorted(versions & _versions(part)):
        for subnet_id in part.data.get("subnet_ids", ()):
            if (version, subnet_id) not in given and subnet_id in snapshot.subnets:
                yield from _unassigned(question, part, subnet_id, version, read)


def _versions(part: Part) -> set[int]:
    """Return the IP versions of the addresses that an endpoint has or will have."""
    return {"ipv6": {6}, "dualstack": {4, 6}}.get(str(part.data.get("ip_address_type", "")), {4})


def _recorded(question: Question, part: Part) -> set[int]:
    """Return the IP versions that the name has records of: by the type of DNS records, all where it isn't known.

    A service-defined type has AAAA records for the endpoint's own names, not for the service's.
    """
    kind = str(part.data.get("dns_record_ip_type", ""))
    if kind == "service-defined":
        return {4} if question.resolve == SERVICE_NAME else {4, 6}
    return {"ipv4": {4}, "ipv6": {6}}.get(kind, {4, 6})


def _of_interface(part: Part, item: Part, found: Block, label: str) -> Target:
    groups = item.data.get("group_ids") or part.data.get("security_group_ids")
    return Target(
        found.version,
        found.first,
        label,
        endpoint_id=part.aws_id,
        interface=item,
        subnet_id=str(item.data.get("subnet_id", "")),
        group_ids=tuple(groups) if groups is not None else None,
    )


def _unassigned(question: Question, part: Part, subnet_id: str, version: int, read: Iterable[Part]) -> Iterator[Target]:
    """Yield the addresses of a subnet, where AWS has yet to choose one or it wasn't read."""
    subnet = question.snapshot.subnets[subnet_id]
    made = next((item for item in read if item.data.get("subnet_id") == subnet_id), None)
    groups = part.data.get("security_group_ids")
    item = made or Part(f"{part.aws_id} in {subnet_id}", "", {"subnet_id": subnet_id, "group_ids": groups})
    label = f"{'an address' if version == 4 else 'an IPv6 address'} to be assigned in {subnet.label}"
    for whole in ranges_of(subnet):
        for pieces in parted(whole, chain.from_iterable(_rules(question).values())) if whole.version == version else ():
            yield replace(_of_interface(part, item, pieces[0], label), certain=False)


def _subnet(snapshot: Snapshot, item: Part) -> str:
    subnet_id = str(item.data.get("subnet_id", ""))
    return snapshot.subnets[subnet_id].label if subnet_id in snapshot.subnets else subnet_id


def _public(question: Question, interfaces: list[Part]) -> Answer:
    silent = [why_silent(question.snapshot, part) for part in interfaces]
    cure = silence_cure(question, interfaces)
    theirs = ".vpce." in question.service_name
    if theirs and not question.name:
        reason = f"{short_service_name(question.service_name)} has no public name: nothing answers without an endpoint."
        if interfaces:
            reason = f"{short_service_name(question.service_name)} has no name of its own: ask {interfaces[0].label}'s."
            cure = Cure("Have clients use the endpoint's own DNS names.")
        return Answer(_hop(Status.BROKEN, reason, tuple(silent), cure), ())
    targets = tuple(public_targets(question))
    gateway = question.endpoints("Gateway")
    if not any(item.version == 4 for item in question.source.blocks):
        reason = f"{question.shown} answers with IPv4 addresses, and {question.source.label} has IPv6 alone."
        return Answer(_hop(Status.BROKEN, reason, tuple(silent), cure), ())
    if gateway and not interfaces:
        off = "enableDnsSupport" in attributes_off(question.snapshot)
        reason = f"{question.shown} answers with public addresses; a route leads them to {gateway[0].label}."
        return Answer(_hop(Status.OK, _resolver_note(reason, off), (question.prefix_list_id,)), targets)
    if theirs:
        reason = f"Without an endpoint that answers for it, only its owner knows whether {question.name} has addresses."
        return Answer(_hop(Status.UNKNOWN, reason, tuple(silent), cure), targets)
    reason = f"{question.shown} answers with public addresses"
    reason += f": {silent[0]}." if silent else ": the VPC has no endpoint that answers for it."
    return Answer(_hop(Status.WARNING, reason, tuple(silent[1:]), cure), targets)


def _resolver_note(reason: str, off: bool) -> str:
    return f"{reason} AWS's resolver is off in the VPC: your own must answer." if off else reason


def public_targets(question: Question) -> Iterator[Target]:
    """Yield the public addresses of the service by how the VPC's rules treat them: its prefix list's, or any."""
    prefix_list_id = question.prefix_list_id
    ranges = [item for item in cidrs_of(question.snapshot, prefix_list_id) if item.version == 4]
    rules = _rules(question)
    hidden = () if ranges else (*_NOT_PUBLIC, *_of_others(question))
    short = short_service_name(question.service_name)
    seen: set[frozenset[tuple[str, int]]] = set()
    for whole in ranges or [_INTERNET]:
        near = [(text, item) for text, listed in rules.items() for item in listed if item.meets(whole)]
        for pieces in parted(whole, (*(item for _, item in near), *hidden)):
            piece = pieces[0]
            # The size belongs to it: of the ranges of one prefix list, one may beat a route that another doesn't.
            matching = frozenset((text, item.size) for text, item in near if item.holds(piece))
            if matching in seen or any(item.holds(piece) for item in hidden):
                continue
            seen.add(matching)
            label = f"{short} at {piece.text}" if ranges else f"{short}'s public addresses"
            yield Target(4, piece.first, label, prefix_list_id=prefix_list_id, certain=bool(ranges))


def _of_others(question: Question) -> list[Block]:
    """Return the ranges that AWS lists for other services: this one's addresses aren't among them."""
    lists = question.snapshot.prefix_lists.items()
    return [
        item
        for key, part in lists
        if part.data.get("service_name") not in (None, "", question.service_name)
        for item in cidrs_of(question.snapshot, key)
    ]


def _rules(question: Question) -> dict[str, tuple[Block, ...]]:
    """Return the ranges that a rule or route of the VPC names, by what names them: a CIDR or a prefix list."""
    snapshot = question.snapshot
    texts: dict[str, None] = {}
    for part in snapshot.security_groups.values():
        for rule in part.data.get("egress", ()):
            texts |= dict.fromkeys((*rule.get("cidrs", ()), *rule.get("prefix_lists", ())))
    for part in snapshot.network_acls.values():
        texts |= dict.fromkeys(str(entry.get("cidr", "")) for entry in part.data.get("entries", ()))
    for part in snapshot.route_tables.values():
        texts |= dict.fromkeys(str(route.get("destination", "")) for route in part.data.get("routes", ()))
    return {text: blocks([text]) or cidrs_of(snapshot, text) for text in texts}


def silence_cure(question: Question, interfaces: list[Part]) -> Cure:
    """Return how the name comes to answer with private addresses."""
    snapshot = question.snapshot
    for part in interfaces:
        if not part.data.get("private_dns_enabled"):
            fields = {"endpoint_id": part.aws_id, "private_dns_enabled": "on"}
            return Cure(PRIVATE_DNS, "modify", fields)
        if part.data.get("private_dns_only_for_inbound_resolver_endpoint"):
            return Cure("Let private DNS answer the whole VPC.", "modify", {"endpoint_id": part.aws_id})
        if str(part.data.get("state", "")).lower() == "pendingacceptance":
            return Cure("Have the service's owner accept the connection; then switch private DNS on.")
    off = attributes_off(snapshot) if interfaces else []
    if off:
        return attribute_cure(snapshot, off)
    return request_cure(question)


def attribute_cure(snapshot: Snapshot, off: list[str]) -> Cure:
    """Return how a VPC's DNS attributes are switched on."""
    vpc_id = snapshot.vpc.aws_id if snapshot.vpc else ""
    options = {"enableDnsSupport": "--enable-dns-support", "enableDnsHostnames": "--enable-dns-hostnames"}
    # AWS takes one attribute a call.
    commands = [f"aws ec2 modify-vpc-attribute --vpc-id {vpc_id} {options[name]} Value=true" for name in off]
    return Cure(f"Have {' and '.join(off)} switched on for {vpc_id}.", command="\n".join(commands))


def request_cure(question: Question) -> Cure:
    """Return the request that gives the VPC an endpoint to the service."""
    snapshot = question.snapshot
    offered = snapshot.service.data.get("types", ()) if snapshot.service else ()
    kind = "Gateway" if "Gateway" in offered else "Interface"
    fields: dict[str, str | tuple[str, ...]] = {
        "vpc_id": snapshot.vpc.aws_id if snapshot.vpc else "",
        "service_name": question.service_name,
        "vpc_endpoint_type": kind,
    }
    table = snapshot.route_table_of(question.source.subnet.aws_id)
    if kind == "Gateway" and table:
        fields["route_table_ids"] = (table.aws_id,)
    short = short_service_name(question.service_name)
    article = "an Interface" if kind == "Interface" else "a Gateway"
    return Cure(f"Ask for {article} endpoint to {short} in this VPC.", "request", fields)


def _hop(status: Status, reason: str, evidence: tuple[str, ...] = (), cure: Cure | None = None) -> Hop:
    return Hop("dns", "DNS answer", status, reason, tuple(item for item in evidence if item), cure)
