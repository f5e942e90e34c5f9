"""Classes of texts: which groups of patterns can one text match together?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from endpoints.policy.compare.automaton import Machine, Shape, explore
from endpoints.policy.compare.globs import Glob
from endpoints.policy.compare.limits import Budget
from endpoints.policy.compare.prefixes import Plain, Prefixes, plain


class Texts:
    """Groups of patterns over texts of one shape. `signature` has a bit for each group that a text matches."""

    def __init__(self, groups: Sequence[Sequence[Glob]]) -> None:
        plains = [[plain(glob) for glob in group] for group in groups]
        if any(one is None for group in plains for one in group):
            self._machine: Machine | None = Machine(groups)
            self.signature: Callable[[str], int] = self._machine.signature
        else:
            kept: list[list[Plain]] = [[one for one in group if one is not None] for group in plains]
            self._machine = None
            self._prefixes = Prefixes(kept)
            self.signature = self._prefixes.signature

    @property
    def wild(self) -> bool:
        """Whether it takes the automaton to explore them."""
        return self._machine is not None

    def explore(
        self, shape: Shape, budget: Budget, finish: Callable[[str], str], accept: Callable[[str], bool]
    ) -> dict[int, str]:
        """Return every signature that texts of the shape can have, each with one of them.

        `finish` makes a likely text of a prefix, and `accept` tells whether a text is of the shape.
        """
        if self._machine is not None:
            return explore(self._machine, shape, budget)
        budget.spend(self._prefixes.size)
        found = self._prefixes.explore(finish, accept)
        budget.cells(len(found))
        return found
