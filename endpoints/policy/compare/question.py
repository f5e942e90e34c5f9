"""What two policies ask of a request: the atoms of every dimension, and which of them each statement needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from endpoints.policy.compare.callers import DERIVED, FactsTest
from endpoints.policy.compare.dimension import Atoms
from endpoints.policy.evaluate.forms import ConditionForm, PatternsForm, StatementForm
from endpoints.policy.evaluate.patterns import Template, Variable
from endpoints.policy.evaluate.statements import CompiledStatement

Side = Literal["before", "after"]
_SAME = {"ArnEquals": "ArnLike", "ArnNotEquals": "ArnNotLike"}


@dataclass(frozen=True, slots=True)
class Row:
    """A statement as what it needs of each dimension: the bits of atoms that must hold. 0 is everything."""

    side: Side
    allows: bool
    form: StatementForm
    principal: int
    action: int
    resource: int
    keys: tuple[tuple[str, int], ...]


@dataclass
class Question:
    """The atoms of two policies."""

    principals: Atoms = field(default_factory=Atoms)
    principal_tests: dict[int, FactsTest] = field(default_factory=dict)
    actions: Atoms = field(default_factory=Atoms)
    resources: Atoms = field(default_factory=Atoms)
    keys: dict[str, Atoms] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    spelt: dict[str, str] = field(default_factory=dict)
    """Condition keys in lower case, as a policy writes them."""

    @classmethod
    def of(cls, before: Iterable[StatementForm], after: Iterable[StatementForm]) -> Question:
        """Return what the policies ask. Statements that never match are left out, and so are repeated ones."""
        question = cls()
        sides: tuple[tuple[Side, Iterable[StatementForm]], ...] = (("before", before), ("after", after))
        for side, forms in sides:
            seen: set[tuple[object, ...]] = set()
            for form in forms:
                if form.effect is None or form.never is not None:
                    continue
                row = question._row(side, form)
                identity = (row.allows, row.principal, row.action, row.resource, row.keys)
                if identity not in seen:
                    seen.add(identity)
                    question.rows.append(row)
        return question

    @property
    def is_settled(self) -> bool:
        """Whether both policies have the same statements, so that there is nothing to ask."""
        sides: dict[Side, set[tuple[object, ...]]] = {"before": set(), "after": set()}
        for row in self.rows:
            sides[row.side].add((row.allows, row.principal, row.action, row.resource, row.keys))
        return sides["before"] == sides["after"]

    def _row(self, side: Side, form: StatementForm) -> Row:
        principal = self._principal(form)
        keys: dict[str, int] = {}
        for condition in form.conditions:
            if condition.key in DERIVED:
                principal |= self._derived(condition)
            else:
                keys[condition.key] = keys.get(condition.key, 0) | self._condition(condition)
        return Row(
            side,
            form.effect == "Allow",
            form,
            principal,
            _patterns(self.actions, form.actions),
            _patterns(self.resources, form.resources),
            tuple(sorted(keys.items())),
        )

    def _principal(self, statement: StatementForm) -> int:
        form = statement.principal
        if form is None or (not form.negated and any(entry.kind == "anyone" for entry in form.entries)):
            return 0
        denies = form.negated and statement.effect == "Deny"
        bit = self.principals.add((form.negated, denies, frozenset(form.entries)), form, denies=denies)
        if bit not in self.principal_tests:
            alone = CompiledStatement(replace(statement, actions=None, resources=None, conditions=()))
            self.principal_tests[bit] = lambda facts: alone.matches_principal(facts.caller, False)
        return bit

    def _derived(self, condition: ConditionForm) -> int:
        self.spelt.setdefault(condition.key, condition.written_key)
        return self.principals.add(_identity(condition), condition)

    def _condition(self, condition: ConditionForm) -> int:
        self.spelt.setdefault(condition.key, condition.written_key)
        return self.keys.setdefault(condition.key, Atoms()).add(_identity(condition), condition)

    def variables(self) -> dict[str, list[str]]:
        """Return the keys, in lower case, that the policies use as variables, and the values they name for each."""
        found: dict[str, list[str]] = {}
        for template in self._templates():
            for part in template.parts:
                if isinstance(part, Variable) and part.key:
                    found.setdefault(part.key, [])
                    self.spelt.setdefault(part.key, part.written[2:-1].partition(",")[0].strip())
        for key, named in found.items():
            for atom in self.keys[key].found if key in self.keys else ():
                if isinstance(atom.subject, ConditionForm):
                    named += [value.written for value in atom.subject.values if "${" not in value.written]
        return found

    def _templates(self) -> list[Template]:
        """Return the templates that have variables."""
        found: list[Template] = []
        for atom in self.resources.found:
            if isinstance(atom.subject, PatternsForm):
                found += atom.subject.templates
        for atoms in (self.principals, *self.keys.values()):
            for atom in atoms.found:
                if isinstance(atom.subject, ConditionForm):
                    contents: Sequence[object] = [value.content for value in atom.subject.values]
                    found += [content for content in contents if isinstance(content, Template)]
        return [template for template in found if template.variable]


def _patterns(atoms: Atoms, form: PatternsForm | None) -> int:
    if form is None or (not form.negated and any(template.anything for template in form.templates)):
        return 0
    return atoms.add((form.negated, frozenset(template.parts for template in form.templates)), form)


def _identity(condition: ConditionForm) -> tuple[object, ...]:
    operator = condition.operator
    name = _SAME.get(operator.name, operator.name)
    contents = frozenset(
        value.content.parts if isinstance(value.content, Template) else value.content for value in condition.values
    )
    if_exists = operator.if_exists and operator.set_operator is None
    return (operator.set_operator, name, if_exists, condition.key, contents)
