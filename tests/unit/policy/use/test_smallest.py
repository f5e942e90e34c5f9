"""The suggested policy allows all that was used and little more, reads well, and fits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.policy.document import MAX_CHARACTERS, minified, parse
from endpoints.policy.evaluate import Request, compile_policy
from endpoints.policy.lint import lint
from endpoints.policy.meaning import is_full_access
from endpoints.policy.use.generalise import prefixes
from endpoints.policy.use.recorded import Recorded, read
from endpoints.policy.use.replay import replay
from endpoints.policy.use.smallest import CannotAllowError, Suggestion, smallest_policy
from tests.unit.policy.use.events import ACCOUNT, ROLE, SESSION, event, s3, session

S3 = "com.amazonaws.eu-west-1.s3"
BATCH = f"arn:aws:iam::{ACCOUNT}:role/nightly-batch"


def recorded(*events: dict[str, Any], organization: str | None = None) -> Recorded:
    return read(json.dumps([*events]).encode(), organization=organization)


def suggested(*events: dict[str, Any], kind: str = "Gateway", service: str = S3, **more: Any) -> Suggestion:
    found = recorded(*events, organization=more.get("organization"))
    suggestion = smallest_policy(found, vpc_endpoint_type=kind, service_name=service, **more)  # type: ignore[arg-type]
    document = parse(suggestion.text)
    assert len(minified(document)) <= MAX_CHARACTERS
    assert not is_full_access(document)
    problems = lint(document, vpc_endpoint_type=kind, service_name=service)  # type: ignore[arg-type]
    assert [one for one in problems if one.severity == "block"] == []
    return suggestion


def statements(suggestion: Suggestion) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(suggestion.text)["Statement"]
    return found


def test_a_gateway_names_its_callers_in_a_condition() -> None:
    assert statements(suggested(s3("GetObject", key="a"), s3("ListObjects"))) == [
        {
            "Sid": "S3PaymentsReports",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::payments-reports/a",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}},
        },
        {
            "Sid": "S3PaymentsReports2",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::payments-reports",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}},
        },
    ]


def test_an_interface_names_them_as_principals() -> None:
    found = suggested(
        event("sqs", "SendMessage", {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/payments"}),
        event("sqs", "SendMessage", {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/payments"})
        | {"userIdentity": session(BATCH)},
        kind="Interface",
        service="com.amazonaws.eu-west-1.sqs",
        organization="o-exampleorgid",
    )
    (one,) = statements(found)
    assert one["Principal"] == {"AWS": [BATCH, ROLE]}
    assert one["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
    assert one["Resource"] == f"arn:aws:sqs:eu-west-1:{ACCOUNT}:payments"


def test_callers_get_what_they_used_themselves() -> None:
    found = suggested(
        s3("GetObject", key="a"),
        s3("PutObject", key="b") | {"userIdentity": session(BATCH)},
    )
    policy = compile_policy(parse(found.text))
    for principal, action, key, allowed in (
        (SESSION, "s3:GetObject", "a", True),
        (SESSION, "s3:PutObject", "b", False),
        (BATCH, "s3:PutObject", "b", True),
        (BATCH, "s3:GetObject", "a", False),
        (f"arn:aws:iam::{ACCOUNT}:role/other", "s3:GetObject", "a", False),
    ):
        context = {"aws:PrincipalArn": ROLE} if principal == SESSION else {}
        request = Request(principal, action, f"arn:aws:s3:::payments-reports/{key}", ACCOUNT, context)
        assert (policy.decide(request).effect == "Allow") == allowed, (principal, action)


def test_many_keys_of_a_folder_become_its_prefix_and_few_stay_as_they_are() -> None:
    keys = [*(f"reports/2026/{day}.csv" for day in range(9)), "config/app.json", "a*b${x}?"]
    found = suggested(*(s3("GetObject", key=key) for key in keys))
    assert statements(found)[0]["Resource"] == [
        "arn:aws:s3:::payments-reports/a${*}b${$}{x}${?}",
        "arn:aws:s3:::payments-reports/config/app.json",
        "arn:aws:s3:::payments-reports/reports/2026/*",
    ]
    assert "Bucket payments-reports: 9 keys became reports/2026/*." in found.lines


def test_no_prefix_reaches_beyond_its_bucket() -> None:
    found = suggested(*(s3("GetObject", bucket=f"bucket-{n % 2}", key=f"{n}") for n in range(40)))
    assert statements(found)[0]["Resource"] == ["arn:aws:s3:::bucket-0/*", "arn:aws:s3:::bucket-1/*"]


@settings(max_examples=300, deadline=None)
@given(
    st.sets(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map("/".join), min_size=1, max_size=40),
    st.integers(0, 12),
)
def test_prefixes_cover_their_keys_and_are_few(keys: set[str], at_most: int) -> None:
    found = prefixes(keys, at_most)
    assert set(found) == keys
    for key, pattern in found.items():
        assert key == pattern or (pattern.endswith("*") and key.startswith(pattern[:-1]))
    assert len(set(found.values())) <= max(1, at_most)


def test_unknown_characters_of_a_secret_are_six_question_marks() -> None:
    found = suggested(
        event("secretsmanager", "GetSecretValue", {"secretId": "payments/database"}),
        kind="Interface",
        service="com.amazonaws.eu-west-1.secretsmanager",
    )
    assert statements(found)[0]["Resource"].endswith(":secret:payments/database-??????")


def test_callers_without_an_arn_have_statements_of_their_own() -> None:
    found = suggested(
        s3("GetObject", key="a"),
        s3("GetObject", key="a") | {"userIdentity": {"type": "AWSService", "invokedBy": "logs.amazonaws.com"}},
        s3("GetObject", key="a") | {"userIdentity": {"type": "AWSAccount", "accountId": "999988887777"}},
        s3("GetObject", key="a") | {"userIdentity": {"type": "AWSAccount", "accountId": "anonymous"}},
    )
    assert sorted(json.dumps(one.get("Condition", {})) for one in statements(found)) == sorted(
        json.dumps(one)
        for one in (
            {},
            {"ArnEquals": {"aws:PrincipalArn": ROLE}},
            {"Bool": {"aws:PrincipalIsAWSService": "true"}},
            {"StringEquals": {"aws:PrincipalAccount": "999988887777"}},
        )
    )
    assert any("no credentials" in line for line in found.lines)
    assert "s3:GetObject, 1 call: Only the caller's account is recorded." in found.lines


def test_calls_to_other_services_are_left_out_and_told() -> None:
    found = suggested(s3("GetObject", key="a"), event("sqs", "ListQueues"))
    assert "sqs" not in found.text
    assert any("1 call is of another service" in line for line in found.lines)


def test_denials_of_the_policy_of_today_stay() -> None:
    deny = {"Sid": "Never", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    keep = parse(json.dumps({"Version": "2012-10-17", "Statement": [deny, {"Effect": "Allow"}]}))
    assert statements(suggested(s3("GetObject", key="a"), keep=keep))[0] == deny
    with pytest.raises(CannotAllowError, match="kept denies s3:DeleteBucket"):
        suggested(s3("DeleteBucket"), keep=keep)


def test_every_statement_has_a_name_of_its_own() -> None:
    anna = {"userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/anna", "accountId": ACCOUNT}}
    batch = {"userIdentity": session(BATCH)}
    deny = {"Sid": "S3Data", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    found = suggested(
        s3("ListObjects", bucket="data"),
        s3("GetBucketLocation", bucket="data") | anna,
        s3("ListObjects", bucket="data2") | batch,
        keep=parse(json.dumps({"Version": "2012-10-17", "Statement": deny})),
    )
    sids = [one["Sid"] for one in statements(found)]
    assert len(set(sids)) == len(sids) == 4


def test_what_was_recorded_is_no_wildcard() -> None:
    """A path of IAM's may hold a star; a bucket's name can't, but a call may have been given one."""
    starred = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/*/anna", "accountId": ACCOUNT}
    found = suggested(s3("GetObject", bucket="pay*", key="a", userIdentity=starred))
    policy = compile_policy(parse(found.text))
    for caller, bucket in (("x/anna", "pay*"), ("*/anna", "payments")):
        request = Request(f"arn:aws:iam::{ACCOUNT}:user/{caller}", "s3:GetObject", f"arn:aws:s3:::{bucket}/a", ACCOUNT)
        assert policy.decide(request).effect is None, request


def test_nothing_recorded_is_no_policy() -> None:
    with pytest.raises(CannotAllowError, match="No request"):
        suggested(event("sqs", "ListQueues"))


def wide(*, callers: int, buckets: int, keys: int) -> list[dict[str, Any]]:
    """Events whose exact policy would be far too long. More than one caller shares no bucket with another."""
    found = []
    for n in range(max(callers, buckets)):
        who = session(f"arn:aws:iam::{ACCOUNT}:role/{'service' * 5}-{n % callers}")
        bucket = f"{'bucket' * 6}-{n % buckets}"
        for key in range(keys):
            name = "GetObject" if (n + key) % 2 else "PutObject"
            found.append(s3(name, bucket=bucket, key=f"{key}/{'k' * 20}{key}") | {"userIdentity": who})
    return found


@pytest.mark.parametrize(
    ("events", "step"),
    [
        (wide(callers=1, buckets=60, keys=8), "three prefixes"),
        (wide(callers=100, buckets=100, keys=1), "Every caller gets"),
        (wide(callers=400, buckets=1, keys=1), "by their account"),
        (wide(callers=1, buckets=600, keys=1), "by service, region and account"),
    ],
)
def test_a_policy_that_would_be_too_long_gets_wider_step_by_step_and_says_so(
    events: list[dict[str, Any]], step: str
) -> None:
    for kind in ("Gateway", "Interface"):
        found = suggested(*events, kind=kind)
        told = [line for line in found.lines if line.startswith("To fit into 20,480 characters: ")]
        assert step in told[-1], told
        assert replay(parse(found.text), recorded(*events)).clean


EVENT = st.builds(
    lambda name, bucket, key, who: s3(name, bucket=bucket, key=key) | {"userIdentity": who},
    st.sampled_from(
        ["GetObject", "PutObject", "DeleteObject", "HeadObject", "ListObjects", "CopyObject", "DeleteObjects"]
    ),
    st.sampled_from(["one", "two", "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap"]),
    st.one_of(
        st.none(), st.sampled_from(["a", "a/b", "a/c", "a/d/e", "x*", "${aws:username}/y", "$"]), st.text(max_size=5)
    ),
    st.sampled_from(
        [
            session(),
            session(BATCH),
            {"type": "AWSAccount", "accountId": "anonymous"},
            {"type": "AWSAccount", "accountId": "999988887777"},
            {"type": "AWSService", "invokedBy": "s3.amazonaws.com"},
            {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/anna", "accountId": ACCOUNT},
            {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT},
        ]
    ),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=25), st.sampled_from(["Gateway", "Interface"]), st.booleans())
def test_whatever_was_recorded_stays_allowed(events: list[dict[str, Any]], kind: str, ours: bool) -> None:
    organization = "o-exampleorgid" if ours else None
    found = suggested(*events, kind=kind, organization=organization)
    assert replay(parse(found.text), recorded(*events, organization=organization)).clean
