"""Who calls, in all forms of ARNs, and which keys follow from a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.policy.evaluate.request import Request, account_of, caller_of

A = "111122223333"


@pytest.mark.parametrize(
    ("principal", "kind", "account", "name", "arn"),
    [
        ("*", "anonymous", "", "", ""),
        (A, "root", A, "", f"arn:aws:iam::{A}:root"),
        (f"arn:aws-cn:iam::{A}:root", "root", A, "", f"arn:aws-cn:iam::{A}:root"),
        (f"arn:aws:iam::{A}:user/team/bob", "user", A, "bob", f"arn:aws:iam::{A}:user/team/bob"),
        (f"arn:aws:iam::{A}:role/team/app", "role", A, "app", f"arn:aws:iam::{A}:role/team/app"),
        (f"arn:aws-us-gov:sts::{A}:assumed-role/app/s", "session", A, "app", f"arn:aws-us-gov:iam::{A}:role/app"),
        (f"arn:aws:sts::{A}:federated-user/eve", "federated", A, "eve", f"arn:aws:sts::{A}:federated-user/eve"),
        ("s3.amazonaws.com", "service", "", "", ""),
        ("ec2.amazonaws.com.cn", "service", "", "", ""),
        (f"arn:aws:iam::{A}:saml-provider/x", "other", A, "", ""),
        (f"arn:aws:s3::{A}:user/x", "other", "", "", ""),
        (f"arn:aws:sts::{A}:assumed-role/app", "other", A, "", ""),
        ("nobody", "other", "", "", ""),
        ("", "other", "", "", ""),
    ],
)
def test_a_caller_is_taken_apart(principal: str, kind: str, account: str, name: str, arn: str) -> None:
    caller = caller_of(principal)
    assert (caller.kind, caller.account, caller.name, caller.arn) == (kind, account, name, arn)


@given(st.text(alphabet="arn:wsiumdole/t1*", max_size=60), st.text(max_size=20))
def test_any_text_is_some_caller(principal: str, arn: str) -> None:
    assert caller_of(principal, arn).text == principal
    assert isinstance(account_of(principal), str)


def test_keys_follow_from_a_user() -> None:
    context = Request(f"arn:aws:iam::{A}:user/x/bob", "s3:GetObject", "arn:aws:s3:::b/k", "444455556666").facts.context
    assert context == {
        "aws:principalarn": f"arn:aws:iam::{A}:user/x/bob",
        "aws:principalaccount": A,
        "aws:principaltype": "User",
        "aws:principalisawsservice": "false",
        "aws:username": "bob",
        "aws:resourceaccount": "444455556666",
    }


def test_keys_follow_from_a_session_and_from_the_resources_arn() -> None:
    asked = Request(f"arn:aws:sts::{A}:assumed-role/app/s", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:q")
    assert asked.facts.context == {
        "aws:principalarn": f"arn:aws:iam::{A}:role/app",
        "aws:principalaccount": A,
        "aws:principaltype": "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:resourceaccount": "444455556666",
    }


def test_keys_that_the_context_names_stay() -> None:
    given_keys = {"AWS:PrincipalType": "Else", "aws:principalARN": f"arn:aws:iam::{A}:role/path/app"}
    facts = Request(f"arn:aws:sts::{A}:assumed-role/app/s", "s3:GetObject", "*", None, given_keys).facts
    assert facts.context["aws:principaltype"] == "Else"
    assert facts.context["aws:principalarn"] == f"arn:aws:iam::{A}:role/path/app"
    assert facts.caller.role_arn == f"arn:aws:iam::{A}:role/path/app"


def test_another_roles_arn_in_the_context_makes_no_other_caller() -> None:
    told = {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/admin"}
    caller = Request(f"arn:aws:sts::{A}:assumed-role/app/s", "s3:GetObject", "*", None, told).facts.caller
    assert caller.role_arn == f"arn:aws:iam::{A}:role/app"


def test_an_anonymous_caller_has_one_key_and_a_service_its_own() -> None:
    assert Request("*", "s3:GetObject", "arn:aws:s3:::b/k").facts.context == {"aws:principalaccount": "anonymous"}
    assert Request("logs.amazonaws.com", "s3:GetObject", "arn:aws:s3:::b/k").facts.context == {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": "logs.amazonaws.com",
    }


@pytest.mark.parametrize(
    ("principal", "says"),
    [
        (f"arn:aws:iam::{A}:root", "false"),
        (f"arn:aws:sts::{A}:federated-user/eve", "false"),
        ("s3.amazonaws.com", "true"),
        ("*", None),
        (f"arn:aws:iam::{A}:oidc-provider/x", None),
    ],
)
def test_every_signed_request_says_whether_a_service_makes_it(principal: str, says: str | None) -> None:
    assert Request(principal, "s3:GetObject", "*").facts.context.get("aws:principalisawsservice") == says


def test_the_resources_account_is_said_or_in_its_arn_or_the_callers() -> None:
    user = f"arn:aws:iam::{A}:user/bob"
    said = Request(user, "s3:GetObject", "arn:aws:s3:::b/k", "444455556666").facts
    assert (said.resource_account, said.account_assumed) == ("444455556666", False)
    taken = Request(user, "s3:GetObject", "arn:aws:s3:::b/k").facts
    assert (taken.resource_account, taken.account_assumed) == (A, True)
    assert "aws:resourceaccount" not in taken.context


def test_values_of_json_mean_their_text_and_nothing_means_absent() -> None:
    odd = {"a": True, "b": 5, "c": [1, False], "d": None, "e": [], "f": 1.5}
    context = Request("nobody", "s3:GetObject", "*", None, odd).facts.context  # type: ignore[arg-type]
    assert context == {"a": "true", "b": "5", "c": ("1", "false"), "f": "1.5"}
