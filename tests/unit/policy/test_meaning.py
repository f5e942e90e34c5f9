"""Documents that differ only in writing are the same policy; documents that differ in meaning are not."""

from __future__ import annotations

import itertools
import json
import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.policy.document import parse
from endpoints.policy.evaluate import Request, compile_policy
from endpoints.policy.lint import lint
from endpoints.policy.meaning import FULL_ACCESS, canonical, equivalent, is_full_access, minified

GATEWAY_DEFAULT = (
    '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
)
INTERFACE_DEFAULT = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
BASE: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"AWS": ["111122223333", "444455556666"]},
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "ArnLike": {"aws:PrincipalArn": ["x", "y"]}},
}


def text(*statements: dict[str, Any], **top: Any) -> str:
    return json.dumps({**top, "Statement": list(statements)})


def same(a: str, b: str) -> bool:
    return equivalent(parse(a), parse(b))


@pytest.mark.parametrize("default", [GATEWAY_DEFAULT, INTERFACE_DEFAULT])
def test_both_of_awss_defaults_are_full_access(default: str) -> None:
    assert is_full_access(parse(default))
    assert same(default, FULL_ACCESS)
    with_sid = default.replace('"Effect"', '"Sid":"","Effect"')
    assert same(with_sid, FULL_ACCESS)


def test_full_access_is_a_document_that_both_types_accept() -> None:
    for kind in ("Gateway", "Interface"):
        assert not [found for found in lint(FULL_ACCESS, vpc_endpoint_type=kind) if found.severity == "block"]
    assert json.loads(minified(parse(FULL_ACCESS))) == json.loads(FULL_ACCESS)


@pytest.mark.parametrize(
    "statement",
    [
        {
            **json.loads(GATEWAY_DEFAULT)["Statement"][0],
            "Condition": {"Null": {"aws:PrincipalOrgID": "false"}},
        },
        {**json.loads(GATEWAY_DEFAULT)["Statement"][0], "Action": "s3:*"},
        {**json.loads(GATEWAY_DEFAULT)["Statement"][0], "Effect": "Deny"},
        {**json.loads(GATEWAY_DEFAULT)["Statement"][0], "Resource": "arn:aws:s3:::*"},
    ],
)
def test_anything_narrower_is_not_full_access(statement: dict[str, Any]) -> None:
    assert not is_full_access(parse(text(statement)))


def test_a_deny_beside_it_ends_full_access_and_an_allow_does_not() -> None:
    everything = json.loads(GATEWAY_DEFAULT)["Statement"][0]
    assert not is_full_access(parse(text(everything, {**BASE, "Effect": "Deny"})))
    assert is_full_access(parse(text(everything, BASE)))


@pytest.mark.parametrize(
    "changes",
    [
        {"Sid": "Named"},
        {"Principal": {"AWS": ["444455556666", "arn:aws:iam::111122223333:root", "444455556666"]}},
        {"Action": ["S3:putobject", "s3:GETObject", "s3:GetObject"]},
        {"Resource": ["arn:aws:s3:::b/**", "arn:aws:s3:::a/*"]},
        {
            "Condition": {
                "ArnEquals": {"AWS:principalarn": ["y", "x"]},
                "StringEquals": {"aws:principalorgid": ["o-1"]},
            }
        },
    ],
)
def test_writing_is_not_meaning(changes: dict[str, Any]) -> None:
    assert same(text(BASE), text({**BASE, **changes}))
    assert same(text(BASE, Version="2012-10-17", Id="x"), text({**BASE, **changes}, {**BASE, **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"Effect": "Deny"},
        {"Principal": "*"},
        {"Principal": {"AWS": ["111122223333"]}},
        {"Action": ["s3:GetObject"]},
        {"Resource": ["arn:aws:s3:::A/*", "arn:aws:s3:::b/*"]},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Condition": {**BASE["Condition"], "StringEquals": {"aws:PrincipalOrgID": "O-1"}}},
        {"Condition": {**BASE["Condition"], "StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}},
        {
            "Condition": {
                "StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"},
                "ArnLike": BASE["Condition"]["ArnLike"],
            }
        },
    ],
)
def test_meaning_is_not_lost(changes: dict[str, Any]) -> None:
    assert not same(text(BASE), text({**BASE, **changes}))


def test_not_action_is_not_action() -> None:
    negated = {("NotAction" if key == "Action" else key): value for key, value in BASE.items()}
    assert not same(text(BASE), text(negated))


def test_booleans_and_numbers_mean_their_text() -> None:
    def with_condition(boolean: Any, number: Any) -> str:
        return text(
            {
                **BASE,
                "Condition": {
                    "Bool": {"aws:SecureTransport": boolean},
                    "NumericEquals": {"s3:max-keys": number},
                },
            }
        )

    assert same(with_condition(True, 10), with_condition("true", "10"))
    assert not same(with_condition(True, 10), with_condition("false", "10"))


def test_version_matters_only_to_variables() -> None:
    tagged = {**BASE, "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"}
    assert same(text(BASE), text(BASE, Version="2012-10-17"))
    assert same(text(tagged), text(tagged, Version="2008-10-17"))
    assert not same(text(tagged), text(tagged, Version="2012-10-17"))


def test_if_exists_after_a_set_operator_changes_nothing() -> None:
    a = {**BASE, "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": "o-1/*"}}}
    b = {**BASE, "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}}
    assert same(text(a), text(b))


_names = st.lists(st.sampled_from(["s3:GetObject", "s3:Put*", "ec2:*", "sqs:SendMessage", "*"]), min_size=1, max_size=4)
_statements = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Principal": st.sampled_from(["*", {"AWS": "*"}, {"AWS": ["111122223333", "444455556666"]}]),
            "Action": _names,
            "Resource": st.lists(st.sampled_from(["*", "arn:aws:s3:::a", "arn:aws:s3:::b/*"]), min_size=1, max_size=3),
        },
        optional={
            "Sid": st.sampled_from(["", "A", "B"]),
            "Condition": st.dictionaries(
                st.sampled_from(["StringEquals", "StringLike", "ForAnyValue:ArnLike"]),
                st.dictionaries(st.sampled_from(["aws:PrincipalOrgID", "aws:PrincipalArn"]), _names, min_size=1),
            ),
        },
    ),
    min_size=1,
    max_size=4,
)


def rewritten(value: Any, chance: random.Random) -> Any:
    """Return the same policy in another writing: shuffled, scalars for lists of one, some items twice."""
    if isinstance(value, dict):
        items = [(key, rewritten(inner, chance)) for key, inner in value.items()]
        chance.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [rewritten(inner, chance) for inner in value]
        chance.shuffle(items)
        if len(items) == 1 and chance.random() < 0.5:
            return items[0]
        return [*items, items[0]] if chance.random() < 0.3 else items
    return value


@given(_statements, st.randoms(use_true_random=False))
def test_any_rewriting_is_equivalent(statements: list[dict[str, Any]], chance: random.Random) -> None:
    before = parse(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    after = parse(json.dumps(rewritten({"Version": "2012-10-17", "Statement": statements}, chance), indent=3))
    assert equivalent(before, after)
    assert hash(canonical(before)) == hash(canonical(after))
    assert equivalent(before, parse(minified(after)))


@given(_statements, _statements)
def test_equivalence_is_symmetric_and_json(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> None:
    one, other = parse(text(*a)), parse(text(*b))
    assert equivalent(one, other) == equivalent(other, one)
    assert json.loads(canonical(one))


def test_what_is_written_in_other_ways_and_is_one_policy_decides_alike() -> None:
    """Versions, escapes and stars, in and beside variables: documents with one canonical form give the same answers."""
    resources = ["*", "**", "b/*", "b/**", "b/${*}", "b/${**}", "b/${aws:username}/*", "b/${aws:username}/**", "b/${x"]
    keys = ["b/k", "b/*", "b/bob/k", "b/${*}", "b/${**}", "b/${aws:username}/k", "b/${x"]
    requests = [
        Request(principal="111122223333", action="s3:GetObject", resource=f"arn:aws:s3:::{key}", context=context)
        for key in keys
        for context in ({}, {"aws:username": "bob"})
    ]
    answers: dict[str, set[tuple[str | None, ...]]] = defaultdict(set)
    for resource, version, dollar in itertools.product(resources, ["2012-10-17", "2008-10-17", None], ["$", "\\u0024"]):
        arn = resource if resource.startswith("*") else f"arn:aws:s3:::{resource}"
        one = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": arn}
        document = parse(text(one, **({"Version": version} if version else {})).replace("$", dollar))
        decide = compile_policy(document).decide
        answers[canonical(document)].add(tuple(decide(request).effect for request in requests))
    assert len(answers) > len(resources)
    assert [found for found in answers.values() if len(found) > 1] == []


@pytest.mark.parametrize(
    ("number", "means"), [(0.00001, "0.00001"), (1e16, "10000000000000000"), (1e-7, "0.0000001"), (2.5, "2.5")]
)
def test_a_number_means_its_digits_whatever_its_size(number: float, means: str) -> None:
    condition = {"NumericLessThan": {"s3:max-keys": number}}
    asked = text({**BASE, "Condition": condition})
    assert same(asked, text({**BASE, "Condition": {"NumericLessThan": {"s3:max-keys": means}}}))
    assert not [found for found in lint(asked, vpc_endpoint_type="Gateway") if found.rule == "condition-value"]
