"""Events of many services become the requests that they were, and what is no event is told."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.policy.use import streams
from endpoints.policy.use.recorded import read
from tests.unit.policy.use.events import ACCOUNT, ENDPOINT, ROLE, SESSION, event, s3, session

REPORTS = "arn:aws:s3:::payments-reports"


def asked(*events: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the action and resource of each request that the events stand for."""
    found = read(json.dumps([*events]).encode())
    assert not found.skipped
    assert not found.stopped
    return [(one.request.action, one.request.resource) for one in found.requests]


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{rest}"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (s3("GetObject", key="2026/a b+ü.csv"), [("s3:GetObject", f"{REPORTS}/2026/a b+ü.csv")]),
        (s3("GetObject", key="a", parameters={"versionId": "3sL4"}), [("s3:GetObjectVersion", f"{REPORTS}/a")]),
        (s3("HeadObject", key="a"), [("s3:GetObject", f"{REPORTS}/a")]),
        (s3("ListObjects", parameters={"list-type": "2", "prefix": "x/"}), [("s3:ListBucket", REPORTS)]),
        (s3("ListObjectVersions"), [("s3:ListBucketVersions", REPORTS)]),
        (s3("HeadBucket"), [("s3:ListBucket", REPORTS)]),
        (s3("GetBucketEncryption"), [("s3:GetEncryptionConfiguration", REPORTS)]),
        (s3("DeleteBucketCors"), [("s3:PutBucketCORS", REPORTS)]),
        (s3("ListBucketInventoryConfigurations"), [("s3:GetInventoryConfiguration", REPORTS)]),
        (event("s3", "ListBuckets", {"Host": "s3.eu-west-1.amazonaws.com"}), [("s3:ListAllMyBuckets", "*")]),
        (s3("UploadPart", key="big"), [("s3:PutObject", f"{REPORTS}/big")]),
        (s3("ListParts", key="big"), [("s3:ListMultipartUploadParts", f"{REPORTS}/big")]),
        (s3("ListMultipartUploads"), [("s3:ListBucketMultipartUploads", REPORTS)]),
        (s3("DeleteObjects"), [("s3:DeleteObject", f"{REPORTS}/*")]),
        (
            s3("CopyObject", key="to", parameters={"x-amz-copy-source": "/payments-archive/from%20here?versionId=1"}),
            [("s3:PutObject", f"{REPORTS}/to"), ("s3:GetObject", "arn:aws:s3:::payments-archive/from here")],
        ),
        (
            s3("GetObject", bucket=arn("s3", "accesspoint/reports"), key="a"),
            [("s3:GetObject", arn("s3", "accesspoint/reports/object/a"))],
        ),
        (
            event("dynamodb", "Query", {"tableName": "orders", "indexName": "by-day"}),
            [("dynamodb:Query", arn("dynamodb", "table/orders/index/by-day"))],
        ),
        (
            event(
                "dynamodb",
                "GetItem",
                {"tableName": "orders", "key": {"id": "HIDDEN"}},
                [{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": arn("dynamodb", "table/orders")}],
            ),
            [("dynamodb:GetItem", arn("dynamodb", "table/orders"))],
        ),
        (
            event("dynamodb", "BatchGetItem", {"requestItems": {"orders": {}, "customers": {}}}),
            [
                ("dynamodb:BatchGetItem", arn("dynamodb", "table/orders")),
                ("dynamodb:BatchGetItem", arn("dynamodb", "table/customers")),
            ],
        ),
        (
            event("dynamodb", "TransactWriteItems", {"transactItems": [{"put": {"tableName": "orders"}}]}),
            [("dynamodb:PutItem", arn("dynamodb", "table/orders"))],
        ),
        (
            event("secretsmanager", "GetSecretValue", {"secretId": "payments/database"}),
            [("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:payments/database-XXXXXX"))],
        ),
        (
            event("kms", "Decrypt", {"encryptionContext": {}}, [{"accountId": ACCOUNT, "ARN": arn("kms", "key/1")}]),
            [("kms:Decrypt", arn("kms", "key/1"))],
        ),
        (
            event("sqs", "SendMessageBatch", {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/payments"}),
            [("sqs:SendMessage", arn("sqs", "payments"))],
        ),
        (event("sns", "Publish", {"topicArn": arn("sns", "payments")}), [("sns:Publish", arn("sns", "payments"))]),
        (
            event("ssm", "GetParameters", {"names": ["/payments/url", "plain"], "withDecryption": True}),
            [
                ("ssm:GetParameters", arn("ssm", "parameter/payments/url")),
                ("ssm:GetParameters", arn("ssm", "parameter/plain")),
            ],
        ),
        (
            event("lambda", "Invoke", {"functionName": f"{ACCOUNT}:function:charge", "invocationType": "Event"}),
            [("lambda:InvokeFunction", arn("lambda", "function:charge"))],
        ),
        (
            event("lambda", "GetFunctionConfiguration20150331v2", {"functionName": "charge"}),
            [("lambda:GetFunctionConfiguration", arn("lambda", "function:charge"))],
        ),
        (event("monitoring", "PutMetricData", {"namespace": "Payments"}), [("cloudwatch:PutMetricData", "*")]),
        (
            event("logs", "CreateLogStream", {"logGroupName": "/payments/app", "logStreamName": "i-0"}),
            [("logs:CreateLogStream", arn("logs", "log-group:/payments/app:log-stream:i-0"))],
        ),
        (
            event(
                "sts",
                "AssumeRole",
                {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deployer", "roleSessionName": "x"},
                [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": f"arn:aws:iam::{ACCOUNT}:role/deployer"}],
            ),
            [("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/deployer")],
        ),
        (
            event("kinesis", "PutRecords", {"streamName": "clicks"}),
            [("kinesis:PutRecords", arn("kinesis", "stream/clicks"))],
        ),
        (
            event("events", "PutEvents", {"entries": [{"source": "app"}, {"eventBusName": "payments"}]}),
            [
                ("events:PutEvents", arn("events", "event-bus/default")),
                ("events:PutEvents", arn("events", "event-bus/payments")),
            ],
        ),
        (
            event("bedrock", "Converse", {"modelId": "amazon.titan-v1:0"}),
            [("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-v1:0")],
        ),
        (
            event("ecr", "BatchGetImage", {"registryId": "602401143452", "repositoryName": "eks/coredns"}),
            [("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:602401143452:repository/eks/coredns")],
        ),
        (
            event("cloudformation", "SignalResource", {"stackName": "payments"}),
            [("cloudformation:SignalResource", arn("cloudformation", "stack/payments/*"))],
        ),
        (event("athena", "StartQueryExecution", {"queryString": "HIDDEN"}), [("athena:StartQueryExecution", "*")]),
    ],
)
def test_an_event_is_the_requests_that_it_was(recorded: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert asked(recorded) == expected


def test_a_request_carries_what_the_event_tells() -> None:
    found = read(json.dumps(s3("ListObjects", parameters={"prefix": "2026/", "max-keys": 10})).encode())
    request = found.requests[0].request
    assert request.principal == SESSION
    assert request.resource_account == ACCOUNT
    assert request.context == {
        "aws:SourceVpce": ENDPOINT,
        "aws:VpcSourceIp": "10.0.12.34",
        "aws:RequestedRegion": "eu-west-1",
        "aws:PrincipalArn": ROLE,
        "s3:prefix": "2026/",
        "s3:max-keys": "10",
    }
    assert request.facts.context["aws:principalaccount"] == ACCOUNT
    assert request.facts.context["aws:resourceaccount"] == ACCOUNT


def test_the_organisation_is_known_only_if_told_and_only_of_our_own() -> None:
    strange = s3("GetObject", key="a") | {"userIdentity": session(account="999988887777")}
    ours, theirs = read(json.dumps([s3("GetObject", key="a"), strange]).encode(), organization="o-1").requests
    assert ours.request.context["aws:PrincipalOrgID"] == "o-1"
    assert ours.request.context["aws:ResourceOrgID"] == "o-1"
    assert "aws:ResourceOrgID" not in theirs.request.context
    assert "aws:PrincipalOrgID" not in read(json.dumps(s3("HeadBucket")).encode()).requests[0].request.context


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        (
            {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/anna", "accountId": ACCOUNT},
            f"arn:aws:iam::{ACCOUNT}:user/anna",
        ),
        ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}, f"arn:aws:iam::{ACCOUNT}:root"),
        ({"type": "AWSService", "invokedBy": "logs.amazonaws.com"}, "logs.amazonaws.com"),
        ({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "999988887777"}, "999988887777"),
        ({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}, "*"),
        ({"type": "WebIdentityUser", "userName": "system:serviceaccount:a:b"}, "*"),
        (
            {"type": "FederatedUser", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bo", "accountId": ACCOUNT},
            f"arn:aws:sts::{ACCOUNT}:federated-user/bo",
        ),
    ],
)
def test_the_caller_is_who_the_identity_says(identity: dict[str, str], principal: str) -> None:
    found = read(json.dumps(s3("GetObject", key="a") | {"userIdentity": identity}).encode())
    assert [one.request.principal for one in found.requests] == [principal]


def test_what_was_sent_in_place_of_an_arn_is_no_resource() -> None:
    """A call that AWS refused for its parameters is recorded like any other."""
    odd = [event("sns", "Publish", {"topicArn": "arn:aws"}), s3("GetObject", key="a", resources=[])]
    odd[1]["requestParameters"]["bucketName"] = "arn:aws"
    assert asked(*odd) == [("sns:Publish", "*"), ("s3:GetObject", "*")]


def test_a_copy_from_an_access_point_reads_from_it() -> None:
    point = f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/reports/object/a.csv"
    copied = s3("CopyObject", key="b", parameters={"x-amz-copy-source": point})
    assert asked(copied) == [("s3:PutObject", f"{REPORTS}/b"), ("s3:GetObject", point)]


@pytest.mark.parametrize("odd", ["\ud800", "\0", "two words", "ü"])
def test_a_caller_whose_name_iam_can_not_hold_counts_as_its_account(odd: str) -> None:
    identity = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/{odd}", "accountId": ACCOUNT}
    (seen,) = read(json.dumps(s3("GetObject", key="a", userIdentity=identity)).encode()).requests
    assert (seen.request.principal, seen.unsure) == (ACCOUNT, "Only the caller's account is recorded.")


def test_only_calls_through_the_endpoint_count_and_denied_ones_are_kept_apart() -> None:
    other = s3("GetObject", key="b") | {"vpcEndpointId": "vpce-00000000000000000"}
    outside = {key: value for key, value in s3("GetObject", key="c").items() if key != "vpcEndpointId"}
    denied = s3("PutObject", key="d", errorCode="AccessDenied", errorMessage="Access Denied")
    refused = s3("PutObject", key="d", errorCode="VpceAccessDenied", eventCategory="NetworkActivity")
    missing = s3("GetObject", key="e", errorCode="NoSuchKey")
    data = json.dumps({"Records": [s3("GetObject", key="a"), other, outside, denied, refused, missing]}).encode()
    found = read(data, vpc_endpoint_id=ENDPOINT)
    assert [one.request.resource for one in found.requests] == [f"{REPORTS}/a", f"{REPORTS}/e"]
    assert [(one.request.action, one.count) for one in found.denied] == [("s3:PutObject", 2)]
    assert (found.events, found.elsewhere) == (6, 2)
    assert read(data).elsewhere == 0


def test_the_same_request_is_kept_once_with_its_count_and_times() -> None:
    times = ("2026-11-02T09:30:00Z", "2026-11-01T07:00:00Z", "2026-11-03T01:00:00Z")
    found = read(json.dumps([s3("GetObject", key="a", eventTime=when) for when in times]).encode())
    (one,) = found.requests
    assert (one.count, one.first, one.last, one.record) == (3, times[1], times[2], 1)


# --- Forms of files -----------------------------------------------------------------------------------------------
EVENTS = [s3("GetObject", key=str(number)) for number in range(5)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Records": EVENTS}),
        json.dumps({"Records": EVENTS}, indent=2),
        json.dumps({"queryId": "x", "Records": EVENTS}),
        json.dumps({"Records": EVENTS, "more": [1, {"a": 2}]}),
        json.dumps(EVENTS),
        "\n".join(json.dumps(one) for one in EVENTS),
        "\r\n\r\n".join(json.dumps(one, indent=1) for one in EVENTS),
        json.dumps({"Records": EVENTS[:2]}) + "\n" + json.dumps({"Records": EVENTS[2:]}) + "\n",
        "\ufeff" + json.dumps(EVENTS),
        json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(one)} for one in EVENTS]}),
        "\n".join(json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": one}) for one in EVENTS),
    ],
)
def test_every_form_of_file_is_read_plain_and_packed(text: str) -> None:
    half = len(text) // 2
    members = gzip.compress(text[:half].encode()) + gzip.compress(text[half:].encode())
    for data in (text.encode(), gzip.compress(text.encode()), members):
        found = read(data)
        assert (found.events, found.skipped, found.stopped) == (5, [], "")
        assert [one.request.resource for one in found.requests] == [f"{REPORTS}/{number}" for number in range(5)]


def test_a_bad_line_is_told_with_its_number_and_the_rest_is_read() -> None:
    lines = [json.dumps(EVENTS[0]), "{bad", "7", json.dumps({"a": 1}), json.dumps(EVENTS[1] | {"userIdentity": {}})]
    found = read("\n".join([*lines, json.dumps(EVENTS[2])]).encode())
    assert len(found.requests) == 2
    assert [str(one) for one in found.skipped] == [
        "Line 2, record 2: This is no JSON.",
        "Line 3, record 3: This is no event of CloudTrail.",
        "Line 4, record 4: It names no service and call (eventSource, eventName).",
        "Line 5, record 5: The caller is not recorded.",
    ]


def test_reading_ends_where_a_list_is_broken_and_says_so() -> None:
    text = json.dumps({"Records": EVENTS}, indent=1)
    found = read(text[: len(text) // 2].encode())
    assert 0 < found.events < 5
    assert "is no JSON" in str(found.skipped[-1])
    assert found.skipped[-1].line > 50


def test_what_aws_does_by_itself_is_no_call() -> None:
    found = read(json.dumps(event("kms", "RotateKey", None, eventType="AwsServiceEvent")).encode())
    assert found.events == 0
    assert found.skipped[0].why == "It is no API call."


def test_more_events_than_the_limit_are_left_and_told() -> None:
    found = read(json.dumps(EVENTS).encode(), limit=3)
    assert (found.events, found.stopped) == (3, "Only the first 3 events are read.")
    assert read(json.dumps(EVENTS).encode(), limit=5).stopped == ""


def test_a_gzip_bomb_is_refused_with_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_BYTES", 8 * 1024 * 1024)
    bomb = gzip.compress(b" " * (32 * 1024 * 1024))
    nested = gzip.compress(b'["' + b"a" * (32 * 1024 * 1024))
    for data in (bomb, nested):
        assert len(data) < 100_000
        tracemalloc.start()
        found = read(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.events == 0
        assert "MiB unpacked" in found.skipped[-1].why or "longer than" in found.skipped[-1].why
        assert peak < 16 * 1024 * 1024


def test_data_of_something_else_end_early() -> None:
    found = read(b"1\n" * 50_000)
    assert "hold no event" in found.stopped
    assert (found.skipped_count, len(found.skipped)) == (10_000, 100)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8b",
        gzip.compress(b"[{}]", mtime=0)[:-6],
        gzip.compress(b"[{}]" * 99, mtime=0)[:20] + b"\xff" * 40,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        b'{"Records": [',
        b'{"Records": [],',
        b"9" * 50_000,
        b'["\\ud800"]',
        json.dumps(s3("GetObject", key="\ud800")).encode(),
        json.dumps(s3("GetObject", key="a", sourceIPAddress="\ud800", vpcEndpointId="\ud800")).encode(),
        json.dumps(event("dynamodb", "TransactWriteItems", {"transactItems": [1, {"put": 2}, {"put": {}}]})).encode(),
        json.dumps(event("s3", "GetObject", {"bucketName": 1, "key": []}, [1, {"ARN": 2}, {"ARN": "arn:"}])).encode(),
        json.dumps(event("kms", "Decrypt", [], {"ARN": "x"}, awsRegion=3, recipientAccountId=[])).encode(),
        json.dumps(
            [event("kms", "Decrypt", {"keyId": "arn:x:key/"}), event("sns", "Publish", {"topicArn": "arn:a"})]
        ).encode(),
    ],
    ids=lambda data: repr(data[:8]),  # the same in every process
)
def test_hostile_data_are_read_without_an_error(data: bytes) -> None:
    for one in read(data, organization="o-1").requests:
        json.dumps({"resource": one.request.resource, **one.request.context}, ensure_ascii=False).encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_without_an_error(data: bytes, packed: bool) -> None:
    read(gzip.compress(data, mtime=0) if packed else data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "userIdentity",
    "requestParameters",
    "resources",
    "eventSource",
    "eventName",
    "awsRegion",
    "eventTime",
    "detail",
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
    st.sampled_from(["s3", "dynamodb", "sqs", "kms", "events"]),
)
def test_any_event_is_read_without_an_error(odd: dict[str, Any], service: str) -> None:
    parameters = {name: odd.get("detail") for name in ("key", "tableName", "queueUrl", "entries", "requestItems")}
    read(json.dumps(event(service, "GetObject", parameters) | odd).encode(), organization="o-1")
