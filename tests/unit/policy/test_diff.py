"""The side-by-side difference: statements beside their own, every line shown once, bounded for any input."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.policy.diff import Difference, Row, side_by_side
from endpoints.policy.document import MAX_CHARACTERS, parse, pretty
from endpoints.policy.spans import Span
from endpoints.policy.subsequence import Budget

READ = {
    "Sid": "Reads",
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
    "Resource": "*",
}
DENY = {
    "Sid": "OnlyOurVpc",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-0f3a9c1d"}},
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def joined(side: tuple[Span, ...] | None) -> str | None:
    return None if side is None else "".join(span.text for span in side)


def marked(side: tuple[Span, ...] | None) -> list[str]:
    """Return the marked runs of a line."""
    runs, open_run = [""], False
    for span in side or ():
        if span.marked:
            runs[-1] += span.text
        elif open_run:
            runs.append("")
        open_run = span.marked
    return [run for run in runs if run]


def changed(difference: Difference) -> list[Row]:
    return [row for row in difference.rows if row.kind not in ("same", "skip")]


def lines_of(difference: Difference, side: str) -> dict[int, str]:
    shown: dict[int, str] = {}
    for row in difference.rows:
        number, line = getattr(row, f"{side}_line"), joined(getattr(row, side))
        assert (number is None) == (line is None)
        if number is not None:
            assert number not in shown
            shown[number] = str(line)
    return dict(sorted(shown.items()))


def shows_both(before: str, after: str, left: list[str], right: list[str]) -> Difference:
    """Assert that, unfolded, every line of both sides is shown once under its own number."""
    difference = side_by_side(before, after, context=10**6)
    if not difference.added + difference.removed:
        assert sum(row.hidden or 1 for row in difference.rows) == len(left) == len(right)
        return difference
    assert lines_of(difference, "before") == dict(enumerate(left, 1))
    assert lines_of(difference, "after") == dict(enumerate(right, 1))
    rows = changed(difference)
    assert difference.added == sum(row.after is not None for row in rows)
    assert difference.removed == sum(row.before is not None for row in rows)
    return difference


def test_the_same_policy_shows_no_change() -> None:
    difference = side_by_side(policy(READ), json.dumps(json.loads(policy(READ)), indent=7))
    assert (difference.added, difference.removed) == (0, 0)
    assert [row.kind for row in difference.rows] == ["skip"]
    assert difference.rows[0].hidden == len(pretty(parse(policy(READ))).splitlines())


def test_a_changed_value_is_marked_within_its_line() -> None:
    after = {**READ, "Resource": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments/*"}
    [row] = changed(side_by_side(policy(READ), policy(after)))
    assert row.kind == "changed"
    assert marked(row.before) == []
    assert marked(row.after) == ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments/"]


def test_an_added_item_moves_a_comma_and_only_the_item_is_new() -> None:
    after = {**READ, "Action": [*READ["Action"], "secretsmanager:ListSecretVersionIds"]}
    difference = side_by_side(policy(READ), policy(after))
    assert (difference.added, difference.removed) == (1, 0)
    [row] = changed(difference)
    assert (row.kind, joined(row.after)) == ("added", '        "secretsmanager:ListSecretVersionIds"')


def test_a_statement_put_first_leaves_the_others_unchanged() -> None:
    difference = side_by_side(policy(READ), policy(DENY, READ))
    rows = changed(difference)
    assert {row.kind for row in rows} == {"added"}
    assert joined(rows[0].after) == "    {"
    assert difference.added == len(pretty(parse(policy(DENY))).splitlines()) - 5


def test_a_removed_statement_stands_where_it_was() -> None:
    difference = side_by_side(policy(DENY, READ), policy(READ))
    rows = changed(difference)
    assert {row.kind for row in rows} == {"removed"}
    assert [row.before_line for row in rows] == list(range(4, 4 + len(rows)))


def test_statements_that_changed_places_are_no_change() -> None:
    difference = side_by_side(policy(READ, DENY), policy(DENY, READ))
    assert (difference.added, difference.removed) == (0, 0)


def test_statements_are_matched_by_sid_though_another_is_more_alike() -> None:
    before = [{**READ, "Sid": "A"}, {**DENY, "Sid": "B"}]
    after = [{**DENY, "Sid": "A"}, {**READ, "Sid": "B"}]
    assert changed(side_by_side(policy(*before), policy(*after)))


def test_statements_without_sid_are_matched_by_what_they_say() -> None:
    read, deny = ({key: value for key, value in each.items() if key != "Sid"} for each in (READ, DENY))
    difference = side_by_side(policy(read, deny), policy(deny, {**read, "Effect": "Deny"}))
    [row] = changed(difference)
    assert (joined(row.before), joined(row.after)) == ('      "Effect": "Allow",', '      "Effect": "Deny",')


def test_lines_keep_the_numbers_of_the_laid_out_documents() -> None:
    before, after = policy(READ, DENY), policy(DENY, {**READ, "Resource": "x"})
    shows_both(before, after, pretty(parse(before)).splitlines(), pretty(parse(after)).splitlines())


def test_texts_that_do_not_parse_are_compared_as_written() -> None:
    difference = shows_both(
        "{\r\n  oops\r\n}", "{\n  oops,\n  more\n}", ["{", "  oops", "}"], ["{", "  oops,", "  more", "}"]
    )
    assert (difference.added, difference.removed) == (1, 0)


def test_folding_says_how_many_lines_it_hides() -> None:
    before = policy(*({**DENY, "Sid": f"S{n}"} for n in range(6)))
    after = before.replace("vpc-0f3a9c1d", "vpc-1", 1)
    difference = side_by_side(before, after, context=2)
    shown = sum(row.kind != "skip" for row in difference.rows)
    hidden = sum(row.hidden for row in difference.rows)
    assert shown == 5
    assert shown + hidden == len(pretty(parse(before)).splitlines())


def test_tokens_have_their_classes() -> None:
    difference = side_by_side('{"a": "x", "b": 1.5, "c": true}', '{"a": "x", "b": 1.5, "c": true, "d": null}')
    classes = {span.token for row in difference.rows for side in (row.before, row.after) for span in side or ()}
    assert classes == {"plain", "key", "string", "number", "word"}


_values = st.recursive(
    st.integers(0, 3) | st.sampled_from(["", "a", "arn:aws:s3:::a/*", 'q"\\']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
_documents = st.fixed_dictionaries(
    {"Statement": st.lists(_values, max_size=5)}, optional={"Version": st.just("x"), "Z": _values}
)


@given(_documents, _documents)
def test_every_line_is_shown_once(before: Any, after: Any) -> None:
    a, b = json.dumps(before), json.dumps(after)
    shows_both(a, b, pretty(parse(a)).splitlines(), pretty(parse(b)).splitlines())


@given(st.text('ab{}[]",: \n', max_size=80), st.text('ab{}[]",: \n', max_size=80))
def test_every_raw_line_is_shown_once(before: str, after: str) -> None:
    broken_before, broken_after = "?" + before, "?" + after
    shows_both(broken_before, broken_after, broken_before.split("\n"), broken_after.split("\n"))


@given(_documents)
def test_a_document_does_not_differ_from_itself(value: Any) -> None:
    difference = side_by_side(json.dumps(value), json.dumps(value, indent=1))
    assert (difference.added, difference.removed) == (0, 0)


def _hostile() -> dict[str, tuple[str, str]]:
    chance = random.Random(7)

    def digits(count: int) -> str:
        return ",".join(chance.choice("0123456789") for _ in range(count))

    return {
        "ten thousand statements": tuple(f'{{"Statement":[{digits(10_000)}]}}' for _ in "ab"),
        "ten thousand items": tuple(f'{{"x":[{digits(10_000)}]}}' for _ in "ab"),
        "all different": (
            '{"x":[' + ",".join(["0"] * 10_000) + "]}",
            '{"x":[' + ",".join(["1"] * 10_000) + "]}",
        ),
        "empty objects": (
            '{"Statement":[' + ",".join(["{}"] * 6_800) + "]}",
            '{"Statement":[' + ",".join(["[]"] * 6_800) + "]}",
        ),
        "line breaks": ("\n" * MAX_CHARACTERS, "x\n" * (MAX_CHARACTERS // 2)),
        "one line": tuple("".join(chance.choice('abc[] "{}') for _ in range(MAX_CHARACTERS)) for _ in "ab"),
        "nested": tuple(
            '{"a":[' + ",".join("[" * 30 + chance.choice("0123") + "]" * 30 for _ in range(320)) + "]}" for _ in "ab"
        ),
    }  # type: ignore[return-value]


@pytest.mark.parametrize("name", sorted(_hostile()))
def test_hostile_texts_get_a_difference_within_the_budget(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quadratic work is counted, not timed: what one comparison takes never exceeds its budget."""
    taken: list[int] = []
    take = Budget.take

    def counting(self: Budget, cells: int) -> bool:
        granted = take(self, cells)
        taken.append(cells if granted else 0)
        return granted

    monkeypatch.setattr(Budget, "take", counting)
    before, after = _hostile()[name]
    difference = side_by_side(before, after)
    assert difference.added > 0
    assert difference.removed > 0
    assert sum(taken) <= 600_000
