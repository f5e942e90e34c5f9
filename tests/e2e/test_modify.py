"""An endpoint is changed in place as its people do it; and the form without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Endpoint, EndpointRequest, User
from tests import factories, workers
from tests.aws import World, member_account
from tests.e2e.accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_in_place_is_asked_for_approved_and_made(
    page: Page,
    open_page: Callable[..., Page],
    login: Callable[..., None],
    live_server: LiveServer,
    aws: World,
    tmp_path: Path,
) -> None:
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    aws.control.set_pace(0.2)
    with workers.worker(tmp_path), workers.beat(tmp_path):
        spec = aws.interface_spec(private_dns_enabled=False, subnet_ids=aws.subnet_ids[:2])
        first = factories.approved(factories.submitted(account, engineer, spec), approver)
        workers.until(lambda: Endpoint.objects.get().status == "available", "the endpoint")
        endpoint = Endpoint.objects.get()

        login(engineer)
        page.goto(live_server.url + endpoint.get_absolute_url())
        page.get_by_role("link", name="Modify", exact=True).click()
        page.locator(f"input[value={aws.subnet_ids[0]}]").uncheck()
        third = page.locator(f"#id_ipv4_{aws.subnet_ids[2]}")
        expect(third).to_be_hidden()  # an address belongs to a subnet that is chosen
        page.locator(f"input[value={aws.subnet_ids[2]}]").check()
        third.fill("10.0.2.3")
        page.get_by_label("Answer for the service's own name").check()
        page.get_by_role("textbox", name="Tags").fill("cost-center=4711")
        page.get_by_label("Justification").fill("The batch moved to another zone.")
        page.get_by_role("button", name="Review what changes").click()
        page.get_by_role("link", name=re.compile("Fixed address")).click()  # AWS keeps that one
        expect(third).to_be_focused()
        assert violations(page) == []
        third.fill("10.0.2.20")
        page.get_by_role("button", name="Review what changes").click()
        expect(page.get_by_text("Open connections drop when this is done.")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="Submit for review").click()
        expect(page).to_have_url(re.compile(r"/requests/\d+/(#.*)?$"))
        asked = EndpointRequest.objects.exclude(pk=first.pk).get()

        reviewer = open_page()
        login(approver, reviewer)
        reviewer.goto(live_server.url + asked.get_absolute_url())
        expect(reviewer.get_by_role("region", name="Before and after")).to_contain_text("10.0.2.20")
        reviewer.get_by_role("button", name="Approve").click()
        # The requester's page follows by itself.
        expect(page.locator("main")).to_contain_text("AWS is as approved", timeout=60_000)

    (held,) = aws.endpoints()
    assert set(held["SubnetIds"]) == set(aws.subnet_ids[1:])
    assert held["PrivateDnsEnabled"] is True
    assert {"Key": "cost-center", "Value": "4711"} in held["Tags"]
    endpoint.refresh_from_db()
    seen = endpoint.observed_endpoint()
    assert seen is not None
    assert seen.addresses[aws.subnet_ids[2]] == "10.0.2.20"


def test_the_form_needs_no_script(
    transactional_db: None,
    open_page: Callable[..., Page],
    login: Callable[..., None],
    live_server: LiveServer,
) -> None:
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    spec = factories.interface_spec(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
    page = open_page(java_script_enabled=False)
    login(engineer, page)
    page.goto(live_server.url + reverse("endpoint_modify", args=[endpoint.pk]))
    page.get_by_role("textbox", name="Tags").fill("no equals sign")
    page.get_by_label("Justification").fill("It is needed.")
    page.get_by_role("button", name="Review what changes").click()
    expect(page.get_by_text("Line 1: write it as key=value.").first).to_be_visible()
    page.get_by_role("textbox", name="Tags").fill("team=ledger")
    page.get_by_role("button", name="Review what changes").click()
    page.get_by_role("button", name="Edit Tags").click()
    expect(page.get_by_role("textbox", name="Tags")).to_have_value("team=ledger")
    page.get_by_role("button", name="Review what changes").click()
    page.get_by_role("button", name="Submit for review").click()
    expect(page).to_have_url(re.compile(r"/requests/\d+/(#.*)?$"))
    assert EndpointRequest.objects.latest("pk").changes.get().desired().tags == (("team", "ledger"),)

    # A new request: the advanced part is reached and opened with the keyboard.
    place = f"account={account.pk}&vpc_id={spec.vpc_id}&service_name={spec.service_name}"
    page.goto(f"{live_server.url}{reverse('request_new')}?{place}")
    page.get_by_text("Advanced: addresses and DNS").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("IP address type")).to_be_visible()


@pytest.fixture
def form(transactional_db: None, page: Page, login: Callable[..., None], live_server: LiveServer) -> Page:
    """Return the form of an available endpoint, with something typed."""
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    spec = factories.interface_spec(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
    login(engineer)
    page.goto(live_server.url + reverse("endpoint_modify", args=[endpoint.pk]))
    page.get_by_label("Justification").fill("Precious words")
    return page


def test_what_was_typed_stays_when_the_endpoint_can_no_longer_be_changed(form: Page) -> None:
    Endpoint.objects.update(aws_state="rejected")
    form.get_by_label("Answer for the service's own name").click()
    expect(form.locator("#live-checks")).to_contain_text("AWS reports it as rejected")
    expect(form.get_by_label("Justification")).to_have_value("Precious words")
    form.get_by_role("button", name="Review what changes").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("This has changed meanwhile")
    expect(form.get_by_role("textbox", name="Justification")).to_have_value("Precious words")
    assert violations(form) == []


def test_who_signed_in_again_in_another_tab_goes_on_with_the_checks(form: Page, login: Callable[..., None]) -> None:
    form.context.clear_cookies()
    login(User.objects.get(username="engineer"))
    other = form.context.new_page()
    other.goto(form.url)  # with another token
    other.close()
    private_dns = form.get_by_label("Answer for the service's own name")
    private_dns.click()
    expect(form.get_by_text("You are signed in again.")).to_be_visible()
    with form.expect_response(lambda answer: answer.request.method == "POST") as answered:
        private_dns.click()
    assert answered.value.status == 200
    expect(form.get_by_label("Justification")).to_have_value("Precious words")
