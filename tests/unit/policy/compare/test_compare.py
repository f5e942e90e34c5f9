"""What one policy allows and another does not: the relation, the sentences, and a request for each."""

from __future__ import annotations

from typing import Any

import pytest

from endpoints.policy.compare import Comparison, Limits, compare
from endpoints.policy.document import PolicyDocument, parse
from endpoints.policy.evaluate import compile_policy
from endpoints.policy.meaning import FULL_ACCESS
from tests.unit.policy.compare.making import document

ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
READ: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::payments", "arn:aws:s3:::payments/*"],
    "Condition": ORG,
}
ALL: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OBJECTS: dict[str, Any] = {**ALL, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::payments/*"}
DENY: dict[str, Any] = {**ALL, "Effect": "Deny"}


def change(before: dict[str, Any] | list[dict[str, Any]], after: dict[str, Any] | list[dict[str, Any]]) -> Comparison:
    """Compare, with every witness replayed on both policies."""
    documents = [document(one if isinstance(one, list) else [one]) for one in (before, after)]
    return replayed(*documents)


def replayed(before: PolicyDocument, after: PolicyDocument) -> Comparison:
    found = compare(before, after)
    old, new = compile_policy(before), compile_policy(after)
    for regions, allowing, other in ((found.gained, new, old), (found.lost, old, new)):
        for region in regions:
            assert allowing.decide(region.witness).effect == "Allow", region
            assert other.decide(region.witness).effect != "Allow", region
    return found


def texts(found: Comparison) -> tuple[list[str], list[str]]:
    return [region.text for region in found.gained], [region.text for region in found.lost]


# --- Equivalent, differently written --------------------------------------------------------------------------------
EQUIVALENT = {
    "reordered": (
        [READ, DENY | {"Resource": "arn:aws:s3:::x/*"}],
        [DENY | {"Resource": "arn:aws:s3:::x/*"}, {**READ, "Action": READ["Action"][::-1]}],
    ),
    "split": (READ, [{**READ, "Action": action} for action in READ["Action"]]),
    "split both ways": (
        READ,
        [{**READ, "Action": action, "Resource": name} for action in READ["Action"] for name in READ["Resource"]],
    ),
    "redundant": (READ, [READ, {**READ, "Resource": "arn:aws:s3:::payments/2026/*"}]),
    "a value that another takes in": (READ, {**READ, "Resource": [*READ["Resource"], "arn:aws:s3:::payments/x"]}),
    "Deny as NotAction": (
        [ALL, {**DENY, "Action": "s3:*"}],
        {"Effect": "Allow", "Principal": "*", "NotAction": "s3:*", "Resource": "*"},
    ),
    "Deny as NotResource": (
        [ALL, {**DENY, "Resource": "arn:aws:s3:::x/*"}],
        {"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::x/*"},
    ),
    "Deny as a condition": (
        [{**ALL, "Condition": ORG}],
        [ALL, {**DENY, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}],
    ),
    "a Deny of nothing that is allowed": (READ, [READ, {**DENY, "Action": "dynamodb:*"}]),
    "an account as Principal and as a condition": (
        {**ALL, "Principal": {"AWS": "111122223333"}},
        {**ALL, "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}},
    ),
    "the account's id and its root": (
        {**ALL, "Principal": {"AWS": "111122223333"}},
        {**ALL, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
    ),
    "addresses split": (
        {**ALL, "Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}},
        {**ALL, "Condition": {"IpAddress": {"aws:VpcSourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}}},
    ),
    "a present or absent key": (
        ALL,
        [{**ALL, "Condition": {"Null": {"aws:PrincipalTag/a": flag}}} for flag in ("true", "false")],
    ),
    "numbers split at a border": (
        {**ALL, "Condition": {"NumericLessThanEquals": {"s3:max-keys": "10"}}},
        [{**ALL, "Condition": {operator: {"s3:max-keys": 10}}} for operator in ("NumericLessThan", "NumericEquals")],
    ),
    "a boolean and its text": (
        {**ALL, "Condition": {"Null": {"s3:max-keys": "true"}}},
        {**ALL, "Condition": {"Null": {"s3:max-keys": True}}},
    ),
    "letter case of actions and keys": (
        READ,
        {
            **READ,
            "Action": ["S3:GETOBJECT", "s3:listbucket"],
            "Condition": {"StringEquals": {"AWS:principalorgid": "o-1"}},
        },
    ),
    "a statement that can't match": (
        READ,
        [READ, {**ALL, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "a", "aws:principalorgid": "b"}}}],
    ),
    "a session's role, written twice": (
        {**ALL, "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a*"}}},
        {**ALL, "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a*"}}},
    ),
    "the resource's account in its ARN": (
        {**ALL, "Resource": "arn:aws:dynamodb:*:111122223333:table/a"},
        {
            **ALL,
            "Resource": "arn:aws:dynamodb:*:111122223333:table/a",
            "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}},
        },
    ),
    "the same variable": (
        {**OBJECTS, "Resource": ["arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::x/*"]},
        [
            {**OBJECTS, "Resource": "arn:aws:s3:::home/${aws:username}/*"},
            {**OBJECTS, "Resource": "arn:aws:s3:::x/*"},
        ],
    ),
}


@pytest.mark.parametrize("name", EQUIVALENT)
def test_it_knows_the_same_policy_however_it_is_written(name: str) -> None:
    before, after = EQUIVALENT[name]
    found = change(before, after)
    assert found == Comparison("equivalent"), found
    assert change(after, before) == found


@pytest.mark.parametrize(
    "spelling",
    [
        '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
        '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}',
        '{"Statement":{"Sid":"","Effect":"Allow","Principal":{"AWS":["*"]},"Action":["*:*"],"Resource":["**"]}}',
        '{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"},'
        '{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}]}',
    ],
)
def test_all_spellings_of_full_access_are_the_same(spelling: str) -> None:
    assert compare(parse(FULL_ACCESS), parse(spelling)) == Comparison("equivalent")


# --- Wider, narrower, neither ---------------------------------------------------------------------------------------
def test_a_new_action_is_gained_and_named() -> None:
    found = change(READ, {**READ, "Action": [*READ["Action"], "s3:PutObject"]})
    assert found.relation == "wider"
    assert texts(found) == (
        ["Anyone may now use s3:PutObject on bucket payments and every object in bucket payments"
         " when aws:PrincipalOrgID is o-1."],
        [],
    )  # fmt: skip
    (region,) = found.gained
    assert region.witness.action == "s3:PutObject"
    assert region.witness.resource.startswith("arn:aws:s3:::payments/")
    assert region.witness.principal == "arn:aws:sts::111122223333:assumed-role/example-role/session"
    assert region.witness.context == {"aws:PrincipalOrgID": "o-1"}


def test_a_condition_added_is_lost_for_whom_it_keeps_out() -> None:
    found = change({**READ, "Condition": {}}, READ)
    assert found.relation == "narrower"
    assert texts(found)[1] == [
        "Anyone may no longer use s3:GetObject and s3:ListBucket on bucket payments and every object in bucket payments"
        " unless aws:PrincipalOrgID is o-1."
    ]
    assert found.lost[0].witness.context == {"aws:PrincipalOrgID": "o-exampleorgid"}


def test_an_exchange_is_both() -> None:
    found = change(OBJECTS, {**OBJECTS, "Action": "s3:PutObject"})
    assert found.relation == "incomparable"
    assert texts(found) == (
        ["Anyone may now use s3:PutObject on every object in bucket payments."],
        ["Anyone may no longer use s3:GetObject on every object in bucket payments."],
    )


def test_values_added_to_a_list_are_named_alone() -> None:
    after = {**OBJECTS, "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}}
    found = change({**OBJECTS, "Condition": ORG}, after)
    assert texts(found)[0] == [
        "Anyone may now use s3:GetObject on every object in bucket payments when aws:PrincipalOrgID is o-2."
    ]


def test_an_account_added_to_principal_is_named_alone() -> None:
    before = {**OBJECTS, "Principal": {"AWS": "111122223333"}}
    found = change(before, {**OBJECTS, "Principal": {"AWS": ["444455556666", "arn:aws:iam::111122223333:root"]}})
    assert texts(found)[0] == [
        "Anyone in account 444455556666 may now use s3:GetObject on every object in bucket payments."
    ]
    assert found.gained[0].witness.principal.startswith("arn:aws:sts::444455556666:")


def test_a_role_that_loses_its_account_is_seen_by_its_sessions() -> None:
    role = {**OBJECTS, "Principal": {"AWS": "arn:aws:iam::111122223333:role/app/reader"}}
    found = change({**OBJECTS, "Principal": {"AWS": "111122223333"}}, role)
    assert found.relation == "narrower"
    assert texts(found)[1] == [
        "Anyone in account 111122223333 except role app/reader of account 111122223333 may no longer use s3:GetObject"
        " on every object in bucket payments."
    ]


def test_wildcards_are_cut_by_what_was_there_before() -> None:
    found = change(OBJECTS, {**OBJECTS, "Action": "s3:Get*"})
    assert texts(found)[0] == ["Anyone may now use s3:Get* except s3:GetObject on every object in bucket payments."]
    assert found.gained[0].witness.action == "s3:GetObjectAcl"  # one that acts on objects


def test_a_region_that_no_action_acts_on_says_so() -> None:
    found = change(OBJECTS, {**OBJECTS, "Resource": [OBJECTS["Resource"], "arn:aws:s3:::payments"]})
    assert found.relation == "wider"
    assert texts(found)[0] == [
        "Anyone may now use s3:GetObject on bucket payments. As far as we know, no action acts on such a resource."
    ]


def test_a_deny_is_lost_and_its_exception_kept() -> None:
    perimeter = {
        **DENY,
        "Condition": {
            "StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-1"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    found = change(OBJECTS, [OBJECTS, perimeter])
    assert found.relation == "narrower"
    assert texts(found)[1] == [
        "Anyone may no longer use s3:GetObject on every object in bucket payments"
        " when aws:PrincipalIsAWSService is false or absent unless aws:ResourceOrgID is o-1."
    ]


def test_many_differences_are_some_sentences_and_a_count() -> None:
    many = [{**OBJECTS, "Resource": f"arn:aws:s3:::b{number}/*", "Action": f"s3:Get{number}"} for number in range(60)]
    found = change(OBJECTS, [OBJECTS, *many])
    assert found.relation == "wider"
    assert len(found.gained) == 20
    assert found.gained[-1].text == "41 more regions are gained, for example this one."


def test_a_list_too_long_to_read_is_counted() -> None:
    names = [f"arn:aws:s3:::b{number}/*" for number in range(30)]
    found = change(OBJECTS, [OBJECTS, {**OBJECTS, "Resource": names}])
    assert texts(found)[0] == [
        "Anyone may now use s3:GetObject on 30 resources, for example every object in bucket b0, every object in"
        " bucket b1 and every object in bucket b2."
    ]


def test_an_action_that_aws_lacks_says_so() -> None:
    found = change(OBJECTS, {**OBJECTS, "Action": ["s3:GetObject", "s3:GetObjet"]})
    assert texts(found)[0] == [
        "Anyone may now use s3:GetObjet on every object in bucket payments. As far as we know, AWS has no such action."
    ]


# --- Keys that hang together -----------------------------------------------------------------------------------------
def test_an_anonymous_caller_has_no_organization() -> None:
    named = {**DENY, "Condition": {"Null": {"aws:PrincipalArn": "true"}}}
    assert change({**ALL, "Condition": ORG}, [{**ALL, "Condition": ORG}, named]).relation == "equivalent"
    assert change(ALL, [ALL, named]).relation == "narrower"


def test_a_deny_with_not_principal_still_denies_whom_only_part_is_named() -> None:
    excepted = {"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}
    found = change([ALL, excepted], ALL)
    assert found.relation == "wider"
    everyone = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/a", "111122223333"]
    found = change([ALL, excepted], [ALL, {**excepted, "NotPrincipal": {"AWS": everyone}}])
    assert found.relation == "wider"
    assert "role/a" in found.gained[0].witness.principal


def test_the_resources_account_agrees_with_its_arn() -> None:
    found = change(ALL, {**ALL, "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}}})
    assert found.relation == "narrower"
    witness = found.lost[0].witness
    assert witness.resource_account not in (None, "111122223333")
    tables = {**ALL, "Resource": "arn:aws:dynamodb:*:*:table/a"}
    found = change(tables, {**tables, "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}}})
    assert found.lost[0].witness.resource.split(":")[4] == found.lost[0].witness.resource_account


def test_several_values_are_one_value_more() -> None:
    either = {**ALL, "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}}
    each = {**ALL, "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}}
    found = change(either, each)
    assert found.relation == "incomparable"
    lost = [region.witness.context["aws:TagKeys"] for region in found.lost]
    assert any(len(value) > 1 for value in lost), "one of the two, and another"


def test_a_number_is_more_than_its_spellings() -> None:
    number = {**ALL, "Condition": {"NumericEquals": {"s3:max-keys": "10"}}}
    texts_of_it = {**ALL, "Condition": {"StringEquals": {"s3:max-keys": ["10", "10.0"]}}}
    assert change(number, texts_of_it).relation == "narrower"
    instant = {**ALL, "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}}
    seconds = {**ALL, "Condition": {"DateLessThan": {"aws:CurrentTime": "1767225600"}}}
    assert change(instant, seconds).relation == "equivalent"


# --- Variables -------------------------------------------------------------------------------------------------------
def test_a_variable_in_place_of_a_wildcard_is_narrower() -> None:
    home = {**OBJECTS, "Resource": "arn:aws:s3:::home/${aws:username}/*"}
    found = change({**OBJECTS, "Resource": "arn:aws:s3:::home/*"}, home)
    assert found.relation == "narrower"
    assert found.lost[0].text.startswith("For example, when aws:username is example-user: ")


def test_a_variable_of_another_kind_is_both() -> None:
    home = {**OBJECTS, "Resource": "arn:aws:s3:::home/${aws:username}/*"}
    found = change(home, {**OBJECTS, "Resource": "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"})
    assert found.relation == "incomparable"


# --- What can't be said -----------------------------------------------------------------------------------------------
def test_what_is_too_much_is_undecided_in_words() -> None:
    wild = [{**ALL, "Resource": f"arn:aws:s3:::*-{number}-*"} for number in range(40)]
    found = compare(document(wild), document(wild[:-1]), limits=Limits(steps=2_000))
    assert found.relation == "undecided"
    assert found.reason == "The policies are too intricate to compare within the limits of time and memory."


@pytest.mark.parametrize("text", ["{}", '{"Statement":[]}', '{"Statement":[1,{}]}', '{"Statement":{"Effect":"Allow"}}'])
def test_what_is_no_policy_allows_nothing(text: str) -> None:
    assert compare(parse(text), parse("{}")).relation == "equivalent"
    assert compare(parse(FULL_ACCESS), parse(text)).relation == "narrower"


def test_an_element_that_cant_be_read_never_allows_and_always_denies() -> None:
    odd = {**ALL, "Condition": {"StringEqual": {"aws:PrincipalOrgID": "o-1"}}}
    assert change([ALL], [ALL, odd]).relation == "equivalent"
    assert change([ALL], [ALL, {**odd, "Effect": "Deny"}]).relation == "narrower"


def test_the_same_text_is_the_same_policy_even_where_comparing_would_be_too_much() -> None:
    wild = document([{**ALL, "Resource": f"arn:aws:s3:::*-{number}-*"} for number in range(40)])
    assert compare(wild, parse(wild.text), limits=Limits(steps=0)) == Comparison("equivalent")
