"""What a set of cells means in terms of the policies' own words: these atoms hold, and those don't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from endpoints.policy.compare.dimension import Atom, Dimension
from endpoints.policy.compare.lazy import Formulas


@dataclass(frozen=True, slots=True)
class Literal:
    """Atoms of which all hold or, negated, not all hold."""

    atoms: tuple[Atom, ...]
    holds: bool


def literals(dimension: Dimension[Any] | Formulas, cells: Any, needs: list[int]) -> list[Literal] | None:
    """Return literals that together are exactly the cells; None if there are none.

    `needs` are the sets of atoms that statements ask for together.
    """
    if isinstance(dimension, Formulas):
        holding, missing = dimension.needed(cells)
        return [
            *(_literal(dimension, bit, holds=True) for bit in holding),
            *(_literal(dimension, bit, holds=False) for bit in missing),
        ]
    wanted = dict.fromkeys([*(1 << number for number in range(len(dimension.atoms.found))), *needs])
    sets = [(atoms, dimension.holding(atoms)) for atoms in wanted if atoms]
    found: list[Literal] = []
    left = dimension.full
    # What holds is said first, the narrowest first: it tells most.
    inner = sorted((one for one in sets if cells & ~one[1] == 0), key=lambda one: one[1].bit_count())
    for atoms, inside in inner:
        if left == cells:
            break
        if left & inside != left:
            left &= inside
            found.append(_literal(dimension, atoms, holds=True))
    outside = [one for one in sets if not cells & one[1]]
    while left != cells:
        best = max(outside, key=lambda one: ((left & one[1]).bit_count(), -one[0].bit_count()), default=None)
        if best is None or not left & best[1]:
            return None
        left &= ~best[1]
        found.append(_literal(dimension, best[0], holds=False))
    return found


def _literal(dimension: Dimension[Any] | Formulas, atoms: int, *, holds: bool) -> Literal:
    found = dimension.atoms.found
    return Literal(tuple(atom for number, atom in enumerate(found) if atoms >> number & 1), holds)
