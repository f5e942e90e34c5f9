"""Patterns as lists of items, the form that the automaton and the overlap test read.

An item is the string of the characters it accepts, or one of four wildcards. What a `*` may cross depends on where
it stands (facts 21, 30, 31): in a Resource and in StringLike it crosses everything, in ArnLike no colon of the first
five segments.
"""

from __future__ import annotations

from typing import Final, TypeAlias

ONE: Final = 0
ONE_IN_SEGMENT: Final = 1
STAR: Final = 2
STAR_IN_SEGMENT: Final = 3

Item: TypeAlias = "str | int"
Glob: TypeAlias = tuple[Item, ...]

_STARS = frozenset({STAR, STAR_IN_SEGMENT})


def exact(text: str) -> Glob:
    """Return the pattern of this very text."""
    return tuple(text)


def exact_any_case(text: str) -> Glob:
    """Return the pattern of this text in any letter case."""
    return tuple(cases(character) for character in text)


def cases(character: str) -> str:
    """Return the characters that are this one in another case; the Kelvin sign is a K to `str.lower`."""
    found = {character, character.lower(), character.upper()}
    if "k" in found:
        found.add("\u212a")
    return "".join(sorted(one for one in found if len(one) == 1))


def simplified(items: list[Item]) -> Glob:
    """Return the pattern without stars that follow a star which takes in as much."""
    kept: list[Item] = []
    for item in items:
        if kept and kept[-1] in _STARS and item in _STARS:
            kept[-1] = min(kept[-1], item)
        else:
            kept.append(item)
    return tuple(kept)


def overlap(a: Glob, b: Glob) -> bool:
    """Tell whether some text matches both patterns. Work is proportional to the product of their lengths."""
    after_b = _closed(1, b)
    for item in a:
        after_b = _after(item, after_b, b)
        if not after_b:
            return False
    return bool(after_b >> len(b) & 1)


def _closed(places: int, glob: Glob) -> int:
    """Return the places of the pattern with those that a star reaches by matching nothing."""
    at = places
    index = 0
    while at >> index:
        if at >> index & 1 and index < len(glob) and glob[index] in _STARS:
            at |= 2 << index
        index += 1
    return at


def _after(item: Item, places: int, glob: Glob) -> int:
    """Return where in the other pattern one can be after this item of the first."""
    star = item in _STARS
    reached = places if star else 0
    while True:
        moved = 0
        for index, other in enumerate(glob):
            if (reached if star else places) >> index & 1 and _meet(item, other):
                moved |= 1 << index if other in _STARS else 2 << index
        closed = _closed(reached | moved, glob)
        if not star or closed == reached:
            return closed
        reached = closed


def _meet(a: Item, b: Item) -> bool:
    """Tell whether one character fits both items."""
    if isinstance(a, str):
        if isinstance(b, str):
            return any(character in b for character in a)
        return b in (ONE, STAR) or a != ":"
    return not isinstance(b, str) or a in (ONE, STAR) or b != ":"
