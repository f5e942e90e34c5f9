"""A worker dies by SIGKILL between AWS's creating and the portal's recording; Redis is wiped. Nothing is lost."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from django.db.models.functions import Now

from endpoints.models import Endpoint, EndpointRequest, Event, Operation
from tests import factories, services, workers
from tests.aws import World, member_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


def test_killed_between_create_and_record_leaves_one_endpoint_and_an_available_request(
    aws: World, tmp_path: Path
) -> None:
    request = _killed_after_creating(aws, tmp_path)

    with workers.beat(tmp_path), workers.worker(tmp_path, "second"):
        workers.until(lambda: _status(request.pk) in ("available", "failed"), "the end of the request", seconds=90)

    assert _status(request.pk) == "available"
    assert len(aws.endpoints()) == 1
    assert Endpoint.objects.get().vpc_endpoint_id == aws.endpoints()[0]["VpcEndpointId"]
    assert [fault["fired"] for fault in aws.control.faults()] == [1]
    assert Operation.objects.get().fence >= 2, "another worker claimed it anew"
    assert Event.objects.filter(verb="aws.found_again").count() == 1


def test_without_the_sweeper_the_same_death_is_never_made_good(aws: World, tmp_path: Path) -> None:
    """The control: beat ticks and a worker works on the ticks, but nothing looks for what is due."""
    request = _killed_after_creating(aws, tmp_path)
    shaky = {"app": "tests.faults.shaky", "SHAKY_WITHOUT": "sweeper", "LOG_LEVEL": "DEBUG"}
    with workers.beat(tmp_path), workers.worker(tmp_path, "second", **shaky):
        workers.until(lambda: _lease_is_over() and _ticks(tmp_path) >= 10, "ticks after the lease", seconds=90)

    assert _status(request.pk) == "provisioning"
    assert Operation.objects.get().fence == 1, "nobody took it up"


def test_a_worker_that_is_told_to_stop_ends_although_its_tasks_do_not(tmp_path: Path) -> None:
    """Its processes are frozen, so none of them ever ends; their parent ends itself and them."""
    with workers.worker(tmp_path, PORTAL_STOP_SECONDS="2") as worker:
        frozen = psutil.Process(worker.pid).children()
        for child in frozen:
            child.suspend()
        worker.terminate()
        assert worker.wait(60) == 1
        _, alive = psutil.wait_procs(frozen, timeout=30)
    assert len(frozen) == 2
    assert alive == []


def _killed_after_creating(aws: World, folder: Path) -> EndpointRequest:
    """Return a request whose worker died by SIGKILL after AWS had created; Redis is wiped as well."""
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    request = factories.submitted(account, engineer, aws.interface_spec())
    aws.control.add_fault(action="CreateVpcEndpoint", kind="delay", times=1, seconds=4)

    with workers.worker(folder) as first:
        factories.approved(request, approver)
        workers.until(lambda: _acted(aws), "the create call")
        workers.kill(first)
    services.valkey_client().flushall()

    operation = Operation.objects.get()
    assert operation.status == "running", "the worker died while it held the lease"
    assert Endpoint.objects.get().vpc_endpoint_id is None, "the answer was never recorded"
    assert len(aws.endpoints()) == 1, "AWS did create it"
    return request


@pytest.mark.parametrize("away", [0, 3])
def test_a_worker_lives_on_when_redis_is_restarted_under_its_task(aws: World, tmp_path: Path, away: float) -> None:
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    first, second = (factories.submitted(account, engineer, aws.gateway_spec(route_table_ids=())) for _ in range(2))
    aws.control.add_fault(action="CreateVpcEndpoint", kind="delay", times=1, seconds=4)

    with workers.beat(tmp_path), workers.worker(tmp_path) as worker:
        factories.approved(first, approver)
        workers.until(lambda: _acted(aws), "the create call")
        services.restart_valkey(away=away)
        workers.until(lambda: _status(first.pk) == "available", "the end of the request")
        factories.approved(second, approver)
        workers.until(lambda: _status(second.pk) == "available", "the end of the next request")
        assert worker.poll() is None, "the same worker did both"

    assert len(aws.endpoints()) == 2


def test_a_lost_message_is_made_good_by_the_sweeper(aws: World, tmp_path: Path) -> None:
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    request = factories.approved(factories.submitted(account, engineer, aws.gateway_spec()), approver)
    services.valkey_client().flushall()  # whatever woke the workers is gone

    with workers.beat(tmp_path), workers.worker(tmp_path):
        workers.until(lambda: _status(request.pk) == "available", "the end of the request", seconds=60)

    assert len(aws.endpoints()) == 1


def _acted(aws: World) -> bool:
    return any(fault["fired"] for fault in aws.control.faults())


def _lease_is_over() -> bool:
    return Operation.objects.filter(lease_expires_at__lt=Now()).exists()


def _ticks(folder: Path) -> int:
    """Return how many ticks the second worker has worked on."""
    return (folder / "second.log").read_text().count("Task endpoints.wake_due")


def _status(pk: int) -> str:
    return EndpointRequest.objects.values_list("status", flat=True).get(pk=pk)
