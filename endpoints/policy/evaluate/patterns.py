"""Wildcards and policy variables: a pattern's parts, and whether a text matches them.

What `*` and `?` mean differs by place. All three read `*` as any characters, also none, `/` and line breaks
included, and `?` as any one character.

- `StringLike` matches its whole value.
- `Resource` matches the whole ARN in the same way, so that a `*` reaches beyond the colon after it. A wildcard may not
  stand for the service; fields left out at the end stand for `*` (IAM user guide, "Resource", "Incomplete ARN").
- `ArnLike`, `ArnEquals` and their negations cut pattern and value at their first five colons and match field by
  field: a `*` never reaches into the next field. Only within the sixth, the resource, may it cross a colon (IAM user
  guide, "Amazon Resource Name (ARN) condition operators").

`?` and `*` that come out of a variable's value are literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from endpoints.policy.evaluate.request import Value

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_TOKEN = re.compile(r"\*+|\?")


class Wild(Enum):
    """A wildcard."""

    RUN = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`. `key` is in lower case; empty for what names no key, which never has a value."""

    key: str
    default: str | None
    written: str

    def value(self, context: Mapping[str, Value]) -> str | None:
        """Return its value in a request; None where it has none. A multi-valued key gives none (IAM user guide)."""
        found = context.get(self.key)
        return self.default if found is None else found if isinstance(found, str) else None


Part: TypeAlias = "str | Wild | Variable"


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern taken apart. Neighbouring texts are joined, and runs of `*` are one."""

    parts: tuple[Part, ...]
    written: str
    _fields: list[tuple[Template, ...]] = field(default_factory=list, compare=False, repr=False)
    """What `fields` found: it is asked for several times."""

    @property
    def constant(self) -> str | None:
        """The text, if there is neither wildcard nor variable in it."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    @property
    def variable(self) -> bool:
        """Whether it needs a request to know what it says."""
        return any(isinstance(part, Variable) for part in self.parts)

    @property
    def anything(self) -> bool:
        """Whether it is `*`."""
        return self.parts == (Wild.RUN,)

    def resolved(self, context: Mapping[str, Value]) -> Template | None:
        """Return the pattern with the variables' values as literal text; None if one has none."""
        parts: list[Part] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = part.value(context)
                if value is None:
                    return None
                parts.append(value)
            else:
                parts.append(part)
        return Template(_joined(parts), self.written)

    def folded(self) -> Template:
        """Return the pattern in lower case. Variables keep their values' letter case."""
        return Template(tuple(part.lower() if isinstance(part, str) else part for part in self.parts), self.written)


_AT_ONCE = 16_384
"""How many places of a text are tried at once; the rest afterwards, so that memory has a bound."""

ANYTHING = Template((Wild.RUN,), "*")


def read(text: str, *, variables: bool, wildcards: bool) -> Template:
    """Take a pattern apart.

    `variables` is whether `${…}` means anything, which depends on the policy's Version. `${*}`, `${?}` and `${$}` are
    the characters themselves. Without `wildcards`, `*` and `?` are too.
    """
    parts: list[Part] = []
    at = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        parts += _wild(text[at : match.start()], wildcards)
        parts.append(_variable(match.group(1), match.group()))
        at = match.end()
    parts += _wild(text[at:], wildcards)
    return Template(_joined(parts), text)


def _variable(inside: str, written: str) -> str | Variable:
    if inside in ("*", "?", "$"):
        return inside
    key, comma, default = (text.strip() for text in inside.partition(","))
    quoted = len(default) >= 2 and default[0] == default[-1] == "'" and "'" not in default[1:-1]
    if not key or "'" in key or (comma and not quoted):
        return Variable("", None, written)
    return Variable(key.lower(), default[1:-1] if comma else None, written)


def _wild(text: str, wildcards: bool) -> list[Part]:
    if not wildcards:
        return [text]
    parts: list[Part] = []
    at = 0
    for match in _TOKEN.finditer(text):
        parts += (text[at : match.start()], Wild.ONE if match.group() == "?" else Wild.RUN)
        at = match.end()
    return [*parts, text[at:]]


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join neighbouring texts, drop empty ones, and make one of several `*`."""
    joined: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        if text := "".join(texts):
            joined.append(text)
        texts = []
        if not (part is Wild.RUN and joined and joined[-1] is Wild.RUN):
            joined.append(part)
    if text := "".join(texts):
        joined.append(text)
    return tuple(joined)


# --- Matching one pattern ---------------------------------------------------------------------------------------------

Test: TypeAlias = Callable[[str], bool]


def matcher(parts: Sequence[str | Wild]) -> Test:
    """Return the quickest test of whether a whole text matches parts without variables.

    Pieces between `*` are looked for from left to right, each once: no pattern makes it backtrack.
    """
    pieces = _pieces(parts)
    if all(isinstance(piece, str) for piece in pieces):
        head, *rest = (str(piece) for piece in pieces)
        return _plain(head, tuple(rest[:-1]), rest[-1]) if rest else head.__eq__
    return _general([_Piece.of(piece) for piece in pieces])


def _pieces(parts: Sequence[str | Wild]) -> list[str | tuple[str | Wild, ...]]:
    """Return what stands between the `*`: texts, or parts where there are `?`."""
    pieces: list[str | tuple[str | Wild, ...]] = []
    run: list[str | Wild] = []
    for part in (*parts, Wild.RUN):
        if part is not Wild.RUN:
            run.append(part)
            continue
        pieces.append(tuple(run) if Wild.ONE in run else "".join(str(one) for one in run))
        run = []
    return pieces


def _plain(head: str, middle: tuple[str, ...], tail: str) -> Test:
    if not middle:
        if not head and not tail:
            return lambda text: True
        if not tail:
            return lambda text: text.startswith(head)
        shortest = len(head) + len(tail)
        return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)
    start = len(head)
    shortest = start + len(tail) + sum(map(len, middle))

    def test(text: str) -> bool:
        end = len(text) - len(tail)
        if len(text) < shortest or not (text.startswith(head) and text.endswith(tail)):
            return False
        at = start
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


class _Piece(NamedTuple):
    """What stands between two `*`: texts with their offsets, and how many characters there are with the `?`."""

    texts: tuple[tuple[int, str], ...]
    length: int

    @classmethod
    def of(cls, parts: str | tuple[str | Wild, ...]) -> _Piece:
        texts: list[tuple[int, str]] = []
        at = 0
        for part in (parts,) if isinstance(parts, str) else parts:
            if isinstance(part, str):
                texts.append((at, part))
            at += len(part) if isinstance(part, str) else 1
        return cls(tuple(texts), at)

    def stands_at(self, text: str, at: int) -> bool:
        return all(text.startswith(one, at + offset) for offset, one in self.texts)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the leftmost place between start and end where it stands; -1 if there is none.

        All places are tried at once, as the bits of a number: no text makes this take long.
        """
        if end - start < self.length or not self.texts:
            return start if end - start >= self.length else -1
        if len(self.texts) == 1 and len(self.texts[0][1]) == self.length:
            return text.find(self.texts[0][1], start, end)
        if len(text) <= _AT_ONCE:
            return self._first(_where(text), start, end - self.length)
        for at in range(start, end - self.length + 1, _AT_ONCE):
            part = text[at : min(at + _AT_ONCE + self.length, end)]
            if (found := self._first(_where(part), 0, min(_AT_ONCE, len(part) - self.length))) >= 0:
                return at + found
        return -1

    def _first(self, where: dict[str, int], first: int, last: int) -> int:
        """Return the leftmost place from first to last where it stands; -1 if there is none."""
        places = (1 << (last + 1)) - (1 << first)
        for offset, one in self.texts:
            for at, character in enumerate(one, offset):
                places &= where.get(character, 0) >> at
                if not places:
                    return -1
        return (places & -places).bit_length() - 1


@lru_cache(maxsize=2)
def _where(text: str) -> dict[str, int]:
    """Return for each character of a text the places where it stands, as the bits of a number."""
    found: dict[str, int] = {}
    for at, character in enumerate(text):
        found[character] = found.get(character, 0) | 1 << at
    return found


def _general(pieces: list[_Piece]) -> Test:
    """Return a test for pieces with `?`. Each has one length, so that its leftmost place leaves most to the rest."""
    head, *rest = pieces
    if not rest:
        return lambda text: len(text) == head.length and head.stands_at(text, 0)
    *middle, tail = rest
    shortest = sum(piece.length for piece in pieces)

    def test(text: str) -> bool:
        end = len(text) - tail.length
        if len(text) < shortest or not (head.stands_at(text, 0) and tail.stands_at(text, end)):
            return False
        at = head.length
        for piece in middle:
            found = piece.find(text, at, end)
            if found < 0:
                return False
            at = found + piece.length
        return True

    return test


# --- Matching a list of patterns --------------------------------------------------------------------------------------


def any_of(templates: Sequence[Template]) -> Test:
    """Return the quickest test of whether a text matches any of several patterns without variables."""
    exact: set[str] = set()
    prefixes: list[str] = []
    suffixes: list[str] = []
    others: list[Test] = []
    for template in templates:
        parts = template.parts
        if template.anything:
            return lambda text: True
        if (constant := template.constant) is not None:
            exact.add(constant)
        elif len(parts) == 2 and isinstance(parts[0], str) and parts[1] is Wild.RUN:
            prefixes.append(parts[0])
        elif len(parts) == 2 and parts[0] is Wild.RUN and isinstance(parts[1], str):
            suffixes.append(parts[1])
        else:
            others.append(matcher([part for part in parts if not isinstance(part, Variable)]))
    return _either(exact, tuple(prefixes), tuple(suffixes), tuple(others))


def _either(exact: set[str], prefixes: tuple[str, ...], suffixes: tuple[str, ...], others: tuple[Test, ...]) -> Test:
    if others:
        return lambda text: (
            text in exact or text.startswith(prefixes) or text.endswith(suffixes) or any(test(text) for test in others)
        )
    if suffixes:
        return lambda text: text in exact or text.startswith(prefixes) or text.endswith(suffixes)
    if not prefixes:
        return frozenset(exact).__contains__
    if not exact:
        return lambda text: text.startswith(prefixes)
    return lambda text: text in exact or text.startswith(prefixes)


def matches(template: Template, text: str, context: Mapping[str, Value]) -> bool:
    """Tell whether a whole text matches a pattern that may have variables; one without a value matches nothing."""
    resolved = template.resolved(context)
    return resolved is not None and matcher([part for part in resolved.parts if not isinstance(part, Variable)])(text)


# --- ARNs -------------------------------------------------------------------------------------------------------------


def fields(template: Template) -> tuple[Template, ...]:
    """Cut a pattern at its first five colons, as `ArnLike` does. A variable belongs to the field that it stands in."""
    known = template._fields
    if not known:
        known.append(_cut(template))  # twice by two threads at once does no harm
    return known[0]


def _cut(template: Template) -> tuple[Template, ...]:
    found: list[list[Part]] = [[]]
    for part in template.parts:
        if not isinstance(part, str):
            found[-1].append(part)
            continue
        first, *rest = part.split(":", 6 - len(found))
        found[-1].append(first)
        found += [[text] for text in rest]
    return tuple(Template(_joined(parts), template.written) for parts in found)
