"""`lint`: what is wrong with a policy, or odd, where, and how to mend it.

In: `{"policy": policy, "endpoint_type"?: "Gateway" | "Interface", "service"?: "com.amazonaws.eu-west-1.s3",
"protected"?: boolean, "takes_policy"?: boolean}`. A policy is an object, or a string with its text. Without an
endpoint type it may be an identity policy too, in which a missing Principal is no finding.

Out: `{"findings": [{"rule", "severity", "line", "column", "message", "cure", "why", "source"}]}`; lines and columns
count from 1 within the policy.
"""

from __future__ import annotations

from typing import Any

from endpoints.policy.command import BadLineError, Line, refuse_misspelt
from endpoints.policy.lint import RULES, Finding, VpcEndpointType, lint
from endpoints.policy.nodes import Object, Scalar

_MEMBERS = ("policy", "endpoint_type", "service", "protected", "takes_policy")
_TYPES: dict[str, VpcEndpointType] = {"Gateway": "Gateway", "Interface": "Interface"}


def answer(line: Line) -> dict[str, Any]:
    """Answer one line. Raises `BadLineError`."""
    root = line.root
    refuse_misspelt(root, _MEMBERS)
    found = lint(
        _policy(line),
        vpc_endpoint_type=_type(root),
        service_name=_service(root),
        protected=_flag(root, "protected", default=False),
        takes_policy=_flag(root, "takes_policy", default=True),
    )
    return {"findings": [as_json(item) for item in found]}


def _policy(line: Line) -> str:
    node = line.root.get("policy")
    if isinstance(node, Object):
        return line.text[node.start : node.end]  # exactly what its author wrote
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    raise BadLineError('"policy" is missing. Write an object, or a string with its text.')


def _value(root: Object, name: str) -> str | bool | int | float | Object | None:
    node = root.get(name)
    return node.value if isinstance(node, Scalar) else None if node is None else root


def _type(root: Object) -> VpcEndpointType | None:
    value = _value(root, "endpoint_type")
    if value is None:
        return None
    if not isinstance(value, str) or value not in _TYPES:
        raise BadLineError('"endpoint_type" is "Gateway" or "Interface". Leave it out if it is neither.')
    return _TYPES[value]


def _service(root: Object) -> str | None:
    value = _value(root, "service")
    if value is not None and not isinstance(value, str):
        raise BadLineError('"service" is no string. Write the endpoint service, such as "com.amazonaws.eu-west-1.s3".')
    return value


def _flag(root: Object, name: str, *, default: bool) -> bool:
    value = _value(root, name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise BadLineError(f'"{name}" is true or false.')
    return value


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the command prints it."""
    rule = RULES[finding.rule]
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "cure": finding.cure,
        "why": rule.why,
        "source": rule.source,
    }
