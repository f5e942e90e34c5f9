"""What is wrong with a policy, or worth knowing about it, said at its place in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["block", "warn", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a policy's text.

    `line` and `column` count from 1; a column is one character (a code point, not a UTF-16 unit or a byte).
    `block` means the document can't be used, `warn` that it probably doesn't mean what its author thinks,
    `info` that a reviewer wants to know.
    """

    rule: str
    severity: Severity
    line: int
    column: int
    message: str
    cure: str

    def __str__(self) -> str:
        return f"Line {self.line}, column {self.column}: {self.message} {self.cure}"
