"""Random policies that have much to do with each other, and requests near to what they say."""

from __future__ import annotations

import json
import random
from typing import Any

from endpoints.policy.document import PolicyDocument, parse
from endpoints.policy.evaluate.request import Request, Value

ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:Get*",
    "s3:*",
    "*",
    "s3:*Object",
    "S3:DeleteObject",
    "dynamodb:GetItem",
    "s3:?etObject",
)
RESOURCES = (
    *("*", "arn:aws:s3:::a/*", "arn:aws:s3:::a", "arn:aws:s3:::b/*", "arn:aws:s3:::a/x/*", "arn:aws:s3:::*/x"),
    *("arn:aws:s3:::a*", "arn:aws:dynamodb:*:111122223333:table/t", "arn:aws:dynamodb:eu-west-1:*:table/*"),
)
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": "111122223333"},
    {"AWS": ["arn:aws:iam::111122223333:root", "444455556666"]},
    {"AWS": "arn:aws:iam::111122223333:role/team-a"},
    {"AWS": "arn:aws:iam::111122223333:user/bob"},
    {
        "AWS": [
            "arn:aws:sts::111122223333:assumed-role/team-a/session",
            "arn:aws:iam::111122223333:role/team-a",
            "111122223333",
        ]
    },
    {"Service": "cloudtrail.amazonaws.com"},
)
CONDITIONS: tuple[tuple[str, str, Any], ...] = (
    ("StringEquals", "aws:PrincipalOrgID", ["o-1", "o-2"]),
    ("StringEquals", "aws:PrincipalOrgID", "o-1"),
    ("StringNotEquals", "aws:PrincipalOrgID", "o-1"),
    ("StringNotEqualsIfExists", "aws:PrincipalOrgID", "o-2"),
    ("StringLike", "aws:PrincipalOrgID", "o-*"),
    ("StringEqualsIgnoreCase", "aws:PrincipalTag/Team", "Red"),
    ("StringEquals", "aws:PrincipalTag/Team", ["red", "Red"]),
    ("Null", "aws:PrincipalTag/Team", "true"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/team-*"),
    ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/team-a"),
    ("StringLike", "aws:PrincipalArn", ["arn:aws:iam::111122223333:*", "*:role/team-b"]),
    ("StringEquals", "aws:PrincipalAccount", "111122223333"),
    ("StringNotEquals", "aws:PrincipalAccount", ["111122223333", "444455556666"]),
    ("StringEquals", "aws:PrincipalType", "User"),
    ("StringLike", "aws:username", "b*"),
    ("Bool", "aws:PrincipalIsAWSService", "true"),
    ("BoolIfExists", "aws:PrincipalIsAWSService", "false"),
    ("StringEquals", "aws:ResourceAccount", "111122223333"),
    ("StringNotEquals", "aws:ResourceAccount", "111122223333"),
    ("IpAddress", "aws:VpcSourceIp", ["10.0.0.0/8", "192.0.2.0/24"]),
    ("NotIpAddress", "aws:VpcSourceIp", "10.1.0.0/16"),
    ("IpAddress", "aws:VpcSourceIp", "2001:db8::/32"),
    ("NumericLessThan", "s3:max-keys", "10"),
    ("NumericGreaterThanEquals", "s3:max-keys", ["10", "5"]),
    ("NumericNotEquals", "s3:max-keys", "10"),
    ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
    ("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z"),
    ("Bool", "aws:SecureTransport", "true"),
    ("StringEquals", "aws:SecureTransport", "true"),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ["a", "b"]),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"]),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["a"]),
    ("ForAllValues:StringLike", "aws:TagKeys", ["a*"]),
    ("Null", "aws:TagKeys", "false"),
    ("StringLike", "s3:prefix", ["home/", "home/${aws:PrincipalTag/Team}/*"]),
)
VARIED = (
    "arn:aws:s3:::a/${aws:username}/*",
    "arn:aws:s3:::a/${aws:PrincipalTag/Team}/*",
    "arn:aws:s3:::a/${aws:PrincipalTag/Team, 'red'}",
)
CALLERS = (
    *("*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/bob"),
    *(
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::111122223333:role/team-a",
        "arn:aws:iam::444455556666:role/team-b",
    ),
    *("arn:aws:sts::111122223333:assumed-role/team-a/session", "arn:aws:sts::111122223333:assumed-role/team-a/other"),
    *("arn:aws:sts::444455556666:assumed-role/team-b/s", "arn:aws:sts::999999999999:assumed-role/team-b/s"),
    *("arn:aws:sts::111122223333:federated-user/bob", "cloudtrail.amazonaws.com", "config.amazonaws.com"),
)
ASKED_ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetBucketAcl",
    "dynamodb:GetItem",
    "ec2:RunInstances",
    "s3:SetObject",
)
ASKED_RESOURCES = (
    *(
        "*",
        "arn:aws:s3:::a",
        "arn:aws:s3:::a/",
        "arn:aws:s3:::a/x",
        "arn:aws:s3:::a/x/y",
        "arn:aws:s3:::b/x",
        "arn:aws:s3:::b",
    ),
    *(
        "arn:aws:s3:::abc/x",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
        "arn:aws:dynamodb:eu-west-1:444455556666:table/t",
    ),
    *("arn:aws:s3:::a/bob/1", "arn:aws:s3:::a/red/1", "arn:aws:s3:::a/red"),
)
ASKED: dict[str, tuple[Value, ...]] = {
    "aws:PrincipalOrgID": ("o-1", "o-2", "o-3", "x"),
    "aws:PrincipalTag/Team": ("Red", "red", "RED", "blue"),
    "aws:VpcSourceIp": ("10.0.0.1", "10.1.2.3", "192.0.2.200", "192.0.3.0", "2001:db8::5", "2001:db9::", "junk"),
    "s3:max-keys": ("1", "4", "5", "7", "10", "10.0", "11", "many"),
    "aws:CurrentTime": (
        "2025-01-01T00:00:00Z",
        "2026-06-01T00:00:00Z",
        "2028-01-01T00:00:00Z",
        "1767225600",
        "2026-01-01T00:00:00Z",
    ),
    "aws:SecureTransport": ("true", "false", "True"),
    "aws:TagKeys": (("a",), ("a", "b"), ("c",), ("a", "c"), ("ab",), ("ab", "b", "c"), "a", "c", (), ("",)),
    "s3:prefix": ("home/", "home/red/x", "other"),
}


def statement(chance: random.Random, *, variables: bool) -> dict[str, Any]:
    """Return a random statement."""
    made: dict[str, Any] = {"Effect": chance.choice(("Allow", "Allow", "Allow", "Deny"))}
    principal = chance.choice(PRINCIPALS) if chance.random() < 0.5 else "*"
    made["NotPrincipal" if chance.random() < 0.08 else "Principal"] = principal
    resources = RESOURCES + VARIED if variables else RESOURCES
    for name, pool in (("Action", ACTIONS), ("Resource", resources)):
        made[f"Not{name}" if chance.random() < 0.1 else name] = chance.sample(pool, chance.randint(1, 3))
    condition: dict[str, dict[str, Any]] = {}
    pool = CONDITIONS if variables else CONDITIONS[:-1]
    for operator, key, value in chance.sample(pool, chance.choice((0, 0, 1, 1, 2))):
        condition.setdefault(operator, {})[key] = value
    if condition:
        made["Condition"] = condition
    return made


def document(statements: list[dict[str, Any]]) -> PolicyDocument:
    """Return the policy of these statements."""
    return parse(json.dumps({"Version": "2012-10-17", "Statement": statements}))


def pair(chance: random.Random, *, variables: bool = False) -> tuple[PolicyDocument, PolicyDocument]:
    """Return a policy and what became of it."""
    before = [statement(chance, variables=variables) for _ in range(chance.randint(1, 4))]
    after = [dict(one) for one in before]
    for _ in range(chance.randint(0, 2)):
        change = chance.random()
        number = chance.randrange(len(after)) if after else 0
        if change < 0.3 or not after:
            after.append(statement(chance, variables=variables))
        elif change < 0.5:
            after.pop(number)
        else:
            other = statement(chance, variables=variables)
            for name in chance.sample(("Principal", "Action", "Resource", "Condition"), 1):
                for spelling in (name, f"Not{name}"):
                    after[number].pop(spelling, None)
                    if spelling in other:
                        after[number][spelling] = other[spelling]
    chance.shuffle(after)
    return document(before), document(after)


def request(chance: random.Random) -> Request:
    """Return a random request near to what the policies say, such as AWS could make of it."""
    caller = chance.choice(CALLERS)
    context: dict[str, Value] = {}
    for key, values in ASKED.items():
        if chance.random() < 0.5 and not (
            key.startswith("aws:Principal") and (caller == "*" or caller.endswith(".com"))
        ):
            context[key] = chance.choice(values)
    if chance.random() < 0.5 and not caller.endswith(".com"):
        context["aws:PrincipalIsAWSService"] = "false"
    resource = chance.choice(ASKED_RESOURCES)
    owner = None
    if ":dynamodb:" not in resource and chance.random() < 0.5:
        owner = chance.choice(("111122223333", "444455556666"))
    return Request(caller, chance.choice(ASKED_ACTIONS), resource, owner, context)
