"""Patterns match what a plain, slow reading of them matches, and no pattern takes long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.policy.evaluate.patterns import Variable, Wild, any_of, fields, matches, read

ALPHABET = st.text(alphabet="ab*?:", max_size=12)


def slowly(pattern: str, text: str) -> bool:
    """Match by the definition: which prefixes of the pattern match which prefixes of the text."""
    reached = {0}
    for sign in pattern:
        if sign == "*":
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(text) and sign in ("?", text[at])}
    return len(text) in reached


@given(ALPHABET, st.text(alphabet="ab:*\n", max_size=14))
def test_one_pattern_matches_as_defined(pattern: str, text: str) -> None:
    template = read(pattern, variables=True, wildcards=True)
    assert matches(template, text, {}) is slowly(pattern, text)


@given(st.lists(ALPHABET, max_size=5), st.text(alphabet="ab:", max_size=10))
def test_a_list_matches_if_one_of_it_does(written: list[str], text: str) -> None:
    test = any_of([read(one, variables=False, wildcards=True) for one in written])
    assert test(text) is any(slowly(one, text) for one in written)


@given(st.text(alphabet="${}*?,' ab", max_size=20))
def test_any_text_can_be_read_and_says_what_it_was(written: str) -> None:
    template = read(written, variables=True, wildcards=True)
    assert template.written == written
    for one, following in zip(template.parts, template.parts[1:], strict=False):
        assert not (isinstance(one, str) and isinstance(following, str))
        assert not (one is Wild.RUN and following is Wild.RUN)
    assert read(written, variables=False, wildcards=False).constant == written


@pytest.mark.parametrize(
    ("written", "key", "default"),
    [
        ("${aws:username}", "aws:username", None),
        ("${ aws:PrincipalTag/Cost center }", "aws:principaltag/cost center", None),
        ("${a:b, 'x y'}", "a:b", "x y"),
        ("${a:b,'x'}", "a:b", "x"),
        ("${a:b, ''}", "a:b", ""),
        ("${a:b, x}", "", None),
        ("${a:b, 'x'y'}", "", None),
        ("${}", "", None),
        ("${'a'}", "", None),
    ],
)
def test_variables_and_their_defaults(written: str, key: str, default: str | None) -> None:
    assert read(written, variables=True, wildcards=True).parts == (Variable(key, default, written),)


@pytest.mark.parametrize("written", ["${", "${a", "$", "$a}", "{a}"])
def test_what_is_no_variable_is_text(written: str) -> None:
    assert read(written, variables=True, wildcards=True).constant == written


def test_a_variable_with_several_values_has_none() -> None:
    template = read("${a:b, 'x'}", variables=True, wildcards=True)
    assert not matches(template, "y", {"a:b": ("y", "z")})
    assert not matches(template, "x", {"a:b": ("y", "z")})


def test_an_arn_is_cut_at_its_first_five_colons() -> None:
    template = read("arn:aws:*::${a:b}:x:y/*", variables=True, wildcards=True)
    assert [len(one.parts) for one in fields(template)] == [1, 1, 1, 0, 1, 2]
    assert fields(template)[5].parts == ("x:y/", Wild.RUN)


@pytest.mark.parametrize("sign", ["*a", "?*a", "*a?", "*?"])
def test_a_pattern_as_long_as_a_policy_needs_no_patience(sign: str) -> None:
    # Anything that backtracks would take longer than the universe has lasted.
    pattern = sign * (20_480 // len(sign)) + "b"
    test = any_of([read(pattern, variables=False, wildcards=True)])
    assert not test("a" * 20_480)
    assert not test("a" * 40_000)


def test_texts_longer_than_what_is_tried_at_once() -> None:
    test = any_of([read("*a?c*x?z*", variables=False, wildcards=True)])
    for gap in (0, 16_380, 16_381, 16_382, 16_383, 16_384, 50_000):
        assert test("." * gap + "abc" + "." * gap + "xyz")
        assert not test("." * gap + "xyz" + "." * gap + "abc")
