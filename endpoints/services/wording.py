"""Words that people write for others to read: nothing hides in them, and nothing makes them look otherwise."""

from __future__ import annotations

import unicodedata

_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Overrides, embeddings and isolates (Unicode's UAX 9): what follows is shown in another order than it is written."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers and the empty Braille pattern: letters or signs by their category, and nothing to see."""
_UNSEEN = frozenset({"Cc", "Cf", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})
"""Categories with nothing to see by themselves; marks need a letter that they stand on."""


def problem_of(text: str, *, lines: bool = False) -> str:
    """Return why a text can't be taken, with the cure; an empty text where it can. Empty texts can.

    `lines` tells whether it may have several lines, and tabs. Emoji and texts from right to left are fine.
    """
    for letter in text:
        if letter in "\t\n\r" and lines:
            continue
        if letter in "\n\r\x0b\x0c\x85\u2028\u2029" and not lines:
            return "Write it in one line."
        if letter == "\t":
            return "Write a space in place of the tab."
        if unicodedata.category(letter) in ("Cc", "Cs"):
            return f"Remove the control character U+{ord(letter):04X}."
        if letter in _REORDERING:
            return f"Remove the character U+{ord(letter):04X}: it shows the text in another order than it is written."
    if text.strip() and not any(_is_seen(letter) for letter in text):
        return "Nothing of it can be seen. Write it in words."
    return ""


def _is_seen(letter: str) -> bool:
    return letter not in _BLANK_LETTERS and unicodedata.category(letter) not in _UNSEEN
