"""The engine against the simulated AWS: create, policy change, deletion, acceptance, and what follows from each."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from django.utils import timezone
from pytest_django import Settings

from endpoints.aws.sessions import forget_clients
from endpoints.models import AccountRegion, Endpoint, Event, InventoryItem, Operation
from endpoints.models.requests import ChangeAction
from endpoints.services import clock, events, inventory, observation, policies, provisioning, refreshing, requests
from tests import factories
from tests.integration.cast import FULL, READ_ONLY, Cast, cast

__all__ = ["cast"]  # the fixture

pytestmark = pytest.mark.django_db


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


def test_acceptance_is_waited_for_and_private_dns_added_after_it(cast: Cast) -> None:
    provider = cast.provided()
    request = cast.work(cast.approved(cast.aws.interface_spec(service_name=provider.service_name)))
    assert request.status == "pending_acceptance"
    assert Endpoint.objects.get().status == "pending_acceptance"

    provider.decide("accept", Endpoint.objects.get().vpc_endpoint_id)

    assert cast.work(request).status == "available"
    assert len(cast.aws.calls("CreateVpcEndpoint")) == 1
    assert cast.aws.endpoints()[0]["PrivateDnsEnabled"] is True


def test_where_all_waits_for_an_acceptance_one_looks_seldom(cast: Cast, settings: Settings) -> None:
    """Its service's owner may take days, and in a thousand accounts that would be hundreds of looks a second."""
    provider = cast.provided()
    cast.work(cast.approved(cast.aws.interface_spec(service_name=provider.service_name)))
    region = AccountRegion.objects.get(account=cast.account)
    pause = timedelta(seconds=settings.PORTAL_OBSERVE_SECONDS)

    def due_after(pauses: float) -> bool:
        AccountRegion.objects.update(observed_at=clock.now() - pauses * pause)
        return region.pk in observation.due_regions()

    Operation.objects.update(in_flight_since=clock.now() - observation.AT_FIRST + timedelta(minutes=1))
    assert due_after(2), "it has just been made: its owner may accept at once"
    Operation.objects.update(in_flight_since=clock.now() - timedelta(hours=1))
    assert not due_after(observation.AT_REST - 5)
    assert due_after(observation.AT_REST + 1)

    provisioning.run(operation_id=Operation.objects.get(request=cast.approved(cast.aws.gateway_spec())).pk)
    Operation.objects.filter(status="observing").update(in_flight_since=clock.now() - timedelta(hours=1))
    assert due_after(2), "something else goes on there"
    AccountRegion.objects.update(observed_at=None)
    assert observation.due_regions() == [region.pk]


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
