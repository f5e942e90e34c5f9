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
from endpoints.network.snapshot import Part, Snapshot

HTTPS = 443
INTERFACES_PER_VPC = 50
"""AWS's default quota of Interface and Gateway Load Balancer endpoints in a VPC."""
_GONE = frozenset({"deleted", "deleting", "failed", "rejected", "expired"})


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
        for item in ids:
            if item not in known:
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
    for item in spec.subnet_ids:
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
    if not spec.is_gateway and len(spec.subnet_ids) == 1:
        message = "One subnet means one zone: when that zone fails, the endpoint fails."
        yield Finding("single-zone", "info", "subnet_ids", message, "Choose subnets in two or more zones.")


def free_addresses(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Each network interface needs a free address."""
    for item in spec.subnet_ids:
        part = snapshot.subnets.get(item)
        if part and part.data.get("available_ip_address_count", 1) < 1:
            message = f"{part.label} has no free address."
            yield Finding("no-free-address", "block", "subnet_ids", message, "Choose another subnet of its zone.")


def private_dns_possible(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Private DNS needs the VPC's two DNS attributes, a name, and nobody else who answers for it."""
    if not spec.private_dns_enabled:
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
    for part in _same_service(spec, snapshot):
        if part.data.get("private_dns_enabled"):
            message = f"{part.label} answers for this service's private name in the VPC already."
            cure = "Use that endpoint, or leave private DNS off."
            yield Finding("private-dns-conflict", "block", "private_dns_enabled", message, cure)


def private_dns_off(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Without private DNS, clients that use the service's own name pass the endpoint by."""
    name = snapshot.service.data.get("private_dns_name") if snapshot.service else ""
    if not spec.is_gateway and not spec.private_dns_enabled and name:
        message = f"Private DNS is off: {name} keeps resolving to public addresses in the VPC."
        yield Finding(
            "private-dns-off", "info", "private_dns_enabled", message, "Clients must use the endpoint's own DNS names."
        )


def exists_already(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """An endpoint to the same service in the same VPC can usually be shared."""
    for part in _same_service(spec, snapshot):
        if part.data.get("vpc_endpoint_type") == spec.vpc_endpoint_type:
            message = f"The VPC has an endpoint to {spec.short_service} already: {part.label}."
            yield Finding("exists-already", "warn", "service_name", message, "See whether you can use that one.")


def routes_free(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A route table takes one route per prefix list; a new one drops open connections."""
    for item in spec.route_table_ids:
        part = snapshot.route_tables.get(item)
        for route in part.data.get("routes", ()) if part else ():
            if snapshot.prefix_list_id and route.get("destination") == snapshot.prefix_list_id and part:
                message = f"{part.label} already routes {spec.short_service} to {route.get('target')}."
                cure = "Leave this route table out."
                yield Finding("route-exists", "block", "route_table_ids", message, cure)
    if spec.route_table_ids:
        message = "Open TCP connections to the service through the chosen route tables drop once when it is created."
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
    if spec.is_gateway or snapshot.vpc is None:
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
    if not spec.is_gateway and not spec.security_group_ids and default:
        message = f"No security group is chosen: AWS attaches the VPC's default group, {default.aws_id}."
        cure = "Choose a group whose inbound rules let the VPC's clients in on TCP 443."
        yield Finding("default-group", "info", "security_group_ids", message, cure)


def needs_acceptance(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service's owner may have to accept the connection."""
    if snapshot.service and snapshot.service.data.get("acceptance_required"):
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
        part.data.get("vpc_endpoint_type") != "Gateway" and part.data.get("state") not in _GONE
        for part in snapshot.endpoints.values()
    )
    if not spec.is_gateway and count >= INTERFACES_PER_VPC:
        message = f"The VPC has {count} Interface endpoints; AWS's default quota is {INTERFACES_PER_VPC}."
        yield Finding("quota", "warn", "vpc_id", message, "Have the quota raised, or share an endpoint that exists.")


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
)
POLICY_RULES: tuple[Rule, ...] = (policy_supported,)
"""The rules that hold for a change of policy as well."""


def _same_service(spec: EndpointSpec, snapshot: Snapshot) -> list[Part]:
    return [
        part
        for part in snapshot.endpoints.values()
        if part.data.get("service_name") == spec.service_name and part.data.get("state") not in _GONE
    ]


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
