"""Starting a policy from a template, in the form of an endpoint's policy and in that of a new request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from endpoints.models import Account, Endpoint, User
from tests import factories
from tests.integration.browsers import browser


@pytest.fixture
def client(engineer: User) -> Client:
    return browser(engineer)


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Endpoint:
    asked = factories.submitted(account, engineer, factories.gateway_spec(account))
    return factories.available(factories.approved(asked, approver))[0]


def values(page: Any) -> dict[str, Any]:
    """Return what the form on a page would send."""
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}


def chosen(client: Client, address: str, template: str = "s3-buckets-read", **fields: Any) -> Any:
    """Open a form and choose a template in it."""
    sent = {**values(client.get(address)), **fields}
    return client.post(address, {**sent, "action": "template", "template": template})


class TestPolicyForm:
    """An endpoint's policy."""

    def filled(self, client: Client, endpoint: Endpoint, **fields: Any) -> Any:
        address = reverse("endpoint_policy_new", args=[endpoint.pk])
        page = chosen(client, address, reason="Typed before.")
        sent = {**values(page), "action": "fill", "template": "s3-buckets-read", "template_shown": "s3-buckets-read"}
        return client.post(address, {**sent, "template_buckets": "payments-reports\npayments-archive", **fields})

    def test_templates_of_the_service_are_offered_with_what_they_mean(self, client: Client, endpoint: Endpoint) -> None:
        page = chosen(client, reverse("endpoint_policy_new", args=[endpoint.pk]))
        offered = [item.id for item in page.context["chooser"].templates]
        assert "s3-buckets-read" in offered
        assert "secretsmanager-named" not in offered
        assert "Our principals" in page.content.decode()

    def test_it_fills_the_editor_and_keeps_what_was_typed(self, client: Client, endpoint: Endpoint) -> None:
        page = self.filled(client, endpoint)
        assert page.status_code == 200
        sent = values(page)
        assert sent["access"] == "custom"
        assert sent["reason"] == "Typed before."
        assert "arn:aws:s3:::payments-archive" in json.dumps(json.loads(sent["policy_document"]))
        assert page.context["chooser"].expected
        review = client.post(page.request["PATH_INFO"], {**sent, "action": "review"})
        assert review.templates[0].name == "endpoints/policy_review.html"

    def test_a_text_is_not_lost_without_asking(self, client: Client, endpoint: Endpoint) -> None:
        typed = '{"Version": "2012-10-17", "Statement": []}'
        page = self.filled(client, endpoint, policy_document=typed)
        assert page.status_code == 422
        assert values(page)["policy_document"] == typed
        assert "Replace what is written" in page.content.decode()
        page = self.filled(client, endpoint, policy_document=typed, template_replace="yes")
        assert "payments-archive" in values(page)["policy_document"]

    def test_values_that_can_t_be_taken_are_told_by_field(self, client: Client, endpoint: Endpoint) -> None:
        page = self.filled(client, endpoint, template_buckets="No Bucket ${aws:x}", template_organization="nonsense")
        assert page.status_code == 422
        assert set(page.context["chooser"].form.errors) == {"template_buckets", "template_organization"}
        assert "data-error-summary" in page.content.decode()
        assert "No Bucket ${aws:x}" in page.content.decode()
        assert not values(page).get("policy_document")

    @pytest.mark.parametrize("action", ["template", "fill"])
    def test_a_template_that_is_not_offered_is_none(self, client: Client, endpoint: Endpoint, action: str) -> None:
        address = reverse("endpoint_policy_new", args=[endpoint.pk])
        page = client.post(address, {"action": action, "template": "secretsmanager-named"})
        assert page.context["chooser"].chosen is None


class TestNewRequest:
    """A new endpoint."""

    def test_templates_follow_the_chosen_service(self, client: Client, account: Account) -> None:
        spec = factories.interface_spec(account)
        query = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
        fragment = client.get(reverse("request_new_fields"), query).content.decode()
        assert 'id="templates" hx-swap-oob="true"' in fragment
        assert 'value="secretsmanager-named"' in fragment

    def test_it_fills_the_editor(self, client: Client, account: Account) -> None:
        spec = factories.interface_spec(account)
        place = f"account={account.pk}&region={spec.region}&vpc_id={spec.vpc_id}&service_name={spec.service_name}"
        page = chosen(client, f"{reverse('request_new')}?{place}", "secretsmanager-named", title="Typed before")
        assert page.context["chooser"].chosen.id == "secretsmanager-named"
        sent = {**values(page), "action": "fill", "template": "secretsmanager-named"}
        page = client.post(reverse("request_new"), {**sent, "template_secrets": "payments/db"})
        assert page.status_code == 200
        assert values(page)["title"] == "Typed before"
        assert "secret:payments/db" in values(page)["policy_document"]
