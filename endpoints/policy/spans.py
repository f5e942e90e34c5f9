"""Cuts a line of JSON into spans: what kind of token each is, and whether it is marked as changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from endpoints.policy.subsequence import Budget, subsequence

TokenClass = Literal["key", "string", "number", "word", "plain"]
Range = tuple[int, int]

WORD = re.compile(r"[\w*]+")
_PIECE = re.compile(r"\w+|\s+|[^\w\s]")
_TOKEN = re.compile(
    r'(?P<key>"(?:\\.|[^"\\])*"(?=\s*:))|(?P<string>"(?:\\.|[^"\\])*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>\b(?:true|false|null)\b)"
)
_ALIKE = 0.4  # below it, marking the rest would mark nearly all


class Span(NamedTuple):
    token: TokenClass
    text: str
    marked: bool


def similarity(a: Counter[str], b: Counter[str]) -> float:
    """Return how alike two bags of words are, from 0 to 1 (Dice's coefficient)."""
    total = a.total() + b.total()
    if total == 0:
        return 1.0
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    return 2 * sum(min(count, large[word]) for word, count in small.items()) / total


def spans(line: str, marks: Sequence[Range] = ()) -> tuple[Span, ...]:
    """Return the line's spans; joined, their texts are the line."""
    found: list[Span] = []
    inside = iter(marks)
    mark = next(inside, None)
    for token, start, end in _tokens(line):
        at = start
        while at < end:
            while mark is not None and mark[1] <= at:
                mark = next(inside, None)
            if mark is None or mark[0] >= end:
                cut, marked = end, False
            elif mark[0] > at:
                cut, marked = mark[0], False
            else:
                cut, marked = min(mark[1], end), True
            found.append(Span(token, line[at:cut], marked))
            at = cut
    return tuple(found)


def _tokens(line: str) -> Iterator[tuple[TokenClass, int, int]]:
    at = 0
    for match in _TOKEN.finditer(line):
        if match.start() > at:
            yield "plain", at, match.start()
        kind = match.lastgroup
        assert kind is not None  # every alternative is named
        yield kind, match.start(), match.end()  # type: ignore[misc]
        at = match.end()
    if at < len(line):
        yield "plain", at, len(line)


def changed_ranges(old: str, new: str, budget: Budget) -> tuple[tuple[Range, ...], tuple[Range, ...]]:
    """Return the character ranges of both lines that the other does not have; none where little is shared."""
    left, right = _PIECE.findall(old), _PIECE.findall(new)
    if not budget.take(len(left) * len(right)):
        return (), ()
    weights = [len(piece) if piece[0].isalnum() else 1 for piece in left]
    common = subsequence(left, right, weights)
    shared = sum(weights[i] for i, _ in common)
    if shared < _ALIKE * max(1, sum(weights)) and not _same_key(old, new):
        return (), ()
    return _uncommon(left, {i for i, _ in common}), _uncommon(right, {j for _, j in common})


def _same_key(old: str, new: str) -> bool:
    key, colon, _ = old.partition('": ')
    return bool(colon) and new.startswith(key + colon)


def _uncommon(pieces: Sequence[str], common: set[int]) -> tuple[Range, ...]:
    ranges: list[Range] = []
    at = 0
    for index, piece in enumerate(pieces):
        end = at + len(piece)
        if index not in common:
            if ranges and ranges[-1][1] == at:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((at, end))
        at = end
    return tuple(ranges)
