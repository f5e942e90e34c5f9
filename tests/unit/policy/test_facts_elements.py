"""What simple engines get wrong about a statement's elements. The numbers are those of the list of facts."""

from __future__ import annotations

import json

import pytest

from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.evaluate import Chain, Request, compile_policy, evaluate
from tests.unit.policy.asking import (
    ACCOUNT,
    OBJECT,
    OTHER,
    ROLE,
    SESSION,
    USER,
    allow,
    deny,
    effect,
    policy,
    request,
    rules,
    text,
)

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def speaks_to(principal: object, caller: str, **more: object) -> bool:
    return effect(policy(allow(Principal=principal)), request(caller, **more)) == "Allow"  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["s3:GetObject", "S3:getobject", "s3:GETOBJECT", "S3:G*t", "s3:getobjec?"])
def test_28_actions_ignore_letter_case(written: str) -> None:
    for asked in ("s3:GetObject", "S3:getOBJECT"):
        assert effect(policy(allow(Action=written)), request(action=asked)) == "Allow"
        assert effect(policy(allow(NotAction=[written])), request(action=asked)) is None


@pytest.mark.parametrize("wrong", ["allow", "ALLOW", "Permit", ["Allow"], True])
def test_29_effect_minds_letter_case(wrong: object) -> None:
    assert effect(policy({**allow(), "Effect": wrong}), request()) is None
    assert "effect-unknown" in rules(text({**allow(), "Effect": wrong}))


def test_29_a_misspelt_deny_does_nothing() -> None:
    assert effect(policy(allow(), {**deny(), "Effect": "deny"}), request()) == "Allow"


@pytest.mark.parametrize("key", ["a", "a/b", "a/b/c", "a\nb", "", "a:b"])
def test_30_a_star_in_resources_crosses_slashes_and_line_breaks(key: str) -> None:
    made = policy(allow(Resource="arn:aws:s3:::bucket/*"))
    assert effect(made, request(resource="arn:aws:s3:::bucket/" + key)) == "Allow"
    assert effect(made, request(resource="arn:aws:s3:::buckets/" + key)) is None
    middle = policy(allow(Resource="arn:aws:s3:::bucket/*/z?"))
    assert effect(middle, request(resource=f"arn:aws:s3:::bucket/{key}/z\n")) == "Allow"


def test_31_a_star_at_the_end_of_a_field_crosses_colons() -> None:
    function = "arn:aws:lambda:eu-west-1:111122223333:function:name:version"
    for pattern in (
        "arn:aws:lambda:*",
        "arn:aws:lambda:eu-west-1:*",
        "arn:aws:lambda:*:function:name:*",
        "arn:aws:lambda",
    ):
        assert effect(policy(allow(Resource=pattern)), request(resource=function)) == "Allow", pattern
    assert effect(policy(allow(Resource="arn:aws:sqs:*")), request(resource=function)) is None


@pytest.mark.parametrize("pattern", ["arn:aws:*:::bucket/key", "arn:aws:s?:::bucket/key", "arn:aws:*", "arn:*"])
def test_31_no_wildcard_stands_for_the_service(pattern: str) -> None:
    assert effect(policy(allow(Resource=pattern)), request()) is None
    assert {"resource-service", "resource-form"} & rules(text(allow(Resource=pattern)))


def test_32_not_action_and_not_resource_with_allow_reach_everything_else() -> None:
    made = policy(allow(NotAction="s3:*"))
    assert effect(made, request(action="s3:GetObject")) is None
    assert effect(made, request(action="iam:CreateUser")) == "Allow"
    made = policy(allow(NotResource="arn:aws:s3:::secret/*"))
    assert effect(made, request(resource="arn:aws:s3:::secret/x")) is None
    assert effect(made, request(resource="arn:aws:dynamodb:eu-west-1:111122223333:table/t")) == "Allow"
    assert "allow-not" in rules(text(allow(NotAction="s3:*")))


@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_33_a_star_is_everyone_however_it_is_written(everyone: object) -> None:
    for caller in (USER, SESSION, ROOT, "*", "s3.amazonaws.com"):
        assert speaks_to(everyone, caller)


@pytest.mark.parametrize(
    "partly", [f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:role/ap?", "1111*", "arn:aws:iam::*:root"]
)
def test_33_a_wildcard_is_no_part_of_a_principal(partly: str) -> None:
    assert not speaks_to({"AWS": partly}, USER)
    assert not speaks_to({"AWS": partly}, SESSION)
    assert speaks_to({"AWS": [partly, USER]}, USER)
    assert "principal-wildcard" in rules(text(allow(Principal={"AWS": partly})))


@pytest.mark.parametrize("account", [ACCOUNT, ROOT])
def test_34_the_account_and_its_root_mean_the_whole_account(account: str) -> None:
    federated = f"arn:aws:sts::{ACCOUNT}:federated-user/eve"
    for caller in (USER, ROLE, SESSION, ROOT, ACCOUNT, federated):
        assert speaks_to({"AWS": account}, caller)
    for caller in (USER.replace(ACCOUNT, OTHER), "*", "s3.amazonaws.com"):
        assert not speaks_to({"AWS": account}, caller)
    assert not speaks_to({"AWS": ROOT}, USER.replace("arn:aws:", "arn:aws-cn:"))


def test_35_aws_principal_arn_is_the_role_of_a_session() -> None:
    made = policy(allow(Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}))
    assert effect(made, request(SESSION)) == "Allow"
    assert effect(made, request(ROLE)) == "Allow"
    assert effect(made, request(SESSION.replace("/app/", "/other/"))) is None
    of_session = policy(allow(Condition={"ArnEquals": {"aws:PrincipalArn": SESSION}}))
    assert effect(of_session, request(SESSION)) is None


def test_35_a_role_is_named_by_its_arn_and_speaks_for_its_sessions() -> None:
    assert speaks_to({"AWS": ROLE}, SESSION)
    assert speaks_to({"AWS": SESSION}, SESSION)
    assert not speaks_to({"AWS": SESSION}, SESSION + "2")
    assert not speaks_to({"AWS": SESSION}, ROLE)
    with_path = f"arn:aws:iam::{ACCOUNT}:role/team/app"
    assert speaks_to({"AWS": with_path}, SESSION)
    assert speaks_to({"AWS": with_path}, SESSION, aws__PrincipalArn=with_path)
    assert not speaks_to({"AWS": with_path}, SESSION, aws__PrincipalArn=ROLE)


def test_36_not_principal_with_deny_must_name_account_role_and_session() -> None:
    everything = [ACCOUNT, ROLE, SESSION]
    assert effect(policy(allow(), deny(NotPrincipal={"AWS": everything})), request(SESSION)) == "Allow"
    for missing in everything:
        named = [one for one in everything if one != missing]
        assert effect(policy(allow(), deny(NotPrincipal={"AWS": named})), request(SESSION)) == "Deny", missing
    assert effect(policy(allow(), deny(NotPrincipal={"AWS": [ROOT, USER]})), request(USER)) == "Allow"
    assert effect(policy(allow(), deny(NotPrincipal={"AWS": [USER]})), request(USER)) == "Deny"
    assert effect(policy(allow(), deny(NotPrincipal={"AWS": everything})), request("*")) == "Deny"
    assert "deny-not-principal" in rules(text(deny(NotPrincipal={"AWS": everything})))


def test_37_not_principal_with_deny_always_denies_who_has_a_permissions_boundary() -> None:
    made = policy(allow(), deny(NotPrincipal={"AWS": [ACCOUNT, USER]}))
    asked = request(USER)
    assert evaluate(asked, Chain(endpoint_policies=[made])).decision == "allowed"
    bounded = Chain(endpoint_policies=[made], permissions_boundaries=[policy(allow())])
    found = evaluate(asked, bounded)
    assert found.decision == "explicit_deny"
    assert found.decided_by is not None
    assert (found.decided_by.policy, found.decided_by.statement) == ("endpoint", 1)


def test_38_duplicate_keys_are_refused() -> None:
    twice = '{"Statement":[{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
    assert json.loads(twice)["Statement"][0]["Effect"] == "Allow"  # what Python's reader would make of it
    with pytest.raises(PolicySyntaxError) as caught:
        parse(twice)
    assert [found.rule for found in caught.value.findings] == ["json-duplicate-key"]


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("[" * 20_480, "json-depth"),
        ('{"a":' * 4_096, "json-depth"),
        ('{"Statement": NaN}', "json-word"),
        ('{"Statement": "\\u0000"}', "json-nul"),
        ('{"Statement": "\\ud800"}', "json-surrogate"),
        ('{"Statement": "' + "a" * 20_480 + '"}', "policy-too-long"),
    ],
)
def test_43_hostile_texts_are_refused_with_a_reason(written: str, rule: str) -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        parse(written)
    assert rule in {found.rule for found in caught.value.findings}


def test_43_a_document_keeps_its_authors_text() -> None:
    written = ' {"Statement" : [ ] , "Id":"x"}'
    document = parse(written)
    assert isinstance(document, PolicyDocument)
    assert document.text == written
    assert compile_policy(document).decide(Request(USER, "s3:GetObject", OBJECT)).effect is None
