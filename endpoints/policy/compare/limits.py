"""How much work one comparison may do, counted in steps so that the answer doesn't depend on the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

_LOOK_AT_CLOCK = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What one comparison may cost at most; past any of these the answer is "undecided".

    `steps` counts automaton transitions and box operations (about a million a second), `cells` is how many
    classes of values one dimension may fall into, `size` is how many bytes the states of one automaton may hold,
    `seconds` stops what counting misjudged, and `regions` is how many sentences each side gets.
    """

    steps: int = 600_000
    cells: int = 6_000
    size: int = 48_000_000
    seconds: float = 1.0
    regions: int = 20


class UndecidedError(Exception):
    """The comparison gives up. Its text says why, to a person."""


class Budget:
    """What is left of the limits."""

    def __init__(self, limits: Limits, *, until: float | None = None) -> None:
        self.limits = limits
        self.steps = limits.steps
        self._next_look = limits.steps - _LOOK_AT_CLOCK
        self._deadline = time.thread_time() + limits.seconds if until is None else until

    def spend(self, steps: int) -> None:
        """Take steps. Raises `UndecidedError` when none are left, or the time is."""
        self.steps -= steps
        if self.steps < self._next_look:
            self._next_look = self.steps - _LOOK_AT_CLOCK
            if self.steps < 0 or time.thread_time() > self._deadline:
                raise UndecidedError("The policies are too intricate to compare within the limits of time and memory.")

    def share(self, steps: int, cells: int) -> Budget:
        """Return a budget for an attempt that something else can follow."""
        limits = replace(self.limits, steps=min(steps, max(0, self.steps)), cells=cells)
        return Budget(limits, until=self._deadline)

    def cells(self, count: int) -> None:
        """Check how many classes one dimension has. Raises `UndecidedError` when they are too many."""
        if count > self.limits.cells:
            raise UndecidedError("Too many patterns overlap in too many ways to look at every combination.")
