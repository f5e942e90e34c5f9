"""A request for several endpoints, in the form that it was made with: to be edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict

from endpoints.domain.specs import EndpointSpec
from endpoints.forms.parts import FULL
from endpoints.forms.request import spec_values
from endpoints.forms.several import ready_policies
from endpoints.models import Change, EndpointRequest
from endpoints.models.requests import ChangeAction
from endpoints.services.several import Target

_KEPT = (
    *("subnet_ids", "route_table_ids", "group_rules", "private_dns_enabled"),
    *("vpc_endpoint_type", "placed_for", "name"),
)


def fits(request: EndpointRequest, changes: Sequence[Change]) -> bool:
    """Tell whether the form can say all that the changes ask for: it has no tags, fixed addresses and the like."""
    if any(change.action != ChangeAction.CREATE for change in changes):
        return False
    specs = [change.desired() for change in changes]
    data = sent_for(request, changes)
    groups = {spec.vpc_id: data.getlist(f"{spec.vpc_id}-security_group_ids") for spec in specs}
    return len({_target(request, spec) for spec in specs}) == len(specs) and all(
        _says_all(spec) and (not spec.has_network_interfaces or list(spec.security_group_ids) == groups[spec.vpc_id])
        for spec in specs
    )


def _says_all(spec: EndpointSpec) -> bool:
    said = {"account_id", "region", "vpc_id", "service_name", "vpc_endpoint_type", "security_group_ids"}
    said |= {"subnet_ids", "route_table_ids", "private_dns_enabled", "group_rules", "name", "policy_document"}
    plain = all(name in said for name in spec.to_dict())  # others are there only where something was asked for
    return plain and (spec.policy_document is None or _access(spec) != FULL)


def sent_for(request: EndpointRequest, changes: Sequence[Change]) -> QueryDict:
    """Return what a browser would have sent for a request as it was asked for."""
    data = QueryDict(mutable=True)
    data["title"], data["justification"] = request.title, request.justification
    data["owner_team"] = str(request.owner_team_id)
    for number, change in enumerate(changes):
        spec = change.desired()
        values: dict[str, Any] = spec_values(spec, request.account_id)
        data.appendlist("t", f"{number}:{_target(request, spec).key}")
        data[f"t{number}-on"] = "on"
        data[f"t{number}-access"] = _access(spec)
        for name in _KEPT:
            value = values[name]
            if isinstance(value, list):
                data.setlist(f"t{number}-{name}", value)
            elif value:
                data[f"t{number}-{name}"] = "on" if value is True else str(value)
        if spec.has_network_interfaces and f"{spec.vpc_id}-security_group_ids" not in data:
            data.setlist(f"{spec.vpc_id}-security_group_ids", list(spec.security_group_ids))
    return data


def _target(request: EndpointRequest, spec: EndpointSpec) -> Target:
    return Target(request.account_id, spec.region, spec.vpc_id, spec.service_name, str(spec.vpc_endpoint_type))


def _access(spec: EndpointSpec) -> str:
    """Return the ready policy that a spec has, by its template; full access where it has none of them."""
    ready = ready_policies(spec.service_name, str(spec.vpc_endpoint_type), spec.region, spec.account_id)
    return next((name for name, (_, text) in ready.items() if text == spec.policy_document), FULL)
