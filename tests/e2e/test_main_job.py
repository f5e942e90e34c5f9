"""The whole main job as its people do it: ask, review, approve, watch; with real workers and the simulated AWS."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Account, EndpointRequest, User
from tests import factories, workers
from tests.aws import MEMBER, REGION, World, member_account

pytestmark = pytest.mark.django_db(transaction=True)
READ_ONLY = '{"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow", "Principal": "*", '
READ_ONLY += '"Action": "s3:GetObject", "Resource": "*"}]}'


class Desk:
    """One person at a browser."""

    def __init__(self, page: Page, server: LiveServer) -> None:
        self.page = page
        self.url = server.url

    def open(self, path: str) -> None:
        """Go to a page of the portal."""
        self.page.goto(f"{self.url}{path}")

    def choose(self, label: str, value: str) -> None:
        """Choose in a list whose dependent part reloads, and wait for that."""
        with self.page.expect_response(re.compile("/requests/new/fields/")):
            self.page.get_by_label(label, exact=False).first.select_option(value)
        self.page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping')")

    def tick_type(self, kind: str) -> None:
        """Choose the endpoint's type, unless it is chosen already."""
        choice = self.page.locator(f"input[name=vpc_endpoint_type][value={kind}]")
        if not choice.is_checked():
            with self.page.expect_response(re.compile("/requests/new/fields/")):
                choice.check()
            self.page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling')")

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def status(self) -> str:
        """Return what the page's head says of the request."""
        return self.page.locator(".page-head .status, .page-head .pill").first.inner_text()


@pytest.fixture
def account(aws: World) -> Account:
    return member_account()


@pytest.fixture
def engineer(account: Account) -> User:
    return factories.make_engineer()


@pytest.fixture
def approver(account: Account) -> User:
    return factories.make_approver(account)


@pytest.fixture
def desks(
    page: Page,
    live_server: LiveServer,
    open_page: Callable[..., Page],
    login: Callable[..., None],
    engineer: User,
    approver: User,
) -> tuple[Desk, Desk]:
    """Return the requester's and the approver's browser, signed in."""
    other = open_page()
    login(engineer)
    login(approver, other)
    return Desk(page, live_server), Desk(other, live_server)


def ask(desk: Desk, aws: World, *, service: str, kind: str, title: str) -> EndpointRequest:
    """Fill the form as a person does, look at the review, submit."""
    desk.open("/requests/new/")
    desk.choose("VPC", aws.vpc_id)
    desk.choose("Service", f"com.amazonaws.{REGION}.{service}")
    desk.tick_type(kind)
    if kind == "Gateway":
        desk.page.locator(f"input[name=route_table_ids][value={aws.route_table_ids[0]}]").check()
    else:
        expect(desk.page.locator("input[name=subnet_ids]:checked")).to_have_count(3)
        desk.page.locator(f"input[name=security_group_ids][value={aws.security_group_id}]").check()
    desk.page.get_by_label("Title").fill(title)
    desk.page.get_by_label("Justification").fill("The batch jobs go through NAT today.")
    desk.press("Review")
    expect(desk.page.get_by_text("nothing is submitted yet", exact=False)).to_be_visible()
    expect(desk.page.get_by_text(f"Will create a{'n' if kind == 'Interface' else ''} {kind} endpoint")).to_be_visible()
    desk.press("Submit for review")
    expect(desk.page).to_have_url(re.compile(r"/requests/\d+/$"))
    return EndpointRequest.objects.get(title=title)


def approve(desk: Desk, request: EndpointRequest) -> None:
    """Find the request in the queue, read the justification, approve."""
    desk.open("/approvals/")
    desk.page.get_by_role("link", name=re.compile(request.title)).first.click()
    expect(desk.page.get_by_text(request.justification)).to_be_visible()
    desk.press("Approve")
    desk.page.wait_for_load_state()


def json_of(desk: Desk, path: str) -> dict[str, Any]:
    """Return what the JSON endpoint says to the person's session."""
    answer = desk.page.request.get(f"{desk.url}{path}")
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()
    return found


def test_both_kinds_are_asked_for_approved_and_become_available(
    desks: tuple[Desk, Desk], aws: World, tmp_path: Path
) -> None:
    requester, approver = desks
    aws.control.set_pace(0.3)
    with workers.worker(tmp_path), workers.beat(tmp_path):
        for service, kind in (("s3", "Gateway"), ("secretsmanager", "Interface")):
            request = ask(requester, aws, service=service, kind=kind, title=f"{service} without NAT")
            approve(approver, request)

            # The requester's page is open all the time and follows by itself, without a reload.
            expect(requester.page.locator("main")).to_contain_text("AWS is as approved", timeout=60_000)
            said = json_of(requester, f"/api/v1/requests/{request.pk}")
            assert said["status"] == "available"
            endpoint = said["changes"][0]["endpoint"]
            assert endpoint["status"] == "available"
            assert endpoint["vpc_endpoint_id"].startswith("vpce-")
            expect(requester.page.locator("main")).to_contain_text(endpoint["vpc_endpoint_id"])

        interface = json_of(requester, f"/api/v1/endpoints/{endpoint['id']}")
        assert {item["subnet_id"] for item in interface["network_interfaces"]} == set(aws.subnet_ids)
        for item in interface["network_interfaces"]:
            expect(requester.page.locator("main")).to_contain_text(item["private_ip_address"])

    assert {item["VpcEndpointType"] for item in aws.endpoints()} == {"Gateway", "Interface"}
    assert all(item["OwnerId"] == MEMBER for item in aws.endpoints())


def test_a_policy_is_changed_compared_approved_applied_and_rolled_back(
    desks: tuple[Desk, Desk], aws: World, account: Account, engineer: User, approver: User, tmp_path: Path
) -> None:
    requester, reviewer = desks
    with workers.worker(tmp_path), workers.beat(tmp_path, PORTAL_POLICY_EFFECT_SECONDS="1"):
        first = factories.approved(factories.submitted(account, engineer, aws.gateway_spec()), approver)
        workers.until(lambda: _status(first) == "available", "the endpoint")
        endpoint = first.changes.get().endpoint
        assert endpoint is not None

        requester.open(f"/endpoints/{endpoint.pk}/policy/")
        requester.page.get_by_label("Custom policy").check()
        _write_policy(requester.page, READ_ONLY)
        requester.page.get_by_label("Reason").fill("Only reading is needed.")
        requester.press("Review the difference")
        expect(requester.page.locator("main")).to_contain_text("s3:GetObject")
        requester.press("Submit for review")
        change = EndpointRequest.objects.latest("pk")
        approve(reviewer, change)
        workers.until(lambda: _status(change) == "available", "the policy change")
        assert "s3:GetObject" in aws.endpoints()[0]["PolicyDocument"]

        requester.open(f"/endpoints/{endpoint.pk}/policy/1/rollback/")
        requester.page.get_by_label("Reason").fill("The nightly job writes, too.")
        requester.press("Submit for review")
        back = EndpointRequest.objects.latest("pk")
        assert back.pk != change.pk
        approve(reviewer, back)
        workers.until(lambda: _status(back) == "available", "the rollback")

    assert "s3:GetObject" not in aws.endpoints()[0]["PolicyDocument"]
    numbers = dict(endpoint.policy_revisions.values_list("number", "status"))
    assert numbers[1] == numbers[2] == "replaced"
    assert numbers[3] in ("applied", "in_effect")
    assert endpoint.policy_revisions.get(number=3).restores == endpoint.policy_revisions.get(number=1)


def _write_policy(page: Page, text: str) -> None:
    editor = page.locator("policy-editor .cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def _status(request: EndpointRequest) -> str:
    request.refresh_from_db()
    return request.status
