"""A dimension whose cells are too many to list: its sets are formulas, and a text is looked for when one is asked of.

A hundred statements for `arn:aws:sqs:*:*:team-1-*`, `…:team-2-*` and so on cut texts into 2^100 cells, because the
stars reach over colons. Few of the sets that a comparison comes upon are empty, and a search among the patterns that
a set is about finds a text for one at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from endpoints.policy.compare.automaton import Machine, Shape, find
from endpoints.policy.compare.dimension import Atoms
from endpoints.policy.compare.limits import Budget


class Formula:
    """A set of texts: those for which all of some atoms hold, and none of others. It is true unless it is empty.

    It can be used as the integers that are sets of cells are: `a & b`, `a & ~b`, and asked whether it is empty.
    """

    __slots__ = ("_dimension", "none_of", "of_all")

    def __init__(self, dimension: Formulas, of_all: int, none_of: int) -> None:
        self._dimension = dimension
        self.of_all = of_all
        self.none_of = none_of

    def __and__(self, other: Formula | Complement) -> Formula | Pieces:
        if isinstance(other, Formula):
            return Formula(self._dimension, self.of_all | other.of_all, self.none_of | other.none_of)
        without = other.formula
        if not without.none_of and without.of_all.bit_count() == 1:
            return Formula(self._dimension, self.of_all, self.none_of | without.of_all)
        return Pieces(
            [
                *(Formula(self._dimension, self.of_all, self.none_of | bit) for bit in _bits(without.of_all)),
                *(Formula(self._dimension, self.of_all | bit, self.none_of) for bit in _bits(without.none_of)),
            ]
        )

    def __invert__(self) -> Complement:
        return Complement(self)

    def __bool__(self) -> bool:
        return self._dimension.text(self) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and (self.of_all, self.none_of) == (other.of_all, other.none_of)

    def __hash__(self) -> int:
        return hash((self.of_all, self.none_of))


class Complement:
    """What is not in a formula's set."""

    __slots__ = ("formula",)

    def __init__(self, formula: Formula) -> None:
        self.formula = formula


class Pieces:
    """A union of sets, good only for asking whether all of them are empty."""

    __slots__ = ("_formulas",)

    def __init__(self, formulas: Sequence[Formula]) -> None:
        self._formulas = formulas

    def __bool__(self) -> bool:
        return any(self._formulas)


class Point:
    """The set of one text, which is in a formula's set or not."""

    __slots__ = ("_mask",)

    def __init__(self, mask: int) -> None:
        self._mask = mask

    def __and__(self, other: Formula) -> bool:
        return self._mask & other.of_all == other.of_all and not self._mask & other.none_of


class Formulas:
    """The dimension. `machine` has a group for each atom, those in `negated` hold where their group does not match."""

    def __init__(
        self, atoms: Atoms, machine: Machine, shape: Shape, negated: int, locate: Callable[[str], int], budget: Budget
    ) -> None:
        self.atoms = atoms
        self.locate = locate
        self._machine, self._shape, self._negated, self._budget = machine, shape, negated, budget
        self._known: dict[str, int] = {}
        self._texts: dict[tuple[int, int], str | None] = {}
        self.full = Formula(self, 0, 0)

    def learn(self, texts: Iterable[str]) -> None:
        """Keep texts to try before any search."""
        for text in texts:
            self._budget.spend(1 + len(self.atoms.found) // 8)
            self._known[text] = self.locate(text)

    def holding(self, atoms: int) -> Formula:
        """Return the texts for which all of these atoms hold."""
        return Formula(self, atoms, 0)

    def cell(self, value: str) -> Point:
        """Return the set of one text."""
        return Point(self.locate(value))

    def examples(self, formula: Formula) -> Iterator[str]:
        """Yield texts of the set."""
        for text, mask in self._known.items():
            if Point(mask) & formula:
                yield text

    def text(self, formula: Formula) -> str | None:
        """Return a text of the set; None if it is empty. Raises `UndecidedError` if looking takes too long."""
        asked = (formula.of_all, formula.none_of)
        if asked not in self._texts:
            self._budget.spend(1 + len(self._known) // 8)
            text = next(self.examples(formula), None)
            self._texts[asked] = text if text is not None else self._searched(formula)
        return self._texts[asked]

    def _searched(self, formula: Formula) -> str | None:
        matching = formula.of_all & ~self._negated | formula.none_of & self._negated
        missing = formula.none_of & ~self._negated | formula.of_all & self._negated
        if matching & missing:
            return None
        text = find(self._machine, self._shape, matching, missing, self._budget)
        if text is not None:
            self._known[text] = self.locate(text)
        return text

    def needed(self, formula: Formula) -> tuple[list[int], list[int]]:
        """Return the atoms of the formula, a bit each, that it can't do without: that hold, and that don't."""
        holding, missing = list(_bits(formula.of_all)), list(_bits(formula.none_of))
        for bit in list(holding):
            rest = Formula(self, formula.of_all & ~bit, formula.none_of | bit)
            if len(holding) > 1 and not rest:
                holding.remove(bit)
                formula = Formula(self, formula.of_all & ~bit, formula.none_of)
        return holding, [bit for bit in missing if Formula(self, formula.of_all | bit, 0)]


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        mask ^= bit
        yield bit
