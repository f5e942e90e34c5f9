"""Reachability in Chromium: a broken endpoint is diagnosed, its fix asked for and approved; then it is reachable."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import AccountRegion, Endpoint, EndpointRequest, Operation, User
from endpoints.services import inventory, observation, provisioning
from tests import factories
from tests.aws import World as Simulated
from tests.aws import member_account
from tests.e2e.accessibility import violations
from tests.e2e.conftest import leave
from tests.factories import REGION, aws_id
from tests.integration import network
from tests.integration.network import S3, SECRETS

PHONE, WIDE = {"width": 320, "height": 700}, {"width": 1400, "height": 900}


class World:
    """A VPC whose Gateway endpoint misses the table that its subnets follow."""

    def __init__(self) -> None:
        self.account = factories.make_account()
        self.engineer: User = factories.make_engineer()
        self.approver: User = factories.make_approver(self.account)
        self.client = network.complete(self.account)
        specs = (factories.gateway_spec(self.account), factories.interface_spec(self.account))
        self.gateway, self.interface = (
            network.available(self.account, self.engineer, self.approver, spec)[0] for spec in specs
        )

    def asked(self, service: str, source: str = "") -> str:
        """Return the address of an answer."""
        place = f"account={self.account.pk}&region={REGION}&vpc_id={network.vpc_of(self.account)}"
        return f"{reverse('network_reachability')}?{place}&service_name={service}&source={source or self.client}"


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the world."""
    return World()


def _keep(page: Page, name: str) -> None:
    folder = os.environ.get("PORTAL_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def _pages(world: World) -> Iterator[tuple[str, str]]:
    asked = factories.submitted(world.account, world.engineer, factories.gateway_spec(world.account))
    yield "reach-form", reverse("network_reachability")
    yield "reach-broken", world.asked(S3)
    yield "reach-private", world.asked(SECRETS)
    yield "reach-subnet", world.asked(SECRETS, aws_id("subnet", world.account, REGION, "private-b"))
    yield "reach-endpoint", reverse("endpoint_reach", args=[world.interface.pk])
    yield "reach-endpoint-closed", reverse("endpoint_reach", args=[world.gateway.pk])
    yield "reach-request", reverse("request_reach", args=[asked.pk])


def test_its_pages_are_accessible_and_fit_a_phone(
    world: World, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    wrong = []
    login(world.engineer)
    for name, address in _pages(world):
        page.set_viewport_size(WIDE)
        page.goto(live_server.url + address)
        for summary in page.locator("main details:not([open]) > summary").all():
            if summary.is_visible():  # the picture before a change waits behind the one after it
                summary.click()
        wrong += [f"{name}: {line}" for line in violations(page)]
        _keep(page, name)
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        _keep(page, f"{name}-dark")
        page.set_viewport_size(PHONE)
        sideways: Any = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if sideways > 0:
            wrong.append(f"{name}: {sideways} px too wide for a phone")
        _keep(page, f"{name}-phone")
    assert not wrong, "\n".join(wrong)


class Repair:
    """A real endpoint of the simulated AWS, into whose group nobody gets any more."""

    def __init__(self, aws: Simulated) -> None:
        self.aws, self.account = aws, member_account()
        self.engineer: User = factories.make_engineer()
        self.approver: User = factories.make_approver(self.account)
        self.region = AccountRegion.objects.get(account=self.account)
        spec = aws.interface_spec()
        self.work(factories.approved(factories.submitted(self.account, self.engineer, spec), self.approver))
        group = aws.ec2().describe_security_groups(GroupIds=[aws.security_group_id])["SecurityGroups"][0]
        aws.ec2().revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        self.read()

    def work(self, request: EndpointRequest) -> None:
        """Do what workers and the observer do."""
        for _ in range(5):
            for operation in Operation.objects.due():
                provisioning.run(operation_id=operation.pk)
            observation.observe(account_region_id=self.region.pk)
        request.refresh_from_db()
        assert request.status == "available"

    def read(self) -> None:
        """Have the inventory read again."""
        AccountRegion.objects.update(inventory_due_at=timezone.now())
        assert inventory.refresh(account_region_id=self.region.pk, now=timezone.now())

    @property
    def asked(self) -> str:
        """Return the address of the question whether the first subnet reaches Secrets Manager."""
        place = f"account={self.account.pk}&region={REGION}&vpc_id={self.aws.vpc_id}&service_name={SECRETS}"
        return f"{reverse('network_reachability')}?{place}&source={self.aws.subnet_ids[0]}"


def test_a_broken_endpoint_is_diagnosed_mended_by_a_request_and_seen_reachable(
    transactional_db: None, aws: Simulated, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    """The group lets nobody in: the rule that cures it is filed from the answer, reviewed, added, and works."""
    repair = Repair(aws)
    login(repair.engineer)
    page.goto(live_server.url + repair.asked)
    page.get_by_text("Doesn't reach it").first.wait_for()
    page.get_by_role("link", name="Ask for the change").first.click()
    page.wait_for_url("**/modify/?*")  # with its scripts
    rule = page.get_by_label("Carry this rule in the request")
    expect(rule).to_be_checked()
    rule.uncheck()
    page.get_by_text("Nobody gets in: https").wait_for()
    expect(rule).to_be_focused()
    rule.check()
    rule.uncheck()  # faster than the answers come
    rule.check()
    page.get_by_text("The request adds a rule to https").wait_for()
    expect(rule).to_be_checked()
    assert violations(page) == []
    _keep(page, "rule-carried")
    page.get_by_label("Justification").fill("The batch jobs time out since the rule is gone.")
    page.get_by_role("button", name="Review what changes").click()
    page.get_by_text("Will add a rule to https").wait_for()
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_role("heading", name="Change secretsmanager", exact=False).first.wait_for()
    asked = EndpointRequest.objects.latest("pk")
    leave(page, live_server.url)
    login(repair.approver)
    page.goto(live_server.url + asked.get_absolute_url())
    page.get_by_text("To be added").wait_for()
    page.get_by_text("more subnets reach it privately").wait_for()
    after, before = page.locator(".path-after"), page.locator(".path-before")
    assert (after.is_visible(), before.is_visible()) == (True, False)
    page.locator(".switch").get_by_text("Before").click()
    before.wait_for()
    assert after.is_hidden()
    page.evaluate("scrollTo(0, 0)")  # nothing stands half behind the bar then
    assert violations(page) == []
    _keep(page, "rule-request")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved.", exact=True).wait_for()
    repair.work(asked)
    repair.read()
    page.goto(live_server.url + repair.asked)
    page.get_by_text("Reaches it privately").first.wait_for()
    endpoint = Endpoint.objects.get()
    page.goto(live_server.url + endpoint.get_absolute_url())
    page.get_by_text("Added by the portal: it goes with the endpoint").wait_for()
    assert violations(page) == []
    _keep(page, "rule-endpoint")


def test_what_can_be_chosen_follows_the_vpc_at_once(
    world: World, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(world.engineer)
    page.goto(live_server.url + reverse("network_reachability"))
    page.get_by_label("VPC").focus()
    page.get_by_label("VPC").select_option(network.vpc_of(world.account))
    page.get_by_label("To the service").wait_for()
    assert page.evaluate("document.activeElement.id") == "id_vpc_id"  # the keyboard stays where it was
    page.get_by_label("To the service").select_option(S3)
    page.get_by_label("From").fill(world.client)
    page.get_by_role("button", name="Look").click()
    page.get_by_role("heading", name="The answer").wait_for()
    page.go_back()
    page.get_by_label("VPC").wait_for()
    assert page.get_by_label("VPC").input_value() == network.vpc_of(world.account)


def test_back_after_a_choice_is_the_page_as_it_was(
    page: Page, login: Callable[..., None], live_server: LiveServer, world: World
) -> None:
    second = factories.another_vpc(world.account, "second")
    login(world.engineer)
    page.goto(live_server.url + world.asked(S3))
    vpc = page.locator("[name=vpc_id]")
    vpc.select_option(second)
    expect(page).to_have_url(re.compile(second))
    page.go_back()
    expect(vpc).to_have_value(network.vpc_of(world.account))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    theme = page.locator("html").get_attribute("data-bs-theme")
    page.locator("#theme-toggle").click()
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", str(theme))
