"""The kinds of policy together: what takes part, what decides, and what is said about it."""

from __future__ import annotations

import pytest

from endpoints.policy.evaluate import Chain, DecidedBy, Decision, evaluate
from tests.unit.policy.asking import (
    ACCOUNT,
    OTHER,
    ROLE,
    SESSION,
    USER,
    allow,
    decided,
    deny,
    policy,
    request,
    resource_policy,
)

YES, NO, NEVER = policy(allow()), policy(allow(Action="ec2:RunInstances")), policy(deny())
KINDS = {
    "endpoint_policies": "endpoint",
    "identity_policies": "identity",
    "permissions_boundaries": "permissions_boundary",
    "session_policies": "session",
}


def explained(asked: object, **kinds: object) -> Decision:
    return evaluate(asked, Chain(**kinds), explain=True)  # type: ignore[arg-type]


def test_without_any_policy_nothing_is_allowed() -> None:
    found = explained(request())
    assert (found.decision, found.decided_by, found.steps) == ("implicit_deny", None, ())


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_alone_decides_and_one_that_is_missing_takes_no_part(name: str) -> None:
    assert decided(request(), **{name: [YES]}) == ("allowed", KINDS[name])
    assert decided(request(), **{name: [NO]}) == ("implicit_deny", KINDS[name])
    assert decided(request(), **{name: [NEVER]}) == ("explicit_deny", KINDS[name])
    assert decided(request(), **{name: []}) == ("implicit_deny", KINDS[name])
    assert decided(request(), **{name: None}) == ("implicit_deny", None)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_can_stop_what_all_others_allow(name: str) -> None:
    everything = {**{kind: [YES] for kind in KINDS}, "resource_policy": resource_policy(allow(Principal={"AWS": ROLE}))}
    assert decided(request(), **everything)[0] == "allowed"
    assert decided(request(), **{**everything, name: [NO]}) == ("implicit_deny", KINDS[name])
    assert decided(request(), **{**everything, name: [YES, NEVER]}) == ("explicit_deny", KINDS[name])


def test_the_statements_of_one_kind_count_together() -> None:
    found = explained(request(), endpoint_policies=[NO, policy(allow(Action="s3:*", Sid="Ours"))])
    assert found.decided_by == DecidedBy("endpoint", 1, 0, "Ours")
    denied = explained(request(), endpoint_policies=[YES, policy(allow(), deny(Sid="No"))])
    assert denied.decided_by == DecidedBy("endpoint", 1, 1, "No")


@pytest.mark.parametrize("kind", ["service_control", "resource_control"])
def test_every_level_of_control_policies_must_allow(kind: str) -> None:
    name = f"{kind}_policies"
    assert decided(request(), **{name: [[YES], [NO, YES]]}) == ("allowed", kind)
    assert explained(request(), **{name: [[YES], [NO]]}).decided_by == DecidedBy(kind, level=1)  # type: ignore[arg-type]
    assert explained(request(), **{name: [[YES], []]}).decided_by == DecidedBy(kind, level=1)  # type: ignore[arg-type]
    assert decided(request(), **{name: []}) == ("implicit_deny", kind)
    found = explained(request(), **{name: [[YES], [YES, NEVER]]})
    assert found.decided_by == DecidedBy(kind, 1, 0, None, 1)  # type: ignore[arg-type]


def test_control_policies_grant_nothing() -> None:
    assert decided(request(), service_control_policies=[[YES]], identity_policies=[NO]) == ("implicit_deny", "identity")


def test_service_linked_roles_pass_no_control_policy() -> None:
    limits = {"service_control_policies": [[NO]], "resource_control_policies": [[NEVER]], "identity_policies": [YES]}
    by_path = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    in_session = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForECS/s"
    for caller in (by_path, in_session):
        assert decided(request(caller), **limits) == ("allowed", "identity")
    known = request(in_session, aws__PrincipalArn=f"arn:aws:iam::{ACCOUNT}:role/mine/AWSServiceRoleForECS")
    assert decided(known, **limits)[0] == "explicit_deny"


def test_services_pass_no_policy_of_identities() -> None:
    bucket = resource_policy(allow(Principal={"Service": "logs.amazonaws.com"}))
    closed = {"service_control_policies": [[NEVER]], "identity_policies": [NEVER], "resource_policy": bucket}
    assert decided(request("logs.amazonaws.com"), **closed) == ("allowed", "resource")
    assert decided(request("sns.amazonaws.com"), **closed) == ("implicit_deny", "resource")
    assert decided(request("sns.amazonaws.com"), identity_policies=[YES]) == ("implicit_deny", "resource")


def test_other_principals_are_named_by_their_own_words() -> None:
    saml = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
    for caller, principal in (
        (saml, {"Federated": saml}),
        ("accounts.google.com", {"Federated": "accounts.google.com"}),
        ("79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be", None),
    ):
        named = resource_policy(allow(Principal=principal or {"CanonicalUser": caller}))
        assert decided(request(caller), resource_policy=named) == ("allowed", "resource")
        assert decided(request(caller + "x"), resource_policy=named) == ("implicit_deny", "resource")


def test_an_allow_with_not_principal_speaks_to_everybody_else() -> None:
    made = resource_policy(allow(NotPrincipal={"AWS": ROLE}))
    assert decided(request(USER), resource_policy=made)[0] == "allowed"
    assert decided(request(SESSION), resource_policy=made)[0] == "implicit_deny"


def test_a_federated_user_is_itself_and_its_account() -> None:
    eve = f"arn:aws:sts::{ACCOUNT}:federated-user/eve"
    for named in (eve, ACCOUNT):
        made = resource_policy(allow(Principal={"AWS": named}))
        assert decided(request(eve), resource_policy=made) == ("allowed", "resource")
        assert decided(request(eve + "2"), resource_policy=made)[0] == (
            "allowed" if named == ACCOUNT else "implicit_deny"
        )


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_other_partitions(partition: str) -> None:
    session, role = (one.replace("arn:aws:", f"arn:{partition}:") for one in (SESSION, ROLE))
    made = resource_policy(allow(Principal={"AWS": role}, Resource=f"arn:{partition}:s3:::bucket/*"))
    asked = request(session, resource=f"arn:{partition}:s3:::bucket/k")
    assert decided(asked, resource_policy=made, identity_policies=[NO]) == ("allowed", "resource")
    assert (
        decided(request(SESSION, resource=f"arn:{partition}:s3:::bucket/k"), resource_policy=made)[0] == "implicit_deny"
    )


def test_a_resource_without_account_is_taken_to_be_the_callers_and_the_reason_says_so() -> None:
    asked = request(account=None)
    assert decided(asked, identity_policies=[YES], resource_policy=resource_policy()) == ("allowed", "identity")
    assert "taken to be the caller's" in explained(asked, identity_policies=[YES]).reason
    assert "taken to be" not in explained(request(), identity_policies=[YES]).reason
    assert "taken to be" not in explained(asked, endpoint_policies=[YES]).reason


def test_across_accounts_a_policy_that_was_not_given_takes_no_part_and_the_reason_says_so() -> None:
    asked = request(account=OTHER)
    found = explained(asked, identity_policies=[YES])
    assert found.decision == "allowed"
    assert "in another account" in found.reason
    bucket = resource_policy(allow(Principal={"AWS": ACCOUNT}))
    assert decided(asked, resource_policy=bucket) == ("allowed", "resource")


def test_reasons_are_sentences_that_name_what_decided() -> None:
    made = policy(
        allow(Sid="Ours", Action="s3:*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        deny(Sid="Locked", Resource="arn:aws:s3:::locked/*"),
    )
    chain = Chain(endpoint_policies=[made])
    asked = request(aws__PrincipalOrgID="o-1")
    assert evaluate(asked, chain).reason == (
        f'Statement 1 ("Ours") of the endpoint policy allows s3:GetObject on arn:aws:s3:::bucket/key to {USER}.'
    )
    locked = request(resource="arn:aws:s3:::locked/x", aws__PrincipalOrgID="o-1")
    assert evaluate(locked, chain).reason == (
        f'Statement 2 ("Locked") of the endpoint policy denies s3:GetObject on arn:aws:s3:::locked/x to {USER}.'
    )
    stranger = request("*")
    assert evaluate(stranger, chain).reason == (
        "No statement of the endpoint policy allows s3:GetObject on arn:aws:s3:::bucket/key to an anonymous caller."
    )
    assert evaluate(stranger, chain, explain=True).reason.endswith(
        'Statement 1 ("Ours") comes nearest and fails at its Condition: '
        "StringEquals on aws:PrincipalOrgID: the request has no such key."
    )


def test_explaining_changes_no_answer_and_says_what_each_policy_says() -> None:
    kinds = {"endpoint_policies": [YES, NO], "identity_policies": [NEVER], "service_control_policies": [[YES]]}
    plain, full = evaluate(request(), Chain(**kinds)), explained(request(), **kinds)
    assert (plain.decision, plain.decided_by, plain.reason) == (full.decision, full.decided_by, full.reason)
    assert plain.steps == ()
    assert [(step.policy, step.index, step.level, step.outcome.effect) for step in full.steps] == [
        ("service_control", 0, 0, "Allow"),
        ("endpoint", 0, None, "Allow"),
        ("endpoint", 1, None, None),
        ("identity", 0, None, "Deny"),
    ]
    anonymous = explained(request("*"), **kinds)
    assert [step.takes_part for step in anonymous.steps] == [False, True, True, False]
