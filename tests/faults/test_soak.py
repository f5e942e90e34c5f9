"""A small soak: one seed with every kind of fault at once. `make soak` runs more and larger ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.faults


def test_a_storm_of_every_fault_loses_nothing_and_does_nothing_twice() -> None:
    own_servers = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "tests.faults.soak", "--seeds=1", "--requests=8", "--storm=6"]
    run = subprocess.run(command, env=own_servers, capture_output=True, text=True, check=False)
    assert run.stdout, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert (found["bad"], run.returncode) == ([], 0), found
    assert sum(found["states"].values()) == 8
    by_us = ("kill worker", "stop worker", "kill beat", "wipe redis", "hang redis", "restart redis", "restart postgres")
    by_us += ("duplicate",)
    assert {kind for kind in by_us if not found["fired"].get(kind)} == set(), "each fault fired"
