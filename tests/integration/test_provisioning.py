"""The engine against the simulated AWS: create, policy change, deletion, and every way in which AWS answers."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from django.utils import timezone
from pytest_django import Settings

from endpoints.aws.gateway import Ec2Gateway
from endpoints.aws.sessions import forget_clients
from endpoints.models import (
    AccountRegion,
    Endpoint,
    EndpointRequest,
    Event,
    InventoryItem,
    Operation,
    OperationAttempt,
)
from endpoints.models.requests import ChangeAction
from endpoints.services import (
    events,
    inventory,
    leases,
    observation,
    outcomes,
    policies,
    provisioning,
    refreshing,
    requests,
)
from endpoints.services.targets import gateway
from tests import factories, workers
from tests.aws import Provider, World, member_account

pytestmark = pytest.mark.django_db

FULL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
READ_ONLY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
)


class Cast:
    """An account of the simulated AWS with a requester and an approver."""

    def __init__(self, aws: World) -> None:
        self.aws = aws
        self.account = member_account()
        self.engineer = factories.make_engineer()
        self.approver = factories.make_approver(self.account)

    def approved(self, *specs: object) -> EndpointRequest:
        """Return an approved request to create endpoints."""
        return factories.approved(factories.submitted(self.account, self.engineer, *specs), self.approver)

    def change(self, endpoint: Endpoint, action: ChangeAction, **fields: str | None) -> EndpointRequest:
        """Return an approved request for a change of an endpoint."""
        if action == ChangeAction.DELETE:
            return factories.approved(factories.deletion(endpoint, self.engineer), self.approver)
        document = fields["policy_document"]
        return factories.approved(factories.policy_change(endpoint, self.engineer, document), self.approver)

    def provided(self) -> Provider:
        """Return a partner's service that wants to accept each endpoint, known to the account's inventory."""
        provider = Provider(self.aws)
        AccountRegion.objects.update(inventory_due_at=timezone.now())
        region = AccountRegion.objects.get(account=self.account)
        assert inventory.refresh(account_region_id=region.pk, now=timezone.now())
        return provider

    def work(self, request: EndpointRequest, *, rounds: int = 5) -> EndpointRequest:
        """Let workers and the observer go on until nothing is due any more."""
        region = AccountRegion.objects.get(account=self.account)
        for _ in range(rounds):
            for operation in Operation.objects.due():
                provisioning.run(operation_id=operation.pk)
            observation.observe(account_region_id=region.pk)
        request.refresh_from_db()
        return request


@pytest.fixture
def cast(aws: World) -> Cast:
    return Cast(aws)


def test_a_gateway_endpoint_becomes_available_with_its_route(cast: Cast) -> None:
    request = cast.work(cast.approved(cast.aws.gateway_spec()))

    assert request.status == "available"
    endpoint = Endpoint.objects.get()
    assert (endpoint.status, endpoint.aws_state) == ("available", "available")
    observed = endpoint.observed_endpoint()
    assert observed is not None
    assert observed.prefix_list_id.startswith("pl-")
    tables = cast.aws.ec2().describe_route_tables(RouteTableIds=[cast.aws.route_table_ids[0]])["RouteTables"]
    assert endpoint.vpc_endpoint_id in {route.get("GatewayId") for route in tables[0]["Routes"]}


def test_an_interface_endpoint_becomes_available_with_addresses_and_names(cast: Cast) -> None:
    request = cast.work(cast.approved(cast.aws.interface_spec()))

    assert request.status == "available"
    observed = Endpoint.objects.get().observed_endpoint()
    assert observed is not None
    assert {item.subnet_id for item in observed.network_interfaces} == set(cast.aws.subnet_ids)
    assert all(item.private_ip_address.startswith("10.0.") for item in observed.network_interfaces)
    assert any("secretsmanager" in entry.dns_name for entry in observed.dns_entries)
    assert observed.security_group_ids == (cast.aws.security_group_id,)


def test_the_endpoint_carries_the_request_and_the_operation_as_tags(cast: Cast) -> None:
    request = cast.work(cast.approved(cast.aws.gateway_spec(name="s3-for-batch")))

    tags = {tag["Key"]: tag["Value"] for tag in cast.aws.endpoints()[0]["Tags"]}
    assert tags["portal:operation"] == str(Operation.objects.get().pk)
    assert tags["portal:request"] == request.reference
    assert tags["Name"] == "s3-for-batch"


def test_every_step_is_an_event_and_the_chain_verifies(cast: Cast) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))

    verbs = list(Event.objects.order_by("sequence").values_list("verb", flat=True))
    for verb in ("request.submitted", "request.approved", "aws.created", "policy.applied", "request.available"):
        assert verb in verbs
    assert events.first_broken(cast.account.account_id) is None


def test_a_policy_change_is_applied_and_replaces_the_one_before(cast: Cast) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    endpoint = Endpoint.objects.get()

    request = cast.work(cast.change(endpoint, ChangeAction.POLICY, policy_document=READ_ONLY))

    assert request.status == "available"
    assert "s3:GetObject" in cast.aws.endpoints()[0]["PolicyDocument"]
    statuses = dict(endpoint.policy_revisions.values_list("number", "status"))
    assert statuses == {1: "replaced", 2: "applied"}


def test_a_policy_takes_effect_some_minutes_after_it_was_applied(cast: Cast, settings: Settings) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    revision = Endpoint.objects.get().policy_revisions.get()

    assert policies.let_take_effect(now=timezone.now()) == 0
    settings.PORTAL_POLICY_EFFECT_SECONDS = 0
    assert policies.let_take_effect(now=timezone.now()) == 1
    revision.refresh_from_db()
    assert revision.status == "in_effect"
    assert revision.in_effect_at is not None


def test_a_policy_that_means_the_same_makes_no_call(cast: Cast) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    cast.aws.control.clear_calls()

    request = cast.work(cast.change(Endpoint.objects.get(), ChangeAction.POLICY, policy_document=FULL))

    assert request.status == "available"
    assert cast.aws.calls("ModifyVpcEndpoint") == []


def test_a_deletion_ends_with_the_endpoint_gone(cast: Cast) -> None:
    cast.work(cast.approved(cast.aws.interface_spec()))

    request = cast.work(cast.change(Endpoint.objects.get(), ChangeAction.DELETE))

    assert request.status == "deleted"
    assert Endpoint.objects.get().status == "deleted"
    assert cast.aws.endpoints() == []


def test_deleting_what_is_gone_already_succeeds(cast: Cast) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    endpoint = Endpoint.objects.get()
    cast.aws.control.remove_out_of_band(endpoint.vpc_endpoint_id)

    request = cast.work(cast.change(endpoint, ChangeAction.DELETE))

    assert request.status == "deleted"


def test_two_endpoints_of_one_request_each_have_their_status(cast: Cast) -> None:
    request = cast.work(cast.approved(cast.aws.gateway_spec(), cast.aws.interface_spec()))

    assert request.status == "available"
    assert Endpoint.objects.filter(status="available").count() == 2


def test_the_inventory_is_read_again_as_soon_as_the_last_change_in_a_region_is_done(cast: Cast) -> None:
    region = AccountRegion.objects.get(account=cast.account)
    AccountRegion.objects.update(inventory_at=timezone.now() - timedelta(minutes=4))
    first, second = cast.approved(cast.aws.gateway_spec()), cast.approved(cast.aws.interface_spec())
    provisioning.run(operation_id=Operation.objects.get(request=first).pk)
    observation.observe(account_region_id=region.pk)
    first.refresh_from_db()
    assert first.status == "available"
    assert inventory.due() == []  # the second one is still to be made: one reading will do for both
    assert cast.work(second).status == "available"
    assert inventory.due() == [region.pk]
    observation.observe(account_region_id=region.pk)
    assert inventory.refresh(account_region_id=region.pk, now=timezone.now())
    assert {row.aws_id for row in InventoryItem.objects.filter(kind="vpc_endpoint")} == {
        row.vpc_endpoint_id for row in Endpoint.objects.all()
    }


def test_changes_have_the_inventory_read_once_a_minute_at_the_most(cast: Cast) -> None:
    region = AccountRegion.objects.get(account=cast.account)
    AccountRegion.objects.update(
        inventory_at=timezone.now() - timedelta(seconds=20), inventory_due_at=timezone.now() + timedelta(minutes=5)
    )
    assert cast.work(cast.approved(cast.aws.gateway_spec())).status == "available"
    region.refresh_from_db()
    assert region.inventory_at is not None
    assert inventory.due() == []
    assert region.inventory_due_at == region.inventory_at + refreshing.PAUSE


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


def test_acceptance_is_waited_for_and_private_dns_added_after_it(cast: Cast) -> None:
    provider = cast.provided()
    request = cast.work(cast.approved(cast.aws.interface_spec(service_name=provider.service_name)))
    assert request.status == "pending_acceptance"
    assert Endpoint.objects.get().status == "pending_acceptance"

    provider.decide("accept", Endpoint.objects.get().vpc_endpoint_id)

    assert cast.work(request).status == "available"
    assert len(cast.aws.calls("CreateVpcEndpoint")) == 1
    assert cast.aws.endpoints()[0]["PrivateDnsEnabled"] is True


def test_a_rejected_connection_says_what_to_do(cast: Cast) -> None:
    provider = cast.provided()
    request = cast.work(cast.approved(cast.aws.interface_spec(service_name=provider.service_name)))
    provider.decide("reject", Endpoint.objects.get().vpc_endpoint_id)

    assert cast.work(request).status == "failed"
    operation = Operation.objects.get()
    assert operation.last_error_code == "rejected"
    assert "deletion" in operation.last_cure


def test_what_waits_for_acceptance_can_be_withdrawn_and_then_deleted(cast: Cast) -> None:
    provider = cast.provided()
    request = cast.work(cast.approved(cast.aws.interface_spec(service_name=provider.service_name)))

    requests.withdraw(request=request, by=factories.by(cast.engineer), now=timezone.now())
    endpoint = Endpoint.objects.get()
    assert endpoint.status == "pending_acceptance"

    assert cast.work(cast.change(endpoint, ChangeAction.DELETE)).status == "deleted"
    assert cast.aws.endpoints() == []


def test_boto3s_default_session_and_its_keys_are_nobodys_business_here(cast: Cast) -> None:
    boto3.setup_default_session(aws_access_key_id="AKIASOMEBODYELSE", aws_secret_access_key="theirs")
    try:
        forget_clients()
        assert cast.work(cast.approved(cast.aws.gateway_spec())).status == "available"
    finally:
        boto3.DEFAULT_SESSION = None
