"""The plan: what to do so that AWS becomes what was approved. A pure function of desired and observed.

The same plan is shown to the reviewer in words (`words.explain`) and carried out by the worker, for create, modify,
replace, delete, repair of drift and recovery after a crash alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from endpoints.domain import rules as group_rules
from endpoints.domain.actions import (
    Action,
    AuthorizeRule,
    CreateEndpoint,
    DeleteEndpoint,
    ModifyEndpoint,
    RemoveTags,
    RevokeRule,
    SetTags,
)
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.rules import ObservedRule
from endpoints.domain.specs import EndpointSpec, EndpointType, SubnetConfiguration

SamePolicy = Callable[[str | None, str | None], bool]

GONE_STATES = frozenset({"deleting", "deleted"})
"""AWS states in which an endpoint is no longer there to be changed."""


def plan(
    *,
    desired: EndpointSpec | None,
    observed: ObservedEndpoint | None,
    same_policy: SamePolicy,
    full_access: str,
    former: EndpointSpec | None = None,
    private_dns_allowed: bool = True,
    rules: Iterable[ObservedRule] = (),
) -> tuple[Action, ...]:
    """Return the actions that bring `observed` to `desired`, in order; none when it is there already.

    `desired` is None for "should not exist". `same_policy` compares two documents by meaning, where None stands for
    full access; `full_access` is the document to send for it to an Interface endpoint, since AWS documents
    ResetPolicy for Gateway endpoints only. `former` is what was desired before: tags that only it names are removed,
    and tags that somebody else set are left alone. `private_dns_allowed` is False while a service owner has yet to
    accept, or while the endpoint isn't available: AWS refuses private DNS until then. `rules` are the rules of
    security groups that AWS has, as far as they concern the endpoint.

    A rule is added after the endpoint is made, so that a refused creation leaves none behind, and before anything is
    changed that leads clients to it; it is removed last.
    """
    present = observed is not None and observed.state not in GONE_STATES
    asked, rules = (desired.group_rules if desired else ()), tuple(rules)
    added = tuple(AuthorizeRule(item) for item in group_rules.missing(asked, rules))
    removed = tuple(RevokeRule(item.rule, item.rule_id) for item in group_rules.surplus(asked, rules))
    if desired is None:
        deleted = (_deletion(observed),) if observed is not None and present else ()
        return (*deleted, *removed)
    if observed is None or not present:
        return (CreateEndpoint(desired), *added, *removed)
    if reasons := unchangeable(desired, observed):
        # New before old: the new one is made and available before the old one goes.
        new = CreateEndpoint(desired, replaces=observed.vpc_endpoint_id, reasons=reasons)
        return (new, _deletion(observed, replaced=True))
    change = _changes(desired, observed, same_policy, full_access, private_dns_allowed)
    changed = () if change.changes_nothing else (change,)
    return (*added, *changed, *_tag_actions(desired, observed, former), *removed)


def _deletion(observed: ObservedEndpoint, *, replaced: bool = False) -> DeleteEndpoint:
    return DeleteEndpoint(observed.vpc_endpoint_id, replaced, observed.vpc_endpoint_type)


def unchangeable(desired: EndpointSpec, observed: ObservedEndpoint) -> tuple[str, ...]:
    """Return the fields that differ and that AWS can't change in place.

    Type, VPC, service and service region never change; of a GatewayLoadBalancer endpoint only the tags do.
    """
    pairs = {
        "vpc_endpoint_type": (str(desired.vpc_endpoint_type), observed.vpc_endpoint_type),
        "vpc_id": (desired.vpc_id, observed.vpc_id),
        "service_name": (desired.service_name, observed.service_name),
    }
    if desired.service_region and observed.service_region:
        pairs["service_region"] = (desired.service_region, observed.service_region)
    if desired.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER:
        pairs["subnet_ids"] = (",".join(sorted(desired.subnet_ids)), ",".join(sorted(observed.subnet_ids)))
        pairs["ip_address_type"] = (desired.ip_address_type or observed.ip_address_type, observed.ip_address_type)
    return tuple(name for name, (wanted, is_now) in pairs.items() if wanted != is_now)


def _changes(
    desired: EndpointSpec,
    observed: ObservedEndpoint,
    same_policy: SamePolicy,
    full_access: str,
    private_dns_allowed: bool,
) -> ModifyEndpoint:
    if desired.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER:
        return ModifyEndpoint(vpc_endpoint_id=observed.vpc_endpoint_id)
    # No group in the spec means "AWS's choice", the VPC's default group, which then is no difference.
    groups = desired.security_group_ids or observed.security_group_ids
    same = same_policy(desired.policy_document, observed.policy_document)
    reset = not same and desired.policy_document is None and desired.is_gateway
    add_subnets, addresses = _missing(desired.subnet_ids, observed.subnet_ids), _readdressed(desired, observed)
    # AWS makes network interfaces anew: names that lead to them at once would lead to nothing for a while.
    in_two_steps = desired.private_dns_when_available and bool(add_subnets or addresses)
    private_dns = _private_dns(desired, observed, private_dns_allowed and not in_two_steps)
    return ModifyEndpoint(
        vpc_endpoint_id=observed.vpc_endpoint_id,
        add_route_table_ids=_missing(desired.route_table_ids, observed.route_table_ids),
        remove_route_table_ids=_missing(observed.route_table_ids, desired.route_table_ids),
        add_subnet_ids=add_subnets,
        remove_subnet_ids=_missing(observed.subnet_ids, desired.subnet_ids),
        add_security_group_ids=_missing(groups, observed.security_group_ids),
        remove_security_group_ids=_missing(observed.security_group_ids, groups),
        subnet_configurations=addresses,
        ip_address_type=_other(desired.ip_address_type, observed.ip_address_type),
        dns_record_ip_type=_other(_records(desired, observed), observed.dns_record_ip_type),
        private_dns_only_for_inbound_resolver_endpoint=_inbound_only(desired, observed, private_dns),
        private_dns_enabled=private_dns,
        policy_document=None if same or reset else (desired.policy_document or full_access),
        reset_policy=reset,
    )


def _missing(wanted: tuple[str, ...], present: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item for item in wanted if item not in set(present))


def _other(wanted: str, is_now: str) -> str:
    """Return the wanted value if one is asked for and it isn't there yet."""
    return wanted if wanted and wanted != is_now else ""


def _records(desired: EndpointSpec, observed: ObservedEndpoint) -> str:
    """Return the type of DNS records to have: where it is left to AWS, one that goes with the IP address type.

    AWS keeps the records while nothing is said of them, and refuses to take the addresses that they name.
    """
    kind = desired.ip_address_type
    loses_some = kind in ("ipv4", "ipv6") and kind != observed.ip_address_type
    return desired.dns_record_ip_type or (kind if loses_some and observed.dns_record_ip_type else "")


def _private_dns(desired: EndpointSpec, observed: ObservedEndpoint, allowed: bool) -> bool | None:
    wanted = desired.private_dns_enabled
    if desired.is_gateway or wanted == observed.private_dns_enabled or (wanted and not allowed):
        return None
    return wanted


def _inbound_only(desired: EndpointSpec, observed: ObservedEndpoint, switched: bool | None) -> bool | None:
    """Return the S3 endpoint's inbound-resolver setting where it must be sent: only with private DNS on.

    Left out while private DNS is switched on, AWS takes it as true, and refuses without an S3 Gateway endpoint.
    """
    if desired.short_service != "s3" or not desired.private_dns_enabled:
        return None
    if switched is None and not observed.private_dns_enabled:
        return None  # private DNS comes later, and this with it
    wanted = desired.private_dns_only_for_inbound_resolver_endpoint
    return wanted if switched or wanted != observed.private_dns_only_for_inbound_resolver_endpoint else None


def _readdressed(desired: EndpointSpec, observed: ObservedEndpoint) -> tuple[SubnetConfiguration, ...]:
    """Return the fixed addresses to set: of new subnets, and of those whose interface has another one."""
    return tuple(
        item
        for item in desired.subnet_configurations
        if item.subnet_id not in observed.subnet_ids or observed.addresses.get(item.subnet_id, item.ipv4) != item.ipv4
    )


def _tag_actions(desired: EndpointSpec, observed: ObservedEndpoint, former: EndpointSpec | None) -> tuple[Action, ...]:
    wanted, there = desired.all_tags, dict(observed.tags)
    changed = tuple((key, value) for key, value in sorted(wanted.items()) if there.get(key) != value)
    dropped = set(former.all_tags if former else ()) - set(wanted)
    gone = tuple(sorted(key for key in dropped if key in there))
    actions: tuple[Action, ...] = (SetTags(observed.vpc_endpoint_id, changed),) if changed else ()
    return (*actions, RemoveTags(observed.vpc_endpoint_id, gone)) if gone else actions
