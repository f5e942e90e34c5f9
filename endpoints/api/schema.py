"""What drf-spectacular needs to know to describe the API truly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.utils import OpenApiResponse

from endpoints.domain import lifecycle
from endpoints.models.operations import AttemptOutcome
from endpoints.models.requests import ChangeAction, Severity
from endpoints.models.reviews import Decision
from endpoints.policy.role_check import Outcome

# Named in SPECTACULAR_SETTINGS["ENUM_NAME_OVERRIDES"], since several of them are called "status" where they stand.
REQUEST_STATUSES = lifecycle.REQUEST.choices()
ENDPOINT_STATUSES = lifecycle.ENDPOINT.choices()
POLICY_STATUSES = lifecycle.POLICY_REVISION.choices()
OPERATION_STATUSES = lifecycle.OPERATION.choices()
CHANGE_ACTIONS = ChangeAction.choices
SEVERITIES = Severity.choices
DECISIONS = Decision.choices
ATTEMPT_OUTCOMES = AttemptOutcome.choices
FINDING_OUTCOMES = [(str(item), str(item)) for item in Outcome]


class PortalTokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]  # registers itself by being defined
    """Describe the token in the schema."""

    target_class = "endpoints.api.authentication.PortalTokenAuthentication"
    name = "token"


_PROBLEM = {
    "type": "object",
    "description": "A problem by RFC 9457. `errors` names the query parameters that can't be taken, with the cure.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


def _problem(description: str) -> OpenApiResponse:
    return OpenApiResponse(_PROBLEM, description)


PROBLEMS: dict[Any, Any] = {
    304: OpenApiResponse(description="Your copy, named by `If-None-Match`, is current."),
    400: _problem("A query parameter can't be taken."),
    401: _problem("Sign in, or send `Authorization: Token …`."),
    403: _problem("You may not do this."),
    404: _problem("There is nothing here that you may see."),
}


BODY_PROBLEMS: dict[Any, Any] = {
    400: _problem("The body can't be taken."),
    413: _problem("The body has more than 1 MiB."),
    415: _problem("The body must be `application/json`."),
}
"""What else is answered where something is posted."""


def canonical_paths(endpoints: list[tuple[str, str, str, Callable[..., Any]]], **_: Any) -> list[Any]:
    """Leave out the spellings with a trailing slash, which are accepted but not the canonical ones."""
    return [item for item in endpoints if not (item[0].startswith("/api/v1/") and item[0].endswith("/"))]


def problem_content(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give problems their media type, which drf-spectacular can't take beside a paged list's response."""
    for path in result["paths"].values():
        for operation in path.values():
            for code, response in operation["responses"].items():
                if code.startswith("4") and "application/json" in response.get("content", {}):
                    response["content"] = {"application/problem+json": response["content"]["application/json"]}
    return result


def path_ids(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of each path's `id` where to find it."""
    lists = set(result["paths"])
    for address, path in result["paths"].items():
        in_list = "`id` in the list's JSON, and the" if address.partition("/{id}")[0] in lists else "The"
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] == "id":
                    parameter["description"] = f"{in_list} number in the address of its page."
    return result
