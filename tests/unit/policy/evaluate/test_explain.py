"""For a statement that does not match: the first element that failed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.policy.asking import ACCOUNT, ROLE, SESSION, USER, allow, deny, policy, request, statement


def why(made: dict[str, Any], asked: Any, **more: Any) -> tuple[str | None, str | None]:
    (found,) = policy(made).explain(asked, **more)
    return found.element, found.why


def test_a_statement_that_matches_has_nothing_to_explain() -> None:
    (found,) = policy(allow(Sid="All")).explain(request())
    assert (found.index, found.sid, found.effect, found.matched) == (0, "All", "Allow", True)
    assert (found.element, found.why) == (None, None)


@pytest.mark.parametrize(
    ("elements", "element", "sentence"),
    [
        ({"Principal": {"AWS": ROLE}}, "Principal", f'It does not name {USER}, but "{ROLE}".'),
        ({"NotPrincipal": {"AWS": ACCOUNT}}, "NotPrincipal", f'It excepts {USER}: "{ACCOUNT}".'),
        ({"Action": "s3:Put*"}, "Action", 's3:GetObject is not "s3:Put*".'),
        (
            {"Action": ["s3:A", "s3:B", "s3:C", "s3:D", "s3:E"]},
            "Action",
            's3:GetObject matches none of "s3:A", "s3:B", "s3:C" and 2 more.',
        ),
        ({"NotAction": ["iam:*", "s3:*"]}, "NotAction", 'It excepts s3:GetObject, by "s3:*".'),
        ({"Resource": "arn:aws:s3:::x/*"}, "Resource", 'arn:aws:s3:::bucket/key is not "arn:aws:s3:::x/*".'),
        (
            {"Resource": "arn:aws:s3:::${x:bucket}/*"},
            "Resource",
            'arn:aws:s3:::bucket/key is not "arn:aws:s3:::${x:bucket}/*"; "${x:bucket}" has no value in the request.',
        ),
        ({"NotResource": "arn:aws:s3:::*"}, "NotResource", 'It excepts arn:aws:s3:::bucket/key, by "arn:aws:s3:::*".'),
        ({"Action": "GetObject"}, "Statement", 'It never matches: its Action has "GetObject", which can\'t be read.'),
        ({"Effect": "allow"}, "Statement", "It never matches: its Effect is neither Allow nor Deny."),
    ],
)
def test_the_element_that_failed(elements: dict[str, Any], element: str, sentence: str) -> None:
    made = {**statement("Allow", **{key: one for key, one in elements.items() if key != "Effect"}), **elements}
    assert why(made, request()) == (element, sentence)


@pytest.mark.parametrize(
    ("operator", "values", "context", "sentence"),
    [
        ("StringEquals", "a", {"x__key": "b"}, 'the request has "b", wanted is "a".'),
        ("StringEquals", ["a", "c"], {"x__key": "b"}, 'the request has "b", wanted is "a", "c".'),
        ("StringEquals", "a", {}, "the request has no such key."),
        ("StringEquals", [], {"x__key": "b"}, 'the request has "b", and no value is wanted.'),
        ("StringNotLike", "b*", {"x__key": "bc"}, 'the request has "bc", which is excluded by "b*".'),
        ("Null", "true", {"x__key": "b"}, "the request has this key."),
        ("Null", "false", {}, "the request has no such key."),
        ("NumericLessThan", "5", {"x__key": "many"}, 'the request has "many", which is no number.'),
        ("IpAddress", "10.0.0.0/8", {"x__key": "x"}, 'the request has "x", which is no address.'),
        (
            "StringEquals",
            "a",
            {"x__key": ("a",)},
            "the request has a list of values, which takes ForAnyValue or ForAllValues.",
        ),
        ("ForAllValues:StringEquals", "a", {"x__key": ("a", "b")}, 'the request has "a", "b", wanted is "a".'),
        (
            "StringEquals",
            "${x:other}",
            {"x__key": "a"},
            'the request has "a", wanted is "${x:other}"; "${x:other}" has no value in the request.',
        ),
    ],
)
def test_the_condition_that_failed(operator: str, values: Any, context: dict[str, Any], sentence: str) -> None:
    made = allow(Condition={operator: {"x:key": values}})
    assert why(made, request(**context)) == ("Condition", f"{operator} on x:key: {sentence}")


def test_the_first_element_is_named_when_several_fail() -> None:
    made = allow(Principal={"AWS": ROLE}, Action="iam:*", Resource="arn:aws:iam::*:role/x")
    assert why(made, request())[0] == "Principal"
    assert why(made, request(SESSION))[0] == "Action"
    assert why(made, request(SESSION, action="iam:GetRole"))[0] == "Resource"


def test_a_boundary_makes_a_deny_with_not_principal_match() -> None:
    made = deny(NotPrincipal={"AWS": [ACCOUNT, USER]})
    assert why(made, request())[0] == "NotPrincipal"
    assert why(made, request(), bounded=True) == (None, None)


def test_words_stay_short() -> None:
    (found,) = policy(allow(Resource=["arn:aws:s3:::" + "x" * 5000] * 3)).explain(request(resource="arn:" + "y" * 5000))
    assert found.why is not None
    assert len(found.why) < 1000
