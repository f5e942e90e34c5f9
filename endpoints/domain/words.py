"""Actions in words: the sentences that a requester and a reviewer read, with the consequences said aloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
from endpoints.domain.rules import INGRESS, GroupRule, ObservedRule
from endpoints.domain.specs import EndpointSpec, EndpointType

_DROPS_ROUTES = "Open TCP connections to the service through these route tables drop once."


@dataclass(frozen=True, slots=True)
class Names:
    """Names of AWS ids, for people: `names.of("rtb-1")` gives `private-a (rtb-1)`.

    Of services, by their names: those whose owner has to accept a connection, and those that take no endpoint policy.
    """

    by_id: Mapping[str, str] = field(default_factory=dict)
    ask_their_owner: frozenset[str] = frozenset()
    without_policy: frozenset[str] = frozenset()

    def of(self, aws_id: str) -> str:
        """Return the name with its id, or the id alone."""
        name = self.by_id.get(aws_id)
        return f"{name} ({aws_id})" if name else aws_id


def explain(action: Action, names: Names | None = None) -> tuple[str, ...]:
    """Return the action as plain sentences for a reviewer, the consequences included."""
    names = names or Names()
    match action:
        case CreateEndpoint():
            return (*_explain_replacement(action, names), *_explain_create(action.spec, names))
        case DeleteEndpoint():
            return _explain_delete(action, names)
        case SetTags():
            return tuple(f"Will set the tag {key} to “{value}”." for key, value in action.tags)
        case RemoveTags():
            return tuple(f"Will remove the tag {key}." for key in action.keys)
        case ModifyEndpoint():
            return tuple(_explain_modify(action, names))
        case AuthorizeRule(rule):
            group = names.of(rule.group_id)
            return (f"Will add a rule to {group}: allow {rule.words}. It is removed with the endpoint.",)
        case RevokeRule(rule):
            group = names.of(rule.group_id)
            return (f"Will remove the rule from {group} that the portal added: {_effect(rule)}.",)


def _effect(rule: GroupRule) -> str:
    way = "gets in" if rule.direction == INGRESS else "gets out"
    return f"{rule.words}; what no other rule allows {way} no longer"


def left_behind(rules: Iterable[ObservedRule], names: Names | None = None) -> tuple[str, ...]:
    """Return in words the rules that outlive the endpoint that carries them, and why."""
    names = names or Names()
    return tuple(
        f"The rule of {names.of(item.rule.group_id)} stays, {item.rule.words}: "
        + ("another endpoint asks for it, too." if item.ours else "it was there before, and isn't the portal's.")
        for item in rules
        if not item.goes
    )


_LOST = {"ipv4": "IPv6", "ipv6": "IPv4"}
"""Of which version an endpoint loses its addresses when its IP address type is changed to another one."""


def drops_connections(actions: Iterable[Action]) -> bool:
    """Tell whether open connections of clients drop when these actions are carried out."""
    return any(_drops(action) for action in actions)


def _drops(action: Action) -> bool:
    match action:
        case CreateEndpoint():
            return bool(action.spec.route_table_ids)
        case ModifyEndpoint():
            return bool(
                action.add_route_table_ids
                or action.remove_route_table_ids
                or action.remove_subnet_ids
                or any(item.subnet_id not in action.add_subnet_ids for item in action.subnet_configurations)
                or action.ip_address_type in _LOST
            )
        case DeleteEndpoint():
            return True
    return False


_FIELDS = {
    "vpc_endpoint_type": "type",
    "vpc_id": "VPC",
    "service_name": "service",
    "service_region": "service's region",
    "subnet_ids": "subnet of a Gateway Load Balancer endpoint",
    "ip_address_type": "IP address type of a Gateway Load Balancer endpoint",
}


def _explain_replacement(action: CreateEndpoint, names: Names) -> Iterable[str]:
    if not action.replaces:
        return
    what = " or ".join(_FIELDS[reason] for reason in action.reasons)
    old = names.of(action.replaces)
    yield f"AWS can't change the {what} in place: a new endpoint takes the place of {old}."
    yield (
        "The new one gets another id, other DNS names and other addresses: change whatever names them before "
        "the old one goes."
    )


_STOPS: Mapping[str, str] = {
    EndpointType.GATEWAY: (
        "Its routes go: open connections drop, and clients without another way to the service lose it."
    ),
    EndpointType.GATEWAY_LOAD_BALANCER: (
        "Routes that lead to it become blackholes: what follows them is dropped until they are changed."
    ),
}
_STOPS_AFTER_ANOTHER: Mapping[str, str] = {
    EndpointType.GATEWAY: "Connections that are still open through the old one drop then.",
    EndpointType.GATEWAY_LOAD_BALANCER: (
        "Routes that lead to the old one become blackholes then: have them lead to the new one before."
    ),
}


def _explain_delete(action: DeleteEndpoint, names: Names) -> tuple[str, ...]:
    kind = action.vpc_endpoint_type
    if action.replaced:
        return (
            f"Will delete {names.of(action.vpc_endpoint_id)} after the new endpoint is available, not before.",
            _STOPS_AFTER_ANOTHER.get(
                kind,
                "Connections that are still open through the old one drop then, and names that resolved to it become "
                "public again until the new one's private DNS is on.",
            ),
        )
    return (
        f"Will delete {names.of(action.vpc_endpoint_id)}.",
        _STOPS.get(
            kind,
            "Traffic through it stops: open connections drop, names that resolved to it become public again, and "
            "clients without another way to the service lose it.",
        ),
    )


def _explain_create(spec: EndpointSpec, names: Names) -> Iterable[str]:
    article = "an" if spec.vpc_endpoint_type is EndpointType.INTERFACE else "a"
    kind = spec.vpc_endpoint_type
    yield f"Will create {article} {kind} endpoint to {spec.service_name} in {names.of(spec.vpc_id)}."
    if spec.service_region:
        yield f"The service is in {spec.service_region}: data crosses regions, inside AWS's network."
    yield from _explain_routes(spec, names) if spec.is_gateway else _explain_interfaces(spec, names)
    if spec.service_name in names.ask_their_owner:
        yield "The service's owner has to accept the connection: nothing gets through before that."
    if spec.tags:
        yield f"Will tag it {', '.join(f'{key}={value}' for key, value in spec.tags)}."
    if spec.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER:
        yield "Nothing is sent through it until a route table leads to it."
    elif spec.service_name in names.without_policy:
        yield "The service takes no endpoint policy: access through the endpoint is full."
    elif spec.policy_document:
        yield "Will attach the custom endpoint policy below."
    else:
        yield "Will allow full access through the endpoint (AWS's default endpoint policy)."


def _explain_routes(spec: EndpointSpec, names: Names) -> Iterable[str]:
    for table in spec.route_table_ids:
        yield f"Will add a route to the service's prefix list in {names.of(table)}."
    yield (
        _DROPS_ROUTES
        if spec.route_table_ids
        else "No route table is chosen: nothing is routed through it until one is added."
    )


def _explain_interfaces(spec: EndpointSpec, names: Names) -> Iterable[str]:
    fixed = spec.fixed_addresses
    for subnet in spec.subnet_ids:
        address = f" with the fixed address {fixed[subnet]}" if subnet in fixed else ""
        yield f"Will place a network interface in {names.of(subnet)}{address}."
    if spec.ip_address_type:
        yield f"Will give it addresses of the type {spec.ip_address_type}."
    if spec.dns_record_ip_type:
        yield f"Its DNS names get records of the type {spec.dns_record_ip_type}."
    if not spec.has_network_interfaces:
        return
    groups = ", ".join(names.of(item) for item in spec.security_group_ids)
    yield f"Will guard it by {groups}." if groups else "AWS will attach the VPC's default security group."
    yield from _explain_private_dns(spec, accepted_first=spec.service_name in names.ask_their_owner)


def _explain_private_dns(spec: EndpointSpec, *, accepted_first: bool) -> Iterable[str]:
    if not spec.private_dns_enabled:
        yield "Private DNS stays off: clients must use the endpoint's own DNS names."
        return
    # AWS refuses it before the owner has accepted, so it is a second step then, whatever was asked for.
    later = spec.private_dns_in_two_steps or accepted_first
    when = "When the endpoint is available, will" if later else "Will"
    yield f"{when} switch private DNS on: the service's own name resolves to private addresses in the whole VPC."
    if spec.private_dns_only_for_inbound_resolver_endpoint:
        yield "Only names asked through an inbound resolver endpoint do; clients in the VPC use the Gateway endpoint."


_MODIFY_WORDS = (
    ("add_route_table_ids", "Will add a route to the service's prefix list in {}."),
    ("remove_route_table_ids", "Will remove the route to the service's prefix list from {}."),
    ("add_subnet_ids", "Will place a network interface in {}."),
    ("remove_subnet_ids", "Will remove the network interface from {}; connections through it drop."),
    ("add_security_group_ids", "Will add the security group {}."),
    ("remove_security_group_ids", "Will remove the security group {}."),
)


def _explain_modify(action: ModifyEndpoint, names: Names) -> Iterable[str]:
    for attribute, words in _MODIFY_WORDS:
        yield from (words.format(names.of(item)) for item in getattr(action, attribute))
    if action.add_route_table_ids or action.remove_route_table_ids:
        yield _DROPS_ROUTES
    if action.remove_route_table_ids:
        yield "Clients whose route is removed and who have no other way to the service lose it."
    for item in action.subnet_configurations:
        yield f"Will give the network interface in {names.of(item.subnet_id)} the fixed address {item.ipv4}."
    if any(item.subnet_id not in action.add_subnet_ids for item in action.subnet_configurations):
        yield "AWS makes a new network interface for another address; connections through the old one drop."
    yield from _explain_types(action)
    yield from _explain_private_dns_change(action)
    if action.reset_policy:
        yield (
            f"Will reset the endpoint policy of {names.of(action.vpc_endpoint_id)} to full access; "
            "it takes effect some minutes after AWS accepts it."
        )
    elif action.policy_document is not None:
        yield (
            f"Will replace the endpoint policy of {names.of(action.vpc_endpoint_id)}; "
            "it takes effect some minutes after AWS accepts it."
        )


def _explain_types(action: ModifyEndpoint) -> Iterable[str]:
    if action.ip_address_type:
        yield f"Will change the IP address type to {action.ip_address_type}."
    if lost := _LOST.get(action.ip_address_type):
        yield f"It loses its {lost} addresses: connections to them drop, and clients that have {lost} alone lose it."
    if action.dns_record_ip_type:
        yield f"Will change the type of its DNS records to {action.dns_record_ip_type}."


def _explain_private_dns_change(action: ModifyEndpoint) -> Iterable[str]:
    if action.private_dns_enabled is True:
        yield (
            "Will switch private DNS on: the service's own name resolves to private addresses in the whole VPC. "
            "New connections go through the endpoint."
        )
    elif action.private_dns_enabled is False:
        yield (
            "Will switch private DNS off: the service's own name becomes public again. Clients without a way to "
            "the internet lose the service."
        )
    if action.private_dns_only_for_inbound_resolver_endpoint is not None:
        on = action.private_dns_only_for_inbound_resolver_endpoint
        whom = "only inbound resolver endpoints; clients in the VPC use the Gateway endpoint" if on else "the whole VPC"
        yield f"Private DNS will answer {whom}."
