"""A proposed policy against what was used: what it would deny, grouped, with the reason."""

from __future__ import annotations

import json
from typing import Any

from endpoints.policy.document import parse
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.policy.templates import catalogue
from endpoints.policy.use.recorded import read
from endpoints.policy.use.replay import EXPLAINED, Replay, replay
from tests.unit.policy.use.events import ROLE, event, s3, session

BATCH = "arn:aws:iam::111122223333:role/nightly-batch"


def against(policy: str | dict[str, Any], *events: dict[str, Any]) -> Replay:
    text = policy if isinstance(policy, str) else json.dumps({"Version": "2012-10-17", "Statement": policy})
    return replay(parse(text), read(json.dumps([*events]).encode()))


def only(bucket: str, *actions: str) -> dict[str, Any]:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {"Sid": "Ours", "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}


def test_nothing_that_was_used_is_denied_by_full_access() -> None:
    found = against(FULL_ACCESS, s3("GetObject", key="a"), event("sqs", "ListQueues"))
    assert found.clean
    assert (found.allowed, found.denied) == (2, 0)


def test_what_would_be_denied_comes_in_groups_of_caller_action_and_bucket() -> None:
    batch = {"userIdentity": session(BATCH)}
    found = against(
        only("payments-reports", "s3:GetObject"),
        *(s3("GetObject", key=str(key)) for key in range(5)),
        *(s3("PutObject", key=str(key), eventTime=f"2026-11-0{key + 1}T00:00:00Z") for key in range(4)),
        *(s3("PutObject", key=str(key)) | batch for key in range(2)),
        s3("GetObject", bucket="elsewhere", key="b"),
    )
    assert (found.allowed, found.denied) == (5, 7)
    assert [(one.who, one.action, one.resource, one.count) for one in found.groups] == [
        (ROLE, "s3:PutObject", "arn:aws:s3:::payments-reports", 4),
        (BATCH, "s3:PutObject", "arn:aws:s3:::payments-reports", 2),
        (ROLE, "s3:GetObject", "arn:aws:s3:::elsewhere", 1),
    ]
    first = found.groups[0]
    assert (first.first, first.last) == ("2026-11-01T00:00:00Z", "2026-11-04T00:00:00Z")
    assert first.sample.action == "s3:PutObject"
    assert first.reason.startswith('No statement allows it. Statement 1 ("Ours"): ')
    assert not first.explicit


def test_the_groups_that_are_read_say_why() -> None:
    found = against(
        only("payments-reports", "s3:GetObject"),
        *(s3("GetObject", bucket=f"bucket-{number}", key="a") for number in range(EXPLAINED + 5)),
    )
    assert len(found.groups) == EXPLAINED + 5
    assert [bool(one.reason) for one in found.groups] == [True] * EXPLAINED + [False] * 5


def test_the_statement_that_denies_is_named() -> None:
    deny = {"Sid": "NoDeletes", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "*"}
    found = against([only("payments-reports", "s3:*"), deny], s3("DeleteObject", key="a"))  # type: ignore[arg-type]
    assert found.groups[0].reason == 'Statement 2 ("NoDeletes") denies it.'
    assert found.groups[0].explicit


def test_streams_indexes_and_versions_count_with_their_group() -> None:
    found = against(
        only("payments-reports", "s3:GetObject"),
        *(event("logs", "PutLogEvents", {"logGroupName": "/app", "logStreamName": str(n)}) for n in range(3)),
        *(event("dynamodb", "Query", {"tableName": "orders", "indexName": str(n)}) for n in range(3)),
        event("lambda", "Invoke", {"functionName": "f", "qualifier": "1"}),
    )
    assert sorted((one.resource.split(":", 5)[5], one.count) for one in found.groups) == [
        ("function:f", 1),
        ("log-group:/app", 3),
        ("table/orders", 3),
    ]


def test_what_is_not_recorded_is_said_with_the_group() -> None:
    found = against(only("payments-reports", "s3:GetObject"), event("sqs", "ReceiveMessage", None))
    assert found.groups[0].unsure == "The resource is not recorded."


def test_what_aws_denied_is_not_replayed() -> None:
    found = against(only("payments-reports", "s3:GetObject"), s3("PutObject", key="a", errorCode="AccessDenied"))
    assert found.clean
    assert found.allowed == 0


def test_a_template_is_replayed_as_any_policy() -> None:
    template = next(one for one in catalogue() if one.id == "s3-buckets-read")
    text = template.render({"buckets": "payments-reports"}, region="eu-west-1", partition="aws", account="111122223333")
    found = against(text, s3("GetObject", key="a"), s3("ListObjects"), s3("PutObject", key="a"))
    assert (found.allowed, [one.action for one in found.groups]) == (2, ["s3:PutObject"])
