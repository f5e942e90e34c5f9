"""A spec as facts, and what AWS has beside what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.specs import EndpointSpec
from endpoints.domain.words import Names
from endpoints.services.policies import same_policy
from endpoints.templatetags.status import Status, of_interface


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its name for people (may be empty), and what can be copied (may be empty)."""

    text: str
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with its values. `field` is the form field to go back to."""

    label: str
    values: tuple[Value, ...]
    field: str = ""
    empty: str = "None"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of desired beside observed."""

    label: str
    desired: tuple[Value, ...]
    observed: tuple[Value, ...]
    same: bool


def named(names: Names, *ids: str) -> tuple[Value, ...]:
    """Return values for AWS ids: the name, and the id to copy."""
    return tuple(Value(names.by_id.get(item, ""), item) for item in ids if item)


def facts_of(spec: EndpointSpec, names: Names) -> list[Fact]:
    """Return every value of a spec, in the form's order."""
    facts = [
        Fact("Region", (Value(spec.region),), "region"),
        Fact("VPC", named(names, spec.vpc_id), "vpc_id"),
        Fact("Service", (Value("", spec.service_name),), "service_name"),
        Fact("Type", (Value(str(spec.vpc_endpoint_type)),), "vpc_endpoint_type"),
    ]
    if spec.service_region:
        facts.append(Fact("Service's region", (Value(spec.service_region),)))
    if spec.is_gateway:
        facts.append(Fact("Route tables", named(names, *spec.route_table_ids), "route_table_ids"))
    else:
        facts += _placement_facts(spec, names)
    if spec.group_rules:
        words = tuple(Value(f"{names.of(item.group_id)}: allow {item.words}") for item in spec.group_rules)
        facts.append(Fact("Security group rules", words, "group_rules"))
    access = "Full access" if spec.policy_document is None else "Custom policy"
    facts += [Fact("Access", (Value(access),), "access"), Fact("Name tag", _text(spec.name), "name")]
    tags = tuple(Value(f"{key} = {value}") for key, value in spec.tags)
    return [*facts, Fact("Tags", tags, "tags")] if tags else facts


def _placement_facts(spec: EndpointSpec, names: Names) -> list[Fact]:
    """Return where an endpoint with network interfaces lives; what is left to AWS isn't listed."""
    facts = [Fact("Subnets", named(names, *spec.subnet_ids), "subnet_ids")]
    if spec.has_network_interfaces:
        groups = named(names, *spec.security_group_ids)
        dns = "On, once it is available" if spec.private_dns_when_available else "On"
        facts += [
            Fact("Security groups", groups, "security_group_ids", "None: AWS attaches the VPC's default group"),
            Fact("Private DNS", (Value(dns if spec.private_dns_enabled else "Off"),), "private_dns_enabled"),
        ]
    if spec.private_dns_only_for_inbound_resolver_endpoint:
        field = "private_dns_only_for_inbound_resolver_endpoint"
        facts.append(Fact("Private DNS answers", (Value("Only inbound resolver endpoints"),), field))
    fixed = tuple(
        Value(f"{item.ipv4} in {names.by_id.get(item.subnet_id) or item.subnet_id}")
        for item in spec.subnet_configurations
    )
    options = (
        ("Fixed addresses", fixed, "subnet_ids"),
        ("IP address type", _text(spec.ip_address_type), "ip_address_type"),
        ("DNS records", _text(spec.dns_record_ip_type), "dns_record_ip_type"),
    )
    return [*facts, *(Fact(label, values, field) for label, values, field in options if values)]


@dataclass(frozen=True, slots=True)
class Delta:
    """One field that a change gives another value: what goes, what stays, what comes."""

    label: str
    gone: tuple[Value, ...]
    kept: tuple[Value, ...]
    come: tuple[Value, ...]
    field: str = ""


def deltas_of(former: EndpointSpec, spec: EndpointSpec, names: Names) -> list[Delta]:
    """Return the fields that differ between two specs of one endpoint, in the form's order."""
    before = {item.label: item for item in facts_of(former, names)}
    after = {item.label: item for item in facts_of(spec, names)}
    labels = sorted({*before, *after}, key=_ORDER.index)
    deltas = []
    for label in labels:
        old, new = before.get(label), after.get(label)
        was, will_be = old.values if old else (), new.values if new else ()
        if set(was) != set(will_be):
            deltas.append(
                Delta(
                    label,
                    tuple(item for item in was if item not in will_be),
                    tuple(item for item in will_be if item in was),
                    tuple(item for item in will_be if item not in was),
                    (new or old or Fact("", ())).field,
                )
            )
    return deltas


_ORDER = (
    *("Region", "VPC", "Service", "Type", "Service's region", "Route tables", "Subnets", "Security groups"),
    *("Private DNS", "Private DNS answers", "Fixed addresses", "IP address type", "DNS records"),
    *("Security group rules", "Access", "Name tag", "Tags"),
)


def comparisons_of(desired: EndpointSpec, observed: ObservedEndpoint, names: Names) -> list[Comparison]:
    """Return desired beside observed, row by row."""
    # No group in the spec means AWS's choice, which then is no difference.
    groups = desired.security_group_ids or observed.security_group_ids
    name = dict(observed.tags).get("Name", "")
    rows = [_compare("VPC", names, (desired.vpc_id,), (observed.vpc_id,))]
    if desired.is_gateway:
        rows.append(_compare("Route tables", names, desired.route_table_ids, observed.route_table_ids))
    else:
        rows.append(_compare("Subnets", names, desired.subnet_ids, observed.subnet_ids))
    if desired.has_network_interfaces:
        rows += [
            _compare("Security groups", names, groups, observed.security_group_ids),
            _pair("Private DNS", _switch(desired.private_dns_enabled), _switch(observed.private_dns_enabled)),
        ]
    same = same_policy(desired.policy_document, observed.policy_document)
    mine = "Full access" if same_policy(desired.policy_document, None) else "Custom policy"
    theirs = "Full access" if same_policy(observed.policy_document, None) else "Custom policy"
    rows.append(Comparison("Policy", (Value(mine),), (Value(theirs if same else f"{theirs}, another one"),), same))
    if desired.name or name:
        rows.append(_pair("Name tag", Value(desired.name or "None"), Value(name or "None")))
    return rows


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface, there or still to be made, in its subnet."""

    zone: str
    subnet: Value
    cidr: str
    interface_id: str
    address: str
    status: Status


AT_REST = ("available", "failed", "missing")
"""Statuses of an endpoint at which nobody works: what isn't there doesn't come by itself."""


def interfaces_of(
    spec: EndpointSpec,
    observed: ObservedEndpoint | None,
    subnets: Mapping[str, Mapping[str, str]],
    names: Names,
    *,
    at_rest: bool,
) -> list[Interface]:
    """Return the network interfaces by zone: those of AWS, and one for each subnet without.

    That one is to come, or, of an endpoint `at_rest`, is missing.
    """
    there = observed.network_interfaces if observed else ()
    rows = [
        Interface(
            item.availability_zone,
            Value(names.by_id.get(item.subnet_id, ""), item.subnet_id),
            subnets.get(item.subnet_id, {}).get("cidr_block", ""),
            item.network_interface_id,
            item.private_ip_address,
            of_interface(item.status),
        )
        for item in there
    ]
    known = {item.subnet_id for item in there}
    for subnet_id in spec.subnet_ids:
        if subnet_id not in known:
            data = subnets.get(subnet_id, {})
            subnet = Value(names.by_id.get(subnet_id, ""), subnet_id)
            zone, cidr = data.get("availability_zone", ""), data.get("cidr_block", "")
            rows.append(Interface(zone, subnet, cidr, "", "", of_interface("missing" if at_rest else "")))
    return sorted(rows, key=lambda item: (item.zone, item.subnet.copy))


def _compare(label: str, names: Names, wanted: Iterable[str], there: Iterable[str]) -> Comparison:
    wanted, there = tuple(wanted), set(there)  # AWS gives them in an order of its own
    same_order = [*(item for item in wanted if item in there), *sorted(there - set(wanted))]
    return Comparison(label, named(names, *wanted), named(names, *same_order), set(wanted) == there)


def _pair(label: str, wanted: Value, there: Value) -> Comparison:
    return Comparison(label, (wanted,), (there,), wanted == there)


def _switch(on: bool) -> Value:
    return Value("On" if on else "Off")


def _text(text: str) -> tuple[Value, ...]:
    return (Value(text),) if text else ()
