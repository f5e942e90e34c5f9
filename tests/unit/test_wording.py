"""Words for others to read: what would hide, or be shown in another order, is refused with its cure."""

from __future__ import annotations

import pytest

from endpoints.services.wording import problem_of

READABLE = [
    "",
    "   ",
    "S3 without NAT",
    "Für die Nächte – “24/7”",
    "שלום עולם",
    "نقطة نهاية\u200fS3",  # a mark of direction, which keyboards write
    "می\u200cخواهم",  # a joiner that Persian needs
    "👩\u200d💻 at work",
    "⚙\ufe0f",
    "नमस्ते",
    "1",
]


@pytest.mark.parametrize("text", READABLE)
@pytest.mark.parametrize("lines", [False, True])
def test_what_can_be_read_is_taken(text: str, lines: bool) -> None:
    assert problem_of(text, lines=lines) == ""


@pytest.mark.parametrize(
    "text",
    ["\u200b", "\u2800", "\u3164", "\u115f\u1160", "\uffa0", " \u200b \u2060", "\ufeff", "\u00ad", "\ufe0f", "\u0301"],
)
@pytest.mark.parametrize("lines", [False, True])
def test_what_shows_nothing_is_no_text(text: str, lines: bool) -> None:
    assert problem_of(text, lines=lines) == "Nothing of it can be seen. Write it in words."


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ud800"])
@pytest.mark.parametrize("lines", [False, True])
def test_control_characters_are_named(letter: str, lines: bool) -> None:
    assert problem_of(f"a{letter}b", lines=lines) == f"Remove the control character U+{ord(letter):04X}."


@pytest.mark.parametrize("letter", [*"\u202a\u202b\u202c\u202d\u202e", *"\u2066\u2067\u2068\u2069"])
@pytest.mark.parametrize("lines", [False, True])
def test_nothing_changes_the_order_of_what_is_written(letter: str, lines: bool) -> None:
    assert f"Remove the character U+{ord(letter):04X}" in problem_of(f"a{letter}b", lines=lines)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        *((f"a{end}b", "Write it in one line.") for end in ("\n", "\r\n", "\x0b", "\x85", "\u2028", "\u2029")),
        ("a\tb", "Write a space in place of the tab."),
    ],
)
def test_a_line_is_one_line(text: str, cure: str) -> None:
    assert problem_of(text) == cure


def test_long_texts_have_lines_and_tabs() -> None:
    assert problem_of("Why:\r\n\t- it\n\t- that", lines=True) == ""


def test_a_sign_that_this_python_does_not_know_yet_can_be_seen() -> None:
    assert problem_of("\U0001fae8") == ""
