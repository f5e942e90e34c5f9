"""Why a statement doesn't match a request, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from endpoints.policy.evaluate.forms import READERS, ConditionForm
from endpoints.policy.evaluate.patterns import Template, Variable, matches
from endpoints.policy.evaluate.principals import Entry
from endpoints.policy.evaluate.request import Facts, cut

if TYPE_CHECKING:
    from endpoints.policy.evaluate.statements import CompiledStatement

_SHOWN = 3
_KIND_WORDS = {
    "number": "is no number",
    "date": "is no date",
    "address": "is no address",
    "binary": "is no base64",
}


def first_failure(statement: CompiledStatement, facts: Facts, *, bounded: bool) -> tuple[str, str] | None:
    """Return the first element that doesn't match, by name, and why in a sentence; None if all do."""
    form = statement.form
    if form.never is not None:
        return "Statement", f"It never matches: {form.never}."
    if not statement.matches_principal(facts.caller, bounded):
        return _principal(statement, facts)
    if form.actions is not None and statement.action is not None and not statement.action(facts.action):
        why = _patterns(facts.request.action, form.actions.templates, form.actions.negated, facts.action, facts)
        return form.actions.name, why
    if form.resources is not None and not statement.matches_resource(facts):
        why = _patterns(facts.resource, form.resources.templates, form.resources.negated, facts.resource, facts)
        return form.resources.name, why
    for number, condition in enumerate(form.conditions):
        if not statement.holds(facts, number):
            return "Condition", f"{condition.written} on {cut(condition.written_key)}: {_condition(condition, facts)}."
    return None


def quoted(text: str) -> str:
    """Return a text in quotes, cut."""
    return f'"{cut(text)}"'


def listed(texts: Iterable[str]) -> str:
    """Return the first few texts in quotes, and how many more there are."""
    several = list(texts)
    shown = ", ".join(quoted(text) for text in several[:_SHOWN])
    return shown if len(several) <= _SHOWN else f"{shown} and {len(several) - _SHOWN} more"


def _principal(statement: CompiledStatement, facts: Facts) -> tuple[str, str]:
    form = statement.form.principal
    assert form is not None  # without one, everybody matches
    names = listed(_entry(entry) for entry in form.entries)
    if form.negated:
        return "NotPrincipal", f"It excepts {facts.caller.words}: {names}."
    return "Principal", f"It does not name {facts.caller.words}, but {names}."


def _entry(entry: Entry) -> str:
    return "*" if entry.kind == "anyone" else entry.text


def _patterns(written: str, templates: Sequence[Template], negated: bool, text: str, facts: Facts) -> str:
    if negated:
        by = next(template for template in templates if matches(template, text, facts.context))
        return f"It excepts {cut(written)}, by {quoted(by.written)}."
    names = listed(template.written for template in templates)
    sentence = f"{cut(written)} matches none of {names}" if len(templates) > 1 else f"{cut(written)} is not {names}"
    missing = _missing(templates, facts)
    return f"{sentence}; {missing}." if missing else f"{sentence}."


def _missing(templates: Iterable[Template], facts: Facts) -> str:
    """Say which variable has no value in the request; empty if each has."""
    for template in templates:
        for part in template.parts:
            if isinstance(part, Variable) and part.value(facts.context) is None:
                return f"{quoted(part.written)} has no value in the request"
    return ""


def _condition(form: ConditionForm, facts: Facts) -> str:
    found = facts.context.get(form.key)
    if form.operator.name == "Null":
        return "the request has this key" if found is not None else "the request has no such key"
    if found is None:
        return "the request has no such key"
    if not isinstance(found, str) and form.operator.set_operator is None:
        return "the request has a list of values, which takes ForAnyValue or ForAllValues"
    return _compared(form, (found,) if isinstance(found, str) else found, facts)


def _compared(form: ConditionForm, found: Sequence[str], facts: Facts) -> str:
    has = f"the request has {listed(found)}"
    if not form.values:
        return f"{has}, and no value is wanted"
    kind = form.operator.kind
    if len(found) == 1 and kind in _KIND_WORDS and READERS[kind](found[0]) is None:
        return f"{has}, which {_KIND_WORDS[kind]}"
    wanted = listed(value.written for value in form.values)
    missing = _missing((value.content for value in form.values if isinstance(value.content, Template)), facts)
    sentence = f"{has}, which is excluded by {wanted}" if form.negated else f"{has}, wanted is {wanted}"
    return f"{sentence}; {missing}" if missing else sentence
