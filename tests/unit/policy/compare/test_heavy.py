"""Nothing that fits a policy makes the comparison raise, hang, or take much memory."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from endpoints.policy.compare import compare
from endpoints.policy.evaluate import compile_policy
from tests.unit.policy.compare import heavy

LARGE, HOSTILE = dict(heavy.large()), dict(heavy.hostile())
SECONDS = 2.0
MEBIBYTES = 256


@pytest.mark.parametrize("name", LARGE)
def test_large_policies_are_decided(name: str) -> None:
    before, after = LARGE[name]
    found = compare(before, after)
    assert found.relation in ("wider", "narrower", "incomparable")
    assert found.reason is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_policies_end_in_time_with_true_answers(name: str) -> None:
    before, after = HOSTILE[name]
    started = time.thread_time()
    found = compare(before, after)
    assert time.thread_time() - started < SECONDS
    assert (found.reason is not None) == (found.relation == "undecided")
    old, new = compile_policy(before), compile_policy(after)
    for regions, allowing, other in ((found.gained, new, old), (found.lost, old, new)):
        for region in regions:
            assert allowing.decide(region.witness).effect == "Allow"
            assert other.decide(region.witness).effect != "Allow"


def test_hostile_policies_take_little_memory() -> None:
    ran = subprocess.run([sys.executable, "-c", _ALL], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < MEBIBYTES * 1024


_ALL = """
import resource
from endpoints.policy.compare import compare
from tests.unit.policy.compare import heavy
for name, (before, after) in heavy.hostile():
    compare(before, after)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
