"""The simulator, templates and evidence of use in Chromium, as somebody goes through them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Endpoint, SavedSimulation, User
from endpoints.services import use
from tests import factories
from tests.e2e.accessibility import violations


@pytest.fixture
def engineer(transactional_db: None) -> User:
    return factories.make_engineer()


@pytest.fixture
def endpoint(engineer: User) -> Endpoint:
    account = factories.make_account()
    asked = factories.submitted(account, engineer, factories.gateway_spec(account))
    return factories.available(factories.approved(asked, factories.make_approver(account)))[0]


def _violations(page: Page) -> list[str]:
    """Return what is wrong with the page from its top: scrolled, the bar at the top hides what axe then calls small."""
    page.evaluate("scrollTo(0, 0)")
    return violations(page)


def test_a_question_is_asked_answered_linked_and_changed(
    endpoint: Endpoint, engineer: User, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(engineer)
    page.goto(live_server.url + endpoint.get_absolute_url())
    page.get_by_role("link", name="Would a request be allowed?").click()
    assert page.get_by_label("The one in force at an endpoint").is_checked()
    page.get_by_label("Action").press_sequentially("s3:GetObjectA", delay=5)
    page.locator("#actions-known option[value='s3:GetObjectAcl']").wait_for(state="attached")
    page.locator("#actions-known option[value='s3:PutObject']").wait_for(state="detached")
    page.get_by_role("button", name="Answer").click()
    summary = page.locator("[data-error-summary]")
    summary.get_by_text("Principal").wait_for()
    assert summary.evaluate("element => element === document.activeElement")
    assert _violations(page) == []
    page.get_by_label("Principal").fill("arn:aws:iam::111122223333:role/app")
    page.get_by_label("Resource", exact=False).first.fill("arn:aws:s3:::payments/2026.csv")
    page.get_by_role("button", name="Answer").click()
    page.get_by_text("Allowed", exact=True).wait_for()
    page.get_by_text("By itself it grants nothing").wait_for()
    assert page.url == f"{live_server.url}{SavedSimulation.objects.get().get_absolute_url()}#answer"
    page.get_by_label("This text").check()
    page.locator("policy-editor .cm-content").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        '{\n"Version": "2012-10-17",\n"Statement": [\n'
        '{"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}\n]}'
    )
    page.get_by_role("button", name="Answer").click()
    page.get_by_text("Denied explicitly", exact=True).wait_for()
    assert page.locator(".text-line.decides").count() == 1
    assert _violations(page) == []


def test_a_question_is_still_there_on_the_way_back(
    endpoint: Endpoint, engineer: User, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(engineer)
    page.goto(live_server.url + reverse("simulator"))
    page.get_by_label("Action").fill("s3:GetObject")
    page.get_by_label("Resource", exact=False).first.fill("arn:aws:s3:::payments/2026.csv")
    page.get_by_label("Condition key 2", exact=True).fill("aws:SourceVpc")
    page.get_by_label("Value of condition key 2").fill("vpc-1")
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    page.go_back()
    expect(page.locator("[data-error-summary]")).to_have_count(0)
    expect(page.get_by_label("Action")).to_have_value("s3:GetObject")
    expect(page.get_by_label("Condition key 2", exact=True)).to_have_value("aws:SourceVpc")
    expect(page.get_by_label("Value of condition key 2")).to_have_value("vpc-1")


def test_evidence_becomes_a_policy_and_so_does_a_template(
    endpoint: Endpoint, engineer: User, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(engineer)
    page.goto(live_server.url + reverse("endpoint_use", args=[endpoint.pk]))
    event = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventTime": "2026-11-01T10:00:00Z",
        "vpcEndpointId": endpoint.vpc_endpoint_id,
        "requestParameters": {"bucketName": "payments", "key": "2026.csv"},
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/batch"},
    }
    page.get_by_label("Files").set_input_files(
        {"name": "events.json", "mimeType": "application/json", "buffer": json.dumps([event]).encode()}
    )
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("A worker reads", exact=True).wait_for()
    use.work(endpoint_id=endpoint.pk)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    page.get_by_text("1 call, 1 different").wait_for()
    assert _violations(page) == []
    page.get_by_role("link", name="Start from it").click()
    editor = page.locator("policy-editor .cm-content")
    editor.get_by_text("arn:aws:s3:::payments/2026.csv").wait_for()
    page.get_by_label("Reason").fill("Only what is used.")
    page.get_by_text("Start from a template").click()
    page.get_by_label("Template", exact=True).select_option("s3-buckets-read")
    page.get_by_role("button", name="Show").click()
    page.get_by_label("Buckets (needed)").fill("payments-reports")
    assert _violations(page) == []
    page.get_by_role("button", name="Fill the editor").click()
    page.get_by_label("Replace what is written in the editor").check()
    page.get_by_role("button", name="Fill the editor").click()
    page.get_by_text("The editor below holds this policy now").wait_for()
    assert _violations(page) == []
    assert page.get_by_label("Reason").input_value() == "Only what is used."
    page.get_by_role("button", name="Review the difference").last.click()
    page.get_by_role("heading", name="What will happen").wait_for()
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_text("A worker holds what was recorded against this policy").wait_for()
    use.work(endpoint_id=endpoint.pk)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    page.get_by_text("It would deny 1 of 1 recorded call").wait_for()
    assert _violations(page) == []
    page.get_by_role("link", name="Ask the simulator about s3:GetObject").click()
    page.get_by_text("Not allowed by anything", exact=True).wait_for()
