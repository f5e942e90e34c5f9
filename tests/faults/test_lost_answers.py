"""AWS acts and the answer is lost, or refuses for a moment: for create, modify and delete, once each and in storms."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from endpoints.aws import AwsError, Kind
from endpoints.aws.sessions import forget_clients
from endpoints.models import Endpoint, EndpointRequest, Operation
from endpoints.services import provisioning
from tests.aws import World
from tests.faults.stage import Stage, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

ANSWERS = {
    "cut": {},  # done, and the connection cut
    "delay": {"seconds": 2.5},  # done, and answered after the client has gone
    "refuse": {},  # 503, nothing done
    "reset": {},  # connection reset, nothing done
    "throttle": {},
    "error": {"code": "InternalError", "status": 500},
}


@pytest.fixture
def stage(aws: World, settings: Settings) -> Stage:
    """A stage whose clients wait for an answer for one second, and ask once."""
    settings.PORTAL_AWS_READ_SECONDS = 1
    settings.PORTAL_AWS_READ_ATTEMPTS = 1
    forget_clients()
    return Stage(aws)


@pytest.mark.parametrize(
    ("kind", "action"),
    [("create", "CreateVpcEndpoint"), ("modify", "ModifyVpcEndpoint"), ("delete", "DeleteVpcEndpoints")],
)
def test_a_lost_answer_loses_nothing_and_does_nothing_twice(stage: Stage, kind: str, action: str) -> None:
    for fault, parameters in ANSWERS.items():
        request: EndpointRequest = getattr(stage, kind)()
        stage.aws.control.clear_faults()
        stage.aws.control.add_fault(action=action, kind=fault, times=1, **parameters)
        stage.finish(request)
        assert [rule["fired"] for rule in stage.aws.control.faults()] == [1], fault
        assert request.status == ("deleted" if kind == "delete" else "available"), fault
        assert len(held(stage.aws, request)) == (kind != "delete"), fault
        stage.clear(request)


def test_an_answer_lost_and_the_endpoint_not_visible_yet_still_makes_one(stage: Stage) -> None:
    """The tag is not found at first: the same token with the same parameters gives the same endpoint."""
    stage.aws.control.add_fault(action="CreateVpcEndpoint", kind="cut", times=1)
    stage.aws.control.add_fault(action="CreateVpcEndpoint", kind="not_found", times=1, reads=2)
    request = stage.finish(stage.create(), rounds=12)
    assert [rule["fired"] for rule in stage.aws.control.faults()] == [1, 1]
    assert request.status == "available"
    assert len(held(stage.aws, request)) == 1
    calls = stage.aws.calls("CreateVpcEndpoint")
    assert len(calls) == 2
    assert len({call["params"]["ClientToken"] for call in calls}) == 1


def test_without_the_token_the_same_fault_makes_two(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: if this made one endpoint, the test above would prove nothing."""
    parameters = provisioning._parameters

    def without_token(*args: object, **kwargs: object) -> dict[str, object]:
        made = parameters(*args, **kwargs)  # type: ignore[arg-type]
        del made["ClientToken"]
        return made

    monkeypatch.setattr(provisioning, "_parameters", without_token)
    stage.aws.control.add_fault(action="CreateVpcEndpoint", kind="cut", times=1)
    stage.aws.control.add_fault(action="CreateVpcEndpoint", kind="not_found", times=1, reads=1)
    request = stage.finish(stage.create(), rounds=12)
    assert len(held(stage.aws, request)) == 2


def test_a_throttle_storm_uses_up_no_attempt(stage: Stage) -> None:
    stage.aws.control.add_fault(action="CreateVpcEndpoint", kind="throttle", times=10)
    request = stage.finish(stage.create(), rounds=20)
    operation = Operation.objects.get(request=request)
    assert (request.status, operation.throttles, operation.attempts) == ("available", 10, 1)
    assert [rule["fired"] for rule in stage.aws.control.faults()] == [10]


def test_an_endpoint_that_fails_at_aws_needs_a_person_and_says_why(stage: Stage) -> None:
    stage.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="fail", times=1, code="InsufficientCapacity", message="No room."
    )
    request = stage.finish(stage.create())
    operation = Operation.objects.get(request=request)
    assert (request.status, operation.last_error_code) == ("failed", "InsufficientCapacity")
    assert operation.last_cure
    assert Endpoint.objects.get().status == "failed"


@pytest.mark.parametrize("besides", [None, AwsError(code="InternalError", message="-", kind=Kind.TRANSIENT, cure="-")])
@pytest.mark.parametrize("refused", [0, 2])
def test_what_loses_its_database_is_put_back_at_once_not_after_its_lease(
    aws: World, monkeypatch: pytest.MonkeyPatch, refused: int, besides: AwsError | None
) -> None:
    """PostgreSQL drops the connection under a step, and takes new ones a moment later."""
    stage = Stage(aws)
    request = stage.create()
    operation = Operation.objects.get(request=request)
    connect, tries = connection.connect, iter(range(refused))

    def dropped(*_: object) -> None:
        with suppress(OperationalError) if besides else nullcontext(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        if besides:
            raise besides

    def connected() -> None:
        if next(tries, None) is not None:
            raise OperationalError("the database system is starting up")
        connect()

    with monkeypatch.context() as broken:
        broken.setattr(provisioning, "rules_of", dropped)
        broken.setattr(connection, "connect", connected)
        broken.setattr(provisioning, "RECONNECTS", (0, 0, 0))
        assert provisioning.run(operation_id=operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.lease_owner) == ("queued", "")
    assert operation.last_error_code == "Portal.OperationalError"
    stage.finish(request)
    assert (request.status, len(held(aws, request))) == ("available", 1)
