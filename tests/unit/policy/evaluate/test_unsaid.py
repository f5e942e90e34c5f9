"""Which condition keys would have to be said for an answer to hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from endpoints.policy.document import parse
from endpoints.policy.evaluate import Request, compile_policy, deciding_keys

REQUEST = Request("arn:aws:iam::111122223333:role/app", "s3:GetObject", "arn:aws:s3:::reports/a")


def statement(effect: str = "Allow", *, action: str = "s3:*", **condition: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect, "Principal": "*", "Action": action, "Resource": "*"}
    return found | ({"Condition": condition} if condition else {})


ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
NOT_ORG = {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}
VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


@pytest.mark.parametrize(
    ("statements", "keys"),
    [
        ([statement()], ()),
        ([statement(**ORG)], ("aws:PrincipalOrgID",)),
        ([statement(**ORG, StringLike={"aws:SourceVpc": "vpc-*"})], ("aws:PrincipalOrgID", "aws:SourceVpc")),
        # Another statement allows it, or none can.
        ([statement(**ORG), statement()], ()),
        ([statement(action="sqs:*", **ORG)], ()),
        # What a key that is said rules out stays out.
        ([statement(StringEquals={"aws:PrincipalOrgID": "o-1", "aws:PrincipalAccount": "999999999999"})], ()),
        # A Deny that may match makes an Allow unsure, and nothing else.
        ([statement(), statement("Deny", **NOT_ORG)], ("aws:PrincipalOrgID",)),
        ([statement(**VPC), statement("Deny", **NOT_ORG)], ("aws:SourceVpc", "aws:PrincipalOrgID")),
        ([statement("Deny", **NOT_ORG)], ()),
        ([statement(), statement("Deny", action="s3:Put*", **NOT_ORG)], ()),
        ([statement(**ORG), statement("Deny")], ()),
    ],
)
def test_the_keys_that_would_change_it_are_named(statements: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    policy = compile_policy(parse(json.dumps({"Version": "2012-10-17", "Statement": statements})))
    assert deciding_keys(policy, REQUEST) == keys


@pytest.mark.parametrize(
    ("element", "keys"),
    [
        ({"Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"}, ("aws:principaltag/team",)),
        ({"Resource": ["arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::reports/*"]}, ()),
        ({"Resource": "arn:aws:s3:::${aws:PrincipalAccount}/*"}, ()),
        ({"NotResource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"}, ("aws:principaltag/team",)),
        ({"NotResource": ["arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::reports/*"]}, ()),
        ({"NotResource": "arn:aws:s3:::other/*"}, ()),
    ],
)
def test_a_variable_without_a_value_may_have_one(element: dict[str, Any], keys: tuple[str, ...]) -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"} | element
    policy = compile_policy(parse(json.dumps({"Version": "2012-10-17", "Statement": allow})))
    assert deciding_keys(policy, REQUEST) == keys


def test_what_a_request_surely_lacks_is_not_asked_for() -> None:
    policy = compile_policy(parse(json.dumps({"Statement": [statement(IpAddress={"aws:SourceIp": "10.0.0.0/8"})]})))
    assert deciding_keys(policy, REQUEST) == ("aws:SourceIp",)
    assert deciding_keys(policy, REQUEST, absent={"aws:sourceip"}) == ()
