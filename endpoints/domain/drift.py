"""Drift: how what AWS has differs from what was approved, and what is there as a spec of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import SamePolicy
from endpoints.domain.rules import missing, surplus
from endpoints.domain.specs import RESERVED_TAGS, EndpointSpec, EndpointType, SpecError, short_service_name


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, by botocore's name in snake_case, as approved and as observed.

    Lists are sorted; a policy is a text, None where none was asked for; tags are named `tags.<key>`.
    """

    field: str
    desired: str | bool | tuple[str, ...] | None
    observed: str | bool | tuple[str, ...] | None


def differences(
    desired: EndpointSpec, observed: ObservedEndpoint, *, same_policy: SamePolicy
) -> tuple[Difference, ...]:
    """Return every difference that the plan would repair, in a fixed order; policies are compared by meaning.

    What the spec leaves to AWS (no security group, no IP address type, any address) is no difference, nor are tags
    that the spec doesn't name.
    """
    return (
        *_lists(desired, observed),
        *_options(desired, observed),
        *_addresses(desired, observed),
        *_policy(desired, observed, same_policy),
        *_tags(desired, observed),
        *_rules(desired, observed),
    )


def _lists(desired: EndpointSpec, observed: ObservedEndpoint) -> Iterator[Difference]:
    for name in ("route_table_ids", "subnet_ids", "security_group_ids"):
        wanted, there = sorted(getattr(desired, name)), sorted(getattr(observed, name))
        left_to_aws = name == "security_group_ids" and not wanted
        if wanted != there and not left_to_aws:
            yield Difference(name, tuple(wanted), tuple(there))


def _options(desired: EndpointSpec, observed: ObservedEndpoint) -> Iterator[Difference]:
    if not desired.has_network_interfaces:
        return
    for name in ("ip_address_type", "dns_record_ip_type"):
        wanted, there = getattr(desired, name), getattr(observed, name)
        if wanted and wanted != there:
            yield Difference(name, wanted, there)
    if desired.private_dns_enabled != observed.private_dns_enabled:
        yield Difference("private_dns_enabled", desired.private_dns_enabled, observed.private_dns_enabled)
    inbound = "private_dns_only_for_inbound_resolver_endpoint"
    both_on = desired.private_dns_enabled and observed.private_dns_enabled
    if desired.short_service == "s3" and both_on and getattr(desired, inbound) != getattr(observed, inbound):
        yield Difference(inbound, getattr(desired, inbound), getattr(observed, inbound))


def _addresses(desired: EndpointSpec, observed: ObservedEndpoint) -> Iterator[Difference]:
    for subnet, address in desired.fixed_addresses.items():
        there = observed.addresses.get(subnet)
        if there is not None and there != address:
            yield Difference(f"subnet_configurations.{subnet}", address, there)


def _policy(desired: EndpointSpec, observed: ObservedEndpoint, same_policy: SamePolicy) -> Iterator[Difference]:
    takes_policy = desired.vpc_endpoint_type is not EndpointType.GATEWAY_LOAD_BALANCER
    if takes_policy and not same_policy(desired.policy_document, observed.policy_document):
        yield Difference("policy_document", desired.policy_document, observed.policy_document)


def _tags(desired: EndpointSpec, observed: ObservedEndpoint) -> Iterator[Difference]:
    there = dict(observed.tags)
    for key, value in sorted(desired.all_tags.items()):
        if there.get(key) != value:
            yield Difference(f"tags.{key}", value, there.get(key))


def _rules(desired: EndpointSpec, observed: ObservedEndpoint) -> Iterator[Difference]:
    """Yield the rules that are gone, and those of the portal that nobody asks for; each as its key."""
    gone, more = missing(desired.group_rules, observed.group_rules), surplus(desired.group_rules, observed.group_rules)
    if gone or more:
        wanted = {item.key for item in desired.group_rules}
        there = (wanted - {item.key for item in gone}) | {item.rule.key for item in more}
        yield Difference("group_rules", tuple(sorted(wanted)), tuple(sorted(there)))


def accepted(
    desired: EndpointSpec,
    observed: ObservedEndpoint,
    found: Iterable[Difference],
    *,
    is_full_access: Callable[[str], bool],
) -> EndpointSpec:
    """Return the approved spec with what differs taken from what is there, and everything else as it was asked for.

    Tags that only somebody else set stay theirs, and what the spec leaves to AWS stays AWS's choice. Raises SpecError
    when the two don't fit together.
    """
    there = spec_of(observed, account_id=desired.account_id, region=desired.region, is_full_access=is_full_access)
    names = {item.field for item in found}
    values: dict[str, Any] = {name: getattr(there, name) for name in names if "." not in name}
    if "group_rules" in names:
        gone = missing(desired.group_rules, observed.group_rules)
        more = (item.rule for item in surplus(desired.group_rules, observed.group_rules))
        values["group_rules"] = (*(item for item in desired.group_rules if item not in gone), *more)
    tags = {key: value for key, value in observed.tags if key in desired.all_tags}
    if "tags.Name" in names:
        values["name"] = tags.get("Name", "")
    if any(name.startswith("tags.") for name in names):
        values["tags"] = tuple((key, tags[key]) for key, _ in desired.tags if key in tags)
    if desired.subnet_configurations:
        kept = values.get("subnet_ids", desired.subnet_ids)
        addresses = {**desired.fixed_addresses, **observed.addresses}
        values["subnet_configurations"] = tuple(
            replace(item, ipv4=addresses[item.subnet_id])
            for item in desired.subnet_configurations
            if item.subnet_id in kept
        )
    if "private_dns_enabled" in names:
        # They go together: whom it answers, and whether it is to be put off.
        inbound = "private_dns_only_for_inbound_resolver_endpoint"
        values |= {inbound: getattr(there, inbound), "private_dns_when_available": False}
    return replace(desired, **values)


def spec_of(
    observed: ObservedEndpoint, *, account_id: str, region: str, is_full_access: Callable[[str], bool]
) -> EndpointSpec:
    """Return what is there as a spec: to adopt an endpoint, or to accept how it was changed.

    The portal's own tags and AWS's are left out; a policy that means full access is none. Raises SpecError for what
    the portal doesn't manage, such as an endpoint of another type.
    """
    try:
        kind = EndpointType(observed.vpc_endpoint_type)
    except ValueError:
        problem = f"The portal doesn't manage endpoints of the type {observed.vpc_endpoint_type}."
        raise SpecError({"vpc_endpoint_type": problem}) from None
    tags = dict(observed.tags)
    policy = observed.policy_document
    interface = kind is EndpointType.INTERFACE
    return EndpointSpec(
        account_id=account_id,
        region=region,
        vpc_id=observed.vpc_id,
        service_name=observed.service_name,
        vpc_endpoint_type=kind,
        subnet_ids=observed.subnet_ids,
        security_group_ids=observed.security_group_ids if interface else (),
        route_table_ids=observed.route_table_ids,
        private_dns_enabled=interface and observed.private_dns_enabled,
        policy_document=None if not policy or is_full_access(policy) else policy,
        name=tags.pop("Name", ""),
        service_region=observed.service_region if observed.service_region != region else "",
        ip_address_type="" if kind is EndpointType.GATEWAY else observed.ip_address_type,
        dns_record_ip_type=observed.dns_record_ip_type if interface else "",
        private_dns_only_for_inbound_resolver_endpoint=(
            observed.private_dns_only_for_inbound_resolver_endpoint
            and observed.private_dns_enabled
            and short_service_name(observed.service_name) == "s3"
        ),
        tags=tuple(sorted((key, value) for key, value in tags.items() if not key.lower().startswith(RESERVED_TAGS))),
    )
