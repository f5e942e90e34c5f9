"""The parts of a JSON text, each with its place.

The standard library's reader gives values without places and lets duplicate keys win silently; a linter needs
both. Nodes hold offsets only: lines and columns are worked out for the few nodes that a finding names.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, TypeAlias

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"

_LINE_BREAK = re.compile(r"\r\n?|\n")


class Scalar(NamedTuple):
    """A string, number, boolean or null; `text[start:end]` is how its author wrote it."""

    value: str | int | float | bool | None
    start: int
    end: int


class Array(NamedTuple):
    items: tuple[Node, ...]
    start: int
    end: int


class Member(NamedTuple):
    key: Scalar
    value: Node

    @property
    def name(self) -> str:
        """The key's text."""
        return str(self.key.value)


class Object(NamedTuple):
    members: tuple[Member, ...]
    start: int
    end: int

    def get(self, name: str) -> Node | None:
        """Return the value of the member of that exact name, or None."""
        for member in self.members:
            if member.key.value == name:
                return member.value
        return None


Node: TypeAlias = "Scalar | Array | Object"


def plain(node: Node) -> Plain:
    """Return the node as `json.loads` would give it."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    return {member.name: plain(member.value) for member in node.members}


def strings(node: Node) -> Iterator[str]:
    """Return every string in the node, keys included, as it reads once its escapes are undone."""
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, Array):
        for item in node.items:
            yield from strings(item)
    else:
        for member in node.members:
            yield member.name
            yield from strings(member.value)


def value_text(node: Scalar) -> str:
    """Return the string that AWS compares: booleans and numbers are valid values and mean their text.

    Numbers have no exponent in it: whether AWS reads 1e-05 isn't documented, and nobody wrote it.
    """
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, float):
        return format(Decimal(repr(node.value)), "f")
    return str(node.value)


class Places:
    """Turns offsets into lines and columns, both counted from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def of(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
