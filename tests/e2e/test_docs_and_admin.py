"""The API's page and the administrators' desk in a browser: the `page` fixture fails on any policy violation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import EndpointRequest, User
from tests import factories as make

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_api_is_described_on_a_page(page: Page, live_server: LiveServer, login: Callable[..., None]) -> None:
    login(make.make_engineer())
    page.goto(f"{live_server.url}/api/docs/")
    expect(page.get_by_role("heading", name="GET /api/v1/requests", exact=True)).to_be_visible()
    page.get_by_role("link", name="RequestStatus").first.click()
    expect(page.get_by_role("region", name="RequestStatus")).to_be_in_viewport()
    address = page.get_by_role("link", name="OpenAPI file").get_attribute("href")
    assert page.request.get(live_server.url + str(address)).text().startswith("openapi: 3")


def test_an_approver_decides_at_the_desk(page: Page, live_server: LiveServer, login: Callable[..., None]) -> None:
    account = make.make_account()
    asked = make.submitted(account, make.make_engineer())
    approver = make.make_approver(account)
    User.objects.filter(pk=approver.pk).update(is_staff=True)
    login(User.objects.get(pk=approver.pk))
    page.goto(f"{live_server.url}/admin/endpoints/endpointrequest/")
    page.get_by_role("link", name=asked.reference).first.click()
    expect(page.get_by_text("The batch jobs read S3 through NAT today.")).to_be_visible()
    page.go_back()
    page.locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option("reject_selected")
    page.get_by_role("button", name="Go").or_(page.get_by_role("button", name="Run")).first.click()
    expect(page.get_by_text(asked.content_hash)).to_be_visible()
    page.get_by_label("Comment").fill("Use the shared endpoint.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text(f"Rejected: {asked.reference}")).to_be_visible()
    assert EndpointRequest.objects.get(pk=asked.pk).status == "rejected"
