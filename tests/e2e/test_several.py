"""A bundle in two VPCs, from the matrix to available endpoints; and the pages on the way, looked at closely."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import EndpointRequest
from endpoints.network.bundles import Member
from endpoints.services import bundles
from endpoints.services.actors import person
from tests import factories, workers
from tests.aws import REGION, World, member_account
from tests.e2e.conftest import violations
from tests.e2e.test_account_page import fits_a_phone, keep

pytestmark = pytest.mark.django_db(transaction=True)


def another_vpc(aws: World) -> str:
    """Make a second VPC with a subnet in each zone; return its id."""
    ec2 = aws.ec2()
    vpc_id: str = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc_id, **{attribute: {"Value": True}})
    for number, zone in enumerate("abc"):
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
    return vpc_id


def test_session_manager_in_two_vpcs_from_the_matrix(
    page: Page,
    open_page: Callable[..., Page],
    login: Callable[..., None],
    live_server: LiveServer,
    aws: World,
    tmp_path: Path,
) -> None:
    second = another_vpc(aws)
    account = member_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    login(engineer)
    page.goto(f"{live_server.url}{reverse('coverage')}?bundle=session-manager")
    for vpc_id in (aws.vpc_id, second):
        row = page.get_by_role("row").filter(has_text=vpc_id)
        for service in ("ssm", "ssmmessages", "ec2messages"):
            row.get_by_role("checkbox", name=f"ask for {service} in", exact=False).check()
    expect(page.get_by_text("6 ticked")).to_be_visible()
    page.get_by_role("button", name="Ask for the selected").click()
    expect(page.locator(".several-card")).to_have_count(6)
    groups = page.locator(f"#groups-{aws.vpc_id}")
    groups.locator("summary").click()
    with page.expect_response(re.compile("/several/live/")):
        groups.locator(f"input[value={aws.security_group_id}]").check()
    assert violations(page) == []
    page.get_by_label("Justification").fill("Shells without bastions.")
    page.get_by_role("button", name="Review", exact=True).last.click()
    expect(page.locator(".page-head")).to_contain_text("6 endpoints in 2 VPCs")
    assert violations(page) == []
    keep(page, "several-review")
    page.get_by_role("button", name="Submit for review", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"/requests/\d+/$"))
    request = EndpointRequest.objects.get()

    other = open_page()
    login(approver, other)
    other.goto(f"{live_server.url}{request.get_absolute_url()}")
    assert violations(other) == []
    keep(other, "several-to-approve")
    with workers.worker(tmp_path), workers.beat(tmp_path):
        other.get_by_role("button", name="Approve", exact=True).click()
        # The requester's page follows by itself, without a reload.
        expect(page.locator("#request-head")).to_contain_text("6 endpoints in 2 VPCs: 6 available", timeout=90_000)
    assert len(aws.endpoints()) == 6
    assert violations(page) == []
    keep(page, "several-available")
    assert fits_a_phone(page)


def test_the_matrix_bundles_and_cards_are_for_everybody(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    factories.another_vpc(account, "second")
    factories.offer(account, "ecr.api", "ecr.dkr", "logs")
    spec = factories.interface_spec(account, private_dns_enabled=False)
    factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
    factories.submitted(account, engineer)
    own = bundles.make(
        name="Batch",
        purpose="Nightly jobs",
        members=[Member("s3", "Gateway", "the data"), Member("kms", "Interface", optional=True)],
        owner_team=engineer.teams.get(),
        by=person(engineer),
        now=timezone.now(),
    )
    login(engineer)
    wrong = []
    vpcs = f"&vpc={spec.vpc_id}&vpc={factories.aws_id('vpc', account, factories.REGION, 'second')}"
    for name, address in {
        "coverage": f"{reverse('coverage')}?bundle=private-ecs&services=secretsmanager,nothing",
        "coverage-in-use": reverse("coverage"),
        "coverage-none": f"{reverse('coverage')}?q=nothing",
        "bundles": reverse("bundle_list"),
        "bundle-edit": own.get_absolute_url(),
        "several-choose": f"{reverse('request_several')}?bundle=private-ecs",
        "several-choose-wrong": f"{reverse('request_several')}?go=1",
        "several": f"{reverse('request_several')}?bundle=private-ecs{vpcs}",
    }.items():
        page.goto(live_server.url + address)
        wrong += [f"{name}: {line}" for line in violations(page)]
        keep(page, name)
        if not fits_a_phone(page):
            wrong.append(f"{name}: too wide for a phone")
    assert not wrong, "\n".join(wrong)
    card = page.locator("#t0-card")
    card.locator("summary").first.click()
    sum_before = page.locator("#several-sum").inner_text()
    with page.expect_response(re.compile("/several/live/")):
        card.get_by_role("checkbox", name="private-b").uncheck()
    expect(page.locator("#t0-state")).to_contain_text("2 subnets")
    expect(page.locator("#several-sum")).not_to_have_text(sum_before)
    with page.expect_response(re.compile("/several/live/")):
        page.locator("#t0-on").uncheck()
    expect(page.locator("#t0-state")).to_contain_text("Not asked for")
    page.get_by_role("button", name="Review", exact=True).last.click()
    expect(page.get_by_role("group").filter(has_text="Nothing was saved yet")).to_be_focused()
    assert violations(page) == []
    page.goto(f"{live_server.url}{reverse('coverage')}?bundle=private-ecs")
    page.get_by_role("row").filter(has_text="second").get_by_label("Tick all").check()
    expect(page.get_by_text("5 ticked")).to_be_visible()


def test_what_is_typed_and_unticked_while_an_answer_is_under_way_stays(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    account = factories.make_account()
    factories.offer(account, "ecr.api", "ecr.dkr", "logs")
    login(factories.make_engineer())
    vpc_id = factories.interface_spec(account).vpc_id
    page.goto(f"{live_server.url}{reverse('request_several')}?bundle=private-ecs&vpc={vpc_id}")
    card = page.locator("#t0-card")
    card.locator("summary").first.click()
    held: list[Route] = []
    page.route("**/several/live/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/several/live/"):
        card.locator("[name=t0-vpc_endpoint_type]").first.dispatch_event("change")  # asks for all fields of the card
    card.get_by_role("checkbox", name="private-b").uncheck()
    card.locator("[name=t0-name]").fill("precious")
    held[0].continue_()
    expect(page.locator("#t0-state")).to_contain_text("2 subnets")
    expect(card.get_by_role("checkbox", name="private-b")).not_to_be_checked()
    expect(card.locator("[name=t0-name]")).to_have_value("precious")
