"""What to offer while somebody types an action: names from AWS's reference."""

from __future__ import annotations

from endpoints.models import Endpoint
from endpoints.policy import reference
from endpoints.policy.lint.endpoint_services import action_prefixes

MOST = 400
"""Names offered at once. S3, with the most that people ask about, has some 170."""
COMMON = ("s3", "dynamodb", "secretsmanager", "kms", "sts")


def actions_of(endpoint: Endpoint | None) -> list[str]:
    """Return the actions that come through an endpoint; those that people mostly ask about where there is none."""
    prefixes = action_prefixes(endpoint.service_name) if endpoint else frozenset()
    return _actions(sorted(prefixes) or COMMON)


def actions_like(typed: str) -> list[str]:
    """Return the actions that begin with what was typed, letter case aside, or the services while none is named."""
    prefix, colon, name = typed.strip().lower().partition(":")
    if not colon:
        return [f"{item}:" for item in reference.services() if item.startswith(prefix)][:MOST]
    service = reference.service(prefix)
    if service is None:
        return []
    return [f"{service.prefix}:{item.name}" for key, item in service.actions.items() if key.startswith(name)][:MOST]


def _actions(prefixes: tuple[str, ...] | list[str]) -> list[str]:
    found = [
        f"{service.prefix}:{action.name}"
        for prefix in prefixes
        if (service := reference.service(prefix)) is not None
        for action in service.actions.values()
    ]
    return found[:MOST]
