"""Where the endpoint stands: subnets, zones, addresses."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from endpoints.domain.specs import EndpointSpec
from endpoints.network.preflight.findings import Finding
from endpoints.network.remedies import ROUTE_TABLES
from endpoints.network.snapshot import Part, Snapshot

FEW_ADDRESSES = 8
"""Below so many free addresses a subnet counts as nearly full."""


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
            # By id where it is known: two accounts' names of a zone may differ, and its id is the same for both.
            by_zone[part.data.get("availability_zone_id") or part.data.get("availability_zone", "")].append(part)
    for parts in by_zone.values():
        if len(parts) > 1:
            names = " and ".join(part.label for part in parts)
            message = f"{names} are both in {parts[0].data.get('availability_zone', '')}."
            yield Finding("one-subnet-per-zone", "block", "subnet_ids", message, "Keep one subnet per zone.")


def zones_served(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service is offered in each subnet's zone."""
    zones = set(snapshot.service.data.get("availability_zones", ())) if snapshot.service else set()
    for item in snapshot.added(spec, "subnet_ids"):
        part = snapshot.subnets.get(item)
        zone = part.data.get("availability_zone", "") if part else ""
        if part and snapshot.service and not serves(snapshot.service.data, part.data):
            message = f"{spec.short_service} isn't offered in {zone}, the zone of {part.label}."
            cure = f"Choose a subnet in {', '.join(sorted(zones))}."
            yield Finding("zone-not-served", "block", "subnet_ids", message, cure)


def has_placement(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """An endpoint without subnets or route tables is legal, and useless."""
    if spec.is_gateway and not spec.route_table_ids:
        message = "No route table is chosen: AWS creates the endpoint, but nothing is routed to it."
        yield Finding("no-route-table", "warn", "route_table_ids", message, ROUTE_TABLES)
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
        # AWS counts IPv4 addresses alone: of a subnet of IPv6 it says 0.
        if part and spec.ip_address_type != "ipv6" and part.data.get("available_ip_address_count", 1) < 1:
            message = f"{part.label} has no free address."
            yield Finding("no-free-address", "block", "subnet_ids", message, "Choose another subnet of its zone.")


def address_type_suits(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service and every chosen subnet have the ranges that the IP address type needs.

    AWS takes subnets of IPv6 alone for ipv6, and subnets with both ranges for dualstack.
    """
    kind, field = spec.ip_address_type, "ip_address_type"
    offered = snapshot.service.data.get("ip_address_types", ()) if snapshot.service else ()
    # AWS lists ipv4 and ipv6 alone: a service that offers both takes dualstack (EC2 API, ServiceConnectivityType).
    asked = ("ipv4", "ipv6") if kind == "dualstack" else (kind,)
    kept = snapshot.former is not None and snapshot.former.ip_address_type == kind
    takes = kind in offered or set(asked) <= set(offered)
    if kind and offered and not kept and not takes:
        message = f"{spec.short_service} doesn't offer the IP address type {kind}."
        yield Finding("address-type-service", "block", field, message, f"Choose {' or '.join(offered)}.")
    needs = {"": ("cidr_block",), "ipv4": ("cidr_block",), "ipv6": ("ipv6_cidr_blocks",)}
    nouns = {"cidr_block": "IPv4", "ipv6_cidr_blocks": "IPv6"}
    for item in snapshot.added(spec, "subnet_ids") if kept else spec.subnet_ids:
        part = snapshot.subnets.get(item)
        for key in needs.get(kind, ("cidr_block", "ipv6_cidr_blocks")) if part else ():
            if part and not part.data.get(key) and key in part.data:
                message = f"{part.label} has no {nouns[key]} range, which the IP address type {kind or 'ipv4'} needs."
                cure = "Choose another type, or subnets that have one."
                yield Finding("address-type-subnet", "block", field, message, cure)
        if part and kind == "ipv6" and part.data.get("cidr_block"):
            message = f"{part.label} has an IPv4 range too: the IP address type ipv6 takes subnets of IPv6 alone."
            cure = "Choose dualstack, or subnets of IPv6 alone."
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


def serves(service: Mapping[str, Any], subnet: Mapping[str, Any]) -> bool:
    """Tell by their data whether a service is offered in a subnet's zone: by the zone's id where both are known."""
    for key, of_subnet in (
        ("availability_zone_ids", "availability_zone_id"),
        ("availability_zones", "availability_zone"),
    ):
        zones, zone = service.get(key), subnet.get(of_subnet)
        if zones and zone:
            return zone in zones
    return True


def not_shared(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A subnet or route table that another account shares by RAM is the owner's to put endpoints into."""
    parts = (
        ("subnet_ids", snapshot.subnets, "shared-subnet", "subnet"),
        ("route_table_ids", snapshot.route_tables, "shared-route-table", "route table"),
    )
    for field, known, rule, noun in parts:
        for item in snapshot.added(spec, field):
            owner = known[item].data.get("owner_id", "") if item in known else ""
            if owner and owner != spec.account_id:
                message = (
                    f"{known[item].label} belongs to account {owner}, which shares it: only its owner may use it so."
                )
                cure = f"Ask account {owner} for the endpoint, or choose a {noun} of your own."
                yield Finding(rule, "block", field, message, cure)


def few_addresses(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A subnet that is nearly full: the endpoint's interface takes an address for good."""
    for item in snapshot.added(spec, "subnet_ids"):
        part = snapshot.subnets.get(item)
        free = part.data.get("available_ip_address_count", FEW_ADDRESSES) if part else FEW_ADDRESSES
        if part and spec.ip_address_type != "ipv6" and 0 < free < FEW_ADDRESSES:
            message = f"{part.label} has {free} free {'address' if free == 1 else 'addresses'} left."
            cure = "Choose another subnet of its zone, unless nothing else will need one here."
            yield Finding("few-addresses", "info", "subnet_ids", message, cure)
