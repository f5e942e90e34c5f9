"""Documents as long as AWS takes, made to be as hard as can be: they are answered, and soon.

No test measures time: what is too slow here would not end.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from endpoints.policy.document import MAX_CHARACTERS, parse
from endpoints.policy.evaluate import Chain, Request, compile_policy, evaluate
from tests.unit.policy.asking import USER, allow, deny

LONG = 2_048
"""The longest ARN that IAM takes; keys of requests may be as long here."""


def filled(make: Any, one: Any) -> str:
    """Return the longest document that AWS takes with one thing again and again."""
    low, high = 1, MAX_CHARACTERS
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(json.dumps(make(one, middle), separators=(",", ":"))) <= MAX_CHARACTERS
        low, high = (middle, high) if fits else (low, middle - 1)
    return json.dumps(make(one, low), separators=(",", ":"))


def document(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [allow(), statement]}


def repeated_in(element: str) -> Any:
    return lambda one, times: document(deny(**{element: [f"{one}{number}" for number in range(times)]}))


def long_in(element: str, head: str) -> Any:
    return lambda one, times: document(deny(**{element: head + one * times + "z"}))


def in_condition(operator: str, several: bool) -> Any:
    return lambda one, times: document(
        deny(
            Condition={
                operator: {"x:a": [f"{one}{number}" for number in range(times)] if several else one * times + "z"}
            }
        )
    )


HARD = {
    "stars in a resource": (long_in("Resource", "arn:aws:s3:::"), "*a"),
    "marks in a resource": (long_in("Resource", "arn:aws:s3:::"), "*a?a"),
    "many marks": (long_in("Resource", "arn:aws:s3:::*"), "?"),
    "many resources": (repeated_in("Resource"), "arn:aws:s3:::*a?*b"),
    "many variables": (repeated_in("Resource"), "arn:aws:s3:::*${x:a}*?a"),
    "one value of variables": (in_condition("StringLike", several=False), "${x:a}*"),
    "many values of variables": (in_condition("StringNotLike", several=True), "*${x:a}*?${x:b}"),
    "many ARNs": (in_condition("ArnLike", several=True), "arn:*:*:*:*:*a*a?"),
    "for all values": (in_condition("ForAllValues:StringLike", several=True), "*a?a*a"),
    "many actions": (repeated_in("Action"), "s3:*e?*"),
    "many accounts": (lambda one, times: document(deny(Principal={"AWS": [one] * times})), "111122223333"),
    "braces": (in_condition("StringEquals", several=False), "${"),
    "dollars": (in_condition("StringEquals", several=False), "$"),
    "blanks in a variable": (lambda one, times: document(deny(Resource="arn:aws:s3:::${" + one * times + "'}")), " "),
    "addresses": (in_condition("IpAddress", several=True), "10.0.0."),
    "digits": (in_condition("NumericEquals", several=False), "9"),
    "statements": (
        lambda one, times: {"Statement": [{"Effect": one, "Action": "*", "Resource": "*a*"}] * times},
        "Deny",
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_the_hardest_documents_are_answered(name: str) -> None:
    make, one = HARD[name]
    made = compile_policy(parse(filled(make, one)))
    context = {"x:a": "a" * LONG, "x:b": "a" * LONG, "x:c": tuple("a" * 40 for _ in range(100))}
    for resource in ("arn:aws:s3:::" + "a" * LONG, "arn:aws:s3:::" + "ab" * (LONG // 2)):
        asked = Request(USER, "s3:GetObject", resource, context=context)
        assert evaluate(asked, Chain(endpoint_policies=[made]), explain=True).reason
