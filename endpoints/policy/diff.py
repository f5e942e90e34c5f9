"""The difference of two policies as a reviewer reads it: side by side, statement beside statement.

A plain line difference misaligns policies, because every statement looks like the next. So statements are
matched first (by Sid, then by what they say), and lines are aligned only within a pair. Pure data: a template
draws it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from endpoints.policy.align import Pair, align
from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse, pretty_lines
from endpoints.policy.nodes import Array, Object, Scalar
from endpoints.policy.spans import WORD, Span, changed_ranges, similarity, spans
from endpoints.policy.subsequence import Budget

RowKind = Literal["same", "changed", "removed", "added", "skip"]

_MAX_STATEMENT_PAIRS = 2_500  # beyond it, statements left over are matched in their order
_ALIKE = 0.4
_SMALLEST_SKIP = 4  # folding fewer lines away would save nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One row. A side that is None has no line there; `hidden` counts the lines a skip row stands for."""

    kind: RowKind
    before_line: int | None = None
    after_line: int | None = None
    before: tuple[Span, ...] | None = None
    after: tuple[Span, ...] | None = None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows to draw, and how many lines were added and removed (a changed line counts as both)."""

    rows: tuple[Row, ...]
    added: int
    removed: int


class _Chunk(NamedTuple):
    """Lines that may be aligned with each other: `start` is the index of the first in its document."""

    start: int
    lines: list[str]


class _Layout(NamedTuple):
    """A document's lines, and where each of its statements stands in them."""

    lines: list[str]
    statements: list[tuple[int, int, str | None]]  # first line, line after the last, Sid


def side_by_side(before: str, after: str, context: int = 3) -> Difference:
    """Compare two texts; `context` lines stay round each change, the rest is folded away.

    Where both are documents they are laid out alike first, so that only what they say differs; otherwise the
    raw lines are compared. Trailing commas do not count as a difference. Takes bounded time for any input.
    """
    left, right = _layouts(before, after)
    budget = Budget()
    pairs: list[Pair] = []
    for old, new in _chunks(left, right):
        found = align([_bare(line) for line in old.lines], [_bare(line) for line in new.lines], budget)
        pairs += [
            Pair(
                None if pair.left is None else pair.left + old.start,
                None if pair.right is None else pair.right + new.start,
                pair.same,
            )
            for pair in found
        ]
    return Difference(
        rows=tuple(_rows(pairs, left.lines, right.lines, context, budget)),
        added=sum(pair.right is not None and not pair.same for pair in pairs),
        removed=sum(pair.left is not None and not pair.same for pair in pairs),
    )


# --- Laying out --------------------------------------------------------------------------------
def _layouts(before: str, after: str) -> tuple[_Layout, _Layout]:
    try:
        return _laid_out(parse(before)), _laid_out(parse(after))
    except PolicySyntaxError:
        return _raw(before), _raw(after)


def _raw(text: str) -> _Layout:
    return _Layout(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), [])


def _laid_out(document: PolicyDocument) -> _Layout:
    lines = ["{"]
    statements: list[tuple[int, int, str | None]] = []
    for number, member in enumerate(document.root.members):
        comma = "," if number < len(document.root.members) - 1 else ""
        key = document.text[member.key.start : member.key.end]
        if member.name == "Statement" and isinstance(member.value, Array) and member.value.items:
            lines.append(f"  {key}: [")
            for index, item in enumerate(member.value.items):
                own = ["    " + line for line in pretty_lines(document, item)]
                own[-1] += "," if index < len(member.value.items) - 1 else ""
                statements.append((len(lines), len(lines) + len(own), _sid(item)))
                lines += own
            lines.append("  ]" + comma)
        else:
            first, *rest = pretty_lines(document, member.value)
            lines += [f"  {key}: {first}", *("  " + line for line in rest)]
            lines[-1] += comma
    return _Layout([*lines, "}"], statements)


def _sid(node: object) -> str | None:
    sid = node.get("Sid") if isinstance(node, Object) else None
    return sid.value or None if isinstance(sid, Scalar) and isinstance(sid.value, str) else None


def _bare(line: str) -> str:
    return line.rstrip().removesuffix(",")


# --- Matching statements --------------------------------------------------------------------------------
def _chunks(left: _Layout, right: _Layout) -> Iterator[tuple[_Chunk, _Chunk]]:
    """Yield the pieces to align: what precedes the statements, each pair of them, what follows."""
    if not (left.statements and right.statements):
        yield _Chunk(0, left.lines), _Chunk(0, right.lines)
        return
    yield _cut(left, 0, left.statements[0][0]), _cut(right, 0, right.statements[0][0])
    partner = _match(left, right)
    matched = set(partner.values())
    waiting = deque(index for index in range(len(left.statements)) if index not in matched)
    for index, (start, end, _) in enumerate(right.statements):
        mate = partner.get(index)
        while waiting and mate is not None and waiting[0] < mate:  # removed statements keep their place
            yield _statement(left, waiting.popleft()), _Chunk(start, [])
        if mate is None:
            yield _Chunk(0, []), _cut(right, start, end)
        else:
            yield _statement(left, mate), _cut(right, start, end)
    for index in waiting:
        yield _statement(left, index), _Chunk(0, [])
    yield (
        _cut(left, left.statements[-1][1], len(left.lines)),
        _cut(right, right.statements[-1][1], len(right.lines)),
    )


def _cut(layout: _Layout, start: int, end: int) -> _Chunk:
    return _Chunk(start, layout.lines[start:end])


def _statement(layout: _Layout, index: int) -> _Chunk:
    start, end, _ = layout.statements[index]
    return _cut(layout, start, end)


def _match(left: _Layout, right: _Layout) -> dict[int, int]:
    """Return for statements on the right their partner on the left.

    The same Sid comes first, then the same text, then the most alike.
    """
    partner: dict[int, int] = {}
    free_left = dict.fromkeys(range(len(left.statements)))
    free_right = dict.fromkeys(range(len(right.statements)))
    for key in (_sid_at, _text_at):
        waiting: dict[object, list[int]] = {}
        for old in reversed(free_left):
            waiting.setdefault(key(left, old), []).append(old)
        waiting.pop(None, None)
        for new in list(free_right):
            if same := waiting.get(key(right, new)):
                partner[new] = same.pop()
                del free_left[partner[new]], free_right[new]
    for old, new in _most_alike(left, right, list(free_left), list(free_right)):
        if old in free_left and new in free_right:
            partner[new] = old
            del free_left[old], free_right[new]
    return partner


def _sid_at(layout: _Layout, index: int) -> object:
    return layout.statements[index][2]


def _text_at(layout: _Layout, index: int) -> object:
    return tuple(_bare(line) for line in _statement(layout, index).lines)


def _most_alike(left: _Layout, right: _Layout, old: list[int], new: list[int]) -> Iterator[tuple[int, int]]:
    if len(old) * len(new) > _MAX_STATEMENT_PAIRS:
        yield from zip(old, new, strict=False)
        return
    said = [_words(left, index) for index in old]
    says = [_words(right, index) for index in new]
    scored = [
        (-similarity(said[a], says[b]), abs(old[a] - new[b]), old[a], new[b])
        for a in range(len(old))
        for b in range(len(new))
    ]
    yield from ((a, b) for score, _, a, b in sorted(scored) if -score >= _ALIKE)


def _words(layout: _Layout, index: int) -> Counter[str]:
    return Counter(WORD.findall("\n".join(_statement(layout, index).lines)))


# --- Rows --------------------------------------------------------------------------------
def _rows(pairs: list[Pair], left: list[str], right: list[str], context: int, budget: Budget) -> Iterator[Row]:
    keep = _kept(pairs, context)
    at = 0
    while at < len(pairs):
        end = at
        while end < len(pairs) and not keep[end]:
            end += 1
        if end - at >= _SMALLEST_SKIP:
            yield Row("skip", hidden=end - at)
            at = end
            continue
        for pair in pairs[at : max(end, at + 1)]:
            yield _row(pair, left, right, budget)
        at = max(end, at + 1)


def _kept(pairs: list[Pair], context: int) -> list[bool]:
    """Mark the pairs that are changed or within `context` of a change."""
    keep = [False] * len(pairs)
    until = -1
    for index, pair in enumerate(pairs):
        until = index + context if not pair.same else until
        keep[index] = index <= until
    until = len(pairs)
    for index in range(len(pairs) - 1, -1, -1):
        until = index - context if not pairs[index].same else until
        keep[index] = keep[index] or index >= until
    return keep


def _row(pair: Pair, left: list[str], right: list[str], budget: Budget) -> Row:
    old = None if pair.left is None else left[pair.left]
    new = None if pair.right is None else right[pair.right]
    marks = changed_ranges(old, new, budget) if old is not None and new is not None else ((), ())
    kind: RowKind = "changed"
    if pair.same:
        kind, marks = "same", ((), ())
    elif new is None:
        kind = "removed"
    elif old is None:
        kind = "added"
    return Row(
        kind,
        None if pair.left is None else pair.left + 1,
        None if pair.right is None else pair.right + 1,
        None if old is None else spans(old, marks[0]),
        None if new is None else spans(new, marks[1]),
    )
