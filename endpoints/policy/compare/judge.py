"""Which conditions hold, worked out for all of them at once.

Most conditions of large policies compare a key with texts that have no wildcards: all of those that name a value are
found by looking it up. The evaluator's own tests judge the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from endpoints.policy.compare.dimension import Atom
from endpoints.policy.evaluate.forms import ConditionForm
from endpoints.policy.evaluate.operators import Context, compile_condition
from endpoints.policy.evaluate.patterns import Template, fields

_ARN_FIELDS = 6

Test = Callable[[Context], bool]


@dataclass(slots=True)
class _Lookup:
    """The conditions on one key, as bits: by value, those that are negated, and those that hold if it is absent."""

    named: dict[str, int] = field(default_factory=dict)
    negated: int = 0
    absent: int = 0


class Judge:
    """The conditions among the atoms of a dimension; the bits of those in `free` are never set."""

    def __init__(self, atoms: Sequence[Atom], free: int) -> None:
        self._lookups: dict[str, _Lookup] = {}
        self._tests: list[tuple[int, Test]] = []
        for number, atom in enumerate(atoms):
            form, bit = atom.subject, 1 << number
            if not isinstance(form, ConditionForm) or free & bit:
                continue
            texts = _texts(form)
            if texts is None:
                self._tests.append((bit, compile_condition(form)))
            else:
                self._add(form, texts, bit)

    def _add(self, form: ConditionForm, texts: Sequence[str], bit: int) -> None:
        lookup = self._lookups.setdefault(form.key, _Lookup())
        for text in set(texts):
            lookup.named[text] = lookup.named.get(text, 0) | bit
        if form.negated:
            lookup.negated |= bit
        if form.negated or form.operator.if_exists:
            lookup.absent |= bit

    def __len__(self) -> int:
        return len(self._tests) + len(self._lookups)

    def mask(self, context: Context) -> int:
        """Return the conditions that hold, a bit each. `context` is by key in lower case, without empty lists."""
        found = 0
        for key, lookup in self._lookups.items():
            value = context.get(key)
            if value is None:
                found |= lookup.absent
            elif isinstance(value, str):
                found |= lookup.named.get(value, 0) ^ lookup.negated
        for bit, test in self._tests:
            if test(context):
                found |= bit
        return found


def _texts(form: ConditionForm) -> list[str] | None:
    """Return the texts that a condition compares its key with; None if it is of another kind."""
    operator = form.operator
    if operator.set_operator is not None or operator.name.endswith("IgnoreCase"):
        return None
    if operator.kind not in ("string", "arn"):
        return None
    found: list[str] = []
    for value in form.values:
        text = value.content.constant if isinstance(value.content, Template) else None
        if text is None or (operator.kind == "arn" and len(fields(value.content)) != _ARN_FIELDS):  # type: ignore[arg-type]
            return None
        found.append(text)
    return found
