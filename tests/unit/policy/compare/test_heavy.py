"""Nothing that fits a policy makes the comparison raise, hang, or take much memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from endpoints.policy.compare import compare
from tests.unit.policy.compare import heavy

LARGE = dict(heavy.large())
HANGS = 20.0
"""Seconds of processor time after which it counts as hanging; `bench.policy_compare` measures how long it takes."""
MEBIBYTES = 256


@pytest.mark.parametrize("name", LARGE)
def test_large_policies_are_decided(name: str) -> None:
    before, after = LARGE[name]
    found = compare(before, after)
    assert found.relation in ("wider", "narrower", "incomparable")
    assert found.reason is None


def test_hostile_policies_end_in_time_and_take_little_memory_with_true_answers() -> None:
    ran = subprocess.run([sys.executable, "-c", _ALL], capture_output=True, text=True, check=True)
    *lines, memory = ran.stdout.splitlines()
    assert int(memory) < MEBIBYTES
    assert len(lines) > 12
    for line in lines:
        found = json.loads(line)
        assert found["seconds"] < HANGS, found["name"]
        assert found["untrue"] == 0, found["name"]
        assert (found["reason"] is not None) == (found["relation"] == "undecided"), found["name"]


_ALL = """
import json, re, resource, sys, time
from endpoints.policy.compare import compare
from endpoints.policy.evaluate import compile_policy
from tests.unit.policy.compare import heavy
for name, (before, after) in heavy.hostile():
    started = time.thread_time()
    found = compare(before, after)
    seconds = time.thread_time() - started
    old, new = compile_policy(before), compile_policy(after)
    untrue = sum(
        allowing.decide(region.witness).effect != "Allow" or other.decide(region.witness).effect == "Allow"
        for regions, allowing, other in ((found.gained, new, old), (found.lost, old, new))
        for region in regions
    )
    answer = {"name": name, "seconds": seconds, "untrue": untrue, "relation": found.relation, "reason": found.reason}
    print(json.dumps(answer))
# The process that started this one counts in `ru_maxrss`, until it was replaced by this; not in Linux's own record.
if sys.platform == "linux":
    print(int(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1]) // 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 // 1024)
"""
