"""Patterns with `*` and `?`: what one matches, whether it takes in another, and whether two have a text in common.

All of it in time that is linear, or the product of two lengths at worst; nothing backtracks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_WILD = re.compile(r"[*?]")
_STARS = re.compile(r"\*{2,}")


def is_wild(pattern: str) -> bool:
    """Tell whether the text has a wildcard."""
    return _WILD.search(pattern) is not None


def literal_head(pattern: str) -> str:
    """Return what stands before the first wildcard."""
    found = _WILD.search(pattern)
    return pattern[: found.start()] if found else pattern


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches a text without wildcards, letter case counting."""
    return covers(pattern, text)


def covers(wide: str, narrow: str) -> bool:
    """Tell whether every text that `narrow` matches is matched by `wide` too.

    Never true where it isn't so; patterns that need several pieces of `wide` at once (`?*` for `*?`) may be missed.
    """
    if wide == narrow or wide == "*":
        return True
    if "*" not in wide:
        return "?" in wide and len(wide) == len(narrow) and _same(wide, narrow, 0)
    head, *middle = _STARS.sub("*", wide).split("*")
    tail = middle.pop()
    if len(head) + len(tail) > len(narrow) or not _same(head, narrow, 0):
        return False
    end = len(narrow) - len(tail)
    if not _same(tail, narrow, end):
        return False
    at = len(head)
    for piece in middle:
        found = _find(piece, narrow, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _same(piece: str, text: str, at: int) -> bool:
    """Tell whether a piece without stars stands at that place; its `?` takes any one character but a star."""
    if "?" not in piece:
        return text.startswith(piece, at)
    return len(text) - at >= len(piece) and all(
        a == b or (a == "?" and b != "*") for a, b in zip(piece, text[at : at + len(piece)], strict=True)
    )


def _find(piece: str, text: str, start: int, end: int) -> int:
    if "?" not in piece:
        return text.find(piece, start, end)
    return next((at for at in range(start, end - len(piece) + 1) if _same(piece, text, at)), -1)


class Glob:
    """A pattern made ready to be asked whether it has a text in common with another: its states are bits of a number.

    `bounds` says of stars, counted from 0, which character they do not cross, such as `/`.
    """

    __slots__ = ("_accepts", "_any", "_chars", "_every", "_held", "_literals", "_stars")

    def __init__(self, pattern: str, bounds: Mapping[int, str] | None = None) -> None:
        self._chars: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._any = self._stars = self._literals = 0
        star = 0
        for at, symbol in enumerate(pattern):
            bit = 1 << at
            if symbol == "*":
                self._stars |= bit
                if bounds and (bound := bounds.get(star)):
                    self._held[bound] = self._held.get(bound, 0) | bit
                star += 1
            elif symbol == "?":
                self._any |= bit
            else:
                self._literals |= bit
                self._chars[symbol] = self._chars.get(symbol, 0) | bit
        self._accepts = 1 << len(pattern)
        self._every = (self._accepts << 1) - 1

    def overlaps(self, other: str) -> bool:
        """Tell whether some text matches this pattern and the other."""
        states = self._closed(1)
        for char in other:
            if char == "*":
                states = self._every & ~((states & -states) - 1)  # any text: whatever lies ahead can be reached
                continue
            fits = self._literals if char == "?" else self._chars.get(char, 0)
            moved = (states & (self._any | fits)) << 1
            stays = states & self._stars & ~self._held.get(char, 0)
            states = self._closed(moved | stays)
            if not states:
                return False
        return bool(states & self._accepts)

    def _closed(self, states: int) -> int:
        """Add the states that are reached through a star that stands for nothing."""
        while (more := states | ((states & self._stars) << 1)) != states:
            states = more
        return states


def overlap(first: str, second: str) -> bool:
    """Tell whether some text matches both patterns."""
    return Glob(first).overlaps(second)
