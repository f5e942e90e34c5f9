"""Drift, losses and unmanaged endpoints on the pages, and the requests that they lead to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from endpoints.models import Account, Endpoint, EndpointRequest, UnmanagedEndpoint, User
from endpoints.models.requests import ChangeAction
from endpoints.services.errors import Conflict
from tests import factories
from tests.integration.pages.conftest import SignIn
from tests.integration.reviewing import send_back


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Endpoint:
    """Return an available Gateway endpoint with a policy."""
    asked = factories.submitted(account, engineer, factories.gateway_spec(account, policy_document=factories.READ_ONLY))
    (made,) = factories.available(factories.approved(asked, approver))
    return made


@pytest.fixture
def drifted(endpoint: Endpoint, account: Account) -> Endpoint:
    """Return it after somebody opened its policy and took its route table away."""
    return factories.drifted(endpoint, policy_document=factories.DENY_DELETE, route_table_ids=())


def text(response: Any) -> str:
    """Return a page's text."""
    assert response.status_code == 200, response.content.decode()[:500]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def sent(client: Client, address: str, **changes: str) -> Any:
    """Open a form and send it as it is, but for `changes`."""
    form = client.get(address, follow=True).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return client.post(address, {**values, "action": "submit", **changes})


def test_the_list_marks_and_filters_drift(
    as_: SignIn, drifted: Endpoint, account: Account, engineer: User, approver: User
) -> None:
    other = factories.submitted(account, engineer, factories.interface_spec(account))
    (quiet,) = factories.available(factories.approved(other, approver))
    client, address = as_(engineer), reverse("endpoint_list")
    page = client.get(address).content.decode()
    assert quiet.get_absolute_url() in page
    assert page.count("Drift</span>") == 1
    narrowed = client.get(address, {"drift": "on"}).content.decode()
    assert drifted.get_absolute_url() in narrowed
    assert quiet.get_absolute_url() not in narrowed


def test_the_page_shows_what_differs_since_when_and_both_policies(
    as_: SignIn, drifted: Endpoint, engineer: User
) -> None:
    response = as_(engineer).get(drifted.get_absolute_url())
    page = text(response)
    assert "AWS differs from what was approved" in page
    for words in ("Route tables", "private", "Custom policy, compared below", "Keep"):
        assert words in page
    assert reverse("endpoint_restore", args=[drifted.pk]) in response.content.decode()
    assert "endpoint.drifted" not in page
    assert page.count("AWS differs from what was approved") >= 2  # the card and the timeline
    assert "Policy, Route tables" in page  # the timeline speaks as the card does, not as the API


def test_only_the_owners_are_offered_to_repair(as_: SignIn, drifted: Endpoint, auditor: User) -> None:
    response = as_(auditor).get(drifted.get_absolute_url())
    assert reverse("endpoint_restore", args=[drifted.pk]) not in response.content.decode()
    assert f"An engineer of {drifted.owner_team}" in text(response)


def test_restoring_is_asked_for_with_the_plan_and_the_words_filled_in(
    as_: SignIn, drifted: Endpoint, engineer: User, approver: User
) -> None:
    client, address = as_(engineer), reverse("endpoint_restore", args=[drifted.pk])
    page = text(client.get(address))
    assert "Will replace the endpoint policy" in page
    assert "Will add a route to the service" in page
    response = sent(client, address)
    request = EndpointRequest.objects.latest("pk")
    assert response["Location"] == request.get_absolute_url()
    change = request.changes.get()
    assert (change.action, change.spec, change.policy_revision) == (ChangeAction.MODIFY, drifted.desired, None)
    reviewed = text(as_(approver).get(request.get_absolute_url()))
    assert "in AWS now → as approved" in reviewed
    assert "Will replace the endpoint policy" in reviewed


def test_accepting_is_a_new_revision_and_changes_nothing_in_aws(
    as_: SignIn, drifted: Endpoint, engineer: User, approver: User
) -> None:
    client, address = as_(engineer), reverse("endpoint_accept", args=[drifted.pk])
    assert "nothing has to be done" in text(client.get(address))
    sent(client, address, justification="The auditors changed it.")
    request = EndpointRequest.objects.latest("pk")
    change = request.changes.get()
    assert change.spec["policy_document"] == factories.DENY_DELETE
    assert change.spec["route_table_ids"] == []
    assert change.policy_revision is not None
    reviewed = text(as_(approver).get(request.get_absolute_url()))
    assert "revision 1 → revision 2" in reviewed


def test_what_changed_meanwhile_is_shown_again_with_the_words_kept(
    as_: SignIn, drifted: Endpoint, engineer: User
) -> None:
    client, address = as_(engineer), reverse("endpoint_accept", args=[drifted.pk])
    form = client.get(address, follow=True).context["form"]
    values = {name: form[name].value() or "" for name in form.fields} | {"justification": "Mine."}
    Endpoint.objects.filter(pk=drifted.pk).update(observed={**(drifted.observed or {}), "policy_document": None})
    response = client.post(address, values)
    assert response.status_code == 409
    assert "Mine." in response.content.decode()
    assert "look at it once more" in response.content.decode()
    assert not EndpointRequest.objects.filter(title=values["title"]).exists()


@pytest.mark.parametrize("act", ["restore", "accept", "recreate"])
def test_where_nothing_differs_there_is_nothing_to_ask(
    as_: SignIn, endpoint: Endpoint, engineer: User, act: str
) -> None:
    assert as_(engineer).get(reverse(f"endpoint_{act}", args=[endpoint.pk])).status_code == 409


def sent_back(client: Client, address: str, approver: User) -> EndpointRequest:
    """Return a request that was asked for there, sent back."""
    sent(client, address)
    request = EndpointRequest.objects.latest("pk")
    send_back(request, approver, "Say why.")
    return request


@pytest.mark.parametrize("act", ["restore", "accept"])
def test_such_a_request_can_be_edited_in_its_words_alone(
    as_: SignIn, drifted: Endpoint, engineer: User, approver: User, act: str
) -> None:
    client = as_(engineer)
    request = sent_back(client, reverse(f"endpoint_{act}", args=[drifted.pk]), approver)
    asked = request.changes.get().spec
    edit = reverse("request_edit", args=[request.pk])
    assert "Submit again" in text(client.get(edit, follow=True))
    assert sent(client, edit, justification="Because.")["Location"] == request.get_absolute_url()
    request.refresh_from_db()
    assert (request.status, request.round, request.justification) == ("submitted", 2, "Because.")
    assert request.changes.get(round=2).spec == asked, "its policy is the one that was accepted"


@pytest.mark.parametrize("act", ["restore", "accept"])
def test_such_a_request_undoes_no_change_that_came_after_it(
    as_: SignIn, drifted: Endpoint, engineer: User, approver: User, act: str
) -> None:
    client = as_(engineer)
    request = sent_back(client, reverse(f"endpoint_{act}", args=[drifted.pk]), approver)
    factories.available(factories.approved(factories.modification(drifted, engineer, name="new"), approver))
    answer = client.get(reverse("request_edit", args=[request.pk]), follow=True)
    assert answer.status_code == 409
    assert "was changed after this was asked for" in answer.content.decode()


def test_a_lost_endpoint_offers_to_recreate_it_or_to_let_it_go(as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
    factories.missing(endpoint)
    client = as_(engineer)
    response = client.get(endpoint.get_absolute_url())
    page = text(response)
    assert "Deleted outside of the portal" in page
    assert "Let it go" in page
    assert reverse("endpoint_recreate", args=[endpoint.pk]) in response.content.decode()
    sent(client, reverse("endpoint_recreate", args=[endpoint.pk]))
    change = EndpointRequest.objects.latest("pk").changes.get()
    assert (change.action, change.spec) == (ChangeAction.RECREATE, endpoint.desired)


def test_what_failed_but_is_there_is_not_made_a_second_time(
    as_: SignIn, endpoint: Endpoint, engineer: User, approver: User
) -> None:
    """Its id would be lost, and nobody would know it any more."""
    factories.failed(factories.approved(factories.modification(endpoint, engineer, name="other"), approver))
    assert as_(engineer).get(reverse("endpoint_recreate", args=[endpoint.pk])).status_code == 409
    asked = factories.recreation(endpoint, engineer)
    with pytest.raises(Conflict):
        factories.approved(asked, approver)
    kept = Endpoint.objects.get(pk=endpoint.pk)
    assert (kept.vpc_endpoint_id, kept.status) == (endpoint.vpc_endpoint_id, "failed")


def test_a_recreated_endpoint_is_available_since_it_is_again(
    endpoint: Endpoint, engineer: User, approver: User
) -> None:
    before = endpoint.available_at
    asked = factories.approved(factories.recreation(factories.missing(endpoint), engineer), approver)
    assert Endpoint.objects.get(pk=endpoint.pk).available_at is None
    (again,) = factories.available(asked)
    again.refresh_from_db()
    assert before is not None
    assert again.available_at is not None
    assert again.available_at > before


def test_an_ended_endpoint_says_what_to_do(as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(
        status="failed", aws_state="rejected", last_error_code="rejected", last_error="The owner left."
    )
    page = text(as_(engineer).get(endpoint.get_absolute_url()))
    assert "The owner left." in page
    assert "has ended the connection" in page


class TestUnmanaged:
    """The page of what nobody asked for."""

    def test_who_sees_what(
        self, as_: SignIn, account: Account, engineer: User, approver: User, auditor: User, outsider: User
    ) -> None:
        here = factories.unmanaged(account)
        there = factories.unmanaged(factories.make_account("elsewhere"))
        address = reverse("endpoint_unmanaged")
        for person, seen in [(engineer, 2), (outsider, 2), (auditor, 2), (approver, 1)]:
            page = as_(person).get(address).content.decode()
            found = [item.vpc_endpoint_id in page for item in (here, there)]
            assert (found[0], sum(found)) == (True, seen), person
        Account.objects.filter(pk=there.account_id).update(is_active=False)
        assert there.vpc_endpoint_id not in as_(engineer).get(address).content.decode()

    def test_what_is_managed_by_now_is_left_out(
        self, as_: SignIn, account: Account, endpoint: Endpoint, engineer: User
    ) -> None:
        row = factories.unmanaged(account)
        UnmanagedEndpoint.objects.filter(pk=row.pk).update(vpc_endpoint_id=endpoint.vpc_endpoint_id)
        assert "Nothing is unmanaged" in text(as_(engineer).get(reverse("endpoint_unmanaged")))

    def test_filters_narrow(self, as_: SignIn, account: Account, engineer: User) -> None:
        row = factories.unmanaged(account)
        factories.unmanaged(account, requester_managed=True, vpc_endpoint_type="Interface")
        client = as_(engineer)
        for query, count in [
            ({"type": "Gateway"}, 1),
            ({"vpc_id": row.vpc_id}, 2),
            ({"service": "dynamodb"}, 0),
            ({"whose": "adoptable"}, 1),
            ({"whose": "aws"}, 1),
            ({"whose": "portal"}, 0),
            ({"region": "us-east-1"}, 0),
            ({"account": str(account.pk), "sort": "vpc_id"}, 2),
        ]:
            assert len(client.get(reverse("endpoint_unmanaged"), query).context["rows"]) == count, query

    def test_adopting_shows_every_value_and_asks_for_what_is(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        row = factories.unmanaged(account, policy_document=factories.READ_ONLY)
        client, address = as_(engineer), reverse("endpoint_adopt", args=[row.pk])
        page = text(client.get(address))
        for words in (row.vpc_endpoint_id, "Nothing changes in AWS", "made by hand", "s3:GetObject", "private"):
            assert words in page
        response = sent(client, address, owner_team=str(engineer.teams.get().pk))
        request = EndpointRequest.objects.latest("pk")
        assert response["Location"] == request.get_absolute_url()
        change = request.changes.get()
        assert (change.action, change.adopts) == (ChangeAction.ADOPT, row.vpc_endpoint_id)
        assert change.spec["policy_document"] == factories.READ_ONLY
        assert f"{request.reference} asks to adopt it" in text(client.get(reverse("endpoint_unmanaged")))
        reviewed = text(as_(approver).get(request.get_absolute_url()))
        assert row.vpc_endpoint_id in reviewed
        assert "s3:GetObject" in reviewed
        factories.approved(request, approver)
        assert row.vpc_endpoint_id not in text(client.get(reverse("endpoint_unmanaged")))

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"requester_managed": True}, "managed by an AWS service"),
            ({"requester_managed": True, "owner_id": "999988887777"}, "managed by account 999988887777"),
            ({"vpc_endpoint_type": "ServiceNetwork"}, "of the type ServiceNetwork"),
        ],
    )
    def test_what_cannot_be_adopted_says_why(
        self, as_: SignIn, account: Account, engineer: User, fields: dict[str, Any], reason: str
    ) -> None:
        row = factories.unmanaged(account, **fields)
        client = as_(engineer)
        assert reason in text(client.get(reverse("endpoint_unmanaged")))
        response = client.get(reverse("endpoint_adopt", args=[row.pk]))
        assert response.status_code == 409
        assert reason in response.content.decode()

    def test_an_orphan_names_its_operation(self, as_: SignIn, account: Account, engineer: User) -> None:
        operation = "0f8fad5b-d9cb-469f-a165-70867728950e"
        row = factories.unmanaged(account, tags=(("portal:operation", operation),))
        client = as_(engineer)
        page = text(client.get(reverse("endpoint_unmanaged")))
        assert "Made by the portal" in page
        assert operation in page
        assert operation in text(client.get(reverse("endpoint_adopt", args=[row.pk])))
