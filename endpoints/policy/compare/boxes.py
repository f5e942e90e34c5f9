"""Policies as sets of boxes, and what one of two sets has that the other lacks.

Every dimension (principal, action, resource, each condition key) is cut into cells, so that a statement holds for a
whole cell or not at all. A statement is then a box: a set of cells, as an integer with a bit each, for every
dimension. What a policy allows is the union of its Allow boxes without its Deny boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from endpoints.policy.compare.limits import Budget

Box: TypeAlias = tuple[int, ...]
Possible: TypeAlias = Callable[[Box], bool]


@dataclass(frozen=True, slots=True)
class Boxes:
    """A policy: what it allows, but for what it denies."""

    allows: tuple[Box, ...]
    denies: tuple[Box, ...]


def pieces(box: Box, others: Sequence[Box], possible: Possible, budget: Budget) -> Iterator[Box]:
    """Yield disjoint boxes that together are the box without the others.

    Boxes that are not `possible`, whose every point is a contradiction, are left out.
    """
    stack = [(box, others)]
    while stack:
        rest, subtrahends = stack.pop()
        budget.spend(1 + len(subtrahends) * len(rest) // 8)
        if not possible(rest):
            continue
        touching = [other for other in subtrahends if meets(rest, other)]
        if not touching:
            yield rest
            continue
        chosen = min(touching, key=lambda other: _outside(rest, other))
        touching.remove(chosen)
        stack += [(piece, touching) for piece in _split(rest, chosen)]


def meets(a: Box, b: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return all(x & y for x, y in zip(a, b, strict=True))


def within(a: Box, b: Box) -> bool:
    """Tell whether the first box lies in the second."""
    return not any(x & ~y for x, y in zip(a, b, strict=True))


def common(a: Box, b: Box) -> Box:
    """Return what two boxes have in common."""
    return tuple(x & y for x, y in zip(a, b, strict=True))


def _outside(box: Box, other: Box) -> int:
    """Return in how many dimensions the box reaches out of the other: into so many pieces it would split."""
    return sum(1 for x, y in zip(box, other, strict=True) if x & ~y)


def _split(box: Box, other: Box) -> list[Box]:
    """Return the box without the other, as disjoint boxes."""
    found = []
    inside = list(box)
    for number, (x, y) in enumerate(zip(box, other, strict=True)):
        if outside := x & ~y:
            found.append((*inside[:number], outside, *box[number + 1 :]))
            inside[number] = x & y
    return found


class Difference:
    """What `more` allows and `less` does not."""

    def __init__(self, more: Boxes, less: Boxes, possible: Possible, budget: Budget) -> None:
        self._more, self._less = more, less
        self._possible, self._budget = possible, budget

    def regions(self) -> Iterator[Box]:
        """Yield boxes of it that together are all of it, each as large as it is easily made."""
        found: list[Box] = []
        for piece, base in self._pieces():
            if not any(within(piece, region) for region in found):
                region = self._grown(piece, base)
                found.append(region)
                yield region

    def _pieces(self) -> Iterator[tuple[Box, Box]]:
        """Yield boxes of the difference, each with the Allow box that it is part of."""
        more, less = self._more, self._less
        for number, base in enumerate(more.allows):
            before = more.allows[:number]
            for piece in pieces(base, (*more.denies, *less.allows, *before), self._possible, self._budget):
                yield piece, base
            for deny in less.denies:
                self._budget.spend(1)
                if meets(base, deny):
                    for piece in pieces(common(base, deny), (*more.denies, *before), self._possible, self._budget):
                        yield piece, base

    def _grown(self, piece: Box, base: Box) -> Box:
        """Widen the piece, one dimension after the other, as far as its Allow box reaches and all of it is gained."""
        grown = piece
        for number, whole in enumerate(base):
            if grown[number] != whole:
                wider = (*grown[:number], whole, *grown[number + 1 :])
                if self._holds(wider):
                    grown = wider
        return grown

    def _holds(self, box: Box) -> bool:
        """Tell whether every point of a part of an Allow box belongs to the difference."""
        self._budget.spend(len(self._more.denies) + len(self._less.allows))
        if any(meets(box, deny) for deny in self._more.denies):
            return False
        for allow in self._less.allows:
            if meets(box, allow):
                allowed = pieces(common(box, allow), self._less.denies, self._possible, self._budget)
                if next(allowed, None) is not None:
                    return False
        return True
