"""What the linter finds beyond the grammar, what it leaves in peace, and that nothing makes it slow."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.policy.document import parse
from endpoints.policy.evaluate.forms import read_statements
from endpoints.policy.lint import RULES, Finding, lint
from endpoints.policy.meaning import FULL_ACCESS
from tests.unit.policy.lint.examples import ALLOW, BUCKET, FOUND, OBJECTS, ORG, SILENT, condition, policy, statement

S3 = "com.amazonaws.eu-west-1.s3"


def found(text: str, **options: Any) -> list[Finding]:
    options.setdefault("vpc_endpoint_type", "Interface")
    return list(lint(text, **options))


def rules(text: str, **options: Any) -> set[str]:
    return {item.rule for item in found(text, **options)}


def of_rule(text: str, rule: str, **options: Any) -> Finding:
    return next(item for item in found(text, **options) if item.rule == rule)


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in FOUND.items() for text in texts])
def test_each_rule_finds_what_it_is_for(rule: str, text: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize("text", SILENT)
def test_nothing_is_said_of_a_good_policy(text: str) -> None:
    assert found(text) == []


def test_severities_and_places() -> None:
    text = policy(statement(Action=["s3:GetObjct", "s3:ListBucket", "s3:GetObject"]))
    finding = of_rule(text, "action-unknown")
    line = text.splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith('"s3:GetObjct"')
    assert (finding.severity, finding.cure) == ("warn", 'Write "s3:GetObject".')


@pytest.mark.parametrize(
    ("text", "rule", "meant"),
    [
        (policy(statement(Action="dynamdb:Query")), "service-unknown", "dynamodb"),
        (condition("StringEquals", "aws:PrincipalOrgld", "o-a1b2c3d4e5"), "key-unknown", "aws:PrincipalOrgID"),
        (condition("StringEquals", "aws:PrincipleTag/team", "red"), "key-unknown", "aws:PrincipalTag/"),
        (condition("StringEquals", "s3:prefx", "home/"), "key-unknown", "s3:prefix"),
        (policy(statement(Action="s3:ListBucket", Resource=OBJECTS)), "resource-unmatched", "arn:aws:s3:::BucketName."),
        (policy(statement(Resource=[BUCKET, BUCKET + "/${aws:usernam}"])), "variable-unknown", "${aws:username}"),
        (condition("StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"), "set-operator-missing", "ForAnyValue:"),
    ],
)
def test_the_cure_names_what_is_meant(text: str, rule: str, meant: str) -> None:
    assert meant in of_rule(text, rule).cure


# --- At the endpoint ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("service", "action", "elsewhere"),
    [
        (S3, "s3:GetObject", False),
        (S3, "ec2:DescribeInstances", True),
        (S3, "kms:Decrypt", True),
        (S3, "iam:PassRole", False),
        ("com.amazonaws.eu-west-1.ecr.api", "ecr:GetAuthorizationToken", False),
        ("com.amazonaws.eu-west-1.ecr.dkr", "ecr:BatchGetImage", False),
        ("com.amazonaws.eu-west-1.monitoring", "cloudwatch:PutMetricData", False),
        ("com.amazonaws.eu-west-1.logs", "cloudwatch:PutMetricData", True),
        ("com.amazonaws.eu-west-1.email-smtp", "ses:SendRawEmail", False),
        ("com.amazonaws.us-east-1.kms-fips", "kms:Decrypt", False),
        ("cn.com.amazonaws.cn-north-1.kms", "s3:GetObject", True),
        ("aws.sagemaker.eu-west-1.notebook", "sagemaker:CreatePresignedNotebookInstanceUrl", False),
        ("com.amazonaws.s3-global.accesspoint", "s3:GetObject", False),
        ("com.amazonaws.eu-west-1.something-new", "ec2:DescribeInstances", False),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", "ec2:DescribeInstances", False),
        ("nonsense", "ec2:DescribeInstances", False),
    ],
)
def test_only_the_endpoints_own_service_is_called_through_it(service: str, action: str, elsewhere: bool) -> None:
    text = policy(statement(Action=action, Resource="*"))
    assert ("action-elsewhere" in rules(text, service_name=service)) is elsewhere


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("IpAddress", "never"),
        ("NotIpAddress", "always"),
        ("ForAllValues:IpAddress", "always"),
        ("ForAnyValue:NotIpAddress", "never"),
    ],
)
def test_the_address_that_no_request_carries_is_never_met_or_always(operator: str, holds: str) -> None:
    items = found(condition(operator, "aws:SourceIp", "203.0.113.0/24"))
    assert [f"is {holds} true" in item.message for item in items if item.rule == "source-ip"] == [True]


def test_a_protected_account_gets_no_full_access() -> None:
    blocked = found(FULL_ACCESS, protected=True)
    assert [(item.rule, item.severity) for item in blocked] == [("protected-full-access", "block")]
    assert [item.rule for item in found(FULL_ACCESS)] == ["full-access"]


def test_a_service_without_policies_takes_none() -> None:
    assert [(item.rule, item.severity) for item in found(policy(statement()), takes_policy=False)] == [
        ("policy-not-taken", "block")
    ]


def test_another_owners_service_takes_none_either() -> None:
    partner = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    assert "policy-not-taken" in rules(policy(statement()), service_name=partner)


def test_what_may_be_an_identity_policy_is_not_held_to_an_endpoints_limits() -> None:
    text = policy(statement(Principal=None, Resource="*", Condition={"StringLike": {"aws:username": "a*"}}))
    assert found(text, vpc_endpoint_type=None) == []
    with_principal = policy(statement(Resource="*", Condition={"StringLike": {"aws:username": "a*"}}))
    assert rules(with_principal, vpc_endpoint_type=None) == {"wildcard-short", "boundary-missing"}


@pytest.mark.parametrize(
    "test",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringEquals": {"aws:ResourceAccount": "111122223333"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/app"}},
        {"Bool": {"aws:PrincipalIsAWSService": "true"}},
    ],
)
def test_a_condition_on_whose_something_is_draws_the_boundary(test: dict[str, Any]) -> None:
    assert rules(policy(statement(Resource="*", Condition=test))) == set()


# --- Statements against each other -------------------------------------------------------------
@pytest.mark.parametrize(
    "others",
    [
        [statement(Effect="Deny", Action="s3:GetObject", Condition=None)],  # leaves ListBucket
        [statement(Effect="Deny", Resource=OBJECTS, Condition=None)],  # leaves the bucket
        [statement(Effect="Deny", Principal={"AWS": "111122223333"}, Condition=None)],  # leaves others
        [statement(Effect="Deny", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})],
        [statement(Effect="Deny", Action=None, NotAction="s3:ListBucket", Condition=None)],
        [statement(Effect="Deny", Resource=None, NotResource=OBJECTS, Condition=None)],
    ],
)
def test_a_deny_that_leaves_something_is_nothing_to_report(others: list[dict[str, Any]]) -> None:
    assert not {"statement-denied", "statement-shadowed"} & rules(policy(ALLOW, *others))


def test_the_later_of_two_equal_statements_is_reported() -> None:
    text = policy(statement(Sid="One"), statement(Sid="Two"))
    found_twice = [item for item in found(text) if item.rule == "statement-twice"]
    assert [text.splitlines()[item.line - 1].strip(" ,") for item in found_twice] == ['"Sid": "Two"']
    assert "“One”" in found_twice[0].message


def test_a_shadowed_statement_may_stand_before_the_broader_one() -> None:
    text = policy(
        statement(Sid="Narrow", Action="s3:GetObject", Resource=OBJECTS), statement(Sid="Broad", Action="s3:*")
    )
    assert "“Broad”" in of_rule(text, "statement-shadowed").message


@pytest.mark.parametrize(
    "tests",
    [
        {"StringEquals": {"aws:username": ["ann", "bea"]}, "StringLike": {"aws:username": "a*"}},
        {"StringEquals": {"aws:username": "ann"}, "StringNotEquals": {"aws:username": "bea"}},
        {
            "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "5"},
            "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "5"},
        },
        {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "NotIpAddress": {"aws:VpcSourceIp": "10.9.0.0/16"}},
        {"StringEquals": {"aws:username": "${aws:userid}"}, "StringLike": {"aws:username": "something"}},
        {"Null": {"aws:username": "false"}, "StringEquals": {"aws:username": "ann"}},
        {"Null": {"aws:username": "true"}, "StringEqualsIfExists": {"aws:username": "ann"}},
        {"Null": {"aws:username": "true"}, "StringNotEquals": {"aws:username": "ann"}},
        {"Bool": {"aws:SecureTransport": "true"}, "BoolIfExists": {"aws:SecureTransport": "false"}},
    ],
)
def test_conditions_that_can_all_hold_are_no_contradiction(tests: dict[str, Any]) -> None:
    assert "statement-never" not in rules(policy(statement(Condition=tests)))


# --- The table ---------------------------------------------------------------------------------
def test_every_rule_says_why_and_what_to_do_and_who_says_so() -> None:
    for rule in RULES.values():
        assert all((rule.title, rule.why, rule.cure, rule.source)), rule.id
        assert rule.severity in ("block", "warn", "info")


def test_every_finding_has_its_rules_severity() -> None:
    for texts in FOUND.values():
        for item in found(texts[0]):
            assert item.severity == RULES[item.rule].severity


def test_a_document_can_be_linted_as_well_as_its_text() -> None:
    text = FOUND["action-unknown"][0]
    assert lint(parse(text), vpc_endpoint_type="Gateway") == lint(text, vpc_endpoint_type="Gateway")


# --- Whatever is written -----------------------------------------------------------------------
def hostile() -> list[str]:
    """Return documents of about 20,000 characters that ask as much work as can be asked."""
    stars = ["s3:" + "*".join("getobjec"[: number % 8 + 1]) + f"*{number}" for number in range(900)]
    statements = [{"Effect": "Allow", "Action": "s3:Get*", "Resource": f"*{n}*"} for n in range(300)]
    many = {f"aws:{'x' * (n % 7)}{n}": "*?*" * 3 for n in range(700)}
    big = [policy(statement(Action=[f"ec2:*{n}*" for n in range(1_300)], Resource=f"arn:aws:ec2:*:*:{'*a' * 200}"))]
    return [
        *big,
        policy(statement(Action=stars)),
        policy(statement(Action=[f"s3:GetObjectt{n}" for n in range(1_000)])),
        policy(statement(Action=[f"svc{n}:Get" for n in range(1_100)])),
        policy(*statements, version=None),
        policy(statement(Resource=[f"arn:aws:s3:::{'*a' * 6}{n}" for n in range(550)])),
        policy(statement(Action="*", Resource="arn:aws:s3:::" + "*a" * 9_500)),
        policy(statement(Action="ec2:*", Resource=[f"arn:aws:ec2:*:*:{'?*' * 20}{n}" for n in range(280)])),
        policy(statement(Condition={"StringLike": many, "StringEquals": ORG["StringEquals"]})),
        policy(
            statement(
                Condition={
                    "StringLike": {"aws:username": ["*a" * 20 + str(n) for n in range(180)]},
                    "StringEquals": {"aws:UserName": ["b" * 40 + str(n) for n in range(180)]},
                }
            )
        ),
        policy(statement(Resource=[BUCKET + "/" + "${aws:userx}" * 1_500])),
        "[" * 20_480,
        '{"a":' * 4_000,
        json.dumps({f"Statment{n}": n for n in range(1_000)}),
        json.dumps({"Statement": [{f"Efect{n}": n for n in range(1_200)}]}),
        json.dumps({"Statement": [{"Condition": {f"StringEqualz{n}": {} for n in range(700)}}]}),
    ]


@pytest.mark.parametrize("number", range(len(hostile())))
def test_work_is_bounded(number: int) -> None:
    text = hostile()[number]
    started = time.process_time()
    items = found(text, service_name=S3)
    assert time.process_time() - started < 2  # a tenth of that on an idle machine; without bounds it is minutes
    assert len(items) <= 200


TEXTS = st.text(max_size=200) | st.lists(
    st.sampled_from(
        ['"', "*", "?", "${", "}", ":", "/", "arn:aws:s3:::", "aws:", "s3:Get", "{", "[", "]", ",", "'", "Statement"]
    ),
    max_size=60,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_no_text_makes_it_raise(first: str, second: str, third: str) -> None:
    found(first)
    found(policy(statement(Action=["s3:" + first, second], Resource=["arn:aws:s3:::" + second, third])))
    tests = {
        operator: {first: [second, third], "aws:" + third: second} for operator in ("StringLike", "Null", "ArnLike")
    }
    found(policy(statement(Condition=tests)), service_name=first)


DATES = st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e5", "99999999999999999999", "2026", "2026-01"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DATES, min_size=2, max_size=2))
def test_no_date_makes_it_raise(values: list[str]) -> None:
    tests = {"DateLessThan": {"aws:CurrentTime": values[0]}, "DateGreaterThan": {"aws:CurrentTime": values[1]}}
    found(policy(statement(Condition=tests)))


@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17"])
@pytest.mark.parametrize(
    "resource",
    [
        "bucket-${aws:username}/x",
        "foo${aws:username}",
        "${*}x",
        "arn:aws:s*:::b${aws:username}/*",
        "${aws:username}",
        "${aws:username}/x",
        "arn:aws:s3:::${aws:username}/*",
        "arn:aws:s3:::a:b/${aws:PrincipalTag/a:b}",
        "arn:aws:${aws:username}:::b/*",
    ],
)
def test_what_the_evaluator_cannot_read_as_a_resource_is_blocked(resource: str, version: str) -> None:
    text = policy(statement(Resource=resource), version=version)
    (read,) = read_statements(parse(text))
    blocked = {item.rule for item in found(text) if item.severity == "block"} & {"resource-form", "resource-service"}
    assert bool(blocked) is (read.resources is None)


def test_an_escaped_variable_is_a_variable() -> None:
    text = policy(statement(Resource=OBJECTS + "/${aws:username}"), version="2008-10-17")
    assert "version-variables" in rules(text.replace("$", "\\u0024"))
