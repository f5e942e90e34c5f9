"""An endpoint that takes another's place, who uses one that is to go, and what the owner of a service has to do."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse

from endpoints.domain.specs import EndpointType
from endpoints.models import Account, Endpoint, EndpointRequest, InventoryItem, Operation, User
from endpoints.services import requests
from endpoints.services.errors import Conflict
from tests import factories
from tests.integration.browsers import browser
from tests.integration.pages.forms import filled_in
from tests.integration.pages.test_endpoint_modify import hidden, made, text
from tests.integration.reviewing import send_back


@pytest.fixture
def gateway(account: Account, engineer: User, approver: User) -> Endpoint:
    """Return an available Gateway endpoint to S3, and the inventory that has it."""
    endpoint = made(account, engineer, approver, factories.gateway_spec(account, name="s3"))
    _stock(endpoint)
    return endpoint


def _stock(endpoint: Endpoint) -> None:
    data = {
        "service_name": endpoint.service_name,
        "vpc_endpoint_type": endpoint.vpc_endpoint_type,
        "state": "available",
        "private_dns_enabled": endpoint.desired_spec().private_dns_enabled,
    }
    InventoryItem.objects.create(
        account=endpoint.account,
        region=endpoint.region,
        kind="vpc_endpoint",
        aws_id=endpoint.vpc_endpoint_id,
        vpc_id=endpoint.vpc_id,
        data=data,
    )


def asked_for(endpoint: Endpoint, user: User, **changes: Any) -> dict[str, Any]:
    """Return the form filled in for an Interface endpoint in the old one's place."""
    data = filled_in(endpoint.account, user, service_name=endpoint.service_name, private_dns_enabled="")
    return data | {"base_generation": endpoint.generation} | changes


class TestReplace:
    """New before old, in one request."""

    def test_the_form_opens_with_the_old_ones_values_and_says_what_it_means(
        self, gateway: Endpoint, engineer: User
    ) -> None:
        page = browser(engineer).get(reverse("endpoint_replace", args=[gateway.pk])).content.decode()
        assert "deleted when the new one is available, not before" in text(page)
        assert "another id, other DNS names and other addresses" in text(page)
        assert f'value="{gateway.desired_spec().route_table_ids[0]}"' in page
        assert 'value="s3"' in page
        assert f'name="base_generation" value="{gateway.generation}"' in page

    def test_it_becomes_two_changes_each_with_its_status(
        self, gateway: Endpoint, engineer: User, approver: User
    ) -> None:
        client, url = browser(engineer), reverse("endpoint_replace", args=[gateway.pk])
        review = client.post(url, asked_for(gateway, engineer)).content.decode()
        assert "after the new endpoint is available, not before" in text(review)
        sent = client.post(url, hidden(review) | {"action": "submit"})
        asked = EndpointRequest.objects.latest("pk")
        assert sent["Location"] == asked.get_absolute_url()
        new, old = asked.changes.order_by("position")
        assert (new.action, new.vpc_endpoint_type) == ("create", EndpointType.INTERFACE)
        assert (old.action, old.endpoint, old.after, old.base_generation) == ("delete", gateway, 1, gateway.generation)
        page = text(browser(approver).get(asked.get_absolute_url()).content.decode())
        assert "Who still uses s3 in" in page
        factories.approved(asked, approver)
        page = text(client.get(asked.get_absolute_url()).content.decode())
        assert "Waiting for another change" in page
        assert "After number 1 has succeeded" in page
        assert "Replaced" in page  # the last step
        shown = client.get(f"/api/v1/requests/{asked.pk}").json()["changes"]
        assert [item["after"] for item in shown] == [None, 1]
        assert shown[1]["base_spec"] == gateway.desired

    def test_what_aws_changes_in_place_needs_no_replacement(self, gateway: Endpoint, engineer: User) -> None:
        table = list(gateway.desired_spec().route_table_ids)
        data = asked_for(gateway, engineer, vpc_endpoint_type="Gateway", route_table_ids=table, subnet_ids=[])
        response = browser(engineer).post(reverse("endpoint_replace", args=[gateway.pk]), data)
        assert response.status_code == 422
        assert "Use Modify" in response.content.decode()

    def test_the_old_ones_private_name_is_told_with_the_cure(
        self, account: Account, engineer: User, approver: User
    ) -> None:
        old = made(account, engineer, approver, factories.interface_spec(account))
        _stock(old)
        Endpoint.objects.filter(pk=old.pk).update(status="failed")  # what AWS has ended is asked for again as it was
        data = asked_for(old, engineer, private_dns_enabled="on")
        response = browser(engineer).post(reverse("endpoint_replace", args=[old.pk]), data)
        assert response.status_code == 422
        assert "switch it on by a change when the old one is gone" in text(response.content.decode())

    def test_an_old_one_that_was_changed_meanwhile_is_told_and_what_was_typed_is_kept(
        self, gateway: Endpoint, engineer: User
    ) -> None:
        data = asked_for(gateway, engineer, base_generation=gateway.generation + 1, title="Typed")
        response = browser(engineer).post(reverse("endpoint_replace", args=[gateway.pk]), data)
        assert response.status_code == 409
        assert 'value="Typed"' in response.content.decode()

    def test_another_account_is_refused(self, gateway: Endpoint, engineer: User) -> None:
        data = filled_in(factories.make_account("other"), engineer, private_dns_enabled="", action="submit")
        url = reverse("endpoint_replace", args=[gateway.pk])
        response = browser(engineer).post(url, data | {"base_generation": gateway.generation})
        assert response.status_code == 422
        assert "A request is about one account" in text(response.content.decode())

    def test_it_is_edited_with_both_its_changes(self, gateway: Endpoint, engineer: User, approver: User) -> None:
        spec = factories.interface_spec(gateway.account, service_name=gateway.service_name, private_dns_enabled=False)
        asked = factories.replacement(gateway, engineer, spec)
        send_back(asked, approver, "One zone is too few.")
        client, url = browser(engineer), reverse("request_edit", args=[asked.pk])
        assert "New before old" in client.get(url, follow=True).content.decode()
        assert client.post(url, asked_for(gateway, engineer, name="new", action="submit")).status_code == 302
        new, old = asked.changes.filter(round=2).order_by("position")
        assert (new.desired().name, old.action, old.after) == ("new", "delete", 1)

    def test_what_failed_is_edited_and_can_be_approved_again(
        self, gateway: Endpoint, engineer: User, approver: User
    ) -> None:
        spec = factories.interface_spec(gateway.account, service_name=gateway.service_name, private_dns_enabled=False)
        asked = self._refused(factories.approved(factories.replacement(gateway, engineer, spec), approver))
        client, url = browser(engineer), reverse("request_edit", args=[asked.pk])
        gateway.refresh_from_db()
        assert gateway.status == "deleting"
        assert "works until then" in client.get(gateway.get_absolute_url()).content.decode()
        assert client.post(url, asked_for(gateway, engineer, name="new", action="submit")).status_code == 302
        gateway.refresh_from_db()
        assert gateway.status == "available"
        asked.refresh_from_db()
        assert factories.approved(asked, approver).status == "approved"

    def test_another_of_the_same_kind_can_be_asked_for_again_where_aws_has_ended_the_first(
        self, gateway: Endpoint, engineer: User, approver: User
    ) -> None:
        Endpoint.objects.filter(pk=gateway.pk).update(status="failed", aws_state="failed")
        spec = replace(gateway.desired_spec(), route_table_ids=())
        asked = self._refused(factories.approved(factories.replacement(gateway, engineer, spec), approver))
        gateway.refresh_from_db()
        data = asked_for(gateway, engineer, vpc_endpoint_type="Gateway", subnet_ids=[], security_group_ids=[])
        page = browser(engineer).post(reverse("request_edit", args=[asked.pk]), data).content.decode()
        assert "AWS can change the rest in place" not in page
        assert 'value="submit"' in page

    def _refused(self, asked: EndpointRequest) -> EndpointRequest:
        """Return an approved replacement whose new endpoint AWS refused."""
        operation = Operation.objects.get(request=asked, status="queued")
        factories.leases.claim(operation.pk, owner="a test")
        operation = factories._loaded(operation)
        factories.outcomes.started(operation, now=factories.timezone.now())
        with factories.events.recorded(factories.events.chain_of(asked.account)):
            factories.outcomes.fail(operation, code="X", message="No.", cure="Edit.", now=factories.timezone.now())
        return asked


class TestUsage:
    """Who still uses what is to be deleted."""

    @pytest.fixture
    def used(self, account: Account, gateway: Endpoint, outsider: User) -> Endpoint:
        """Return an endpoint whose route table has a subnet, in a VPC that another team uses, too."""
        table = InventoryItem.objects.get(kind="route_table", name="private")
        table.data["subnet_ids"] = [factories.aws_id("subnet", account, factories.REGION, "private-a")]
        table.save()
        factories.submitted(account, outsider, factories.interface_spec(account))
        return gateway

    def test_the_page_names_them_and_asks_to_confirm(self, used: Endpoint, engineer: User, approver: User) -> None:
        factories.modification(used, engineer, name="other")
        client, url = browser(engineer), reverse("endpoint_delete", args=[used.pk])
        page = text(client.get(url).content.decode())
        for words in ("In use", "Search", "Used by private-a", "Modify of s3", "Those who use it know that it goes"):
            assert words in page, words
        data = {
            "title": "Delete it",
            "justification": "Nobody needs it.",
            "base_generation": used.generation,
            "submission_key": str(uuid.uuid4()),
        }
        refused = client.post(url, data)
        assert refused.status_code == 422
        assert "Tell those who use it first" in refused.content.decode()
        assert client.post(url, data | {"in_use_known": "on"}).status_code == 302
        read = text(browser(approver).get(EndpointRequest.objects.latest("pk").get_absolute_url()).content.decode())
        assert "Used by private-a" in read
        assert "Search" in read

    def test_an_interface_endpoint_names_its_addresses_its_name_and_what_was_changed_outside(
        self, account: Account, engineer: User, approver: User
    ) -> None:
        endpoint = made(account, engineer, approver, factories.interface_spec(account))
        observed = dict(endpoint.observed or {}, security_group_ids=["sg-00000000"])
        Endpoint.objects.filter(pk=endpoint.pk).update(observed=observed)
        page = text(browser(engineer).get(reverse("endpoint_delete", args=[endpoint.pk])).content.decode())
        assert "secretsmanager.eu-west-1.amazonaws.com" in page
        assert endpoint.observed_endpoint().network_interfaces[0].private_ip_address in page  # type: ignore[union-attr]
        assert "Security groups Somebody changed it for a reason" in page


class TestAcceptance:
    """A service whose owner decides."""

    OWNER = "666677778888"

    @pytest.fixture
    def waiting(self, account: Account, engineer: User, approver: User) -> EndpointRequest:
        """Return a request that waits for the owner of the partner's service."""
        service = InventoryItem.objects.get(account=account, aws_id__endswith=".partner")
        service.aws_id, service.data["owner"] = f"com.amazonaws.vpce.{factories.REGION}.vpce-svc-0a1b2c3d", self.OWNER
        service.save()
        spec = factories.interface_spec(account, service_name=service.aws_id, private_dns_enabled=False)
        asked = factories.approved(factories.submitted(account, engineer, spec), approver)
        factories.pending_acceptance(asked)
        asked.refresh_from_db()
        return asked

    def test_every_view_names_the_owner_and_what_they_must_do(self, waiting: EndpointRequest, engineer: User) -> None:
        client, endpoint = browser(engineer), Endpoint.objects.get()
        command = f"--vpc-endpoint-ids {endpoint.vpc_endpoint_id}"
        for page in (waiting.get_absolute_url(), endpoint.get_absolute_url()):
            said = client.get(page).content.decode()
            assert self.OWNER in said
            assert command in said
            assert 'hx-trigger="poll' in said  # it goes on by itself
        for page in (reverse("request_list"), reverse("endpoint_list")):
            assert self.OWNER in client.get(page).content.decode()
        for path in (f"/api/v1/endpoints/{endpoint.pk}", "/api/v1/endpoints"):
            said = client.get(path).json()
            shown = said.get("results", [said])[0]["acceptance"]
            assert shown["service_owner"] == self.OWNER
            assert command in shown["command"]
        (change,) = client.get(f"/api/v1/requests/{waiting.pk}").json()["changes"]
        assert change["acceptance"] == shown

    def test_without_the_services_id_there_is_no_command(self, waiting: EndpointRequest, engineer: User) -> None:
        Endpoint.objects.update(service_name=f"com.amazonaws.{factories.REGION}.ecr.api")
        client = browser(engineer)
        page = client.get(Endpoint.objects.get().get_absolute_url()).content.decode()
        assert "has to accept the connection" in page
        assert "accept-vpc-endpoint-connections" not in page
        assert client.get(f"/api/v1/endpoints/{Endpoint.objects.get().pk}").json()["acceptance"]["command"] == ""

    def test_what_the_owner_rejected_is_not_retried_but_withdrawn_and_replaced(
        self, waiting: EndpointRequest, engineer: User
    ) -> None:
        now, operation = factories.timezone.now(), Operation.objects.select_related("change", "account").get()
        seen = factories.observed(operation.change.desired(), operation.endpoint, state="rejected")
        factories.observation._settle(operation, seen, now=now)
        client = browser(engineer)
        page = client.get(waiting.get_absolute_url()).content.decode()
        assert "rejected the connection" in page
        assert "How to go on" in page
        assert 'id="act-retry"' not in page
        assert 'id="act-withdraw"' in page
        waiting.refresh_from_db()
        with pytest.raises(Conflict, match="can't help"):
            requests.retry(request=waiting, by=factories.by(engineer), now=now)
        requests.withdraw(request=waiting, by=factories.by(engineer), now=now)
        endpoint = Endpoint.objects.get()
        page = client.get(endpoint.get_absolute_url()).content.decode()
        for name, offered in (("endpoint_replace", True), ("endpoint_delete", True), ("endpoint_modify", False)):
            assert (reverse(name, args=[endpoint.pk]) in page) is offered, name
        # The same again is what is wanted here.
        data = asked_for(endpoint, engineer, action="submit")
        assert client.post(reverse("endpoint_replace", args=[endpoint.pk]), data).status_code == 302
