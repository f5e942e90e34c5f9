"""One dimension of a request (its action, one condition key…), cut into cells.

An atom is what one element or condition of a statement says about the dimension. A cell is a class of values that all
atoms agree on; its mask has a bit for each atom that holds there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from endpoints.policy.compare.limits import Budget, UndecidedError
from endpoints.policy.evaluate.forms import ConditionForm, PatternsForm
from endpoints.policy.evaluate.principals import PrincipalForm

Subject = PatternsForm | ConditionForm | PrincipalForm
T = TypeVar("T")

_MOST_FREE = 8


@dataclass(frozen=True, slots=True)
class Atom:
    """One thing that a statement says about a dimension, to be put into words by a later stage."""

    subject: Subject
    denies: bool
    """Whether a Deny says it: NotPrincipal means another thing there."""


@dataclass
class Atoms:
    """The atoms of one dimension; equal ones are one."""

    found: list[Atom] = field(default_factory=list)
    _numbers: dict[Hashable, int] = field(default_factory=dict)

    def add(self, identity: Hashable, subject: Subject, *, denies: bool = False) -> int:
        """Return the bit of the atom with this identity."""
        number = self._numbers.get(identity)
        if number is None:
            number = self._numbers[identity] = len(self.found)
            self.found.append(Atom(subject, denies))
        return 1 << number


class Dimension(Generic[T]):
    """Cells with their masks, and for each the values that stand for it, the likeliest first.

    `locate` gives a value's mask, or None for a value that this dimension can't have.
    """

    def __init__(self, atoms: Atoms, locate: Callable[[T], int | None]) -> None:
        self.atoms = atoms
        self.locate = locate
        self.masks: list[int] = []
        self.values: list[T] = []
        self._cells: dict[int, int] = {}
        self._sets: dict[int, int] = {}
        self._located: dict[T, int] = {}
        self.users = 0
        """Of callers the cells that have users, of resources those that without a user's name have nothing."""

    def add(self, mask: int, value: T) -> bool:
        """Add a value; tell whether it stands for a new cell."""
        if mask in self._cells:
            return False
        self._cells[mask] = len(self.masks)
        self.masks.append(mask)
        self.values.append(value)
        return True

    def of_mask(self, mask: int) -> int:
        """Return the cell with this mask, as a set of one."""
        return 1 << self._cells[mask]

    @property
    def full(self) -> int:
        """Return the set of all cells."""
        return (1 << len(self.masks)) - 1

    def holding(self, atoms: int) -> int:
        """Return the cells in which all of these atoms hold, as a bit each."""
        found = self._sets.get(atoms)
        if found is None:
            found = 0
            for number, mask in enumerate(self.masks):
                if mask & atoms == atoms:
                    found |= 1 << number
            self._sets[atoms] = found
        return found

    def cell(self, value: T) -> int:
        """Return the cell of a value as a set of one; the empty set for a value that there is none of."""
        found = self._located.get(value)
        if found is None:
            mask = self.locate(value)
            number = None if mask is None else self._cells.get(mask)
            found = self._located[value] = 0 if number is None else 1 << number
        return found

    def examples(self, cells: int) -> Iterator[T]:
        """Yield a value of each of the cells."""
        while cells:
            cell = cells & -cells
            cells ^= cell
            yield self.values[cell.bit_length() - 1]

    def free(self, atoms: int, budget: Budget) -> None:
        """Let these atoms hold or not in every cell: nothing is known about them."""
        if atoms.bit_count() > _MOST_FREE:
            raise UndecidedError("Too many conditions compare one key with variables.")
        while atoms:
            bit = atoms & -atoms
            atoms ^= bit
            for mask, value in list(zip(self.masks, self.values, strict=True)):
                self.add(mask ^ bit, value)
        budget.cells(len(self.masks))
