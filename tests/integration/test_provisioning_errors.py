"""What the engine makes of AWS's errors, of outages, of answers that lag behind, and of workers that die."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from endpoints.aws.gateway import Ec2Gateway
from endpoints.models import AccountRegion, Endpoint, EndpointRequest, Operation, OperationAttempt
from endpoints.models.requests import ChangeAction
from endpoints.services import clock, leases, observation, outcomes, provisioning, requests
from endpoints.services.targets import gateway
from tests import factories, workers
from tests.integration.cast import READ_ONLY, Cast, cast

__all__ = ["cast"]  # the fixture

pytestmark = pytest.mark.django_db


def test_a_refusal_keeps_awss_code_and_says_the_cure(cast: Cast) -> None:
    ec2 = cast.aws.ec2()
    ec2.create_vpc_endpoint(
        VpcId=cast.aws.vpc_id,
        ServiceName="com.amazonaws.eu-west-1.s3",
        RouteTableIds=[cast.aws.route_table_ids[0]],
    )

    request = cast.work(cast.approved(cast.aws.gateway_spec()))

    operation = Operation.objects.get()
    assert request.status == "failed"
    assert operation.status == "failed"
    assert operation.last_error_code == "RouteAlreadyExists"
    assert "leave that table out" in operation.last_cure
    assert operation.aws_request_id


def test_what_failed_can_be_retried_once_the_cause_has_gone(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="error", times=1, code="VpcEndpointLimitExceeded", message="Too many."
    )
    request = cast.work(cast.approved(cast.aws.gateway_spec()))
    assert request.status == "failed"

    requests.retry(request=request, by=factories.by(cast.engineer), now=timezone.now())

    assert cast.work(request).status == "available"
    assert len(cast.aws.endpoints()) == 1


def test_what_failed_can_be_withdrawn_and_leaves_nothing(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="error", times=1, code="VpcEndpointLimitExceeded", message="Too many."
    )
    request = cast.work(cast.approved(cast.aws.gateway_spec()))

    requests.withdraw(request=request, by=factories.by(cast.engineer), now=timezone.now())

    assert request.status == "withdrawn"
    assert Endpoint.objects.get().status == "discarded"
    assert Operation.objects.get().status == "cancelled"


def test_what_failed_can_be_edited_and_is_reviewed_again(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="error", times=1, code="VpcEndpointLimitExceeded", message="Too many."
    )
    request = cast.work(cast.approved(cast.aws.gateway_spec()))
    draft = factories.draft(
        cast.account, request.owner_team, cast.aws.gateway_spec(route_table_ids=cast.aws.route_table_ids[1:])
    )

    requests.resubmit(request=request, draft=draft, by=factories.by(cast.engineer), now=timezone.now())

    assert (request.status, request.round, request.approved_by) == ("submitted", 2, None)
    assert cast.work(factories.approved(request, cast.approver)).status == "available"


def test_throttling_uses_up_no_attempt(cast: Cast) -> None:
    cast.aws.control.add_fault(action="CreateVpcEndpoint", kind="throttle", times=3)
    request = cast.approved(cast.aws.gateway_spec())
    for _ in range(4):
        workers.until(lambda: Operation.objects.due().exists(), "its turn")
        cast.work(request, rounds=1)

    operation = Operation.objects.get()
    assert operation.throttles == 3
    assert operation.attempts == 1
    assert cast.work(request).status == "available"


def test_a_lost_answer_makes_one_endpoint(cast: Cast) -> None:
    cast.aws.control.add_fault(action="CreateVpcEndpoint", kind="cut", times=1)
    request = cast.work(cast.approved(cast.aws.gateway_spec()), rounds=1)
    assert Operation.objects.get().status == "queued"
    Operation.objects.update(next_attempt_at=timezone.now())

    assert cast.work(request).status == "available"
    assert len(cast.aws.endpoints()) == 1
    assert [fault["fired"] for fault in cast.aws.control.faults()] == [1]


def test_a_missing_permission_is_named_and_needs_a_person(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint",
        kind="error",
        times=1,
        code="UnauthorizedOperation",
        message="You are not authorized to perform this operation.",
    )
    request = cast.work(cast.approved(cast.aws.gateway_spec()))

    assert request.status == "failed"
    assert "lacks a permission" in Operation.objects.get().last_cure


def test_an_endpoint_that_is_not_visible_yet_is_waited_for(cast: Cast) -> None:
    cast.aws.control.add_fault(action="CreateVpcEndpoint", kind="not_found", times=1, reads=1)
    request = cast.approved(cast.aws.gateway_spec())

    cast.work(request, rounds=1)

    assert Operation.objects.get().status == "observing"
    assert cast.work(request).status == "available"


def test_an_endpoint_that_never_becomes_visible_is_handed_to_a_person(cast: Cast) -> None:
    """Somebody deleted it at once, so to say: AWS is eventually consistent, but not for longer than minutes."""
    request = cast.approved(cast.aws.interface_spec())
    provisioning.run(operation_id=Operation.objects.get().pk)
    cast.aws.control.remove_out_of_band(str(Endpoint.objects.get().vpc_endpoint_id))
    region = AccountRegion.objects.get(account=cast.account)
    observation.observe(account_region_id=region.pk)
    assert Operation.objects.get().status == "observing"

    long_ago = clock.now() - observation.NOT_YET - timedelta(seconds=1)
    Operation.objects.update(called_at=long_ago)
    Endpoint.objects.update(observed_at=long_ago)
    observation.observe(account_region_id=region.pk)
    request.refresh_from_db()
    assert (request.status, Operation.objects.get().last_error_code) == ("failed", "InvalidVpcEndpointId.NotFound")


def test_one_answer_that_lacks_an_endpoint_that_is_changed_is_no_deletion(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that lags behind: of what was there a moment ago nobody says that it was deleted."""
    cast.work(cast.approved(cast.aws.gateway_spec()))
    request = cast.change(Endpoint.objects.get(), ChangeAction.POLICY, policy_document=READ_ONLY)
    provisioning.run(operation_id=Operation.objects.get(request=request).pk)
    region = AccountRegion.objects.get(account=cast.account)
    with monkeypatch.context() as lagging:
        lagging.setattr(observation, "_look", lambda *args: ({}, {}, observation.NO_RULES))
        assert observation.observe(account_region_id=region.pk)
        assert Operation.objects.get(request=request).status == "observing"

        long_ago = clock.now() - observation.LAGS - timedelta(seconds=1)
        Endpoint.objects.update(observed_at=long_ago)
        Operation.objects.filter(request=request).update(called_at=long_ago)
        assert observation.observe(account_region_id=region.pk)
        assert Operation.objects.get(request=request).last_error_code == "InvalidVpcEndpointId.NotFound"


def test_what_stays_pending_for_half_an_hour_is_handed_to_a_person(cast: Cast) -> None:
    cast.aws.control.set_pace(1000)
    request = cast.approved(cast.aws.interface_spec())
    provisioning.run(operation_id=Operation.objects.get().pk)
    region = AccountRegion.objects.get(account=cast.account)
    for minutes, status in ((29, "observing"), (31, "failed")):
        Operation.objects.update(in_flight_since=clock.now() - timedelta(minutes=minutes))
        observation.observe(account_region_id=region.pk)
        assert Operation.objects.get().status == status
    request.refresh_from_db()
    assert (request.status, Operation.objects.get().last_error_code) == ("failed", "StillPending")


def test_an_error_inside_the_portal_is_shown_and_in_the_end_handed_to_a_person(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise KeyError("no such thing")

    monkeypatch.setattr(provisioning, "next_actions", broken)
    request = cast.approved(cast.aws.gateway_spec())
    for _ in range(outcomes.MAX_ATTEMPTS):
        Operation.objects.filter(status="queued").update(next_attempt_at=timezone.now())
        cast.work(request, rounds=1)

    operation = Operation.objects.get()
    assert (operation.status, operation.last_error_code) == ("failed", "Portal.KeyError")
    assert "logs" in operation.last_cure
    request.refresh_from_db()
    assert request.status == "failed"


def try_again(cast: Cast, request: EndpointRequest, *, times: int) -> Operation:
    """Let workers try so many times at once, without the waits between."""
    for _ in range(times):
        Operation.objects.filter(status="queued").update(next_attempt_at=timezone.now())
        cast.work(request, rounds=1)
    return Operation.objects.get()


def test_an_outage_is_waited_out_without_a_person(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="error", times=None, code="Unavailable", message="Try later.", status=503
    )
    request = cast.approved(cast.aws.gateway_spec())
    operation = try_again(cast, request, times=outcomes.MAX_ATTEMPTS + 3)
    assert (operation.status, operation.last_error_code) == ("queued", "Unavailable")
    assert operation.next_attempt_at < timezone.now() + timedelta(seconds=outcomes.LONGEST_WAIT)
    cast.aws.control.clear_faults()
    assert try_again(cast, request, times=1).status == "succeeded"
    request.refresh_from_db()
    assert request.status == "available"
    assert len(cast.aws.endpoints()) == 1


def test_an_outage_that_lasts_is_handed_to_a_person_and_a_retry_begins_anew(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="error", times=None, code="Unavailable", message="Try later.", status=503
    )
    request = cast.approved(cast.aws.gateway_spec())
    try_again(cast, request, times=outcomes.MAX_ATTEMPTS)
    OperationAttempt.objects.filter(number=1).update(started_at=timezone.now() - outcomes.OUTAGE)
    operation = try_again(cast, request, times=1)
    assert (operation.status, operation.last_error_code) == ("failed", "Unavailable")
    assert "Retry when the cause has gone" in operation.last_cure
    request.refresh_from_db()
    requests.retry(request=request, by=factories.by(cast.engineer), now=timezone.now())
    assert try_again(cast, request, times=outcomes.MAX_ATTEMPTS + 1).status == "queued"


def lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let AWS's answers lag behind: endpoints are told as they are now, whatever is done to them later."""
    ids = list(Endpoint.objects.values_list("vpc_endpoint_id", flat=True))
    region = AccountRegion.objects.get()
    client = gateway(region.account, region.region)
    then = client.describe_vpc_endpoints(map(str, ids), vpc_ids=[])
    monkeypatch.setattr(Ec2Gateway, "describe_vpc_endpoints", lambda *_, **__: dict(then))
    monkeypatch.setattr(Ec2Gateway, "describe_vpc_endpoint", lambda _, vpc_endpoint_id: then[vpc_endpoint_id])


@pytest.mark.parametrize(
    ("action", "call"),
    [(ChangeAction.DELETE, "DeleteVpcEndpoints"), (ChangeAction.POLICY, "ModifyVpcEndpoint")],
)
def test_answers_that_lag_behind_are_waited_for_and_not_called_against(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, action: ChangeAction, call: str
) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    with monkeypatch.context() as lagging:
        lag(lagging)
        request = cast.work(cast.change(Endpoint.objects.get(), action, policy_document=READ_ONLY))
        assert request.status == "provisioning"
        assert len(cast.aws.calls(call)) == 2, "one more at once, for what may be a second step; then it waits"

    Operation.objects.filter(status="queued").update(next_attempt_at=timezone.now())
    assert cast.work(request).status in ("available", "deleted")
    assert len(cast.aws.calls(call)) == 2


@pytest.mark.parametrize(
    ("action", "said"), [(ChangeAction.DELETE, "to be deleted"), (ChangeAction.POLICY, "policy_document")]
)
def test_what_aws_never_shows_is_handed_to_a_person_as_that(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, action: ChangeAction, said: str
) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    lag(monkeypatch)
    request = cast.change(Endpoint.objects.get(), action, policy_document=READ_ONLY)
    for _ in range(outcomes.MAX_ATTEMPTS + 1):
        Operation.objects.filter(status="queued").update(next_attempt_at=timezone.now())
        cast.work(request, rounds=1)

    assert request.status == "failed"
    operation = Operation.objects.get(request=request)
    assert operation.last_error_code == "NotAsApproved"
    assert said in operation.last_error


@pytest.mark.parametrize("failed_before", [False, True])
def test_what_a_lagging_replica_does_not_know_is_deleted_all_the_same(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, failed_before: bool
) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    request = cast.change(Endpoint.objects.get(), ChangeAction.DELETE)
    if failed_before:  # its error has a request id, too
        cast.aws.control.add_fault(
            action="DescribeVpcEndpoints", kind="error", code="InternalError", message="-", status=500, times=None
        )
        cast.work(request, rounds=1)
        cast.aws.control.clear_faults()
        assert cast.aws.calls("DeleteVpcEndpoints") == []
        Operation.objects.filter(status="queued").update(next_attempt_at=timezone.now())
    monkeypatch.setattr(Ec2Gateway, "describe_vpc_endpoints", lambda *_, **__: {})
    monkeypatch.setattr(Ec2Gateway, "describe_vpc_endpoint", lambda *_: None)

    assert cast.work(request).status == "deleted"
    assert len(cast.aws.calls("DeleteVpcEndpoints")) == 1
    assert cast.aws.endpoints() == []


def test_a_look_that_failed_is_shown_until_one_works(cast: Cast) -> None:
    provider = cast.provided()
    request = cast.approved(cast.aws.interface_spec(service_name=provider.service_name, private_dns_enabled=False))
    assert cast.work(request).status == "pending_acceptance"
    cast.aws.control.add_fault(action="DescribeVpcEndpoints", kind="error", code="UnauthorizedOperation", message="No.")
    cast.work(request, rounds=1)
    assert Operation.objects.get().last_error_code == "UnauthorizedOperation"

    before = request.version
    assert cast.work(request, rounds=1).status == "pending_acceptance"
    assert Operation.objects.get().last_error_code == ""
    assert request.version > before, "its page shows it"


def test_who_gives_up_says_what_a_person_can_do(cast: Cast) -> None:
    cast.aws.control.add_fault(
        action="CreateVpcEndpoint", kind="error", times=None, code="RequestExpired", message="Request has expired."
    )
    request = cast.approved(cast.aws.gateway_spec())
    for _ in range(outcomes.MAX_ATTEMPTS):
        Operation.objects.filter(status="queued").update(next_attempt_at=timezone.now())
        cast.work(request, rounds=1)

    operation = Operation.objects.get()
    assert (operation.status, operation.last_error_code) == ("failed", "RequestExpired")
    assert "clock" in operation.last_cure


def test_an_operation_whose_workers_always_die_is_handed_to_a_person(cast: Cast) -> None:
    request = cast.approved(cast.aws.gateway_spec())
    for _ in range(outcomes.MAX_ATTEMPTS):
        assert leases.claim(Operation.objects.get().pk, owner="a worker that dies")
        Operation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert cast.work(request).status == "failed"
    assert Operation.objects.get().last_error_code == "WorkersDied"
    assert cast.aws.calls("CreateVpcEndpoint") == []


def test_one_operation_that_can_not_be_settled_does_not_hold_up_the_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cast.approved(cast.aws.gateway_spec())
    second = cast.approved(cast.aws.interface_spec())
    settle = observation._settle

    def brittle(operation: Operation, *args: object, **kwargs: object) -> None:
        if operation.request_id == first.pk:
            raise ValueError("brittle")
        settle(operation, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(observation, "_settle", brittle)
    assert cast.work(second).status == "available"
    monkeypatch.setattr(observation, "_settle", settle)
    assert cast.work(first).status == "available"


def test_a_zombie_that_lost_its_lease_writes_nothing(cast: Cast) -> None:
    cast.approved(cast.aws.gateway_spec())
    operation = Operation.objects.get()
    zombie = leases.claim(operation.pk, owner="zombie")
    assert zombie
    Operation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert leases.claim(operation.pk, owner="heir")

    with pytest.raises(leases.LeaseLost):
        leases.write(zombie, last_error="from the grave")

    operation.refresh_from_db()
    assert (operation.lease_owner, operation.last_error) == ("heir", "")
    assert operation.fence == zombie.fence + 1
