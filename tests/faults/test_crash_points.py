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
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from endpoints.models import Account, AccountRegion, Endpoint, EndpointRequest, Operation, User
from endpoints.services import events, observation, provisioning
from tests import factories, workers
from tests.aws import World, member_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
MOST_EFFECTS = 60


class Driver:
    """The process of `tests.faults.driver`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, *, region: int, crash_at: int) -> dict[str, Any]:
        """Let a worker go on until it ends or dies."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"region": region, "crash_at": crash_at}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer["killed"] or answer["ended"], f"the worker neither ended nor was killed: {answer}"
        return answer


@pytest.fixture
def driver(aws: World) -> Iterator[Driver]:
    command = [sys.executable, "-m", "tests.faults.driver"]
    env = {**os.environ, "DATABASE_URL": workers.database_url()}
    with subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Driver(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=20)


class Stage:
    """An account with its people, and the ways to have each kind of change approved."""

    def __init__(self, aws: World) -> None:
        self.aws = aws
        aws.control.set_quota("gateway-per-region", 200)
        self.account: Account = member_account()
        self.engineer: User = factories.make_engineer()
        self.approver: User = factories.make_approver(self.account)
        self.region: int = AccountRegion.objects.get(account=self.account).pk

    def create(self) -> EndpointRequest:
        """Approve a creation."""
        spec = self.aws.gateway_spec(route_table_ids=())
        return factories.approved(factories.submitted(self.account, self.engineer, spec), self.approver)

    def create_in_two_steps(self) -> EndpointRequest:
        """Approve a creation that a second call completes."""
        spec = self.aws.interface_spec(
            subnet_ids=self.aws.subnet_ids[:1], private_dns_when_available=True, tags=(("cost", "1"),)
        )
        return factories.approved(factories.submitted(self.account, self.engineer, spec), self.approver)

    def modify(self) -> EndpointRequest:
        """Approve a modification with a change of tags: two calls."""
        endpoint = self.existing()
        asked = factories.modification(
            endpoint, self.engineer, route_table_ids=self.aws.route_table_ids[:1], tags=(("cost", "1"),)
        )
        return factories.approved(asked, self.approver)

    def delete(self) -> EndpointRequest:
        """Approve a deletion."""
        return factories.approved(factories.deletion(self.existing(), self.engineer), self.approver)

    def existing(self) -> Endpoint:
        """Return a new endpoint that is available."""
        self.finish(self.create())
        return Endpoint.objects.latest("pk")

    def finish(self, request: EndpointRequest) -> EndpointRequest:
        """Let another worker go on after the lease of a dead one has run out."""
        past = Now() - timedelta(seconds=1)
        Operation.objects.filter(status="running").update(lease_expires_at=past)
        AccountRegion.objects.filter(lease_expires_at__isnull=False).update(lease_expires_at=past)
        for _ in range(6):
            if not Operation.objects.filter(status__in=("queued", "running", "observing")).exists():
                break
            Operation.objects.filter(status="queued").update(next_attempt_at=past)
            for operation_id in Operation.objects.due().values_list("pk", flat=True):
                provisioning.run(operation_id=operation_id)
            observation.observe(account_region_id=self.region)
        request.refresh_from_db()
        return request

    def clear(self, request: EndpointRequest) -> None:
        """Give back what an endpoint holds, so that the next one may have it."""
        for operation in Operation.objects.filter(request=request).select_related("endpoint"):
            if operation.endpoint.vpc_endpoint_id and operation.endpoint.status != "deleted":
                self.aws.control.remove_out_of_band(operation.endpoint.vpc_endpoint_id)


def held(aws: World, request: EndpointRequest) -> list[str]:
    """Return the ids of what AWS holds for the endpoints of a request."""
    operations = {
        str(pk)
        for endpoint in Endpoint.objects.filter(operations__request=request)
        for pk in endpoint.operations.values_list("pk", flat=True)
    }
    found = []
    for item in aws.endpoints():
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        if tags.get(provisioning.OWNERSHIP_TAG) in operations:
            found.append(item["VpcEndpointId"])
    return found


@pytest.mark.parametrize(
    ("kind", "expected", "status"),
    [
        ("create", {"create_vpc_endpoint"}, "available"),
        ("create_in_two_steps", {"create_vpc_endpoint", "modify_vpc_endpoint"}, "available"),
        ("modify", {"modify_vpc_endpoint", "set_tags"}, "available"),
        ("delete", {"delete_vpc_endpoint"}, "deleted"),
    ],
)
def test_a_crash_at_any_point_loses_nothing_and_does_nothing_twice(
    aws: World, driver: Driver, kind: str, expected: set[str], status: str
) -> None:
    stage = Stage(aws)
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
        stage.clear(request)
        if not run["killed"]:
            assert expected <= set(run["effects"])
            break
    assert crash_at > 5, "the fault fired, again and again"
    assert not run["killed"], "every point was tried"
    assert events.first_broken(events.chain_of(stage.account)) is None
