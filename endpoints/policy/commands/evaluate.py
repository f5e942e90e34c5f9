"""`evaluate`: would a request be allowed, by which policy, and why.

In: `{"request": {"principal", "action", "resource", "resource_account"?, "context"?}, "endpoint_policies"?: [policy],
"identity_policies"?: [policy], "resource_policy"?: policy, "permissions_boundaries"?: [policy], "session_policies"?:
[policy], "service_control_policies"?: [[policy]], "resource_control_policies"?: [[policy]]}`. A policy is an object, or
a string with its text. What is left out or null doesn't take part; an empty list allows nothing.

Out: `{"decision", "decided_by": {"policy", "index", "statement": {"index", "sid"}} or null, "reason", "steps": [...]}`.
Every `index` and `level` counts from 0, as positions in JSON do; sentences count from 1, as people and `lint` do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from endpoints.policy.command import BadLineError, Line, refuse_misspelt
from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.evaluate import (
    Chain,
    CompiledPolicy,
    DecidedBy,
    Decision,
    Outcome,
    Request,
    StatementOutcome,
    Step,
    compile_policy,
    evaluate,
)
from endpoints.policy.nodes import Array, Member, Node, Object, Scalar, value_text

SHOWN_STATEMENTS = 20
"""How many statements of a policy are explained, those that match aside."""

MAX_POLICIES = 1000
"""Policies of one question, each level of them counted as one more: ten times what AWS attaches to anything."""

_MEMBERS = (
    *("request", "endpoint_policies", "identity_policies", "resource_policy", "permissions_boundaries"),
    *("session_policies", "service_control_policies", "resource_control_policies"),
)
_REQUEST_MEMBERS = ("principal", "action", "resource", "resource_account", "context")
_T = TypeVar("_T")


def answer(line: Line) -> dict[str, Any]:
    """Answer one line. Raises `BadLineError`."""
    return as_json(evaluate(*read_question(line), explain=True))


def read_question(line: Line) -> tuple[Request, Chain]:
    """Return the request and the policies of a line. Raises `BadLineError`."""
    root = line.root
    refuse_misspelt(root, _MEMBERS)
    request = read_request(root.get("request"))
    read = _Policies(line.text)
    chain = Chain(
        endpoint_policies=read.several(root, "endpoint_policies"),
        identity_policies=read.several(root, "identity_policies"),
        resource_policy=read.resource_policy(root, "resource_policy"),
        permissions_boundaries=read.several(root, "permissions_boundaries"),
        session_policies=read.several(root, "session_policies"),
        service_control_policies=read.levels(root, "service_control_policies"),
        resource_control_policies=read.levels(root, "resource_control_policies"),
    )
    return request, chain


# --- Reading the question --------------------------------------------------------------------------------------------


def read_request(node: Node | None) -> Request:
    """Return the request that a node describes. Raises `BadLineError`."""
    if not isinstance(node, Object):
        raise BadLineError('"request" is missing or no object. Write {"principal", "action", "resource", …}.')
    refuse_misspelt(node, _REQUEST_MEMBERS)
    account = _absent_if_null(node.get("resource_account"))
    return Request(
        principal=_text(node, "principal"),
        action=_action(node),
        resource=_text(node, "resource"),
        resource_account=None if account is None else _text(node, "resource_account"),
        context=_context(_absent_if_null(node.get("context"))),
    )


def _absent_if_null(node: Node | None) -> Node | None:
    return None if isinstance(node, Scalar) and node.value is None else node


def _text(node: Object, name: str) -> str:
    found = node.get(name)
    if not (isinstance(found, Scalar) and isinstance(found.value, str) and found.value):
        raise BadLineError(f'"{name}" of the request is missing or no string. Write a string.')
    return found.value


def _action(node: Object) -> str:
    text = _text(node, "action")
    service, colon, name = text.partition(":")
    if not (service and colon and name) or set("*?") & set(text):
        raise BadLineError('"action" of the request is no single action. Write one such as "s3:GetObject".')
    return text


def _context(node: Node | None) -> dict[str, str | tuple[str, ...]]:
    if node is None:
        return {}
    if not isinstance(node, Object):
        raise BadLineError('"context" of the request is no object. Write {"aws:PrincipalOrgID": "o-…"}.')
    found: dict[str, str | tuple[str, ...]] = {}
    seen: set[str] = set()
    for member in node.members:
        if member.name.lower() in seen:
            raise BadLineError(f'"{member.name[:60]}" is in the context twice; letter case makes no difference.')
        seen.add(member.name.lower())
        if _absent_if_null(member.value) is not None:
            found[member.name] = _values(member)
    return found


def _values(member: Member) -> str | tuple[str, ...]:
    node = member.value
    items = node.items if isinstance(node, Array) else (node,)
    texts = tuple(value_text(item) for item in items if isinstance(item, Scalar) and item.value is not None)
    if len(texts) < len(items):
        raise BadLineError(f'"{member.name[:60]}" in the context is no string, number, boolean or list of them.')
    return texts if isinstance(node, Array) else texts[0]


class _Policies:
    """Reads the policies of a line from its text, so that they are exactly what their author wrote."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = MAX_POLICIES

    def several(self, root: Object, name: str) -> tuple[CompiledPolicy, ...] | None:
        return self._list(_absent_if_null(root.get(name)), name, self._policy)

    def levels(self, root: Object, name: str) -> tuple[tuple[CompiledPolicy, ...], ...] | None:
        return self._list(_absent_if_null(root.get(name)), name, self._level)

    def resource_policy(self, root: Object, name: str) -> CompiledPolicy | None:
        node = _absent_if_null(root.get(name))
        return None if node is None else _compiled(self._document(node, name), resource_policy=True)

    def _level(self, node: Node, name: str) -> tuple[CompiledPolicy, ...]:
        return self._list(node, name, self._policy) or ()

    def _policy(self, node: Node, name: str) -> CompiledPolicy:
        return _compiled(self._document(node, name))

    def _list(self, node: Node | None, name: str, read: Callable[[Node, str], _T]) -> tuple[_T, ...] | None:
        if node is None:
            return None
        if not isinstance(node, Array):
            raise BadLineError(f'"{name}" is no list. Write [ … ].')
        self._left -= len(node.items)
        if self._left < 0:
            raise BadLineError(f"These are more than {MAX_POLICIES:,} policies. Ask about fewer at once.")
        return tuple(read(item, f"{name}[{number}]") for number, item in enumerate(node.items))

    def _document(self, node: Node, name: str) -> PolicyDocument:
        text = node.value if isinstance(node, Scalar) else self._text[node.start : node.end]
        if not isinstance(text, str):
            raise BadLineError(f"{name} is no policy. Write an object, or a string with its text.")
        try:
            return parse(text)
        except PolicySyntaxError as error:
            raise BadLineError(f"{name}: {error.findings[0]}") from None


@lru_cache(maxsize=64)
def _compiled(document: PolicyDocument, *, resource_policy: bool = False) -> CompiledPolicy:
    """Compile a policy once for the many lines that ask about it."""
    return compile_policy(document, resource_policy=resource_policy)


# --- Writing the answer ----------------------------------------------------------------------------------------------


def as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as the command prints it."""
    return {
        "decision": decision.decision,
        "decided_by": None if decision.decided_by is None else _decided_by(decision.decided_by),
        "reason": decision.reason,
        "steps": [_step(step) for step in decision.steps],
    }


def _decided_by(by: DecidedBy) -> dict[str, Any]:
    statement = None if by.statement is None else {"index": by.statement, "sid": by.sid}
    return {"policy": by.policy, "index": by.index, "statement": statement, **_level(by.level)}


def _level(level: int | None) -> dict[str, int]:
    return {} if level is None else {"level": level}


def _step(step: Step) -> dict[str, Any]:
    matched = [one for one in step.statements if one.matched]
    missed = [one for one in step.statements if not one.matched]
    found: dict[str, Any] = {
        "policy": step.policy,
        "index": step.index,
        **_level(step.level),
        "outcome": _outcome(step.outcome) if step.takes_part else "takes_no_part",
        "matched": [_named(one) for one in matched[:SHOWN_STATEMENTS]],
        "not_matched": [{**_named(one), "element": one.element, "why": one.why} for one in missed[:SHOWN_STATEMENTS]],
    }
    if left_out := max(0, len(matched) - SHOWN_STATEMENTS) + max(0, len(missed) - SHOWN_STATEMENTS):
        found["statements_left_out"] = left_out
    return found


def _outcome(outcome: Outcome) -> str:
    return {"Allow": "allows", "Deny": "explicit_deny", None: "implicit_deny"}[outcome.effect]


def _named(one: StatementOutcome) -> dict[str, Any]:
    return {"index": one.index, "sid": one.sid, "effect": one.effect}


def request_as_json(request: Request) -> dict[str, Any]:
    """Return a request in the form that `evaluate` reads."""
    written: dict[str, Any] = {
        "principal": request.principal,
        "action": request.action,
        "resource": request.resource,
    }
    if request.resource_account is not None:
        written["resource_account"] = request.resource_account
    written["context"] = {
        key: list(value) if isinstance(value, tuple) else value for key, value in request.context.items()
    }
    return written
