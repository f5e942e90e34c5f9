"""What can't be read: an Allow never rests on it, and a Deny never depends on it."""

from __future__ import annotations

from typing import Any

import pytest

from endpoints.policy.document import parse
from endpoints.policy.evaluate import compile_policy
from tests.unit.policy.asking import allow, deny, effect, policy, request, statement, text

UNREADABLE: list[dict[str, Any]] = [
    {"Action": None},
    {"Resource": None},
    {"Action": "GetObject"},
    {"Action": 5},
    {"Action": []},
    {"Action": "*:GetObject"},
    {"Action": "s*:GetObject"},
    {"Action": ["s3: GetObject"]},
    {"Action": {"s3": "GetObject"}},
    {"NotAction": "GetObject"},
    {"Action": "*", "NotAction": "iam:*"},
    {"Resource": "bucket/key"},
    {"Resource": "arn:aws:*:::bucket/key"},
    {"Resource": []},
    {"Resource": [None]},
    {"NotResource": ["elsewhere"]},
    {"Principal": "111122223333"},
    {"Principal": {}},
    {"Principal": {"AWS": []}},
    {"Principal": {"aws": "*"}},
    {"Principal": {"AWS": "bob"}},
    {"Principal": {"AWS": 111122223333}},
    {"Principal": ["*"]},
    {"Condition": []},
    {"Condition": {"StringEqual": {"aws:PrincipalOrgID": "o-1"}}},
    {"Condition": {"stringequals": {"aws:PrincipalOrgID": "o-1"}}},
    {"Condition": {"ForAllValues:Null": {"aws:PrincipalOrgID": "true"}}},
    {"Condition": {"ForSomeValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
    {"Condition": {"StringEquals": "aws:PrincipalOrgID"}},
    {"Condition": {"NumericNotEquals": {"x:key": "many"}}},
    {"Condition": {"NotIpAddress": {"x:key": ["10.0.0.0/33"]}}},
    {"Condition": {"NotIpAddress": {"x:key": ["10.0.0.0/8", "ten"]}}},
    {"Condition": {"ArnNotLike": {"x:key": "role/app"}}},
    {"Condition": {"StringNotEquals": {"x:key": {"a": "b"}}}},
    {"Condition": {"DateNotEquals": {"x:key": "tomorrow"}}},
    {"Condition": {"Bool": {"x:key": "yes"}}},
    {"Condition": {"Null": {"x:key": "yes"}}},
    {"Condition": {"NumericLessThan": {"x:key": "1e9999"}}},
    {"Condition": {"BinaryEquals": {"x:key": "no base64!"}}},
    {"Condition": {"StringEquals": {"x:key": None}}},
    {"Conditions": {"StringEquals": {"x:key": "a"}}},
    {"action": "*"},
]


@pytest.mark.parametrize("odd", UNREADABLE, ids=str)
def test_an_allow_never_matches_by_what_cannot_be_read(odd: dict[str, Any]) -> None:
    assert effect(policy({**statement("Allow", **odd)}), request(x__key="5")) is None
    assert effect(policy({**statement("Allow", **odd)}), request(x__key="10.1.1.1")) is None


@pytest.mark.parametrize("odd", UNREADABLE, ids=str)
def test_a_deny_matches_as_if_what_cannot_be_read_were_met(odd: dict[str, Any]) -> None:
    if any(name.startswith("Not") for element in odd.values() if isinstance(element, dict) for name in element):
        return  # below: negated, the values that can be read still count
    assert effect(policy(allow(), statement("Deny", **odd)), request()) == "Deny"


def test_a_deny_still_depends_on_all_that_can_be_read() -> None:
    made = policy(allow(), deny(Action="s3:PutObject", Condition={"StringEqual": {"x:key": "a"}}))
    assert effect(made, request(action="s3:GetObject")) == "Allow"
    assert effect(made, request(action="s3:PutObject")) == "Deny"
    made = policy(allow(), deny(Condition={"NotIpAddress": {"x:key": ["10.0.0.0/8", "ten"]}}))
    assert effect(made, request(x__key="10.0.0.1")) == "Allow"
    assert effect(made, request(x__key="11.0.0.1")) == "Deny"
    made = policy(allow(), deny(NotResource=["arn:aws:s3:::bucket/*", "elsewhere"]))
    assert effect(made, request()) == "Allow"
    assert effect(made, request(resource="arn:aws:s3:::else/x")) == "Deny"


def test_the_readable_entries_of_an_allow_still_count() -> None:
    made = policy(allow(Action=["GetObject", "s3:GetObject"], Resource=["bucket", "arn:aws:s3:::bucket/*"]))
    assert effect(made, request()) == "Allow"
    made = policy(allow(Condition={"IpAddress": {"x:key": ["ten", "10.0.0.0/8"]}}))
    assert effect(made, request(x__key="10.0.0.1")) == "Allow"
    assert effect(made, request(x__key="11.0.0.1")) is None


def test_an_unknown_version_allows_nothing() -> None:
    assert effect(policy(allow(), version="2012-10-18"), request()) is None
    assert effect(policy(deny(), version="2012-10-18"), request()) == "Deny"


@pytest.mark.parametrize("document", ["{}", '{"Statement":null}', '{"Statement":[]}', '{"Statement":[1,"a",[],null]}'])
def test_no_statement_allows_nothing(document: str) -> None:
    assert effect(compile_policy(parse(document)), request()) is None


def test_one_statement_needs_no_list() -> None:
    assert effect(compile_policy(parse(text(allow()).replace("[", "").replace("]", ""))), request()) == "Allow"


def test_a_missing_principal_is_anyone() -> None:
    for caller in ("*", "arn:aws:iam::111122223333:user/bob", "s3.amazonaws.com"):
        assert effect(policy(allow(Principal=None)), request(caller)) == "Allow"


def test_odd_values_of_a_request_equal_nothing() -> None:
    for operator, value in (
        ("NumericEquals", "5"),
        ("NumericLessThan", "5"),
        ("DateLessThan", "2026-01-01"),
        ("IpAddress", "0.0.0.0/0"),
        ("Bool", "true"),
        ("BinaryEquals", "QQ=="),
        ("ArnLike", "arn:*:*:*:*:*"),
    ):
        for odd in ("x", "", "٥", "9" * 5000, "-", "1.2.3", "arn:", "\n"):
            made = policy(allow(Condition={operator: {"x:key": value}}))
            assert effect(made, request(x__key=odd)) is None, (operator, odd)
    for operator, value in (("NumericNotEquals", "5"), ("NotIpAddress", "0.0.0.0/0"), ("ArnNotLike", "*")):
        made = policy(allow(Condition={operator: {"x:key": value}}))
        assert effect(made, request(x__key="odd")) == "Allow"
