"""Endpoint policies for common purposes: chosen, filled in, and proved by requests of their own.

`for_service` lists what fits an endpoint, `Template.render` writes the text, `Template.expected` gives requests with
the answers that the text gives, and `page` is docs/policy-templates.md.
"""

from __future__ import annotations

from endpoints.policy.templates import agents, perimeter, reading, services, storage
from endpoints.policy.templates.model import (
    Expected,
    Parameter,
    ParameterError,
    Problem,
    Template,
    VpcEndpointType,
)
from endpoints.policy.templates.names import partition_of, suffix_of

__all__ = ["Expected", "Parameter", "ParameterError", "Problem", "Template", "catalogue", "for_service"]

_ALL = (
    *perimeter.TEMPLATES,
    *storage.TEMPLATES,
    *services.TEMPLATES,
    *agents.TEMPLATES,
    *reading.TEMPLATES,
    perimeter.FULL_ACCESS,
)
_GATEWAY_SERVICES = ("s3", "dynamodb")


def catalogue() -> tuple[Template, ...]:
    """Return every template, the narrowest line first and full access last."""
    return _ALL


def for_service(service_name: str, vpc_endpoint_type: VpcEndpointType) -> tuple[Template, ...]:
    """Return the templates for an endpoint, those made for its service first and full access last.

    `service_name` is as AWS writes it, such as `com.amazonaws.eu-west-1.s3`. None fits a service that is not AWS's
    own (`…vpce-svc-…`): its endpoints take no policy.
    """
    suffix = suffix_of(service_name)
    if not suffix or (vpc_endpoint_type == "Gateway" and suffix not in _GATEWAY_SERVICES):
        return ()
    partition = partition_of(service_name)
    fitting = [
        item
        for item in _ALL
        if vpc_endpoint_type in item.types and partition in item.partitions and _fits(item, suffix)
    ]
    return tuple(sorted(fitting, key=lambda item: (item is perimeter.FULL_ACCESS, not item.services)))


def _fits(template: Template, suffix: str) -> bool:
    return suffix in template.services if template.services else suffix not in template.not_services
