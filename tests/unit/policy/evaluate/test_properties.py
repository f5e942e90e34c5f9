"""What holds for every policy and every request."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.policy import words
from endpoints.policy.document import PolicySyntaxError, parse
from endpoints.policy.evaluate import Chain, Request, compile_policy, evaluate

ACCOUNT = "111122223333"
PRINCIPALS = [
    "*",
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:iam::{ACCOUNT}:user/bob",
    f"arn:aws:iam::{ACCOUNT}:role/app",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s",
    "arn:aws:iam::444455556666:user/eve",
    "s3.amazonaws.com",
]
ACTIONS = ["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:putobject", "sqs:SendMessage", "s3:?etObject", "Get", "*:*"]
RESOURCES = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3",
    "x",
    "arn:*",
]
VALUES = ["a", "b*", "*", "10.0.0.0/8", "5", "2026-01-01", "true", "${x:a}", "${x:a, 'b'}", "arn:aws:s3:::b", 5, True]
KEYS = ["x:a", "X:A", "x:b", "aws:PrincipalArn", "aws:username", "aws:PrincipalTag/a b"]
OPERATORS = [
    *words.OPERATORS,
    "StringEqualsIfExists",
    "NullIfExists",
    "ForAnyValue:StringLike",
    "ForAllValues:ArnNotLike",
]


def one_or_more(choices: list[Any]) -> st.SearchStrategy[Any]:
    some = st.sampled_from(choices)
    return some | st.lists(some, max_size=3)


CONDITIONS = st.dictionaries(
    st.sampled_from(OPERATORS), st.dictionaries(st.sampled_from(KEYS), one_or_more(VALUES), max_size=2), max_size=2
)
PEOPLE = st.just("*") | st.fixed_dictionaries({"AWS": one_or_more(PRINCIPALS)})
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Allow", "Deny", "deny"])},
    optional={
        "Sid": st.text(alphabet="ab", max_size=2),
        "Principal": PEOPLE,
        "NotPrincipal": PEOPLE,
        "Action": one_or_more(ACTIONS),
        "NotAction": one_or_more(ACTIONS),
        "Resource": one_or_more(RESOURCES),
        "NotResource": one_or_more(RESOURCES),
        "Condition": CONDITIONS,
    },
)
POLICIES = st.fixed_dictionaries(
    {"Statement": st.lists(STATEMENTS, max_size=4)}, optional={"Version": st.sampled_from(words.VERSIONS)}
)
TEXTS = st.sampled_from(["a", "b", "bob", "10.1.2.3", "5", "2026-01-01", "true", "arn:aws:s3:::b", "", "*"])
CONTEXTS = st.dictionaries(st.sampled_from(KEYS), TEXTS | st.lists(TEXTS, max_size=3).map(tuple), max_size=4)
REQUESTS = st.builds(
    Request,
    principal=st.sampled_from(PRINCIPALS),
    action=st.sampled_from(["s3:GetObject", "S3:PUTOBJECT", "sqs:SendMessage"]),
    resource=st.sampled_from(["arn:aws:s3:::b/k", "arn:aws:s3:::b/bob/x", "*", "arn:aws:sqs:eu-west-1:444455556666:q"]),
    resource_account=st.sampled_from([None, ACCOUNT, "444455556666"]),
    context=CONTEXTS,
)


def compiled(document: Any) -> Any:
    return compile_policy(parse(json.dumps(document)))


def shuffled(node: Any, chance: random.Random) -> Any:
    """Return the same document with keys, statements and lists in another order."""
    if isinstance(node, dict):
        return {key: shuffled(node[key], chance) for key in chance.sample(list(node), len(node))}
    if isinstance(node, list):
        return [shuffled(one, chance) for one in chance.sample(node, len(node))]
    return node


@given(POLICIES, REQUESTS, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_order_decides_nothing(document: Any, request: Request, chance: random.Random) -> None:
    assert compiled(document).decide(request).effect == compiled(shuffled(document, chance)).decide(request).effect


@given(POLICIES, STATEMENTS, REQUESTS)
@settings(max_examples=150)
def test_one_deny_more_never_allows_more_and_one_allow_more_never_less(
    document: Any, statement: Any, request: Request
) -> None:
    before = compiled(document).decide(request).effect
    more = {**document, "Statement": [*document["Statement"], statement]}
    after = compiled(more).decide(request).effect
    if statement["Effect"] == "Deny":
        assert after in (before, "Deny")
    else:
        assert after == before or (before is None and after == "Allow")


@given(POLICIES, REQUESTS, st.booleans())
@settings(max_examples=150)
def test_the_explanation_agrees_with_the_decision(document: Any, request: Request, bounded: bool) -> None:
    made = compiled(document)
    outcome = made.decide(request, bounded=bounded)
    matched = [one for one in made.explain(request, bounded=bounded) if one.matched]
    denying = [one for one in matched if one.effect == "Deny"]
    first = (denying or matched or [None])[0]
    assert outcome.effect == (first.effect if first else None)
    assert outcome.index == (first.index if first else None)


MAYBE_POLICIES = st.none() | st.lists(POLICIES.map(compiled), max_size=2)
CHAINS = st.builds(
    Chain,
    endpoint_policies=MAYBE_POLICIES,
    identity_policies=MAYBE_POLICIES,
    resource_policy=st.none() | POLICIES.map(compiled),
    permissions_boundaries=MAYBE_POLICIES,
    session_policies=MAYBE_POLICIES,
    service_control_policies=st.none() | st.lists(st.lists(POLICIES.map(compiled), max_size=2), max_size=2),
    resource_control_policies=st.none() | st.lists(st.lists(POLICIES.map(compiled), max_size=2), max_size=2),
)


@given(CHAINS, REQUESTS)
@settings(max_examples=60)
def test_every_chain_gives_an_answer_with_a_reason(chain: Chain, request: Request) -> None:
    found = evaluate(request, chain, explain=True)
    assert found.reason
    effects = {step.outcome.effect for step in found.steps if step.takes_part}
    assert (found.decision == "explicit_deny") is ("Deny" in effects)
    if found.decision == "allowed":
        assert found.decided_by is not None
        assert "Allow" in effects
    assert evaluate(request, chain).decision == found.decision


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["*", "Allow", "s3:*", "arn:aws:s3:::b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*words.STATEMENT_ELEMENTS, *words.POLICY_ELEMENTS, *OPERATORS, "AWS", "x:a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), CONTEXTS)
@settings(max_examples=150)
def test_nothing_raises(document: Any, principal: str, action: str, resource: str, context: Any) -> None:
    try:
        parsed = parse(json.dumps({"Version": "2012-10-17", "Statement": document}))
    except PolicySyntaxError:
        return
    request = Request(principal, action, resource, context=context)
    made = compile_policy(parsed)
    evaluate(
        request, Chain(endpoint_policies=[made], resource_policy=made, permissions_boundaries=[made]), explain=True
    )
