"""Aligns two lists of lines in bounded time.

A weighted longest common subsequence where the lists are small; where they are large, lines that occur once
on both sides are anchors and what lies between them is aligned in the same way. Difflib is not used: its time
on repetitive input is cubic, and it takes a closing bracket for as good an anchor as a whole line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from endpoints.policy.spans import WORD, similarity
from endpoints.policy.subsequence import Budget, subsequence

_CONTENT_WEIGHT = 8  # so that no number of brackets that a statement has outweighs a line that says something
_ALIKE = 0.5
_LOOK_AHEAD = 12
_COMPARING = 20  # what comparing two lines costs at least, in cells of the budget


class Pair(NamedTuple):
    """Lines beside each other, by index; None where a side has none."""

    left: int | None
    right: int | None
    same: bool


def align(left: Sequence[str], right: Sequence[str], budget: Budget) -> list[Pair]:
    """Return pairs in order that name every line of both sides once."""
    pairs: list[Pair] = []
    at_left = at_right = 0
    for a, b in [*_common(left, right, budget), (len(left), len(right))]:
        pairs += _replaced(left, right, range(at_left, a), range(at_right, b), budget)
        if a < len(left):
            pairs.append(Pair(a, b, same=True))
        at_left, at_right = a + 1, b + 1
    return pairs


def _common(left: Sequence[str], right: Sequence[str], budget: Budget) -> list[tuple[int, int]]:
    """Return indices of equal lines, rising on both sides."""
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    inner = _inner(left[start : len(left) - end], right[start : len(right) - end], budget)
    return [
        *((i, i) for i in range(start)),
        *((a + start, b + start) for a, b in inner),
        *((len(left) - i, len(right) - i) for i in range(end, 0, -1)),
    ]


def _inner(left: Sequence[str], right: Sequence[str], budget: Budget) -> list[tuple[int, int]]:
    if not left or not right:
        return []
    if budget.take(len(left) * len(right)):
        return subsequence(left, right, [_weight(line) for line in left])
    anchors = _anchors(left, right)
    found: list[tuple[int, int]] = []
    at_left = at_right = 0
    for a, b in [*anchors, (len(left), len(right))]:
        gap_left, gap_right = left[at_left:a], right[at_right:b]
        # Without anchors the gap is the whole again: it stays unaligned.
        if anchors and gap_left and gap_right and budget.take(len(gap_left) * len(gap_right)):
            weights = [_weight(line) for line in gap_left]
            found += [(at_left + i, at_right + j) for i, j in subsequence(gap_left, gap_right, weights)]
        if a < len(left):
            found.append((a, b))
        at_left, at_right = a + 1, b + 1
    return found


def _weight(line: str) -> int:
    return _CONTENT_WEIGHT if WORD.search(line) else 1


def _anchors(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return lines that occur once on each side, as the longest run that rises on both (patience sorting)."""
    once_left = {line for line, count in Counter(left).items() if count == 1}
    once_right = {line: j for j, line in enumerate(right)}
    counts = Counter(right)
    candidates = [(i, once_right[line]) for i, line in enumerate(left) if line in once_left and counts[line] == 1]
    tails: list[int] = []
    tops: list[int] = []
    previous: list[int] = []
    for index, (_, j) in enumerate(candidates):
        place = bisect_left(tails, j)
        previous.append(tops[place - 1] if place else -1)
        tails[place : place + 1] = [j]
        tops[place : place + 1] = [index]
    found: list[tuple[int, int]] = []
    index = tops[-1] if tops else -1
    while index >= 0:
        found.append(candidates[index])
        index = previous[index]
    return found[::-1]


def _replaced(left: Sequence[str], right: Sequence[str], lost: range, gained: range, budget: Budget) -> list[Pair]:
    """Put changed lines beside what they became, where one can tell; the rest stand alone."""
    pairs: list[Pair] = []
    at = 0
    for a in lost:
        mate = next(
            (k for k in range(at, min(at + _LOOK_AHEAD, len(gained))) if _became(left[a], right[gained[k]], budget)),
            None,
        )
        if mate is None:
            pairs.append(Pair(a, None, same=False))
            continue
        pairs += [Pair(None, b, same=False) for b in gained[at:mate]]
        pairs.append(Pair(a, gained[mate], same=False))
        at = mate + 1
    return pairs + [Pair(None, b, same=False) for b in gained[at:]]


def _became(old: str, new: str, budget: Budget) -> bool:
    """Tell whether one line reads as a change of the other: the same key, or mostly the same words."""
    key, colon, _ = old.partition('": ')
    if colon and new.startswith(key + colon):
        return True
    if not budget.take(_COMPARING + len(old) + len(new)):
        return False
    return similarity(Counter(WORD.findall(old)), Counter(WORD.findall(new))) >= _ALIKE
