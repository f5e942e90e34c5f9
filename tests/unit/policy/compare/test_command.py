"""`python -m endpoints.policy compare`: a line for each line, and witnesses that `evaluate` takes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
BEFORE = {"Version": "2012-10-17", "Statement": [ALLOW]}
AFTER = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Action": ["s3:GetObject", "s3:PutObject"]}]}


def run(verb: str, *lines: Any) -> tuple[int, list[dict[str, Any]]]:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    ran = subprocess.run(
        [sys.executable, "-m", "endpoints.policy", verb], input=text, capture_output=True, text=True, check=False
    )
    assert not ran.stderr
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def test_every_line_is_answered_and_its_witness_can_be_evaluated() -> None:
    status, (wider, same, text, missing, broken) = run(
        "compare",
        {"before": BEFORE, "after": AFTER},
        {"before": BEFORE, "after": {"Statement": ALLOW}},
        {"before": json.dumps(AFTER, indent=2), "after": BEFORE},
        {"before": BEFORE},
        {"before": BEFORE, "after": '{"Statement": [,]}'},
    )
    assert status == 1
    assert wider["relation"] == "wider"
    assert wider["lost"] == []
    assert [one["text"] for one in wider["gained"]] == ["Anyone may now use s3:PutObject on every object in bucket a."]
    assert same == {"relation": "equivalent", "gained": [], "lost": []}
    assert text["relation"] == "narrower"
    assert missing["error"].startswith('"after" is missing')
    assert broken["error"].startswith("after: Line 1, column 16:")
    witness = wider["gained"][0]["witness"]
    _, (denied, allowed) = run(
        "evaluate", *({"request": witness, "endpoint_policies": [policy]} for policy in (BEFORE, AFTER))
    )
    assert (denied["decision"], allowed["decision"]) == ("implicit_deny", "allowed")


def test_a_misspelt_member_is_refused_and_what_is_undecided_says_why() -> None:
    wild = [{**ALLOW, "Condition": {"StringLike": {"s3:prefix": f"*{number}*"}}} for number in range(60)]
    status, (misspelt, undecided) = run(
        "compare",
        {"befor": BEFORE, "after": AFTER},
        {"before": {"Statement": wild}, "after": {"Statement": wild[:-1]}},
    )
    assert status == 1
    assert misspelt == {"error": '"befor" is unknown. Write "before" if you mean that.'}
    assert undecided["relation"] == "undecided"
    assert undecided["reason"].endswith(("combination.", "time and memory."))
