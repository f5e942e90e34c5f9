"""Statements as they are to be evaluated: read from a document, with everything odd already decided.

AWS refuses a document with an element that can't be read (an unknown operator, a number that is none, a resource that
is no ARN), so that nothing says what it would mean. Here one rule holds for all of them: **an Allow never rests on
what can't be read, and a Deny never depends on it**. In an Allow, an unreadable entry of a list allows nothing, and an
unreadable element makes the statement match nothing. In a Deny, an unreadable element is taken as met. `problems` says
what could not be read. An Effect that is neither Allow nor Deny, in this letter case, makes a statement that does
nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias, TypeVar

from endpoints.policy import words
from endpoints.policy.document import PolicyDocument
from endpoints.policy.evaluate import patterns, values
from endpoints.policy.evaluate.patterns import Template
from endpoints.policy.evaluate.principals import Entry, PrincipalForm, read_principal
from endpoints.policy.nodes import Array, Node, Object, Scalar, value_text

Effect = Literal["Allow", "Deny"]
Content: TypeAlias = "Template | Decimal | values.Network | bytes | bool"

NEGATED = frozenset(
    {
        *("StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "NumericNotEquals", "DateNotEquals"),
        *("NotIpAddress", "ArnNotEquals", "ArnNotLike"),
    }
)
_KNOWN = frozenset(words.STATEMENT_ELEMENTS)
_ARN_FIELDS = 6


@dataclass(frozen=True, slots=True)
class PatternsForm:
    """Action, Resource, or the Not… of one. Actions are in lower case."""

    name: str
    negated: bool
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class ConditionValue:
    """One value of a condition. Strings and ARNs are templates, and so is a boolean with a variable; dates are
    seconds since 1970."""

    written: str
    content: Content


@dataclass(frozen=True, slots=True)
class ConditionForm:
    """One key under one operator. All conditions of a statement must hold; of the values, one (or none, negated)."""

    operator: words.Operator
    written: str
    """The operator as its author wrote it."""
    key: str
    """In lower case."""
    written_key: str
    values: tuple[ConditionValue, ...]

    @property
    def negated(self) -> bool:
        return self.operator.name in NEGATED


@dataclass(frozen=True, slots=True)
class StatementForm:
    """One statement. An element that is None holds for every request.

    `never` is set if the statement can match no request, and says why in words.
    """

    index: int
    sid: str | None
    effect: Effect | None
    principal: PrincipalForm | None
    actions: PatternsForm | None
    resources: PatternsForm | None
    conditions: tuple[ConditionForm, ...]
    problems: tuple[str, ...] = ()
    never: str | None = None


@dataclass(slots=True)
class _Reading:
    """What is known while a statement is read."""

    allow: bool
    variables: bool
    problems: list[str] = field(default_factory=list)
    never: str | None = None

    def unreadable(self, problem: str) -> None:
        """Note an element that can't be read: an Allow can't match any more, a Deny doesn't depend on it."""
        self.problems.append(problem)
        if self.allow and self.never is None:
            self.never = problem


def read_statements(document: PolicyDocument, *, resource_policy: bool = False) -> tuple[StatementForm, ...]:
    """Return the document's statements. Never raises for a document that the parser gave.

    In a `resource_policy` a statement without Resource speaks of the resource that the policy belongs to, as a role's
    trust policy does.
    """
    version = document.root.get("Version")
    known = version is None or (isinstance(version, Scalar) and version.value in words.VERSIONS)
    variables = not known or (isinstance(version, Scalar) and version.value == words.VERSIONS[0])
    statements = document.root.get("Statement")
    if statements is None:
        return ()
    items = statements.items if isinstance(statements, Array) else (statements,)
    problem = None if known else "the policy's Version does not exist"
    return tuple(
        _statement(number, item, variables=variables, problem=problem, resource_policy=resource_policy)
        for number, item in enumerate(items)
    )


def _statement(index: int, node: Node, *, variables: bool, problem: str | None, resource_policy: bool) -> StatementForm:
    if not isinstance(node, Object):
        return _nothing(index, None, "it is no object")
    sid_node = node.get("Sid")
    sid = sid_node.value if isinstance(sid_node, Scalar) and isinstance(sid_node.value, str) else None
    effect = node.get("Effect")
    if not (isinstance(effect, Scalar) and effect.value in words.EFFECTS):
        return _nothing(index, sid, "its Effect is neither Allow nor Deny")
    reading = _Reading(effect.value == "Allow", variables)
    if problem:
        reading.unreadable(problem)
    for member in node.members:
        if member.name not in _KNOWN:
            reading.unreadable(f"{_shown(member.name)} is no element of a statement")
    principal = _principal(reading, node)
    actions = _patterns(reading, node, "Action", _action)
    absent = resource_policy and node.get("Resource") is None and node.get("NotResource") is None
    resources = None if absent else _patterns(reading, node, "Resource", _resource)
    conditions = _conditions(reading, node.get("Condition"))
    return StatementForm(
        index,
        sid,
        "Allow" if reading.allow else "Deny",
        principal,
        actions,
        resources,
        conditions,
        tuple(reading.problems),
        reading.never,
    )


def _nothing(index: int, sid: str | None, why: str) -> StatementForm:
    return StatementForm(index, sid, None, None, None, None, (), (why,), why)


def _one_of(reading: _Reading, statement: Object, name: str) -> tuple[Node, bool] | None:
    """Return the element and whether it is negated; None if there is none, or both."""
    plain, negated = statement.get(name), statement.get(f"Not{name}")
    if plain is not None and negated is not None:
        reading.unreadable(f"it has both {name} and Not{name}")
        return None
    if plain is not None:
        return plain, False
    return None if negated is None else (negated, True)


# --- Principal, Action, Resource -----------------------------------------------------------------------------------


def _principal(reading: _Reading, statement: Object) -> PrincipalForm | None:
    found = _one_of(reading, statement, "Principal")
    if found is None:
        return None
    node, negated = found
    name = "NotPrincipal" if negated else "Principal"
    entries, bad = read_principal(node)
    kept = _kept(reading, name, entries, bad, negated=negated)
    return None if kept is None else PrincipalForm(negated, kept)


def _patterns(
    reading: _Reading, statement: Object, name: str, read: Callable[[str, bool], Template | None]
) -> PatternsForm | None:
    found = _one_of(reading, statement, name)
    if found is None:
        if statement.get(name) is None and statement.get(f"Not{name}") is None:
            reading.unreadable(f"it has neither {name} nor Not{name}")
        return None
    node, negated = found
    written = f"Not{name}" if negated else name
    templates: list[Template] = []
    bad: list[str] = []
    for item in node.items if isinstance(node, Array) else (node,):
        text = item.value if isinstance(item, Scalar) and isinstance(item.value, str) else None
        template = None if text is None else read(text, reading.variables)
        if template is None:
            bad.append(_shown(text) if text is not None else "what is no string")
        else:
            templates.append(template)
    kept = _kept(reading, written, tuple(templates), bad, negated=negated)
    return None if kept is None else PatternsForm(written, negated, kept)


_T = TypeVar("_T", Entry, Template)


def _kept(
    reading: _Reading, name: str, entries: tuple[_T, ...], bad: list[str], *, negated: bool
) -> tuple[_T, ...] | None:
    """Return the entries to go by; None if the element is to hold for every request (a Deny's) or for none."""
    if not entries and not bad:
        reading.unreadable(f"its {name} is empty")
        return None
    if not bad:
        return entries
    problem = f"its {name} has {bad[0]}, which can't be read"
    if negated == reading.allow or not entries:
        # An Allow that excepts who knows what, a Deny of who knows what, or nothing left to go by.
        reading.unreadable(problem)
        return None
    reading.problems.append(problem)
    return entries


def _action(text: str, variables: bool) -> Template | None:
    """Read `*`, `*:*` or `service:Action`; wildcards may stand after the colon. Actions take no variables."""
    template = patterns.read(text, variables=False, wildcards=True).folded()
    service, colon, name = text.partition(":")
    if template.anything or text == "*:*":
        return patterns.ANYTHING
    plain = bool(colon and service and name) and not set("*?:") & set(service) and ":" not in name
    return template if plain and not any(one.isspace() for one in text) else None


def _resource(text: str, variables: bool) -> Template | None:
    """Read `*` or an ARN; fields that are left out at its end stand for `*`."""
    template = patterns.read(text, variables=variables, wildcards=True)
    if template.anything:
        return template
    found = patterns.fields(template)
    if isinstance(found[0].parts[0] if found[0].parts else "", patterns.Variable):
        return template  # the whole ARN, or its head, comes out of the request
    if found[0].constant != "arn" or len(found) < 3 or patterns.Wild.RUN in found[2].parts:
        return None
    if patterns.Wild.ONE in found[2].parts:
        return None
    missing = _ARN_FIELDS - len(found)
    if not missing:
        return template
    return patterns.read(text + ":*" * missing, variables=variables, wildcards=True)


# --- Condition -----------------------------------------------------------------------------------------------------


def _conditions(reading: _Reading, node: Node | None) -> tuple[ConditionForm, ...]:
    if node is None:
        return ()
    if not isinstance(node, Object):
        reading.unreadable("its Condition is no object")
        return ()
    found: list[ConditionForm] = []
    for member in node.members:
        operator = words.operator(member.name)
        if operator is None:
            reading.unreadable(f"{_shown(member.name)} is no condition operator")
        elif not isinstance(member.value, Object):
            reading.unreadable(f"{member.name} has no keys")
        else:
            for key in member.value.members:
                form = _condition(reading, operator, member.name, key.name, key.value)
                if form is not None:
                    found.append(form)
    return tuple(found)


def _condition(reading: _Reading, operator: words.Operator, written: str, key: str, node: Node) -> ConditionForm | None:
    """Return one condition; None if it is to hold for every request (a Deny's) or for none."""
    kept: list[ConditionValue] = []
    problem = ""
    for item in node.items if isinstance(node, Array) else (node,):
        text = value_text(item) if isinstance(item, Scalar) and item.value is not None else None
        content = None if text is None else _content(operator.name, text, reading.variables)
        if text is None or content is None:
            problem = problem or f"{written} on {_shown(key)} has a value that can't be read" + (
                f": {_shown(text)}" if text is not None else ""
            )
        else:
            kept.append(ConditionValue(text, content))
    if problem and (operator.name in NEGATED) == reading.allow:
        reading.unreadable(problem)
        return None
    if problem:
        reading.problems.append(problem)
    return ConditionForm(operator, written, key.lower(), key, tuple(kept))


def _content(name: str, text: str, variables: bool) -> Content | None:
    """Return what a value says under an operator; None if that can't be read. Variables have a meaning with strings,
    ARNs and booleans only (IAM user guide, "Policy variables")."""
    kind = words.OPERATORS[name]
    if kind == "string":
        return patterns.read(text, variables=variables, wildcards=name.endswith("Like"))
    if kind == "arn":
        return _arn(text, variables)
    if kind == "boolean":
        template = patterns.read(text.lower(), variables=variables, wildcards=False)
        return template if template.variable else values.boolean(text)
    return READERS[kind](text)


def _arn(text: str, variables: bool) -> Template | None:
    template = patterns.read(text, variables=variables, wildcards=True)
    whole = len(patterns.fields(template)) == _ARN_FIELDS
    return template if whole or template.anything or template.variable else None


READERS: dict[str, Callable[[str], Decimal | values.Network | bytes | bool | None]] = {
    "number": values.number,
    "date": values.instant,
    "binary": values.binary,
    "address": values.network,
    "null": values.boolean,
}


def _shown(text: str) -> str:
    """Return a word of the document, quoted and cut to a readable length."""
    return f'"{text if len(text) <= 60 else text[:57] + "…"}"'
