"""Who finds and reads what at the desk, and that nothing with a lifecycle is edited by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from knox.models import AuthToken

from endpoints.models import (
    Account,
    AccountRegion,
    Bundle,
    Change,
    Check,
    Drift,
    Endpoint,
    EndpointRequest,
    Event,
    InventoryItem,
    Membership,
    Operation,
    PolicyRevision,
    Review,
    RoleAssignment,
    Team,
    UnmanagedEndpoint,
    User,
)
from endpoints.network.bundles import Member
from endpoints.services import bundles
from tests import factories as make
from tests.integration.admin.conftest import Desk

RECORDS = (
    *(EndpointRequest, Change, Check, Review, Endpoint, PolicyRevision, Operation, Event, AccountRegion),
    *(InventoryItem, AuthToken, Drift, UnmanagedEndpoint, Bundle),
)
EDITABLE = (Account, Team, Membership, RoleAssignment, User)
SEE_ALL = ("operator", "auditor", "administrator", "superuser")


def url(model: type[Any], page: str = "changelist", *args: Any) -> str:
    """Return an admin address."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fill(desk: Desk, number: int = 1) -> None:
    """Make so many requests that went all the way, each with all that hangs on it."""
    for count in range(number):
        asked = desk.submitted(f"Number {count}")
        (endpoint,) = make.available(make.approved(asked, desk.people["approver"]))
        make.drifted(endpoint, route_table_ids=(make.aws_id("rtb", endpoint.account, make.REGION, "public"),))
        make.unmanaged(endpoint.account)
        desk.submitted(f"Waits {count}")
        AuthToken.objects.create(desk.people["engineer"])
        bundles.make(
            name=f"Bundle {Bundle.objects.count()}",
            purpose="",
            members=[Member("s3", "Gateway")],
            owner_team=asked.owner_team,
            by=make.by(desk.people["engineer"]),
            now=asked.submitted_at,
        )
        make.make_person(f"colleague-{Membership.objects.count()}", make.Role.ENGINEER, team=make.make_team())
        make.make_team(f"Team {Team.objects.count()}")
        make.make_account("more")


def test_the_desk_knows_these_models_and_no_others() -> None:
    assert set(admin.site._registry) == {*RECORDS, *EDITABLE}


def test_every_list_and_page_can_be_read_and_searched_by_those_who_see_all(desk: Desk) -> None:
    fill(desk)
    for name in SEE_ALL:
        client = desk.client(name)
        for model in (*RECORDS, *EDITABLE):
            assert client.get(url(model)).status_code == 200, model
            if name in ("operator", "administrator"):
                continue  # they read by the same rule as the auditor; once through all pages is enough
            if admin.site._registry[model].search_fields:
                assert client.get(url(model), {"q": "12 x"}).status_code == 200, model
            if model is not AuthToken:
                row = model._default_manager.first()
                assert client.get(url(model, "change", row.pk)).status_code == 200, model
    for name in ("engineer", "nobody"):
        for model in (*RECORDS, *EDITABLE):
            assert desk.client(name).get(url(model)).status_code == 403, model


def test_every_filter_of_every_list_works(desk: Desk) -> None:
    fill(desk)
    client = desk.client("auditor")
    for model in (*RECORDS, *EDITABLE):
        page = client.get(url(model)).content.decode()
        by_parameter = {link.partition("=")[0]: link for link in re.findall(r'href="(\?[^"]+)"', page)}
        for link in by_parameter.values():
            assert client.get(url(model) + link.replace("&amp;", "&")).status_code == 200, (model, link)


def test_a_list_takes_the_same_number_of_queries_for_few_and_many_rows(desk: Desk) -> None:
    client = desk.client("auditor")

    def counts() -> dict[str, tuple[int, int]]:
        found = {}
        for model in (*RECORDS, *EDITABLE):
            parameters = {"decision": "all"} if model is EndpointRequest else {}
            with CaptureQueriesContext(connection) as captured:
                assert client.get(url(model), parameters).status_code == 200
            found[model.__name__] = len(captured), model._default_manager.count()
        return found

    fill(desk, 2)
    few = counts()
    fill(desk, 8)
    many = counts()
    assert all(many[name][1] > few[name][1] for name in few), "every list has grown"
    assert {name: queries for name, (queries, _) in many.items()} == {name: number for name, (number, _) in few.items()}


def test_a_record_is_added_changed_and_deleted_by_nobody(desk: Desk) -> None:
    fill(desk)
    for name in ("administrator", "superuser"):
        client = desk.client(name)
        for model in RECORDS:
            row, before = model._default_manager.first(), model._default_manager.count()
            assert client.get(url(model, "add")).status_code == 403
            assert client.post(url(model, "add"), {}).status_code == 403
            assert client.post(url(model, "change", row.pk), {"status": "approved"}).status_code == 403
            assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
            client.post(url(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
            assert model._default_manager.count() == before


def test_a_superuser_sets_no_status_by_hand(desk: Desk) -> None:
    asked = desk.submitted()
    response = desk.client("superuser").post(url(EndpointRequest, "change", asked.pk), {"status": "approved"})
    asked.refresh_from_db()
    assert (response.status_code, asked.status) == (403, "submitted")


def test_who_is_not_staff_is_led_to_the_login(desk: Desk, client: Client) -> None:
    User.objects.filter(username="administrator").update(is_staff=False)
    response = desk.client("administrator").get(url(EndpointRequest))
    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_an_approver_finds_only_what_waits_in_their_accounts(desk: Desk) -> None:
    waiting, done = desk.submitted("Waits here"), make.approved(desk.submitted("Done"), desk.people["approver"])
    client = desk.client("approver")
    page = client.get(url(EndpointRequest), {"decision": "all"}).content.decode()
    assert "Waits here" in page
    assert "Done" not in page
    assert client.get(url(EndpointRequest, "change", waiting.pk)).status_code == 200
    assert client.get(url(EndpointRequest, "change", done.pk)).status_code == 302, "not found, says the admin"
    assert "Waits here" not in desk.client("elsewhere").get(url(EndpointRequest)).content.decode()
    for model in {*RECORDS, *EDITABLE} - {EndpointRequest}:
        assert client.get(url(model)).status_code == 403, model


def test_the_list_of_requests_begins_with_what_waits(desk: Desk) -> None:
    waiting, done = desk.submitted("Waits here"), make.approved(desk.submitted("Finished"), desk.people["approver"])
    client = desk.client("auditor")

    def found(**parameters: str) -> set[int]:
        response = client.get(url(EndpointRequest), parameters)
        return {item.pk for item in response.context["cl"].result_list}

    assert found() == {waiting.pk}
    assert found(decision="all") == {waiting.pk, done.pk}
    assert found(q="Finished") == {done.pk}
    assert found(q=f"req-{done.pk}") == {done.pk}
    assert found(status__exact="approved") == {done.pk}


def test_a_token_and_its_hash_are_shown_to_nobody(desk: Desk) -> None:
    row, secret = AuthToken.objects.create(desk.people["engineer"])
    client = desk.client("superuser")
    page = client.get(url(AuthToken)).content.decode()
    assert "engineer" in page
    assert row.digest not in page
    assert secret[:8] not in page
    assert client.get(url(AuthToken, "change", row.pk)).status_code == 403


def test_pages_hold_nothing_that_the_content_security_policy_refuses(desk: Desk) -> None:
    fill(desk)
    asked = EndpointRequest.objects.filter(status="submitted").first()
    assert asked
    client = desk.client("administrator")
    pages = [url(model) for model in (*RECORDS, *EDITABLE)]
    pages += [url(model, "add") for model in EDITABLE] + [url(EndpointRequest, "change", asked.pk)]
    for path in pages:
        response = client.get(path)
        text = response.content.decode()
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"|data-))", text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", text), path


@pytest.mark.parametrize(
    ("model", "query"),
    [
        *((EndpointRequest, "status__exact=%00"), (Change, "region=a%00b"), (Event, "verb=%00&verb=x")),
        *((Event, f"at__year={'9' * 19}"), (Event, "at__year=10000"), (User, "role_assignments__role__exact=%00")),
    ],
)
def test_a_filter_that_the_database_can_not_take_leads_to_the_whole_list(
    desk: Desk, model: type[Any], query: str
) -> None:
    response = desk.client("administrator").get(f"{url(model)}?{query}")
    assert (response.status_code, response["Location"]) == (302, f"{url(model)}?e=1")


@pytest.mark.parametrize("address", ["%00", "a%00b"])
@pytest.mark.parametrize("kind", ["change", "delete", "history"])
@pytest.mark.parametrize("name", ["administrator", "auditor"])
def test_an_address_that_the_database_can_not_take_is_not_found(desk: Desk, name: str, kind: str, address: str) -> None:
    """A token's address is a text; others are numbers, which Django looks at."""
    client = desk.client(name)
    for model in (*RECORDS, *EDITABLE):
        response = client.get(f"{url(model)}{address}/{kind}/")
        assert response.status_code in (302, 403), (model, "not found, says the admin, or not for this person")
