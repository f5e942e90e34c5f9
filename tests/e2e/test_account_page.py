"""An account's page in Chromium: set up, checked by a worker's own code against the simulated AWS, and copied from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import AccountCheck, Role
from endpoints.policy import role
from endpoints.services import account_checks
from portal.sandbox import world
from tests import factories
from tests.aws import MEMBER, REGION, ROLE, World, member_account
from tests.e2e.accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 800}
WIDE = {"width": 1400, "height": 900}


def keep(page: Page, name: str) -> None:
    """Keep pictures where `PORTAL_SCREENSHOTS` names a folder: light, dark, and on a phone."""
    folder = os.environ.get("PORTAL_SCREENSHOTS")
    if not folder:
        return
    page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    page.screenshot(path=Path(folder) / f"{name}-dark.png", full_page=True)
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    page.set_viewport_size(PHONE)
    page.screenshot(path=Path(folder) / f"{name}-phone.png", full_page=True)
    page.set_viewport_size(WIDE)


def fits_a_phone(page: Page) -> bool:
    """Tell whether nothing sticks out sideways at a phone's width."""
    page.set_viewport_size(PHONE)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size(WIDE)
    return int(sideways) <= 0


def test_an_account_is_set_up_checked_and_mended(
    aws: World, page: Page, login: Callable[..., None], live_server: LiveServer, settings: Any
) -> None:
    settings.PORTAL_AWS_PRINCIPAL = world.TOOLING_PRINCIPAL
    iam = boto3.client("iam", region_name=REGION, endpoint_url=aws.url, **aws.keys)
    policy = role.permission_policy(account_id=MEMBER)
    lacking = [item for item in policy["Statement"] if item["Sid"] != "ChangeEndpoints"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="portal", PolicyDocument=json.dumps({**policy, "Statement": lacking}))
    account = member_account()
    login(factories.make_person("administrator", Role.ADMINISTRATOR))

    page.goto(live_server.url + reverse("aws_account_list"))
    assert violations(page) == []
    keep(page, "accounts")
    page.get_by_role("link", name="member").click()
    expect(page.get_by_role("heading", name="Never checked")).to_be_visible()

    def check() -> None:
        page.get_by_role("button", name="Check now").click()
        expect(page.locator("#live [role=status]")).to_be_visible()
        expect(page.get_by_role("button", name="Checking…")).to_be_disabled()
        assert account_checks.run(check_id=AccountCheck.objects.get(finished_at=None).pk)
        page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
        expect(page.get_by_role("button", name="Check now")).to_be_visible()
        assert page.locator("[hx-trigger~=poll]").count() == 0

    check()
    expect(page.locator("#account-head")).to_contain_text("Needs attention")
    wrong = page.locator("#live .findings li").filter(has_text="Wrong:")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("ec2:ModifyVpcEndpoint")
    expect(wrong).to_contain_text("statement ChangeEndpoints of the permission policy")
    page.locator("#live summary").last.click()
    expect(page.get_by_text("ec2:DeleteVpcEndpoints", exact=True).first).to_be_visible()
    assert violations(page) == []
    assert fits_a_phone(page)
    keep(page, "account")

    # The cure is followed as a person would: copy what the page prints, and put it into the role.
    page.get_by_role("button", name="Copy the permission policy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == policy
    iam.put_role_policy(RoleName=ROLE, PolicyName="portal", PolicyDocument=copied)
    page.get_by_role("button", name="Copy the trust policy").click()
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=page.evaluate("navigator.clipboard.readText()"))
    check()
    expect(page.locator("#account-head")).to_contain_text("In order")
    keep(page, "account-in-order")
    assert account.checks.count() == 2


def test_the_form_and_the_page_of_the_external_id(
    page: Page, login: Callable[..., None], live_server: LiveServer, settings: Any
) -> None:
    settings.PORTAL_AWS_PRINCIPAL = ""
    login(factories.make_person("administrator", Role.ADMINISTRATOR))
    page.goto(live_server.url + reverse("aws_account_list"))
    page.get_by_role("link", name="Add account").first.click()
    page.get_by_role("button", name="Add account").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert violations(page) == []
    keep(page, "account-form")
    page.get_by_label("Account ID").fill("1234 5678 9012")
    page.get_by_label("Name").fill("payments-prod")
    page.get_by_label("Regions").fill("eu-west-1, us-east-1")
    page.get_by_role("button", name="Add account").click()
    expect(page.get_by_role("heading", name="payments-prod")).to_be_visible()
    expect(page.get_by_role("alert").or_(page.locator(".alert-danger"))).to_contain_text("PORTAL_AWS_PRINCIPAL")
    assert violations(page) == []
    keep(page, "account-new")
    before = page.get_by_role("button", name="Copy ExternalId").get_attribute("data-copy")
    page.get_by_role("link", name="Renew it").click()
    assert violations(page) == []
    assert fits_a_phone(page)
    keep(page, "account-external-id")
    page.get_by_role("button", name="Renew the ExternalId").click()
    expect(page.get_by_text("There is a new ExternalId")).to_be_visible()
    assert page.get_by_role("button", name="Copy ExternalId").get_attribute("data-copy") != before
