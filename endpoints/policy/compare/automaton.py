"""Every wildcard pattern of one dimension, run together: which sets of them can one text match?

The patterns are one tree, so that a thousand that start alike cost as little as one there. A state is the set of
places in it that fit what was read. Breadth-first search over the states gives every reachable signature with a
shortest text. Groups are lists of patterns of which one must match; once a group has matched for good its other places
are dropped, which keeps the states few.
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


class _Node:
    """A place in the tree of all patterns: what was read so far fits them that far."""

    __slots__ = (
        "below",
        "chain",
        "ends",
        "in_field",
        "items",
        "loops",
        "moves",
        "moves_any",
        "moves_in_field",
        "stars",
    )

    def __init__(self) -> None:
        self.items: dict[str | int, _Node] = {}
        self.loops = False
        self.in_field = False
        """Whether it is a star that no colon passes."""
        self.ends = 0
        """The groups of the patterns that end here."""
        self.below = 0
        """The groups of the patterns that end here or later."""
        self.stars: tuple[_Node, ...] = ()
        """The stars behind it, which may stand for nothing."""
        self.moves: dict[str, tuple[_Node, ...]] = {}
        self.moves_any: tuple[_Node, ...] = ()
        self.moves_in_field: tuple[_Node, ...] = ()
        self.chain: tuple[str, _Node] | None = None
        """The text to the next place at which anything ends or parts, if only that text leads on from here."""


State: TypeAlias = "tuple[int, frozenset[_Node]]"


_NOWHERE: frozenset[_Node] = frozenset()


class Machine:
    """Patterns in groups, as one tree. A state is the groups that match whatever follows, and places in the tree."""

    def __init__(self, groups: Sequence[Sequence[Glob]]) -> None:
        root = _Node()
        self.size = 0
        for number, globs in enumerate(groups):
            for glob in globs:
                self._add(root, glob, 1 << number)
        _finish(root)
        self._runs: dict[tuple[State, str], State] = {}
        self.every = (1 << len(groups)) - 1
        self._entry = (root, *root.stars)
        self.start = self.settled(0, self._entry)

    def start_for(self, groups: int) -> State:
        """Return the first state of a run in which only some groups matter: the others count as matched."""
        return self.settled(self.every & ~groups, self._entry)

    def _add(self, node: _Node, glob: Glob, group: int) -> None:
        self.size += len(glob)
        for item in glob:
            node.below |= group
            following = node.items.get(item)
            if following is None:
                following = node.items[item] = _Node()
                following.loops = item in (STAR, STAR_IN_FIELD)
                following.in_field = item == STAR_IN_FIELD
            node = following
        node.below |= group
        node.ends |= group

    def step(self, state: State, character: str) -> State:
        """Return the state after one more character."""
        absorbed, nodes = state
        found: list[_Node] = []
        colon = character == ":"
        for node in nodes:
            if node.loops and not (colon and node.in_field):
                found.append(node)
            if character in node.moves:
                found += node.moves[character]
            if node.moves_any:
                found += node.moves_any
            if node.moves_in_field and not colon:
                found += node.moves_in_field
        return self.settled(absorbed, found)

    def run(self, state: State, text: str) -> State:
        """Return the state after a text; texts that shapes start with come again and again."""
        found = self._runs.get((state, text))
        if found is None:
            found = state
            for character in text:
                found = self.step(found, character)
            self._runs[state, text] = found
        return found

    @staticmethod
    def settled(absorbed: int, nodes: Sequence[_Node]) -> State:
        """Return the state of these places, without those that can tell nothing new."""
        for node in nodes:
            if node.loops and not node.in_field:
                absorbed |= node.ends
        return absorbed, frozenset([node for node in nodes if node.below & ~absorbed])

    @staticmethod
    def groups(state: State) -> int:
        """Return the groups that a text which ends in this state matches, a bit each."""
        found, nodes = state
        for node in nodes:
            found |= node.ends
        return found

    def signature(self, text: str) -> int:
        """Return the groups that the text matches, a bit each."""
        return self.groups(self.run(self.start, text))

    @staticmethod
    def telling(state: State) -> set[str]:
        """Return the characters that lead somewhere of their own from this state."""
        found: set[str] = set()
        for node in state[1]:
            found.update(node.moves)
            if node.in_field or node.moves_in_field:
                found.add(":")
        return found


def _finish(root: _Node) -> None:
    """Work out for every node what lies before and behind it, leaves first."""
    ordered = [root]
    for node in ordered:
        ordered += node.items.values()
    for node in reversed(ordered):
        stars = [node.items[item] for item in (STAR, STAR_IN_FIELD) if item in node.items]
        node.stars = tuple(one for star in stars for one in (star, *star.stars))
        moves: dict[str, tuple[_Node, ...]] = {}
        for item, following in node.items.items():
            if isinstance(item, str):
                for character in item:
                    moves[character] = (*moves.get(character, ()), following, *following.stars)
        node.moves = moves
        if ONE in node.items:
            node.moves_any = (node.items[ONE], *node.items[ONE].stars)
        if ONE_IN_FIELD in node.items:
            node.moves_in_field = (node.items[ONE_IN_FIELD], *node.items[ONE_IN_FIELD].stars)
        node.chain = _chain(node)


def _chain(node: _Node) -> tuple[str, _Node] | None:
    """Return the chain from a node whose followers have theirs already."""
    if node.loops or len(node.items) != 1:
        return None
    (item, following), *_ = node.items.items()
    if not isinstance(item, str) or len(item) != 1:
        return None
    if following.chain is not None and not following.ends:
        return item + following.chain[0], following.chain[1]
    return item, following


def explore(machine: Machine, shape: Shape, budget: Budget) -> dict[int, str]:
    """Return every signature that a text of this shape can have, each with a shortest such text.

    Raises `UndecidedError` when the states are too many.
    """
    return _Search(machine, shape, budget).run()


def find(machine: Machine, shape: Shape, matching: int, missing: int, budget: Budget) -> str | None:
    """Return a shortest text of the shape that matches all of some groups and none of others; None if there is none.

    Raises `UndecidedError` when looking for it takes too long.
    """
    return _Search(machine, shape, budget, matching, missing).first()


class _Search:
    def __init__(self, machine: Machine, shape: Shape, budget: Budget, matching: int = 0, missing: int = 0) -> None:
        self._machine, self._shape, self._budget = machine, shape, budget
        self._matching, self._missing = matching, missing
        self._last = len(shape) - 1
        self._room = budget.limits.size
        # A key is the part of the shape, how much of it is read, and the machine's state.
        first = (0, 0, machine.start_for(matching | missing) if matching | missing else machine.start)
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

    def first(self) -> str | None:
        index = 0
        while index < len(self._keys):
            part, count, state = self._keys[index]
            if self._hopeful(state):
                while part < len(self._shape):
                    if not self._expand(index, part, count, state):
                        break
                    part, count = part + 1, 0
                else:
                    groups = self._machine.groups(state)
                    if not self._matching & ~groups and not self._missing & groups:
                        return self._text(index)
            index += 1
        return None

    def _hopeful(self, state: State) -> bool:
        """Tell whether what goes on from here may match all that it should, and nothing that it should not."""
        absorbed, nodes = state
        if absorbed & self._missing:
            return False
        reachable = absorbed
        for node in nodes:
            reachable |= node.below
        return not self._matching & ~reachable

    def _expand(self, index: int, part: int, count: int, state: State) -> bool:
        """Follow the characters of one part of the shape; tell whether the part may end here."""
        what = self._shape[part]
        if isinstance(what, str):
            self._budget.spend(len(what))
            self._reach(index, what, (part + 1, 0, self._machine.run(state, what)))
            return False
        if part == self._last and what.most is None and len(state[1]) == 1 and self._jump(index, part, count, state):
            return count >= what.least
        if what.most is None or count < what.most:
            ahead = count + 1 if what.most is not None else min(count + 1, what.least)
            for character in self._choices(what, state):
                self._reach(index, character, (part, ahead, self._machine.step(state, character)))
        return count >= what.least

    def _jump(self, index: int, part: int, count: int, state: State) -> bool:
        """Follow the only text that leads on, if there is but one, as a whole; and what departs from it at once."""
        what = self._shape[part]
        (node,) = state[1]
        if node.chain is None or isinstance(what, str):
            return False
        text, last = node.chain
        if what.allowed is not None and not what.allowed.issuperset(text):
            return False
        fresh = next((one for one in what.fresh if one != text[0]), None)
        if fresh is None:
            return False
        self._budget.spend(2)
        self._reach(index, fresh, (part, min(count + 1, what.least), (state[0], _NOWHERE)))
        after = Machine.settled(state[0], (last, *last.stars))
        self._reach(index, text, (part, min(count + len(text), what.least), after))
        return True

    def _choices(self, letters: Letters, state: State) -> list[str]:
        telling = self._machine.telling(state)
        if letters.allowed is not None:
            telling &= letters.allowed
        fresh = next((one for one in letters.fresh if one not in telling), None)
        if fresh is None and letters.allowed is None:
            fresh = next(chr(code) for code in range(_PRIVATE, _PRIVATE + len(telling) + 1) if chr(code) not in telling)
        chosen = [fresh] if fresh is not None else []
        chosen += sorted(telling)
        self._budget.spend(len(chosen) * (1 + len(state[1]) // 4) + len(state[1]) // 2)
        return chosen

    def _reach(self, index: int, text: str, key: tuple[int, int, State]) -> None:
        if key in self._seen:
            return
        self._room -= 400 + 64 * len(key[2][1])
        if self._room < 0:
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
