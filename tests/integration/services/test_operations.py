"""Retry now, park and resume as services: what follows for endpoint and request, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from endpoints.aws import AwsError, Kind
from endpoints.domain.specs import EndpointSpec
from endpoints.models import Account, Endpoint, EndpointRequest, Event, Operation, OperationAttempt, Role, User
from endpoints.services import attempts, events, leases, operations, outcomes, parking, requests
from endpoints.services.errors import Conflict, Invalid
from tests import factories

pytestmark = pytest.mark.django_db


class Cast:
    """An account with everybody whom an operation concerns."""

    def __init__(self) -> None:
        self.account: Account = factories.make_account()
        self.engineer = factories.make_engineer()
        self.approver = factories.make_approver(self.account)
        self.operator = factories.make_person("operator", Role.OPERATOR)

    def approved(self, *specs: EndpointSpec) -> EndpointRequest:
        """Return an approved request."""
        return factories.approved(factories.submitted(self.account, self.engineer, *specs), self.approver)

    def failed(self, *specs: EndpointSpec) -> EndpointRequest:
        """Return a request that AWS refused."""
        return factories.failed(self.approved(*specs))

    def park(self, operation: Operation, reason: str = "Because.", by: User | None = None) -> Operation:
        """Return the operation after an operator parked it or asked to."""
        operation.refresh_from_db()
        who = factories.by(by or self.operator)
        operations.park(operation=operation, version=operation.version, reason=reason, by=who, now=timezone.now())
        operation.refresh_from_db()
        return operation

    def resume(self, operation: Operation) -> None:
        """Resume an operation."""
        operation.refresh_from_db()
        who = factories.by(self.operator)
        operations.resume(operation=operation, version=operation.version, by=who, now=timezone.now())

    def retry(self, operation: Operation, by: User | None = None) -> None:
        """Retry an operation now."""
        operation.refresh_from_db()
        who = factories.by(by or self.operator)
        operations.retry_now(operation=operation, version=operation.version, by=who, now=timezone.now())

    def withdraw(self, request: EndpointRequest) -> None:
        """Withdraw a request as its requester."""
        request.refresh_from_db()
        requests.withdraw(request=request, by=factories.by(self.engineer), now=timezone.now())


@pytest.fixture
def cast() -> Cast:
    return Cast()


def statuses() -> tuple[str, str, str]:
    """Return the status of the one operation, endpoint and request."""
    return Operation.objects.get().status, Endpoint.objects.get().status, EndpointRequest.objects.get().status


def test_what_waits_is_parked_and_resumed_with_endpoint_and_request(cast: Cast) -> None:
    cast.approved()
    operation = cast.park(Operation.objects.get(), "The account is being moved.")

    assert statuses() == ("parked", "parked", "parked")
    assert (operation.parked_by, operation.park_reason) == ("operator", "The account is being moved.")
    assert operation.parked_at is not None
    told = Event.objects.filter(summary="The account is being moved.").values_list("verb", "actor")
    assert set(told) == {(f"{noun}.parked", "operator") for noun in ("operation", "endpoint", "request")}
    assert leases.claim(operation.pk, owner="a worker") is None

    cast.resume(operation)

    assert statuses() == ("queued", "provisioning", "approved")
    assert leases.claim(operation.pk, owner="a worker")
    assert events.first_broken(cast.account.account_id) is None


def test_what_failed_is_parked_and_resumed_afresh(cast: Cast) -> None:
    cast.failed()
    operation = cast.park(Operation.objects.get())
    assert statuses() == ("parked", "parked", "parked")
    cast.resume(operation)
    assert statuses() == ("queued", "provisioning", "approved")
    assert Operation.objects.get().attempts == 0


def test_one_of_two_parked_leaves_the_other_to_end_and_then_the_request_is_parked(cast: Cast) -> None:
    request = cast.approved(factories.gateway_spec(cast.account), factories.interface_spec(cast.account))
    first, second = Operation.objects.order_by("change__position")
    cast.park(first)
    assert EndpointRequest.objects.get().status == "approved"

    factories._provision(second, state="available")

    request.refresh_from_db()
    assert request.status == "parked"
    cast.resume(first)
    factories._provision(first, state="available")
    request.refresh_from_db()
    assert request.status == "available"


def test_one_parked_and_the_other_failed_the_request_is_parked(cast: Cast) -> None:
    """Who withdraws or waits is to know that somebody stopped a part of it, and why."""
    request = cast.approved(factories.gateway_spec(cast.account), factories.interface_spec(cast.account))
    first, second = Operation.objects.order_by("change__position")
    cast.park(first)
    leases.claim(second.pk, owner="a test")
    second = factories._loaded(second)
    refusal = AwsError(code="RouteAlreadyExists", message="", kind=Kind.REFUSED, cure="")
    with events.recorded(events.chain_of(cast.account)):
        outcomes.went_wrong(second, refusal, now=timezone.now())
    first.refresh_from_db()
    second.refresh_from_db()
    request.refresh_from_db()
    assert (first.status, second.status, request.status) == ("parked", "failed", "parked")


def test_one_of_two_failed_is_retried_alone(cast: Cast) -> None:
    request = cast.failed(factories.gateway_spec(cast.account), factories.interface_spec(cast.account))
    first, second = Operation.objects.order_by("change__position")
    cast.retry(first)
    request.refresh_from_db()
    assert request.status == "approved"
    factories._provision(first, state="available")
    request.refresh_from_db()
    second.refresh_from_db()
    assert (request.status, second.status) == ("failed", "failed")


def test_only_operators_and_administrators_act(cast: Cast) -> None:
    cast.failed()
    operation = Operation.objects.get()
    for user in (cast.engineer, cast.approver, factories.make_person("auditor", Role.AUDITOR)):
        with pytest.raises(PermissionDenied):
            cast.park(operation, by=user)
        with pytest.raises(PermissionDenied):
            cast.retry(operation, by=user)
    cast.retry(operation, by=factories.make_person("administrator", Role.ADMINISTRATOR))


@pytest.mark.parametrize("reason", ["", "  ", "\x00", "x" * 2001, "\u200b", "bell\x07", "\u202ewhy"])
def test_parking_asks_a_reason(cast: Cast, reason: str) -> None:
    cast.approved()
    with pytest.raises(Invalid):
        cast.park(Operation.objects.get(), reason)


def test_the_requester_withdraws_what_is_parked_and_nothing_is_left(cast: Cast) -> None:
    request = cast.approved()
    cast.park(Operation.objects.get())
    cast.withdraw(request)
    assert statuses() == ("cancelled", "discarded", "withdrawn")


def test_the_requester_cannot_take_up_again_what_an_operator_parked(cast: Cast) -> None:
    request = cast.failed()
    cast.park(Operation.objects.get())
    request.refresh_from_db()
    with pytest.raises(Conflict):
        requests.retry(request=request, by=factories.by(cast.engineer), now=timezone.now())
    assert statuses() == ("parked", "parked", "parked")


def test_what_a_worker_is_at_is_parked_by_that_worker(cast: Cast) -> None:
    cast.approved()
    operation = Operation.objects.get()
    held = leases.claim(operation.pk, owner="a worker")
    assert held

    operation = cast.park(operation)

    assert (operation.status, operation.park_asked) == ("running", True)
    with pytest.raises(leases.ParkAsked):
        leases.write(held, before_call=True)
    leases.write(held)  # what a call has done already is always written
    with pytest.raises(Conflict):
        cast.park(operation)
    with pytest.raises(Conflict, match="worker is at it"):
        cast.retry(operation)
    with events.recorded(events.chain_of(cast.account)):
        operation.refresh_from_db()
        parking.as_asked(operation=operation, now=timezone.now())
    assert statuses() == ("parked", "parked", "parked")
    assert OperationAttempt.objects.get().outcome == "parked"


def test_an_error_of_what_is_to_be_parked_parks_it_with_the_error_known(cast: Cast) -> None:
    cast.approved()
    operation = Operation.objects.get()
    assert leases.claim(operation.pk, owner="a worker")
    operation = cast.park(operation)
    error = AwsError(code="InternalError", message="Again later.", kind=Kind.TRANSIENT, cure="", request_id="req-9")
    with events.recorded(events.chain_of(cast.account)):
        outcomes.went_wrong(operation, error, now=timezone.now())
        parking.as_asked(operation=operation, now=timezone.now())
    attempt = OperationAttempt.objects.get()
    assert (attempt.outcome, attempt.aws_request_id) == ("postponed", "req-9")
    assert statuses() == ("parked", "parked", "parked")


def test_what_a_dead_worker_left_is_parked_at_once_and_kept_until_aws_was_asked(cast: Cast) -> None:
    request = cast.approved()
    operation = Operation.objects.get()
    held = leases.claim(operation.pk, owner="a worker that dies")
    assert held
    leases.write(held, before_call=True, intent={"VpcId": "vpc-1"}, intent_at=timezone.now(), called_at=timezone.now())
    Operation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    operation = cast.park(operation)

    assert (operation.status, operation.lease_owner) == ("parked", "")
    with pytest.raises(Conflict, match="AWS may have done it"):
        cast.withdraw(request)
    assert statuses() == ("parked", "parked", "parked")
    cast.resume(operation)
    assert leases.claim(operation.pk, owner="an heir")
    ended = OperationAttempt.objects.get(number=1)
    assert (ended.outcome, ended.finished_at is not None) == ("worker_died", True)


def test_what_was_made_before_it_was_parked_can_be_withdrawn_and_then_deleted(cast: Cast) -> None:
    request = cast.approved()
    operation = Operation.objects.get()
    Operation.objects.update(called_at=timezone.now())
    factories._provision(operation, state="pending")
    cast.park(operation)
    assert statuses() == ("parked", "parked", "parked")

    cast.withdraw(request)

    assert statuses() == ("cancelled", "failed", "withdrawn")
    factories.approved(factories.deletion(Endpoint.objects.get(), cast.engineer), cast.approver)
    assert Endpoint.objects.get().status == "deleting"


def test_a_parked_change_of_a_policy_is_withdrawn_to_the_last_confirmed_spec(cast: Cast) -> None:
    (endpoint,) = factories.available(cast.approved())
    request = factories.approved(factories.policy_change(endpoint, cast.engineer, factories.READ_ONLY), cast.approver)
    cast.park(Operation.objects.get(request=request))
    endpoint.refresh_from_db()
    assert endpoint.status == "parked"
    cast.withdraw(request)
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.desired_spec().policy_document) == ("available", None)


def test_retry_gives_what_is_in_flight_for_too_long_another_look_and_other_thirty_minutes(cast: Cast) -> None:
    cast.approved()
    operation = Operation.objects.get()
    factories._provision(operation, state="pending")
    Operation.objects.update(in_flight_since=timezone.now() - timedelta(hours=1))
    assert Operation.objects.dead().exists()
    cast.retry(operation)
    factories._provision(operation, state="pending")
    assert Operation.objects.get().status == "observing"
    assert not Operation.objects.dead().exists()


def test_a_lost_lease_is_told_of_the_attempt_that_came_too_late(cast: Cast) -> None:
    cast.approved()
    operation = Operation.objects.get()
    late = leases.claim(operation.pk, owner="late")
    assert late
    Operation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert leases.claim(operation.pk, owner="heir")
    attempts.lost(operation_id=operation.pk, fence=late.fence)
    assert dict(OperationAttempt.objects.values_list("worker", "outcome")) == {"late": "lease_lost", "heir": ""}
