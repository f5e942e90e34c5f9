"""The catalogue, costs, permissions and exports in Chromium: accessible, within the security policy, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests import factories
from tests.e2e.accessibility import violations
from tests.e2e.test_account_page import fits_a_phone, keep

pytestmark = pytest.mark.django_db(transaction=True)


def test_services_costs_permissions_and_exports_are_read_by_everybody(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    spec = factories.interface_spec(account, name="secrets", policy_document=factories.READ_ONLY)
    request = factories.approved(factories.submitted(account, engineer, spec), approver)
    (endpoint,) = factories.available(request)
    vpc = factories.aws_id("vpc", account, factories.REGION, "main")
    asked = {
        "level": "administer",
        "accounts": account.pk,
        "vpcs": f"{account.pk}/{factories.REGION}/{vpc}",
        "services": "s3, ecr.api",
        "tag": "team=payments",
    }
    changed = factories.modification(endpoint, engineer, subnet_ids=spec.subnet_ids[:1])
    login(engineer)
    wrong = []
    for name, address in {
        "services": reverse("service_list"),
        "services-none": reverse("service_list") + "?q=nothing",
        "costs": reverse("cost_totals"),
        "costs-by-account": reverse("cost_totals") + "?by=account&gb=5000",
        "permissions": reverse("permissions"),
        "permissions-wrong": reverse("permissions") + "?level=view&tag=x",
        "permissions-written": f"{reverse('permissions')}?{urlencode(asked)}",
        "export": reverse("endpoint_export", args=[endpoint.pk]),
        "endpoint-cost": endpoint.get_absolute_url(),
        "request-cost": changed.get_absolute_url(),
    }.items():
        page.goto(live_server.url + address)
        wrong += [f"{name}: {line}" for line in violations(page)]
        keep(page, name)
        if not fits_a_phone(page):
            wrong.append(f"{name}: too wide for a phone")
    assert not wrong, "\n".join(wrong)
    page.goto(live_server.url + reverse("endpoint_export", args=[endpoint.pk]))
    page.get_by_role("button", name="Copy the Terraform code").click()
    expect(page.get_by_text("Copied the Terraform code")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'id = "{endpoint.vpc_endpoint_id}"' in copied
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the CloudFormation code").click()
    assert saved.value.suggested_filename == f"{endpoint.vpc_endpoint_id}.yaml"


def test_a_slow_estimate_is_not_broken_off_by_the_checks_that_follow_it(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    account = factories.make_account()
    login(factories.make_engineer())
    spec = factories.interface_spec(account)
    place = f"account={account.pk}&region={spec.region}&vpc_id={spec.vpc_id}&service_name={spec.service_name}"
    page.goto(f"{live_server.url}{reverse('request_new')}?{place}")
    held: list[Route] = []
    page.route(lambda url: reverse("request_new_cost") in url, lambda route: held.append(route))
    with page.expect_response(lambda answer: "only=fields" in answer.url):  # the checks overtake the estimate
        page.get_by_role("checkbox", name="private-b").uncheck()
    held[0].continue_()
    expect(page.locator("#cost-estimate")).to_contain_text("$15.60")


def test_the_forms_estimate_follows_what_is_ticked_and_typed(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    account = factories.make_account()
    login(factories.make_engineer())
    page.goto(live_server.url + reverse("service_list"))
    page.get_by_role("link", name="Request secretsmanager").click()
    page.get_by_label("VPC").select_option(factories.aws_id("vpc", account, factories.REGION, "main"))
    estimate = page.locator("#cost-estimate")
    expect(estimate).to_contain_text("$22.90")
    page.get_by_role("checkbox", name="private-b").uncheck()
    expect(estimate).to_contain_text("$15.60")
    page.get_by_label("Data a month (GB)").fill("2000")
    expect(estimate).to_contain_text("$34.60")
    assert page.get_by_label("Data a month (GB)").evaluate("element => element === document.activeElement")
    page.get_by_label("Data a month (GB)").fill("-1")
    expect(estimate).to_contain_text("Write the volume as a number")
    page.get_by_label("Data a month (GB)").fill("2000")
    expect(estimate).to_contain_text("$34.60")
    assert violations(page) == []
    assert fits_a_phone(page)
    keep(page, "form-cost")
