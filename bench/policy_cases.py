"""Endpoint policies as teams have them, and requests that pass them. Not a bench itself."""

from __future__ import annotations

import json
from typing import Any

from endpoints.policy.evaluate import Request

OURS, THEIRS = ("111122223333", "222233334444", "333344445555"), "999900001111"
ORGANISATION = "o-a1b2c3d4e5"
POLICIES, REQUESTS = 20, 100


def policies() -> list[str]:
    """Return the texts of 20 policies."""
    return [json.dumps({"Version": "2012-10-17", "Statement": _statements(number)}) for number in range(POLICIES)]


def requests() -> list[Request]:
    """Return 100 requests: users, sessions and strangers, on several services, inside and outside the organisation."""
    return [_request(number) for number in range(REQUESTS)]


def _statements(number: int) -> list[dict[str, Any]]:
    team = f"team-{number}"
    kinds = (
        [_ours(team), _perimeter()],
        [_bucket(team), _layers()],
        [_allow("*", "*")],
        [_allow(["s3:Get*", "s3:List*"], "*"), _tagged(team)],
        [_home(), _bucket(team), _perimeter()],
    )
    return kinds[number % len(kinds)]


def _allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources, **more}


def _ours(team: str) -> dict[str, Any]:
    condition = {"StringEquals": {"aws:PrincipalOrgID": ORGANISATION, "aws:ResourceAccount": list(OURS)}}
    return _allow("*", "*", Sid="Ours", Condition=condition)


def _perimeter() -> dict[str, Any]:
    condition = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANISATION},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    return {**_allow("*", "*", Sid="Perimeter", Condition=condition), "Effect": "Deny"}


def _bucket(team: str) -> dict[str, Any]:
    people = {"AWS": [OURS[0], f"arn:aws:iam::{OURS[1]}:role/app-1"]}
    resources = [f"arn:aws:s3:::{team}", f"arn:aws:s3:::{team}/*", "arn:aws:s3:::shared/*/public-?/*"]
    return {**_allow(["s3:GetObject", "s3:PutObject*", "s3:ListBucket"], resources, Sid="Bucket"), "Principal": people}


def _layers() -> dict[str, Any]:
    return _allow("s3:GetObject", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", Sid="Layers")


def _tagged(team: str) -> dict[str, Any]:
    condition = {
        "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::*:role/{team}-*", "arn:aws:iam::*:role/app-*"]},
        "IpAddress": {"aws:VpcSourceIp": ["10.0.0.0/8", "192.168.0.0/16"]},
    }
    return _allow(["dynamodb:*", "sqs:Send*"], "*", Sid="Tagged", Condition=condition)


def _home() -> dict[str, Any]:
    return _allow("s3:*Object", "arn:aws:s3:::homes/${aws:username}/*", Sid="Home")


def _request(number: int) -> Request:
    account = OURS[number % 3] if number % 9 else THEIRS
    name = f"app-{number % 4}"
    callers = (f"arn:aws:sts::{account}:assumed-role/{name}/i-{number}", f"arn:aws:iam::{account}:user/{name}")
    asked = (
        ("s3:GetObject", f"arn:aws:s3:::team-{number % POLICIES}/data/{number}.json"),
        ("s3:PutObject", f"arn:aws:s3:::homes/{name}/{number}"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{account}:table/orders"),
        ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{account}:queue"),
        ("s3:GetObject", "arn:aws:s3:::shared/a/b/public-1/x"),
    )
    action, resource = asked[number % len(asked)]
    context = {
        "aws:PrincipalOrgID": ORGANISATION if account != THEIRS else "o-zzzzzzzzzz",
        "aws:PrincipalArn": f"arn:aws:iam::{account}:role/{name}" if number % 2 == 0 else callers[1],
        "aws:PrincipalAccount": account,
        "aws:ResourceAccount": account,
        "aws:VpcSourceIp": f"10.{number}.0.7" if number % 5 else "172.16.0.1",
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "false",
        **({"aws:username": name} if number % 2 else {}),
    }
    return Request(callers[number % 2], action, resource, account, context)
