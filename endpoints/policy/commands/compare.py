"""`compare`: what a change of a policy lets through that was not, and what no longer.

In: `{"before": policy, "after": policy}`. A policy is an object, or a string with its text.

Out: `{"relation": "equivalent" | "wider" | "narrower" | "incomparable" | "undecided", "gained": [{"text", "witness"}],
"lost": [{"text", "witness"}], "reason"?}`. A witness is a request as `evaluate` takes it. With "undecided" the reason
says why, and what is gained or lost is what could be found.
"""

from __future__ import annotations

from typing import Any

from endpoints.policy.command import BadLineError, Line, refuse_misspelt
from endpoints.policy.commands.evaluate import request_as_json
from endpoints.policy.compare import Comparison, Region, compare
from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.nodes import Object, Scalar

_MEMBERS = ("before", "after")


def answer(line: Line) -> dict[str, Any]:
    """Answer one line. Raises `BadLineError`."""
    refuse_misspelt(line.root, _MEMBERS)
    return as_json(compare(_policy(line, "before"), _policy(line, "after")))


def _policy(line: Line, name: str) -> PolicyDocument:
    node = line.root.get(name)
    text = line.text[node.start : node.end] if isinstance(node, Object) else None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        text = node.value
    if text is None:
        raise BadLineError(f'"{name}" is missing or no policy. Write an object, or a string with its text.')
    try:
        return parse(text)
    except PolicySyntaxError as error:
        raise BadLineError(f"{name}: {error.findings[0]}") from None


def as_json(found: Comparison) -> dict[str, Any]:
    """Return a comparison as the command prints it."""
    answered: dict[str, Any] = {
        "relation": found.relation,
        "gained": [_region(region) for region in found.gained],
        "lost": [_region(region) for region in found.lost],
    }
    if found.reason is not None:
        answered["reason"] = found.reason
    return answered


def _region(region: Region) -> dict[str, Any]:
    return {"text": region.text, "witness": request_as_json(region.witness)}
