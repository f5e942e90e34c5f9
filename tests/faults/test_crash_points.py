"""A worker dies before each of its durable effects, one after the other, for every kind of change. Nothing is lost.

Each death leaves one more state behind; another worker goes on from it, and at the end there is exactly what was
approved: one endpoint, or none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoints.models import EndpointRequest, Operation
from endpoints.services import events
from tests import workers
from tests.aws import World, environment
from tests.faults.stage import Stage, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
MOST_EFFECTS = 60


class Driver:
    """The process of `tests.faults.driver`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, *, region: int, **when: int) -> dict[str, Any]:
        """Let a worker go on until it ends or dies: `crash_at` an effect, or `terminate_at` a commit."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"region": region, **when}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer["killed"] or answer["terminated"] or answer["ended"], f"the worker failed: {answer}"
        return answer


@pytest.fixture(scope="module")
def driver(django_db_setup: None, simulated_aws: str) -> Iterator[Driver]:
    command = [sys.executable, "-m", "tests.faults.driver"]
    env = {**os.environ, **environment(simulated_aws), "DATABASE_URL": workers.database_url()}
    with subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Driver(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=20)


@pytest.mark.parametrize(
    ("kind", "expected", "status"),
    [
        ("modify", {"modify_vpc_endpoint", "set_tags"}, "available"),
        ("create_with_rule", {"create_vpc_endpoint", "authorize_rule", "modify_vpc_endpoint"}, "available"),
        ("delete_with_rule", {"delete_vpc_endpoint", "revoke_rule"}, "deleted"),
    ],
)
def test_a_crash_at_any_point_loses_nothing_and_does_nothing_twice(
    aws: World, driver: Driver, kind: str, expected: set[str], status: str
) -> None:
    stage = Stage(aws)
    if with_rule := kind.endswith("_with_rule"):
        stage.second_range()
    approve: Callable[[], EndpointRequest] = getattr(stage, kind)
    for crash_at in range(MOST_EFFECTS):
        request = approve()
        fence = Operation.objects.get(request=request).fence
        run = driver.run(region=stage.region, crash_at=crash_at)
        assert len(run["effects"]) == crash_at or not run["killed"], "it died where it should"
        stage.finish(request)
        operation = Operation.objects.get(request=request)
        assert request.status == status, f"died before effect {crash_at}, after {run['effects']}"
        assert len(held(aws, request)) == (status != "deleted"), f"died before effect {crash_at}"
        assert operation.fence > fence
        if with_rule:
            assert len(stage.rules()) == (status != "deleted"), f"died before effect {crash_at}, after {run['effects']}"
        stage.clear(request)
        if not run["killed"]:
            assert expected <= set(run["effects"])
            break
    assert crash_at > 5, "the fault fired, again and again"
    assert not run["killed"], "every point was tried"
    assert events.first_broken(events.chain_of(stage.account)) is None


def test_a_worker_that_is_told_to_stop_in_the_middle_of_a_commit_loses_nothing(aws: World, driver: Driver) -> None:
    stage = Stage(aws)
    for terminate_at in range(MOST_EFFECTS):
        request = stage.create()
        run = driver.run(region=stage.region, terminate_at=terminate_at)
        assert run["effects"].count("commit") > terminate_at or not run["terminated"], "it stopped where it should"
        stage.finish(request)
        assert request.status == "available", f"stopped in commit {terminate_at}, after {run['effects']}"
        assert len(held(aws, request)) == 1
        stage.clear(request)
        if not run["terminated"]:
            break
    assert terminate_at > 2, "the fault fired, again and again"
    assert not run["terminated"], "every commit was tried"
    assert events.first_broken(events.chain_of(stage.account)) is None
