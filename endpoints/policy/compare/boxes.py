"""Policies as sets of boxes, and what one of two sets has that the other lacks.

Every dimension (principal, action, resource, each condition key) is cut into cells, so that a statement holds for a
whole cell or not at all. A statement is then a box: a set of cells, as an integer with a bit each, for every
dimension. What a policy allows is the union of its Allow boxes without its Deny boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from endpoints.policy.compare.limits import Budget

Cells: TypeAlias = Any
"""A set of cells: an integer with a bit each or, where they are too many, a formula that can be used like one."""

Box: TypeAlias = tuple[Cells, ...]
Possible: TypeAlias = Callable[[Box], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """A box, and the few dimensions in which it is less than everything."""

    box: Box
    limits: tuple[tuple[int, Cells], ...]

    @classmethod
    def of(cls, box: Box, whole: Box) -> Part:
        """Return the box with its limits."""
        pairs = enumerate(zip(box, whole, strict=True))
        return cls(box, tuple((number, cells) for number, (cells, all_cells) in pairs if cells != all_cells))


@dataclass(frozen=True, slots=True)
class Boxes:
    """A policy: what it allows, but for what it denies."""

    allows: tuple[Part, ...]
    denies: tuple[Part, ...]


def pieces(
    box: Box, others: Sequence[Part], possible: Possible, budget: Budget, done: Sequence[Box] = ()
) -> Iterator[Box]:
    """Yield disjoint boxes that together are the box without the others, and without what lies in a box of `done`.

    Boxes that are not `possible`, whose every point is a contradiction, are left out. `done` may grow meanwhile.
    """
    stack = [(box, others)]
    while stack:
        rest, subtrahends = stack.pop()
        budget.spend(2 + len(subtrahends) // 2 + len(done) * len(rest) // 16)
        if not possible(rest) or any(within(rest, one) for one in done):
            continue
        touching = [other for other in subtrahends if touches(rest, other)]
        if not touching:
            yield rest
            continue
        cut, left = _cut(rest, touching)
        if len(left) < len(touching):
            if cut is not None:
                stack.append((cut, left))
            continue
        chosen = min(left, key=lambda other: len(_outside(rest, other)))
        left.remove(chosen)
        stack += [(piece, left) for piece in _split(rest, chosen)]


def _cut(box: Box, others: Sequence[Part]) -> tuple[Box | None, list[Part]]:
    """Return the box without those others that it reaches out of in one dimension, and the rest of the others.

    None if nothing of it is left.
    """
    cut = list(box)
    left: list[Part] = []
    for other in others:
        outside = _outside(box, other, most=2)
        if len(outside) > 1:
            left.append(other)
            continue
        if not outside:
            return None, []
        number, cells = outside[0]
        cut[number] &= ~cells
    return (tuple(cut) if all(cut) else None), left


def touches(box: Box, part: Part) -> bool:
    """Tell whether two boxes, neither of them empty, have a point in common."""
    for number, cells in part.limits:  # noqa: SIM110 - a loop is much quicker than all() over a generator
        if not box[number] & cells:
            return False
    return True


def within(a: Box, b: Box) -> bool:
    """Tell whether the first box lies in the second."""
    return not any(x & ~y for x, y in zip(a, b, strict=True))


def common(box: Box, part: Part) -> Box:
    """Return what two boxes have in common."""
    cut = list(box)
    for number, cells in part.limits:
        cut[number] &= cells
    return tuple(cut)


def _outside(box: Box, part: Part, most: int | None = None) -> list[tuple[int, Cells]]:
    """Return the limits that the box reaches out of, or the first of them: into so many pieces it would split."""
    found: list[tuple[int, Cells]] = []
    for number, cells in part.limits:
        if box[number] & ~cells:
            found.append((number, cells))
            if len(found) == most:
                break
    return found


def _split(box: Box, part: Part) -> list[Box]:
    """Return the box without the other, as disjoint boxes."""
    found = []
    inside = list(box)
    for number, cells in part.limits:
        if outside := inside[number] & ~cells:
            found.append((*inside[:number], outside, *inside[number + 1 :]))
            inside[number] &= cells
    return found


class Difference:
    """What `more` allows and `less` does not."""

    def __init__(self, more: Boxes, less: Boxes, possible: Possible, budget: Budget) -> None:
        self._more, self._less = more, less
        self._possible, self._budget = possible, budget

    def regions(self) -> Iterator[Box]:
        """Yield boxes of it that together are all of it, each as large as it is easily made."""
        done: list[Box] = []
        for piece, base in self._pieces(done):
            region = self._grown(piece, base)
            done.append(region)
            yield region

    def _pieces(self, done: list[Box]) -> Iterator[tuple[Box, Part]]:
        """Yield boxes of the difference outside those done, each with the Allow that it is part of."""
        more, less = self._more, self._less
        granted = set(less.allows)
        for number, base in enumerate(more.allows):
            earlier = more.allows[:number]
            if base not in granted:
                others = (*more.denies, *less.allows, *earlier)
                for piece in pieces(base.box, others, self._possible, self._budget, done):
                    yield piece, base
            for deny in less.denies:
                self._budget.spend(1)
                if deny not in more.denies and touches(base.box, deny):
                    cut = common(base.box, deny)
                    for piece in pieces(cut, (*more.denies, *earlier), self._possible, self._budget, done):
                        yield piece, base

    def _grown(self, piece: Box, base: Part) -> Box:
        """Widen the piece, one dimension after the other, as far as its Allow reaches and all of it is gained."""
        grown = piece
        for number, whole in enumerate(base.box):
            if grown[number] != whole:
                wider = (*grown[:number], whole, *grown[number + 1 :])
                if self._holds(wider):
                    grown = wider
        return grown

    def _holds(self, box: Box) -> bool:
        """Tell whether every point of a part of an Allow belongs to the difference."""
        self._budget.spend(2 + (len(self._more.denies) + len(self._less.allows)) // 4)
        if any(touches(box, deny) for deny in self._more.denies):
            return False
        for allow in self._less.allows:
            if touches(box, allow):
                allowed = pieces(common(box, allow), self._less.denies, self._possible, self._budget)
                if next(allowed, None) is not None:
                    return False
        return True
