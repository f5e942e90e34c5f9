"""The quick way for the patterns that policies are mostly made of: a plain text, or a text that a star ends.

Which sets of such patterns one text can match follows from sorting them: it is a pattern's own text, or its text
with something new behind it, or something wholly new. No automaton is needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from endpoints.policy.compare.globs import STAR, Glob

_LETTERS = ("", *"xeqzjwvkyuhbfgmnopdlrtscia0123456789-_./:", *(chr(0xE000 + number) for number in range(64)))


@dataclass(frozen=True, slots=True)
class Plain:
    """A pattern without wildcards but perhaps a star at its end."""

    text: str
    open: bool


def plain(glob: Glob) -> Plain | None:
    """Return the pattern in its plain form; None if it has none."""
    is_open = bool(glob) and glob[-1] == STAR
    body = glob[:-1] if is_open else glob
    for item in body:
        if not isinstance(item, str) or len(item) != 1:
            return None
    return Plain("".join(body), is_open)  # type: ignore[arg-type]  # checked just above


class Prefixes:
    """Groups of plain patterns, to be asked which of them a text matches."""

    def __init__(self, groups: Sequence[Iterable[Plain]]) -> None:
        self._exact: dict[str, int] = {}
        self._open: dict[str, int] = {}
        for number, group in enumerate(groups):
            for one in group:
                table = self._open if one.open else self._exact
                table[one.text] = table.get(one.text, 0) | 1 << number
        self.size = len(self._open) + len(self._exact)
        self._lengths = sorted({len(text) for text in self._open})

    def signature(self, text: str) -> int:
        """Return the groups that the text matches, a bit each."""
        found = self._exact.get(text, 0)
        for length in self._lengths[: bisect_right(self._lengths, len(text))]:
            found |= self._open.get(text[:length], 0)
        return found

    def explore(self, finish: Callable[[str], str], accept: Callable[[str], bool]) -> dict[int, str]:
        """Return every signature that an accepted text can have, each with one such text.

        `finish` makes a likely text of a prefix; it is used where that has the prefix's own signature. Otherwise
        `finish` is asked about the prefix with a letter that none of the patterns has there.
        """
        found: dict[int, str] = {}
        for text in self._exact:
            if accept(text):
                found.setdefault(self.signature(text), text)
        for prefix in ("", *self._open):
            wanted = self._inside(prefix)
            fresh = None if wanted in found else self._fresh(prefix, wanted, finish, accept)
            if fresh is not None:
                found[wanted] = fresh
        return found

    def _inside(self, prefix: str) -> int:
        """Return the signature of texts that go on after the prefix as no pattern does."""
        found = 0
        for length in self._lengths[: bisect_right(self._lengths, len(prefix))]:
            found |= self._open.get(prefix[:length], 0)
        return found

    def _fresh(
        self, prefix: str, wanted: int, finish: Callable[[str], str], accept: Callable[[str], bool]
    ) -> str | None:
        for text in chain((finish(prefix + letter) for letter in _LETTERS), (prefix,)):
            if self.signature(text) == wanted and accept(text):
                return text
        return None
