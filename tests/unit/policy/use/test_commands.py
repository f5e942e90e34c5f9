"""`replay` and `suggest` from the command line: JSON Lines in and out, and what one says the others take."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from endpoints.policy import command
from tests.unit.policy.use.events import ENDPOINT, event, s3

FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
NONE = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
EVENTS = [s3("GetObject", key="a"), s3("GetObject", key="b"), s3("ListObjects")]
ASKED = {"endpoint_type": "Gateway", "service": "com.amazonaws.eu-west-1.s3", "events": EVENTS}


class Answers:
    """Runs a verb in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.status: int | None = None

    def to(self, verb: str, *lines: Any) -> list[dict[str, Any]]:
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        self.status = command.main([verb])
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answers:
    return Answers(monkeypatch, capsys)


@pytest.mark.parametrize(
    "events",
    [EVENTS, {"Records": EVENTS}, json.dumps({"Records": EVENTS}), "\n".join(json.dumps(one) for one in EVENTS)],
)
def test_replay_takes_events_in_every_form(answers: Answers, events: Any) -> None:
    allowed, denied = answers.to("replay", {"policy": FULL, "events": events}, {"policy": NONE, "events": events})
    assert answers.status == 0
    assert (allowed["allowed"], allowed["denied"], allowed["groups"]) == (3, 0, [])
    assert (denied["allowed"], denied["denied"]) == (0, 3)
    first = denied["groups"][0]
    assert (first["action"], first["count"], first["explicit"]) == ("s3:GetObject", 2, True)
    assert first["reason"] == "Statement 1 denies it."


def test_a_sample_of_replay_can_be_evaluated(answers: Answers) -> None:
    (found,) = answers.to("replay", {"policy": NONE, "events": EVENTS, "organization": "o-exampleorgid"})
    sample = found["groups"][0]["sample"]
    assert sample["context"]["aws:PrincipalOrgID"] == "o-exampleorgid"
    (decided,) = answers.to("evaluate", {"request": sample, "endpoint_policies": [NONE]})
    assert decided["decision"] == "explicit_deny"


def test_replay_says_what_it_read_and_what_it_left(answers: Answers) -> None:
    other = event("sqs", "ListQueues", vpcEndpointId="vpce-00000000000000000")
    refused = s3("PutObject", key="a", errorCode="AccessDenied")
    (found,) = answers.to("replay", {"policy": FULL, "events": [*EVENTS, other, refused, 7], "endpoint": ENDPOINT})
    assert found["recorded"] == {
        "events": 5,
        "elsewhere": 1,
        "denied_by_aws": 1,
        "skipped": ["Line 1, record 6: This is no event of CloudTrail."],
        "skipped_count": 1,
        "stopped": None,
    }


def test_a_suggested_policy_is_replayed_without_a_denial(answers: Answers) -> None:
    (found,) = answers.to("suggest", {**ASKED, "keep": {**NONE, "Statement": []}})
    assert found["lines"][0] == "It allows 3 recorded calls, 3 different ones."
    (replayed,) = answers.to("replay", {"policy": found["policy"], "events": EVENTS})
    assert (replayed["allowed"], replayed["groups"]) == (3, [])


@pytest.mark.parametrize(
    ("verb", "line", "says"),
    [
        ("replay", {"events": []}, '"policy" is missing'),
        ("replay", {"policy": "{", "events": []}, "policy: Line 1"),
        ("replay", {"policy": FULL}, '"events" is missing'),
        ("replay", {"policy": FULL, "events": [], "endpoint": 7}, '"endpoint" is no string'),
        ("replay", {"policy": FULL, "events": [], "colour": 7}, '"colour" is unknown'),
        ("suggest", {**ASKED, "endpoint_type": "Other"}, '"endpoint_type"'),
        ("suggest", {"events": [], "endpoint_type": "Gateway"}, '"service" is missing'),
        ("suggest", {**ASKED, "events": []}, "No request to this service was recorded"),
        ("suggest", {**ASKED, "keep": NONE}, "kept denies s3:GetObject"),
    ],
)
def test_a_bad_line_gets_an_error_and_the_rest_goes_on(
    answers: Answers, verb: str, line: dict[str, Any], says: str
) -> None:
    good = {"policy": FULL, "events": EVENTS} if verb == "replay" else ASKED
    bad, after = answers.to(verb, line, good)
    assert says in bad["error"]
    assert "error" not in after
    assert answers.status == 1
