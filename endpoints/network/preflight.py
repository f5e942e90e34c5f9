"""Preflight: what can be known about a change before AWS is called. Each rule is a function; `RULES` names them all.

The traps are those of the AWS PrivateLink guide ("Access an AWS service using an interface VPC endpoint",
"Gateway endpoints") and of the EC2 API's errors for CreateVpcEndpoint.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.domain.specs import EndpointSpec
from endpoints.network.snapshot import GONE, Part, Snapshot

HTTPS = 443
INTERFACES_PER_VPC = 50
"""AWS's default quota of Interface and Gateway Load Balancer endpoints in a VPC."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the rule, `block`, `warn` or `info`, the form's field it is about, what and the cure."""

    rule: str
    severity: str
    field: str
    message: str
    cure: str = ""


Rule = Callable[[EndpointSpec, Snapshot], Iterator[Finding]]


def check(spec: EndpointSpec, snapshot: Snapshot, rules: Iterable[Rule] | None = None) -> tuple[Finding, ...]:
    """Return what the rules find, blocks first; all rules, those on a new endpoint, when none are named."""
    found = [finding for rule in rules or RULES for finding in rule(spec, snapshot)]
    order = {"block": 0, "warn": 1, "info": 2}
    return tuple(sorted(found, key=lambda item: order[item.severity]))


def vpc_known(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The VPC stands in the account and region."""
    if snapshot.vpc is None:
        yield Finding("vpc-unknown", "block", "vpc_id", f"{spec.vpc_id} isn't known here.", "Choose a VPC of the list.")


def service_offers_type(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The region offers the service, as this type of endpoint."""
    if snapshot.former:
        return  # neither can be changed
    if snapshot.service is None:
        message = f"{spec.region} doesn't offer {spec.service_name}."
        yield Finding("service-unknown", "block", "service_name", message, "Choose a service of the list.")
    elif str(spec.vpc_endpoint_type) not in snapshot.service.data.get("types", ()):
        offered = " or ".join(snapshot.service.data.get("types", ()))
        message = f"{spec.short_service} isn't offered as a {spec.vpc_endpoint_type} endpoint."
        yield Finding("service-type", "block", "vpc_endpoint_type", message, f"Choose {offered}.")


def parts_belong_to_vpc(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Subnets, groups and route tables are the VPC's own."""
    pairs = (
        ("subnet_ids", spec.subnet_ids, snapshot.subnets, "subnet"),
        ("security_group_ids", spec.security_group_ids, snapshot.security_groups, "security group"),
        ("route_table_ids", spec.route_table_ids, snapshot.route_tables, "route table"),
    )
    for field, ids, known, noun in pairs:
        added = snapshot.added(spec, field)
        for item in ids:
            if item not in known and item not in added:
                message = f"{item} isn't known in {spec.vpc_id} any more: it may have been deleted."
                yield Finding("part-unknown", "warn", field, message, "Take it out, unless you know better.")
            elif item not in known:
                cure = f"Choose a {noun} of the list."
                yield Finding("other-vpc", "block", field, f"{item} isn't a {noun} of {spec.vpc_id}.", cure)


def one_subnet_per_zone(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """AWS takes at most one subnet per availability zone."""
    by_zone: dict[str, list[Part]] = defaultdict(list)
    for item in spec.subnet_ids:
        if item in snapshot.subnets:
            part = snapshot.subnets[item]
            by_zone[part.data.get("availability_zone", "")].append(part)
    for zone, parts in by_zone.items():
        if len(parts) > 1:
            names = " and ".join(part.label for part in parts)
            message = f"{names} are both in {zone}."
            yield Finding("one-subnet-per-zone", "block", "subnet_ids", message, "Keep one subnet per zone.")


def zones_served(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service is offered in each subnet's zone."""
    zones = set(snapshot.service.data.get("availability_zones", ())) if snapshot.service else set()
    for item in snapshot.added(spec, "subnet_ids"):
        part = snapshot.subnets.get(item)
        zone = part.data.get("availability_zone", "") if part else ""
        if part and zones and zone not in zones:
            message = f"{spec.short_service} isn't offered in {zone}, the zone of {part.label}."
            cure = f"Choose a subnet in {', '.join(sorted(zones))}."
            yield Finding("zone-not-served", "block", "subnet_ids", message, cure)


def has_placement(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """An endpoint without subnets or route tables is legal, and useless."""
    if spec.is_gateway and not spec.route_table_ids:
        message = "No route table is chosen: AWS creates the endpoint, but nothing is routed to it."
        yield Finding("no-route-table", "warn", "route_table_ids", message, "Choose the clients' route tables.")
    if not spec.is_gateway and not spec.subnet_ids:
        message = "No subnet is chosen: AWS creates the endpoint without a network interface, and nobody can reach it."
        yield Finding("no-subnet", "warn", "subnet_ids", message, "Choose one subnet in each zone that has clients.")
    if spec.has_network_interfaces and len(spec.subnet_ids) == 1:
        message = "One subnet means one zone: when that zone fails, the endpoint fails."
        yield Finding("single-zone", "info", "subnet_ids", message, "Choose subnets in two or more zones.")


def free_addresses(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Each network interface needs a free address."""
    for item in snapshot.added(spec, "subnet_ids"):
        part = snapshot.subnets.get(item)
        if part and part.data.get("available_ip_address_count", 1) < 1:
            message = f"{part.label} has no free address."
            yield Finding("no-free-address", "block", "subnet_ids", message, "Choose another subnet of its zone.")


def private_dns_possible(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Private DNS needs the VPC's two DNS attributes, a name, and nobody else who answers for it."""
    if not spec.private_dns_enabled or (snapshot.former and snapshot.former.private_dns_enabled):
        return
    vpc = snapshot.vpc.data if snapshot.vpc else {}
    off = [
        name
        for name, key in (("enableDnsSupport", "enable_dns_support"), ("enableDnsHostnames", "enable_dns_hostnames"))
        if vpc and not vpc.get(key, True)
    ]
    if off:
        message = f"Private DNS needs {' and '.join(off)}, which the VPC has switched off."
        cure = "Have it switched on for the VPC, or leave private DNS off and use the endpoint's own names."
        yield Finding("private-dns-attributes", "block", "private_dns_enabled", message, cure)
    if snapshot.service and not snapshot.service.data.get("private_dns_name"):
        message = f"{spec.short_service} has no private DNS name."
        yield Finding("private-dns-none", "block", "private_dns_enabled", message, "Leave private DNS off.")
    for part in snapshot.same_service(spec):
        if part.data.get("private_dns_enabled"):
            message = f"{part.label} answers for this service's private name in the VPC already."
            cure = "Use that endpoint, or leave private DNS off."
            if part.aws_id == snapshot.replaced_id:
                message = f"The old endpoint, {part.label}, answers for this name until it is deleted."
                cure = "Leave private DNS off here, and switch it on by a change when the old one is gone."
            yield Finding("private-dns-conflict", "block", "private_dns_enabled", message, cure)


def private_dns_off(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Without private DNS, clients that use the service's own name pass the endpoint by."""
    name = snapshot.service.data.get("private_dns_name") if snapshot.service else ""
    if spec.has_network_interfaces and not spec.private_dns_enabled and name:
        message = f"Private DNS is off: {name} keeps resolving to public addresses in the VPC."
        yield Finding(
            "private-dns-off", "info", "private_dns_enabled", message, "Clients must use the endpoint's own DNS names."
        )


def exists_already(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """An endpoint to the same service in the same VPC can usually be shared."""
    if snapshot.former:
        return
    for part in snapshot.same_service(spec):
        replaced = part.aws_id == snapshot.replaced_id
        if not replaced and part.data.get("vpc_endpoint_type") == spec.vpc_endpoint_type:
            message = f"The VPC has an endpoint to {spec.short_service} already: {part.label}."
            yield Finding("exists-already", "warn", "service_name", message, "See whether you can use that one.")


def routes_free(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A route table takes one route per prefix list; a new one drops open connections."""
    for item in spec.route_table_ids:
        part = snapshot.route_tables.get(item)
        for route in part.data.get("routes", ()) if part else ():
            own = bool(snapshot.own_id) and route.get("target") == snapshot.own_id
            if snapshot.prefix_list_id and route.get("destination") == snapshot.prefix_list_id and part and not own:
                message = f"{part.label} already routes {spec.short_service} to {route.get('target')}."
                cure = "Leave this route table out."
                yield Finding("route-exists", "block", "route_table_ids", message, cure)
    if snapshot.former:
        changed = set(snapshot.former.route_table_ids) ^ set(spec.route_table_ids)
        which, when = "route tables that are added or taken out", "changed"
    else:
        changed, which, when = set(spec.route_table_ids), "chosen route tables", "created"
    if changed:
        message = f"Open TCP connections to the service through the {which} drop once when it is {when}."
        yield Finding(
            "connections-drop", "warn", "route_table_ids", message, "Have it done when that is harmless for clients."
        )


def outbound_allowed(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Groups that restrict outbound traffic need a rule to the service's prefix list."""
    if not spec.is_gateway or not spec.route_table_ids or not snapshot.prefix_list_id:
        return
    closed = [
        part.label
        for part in snapshot.security_groups.values()
        if not any(_lets_out(rule, snapshot.prefix_list_id) for rule in part.data.get("egress", ()))
    ]
    if closed:
        message = f"These security groups don't let traffic out to {spec.short_service}: {', '.join(sorted(closed))}."
        cure = f"Clients guarded by them need an outbound rule for TCP 443 to {snapshot.prefix_list_id}."
        yield Finding("outbound-closed", "warn", "route_table_ids", message, cure)


def inbound_allowed(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The guarding groups must let the VPC's clients in on TCP 443."""
    if not spec.has_network_interfaces or snapshot.vpc is None:
        return
    groups = snapshot.guarding_groups(spec)
    rules = [rule for part in groups for rule in part.data.get("ingress", ()) if _covers_https(rule)]
    blocks = snapshot.vpc.data.get("cidr_blocks") or [snapshot.vpc.data.get("cidr_block", "")]
    names = ", ".join(part.label for part in groups) or "the VPC's default group"
    field = "security_group_ids"
    if not rules:
        message = f"Nobody gets in: {names} has no inbound rule for TCP 443."
        yield Finding("inbound-closed", "warn", field, message, f"Have TCP 443 from {', '.join(blocks)} let in.")
    elif not all(any(_lets_in(rule, block) for rule in rules) for block in blocks):
        message = f"Only a part of the VPC gets in on TCP 443 through {names}."
        yield Finding("inbound-partial", "info", field, message, "Check that your clients are among them.")


def default_group_used(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """No group chosen means the VPC's default group."""
    default = snapshot.default_group()
    if spec.has_network_interfaces and not spec.security_group_ids and default:
        message = f"No security group is chosen: AWS attaches the VPC's default group, {default.aws_id}."
        cure = "Choose a group whose inbound rules let the VPC's clients in on TCP 443."
        yield Finding("default-group", "info", "security_group_ids", message, cure)


def needs_acceptance(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service's owner may have to accept the connection."""
    if not snapshot.former and snapshot.service and snapshot.service.data.get("acceptance_required"):
        owner = snapshot.service.data.get("owner") or "its owner"
        message = f"The service's owner ({owner}) must accept the connection before it works."
        yield Finding("acceptance", "info", "service_name", message, "Tell them that it is coming.")


def policy_supported(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Some services take no endpoint policy: full access always."""
    if snapshot.service and spec.policy_document and not snapshot.service.data.get("policy_supported", True):
        message = f"{spec.short_service} takes no endpoint policy; access through it is always full."
        yield Finding("no-policy", "block", "policy_document", message, "Choose full access.")


def within_quota(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A VPC takes 50 Interface endpoints unless the quota was raised."""
    count = sum(
        part.data.get("vpc_endpoint_type") != "Gateway" and part.data.get("state") not in GONE
        for part in snapshot.endpoints.values()
    )
    if not snapshot.former and not spec.is_gateway and count >= INTERFACES_PER_VPC:
        message = f"The VPC has {count} Interface endpoints; AWS's default quota is {INTERFACES_PER_VPC}."
        yield Finding("quota", "warn", "vpc_id", message, "Have the quota raised, or share an endpoint that exists.")


def address_type_suits(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service and every chosen subnet have the ranges that the IP address type needs."""
    kind, field = spec.ip_address_type, "ip_address_type"
    offered = snapshot.service.data.get("ip_address_types", ()) if snapshot.service else ()
    if kind and offered and kind not in offered:
        message = f"{spec.short_service} doesn't offer the IP address type {kind}."
        yield Finding("address-type-service", "block", field, message, f"Choose {' or '.join(offered)}.")
    needs = {"": ("cidr_block",), "ipv4": ("cidr_block",), "ipv6": ("ipv6_cidr_blocks",)}
    nouns = {"cidr_block": "IPv4", "ipv6_cidr_blocks": "IPv6"}
    for item in spec.subnet_ids:
        part = snapshot.subnets.get(item)
        for key in needs.get(kind, ("cidr_block", "ipv6_cidr_blocks")) if part else ():
            if part and not part.data.get(key) and key in part.data:
                message = f"{part.label} has no {nouns[key]} range, which the IP address type {kind or 'ipv4'} needs."
                cure = "Choose another type, or subnets that have one."
                yield Finding("address-type-subnet", "block", field, message, cure)


def fixed_addresses_fit(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A fixed address lies in its subnet and isn't one of the five that AWS keeps: the first four and the last."""
    if spec.fixed_addresses and spec.ip_address_type == "ipv6":
        message = "An endpoint of the type ipv6 has no IPv4 address to fix."
        yield Finding("fixed-address-type", "block", "ip_address_type", message, "Clear them, or choose dualstack.")
    former = snapshot.former.fixed_addresses if snapshot.former else {}
    for subnet_id, text in spec.fixed_addresses.items():
        part = snapshot.subnets.get(subnet_id)
        if part is None or former.get(subnet_id) == text:
            continue
        try:
            block = ipaddress.IPv4Network(part.data.get("cidr_block", ""))
        except ValueError:
            continue
        address = ipaddress.IPv4Address(text)
        kept = {int(block[0]) + number for number in range(4)} | {int(block[-1])}
        field = f"ipv4_{subnet_id}"
        cure = f"Choose one from {block[4]} to {block[-2]} that nothing else has."
        if address not in block:
            message = f"{text} isn't in {part.label}, which is {block}."
            yield Finding("fixed-address-outside", "block", field, message, cure)
        elif int(address) in kept:
            message = f"AWS keeps {text} for itself: the first four addresses of {part.label} and its last."
            yield Finding("fixed-address-reserved", "block", field, message, cure)


def inbound_only_possible(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """S3's private DNS for inbound resolvers alone needs a Gateway endpoint, which serves the VPC's own clients."""
    if not spec.private_dns_enabled or not spec.private_dns_only_for_inbound_resolver_endpoint:
        return
    if not any(part.data.get("vpc_endpoint_type") == "Gateway" for part in snapshot.same_service(spec)):
        message = "The VPC has no Gateway endpoint to S3, which its own clients would use."
        cure = "Ask for that one first, or let private DNS answer the whole VPC."
        field = "private_dns_only_for_inbound_resolver_endpoint"
        yield Finding("inbound-only", "block", field, message, cure)


RULES: tuple[Rule, ...] = (
    vpc_known,
    service_offers_type,
    parts_belong_to_vpc,
    one_subnet_per_zone,
    zones_served,
    has_placement,
    free_addresses,
    private_dns_possible,
    private_dns_off,
    exists_already,
    routes_free,
    outbound_allowed,
    inbound_allowed,
    default_group_used,
    needs_acceptance,
    policy_supported,
    within_quota,
    address_type_suits,
    fixed_addresses_fit,
    inbound_only_possible,
)
POLICY_RULES: tuple[Rule, ...] = (policy_supported,)
"""The rules that hold for a change of policy as well."""


def _covers_https(rule: Mapping[str, Any]) -> bool:
    if rule.get("protocol") == "-1":
        return True
    first, last = rule.get("from_port"), rule.get("to_port")
    return rule.get("protocol") in ("tcp", "6") and (first is None or first <= HTTPS <= (last or first))


def _lets_in(rule: Mapping[str, Any], block: str) -> bool:
    if rule.get("groups") or rule.get("prefix_lists"):
        return True  # who they are can't be told from the rule alone: don't cry wolf
    return any(_contains(cidr, block) for cidr in rule.get("cidrs", ()))


def _lets_out(rule: Mapping[str, Any], prefix_list_id: str) -> bool:
    everywhere = any(cidr in ("0.0.0.0/0", "::/0") for cidr in rule.get("cidrs", ()))
    return _covers_https(rule) and (everywhere or prefix_list_id in rule.get("prefix_lists", ()))


def _contains(outer: str, inner: str) -> bool:
    try:
        wide, narrow = ipaddress.ip_network(outer, strict=False), ipaddress.ip_network(inner, strict=False)
    except ValueError:
        return False
    if isinstance(wide, ipaddress.IPv4Network) and isinstance(narrow, ipaddress.IPv4Network):
        return narrow.subnet_of(wide)
    if isinstance(wide, ipaddress.IPv6Network) and isinstance(narrow, ipaddress.IPv6Network):
        return narrow.subnet_of(wide)
    return False
