"""What the dimensions of actions and of resources have in common."""

from __future__ import annotations

from collections.abc import Sequence

from endpoints.policy.compare.dimension import Atoms
from endpoints.policy.evaluate.forms import PatternsForm
from endpoints.policy.evaluate.patterns import Test


class Located:
    """Gives the mask of one text by the evaluator's own tests, which are quicker for it than the automaton."""

    def __init__(self, tests: Sequence[Test], negated: int) -> None:
        self._tests = tests
        self._negated = negated

    def __call__(self, text: str) -> int:
        found = self._negated
        for number, test in enumerate(self._tests):
            if test(text):
                found ^= 1 << number
        return found


def forms_of(atoms: Atoms) -> list[PatternsForm]:
    """Return what the atoms are made from."""
    return [atom.subject for atom in atoms.found if isinstance(atom.subject, PatternsForm)]


def negated(forms: Sequence[PatternsForm]) -> int:
    """Return the atoms that hold where no pattern matches, a bit each."""
    return sum(1 << number for number, form in enumerate(forms) if form.negated)
