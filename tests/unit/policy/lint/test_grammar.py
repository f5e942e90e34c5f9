"""What the linter says of a policy's grammar, where, and what it leaves in peace."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.policy import words
from endpoints.policy.findings import Finding
from endpoints.policy.lint import lint
from endpoints.policy.meaning import FULL_ACCESS

Kind = Literal["Gateway", "Interface"] | None

STATEMENT: dict[str, Any] = {
    "Sid": "Reads",
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["s3:GetObject*", "s3:List*"],
    "Resource": ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"],
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
}


def policy(**changes: Any) -> str:
    """Return a good policy whose statement has these elements changed; None removes one."""
    statement = {k: v for k, v in {**STATEMENT, **changes}.items() if v is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def rules(text: str, kind: Kind = None) -> list[str]:
    return [found.rule for found in lint(text, vpc_endpoint_type=kind)]


def only(text: str, kind: Kind = None) -> Finding:
    found = lint(text, vpc_endpoint_type=kind)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("kind", ["Gateway", "Interface", None])
def test_a_good_policy_has_no_findings(kind: Kind) -> None:
    assert rules(policy(), kind) == []


def test_without_a_type_of_endpoint_a_missing_principal_is_nothing() -> None:
    assert rules(policy(Principal=None), None) == []


@pytest.mark.parametrize("kind", ["Gateway", "Interface"])
def test_full_access_is_only_a_warning(kind: Kind) -> None:
    found = only(FULL_ACCESS, kind)
    assert (found.rule, found.severity) == ("full-access", "warn")


def test_syntax_comes_before_grammar() -> None:
    assert rules('{"Statement": [,]}') == ["json-comma"]


@pytest.mark.parametrize(
    ("changes", "rule", "severity"),
    [
        ({"Effect": "allow"}, "effect-unknown", "block"),
        ({"Effect": ["Allow"]}, "effect-unknown", "block"),
        ({"Effect": None}, "effect-missing", "block"),
        ({"Action": None}, "action-missing", "block"),
        ({"Resource": None}, "resource-missing", "block"),
        ({"Principal": None}, "principal-missing", "block"),
        ({"NotAction": "s3:*"}, "action-twice", "block"),
        ({"NotResource": "*"}, "resource-twice", "block"),
        ({"NotPrincipal": "*"}, "principal-twice", "block"),
        ({"Action": []}, "list-empty", "block"),
        ({"Action": 1}, "value-type", "block"),
        ({"Action": ["s3:GetObject", None]}, "value-type", "block"),
        ({"Action": "GetObject"}, "action-form", "block"),
        ({"Action": "s*:GetObject"}, "action-form", "block"),
        ({"Action": "s3:Get Object"}, "action-form", "block"),
        ({"Resource": "reports/*"}, "resource-form", "block"),
        ({"Resource": "arn:aws:s3"}, "resource-form", "block"),
        ({"Resource": "arn:aws:s*:::reports"}, "resource-service", "block"),
        ({"Principal": "111122223333"}, "principal-form", "block"),
        ({"Principal": {}}, "principal-empty", "block"),
        ({"Principal": {"aws": "*"}}, "principal-type", "block"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}}, "principal-wildcard", "block"),
        ({"Principal": {"AWS": "1111*"}}, "principal-wildcard", "block"),
        ({"Principal": {"AWS": "role/name"}}, "principal-arn", "block"),
        ({"Principal": {"AWS": "arn:aws:sts::111122223333:role/name"}}, "principal-arn", "block"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:assumed-role/name/session"}}, "principal-arn", "block"),
        ({"Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/name"}}, "principal-arn", "block"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:user/${aws:username}"}}, "principal-arn", "block"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/name "}}, "principal-arn", "block"),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, "principal-never", "warn"),
        ({"Sid": 3}, "sid-type", "block"),
        ({"Sid": "a/b"}, "sid-characters", "warn"),
        ({"Condition": []}, "condition-type", "block"),
        ({"Condition": {"StringEquals": "x"}}, "condition-type", "block"),
        ({"Condition": {"StringEqual": {"aws:PrincipalOrgID": "o-1"}}}, "operator-unknown", "block"),
        ({"Condition": {"stringequals": {"aws:PrincipalOrgID": "o-1"}}}, "operator-unknown", "block"),
        ({"Condition": {"NullIfExists": {"aws:PrincipalOrgID": "true"}}}, "operator-unknown", "block"),
        ({"Condition": {"ForAllValues:Null": {"aws:PrincipalOrgID": "true"}}}, "operator-unknown", "block"),
        ({"Condition": {"ForSome:StringLike": {"aws:PrincipalOrgID": "o"}}}, "operator-unknown", "block"),
        ({"Condition": {"StringEquals": {"PrincipalOrgID": "o-1"}}}, "condition-key", "block"),
        ({"Condition": {"StringEquals": {"accounts.google.com": "x"}}}, "condition-key", "block"),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": {}}}}, "condition-value", "block"),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": None}}}, "condition-value", "block"),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": []}}}, "condition-empty", "warn"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, "condition-value", "block"),
        ({"Condition": {"Null": {"aws:PrincipalOrgID": "o-1"}}}, "condition-value", "block"),
        ({"Condition": {"NumericLessThan": {"s3:max-keys": "ten"}}}, "condition-value", "block"),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}, "condition-value", "block"),
        ({"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/33"}}}, "condition-value", "block"),
        ({"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/255.0.0.0"}}}, "condition-value", "block"),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "my-role"}}}, "condition-arn", "warn"),
        ({"Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*"}}}, "condition-arn", "warn"),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": ""}}}, "condition-arn", "warn"),
        (
            {"Condition": {"NumericEquals": {"aws:MultiFactorAuthAge": "${aws:username}"}}},
            "condition-variable",
            "warn",
        ),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.7"}}}, "source-ip", "warn"),
        ({"Condition": {"NotIpAddress": {"AWS:sourceip": "203.0.113.7"}}}, "source-ip", "warn"),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, "source-vpce", "info"),
        ({"Action": None, "NotAction": "s3:Delete*"}, "allow-not", "warn"),
        ({"Resource": None, "NotResource": "arn:aws:s3:::reports/*"}, "allow-not", "warn"),
    ],
)
def test_each_mistake_is_found_once(changes: dict[str, Any], rule: str, severity: str) -> None:
    found = only(policy(**changes), "Interface")
    assert (found.rule, found.severity) == (rule, severity)


@pytest.mark.parametrize(
    "changes",
    [
        {"Action": "*"},
        {"Action": ["S3:GETOBJECT", "s3:LISTBUCKET"]},
        {"Principal": {"AWS": "111122223333"}},
        {"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws-cn:sts::111122223333:assumed-role/a/b"]}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0a1b"}},
        {"Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/a+=,.@-_b/me@example.com"}},
        {"Principal": {"AWS": "arn:aws:sts::111122223333:federated-user/ann"}},
        {"Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"},
        {"Resource": "${aws:PrincipalTag/arn}"},
        {"Sid": ""},
        {"Sid": "Access-to-one_bucket"},
        {"Condition": {}},
        {
            "Condition": {
                "ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": ["o-a1b2c3d4e5/*", "o-f6g7h8i9j0/r-ab12/*"]}
            }
        },
        {"Condition": {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"aws:MultiFactorAuthAge": 10}}},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": ["2026-01-31T12:00:00Z", 1767225600]}}},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": ["2026-01", "2026-01-31", "2026-01-31t12:00z"]}}},
        {"Condition": {"IpAddress": {"aws:VpcSourceIp": ["10.0.0.0/8", "2001:db8::/32", "10.1.2.3"]}}},
        {"Condition": {"ArnLike": {"aws:PrincipalArn": ["*", "arn:aws:iam::*:role/x", "${aws:PrincipalTag/arn}"]}}},
        {"Condition": {"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}},
        {"Condition": {"Null": {"aws:SourceIp": "true"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalTag/Cost Center": "1"}}},
    ],
)
def test_what_aws_accepts_passes(changes: dict[str, Any]) -> None:
    assert rules(policy(**changes), "Interface") == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_a_gateway_takes_anyone(principal: Any) -> None:
    assert rules(policy(Principal=principal), "Gateway") == []


@pytest.mark.parametrize("principal", [{"AWS": "111122223333"}, {"AWS": ["*", "111122223333"]}, {"Service": "x"}])
def test_a_gateway_takes_nobody_else(principal: Any) -> None:
    found = only(policy(Principal=principal), "Gateway")
    assert found.rule == "gateway-principal"
    assert "aws:PrincipalArn" in found.cure


def test_a_gateway_takes_no_not_principal() -> None:
    text = policy(Effect="Deny", Principal=None, NotPrincipal={"AWS": "111122223333"})
    assert "gateway-principal" in rules(text, "Gateway")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Efect", "Effect"), ("action", "Action"), ("Notresource", "NotResource"), ("Conditions", "Condition")],
)
def test_a_misspelt_element_gets_the_nearest_name(written: str, meant: str) -> None:
    found = only(
        policy(
            **({meant: None} if meant in STATEMENT else {"Resource": None}),
            **{written: STATEMENT.get(meant, "*")},
        )
    )
    assert found.rule == "element-unknown"
    assert found.cure == f'Write "{meant}".'


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("StringEqual", "StringEquals"),
        ("ArnLikes", "ArnLike"),
        ("stringlikeifexists", "StringLikeIfExists"),
        ("ForAllValue:StringEqals", "ForAllValues:StringEquals"),
        ("NullIfExists", "Null"),
    ],
)
def test_a_misspelt_operator_gets_the_nearest_name(written: str, meant: str) -> None:
    found = only(policy(Condition={written: {"aws:PrincipalOrgID": "true"}}))
    assert f'"{meant}"' in found.cure


@pytest.mark.parametrize("name", sorted(words.OPERATORS))
@pytest.mark.parametrize("suffix", ["", "IfExists"])
def test_every_operator_is_known_with_if_exists_but_null(name: str, suffix: str) -> None:
    assert (words.operator(name + suffix) is None) == (name + suffix == "NullIfExists")


def test_several_findings_come_at_once_each_at_its_place() -> None:
    text = """{
  "Version": "2012-10-18",
  "Statements": [],
  "Statement": [
    {
      "Sid": "a", "Effect": "allow", "Principal": "*",
      "Action": ["s3:GetObject", "nonsense"],
      "Resource": "*"
    },
    { "Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" },
    7
  ]
}"""
    places = [(found.rule, found.line, found.column) for found in lint(text, vpc_endpoint_type="Gateway")]
    assert places == [
        ("version-unknown", 2, 14),
        ("element-unknown", 3, 3),
        ("effect-unknown", 6, 29),
        ("action-form", 7, 34),
        ("sid-twice", 10, 14),
        ("statement-type", 11, 5),
    ]


def test_empty_sids_may_repeat() -> None:
    statement = {**STATEMENT, "Sid": ""}
    assert (
        rules(
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        statement,
                        {**statement, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*"},
                    ],
                }
            )
        )
        == []
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"Version": "2012-10-17"}', "statement-missing"),
        ('{"Version": "2012-10-17", "Statement": []}', "statement-empty"),
        ('{"Version": "2012-10-17", "Statment": []}', "element-unknown"),
        ('{"Version": "2012-10-17", "Statement": "x"}', "statement-type"),
        ('{"Version": 2012, "Statement": "x"}', "version-unknown"),
    ],
)
def test_the_policy_itself_has_a_form(text: str, rule: str) -> None:
    assert rules(text)[0] == rule


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_variables_in_an_old_version_are_literal_text(version: str | None) -> None:
    document = json.loads(policy(Resource="arn:aws:s3:::${aws:PrincipalTag/team}/*"))
    document.pop("Version")
    if version:
        document["Version"] = version
    assert rules(json.dumps(document)) == ["version-variables"]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.sampled_from(["*", "Allow", "s3:*", "arn:aws:s3:::x", "${a}", ""]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *words.STATEMENT_ELEMENTS,
                        *words.POLICY_ELEMENTS,
                        "AWS",
                        "StringLike",
                        "Null",
                        "IpAddress",
                        "aws:SourceIp",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=25,
    ),
    st.sampled_from(["Gateway", "Interface", None]),
)
def test_no_document_makes_it_raise(value: Any, kind: Kind) -> None:
    text = json.dumps({"Statement": value})
    lines = text.count("\n") + 1
    assert all(1 <= found.line <= lines for found in lint(text, vpc_endpoint_type=kind))
