"""Operators against each other, and against workers: one wins, the other is told, and AWS's side effects are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from endpoints.models import Endpoint, EndpointRequest, Event, Operation, OperationAttempt, Role, User
from endpoints.services import leases, operations, provisioning, requests
from endpoints.services.errors import Conflict
from tests import factories
from tests.aws import World, member_account
from tests.faults.together import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

ROUNDS = 10


def test_two_operators_at_once_one_acts_and_the_other_is_told() -> None:
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    first, second = (factories.make_person(name, Role.OPERATOR) for name in ("first", "second"))
    for _ in range(ROUNDS):
        submitted = factories.submitted(account, engineer, factories.unrouted_spec(account))
        request = factories.failed(factories.approved(submitted, approver))
        operation = Operation.objects.get(request=request)
        ends = at_once([parking(operation, first), retrying(operation, second)])
        operation.refresh_from_db()
        request.refresh_from_db()
        assert sorted(ends) == ["done", "told"]
        assert (operation.status, request.status) in (("parked", "parked"), ("queued", "approved"))


def test_parking_and_claiming_at_once_lose_nothing() -> None:
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    operator = factories.make_person("operator", Role.OPERATOR)
    for _ in range(ROUNDS):
        submitted = factories.submitted(account, engineer, factories.unrouted_spec(account))
        request = factories.approved(submitted, approver)
        operation = Operation.objects.get(request=request)
        claims: list[leases.Claim | None] = []
        ends = at_once([parking(operation, operator), claiming(operation, claims)])
        operation.refresh_from_db()
        if claims[0] is None:
            assert (ends.count("told"), operation.status) == (0, "parked")
        else:
            # The worker was first: the operator saw an older version and is told, and may ask its worker.
            assert (ends.count("told"), operation.status) == (1, "running")
            assert operation.parked_at is None
            Operation.objects.filter(pk=operation.pk).update(status="failed", lease_owner="", lease_expires_at=None)


def test_parked_while_aws_creates_it_is_recorded_then_parked_and_found_on_resume(
    aws: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    operator = factories.make_person("operator", Role.OPERATOR)
    request = factories.approved(factories.submitted(account, engineer, aws.gateway_spec()), approver)
    operation = Operation.objects.get()

    meanwhile(monkeypatch, "create_vpc_endpoint", lambda: parking(Operation.objects.get(), operator)())
    provisioning.run(operation_id=operation.pk)

    operation.refresh_from_db()
    request.refresh_from_db()
    assert (operation.status, request.status) == ("parked", "parked")
    assert Endpoint.objects.get().vpc_endpoint_id == aws.endpoints()[0]["VpcEndpointId"], "the answer was recorded"
    assert OperationAttempt.objects.get().aws_request_id

    resume(operation, operator)
    provisioning.run(operation_id=operation.pk)

    assert Operation.objects.get().status == "observing"
    assert len(aws.calls("CreateVpcEndpoint")) == 1


def test_parked_after_a_create_whose_answer_was_lost_it_finds_the_endpoint_on_resume(aws: World) -> None:
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    operator = factories.make_person("operator", Role.OPERATOR)
    request = factories.approved(factories.submitted(account, engineer, aws.gateway_spec()), approver)
    aws.control.add_fault(action="CreateVpcEndpoint", kind="cut", times=1)
    operation = Operation.objects.get()
    provisioning.run(operation_id=operation.pk)
    assert [fault["fired"] for fault in aws.control.faults()] == [1]
    parking(Operation.objects.get(), operator)()
    assert Endpoint.objects.get().vpc_endpoint_id is None

    with pytest.raises(Conflict, match="AWS may have done it"):
        requests.withdraw(
            request=EndpointRequest.objects.get(pk=request.pk), by=factories.by(engineer), now=timezone.now()
        )
    resume(operation, operator)
    provisioning.run(operation_id=operation.pk)

    assert Endpoint.objects.get().vpc_endpoint_id == aws.endpoints()[0]["VpcEndpointId"]
    assert len(aws.endpoints()) == 1
    assert Event.objects.filter(verb="aws.found_again").count() == 1


def test_parked_before_its_next_call_a_worker_makes_none(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    operator = factories.make_person("operator", Role.OPERATOR)
    factories.approved(factories.submitted(account, engineer, aws.gateway_spec()), approver)
    operation = Operation.objects.get()
    find = provisioning.find

    def slow_find(*args: Any) -> Any:
        parking(Operation.objects.get(), operator)()
        return find(*args)

    monkeypatch.setattr(provisioning, "find", slow_find)
    provisioning.run(operation_id=operation.pk)

    operation.refresh_from_db()
    assert operation.status == "parked"
    assert OperationAttempt.objects.get().outcome == "parked"
    assert aws.calls("CreateVpcEndpoint") == []


def meanwhile(monkeypatch: pytest.MonkeyPatch, call: str, act: Callable[[], None]) -> None:
    """Let something happen while AWS is at a call of the gateway: AWS has done it, and the worker doesn't know yet."""
    gateway = provisioning.Ec2Gateway
    real = getattr(gateway, call)

    def during(self: Any, *args: Any) -> Any:
        answer = real(self, *args)
        act()
        return answer

    monkeypatch.setattr(gateway, call, during)


def parking(operation: Operation, operator: User) -> Callable[[], None]:
    """Return the act of parking, bound to the version that is there now."""
    version, pk = operation.version, operation.pk

    def act() -> None:
        row = Operation.objects.get(pk=pk)
        operations.park(
            operation=row, version=version, reason="Because.", by=factories.by(operator), now=timezone.now()
        )

    return act


def claiming(operation: Operation, claims: list[leases.Claim | None]) -> Callable[[], None]:
    """Return the act of a worker that claims; what it got is put into `claims`."""
    pk = operation.pk
    return lambda: claims.append(leases.claim(pk, owner="a worker"))


def retrying(operation: Operation, operator: User) -> Callable[[], None]:
    """Return the act of retrying, bound to the version that is there now."""
    version, pk = operation.version, operation.pk

    def act() -> None:
        row = Operation.objects.get(pk=pk)
        operations.retry_now(operation=row, version=version, by=factories.by(operator), now=timezone.now())

    return act


def resume(operation: Operation, operator: User) -> None:
    """Resume an operation."""
    operation.refresh_from_db()
    operations.resume(operation=operation, version=operation.version, by=factories.by(operator), now=timezone.now())
