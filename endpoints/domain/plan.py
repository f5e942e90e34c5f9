"""The plan: what to do so that AWS becomes what was approved. A pure function of desired and observed.

The same plan is shown to the reviewer in words and carried out by the worker, for create, modify, delete and for
recovery after a crash alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.specs import EndpointSpec

SamePolicy = Callable[[str | None, str | None], bool]

GONE_STATES = frozenset({"deleting", "deleted"})
"""AWS states in which an endpoint is no longer there to be changed."""


@dataclass(frozen=True, slots=True)
class CreateEndpoint:
    """Create the endpoint of this spec."""

    spec: EndpointSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyEndpoint:
    """Change an endpoint in place, by one ModifyVpcEndpoint call."""

    vpc_endpoint_id: str
    add_route_table_ids: tuple[str, ...] = ()
    remove_route_table_ids: tuple[str, ...] = ()
    add_subnet_ids: tuple[str, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    add_security_group_ids: tuple[str, ...] = ()
    remove_security_group_ids: tuple[str, ...] = ()
    private_dns_enabled: bool | None = None
    policy_document: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteEndpoint:
    """Delete the endpoint."""

    vpc_endpoint_id: str


Action = CreateEndpoint | ModifyEndpoint | DeleteEndpoint


@dataclass(frozen=True, slots=True)
class Names:
    """Names of AWS ids, for people: `names.of("rtb-1")` gives `private-a (rtb-1)`."""

    by_id: Mapping[str, str] = field(default_factory=dict)

    def of(self, aws_id: str) -> str:
        """Return the name with its id, or the id alone."""
        name = self.by_id.get(aws_id)
        return f"{name} ({aws_id})" if name else aws_id


def plan(
    *,
    desired: EndpointSpec | None,
    observed: ObservedEndpoint | None,
    same_policy: SamePolicy,
    full_access: str,
    private_dns_allowed: bool = True,
) -> tuple[Action, ...]:
    """Return the actions that bring `observed` to `desired`, in order; none when it is there already.

    `desired` is None for "should not exist". `same_policy` compares two documents by meaning, where None stands for
    full access, and `full_access` is the document to send for it: AWS documents ResetPolicy for Gateway endpoints
    only. `private_dns_allowed` is False while a service owner has yet to accept: AWS refuses private DNS until then.
    """
    present = observed is not None and observed.state not in GONE_STATES
    if desired is None:
        return (DeleteEndpoint(observed.vpc_endpoint_id),) if observed is not None and present else ()
    if observed is None or not present:
        return (CreateEndpoint(desired),)
    change = _changes(desired, observed, same_policy, full_access, private_dns_allowed)
    return () if change == ModifyEndpoint(vpc_endpoint_id=observed.vpc_endpoint_id) else (change,)


def _changes(
    desired: EndpointSpec,
    observed: ObservedEndpoint,
    same_policy: SamePolicy,
    full_access: str,
    private_dns_allowed: bool,
) -> ModifyEndpoint:
    wanted_dns = desired.private_dns_enabled
    dns_differs = not desired.is_gateway and wanted_dns != observed.private_dns_enabled
    # No group in the spec means "AWS's choice", the VPC's default group, which then is no difference.
    groups = desired.security_group_ids or observed.security_group_ids
    same = same_policy(desired.policy_document, observed.policy_document)
    return ModifyEndpoint(
        vpc_endpoint_id=observed.vpc_endpoint_id,
        add_route_table_ids=_missing(desired.route_table_ids, observed.route_table_ids),
        remove_route_table_ids=_missing(observed.route_table_ids, desired.route_table_ids),
        add_subnet_ids=_missing(desired.subnet_ids, observed.subnet_ids),
        remove_subnet_ids=_missing(observed.subnet_ids, desired.subnet_ids),
        add_security_group_ids=_missing(groups, observed.security_group_ids),
        remove_security_group_ids=_missing(observed.security_group_ids, groups),
        private_dns_enabled=wanted_dns if dns_differs and (private_dns_allowed or not wanted_dns) else None,
        policy_document=None if same else (desired.policy_document or full_access),
    )


def _missing(wanted: tuple[str, ...], present: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item for item in wanted if item not in set(present))


def explain(action: Action, names: Names | None = None) -> tuple[str, ...]:
    """Return the action as plain sentences for a reviewer, the consequences included."""
    names = names or Names()
    if isinstance(action, CreateEndpoint):
        return _explain_create(action.spec, names)
    if isinstance(action, DeleteEndpoint):
        return (
            f"Will delete {names.of(action.vpc_endpoint_id)}.",
            "Traffic through it stops: open connections drop, and names that resolved to it become public again.",
        )
    return _explain_modify(action, names)


def _explain_create(spec: EndpointSpec, names: Names) -> tuple[str, ...]:
    article = "a" if spec.is_gateway else "an"
    lines = [
        f"Will create {article} {spec.vpc_endpoint_type} endpoint to {spec.service_name} in {names.of(spec.vpc_id)}."
    ]
    if spec.is_gateway:
        lines += [f"Will add a route to the service's prefix list in {names.of(i)}." for i in spec.route_table_ids]
        lines.append(
            "Open TCP connections to the service through these route tables drop once."
            if spec.route_table_ids
            else "No route table is chosen: nothing is routed through it until one is added."
        )
    else:
        lines += [f"Will place a network interface in {names.of(i)}." for i in spec.subnet_ids]
        groups = ", ".join(names.of(item) for item in spec.security_group_ids)
        lines.append(f"Will guard it by {groups}." if groups else "AWS will attach the VPC's default security group.")
        lines.append(
            "Will switch private DNS on: the service's own name resolves to private addresses in the whole VPC."
            if spec.private_dns_enabled
            else "Private DNS stays off: clients must use the endpoint's own DNS names."
        )
    lines.append(
        "Will attach the custom endpoint policy below."
        if spec.policy_document
        else "Will allow full access through the endpoint (AWS's default endpoint policy)."
    )
    return tuple(lines)


_MODIFY_WORDS = (
    ("add_route_table_ids", "Will add a route to the service's prefix list in {}."),
    ("remove_route_table_ids", "Will remove the route to the service's prefix list from {}."),
    ("add_subnet_ids", "Will place a network interface in {}."),
    ("remove_subnet_ids", "Will remove the network interface from {}; connections through it drop."),
    ("add_security_group_ids", "Will add the security group {}."),
    ("remove_security_group_ids", "Will remove the security group {}."),
)


def _explain_modify(action: ModifyEndpoint, names: Names) -> tuple[str, ...]:
    lines = [words.format(names.of(item)) for attribute, words in _MODIFY_WORDS for item in getattr(action, attribute)]
    if action.add_route_table_ids or action.remove_route_table_ids:
        lines.append("Open TCP connections to the service through these route tables drop once.")
    if action.private_dns_enabled is not None:
        lines.append(f"Will switch private DNS {'on' if action.private_dns_enabled else 'off'}.")
    if action.policy_document is not None:
        lines.append(
            f"Will replace the endpoint policy of {names.of(action.vpc_endpoint_id)}; "
            "it takes effect some minutes after AWS accepts it."
        )
    return tuple(lines)
