"""`replay`: which recorded requests would a proposed policy deny.

In: `{"policy": policy, "events": [event] or text, "endpoint"?: "vpce-…", "organization"?: "o-…"}`. A policy is an
object, or a string with its text; events are CloudTrail's, as a list, as `{"Records": [event]}`, or as a string that
holds either or one event a line. With `endpoint` only calls through it count.

Out: `{"allowed", "denied", "groups": [{"who", "action", "resource", "count", "first", "last", "reason", "explicit",
"unsure", "sample": request}], "groups_left_out", "recorded": {"events", "elsewhere", "denied_by_aws", "skipped":
["Line 2, …"], "skipped_count", "stopped"}}`. The counts are of events; a sample can be given to `evaluate`.
"""

from __future__ import annotations

from typing import Any

from endpoints.policy.command import BadLineError, Line
from endpoints.policy.commands.evaluate import request_as_json
from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.nodes import Array, Node, Object, Scalar
from endpoints.policy.use.recorded import Recorded, read
from endpoints.policy.use.replay import EXPLAINED, Denied, replay

SHOWN_SKIPPED = 20
_MEMBERS = ("policy", "events", "endpoint", "organization")


def answer(line: Line) -> dict[str, Any]:
    """Answer one line. Raises `BadLineError`."""
    refuse_unknown(line, _MEMBERS)
    found = recorded(line)
    result = replay(policy(line, "policy"), found)
    return {
        "allowed": result.allowed,
        "denied": result.denied,
        "groups": [_group(one) for one in result.groups[:EXPLAINED]],
        "groups_left_out": max(0, len(result.groups) - EXPLAINED),
        "recorded": summary(found),
    }


# --- Reading, shared with `suggest` --------------------------------------------------------------------------------
def refuse_unknown(line: Line, known: tuple[str, ...]) -> None:
    """Raise `BadLineError` for a member that the verb doesn't know."""
    for member in line.root.members:
        if member.name not in known:
            raise BadLineError(f'"{member.name[:60]}" is unknown. Use {", ".join(known)}.')


def policy(line: Line, name: str) -> PolicyDocument:
    """Return the policy in the line's member of that name. Raises `BadLineError`."""
    node = line.root.get(name)
    text = _source(line, node) if isinstance(node, Object) else _plain(node)
    if text is None:
        raise BadLineError(f'"{name}" is missing. Write an object, or a string with its text.')
    try:
        return parse(text)
    except PolicySyntaxError as error:
        raise BadLineError(f"{name}: {error.findings[0]}") from None


def recorded(line: Line) -> Recorded:
    """Return what the line's events say. Raises `BadLineError`."""
    node = line.root.get("events")
    source = _source(line, node) if isinstance(node, Object | Array) else _plain(node)
    if source is None:
        raise BadLineError('"events" is missing. Write a list of CloudTrail\'s events, or a string with their text.')
    data = source.encode(errors="replace")
    return read(data, vpc_endpoint_id=text(line, "endpoint"), organization=text(line, "organization"))


def text(line: Line, name: str) -> str | None:
    """Return the line's string of that name; None without one. Raises `BadLineError`."""
    node = line.root.get(name)
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return None
    found = _plain(node)
    if not found:
        raise BadLineError(f'"{name}" is no string. Write a string, or leave it out.')
    return found


def _plain(node: Node | None) -> str | None:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _source(line: Line, node: Object | Array) -> str:
    return line.text[node.start : node.end]


# --- Writing -------------------------------------------------------------------------------------------------------
def summary(found: Recorded) -> dict[str, Any]:
    """Return what was read, and what could not be."""
    return {
        "events": found.events,
        "elsewhere": found.elsewhere,
        "denied_by_aws": sum(one.count for one in found.denied),
        "skipped": [str(one) for one in found.skipped[:SHOWN_SKIPPED]],
        "skipped_count": found.skipped_count,
        "stopped": found.stopped or None,
    }


def _group(one: Denied) -> dict[str, Any]:
    return {
        "who": one.who,
        "action": one.action,
        "resource": one.resource,
        "count": one.count,
        "first": one.first,
        "last": one.last,
        "reason": one.reason,
        "explicit": one.explicit,
        "unsure": one.unsure or None,
        "sample": request_as_json(one.sample),
    }
