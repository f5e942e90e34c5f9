"""A strict reader of JSON (RFC 8259) that says where and how to mend what it refuses.

What can be read past (a duplicate key, a trailing comma, NaN, NUL) is reported and read on, so that an author
sees several mistakes at once; what can't ends the reading.
"""

from __future__ import annotations

import re
from typing import NoReturn

from endpoints.policy.findings import Finding
from endpoints.policy.nodes import Array, Member, Node, Object, Places, Scalar

MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 64
MAX_FINDINGS = 50

_SPACES = " \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT = re.compile(r"[ \t\r\n]*(.?)", re.DOTALL)
_PLAIN_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_PLAIN_STRINGS = re.compile(
    r'\[[ \t\r\n]*+"[^"\\\x00-\x1f]*+"(?:[ \t\r\n]*+,[ \t\r\n]*+"[^"\\\x00-\x1f]*+")*+[ \t\r\n]*+\]'
)
_PLAIN_KEY = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*')
_STRING_RUN = re.compile(r'[^"\\\x00-\x1f]+')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NUMBER_LIKE = re.compile(r"[-+.0-9][-+.0-9a-zA-Z_]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_FOREIGN_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("NaN", "Infinity", "undefined", "None", "NULL"), None),
    **dict.fromkeys(("True", "TRUE"), True),
    **dict.fromkeys(("False", "FALSE"), False),
}
_TYPED_QUOTES = "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"


class UnreadableError(Exception):
    """The reader can't go on; its findings say why."""


class Reader:
    """Reads one text. `findings` fills as `read` goes; the text is in order only if it stays empty."""

    def __init__(self, text: str) -> None:
        self.findings: list[Finding] = []
        self._text = text
        self._places: Places | None = None
        self._at = 0

    def read(self) -> Node:
        """Return the text's one value. Raises `UnreadableError` where reading can't go on."""
        self._refuse_marks()
        self._skip_space()
        if self._at == len(self._text):
            self._stop("json-empty", "The policy is empty.", "Write a JSON object, or choose full access.")
        node = self._value(1)
        self._skip_space()
        if self._at < len(self._text):
            self._refuse_comment()
            self._stop("json-after-end", "Text follows the end of the document.", "Remove what follows the last }.")
        return node

    # --- Findings --------------------------------------------------------------------------------
    def report(self, rule: str, offset: int, message: str, cure: str) -> None:
        """Note a finding that blocks."""
        if len(self.findings) >= MAX_FINDINGS:
            raise UnreadableError
        if self._places is None:
            self._places = Places(self._text)
        line, column = self._places.of(offset)
        self.findings.append(Finding(rule, "block", line, column, message, cure))

    def _stop(self, rule: str, message: str, cure: str, offset: int | None = None) -> NoReturn:
        self.report(rule, self._at if offset is None else offset, message, cure)
        raise UnreadableError

    def _refuse_marks(self) -> None:
        """Report what may stand nowhere in the text: a byte order mark, NUL, half a surrogate pair."""
        if self._text.startswith("\ufeff"):
            self.report("json-bom", 0, "A byte order mark opens the text.", "Save it as UTF-8 without BOM.")
            self._at = 1
        if (nul := self._text.find("\x00")) >= 0:
            self._stop("json-nul", "The text holds a NUL character.", "Remove it.", nul)
        if half := _SURROGATE.search(self._text):
            self._stop("json-surrogate", "Half of a surrogate pair stands alone.", "Remove it.", half.start())

    # --- Values --------------------------------------------------------------------------------
    def _skip_space(self) -> None:
        if self._text[self._at : self._at + 1] in _SPACES:
            match = _SPACE.match(self._text, self._at)
            assert match is not None  # the pattern also matches nothing
            self._at = match.end()

    def _next(self) -> str:
        """Step over white space; return what follows, nothing at the end."""
        match = _NEXT.match(self._text, self._at)
        assert match is not None  # the pattern also matches nothing
        self._at = match.start(1)
        return match[1]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Node:
        first = self._peek()
        if first == '"':
            return self._string()
        if first in ("{", "["):
            if depth > MAX_DEPTH:
                self._stop("json-depth", f"Brackets are nested more than {MAX_DEPTH} deep.", "No policy needs that.")
            return self._object(depth) if first == "{" else self._array(depth)
        if first and first in "-+.0123456789":
            return self._number()
        return self._word()

    def _object(self, depth: int) -> Object:
        start = self._at
        self._at += 1
        members: list[Member] = []
        seen: set[str] = set()
        while not self._closes("}", "member", bool(members)):
            key = self._key()
            if str(key.value) in seen:
                self.report(
                    "json-duplicate-key",
                    key.start,
                    f"The key {self._text[key.start : key.end]} appears twice in this object.",
                    "Keep one, or join their values in a list.",
                )
            seen.add(str(key.value))
            members.append(Member(key, self._value(depth + 1)))
        return Object(tuple(members), start, self._at)

    def _key(self) -> Scalar:
        """Return a member's key, and step over the colon behind it."""
        start = self._at
        match = _PLAIN_KEY.match(self._text, start)
        if match is not None:  # nearly every key of a policy
            self._at = match.end()
            return Scalar(match.group(1), start, match.end(1) + 1)
        if self._peek() != '"':
            self._stop_at_key()
        key = self._string()
        self._skip_space()
        if self._peek() != ":":
            self._stop("json-colon", "A colon is missing after the key.", 'Write "key": value.')
        self._at += 1
        self._skip_space()
        return key

    def _array(self, depth: int) -> Array:
        start = self._at
        match = _PLAIN_STRINGS.match(self._text, start)
        if match is not None:  # nearly every list of a policy
            self._at = match.end()
            inside = _PLAIN_STRING.finditer(self._text, start + 1, self._at)
            return Array(tuple([Scalar(item[1], item.start(), item.end()) for item in inside]), start, self._at)
        self._at += 1
        items: list[Node] = []
        while not self._closes("]", "item", bool(items)):
            items.append(self._value(depth + 1))
        return Array(tuple(items), start, self._at)

    def _closes(self, bracket: str, what: str, after_one: bool) -> bool:
        """Step over the closing bracket, or over the comma before the next member or item."""
        first = self._next()
        if first == bracket:
            self._at += 1
            return True
        if not first:
            self._stop("json-unclosed", f"The text ends before {bracket} closes.", f"Add the missing {bracket}.")
        if not after_one:
            return False
        if first != ",":
            self._refuse_comment()
            self._stop("json-comma", f"A comma or {bracket} is missing here.", f"Put a comma before the next {what}.")
        comma = self._at
        self._at += 1
        if self._next() == bracket:
            self.report("json-trailing-comma", comma, f"A comma stands before {bracket}.", "Remove the comma.")
            self._at += 1
            return True
        return False

    def _stop_at_key(self) -> NoReturn:
        if self._peek() and self._peek() in "'" + _TYPED_QUOTES:
            self._stop("json-quotes", "Keys need straight double quotes.", 'Write "key".')
        self._refuse_comment()
        self._stop("json-key", "A key in double quotes is expected here.", 'Write "key": value.')

    def _refuse_comment(self) -> None:
        if self._peek() in ("/", "#"):
            self._stop("json-comment", "JSON has no comments.", "Remove it; a Sid can name a statement.")

    def _word(self) -> Scalar:
        start = self._at
        match = _WORD.match(self._text, start)
        if match is None:
            self._stop_at_value()
        word = match.group()
        self._at = match.end()
        if word in _WORDS:
            return Scalar(_WORDS[word], start, self._at)
        if word in _FOREIGN_WORDS:
            self.report("json-word", start, f"{word} is not JSON.", "Write true, false, null or a string.")
            return Scalar(_FOREIGN_WORDS[word], start, self._at)
        return self._stop("json-word", f"The word {word[:40]} has no quotes.", "Put it in double quotes.", start)

    def _stop_at_value(self) -> NoReturn:
        first = self._peek()
        if not first:
            self._stop("json-unclosed", "The text ends where a value is expected.", "Add the value.")
        if first in "'" + _TYPED_QUOTES:
            self._stop("json-quotes", "Strings need straight double quotes.", 'Write "text".')
        self._refuse_comment()
        if first == ",":
            self._stop("json-comma", "A value is missing before this comma.", "Remove the comma, or add the value.")
        self._stop("json-value", f"No value starts with {first!r}.", "Write a string, number, list or object.")

    def _number(self) -> Scalar:
        start = self._at
        like = _NUMBER_LIKE.match(self._text, start)
        assert like is not None  # _value saw its first character
        raw = like.group()
        self._at = like.end()
        if len(raw) > MAX_NUMBER_LENGTH:
            self._stop("json-number", "The number is too long.", "Write it as a string.", start)
        if not _NUMBER.fullmatch(raw):
            self.report("json-number", start, f"{raw} is not a JSON number.", "Write digits, or a string.")
            return Scalar(0, start, self._at)
        value = float(raw) if any(mark in raw for mark in ".eE") else int(raw)
        if value in (float("inf"), float("-inf")):
            self.report("json-number", start, f"{raw} is too large for a number.", "Write it as a string.")
        return Scalar(value, start, self._at)

    # --- Strings --------------------------------------------------------------------------------
    def _string(self) -> Scalar:
        start = self._at
        match = _PLAIN_STRING.match(self._text, start)
        if match is not None:  # nearly every string of a policy
            self._at = match.end()
            return Scalar(match.group(1), start, self._at)
        self._at += 1
        parts: list[str] = []
        while True:
            run = _STRING_RUN.match(self._text, self._at)
            if run is not None:
                parts.append(run.group())
                self._at = run.end()
            first = self._peek()
            if first == '"':
                self._at += 1
                return Scalar("".join(parts), start, self._at)
            if first == "\\":
                parts.append(self._escape())
            elif first in ("\n", "\r", ""):
                self._stop("json-unclosed-string", "This string has no closing quote.", 'Add a ".', start)
            else:
                self.report(
                    "json-control",
                    self._at,
                    f"The control character U+{ord(first):04X} stands in a string.",
                    "Remove it, or write it as an escape such as \\t.",
                )
                self._at += 1

    def _escape(self) -> str:
        start = self._at
        letter = self._text[start + 1 : start + 2]
        self._at += 2
        if letter in _ESCAPES and letter:
            return _ESCAPES[letter]
        if letter != "u":
            self.report("json-escape", start, f"\\{letter} is not an escape.", "Write \\\\ for a backslash.")
            return ""
        code = self._code_unit(start)
        if code == 0:
            self.report("json-nul", start, "The escape \\u0000 is a NUL character.", "Remove it.")
            return ""
        if 0xD800 <= code < 0xDC00 and self._text.startswith("\\u", self._at):
            self._at += 2
            low = self._code_unit(self._at - 2)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            self.report("json-surrogate", start, "Half of a surrogate pair stands alone.", "Remove the escape.")
            return ""
        return chr(code)

    def _code_unit(self, start: int) -> int:
        match = _HEX.match(self._text, self._at)
        if match is None:
            self._stop("json-escape", "\\u needs four hexadecimal digits.", "Write it as \\u00e9, say.", start)
        self._at = match.end()
        return int(match.group(), 16)
