"""Lists of patterns, taken from and cut with each other as texts: what is left of "these, but not those"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from endpoints.policy.globs import covers, overlap

_MOST_COMPARED = 4_000  # pairs of patterns


@dataclass(frozen=True, slots=True)
class Terms:
    """Patterns of which one matches and, of `without`, none does."""

    patterns: tuple[str, ...]
    without: tuple[str, ...]


def terms(inside: Sequence[Sequence[str]], outside: Iterable[str]) -> Terms | None:
    """Return what is in all lists of patterns and in none of the patterns outside; None if it can't be said so."""
    found: list[str] = ["*"]
    for patterns in inside:
        cut = _common(found, patterns)
        if cut is None:
            return None
        found = cut
    excluded = list(dict.fromkeys(outside))
    if len(found) * len(excluded) > _MOST_COMPARED:
        same = set(excluded)
        found = [one for one in found if one not in same]
        if len(found) * len(excluded) > 4 * _MOST_COMPARED:
            return None
    found = [one for one in found if not any(covers(other, one) for other in excluded)]
    touching = [other for other in excluded if any(_touch(other, one) for one in found)]
    return Terms(tuple(_widest(found)), tuple(_widest(touching)))


def _common(a: Sequence[str], b: Sequence[str]) -> list[str] | None:
    """Return patterns that match what a pattern of both lists matches; None where one would need two at once."""
    if "*" in a:
        return list(dict.fromkeys(b))
    if len(a) * len(b) > _MOST_COMPARED:
        same = set(b)
        return [one for one in a if one in same] if set(a) <= same else None
    found: dict[str, None] = {}
    for one in a:
        for other in b:
            if covers(other, one):
                found[one] = None
            elif covers(one, other):
                found[other] = None
            elif _touch(one, other):
                return None
    return list(found)


def _touch(one: str, other: str) -> bool:
    """Tell whether some text matches both; at once for what policies are mostly made of."""
    if "?" in one or "?" in other or "*" in one[:-1] or "*" in other[:-1]:
        return overlap(one, other)
    a, b = one.removesuffix("*"), other.removesuffix("*")
    return (one != a and b.startswith(a)) or (other != b and a.startswith(b)) or one == other


def _widest(patterns: Sequence[str]) -> list[str]:
    """Return the patterns that no other takes in."""
    if len(patterns) > 100:
        return list(patterns)
    kept: list[str] = []
    for one in dict.fromkeys(patterns):
        if not any(other != one and covers(other, one) for other in patterns):
            kept.append(one)
    return kept or list(patterns[:1])
