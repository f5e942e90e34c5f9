"""Every wildcard pattern of one dimension, run together: which sets of them can one text match?

The state is one integer with a bit for each place of each pattern (Baeza-Yates' Shift-And, with loops for stars), so
a step is a few integer operations however many patterns there are. Breadth-first search over the states gives every
reachable signature with a shortest text. Groups are lists of patterns of which one must match; once a group has
matched for good its other places are dropped, which keeps the states few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from endpoints.policy.compare.globs import ONE, ONE_IN_FIELD, STAR, STAR_IN_FIELD, Glob
from endpoints.policy.compare.limits import Budget, UndecidedError

_FRESH = "xeqzjwvkyuhbfgmnopdlrtscia0123456789-_/XQZJWVKY"
_PRIVATE = 0xE000


@dataclass(frozen=True, slots=True)
class Letters:
    """A run of characters of a shape: at least `least`, at most `most` of them (None: no end).

    `allowed` are the characters that may stand there (None: any); `fresh` are the ones to show when nothing else
    decides, the likeliest first.
    """

    least: int
    most: int | None
    allowed: frozenset[str] | None = None
    fresh: str = _FRESH


Shape: TypeAlias = "tuple[str | Letters, ...]"

ANY_TEXT: Shape = (Letters(0, None),)


class Machine:
    """The patterns of one dimension, in groups."""

    def __init__(self, groups: Sequence[Sequence[Glob]]) -> None:
        self.start = 0
        self._finals: dict[int, int] = {}  # the bit of a pattern's end -> its group's bit
        self._wipes: dict[int, int] = {}  # the bit of an end that can't be left -> the other places of its group
        self._literals: dict[str, int] = {}
        self._letters: list[str] = []
        self._ones = self._ones_in_field = self._loops = self._loops_in_field = 0
        for number, globs in enumerate(groups):
            self._add_group(1 << number, globs)
        self._final = sum(self._finals)
        self._absorbing = sum(self._wipes)
        self._literal = 0
        for places in self._literals.values():
            self._literal |= places
        self._colon = self._ones_in_field | self._loops_in_field
        self._step: dict[str, tuple[int, int]] = {}
        self.width = len(self._letters)

    def _add_group(self, group: int, globs: Sequence[Glob]) -> None:
        first = len(self._letters)
        ends = []
        for glob in globs:
            self.start |= 1 << len(self._letters)
            for item in glob:
                self._add_item(item)
            end = 1 << len(self._letters)
            self._letters.append("")
            self._finals[end] = group
            if self._loops & end:
                ends.append(end)
        places = (1 << len(self._letters)) - (1 << first)
        for end in ends:
            self._wipes[end] = places & ~end

    def _add_item(self, item: str | int) -> None:
        place = 1 << len(self._letters)
        if item == STAR:
            self._loops |= place
        elif item == STAR_IN_FIELD:
            self._loops_in_field |= place
        else:
            if item == ONE:
                self._ones |= place
            elif item == ONE_IN_FIELD:
                self._ones_in_field |= place
            else:
                for character in str(item):
                    self._literals[character] = self._literals.get(character, 0) | place
            self._letters.append(item if isinstance(item, str) else "")

    def _masks(self, character: str) -> tuple[int, int]:
        """Return the places that the character moves on from, and those that it stays at."""
        inside = character != ":"
        moves = self._literals.get(character, 0) | self._ones | (self._ones_in_field if inside else 0)
        stays = self._loops | (self._loops_in_field if inside else 0)
        self._step[character] = (moves, stays)
        return moves, stays

    def step(self, state: int, character: str) -> int:
        """Return the state after one more character."""
        moves, stays = self._step.get(character) or self._masks(character)
        state = (state & moves) << 1 | state & stays
        absorbed = state & self._absorbing
        while absorbed:
            end = absorbed & -absorbed
            absorbed ^= end
            state &= ~self._wipes[end]
        return state

    def run(self, text: str) -> int:
        """Return the state after the whole text."""
        state = self.step_over_start()
        for character in text:
            state = self.step(state, character)
        return state

    def step_over_start(self) -> int:
        """Return the first state; a lone star has matched already."""
        state = self.start
        absorbed = state & self._absorbing
        while absorbed:
            end = absorbed & -absorbed
            absorbed ^= end
            state &= ~self._wipes[end]
        return state

    def groups(self, state: int) -> int:
        """Return the groups that a text which ends in this state matches, a bit each."""
        found = 0
        ends = state & self._final
        while ends:
            end = ends & -ends
            ends ^= end
            found |= self._finals[end]
        return found

    def signature(self, text: str) -> int:
        """Return the groups that the text matches, a bit each."""
        return self.groups(self.run(text))

    def telling(self, state: int) -> set[str]:
        """Return the characters that lead somewhere of their own from this state."""
        found: set[str] = set()
        places = state & self._literal
        while places:
            place = places & -places
            places ^= place
            found.update(self._letters[place.bit_length() - 1])
        if state & self._colon:
            found.add(":")
        return found


def explore(machine: Machine, shape: Shape, budget: Budget) -> dict[int, str]:
    """Return every signature that a text of this shape can have, each with a shortest such text.

    Raises `UndecidedError` when the states are too many.
    """
    return _Search(machine, shape, budget).run()


class _Search:
    def __init__(self, machine: Machine, shape: Shape, budget: Budget) -> None:
        self._machine, self._shape, self._budget = machine, shape, budget
        self._cost = 1 + machine.width // 2048
        self._most = max(1000, budget.limits.size // (200 + machine.width // 4))
        # A key is the part of the shape, how much of it is read, and the machine's state.
        first = (0, 0, machine.step_over_start())
        self._keys = [first]
        self._seen = {first}
        self._from: list[tuple[int, str]] = [(-1, "")]

    def run(self) -> dict[int, str]:
        found: dict[int, int] = {}
        index = 0
        while index < len(self._keys):
            part, count, state = self._keys[index]
            while part < len(self._shape):
                if not self._expand(index, part, count, state):
                    break
                part, count = part + 1, 0
            else:
                found.setdefault(self._machine.groups(state), index)
                self._budget.cells(len(found))
            index += 1
        return {signature: self._text(at) for signature, at in found.items()}

    def _expand(self, index: int, part: int, count: int, state: int) -> bool:
        """Follow the characters of one part of the shape; tell whether the part may end here."""
        what = self._shape[part]
        if isinstance(what, str):
            for character in what:
                state = self._machine.step(state, character)
            self._budget.spend(len(what) * self._cost)
            self._reach(index, what, (part + 1, 0, state))
            return False
        if what.most is None or count < what.most:
            ahead = count + 1 if what.most is not None or count < what.least else count
            for character in self._choices(what, state):
                self._reach(index, character, (part, ahead, self._machine.step(state, character)))
        return count >= what.least

    def _choices(self, letters: Letters, state: int) -> list[str]:
        self._budget.spend(1 + state.bit_count() // 4)
        telling = self._machine.telling(state)
        if letters.allowed is not None:
            telling &= letters.allowed
        fresh = next((one for one in letters.fresh if one not in telling), None)
        if fresh is None and letters.allowed is None:
            fresh = next(chr(code) for code in range(_PRIVATE, _PRIVATE + len(telling) + 1) if chr(code) not in telling)
        chosen = [fresh] if fresh is not None else []
        chosen += sorted(telling)
        self._budget.spend(len(chosen) * self._cost)
        return chosen

    def _reach(self, index: int, text: str, key: tuple[int, int, int]) -> None:
        if key in self._seen:
            return
        if len(self._keys) >= self._most:
            raise UndecidedError("The wildcards overlap in too many ways to look at every combination.")
        self._seen.add(key)
        self._keys.append(key)
        self._from.append((index, text))

    def _text(self, index: int) -> str:
        parts: list[str] = []
        while index >= 0:
            index, text = self._from[index]
            parts.append(text)
        return "".join(reversed(parts))
