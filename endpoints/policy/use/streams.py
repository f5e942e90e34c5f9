"""JSON values out of bytes that somebody uploaded: plain or gzip, one document or one value a line.

Nothing is held but the part being read, so memory stays small whatever comes. What can't be read is told with its
place and why; nothing here raises for any bytes.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_BYTES = 256 * 1024 * 1024
"""Unpacked bytes that are read. 100,000 events of CloudTrail have about 200 MiB."""
MAX_VALUE = 1024 * 1024
"""Characters of one event; CloudTrail's own limit is 256 KiB, and 1 MiB with enrichment."""

_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"
_SPACE = re.compile(r"[ \t\r\n]*")
_LIST_INSIDE = re.compile(r'\{\s*"(?:Records|Events|events)"\s*:\s*\[')


class Skipped(NamedTuple):
    """A place that could not be used. `line` counts from 1; `record` too, and is 0 where no record was found."""

    line: int
    record: int
    why: str

    def __str__(self) -> str:
        place = f"Line {self.line}" + (f", record {self.record}" if self.record else "")
        return f"{place}: {self.why}"


class Found(NamedTuple):
    """A value, and the line that it starts in and which one it is, both from 1."""

    value: Any
    line: int
    record: int


class _EndError(Exception):
    """Reading can't go on; the message says why."""


def values(data: bytes) -> Iterator[Found | Skipped]:
    """Give every value of the text in order: the items of a list, of `{"Records": […]}`, or one value after another.

    A last `Skipped` says where reading ended early: text that is no JSON inside a list, damaged gzip, or more than
    `MAX_BYTES` unpacked. A bad line among lines of JSON is skipped alone.
    """
    text = _Text(data)
    try:
        yield from _documents(text)
    except _EndError as end:
        yield Skipped(text.line, 0, str(end))


def _documents(text: _Text) -> Iterator[Found | Skipped]:
    while text.skip_space():
        if text.take("["):
            yield from _items(text)
        elif text.take_list_inside():
            yield from _items(text)
            if not text.skip_rest_of_object():
                raise _EndError("What follows the list of records is no JSON.")
        else:
            line = text.line
            value, ok = text.value()
            if ok:
                text.record += 1
                yield Found(value, line, text.record)
            else:
                text.record += 1
                yield Skipped(line, text.record, "This is no JSON.")
                text.skip_line()
        text.take(",")


def _items(text: _Text) -> Iterator[Found]:
    while True:
        if not text.skip_space():
            raise _EndError("The text ends inside a list of records.")
        if text.take("]"):
            return
        line = text.line
        value, ok = text.value()
        if not ok:
            raise _EndError(f"Record {text.record + 1} is no JSON, or longer than {MAX_VALUE:,} characters.")
        text.record += 1
        yield Found(value, line, text.record)
        if text.skip_space():
            text.take(",")


class _Text:
    """The decoded text, held a piece at a time."""

    def __init__(self, data: bytes) -> None:
        self._pieces = _decoded(data)
        self._held = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder()
        self.line = 1
        self.record = 0

    def _grow(self) -> bool:
        """Hold one piece more, and forget what has been read; False at the end."""
        piece = next(self._pieces, None)
        if piece is None:
            self._ended = True
            return False
        self._held = self._held[self._at :] + piece
        self._at = 0
        return True

    def _move(self, to: int) -> None:
        self.line += self._held.count("\n", self._at, to)
        self._at = to

    def skip_space(self) -> bool:
        """Step over white space; False if nothing follows."""
        while True:
            match = _SPACE.match(self._held, self._at)
            assert match is not None  # the pattern also matches nothing
            self._move(match.end())
            if self._at < len(self._held):
                return True
            if not self._grow():
                return False

    def take(self, mark: str) -> bool:
        """Step over the mark if it comes next."""
        if self._held[self._at : self._at + 1] != mark:
            return False
        self._at += 1
        return True

    def take_list_inside(self) -> bool:
        """Step over `{"Records": [`, if that comes next."""
        while len(self._held) - self._at < 64 and self._grow():
            pass
        match = _LIST_INSIDE.match(self._held, self._at)
        if match is None:
            return False
        self._move(match.end())
        return True

    def skip_rest_of_object(self) -> bool:
        """Step over further members and `}`; False if something else comes."""
        while self.skip_space():
            if self.take("}"):
                return True
            if not self.take(","):
                return False
            for mark in (":", ""):
                if not (
                    self.skip_space() and self.value()[1] and (not mark or (self.skip_space() and self.take(mark)))
                ):
                    return False
        return False

    def value(self) -> tuple[Any, bool]:
        """Return the JSON value that comes next and True; False if there is none within `MAX_VALUE`."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
            except (ValueError, RecursionError):
                if len(self._held) - self._at >= MAX_VALUE or not self._grow():
                    return None, False
                continue
            if end == len(self._held) and not self._ended and self._grow():
                continue  # a number may go on
            self._move(end)
            return value, True

    def skip_line(self) -> None:
        """Step behind the end of the line."""
        while (end := self._held.find("\n", self._at)) < 0:
            self._at = len(self._held)
            if not self._grow():
                return
        self._move(end + 1)


def _decoded(data: bytes) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    for piece in _unpacked(data):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Give the bytes in pieces, unpacked if they are gzip (of one member or several)."""
    whole = 0
    pieces = (
        _gunzipped(data) if data.startswith(_GZIP) else (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK))
    )
    for piece in pieces:
        whole += len(piece)
        if whole > MAX_BYTES:
            raise _EndError(f"There are more than {MAX_BYTES // 1024**2} MiB unpacked. Split the file.")
        yield piece


def _gunzipped(data: bytes) -> Iterator[bytes]:
    packed = memoryview(data)
    while len(packed) >= len(_GZIP) and packed[:2] == _GZIP:
        unpacker = zlib.decompressobj(wbits=31)
        rest = packed
        while not unpacker.eof:
            try:
                piece = unpacker.decompress(rest[:_CHUNK], _CHUNK)
            except zlib.error:
                raise _EndError("The gzip data are damaged here.") from None
            taken = min(_CHUNK, len(rest)) - len(unpacker.unconsumed_tail) - len(unpacker.unused_data)
            rest = rest[taken:]
            if piece:
                yield piece
            elif not len(rest) or not taken:
                if unpacker.eof:
                    break
                raise _EndError("The gzip data end too early.")
        packed = rest
