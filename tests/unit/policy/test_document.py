"""The strict reader: what it refuses and where; on the rest it agrees with the standard library."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.policy.document import (
    MAX_AUTHORED_CHARACTERS,
    MAX_CHARACTERS,
    PolicySyntaxError,
    minified,
    parse,
    pretty,
)

safe_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | safe_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(safe_text, inner, max_size=4),
    max_leaves=20,
)
json_objects = st.dictionaries(safe_text, json_values, max_size=5)


def findings(text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(PolicySyntaxError) as caught:
        parse(text)
    assert all(found.message and found.cure for found in caught.value.findings)
    return [(found.rule, found.line, found.column) for found in caught.value.findings]


@settings(max_examples=50)
@given(json_objects, st.sampled_from([None, 1, 4, "\t"]), st.booleans())
def test_it_reads_what_the_standard_library_reads(value: dict[str, Any], indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = parse(text)
    assert document.data == value
    assert json.loads(minified(document)) == value
    assert json.loads(pretty(document)) == value
    assert minified(parse(pretty(document))) == minified(document)


@given(st.text(st.sampled_from("{}[]\",:\\/u0dD8eE+-.19 \n\r\ttrufalsNaI\ufeff\x00\ud800é#'"), max_size=60))
def test_it_refuses_with_findings_and_nothing_else(text: str) -> None:
    try:
        document = parse(text)
    except PolicySyntaxError as error:
        found = error.findings
    else:
        assert document.data == json.loads(text)
        return
    assert found
    assert all(each.line >= 1 and each.column >= 1 for each in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("json-empty", 1, 1)]),
        (" \n ", [("json-empty", 2, 2)]),
        ("[]", [("json-object", 1, 1)]),
        ('"x"', [("json-object", 1, 1)]),
        ('\ufeff{"a": 1}', [("json-bom", 1, 1)]),
        ('{"a": 1,\n "b": 2,\n "a": 3}', [("json-duplicate-key", 3, 2)]),
        ('{"a": 1, "\\u0061": 3}', [("json-duplicate-key", 1, 10)]),
        ('{"a": [1, 2,\n]}', [("json-trailing-comma", 1, 12)]),
        ('{"a": 1,}', [("json-trailing-comma", 1, 8)]),
        ('{"a": NaN}', [("json-word", 1, 7)]),
        ('{"a": Infinity}', [("json-word", 1, 7)]),
        ('{"a": -Infinity}', [("json-number", 1, 7)]),
        ('{"a": 1e999}', [("json-number", 1, 7)]),
        ('{"a": 01}', [("json-number", 1, 7)]),
        ('{"a": ' + "9" * 65 + "}", [("json-number", 1, 7)]),
        ('{"a": "\x00"}', [("json-nul", 1, 8)]),
        ('{"a": "\\u0000"}', [("json-nul", 1, 8)]),
        ('{"a": "\ud83d"}', [("json-surrogate", 1, 8)]),
        ('{"a": "\\ud83d"}', [("json-surrogate", 1, 8)]),
        ('{"a": "\\udc00x"}', [("json-surrogate", 1, 8)]),
        ('{"a": "\\x41"}', [("json-escape", 1, 8)]),
        ('{"a": "\\u12"}', [("json-escape", 1, 8)]),
        ('{"a": "x\ty"}', [("json-control", 1, 9)]),
        ('{"a": "x\ny"}', [("json-unclosed-string", 1, 7)]),
        ('{"a": 1 "b": 2}', [("json-comma", 1, 9)]),
        ('{"a": ,}', [("json-comma", 1, 7)]),
        ('{"a" 1}', [("json-colon", 1, 6)]),
        ("{'a': 1}", [("json-quotes", 1, 2)]),
        ('{"a": \u201cx\u201d}', [("json-quotes", 1, 7)]),
        ('{"a": 1 // why\n}', [("json-comment", 1, 9)]),
        ("{// why\n}", [("json-comment", 1, 2)]),
        ('{"a": 1 /* why */, "b": 2}', [("json-comment", 1, 9)]),
        ('{"a": [1 # why\n]}', [("json-comment", 1, 10)]),
        ("{}\n// why", [("json-comment", 2, 1)]),
        ("{a: 1}", [("json-key", 1, 2)]),
        ('{"a": Allow}', [("json-word", 1, 7)]),
        ('{"a": True}', [("json-word", 1, 7)]),
        ('{"a": (1)}', [("json-value", 1, 7)]),
        ('{"a": [1, 2', [("json-unclosed", 1, 12)]),
        ('{"a":', [("json-unclosed", 1, 6)]),
        ("{}\n{}", [("json-after-end", 2, 1)]),
    ],
)
def test_it_refuses_at_the_place_of_the_mistake(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert findings(text) == expected


def test_it_reports_several_mistakes_at_once_in_the_order_of_the_text() -> None:
    text = '{\n  "a": [1, 2,],\n  "a": NaN,\n  "b": "\\u0000",\n}'
    assert findings(text) == [
        ("json-trailing-comma", 2, 13),
        ("json-duplicate-key", 3, 3),
        ("json-word", 3, 8),
        ("json-nul", 4, 9),
        ("json-trailing-comma", 4, 16),
    ]


def test_it_counts_lines_as_editors_do_and_columns_in_characters() -> None:
    assert findings('{\r\n"é😀": NaN}') == [("json-word", 2, 7)]
    assert findings('{\r"a": NaN}') == [("json-word", 2, 6)]


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_depth_is_refused_and_never_a_recursion_error(opening: str) -> None:
    text = opening * (MAX_AUTHORED_CHARACTERS // len(opening))
    assert [rule for rule, _, _ in findings(text)] == ["json-depth"]


def test_thirty_two_levels_pass_and_thirty_three_do_not() -> None:
    def nested(levels: int) -> str:
        return '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"

    assert parse(nested(32)).data
    assert findings(nested(33)) == [("json-depth", 1, 5 + 32)]


def test_white_space_does_not_count_but_the_text_has_a_limit_too() -> None:
    padding = MAX_CHARACTERS - len('{"a":""}')
    fits = '{"a":"' + "x" * padding + '"}'
    assert len(minified(parse(" " * MAX_CHARACTERS + fits))) == MAX_CHARACTERS
    assert findings(fits.replace("x", "xx", 1)) == [("policy-too-long", 1, 1)]
    assert findings(fits + " " * MAX_AUTHORED_CHARACTERS) == [("policy-too-long", 1, 1)]


def test_minified_keeps_the_authors_order_spelling_and_the_spaces_inside_strings() -> None:
    document = parse('{ "b" : "x  y\\u00e9 \\" , " ,\n\t"a" : [ 1.50 , true ] }')
    assert minified(document) == '{"b":"x  y\\u00e9 \\" , ","a":[1.50,true]}'


def test_pretty_keeps_the_authors_order_and_spelling() -> None:
    assert pretty(parse('{"b":{},"a":[1.50,[],{"c":"\\u00e9"}]}')) == (
        '{\n  "b": {},\n  "a": [\n    1.50,\n    [],\n    {\n      "c": "\\u00e9"\n    }\n  ]\n}'
    )


def test_an_error_reads_as_a_sentence_with_place_and_cure() -> None:
    with pytest.raises(PolicySyntaxError, match=r"^Line 1, column 8: A comma stands before }\. Remove the comma\.$"):
        parse('{"a": 1,}')


def test_findings_are_bounded() -> None:
    text = "{" + '"a":NaN,' * 2_000 + '"b":1}'
    assert 0 < len(findings(text)) <= 50


def test_a_deep_stack_is_no_obstacle() -> None:
    """The reader needs some 70 frames at most, whatever its input."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 120)
    try:
        assert parse('{"a":' + "[" * 31 + "]" * 31 + "}").data
    finally:
        sys.setrecursionlimit(limit)
