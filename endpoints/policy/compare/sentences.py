"""A region as one plain sentence that is true of all of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal as Word

from endpoints.policy import reference
from endpoints.policy.compare import phrases
from endpoints.policy.compare.boxes import Box
from endpoints.policy.compare.lists import Terms, terms
from endpoints.policy.compare.literals import Literal, literals
from endpoints.policy.compare.model import ACTION, FIRST_KEY, PRINCIPAL, RESOURCE, Model
from endpoints.policy.evaluate.forms import ConditionForm, PatternsForm
from endpoints.policy.evaluate.principals import PrincipalForm

Direction = Word["gained", "lost"]

_MAY = {"gained": "may now", "lost": "may no longer"}
_PLAIN = frozenset({"StringEquals", "StringLike"})
_ACTION_TEXT = re.compile(r'"([A-Za-z0-9-]+:[^"\s]*)"')


class Sentences:
    """Puts regions of a model into words. `texts` are the policies' own, for the letter case of their actions."""

    def __init__(self, model: Model, texts: Sequence[str]) -> None:
        self._model = model
        self._texts = texts
        self._spelling: dict[str, str] | None = None
        self._needs: list[list[int]] = [
            [row.principal for row in model.question.rows],
            [row.action for row in model.question.rows],
            [row.resource for row in model.question.rows],
            *([dict(row.keys).get(key, 0) for row in model.question.rows] for key in model.keys),
        ]

    def of(self, box: Box, direction: Direction, *, real: bool) -> str:
        """Return the sentence. `real` is whether AWS could receive a request of the region."""
        who, conditions = self._who(self._literals(PRINCIPAL, box))
        for number in range(FIRST_KEY, len(box)):
            conditions += self._when(number, box)
        use = self._patterns(ACTION, box)
        what = self._patterns(RESOURCE, box)
        asked = [text for text, holds in conditions if holds]
        refused = [text for text, holds in conditions if not holds]
        when = (f" when {' and '.join(asked)}" if asked else "") + (f" unless {' or '.join(refused)}" if refused else "")
        note = "" if real else " As far as we know, no action acts on such a resource."
        return f"{who} {_MAY[direction]} use {use} on {what}{when}.{note}"

    def _literals(self, place: int, box: Box) -> list[Literal] | None:
        dimension = self._model.dimensions[place]
        return literals(dimension, box[place], self._needs[place])

    # --- Who --------------------------------------------------------------------------------------------------------
    def _who(self, found: list[Literal] | None) -> tuple[str, list[tuple[str, bool]]]:
        """Return the caller in words, and conditions on the caller with whether they hold."""
        if found is None:
            return "Some callers, such as the example's,", []
        named: list[str] = []
        excepted: list[str] = []
        conditions: list[tuple[str, bool]] = []
        for one in found:
            forms = [(atom.subject, atom.denies) for atom in one.atoms]
            if len(forms) == 1 and isinstance(forms[0][0], PrincipalForm):
                form, denies = forms[0]
                words = phrases.principals(form)
                if form.negated is one.holds:
                    excepted.append(words + (" (the caller, its role and its account all named)" if denies else ""))
                else:
                    named.append(words)
            else:
                conditions.append(self._all_of([form for form, _ in forms], holds=one.holds))
        who = " and also ".join(named) if named else "anyone"
        if named and all("account " in words and " of account" not in words for words in named):
            who = f"anyone in {who}"
        if excepted:
            who += f" except {' and '.join(excepted)}"
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
                    patterns = [template.written for template in atom.subject.templates]
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
            return action if known is None else f"{service.prefix}:{known.name}"
        if self._spelling is None:
            found = (text for document in self._texts for text in _ACTION_TEXT.findall(document))
            self._spelling = {text.lower(): text for text in found}
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
    return (
        isinstance(subject, ConditionForm)
        and subject.operator.name in _PLAIN
        and subject.operator.set_operator is None
        and not subject.operator.if_exists
        and not (subject.operator.name == "StringEquals" and any(set("*?") & set(one.written) for one in subject.values))
    )


def _plain_values(key: str, found: Sequence[Literal]) -> list[tuple[str, bool]]:
    """Return conditions that list texts, in as few words as they allow."""
    forms = [(one.atoms[0].subject, one.holds) for one in found]
    inside = [[value.written for value in form.values] for form, holds in forms if holds and isinstance(form, ConditionForm)]
    outside = [
        value.written for form, holds in forms if not holds and isinstance(form, ConditionForm) for value in form.values
    ]
    said = terms(inside, outside) if inside else None
    if said is None or not said.patterns:
        return [
            (phrases.condition(form), holds) for form, holds in forms if isinstance(form, ConditionForm)
        ]
    conditions = [(f"{key} is {_like(said.patterns)}{phrases.listed(said.patterns, 'values', last='or')}", True)]
    if said.without:
        conditions.append(
            (f"{key} is {_like(said.without)}{phrases.listed(said.without, 'values', last='or')}", False)
        )
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
