"""For every rule, documents that it finds something in, and what it must find nothing in."""

from __future__ import annotations

import json
from typing import Any

ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "o-a1b2c3d4e5"}}
BUCKET = "arn:aws:s3:::reports-of-ours"
OBJECTS = BUCKET + "/*"
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"


def statement(**changes: Any) -> dict[str, Any]:
    """Return a good statement of an endpoint policy with these elements changed; None removes one."""
    good = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [BUCKET, OBJECTS],
        "Condition": ORG,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def policy(*statements: dict[str, Any], version: str | None = "2012-10-17") -> str:
    """Return the text of a policy."""
    return json.dumps({**({"Version": version} if version else {}), "Statement": [*statements]}, indent=2)


def condition(operator: str, key: str, value: Any, **changes: Any) -> str:
    """Return a policy whose statement has this test beside that of the organisation."""
    tests: dict[str, Any] = {**ORG}
    tests[operator] = {**tests.get(operator, {}), key: value}
    return policy(statement(Condition=tests, **changes))


ALLOW = statement(Sid="Allow")
DENY_ALL = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}

FOUND: dict[str, list[str]] = {
    "service-unknown": [
        policy(statement(Action="s33:GetObject")),
        policy(ALLOW, statement(Effect="Deny", Action=None, NotAction=["s33:*"])),
    ],
    "action-unknown": [policy(statement(Action=["s3:GetObjct", "s3:ListBucket"]))],
    "action-matches-none": [policy(statement(Action=["s3:Fetch*", "s3:ListBucket", "s3:GetObject"]))],
    "resource-unmatched": [
        policy(statement(Action="s3:ListBucket", Resource=OBJECTS)),
        policy(statement(Action="s3:GetObject", Resource=BUCKET)),
        policy(statement(Action="s3:GetObject", Resource=[OBJECTS, TABLE])),
        policy(statement(Action="dynamodb:*", Resource=OBJECTS)),
        policy(ALLOW, statement(Effect="Deny", Action="s3:GetObject", Resource=BUCKET, Condition=None)),
    ],
    "action-unmatched": [
        policy(statement(Action=["s3:GetObject", "s3:ListBucket"], Resource=OBJECTS)),
        policy(
            statement(
                Action="ecr:GetAuthorizationToken", Resource="arn:aws:ecr:eu-west-1:111122223333:repository/tools"
            )
        ),
        policy(statement(Action=["s3:GetObject", "s3:ListAllMyBuckets"], Resource=OBJECTS)),
    ],
    "arn-account": [
        policy(statement(Action="dynamodb:Query", Resource="arn:aws:dynamodb:eu-west-1:1111*:table/orders")),
        policy(statement(Action="dynamodb:Query", Resource="arn:aws:dynamodb:eu-west-1:11112222333:table/orders")),
        condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::1111????3333:role/reader"),
    ],
    "key-unknown": [
        condition("StringEquals", "aws:PrincipalOrgIdentity", "o-a1b2c3d4e5"),
        condition("StringEquals", "s3:prefx", "home/"),
        condition("StringEquals", "aws:PrincipalTag/", "x"),
    ],
    "key-not-carried": [
        condition("StringEquals", "s3:prefix", "home/", Action="s3:GetObject", Resource=OBJECTS),
        condition("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"),
    ],
    "key-partial": [condition("StringEquals", "s3:prefix", "home/")],
    "operator-type": [
        condition("NumericEquals", "aws:PrincipalTag/team", "1"),
        condition("StringEquals", "aws:SecureTransport", "true"),
        condition("StringEquals", "aws:CurrentTime", "2026-01-31T12:00:00Z"),
        condition("ArnLike", "aws:username", "arn:aws:iam::111122223333:user/me"),
        condition("StringLike", "aws:VpcSourceIp", "10.123.*"),
        condition("Bool", "aws:ResourceAccount", "true"),
    ],
    "set-operator-missing": [
        condition("StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
        condition("StringNotEquals", "aws:CalledVia", "athena.amazonaws.com"),
    ],
    "set-operator-single": [
        condition("ForAllValues:StringEquals", "aws:PrincipalAccount", "111122223333"),
        condition("ForAnyValue:StringEquals", "aws:RequestedRegion", "eu-west-1"),
    ],
    "for-all-values": [condition("ForAllValues:StringEquals", "aws:TagKeys", ["team"])],
    "equals-wildcard": [
        condition("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"),
        condition("StringNotEqualsIgnoreCase", "aws:username", "admin?"),
    ],
    "identifier-wildcard": [
        condition("StringLike", "aws:PrincipalAccount", "111122223*"),
        condition("StringNotLike", "aws:SourceVpc", "vpc-0123456*"),
        condition("NumericEquals", "aws:PrincipalAccount", "111122223333"),
    ],
    "wildcard-short": [
        condition("StringLike", "aws:PrincipalTag/team", "dev*"),
        condition("StringLike", "aws:username", "*"),
        condition("StringLike", "aws:username", "longer-*-ab*c"),
    ],
    "boundary-missing": [
        policy(statement(Condition=None, Resource="*")),
        policy(statement(Condition=None, Action="dynamodb:Query", Resource="arn:aws:dynamodb:*:*:table/orders")),
        policy(statement(Resource="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        policy(statement(Resource="*", Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        policy(statement(Resource="*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})),
        policy(statement(Resource="*", Condition={"Bool": {"aws:PrincipalIsAWSService": False}})),
        policy(statement(Resource="*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app"}})),
        policy(statement(Resource="*", Condition={"StringLike": {"kms:CallerAccount": ["111122223333", "*"]}})),
    ],
    "nothing-allowed": [policy(DENY_ALL)],
    "allow-not": [policy(statement(Action=None, NotAction="s3:Delete*"))],
    "deny-not-principal": [
        policy(ALLOW, statement(Effect="Deny", Principal=None, NotPrincipal={"AWS": "111122223333"}))
    ],
    "statement-never": [
        condition("StringEquals", "aws:PrincipalOrgId", "o-another0rg"),
        condition("StringNotEquals", "aws:PrincipalOrgID", ["o-a1b2c3d4e5", "o-f6g7h8i9j0"]),
        condition("Null", "aws:PrincipalOrgID", "true"),
        policy(statement(Condition={"StringEquals": {"aws:username": "ann"}, "StringLike": {"aws:username": "be*a"}})),
        policy(
            statement(
                Condition={
                    "NumericLessThan": {"aws:MultiFactorAuthAge": "5"},
                    "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "5"},
                }
            )
        ),
        policy(
            statement(
                Condition={
                    "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                    "DateGreaterThan": {"aws:CurrentTime": "1798761600"},
                }
            )
        ),
        policy(
            statement(
                Condition={
                    "IpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"},
                    "NotIpAddressIfExists": {"aws:VpcSourceIp": "10.9.0.0/16"},
                    "Null": {"aws:VpcSourceIp": "true"},
                }
            )
        ),
        policy(statement(Condition={"StringEquals": {"aws:username": "ann"}, "StringNotLike": {"aws:username": "a*"}})),
        policy(statement(Action=None, NotAction="*")),
        policy(statement(Resource=None, NotResource="*")),
    ],
    "statement-denied": [
        policy(ALLOW, DENY_ALL),
        policy(ALLOW, statement(Effect="Deny", Condition=None)),
        policy(ALLOW, statement(Effect="Deny", Action=None, NotAction="ec2:*", Condition=None)),
    ],
    "statement-shadowed": [
        policy(statement(Action="s3:*"), statement(Action="s3:GetObject", Resource=OBJECTS)),
        policy(
            statement(),
            statement(Condition={"StringEquals": {**ORG["StringEquals"], "aws:PrincipalAccount": "111122223333"}}),
        ),
        policy(
            statement(Principal={"AWS": ["111122223333", "444455556666"]}),
            statement(Principal={"AWS": "arn:aws:iam::111122223333:root"}),
        ),
    ],
    "statement-twice": [policy(statement(Sid="One"), statement(Sid="Two"))],
    "entry-covered": [
        policy(statement(Action=["s3:Get*", "s3:ListBucket", "s3:GETObject"])),
        policy(statement(Resource=[BUCKET, OBJECTS, BUCKET + "/2026/*"])),
        policy(statement(Action=["s3:GetObject", "s3:getobject", "s3:ListBucket"])),
    ],
    "variable-form": [
        policy(statement(Resource=[BUCKET, BUCKET + "/${aws:username"])),
        policy(statement(Resource=[BUCKET, BUCKET + "/${aws:PrincipalTag/team, none}/*"])),
        policy(statement(Resource=[BUCKET, BUCKET + "/${}/*"])),
    ],
    "variable-unknown": [
        policy(statement(Resource=[BUCKET, BUCKET + "/${aws:usernme}/*"])),
        policy(statement(Resource=[BUCKET, BUCKET + "/${aws:PrincipalOrgPaths}/*"])),
    ],
    "version-variables": [policy(statement(Resource=[BUCKET, BUCKET + "/${aws:username}/*"]), version=None)],
    "full-access": [policy(statement(Action="*", Resource="*", Condition=None))],
    "source-vpce": [condition("StringEquals", "aws:SourceVpce", "vpce-0123456789abcdef0")],
    "source-ip": [
        condition("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        condition("NotIpAddress", "aws:sourceip", "203.0.113.0/24"),
    ],
    "principal-never": [policy(statement(Principal={"Service": "ec2.amazonaws.com"}))],
    "size-near": [policy(statement(Resource=[f"{BUCKET}/{number:0>1000}/*" for number in range(19)] + [BUCKET]))],
}
"""By the rule that must find something in each."""

SILENT = [
    policy(statement()),
    policy(statement(Action="s3:*", Resource="*")),
    policy(statement(Action="ecr:GetAuthorizationToken", Resource="*")),
    policy(
        statement(Action="s3:GetObject", Resource="arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", Condition=None)
    ),
    policy(statement(Principal={"AWS": "111122223333"}, Condition=None)),
    policy(statement(Action="dynamodb:Query", Resource=[TABLE, TABLE + "/index/*"])),
    policy(statement(Action=["dynamodb:Query"], Resource="arn:aws:dynamodb:*:*:table/*")),
    policy(statement(Action="ssm:GetParameter", Resource="arn:aws:ssm:eu-west-1:111122223333:parameter/app/db/*")),
    policy(
        statement(
            Action=["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource="arn:aws:logs:eu-west-1:111122223333:log-group:/aws/app:*",
        )
    ),
    policy(
        statement(
            Action="kms:Decrypt",
            Resource="*",
            Condition={**ORG, "StringEquals": {**ORG["StringEquals"], "kms:EncryptionContext:app": "orders"}},
        )
    ),
    condition("StringLike", "s3:prefix", "reports/*", Action="s3:ListBucket", Resource=BUCKET),
    condition("StringEquals", "s3:ExistingObjectTag/team", "red", Action="s3:GetObject", Resource=OBJECTS),
    condition("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
    condition("Null", "aws:PrincipalTag/team", "false"),
    condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/app-*"),
    condition("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/app-*"),
    condition("StringNotEquals", "aws:PrincipalTag/team", "red"),
    condition("DateLessThan", "aws:EpochTime", "1798761600"),
    condition("NumericLessThan", "aws:EpochTime", "1798761600"),
    policy(statement(Resource=[BUCKET, BUCKET + "/${aws:PrincipalTag/team, 'none'}/*", BUCKET + "/x${*}y"])),
    policy(
        statement(
            Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "Null": {"aws:TagKeys": "false"}, **ORG}
        ),
    ),
    policy(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {
            **DENY_ALL,
            "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        },
        {**DENY_ALL, "Condition": {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}}},
    ),
    policy(
        statement(Action="s3:GetObject", Resource=OBJECTS),
        statement(Effect="Deny", Action="s3:GetObject", Resource=BUCKET + "/secret/*", Condition=None),
    ),
    *(
        condition(
            "StringEquals", key, "x", Action="sts:AssumeRoleWithWebIdentity", Resource="arn:aws:iam::*:role/deploy"
        )
        for key in (
            *("accounts.google.com:aud", "token.actions.githubusercontent.com:sub"),
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:sub",
        )
    ),
    policy(statement(Action="iam:GetRole", Resource="arn:aws:iam::${aws:PrincipalAccount}:role/app", Condition=None)),
    policy(statement(Action="iam:PassRole", Resource="arn:aws:iam::111122223333:role/app")),
]
"""Good policies: the linter says nothing of them."""
