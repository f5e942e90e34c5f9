"""What simple engines get wrong about policies together. The numbers are those of the list of facts."""

from __future__ import annotations

import pytest

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

YES, NO = policy(allow()), policy(allow(Action="ec2:RunInstances"))
ALLOWED, STOPPED = "allowed", "implicit_deny"


def grants(*principals: object) -> object:
    """Return a bucket policy that allows everything to each of the principals."""
    return resource_policy(*(allow(Principal=one if one == "*" else {"AWS": one}) for one in principals))


@pytest.mark.parametrize("caller", [USER, SESSION])
@pytest.mark.parametrize(
    ("identity", "bucket", "within", "across"),
    [
        (YES, "itself", ALLOWED, ALLOWED),
        (YES, "nobody", ALLOWED, STOPPED),
        (NO, "itself", ALLOWED, STOPPED),
        (NO, "nobody", STOPPED, STOPPED),
    ],
)
def test_39_one_side_in_an_account_and_both_across(
    caller: str, identity: object, bucket: str, within: str, across: str
) -> None:
    policies = {
        "identity_policies": [identity],
        "resource_policy": grants(caller if bucket == "itself" else f"arn:aws:iam::{OTHER}:user/else"),
    }
    assert decided(request(caller), **policies)[0] == within
    assert decided(request(caller, account=OTHER), **policies)[0] == across


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234"


@pytest.mark.parametrize(("action", "resource"), [("kms:Decrypt", KEY), ("sts:AssumeRole", f"{ROLE}-2")])
def test_39_keys_and_roles_always_need_their_own_policy(action: str, resource: str) -> None:
    asked = request(action=action, resource=resource, account=None)
    for side in (None, grants(f"arn:aws:iam::{OTHER}:user/else")):
        assert decided(asked, identity_policies=[YES], resource_policy=side) == (STOPPED, "resource")
    assert decided(asked, identity_policies=[NO], resource_policy=grants(USER)) == (ALLOWED, "resource")
    assert decided(asked, identity_policies=[YES], resource_policy=grants(ACCOUNT)) == (ALLOWED, "identity")
    assert decided(asked, identity_policies=[NO], resource_policy=grants(ACCOUNT)) == (STOPPED, "identity")


def test_39_a_grant_to_the_account_leaves_it_to_the_identity() -> None:
    for account in (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"):
        assert decided(request(), identity_policies=[NO], resource_policy=grants(account)) == (STOPPED, "identity")
        assert decided(request(), identity_policies=[YES], resource_policy=grants(account)) == (ALLOWED, "identity")
        assert decided(request(), resource_policy=grants(account)) == (ALLOWED, "resource")


def test_39_a_trust_policy_has_no_resource() -> None:
    trust = resource_policy(allow(Resource=None, Action="sts:AssumeRole", Principal={"AWS": USER}))
    assert decided(request(action="sts:AssumeRole", resource=ROLE), resource_policy=trust) == (ALLOWED, "resource")


@pytest.mark.parametrize("limit", ["permissions_boundaries", "session_policies"])
def test_40_what_a_resource_grants_to_a_user_or_a_session_escapes_implicit_denies(limit: str) -> None:
    kind = {"permissions_boundaries": "permissions_boundary", "session_policies": "session"}[limit]
    for caller, named in ((USER, USER), (SESSION, SESSION), (SESSION, "*"), (USER, "*")):
        policies = {"identity_policies": [], "resource_policy": grants(named), limit: [NO]}
        assert decided(request(caller), **policies) == (ALLOWED, "resource"), named
    for caller, named in ((SESSION, ROLE), (ROLE, ROLE)):
        policies = {"identity_policies": [YES], "resource_policy": grants(named), limit: [NO]}
        assert decided(request(caller), **policies) == (STOPPED, kind), named
    for caller, named in ((USER, ACCOUNT), (SESSION, ACCOUNT)):
        policies = {"identity_policies": [YES], "resource_policy": grants(named), limit: [NO]}
        assert decided(request(caller), **policies) == (STOPPED, kind), named


@pytest.mark.parametrize("limit", ["permissions_boundaries", "session_policies"])
def test_40_no_grant_escapes_an_explicit_deny(limit: str) -> None:
    policies = {"resource_policy": grants(USER), limit: [policy(allow(), deny())]}
    assert decided(request(), **policies)[0] == "explicit_deny"


def test_40_across_accounts_nothing_escapes() -> None:
    policies = {"identity_policies": [YES], "resource_policy": grants(SESSION), "session_policies": [NO]}
    assert decided(request(SESSION, account=OTHER), **policies) == (STOPPED, "session")


def test_41_an_anonymous_caller_needs_the_bucket_policy_and_passes_no_service_control_policy() -> None:
    asked = request("*")
    closed = {"service_control_policies": [[NO]], "identity_policies": [NO], "permissions_boundaries": [NO]}
    assert decided(asked, resource_policy=grants("*"), **closed) == (ALLOWED, "resource")
    assert decided(asked, resource_policy=grants(USER), **closed) == (STOPPED, "resource")
    assert decided(asked, identity_policies=[YES]) == (STOPPED, "resource")
    assert decided(asked, identity_policies=[YES], endpoint_policies=[YES]) == (STOPPED, "resource")
    assert decided(asked, resource_policy=grants("*"), resource_control_policies=[[NO]]) == (
        STOPPED,
        "resource_control",
    )
    # The keys of the principal are absent.
    signed = resource_policy(allow(Condition={"Null": {"aws:PrincipalArn": "false", "aws:PrincipalAccount": "false"}}))
    assert decided(asked, resource_policy=signed) == (STOPPED, "resource")
    assert decided(request(), resource_policy=signed) == (ALLOWED, "resource")


def test_42_an_endpoint_policy_must_allow_besides_the_others_and_grants_nothing() -> None:
    assert decided(request(), endpoint_policies=[YES]) == (ALLOWED, "endpoint")
    assert decided(request(), endpoint_policies=[YES], identity_policies=[NO]) == (STOPPED, "identity")
    assert decided(request(), endpoint_policies=[YES], identity_policies=[]) == (STOPPED, "identity")
    assert decided(request(), endpoint_policies=[YES], resource_policy=grants(SESSION)) == (STOPPED, "resource")
    for others in ({"identity_policies": [YES]}, {"resource_policy": grants("*")}, {"resource_policy": grants(USER)}):
        assert decided(request(), endpoint_policies=[NO], **others) == (STOPPED, "endpoint")
        assert decided(request(), endpoint_policies=[YES], **others)[0] == ALLOWED
        assert decided(request(), endpoint_policies=[policy(deny())], **others) == ("explicit_deny", "endpoint")
