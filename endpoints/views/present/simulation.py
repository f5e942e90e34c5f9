"""An answer of the simulator as its page shows it: the verdict, and each policy with its statements and its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.forms.simulator import OTHERS, field_of
from endpoints.policy.document import MAX_AUTHORED_CHARACTERS, PolicyDocument, parse, pretty
from endpoints.policy.evaluate import Decision, StatementOutcome, Step
from endpoints.policy.evaluate.decisions import PolicyKind
from endpoints.policy.question import LEVELLED, MEMBERS, Place, Question, statement_lines, text_of
from endpoints.policy.spans import Span, spans
from endpoints.templatetags.status import Status

NAMES: dict[PolicyKind, str] = {
    "endpoint": "Endpoint policy",
    "resource": "Resource policy",
    "identity": "Identity policy",
    "permissions_boundary": "Permissions boundary",
    "session": "Session policy",
    "service_control": "Service control policy",
    "resource_control": "Resource control policy",
}
_LEFT_OUT: dict[PolicyKind, str] = {
    "endpoint": "No endpoint policy given: the answer holds for a call that goes through no endpoint.",
    "identity": "No identity policy given: what the caller's own permissions allow is left out.",
    "resource": "No resource policy given: it is left out, and where the resource is another account's it decides too.",
    "permissions_boundary": "No permissions boundary given: it is taken that there is none.",
    "session": "No session policy given: it is taken that there is none.",
    "service_control": "No service control policies given: they are left out.",
    "resource_control": "No resource control policies given: they are left out.",
}
SHOWN_STATEMENTS = 60
"""Statements of one policy that are explained, those that match first."""
_VERDICTS = {
    "allowed": ("Allowed", "ok", "check-circle-fill"),
    "explicit_deny": ("Denied explicitly", "bad", "x-circle-fill"),
    "implicit_deny": ("Not allowed by anything", "bad", "dash-circle"),
}
_OUTCOMES = {
    "Allow": Status("Allows", "ok", "check-circle-fill"),
    "Deny": Status("Denies", "bad", "x-circle-fill"),
    None: Status("Says nothing", "muted", "dash-circle"),
}
_LIMITS: tuple[PolicyKind, ...] = ("endpoint", "service_control", "resource_control", "permissions_boundary", "session")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a policy's text. `decides`: it belongs to the statement that decided."""

    number: int
    spans: tuple[Span, ...]
    decides: bool


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """What one statement says about the request."""

    name: str
    effect: str
    status: Status
    why: str
    lines: str
    decides: bool


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """What one policy of the chain says. `decides`: the answer hangs on it."""

    title: str
    status: Status
    note: str
    statements: tuple[ShownStatement, ...]
    more: int
    lines: tuple[Line, ...]
    decides: bool


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """The verdict with its reason, every policy, and what took no part. `asked` is the request, as it was asked."""

    asked: Mapping[str, Any]
    title: str
    tone: str
    icon: str
    reason: str
    policies: tuple[ShownPolicy, ...]
    left_out: tuple[str, ...]
    document: str


def shown(question: Question, decision: Decision) -> ShownAnswer:
    """Return an answer as the page shows it."""
    title, tone, icon = _VERDICTS[decision.decision]
    return ShownAnswer(
        asked=question["request"],
        title=title,
        tone=tone,
        icon=icon,
        reason=decision.reason,
        policies=tuple(_policy(question, decision, step) for step in decision.steps),
        left_out=tuple(text for kind, text in _LEFT_OUT.items() if MEMBERS[kind] not in question),
        document=json.dumps(question, indent=2, ensure_ascii=False),
    )


def _policy(question: Question, decision: Decision, step: Step) -> ShownPolicy:
    by = decision.decided_by
    decides = by is not None and (by.policy, by.level) == (step.policy, step.level) and by.index in (None, step.index)
    statement = by.statement if by and decides else None
    document = _laid_out(text_of(question, step))
    places = statement_lines(document)
    rows = sorted(step.statements, key=lambda one: (one.index != statement, not one.matched, one.index))
    shown_rows = sorted(rows[:SHOWN_STATEMENTS], key=lambda one: one.index)
    return ShownPolicy(
        title=_title(question, step),
        status=_status(step),
        note=_note(step),
        statements=tuple(_statement(one, places, one.index == statement) for one in shown_rows),
        more=len(rows) - len(shown_rows),
        lines=_lines(document, places, statement),
        decides=decides,
    )


def _title(question: Question, step: Step) -> str:
    held: Any = question[MEMBERS[step.policy]]
    name = NAMES[step.policy]
    if step.level is not None:
        several = len(held[step.level]) > 1
        return f"{name}, level {step.level + 1}" + (f", policy {step.index + 1}" if several else "")
    return f"{name} {step.index + 1}" if step.policy != "resource" and len(held) > 1 else name


def _status(step: Step) -> Status:
    if not step.takes_part:
        return Status("Takes no part", "muted", "dash-circle")
    return _OUTCOMES[step.outcome.effect]


def _note(step: Step) -> str:
    """Return in words what a policy's outcome means for the whole."""
    if not step.takes_part:
        return "It doesn't apply to this caller."
    if step.outcome.effect == "Deny":
        return "An explicit Deny decides, whatever else allows."
    if step.outcome.effect is None:
        return "No statement of it matches with Allow, so it allows nothing here."
    if step.policy in _LIMITS:
        return "It lets this through. By itself it grants nothing: an identity or resource policy has to."
    return "It grants this, as far as nothing else stands against it."


def _statement(one: StatementOutcome, places: tuple[Place, ...], decides: bool) -> ShownStatement:
    name = f"Statement {one.index + 1}" + (f" “{one.sid}”" if one.sid else "")
    place = places[one.index] if one.index < len(places) else None
    lines = "" if place is None else place.words
    if one.matched:
        status = _OUTCOMES[one.effect]
        return ShownStatement(name, one.effect or "", status, "Every element matches.", lines, decides)
    why = f"{one.element}: {one.why}" if one.element and one.element != "Statement" else one.why or ""
    return ShownStatement(name, one.effect or "", Status("Doesn't match", "muted", "dash-circle"), why, lines, decides)


def _laid_out(text: str) -> PolicyDocument:
    """Return the document; one that is written on a single line is laid out, so that its statements can be shown."""
    document = parse(text)
    if "\n" in text.strip():
        return document
    laid_out = pretty(document)
    return parse(laid_out) if len(laid_out) <= MAX_AUTHORED_CHARACTERS else document


def _lines(document: PolicyDocument, places: tuple[Place, ...], statement: int | None) -> tuple[Line, ...]:
    place = places[statement] if statement is not None and statement < len(places) else None
    texts = document.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    return tuple(
        Line(number, spans(text), place is not None and number in place) for number, text in enumerate(texts, 1)
    )


# --- The form's values for a question --------------------------------------------------------------------------------


def values_of(question: Question) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the form's values for a question, its endpoint policy as text, and the rows of its context."""
    asked = question["request"]
    values: dict[str, Any] = {
        name: asked.get(name, "") for name in ("principal", "action", "resource", "resource_account")
    }
    held = question.get(MEMBERS["endpoint"])
    values |= {"policy_from": "none"} if held is None else {"policy_from": "text", "endpoint_policy": _joined(held)}
    for kind in OTHERS:
        held = question.get(MEMBERS[kind])
        if held is not None:
            levels = [[held]] if kind == "resource" else held if kind in LEVELLED else [held]
            values[field_of(kind)] = _levels(levels)
    rows = [
        (key, value)
        for key, given in asked.get("context", {}).items()
        for value in ([given] if isinstance(given, str) else given)
    ]
    return values, rows


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]"


def _levels(levels: list[list[str]]) -> str:
    return _joined(levels[0]) if len(levels) == 1 else "[\n" + ",\n".join(map(_list, levels)) + "\n]"


def _list(texts: list[str]) -> str:
    return "[" + ",\n".join(texts) + "]"
