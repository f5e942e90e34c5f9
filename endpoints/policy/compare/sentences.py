"""A region as one plain sentence that is true of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal as Word

from endpoints.policy import reference
from endpoints.policy.compare import phrases
from endpoints.policy.compare.boxes import Box
from endpoints.policy.compare.lists import Terms, terms
from endpoints.policy.compare.literals import Literal, literals
from endpoints.policy.compare.model import ACTION, FIRST_KEY, PRINCIPAL, RESOURCE, Model
from endpoints.policy.compare.witnesses import Lack
from endpoints.policy.evaluate.forms import ConditionForm, PatternsForm
from endpoints.policy.evaluate.principals import PrincipalForm

Direction = Word["gained", "lost"]

_MAY = {"gained": "may now", "lost": "may no longer"}
_NOTES: dict[Lack | None, str] = {
    None: "",
    "action": " As far as we know, AWS has no such action.",
    "resource": " As far as we know, no action acts on such a resource.",
}
_PLAIN = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
_ARN_COLONS = 5


class Sentences:
    """Puts regions of a model into words."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._spelling: dict[str, str] = {}
        self._needs: list[list[int]] = [
            [row.principal for row in model.question.rows],
            [row.action for row in model.question.rows],
            [row.resource for row in model.question.rows],
            *([dict(row.keys).get(key, 0) for row in model.question.rows] for key in model.keys),
        ]

    def of(self, box: Box, direction: Direction, lacks: Lack | None) -> str:
        """Return the sentence. `lacks` is what AWS lacks to receive a request of the region."""
        who, conditions = self._who(self._literals(PRINCIPAL, box))
        for number in range(FIRST_KEY, len(box)):
            conditions += self._when(number, box)
        use = self._patterns(ACTION, box)
        what = self._patterns(RESOURCE, box)
        asked = [text for text, holds in conditions if holds]
        refused = [text for text, holds in conditions if not holds]
        when = (f" when {' and '.join(asked)}" if asked else "") + (
            f" unless {' or '.join(refused)}" if refused else ""
        )
        return f"{who} {_MAY[direction]} use {use} on {what}{when}.{_NOTES[lacks]}"

    def _literals(self, place: int, box: Box) -> list[Literal] | None:
        dimension = self._model.dimensions[place]
        return literals(dimension, box[place], self._needs[place])

    # --- Who --------------------------------------------------------------------------------------------------------
    def _who(self, found: list[Literal] | None) -> tuple[str, list[tuple[str, bool]]]:
        """Return the caller in words, and conditions on the caller with whether they hold."""
        if found is None:
            return "Some callers, such as the example's,", []
        named: list[PrincipalForm] = []
        excepted: list[PrincipalForm] = []
        others: list[Literal] = []
        for one in found:
            form = one.atoms[0].subject
            if len(one.atoms) > 1 or not isinstance(form, PrincipalForm):
                others.append(one)
            elif form.negated is one.holds:
                excepted.append(form)
            else:
                named.append(form)
        plain = [one for one in others if len(one.atoms) == 1 and _is_plain(one.atoms[0].subject)]
        conditions = _by_key(plain)
        conditions += [
            self._all_of([atom.subject for atom in one.atoms], holds=one.holds) for one in others if one not in plain
        ]
        who = phrases.callers(named, excepted)
        return who[0].upper() + who[1:], conditions

    def _all_of(self, subjects: Sequence[object], *, holds: bool) -> tuple[str, bool]:
        """Return several atoms of one statement as one condition, and whether it holds."""
        parts: list[str] = []
        for subject in subjects:
            if isinstance(subject, PrincipalForm):
                words = phrases.principals(subject)
                parts.append(f"the caller is {'not ' if subject.negated else ''}{words}")
            elif isinstance(subject, ConditionForm):
                words = phrases.condition(subject)
                if len(subjects) == 1:
                    return words, holds is phrases.asks(subject)
                parts.append(words if phrases.asks(subject) else f"not ({words})")
        return f"({' and '.join(parts)})" if len(parts) > 1 else "".join(parts), holds

    # --- What -------------------------------------------------------------------------------------------------------
    def _patterns(self, place: int, box: Box) -> str:
        word = "actions" if place == ACTION else "resources"
        found = self._literals(place, box)
        if found is None:
            return f"some {word}, such as the example's,"
        inside: list[list[str]] = []
        outside: list[str] = []
        for one in found:
            for atom in one.atoms:
                if isinstance(atom.subject, PatternsForm):
                    written = [template.written for template in atom.subject.templates]
                    if place == ACTION:
                        self._spelling.update((pattern.lower(), pattern) for pattern in written)
                    patterns = [pattern.lower() for pattern in written] if place == ACTION else written
                    if atom.subject.negated is one.holds:
                        outside += patterns
                    else:
                        inside.append(patterns)
        said = terms(inside, outside)
        shown = self._actions(said) if place == ACTION else _resources(said)
        return shown or f"some {word}, such as the example's,"

    def _actions(self, said: Terms | None) -> str:
        if said is None or not said.patterns:
            return ""
        shown = [phrases.action(self._spelt(pattern)) for pattern in said.patterns]
        without = [phrases.action(self._spelt(pattern)) for pattern in said.without]
        return _with_exceptions(phrases.listed(shown, "actions"), without, "actions")

    def _spelt(self, action: str) -> str:
        """Return an action in AWS's letter case or, with wildcards, in its author's."""
        prefix, _, name = action.partition(":")
        if not set("*?") & set(name) and (service := reference.service(prefix)) is not None:
            known = service.action(name)
            if known is not None:
                return f"{service.prefix}:{known.name}"
        return self._spelling.get(action, action)

    # --- When -------------------------------------------------------------------------------------------------------
    def _when(self, place: int, box: Box) -> list[tuple[str, bool]]:
        found = self._literals(place, box)
        key = self._model.question.spelt[self._model.keys[place - FIRST_KEY]]
        if found is None:
            return [(f"{key} has certain values, such as the example's", True)]
        plain = [one for one in found if len(one.atoms) == 1 and _is_plain(one.atoms[0].subject)]
        others = [one for one in found if one not in plain]
        said = [self._all_of([atom.subject for atom in one.atoms], holds=one.holds) for one in others]
        return [*_plain_values(key, plain), *said]


def _is_plain(subject: object) -> bool:
    """Tell whether a condition is a list of texts that can be cut with others."""
    if not isinstance(subject, ConditionForm):
        return False
    operator = subject.operator
    if operator.name not in _PLAIN or operator.set_operator is not None or operator.if_exists:
        return False
    written = [value.written for value in subject.values]
    if operator.name == "StringEquals":
        return not any(set("*?") & set(text) for text in written)
    # With five colons each, no star of one can reach over a colon of another.
    return operator.kind == "string" or all(text.count(":") == _ARN_COLONS for text in written)


def _by_key(found: Sequence[Literal]) -> list[tuple[str, bool]]:
    """Return conditions that list texts, of several keys."""
    keys: dict[str, list[Literal]] = {}
    for one in found:
        subject = one.atoms[0].subject
        if isinstance(subject, ConditionForm):
            keys.setdefault(subject.written_key, []).append(one)
    return [said for key, of_key in keys.items() for said in _plain_values(key, of_key)]


def _plain_values(key: str, found: Sequence[Literal]) -> list[tuple[str, bool]]:
    """Return conditions that list texts, in as few words as they allow."""
    forms = [(one.atoms[0].subject, one.holds) for one in found]
    inside = [
        [value.written for value in form.values] for form, holds in forms if holds and isinstance(form, ConditionForm)
    ]
    outside = [
        value.written for form, holds in forms if not holds and isinstance(form, ConditionForm) for value in form.values
    ]
    said = terms(inside, outside) if inside else None
    if said is None or not said.patterns:
        return [(phrases.condition(form), holds) for form, holds in forms if isinstance(form, ConditionForm)]
    conditions = [(f"{key} is {_like(said.patterns)}{phrases.listed(said.patterns, 'values', last='or')}", True)]
    if said.without:
        conditions.append((f"{key} is {_like(said.without)}{phrases.listed(said.without, 'values', last='or')}", False))
    return conditions


def _like(patterns: Sequence[str]) -> str:
    return "like " if any(set("*?") & set(pattern) for pattern in patterns) else ""


def _resources(said: Terms | None) -> str:
    if said is None or not said.patterns:
        return ""
    shown = [phrases.resource(pattern) for pattern in said.patterns]
    without = [phrases.resource(pattern) for pattern in said.without]
    return _with_exceptions(phrases.listed(shown, "resources"), without, "resources")


def _with_exceptions(shown: str, without: Sequence[str], word: str) -> str:
    return f"{shown} except {phrases.listed(without, word)}" if without else shown
