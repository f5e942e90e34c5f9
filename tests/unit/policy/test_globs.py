"""Patterns against texts and against each other, held against what texts they match."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.policy.globs import Glob, covers, literal_head, matches, overlap

PATTERNS = st.text(alphabet="ab/*?", max_size=6)
TEXTS = ["".join(letters) for length in range(6) for letters in product("ab/", repeat=length)]


def matched(pattern: str, star: str = ".*") -> set[str]:
    """Return the texts that a pattern matches, by Python's own regular expressions."""
    parts = {"*": star, "?": "."}
    expression = re.compile("".join(parts.get(char, re.escape(char)) for char in pattern))
    return {text for text in TEXTS if expression.fullmatch(text)}


@given(PATTERNS, st.sampled_from(TEXTS))
def test_it_matches_as_a_regular_expression_does(pattern: str, text: str) -> None:
    assert matches(pattern, text) is (text in matched(pattern))


@given(PATTERNS, PATTERNS)
def test_what_covers_matches_all_that_the_other_does(wide: str, narrow: str) -> None:
    if covers(wide, narrow):
        assert matched(narrow) <= matched(wide)


@given(PATTERNS, PATTERNS)
def test_patterns_with_a_text_in_common_overlap(first: str, second: str) -> None:
    if matched(first) & matched(second):
        assert overlap(first, second)
    elif not overlap(first, second):
        return
    else:  # the shortest text in common may be longer than those listed here
        assert len(first.replace("*", "")) + len(second.replace("*", "")) > max(map(len, TEXTS))


@given(PATTERNS, st.sampled_from(TEXTS))
def test_a_bounded_star_does_not_cross_its_character(pattern: str, text: str) -> None:
    bounds = dict.fromkeys(range(pattern.count("*")), "/")
    assert Glob(pattern, bounds).overlaps(text) is (text in matched(pattern, "[^/]*"))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [("s3:get*", "s3:getobject*"), ("*", "?*"), ("a*c", "ab*bc"), ("a?c", "abc"), ("*a*", "xaxax"), ("**", "*")],
)
def test_it_covers(wide: str, narrow: str) -> None:
    assert covers(wide, narrow)


def test_the_head_is_what_stands_before_the_first_wildcard() -> None:
    assert [literal_head(text) for text in ("abc", "ab?c*", "*", "")] == ["abc", "ab", "", ""]


def test_hostile_patterns_take_no_time() -> None:
    started = time.process_time()
    overlap("*a" * 5_000, "*b" * 5_000)
    covers("*a?" * 3_000, "a" * 20_000)
    covers("*ab" * 6_000, "a" * 20_000)
    assert time.process_time() - started < 5
