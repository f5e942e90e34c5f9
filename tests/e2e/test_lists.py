"""Lists in Chromium whose names are long: every column stays in sight, and a row stays a row."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Role, RoleAssignment, User
from tests import factories

NAME = "x" * 120
ROW = 190  # the longest Name tag in five lines, and what stands below it

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engineer() -> User:
    """Return an engineer with a request, an endpoint and an unmanaged endpoint, all with the longest names."""
    account = factories.make_account("analytics-of-the-zurich-and-geneva-offices-" + "n" * 36)
    engineer = factories.make_engineer()
    spec = factories.interface_spec(account, name=NAME)
    asked = factories.submitted(account, engineer, spec, title=NAME)
    factories.available(factories.approved(asked, factories.make_approver(account)))
    factories.unmanaged(account, tags=(("Name", "z" * 256),))
    return engineer


@pytest.mark.parametrize("name", ["request_list", "endpoint_list", "endpoint_unmanaged", "event_list"])
def test_a_long_name_hides_no_column(
    name: str, page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User
) -> None:
    login(engineer)
    page.goto(live_server.url + reverse(name))
    beyond, tallest = page.eval_on_selector(
        ".table-responsive",
        """box => [box.scrollWidth - box.clientWidth,
            Math.max(...[...box.querySelectorAll("tr")].map((row) => row.offsetHeight))]""",
    )
    assert beyond == 0, "the table scrolls sideways on a wide window"
    assert tallest <= ROW


def test_a_long_account_leaves_room_for_the_matrix(
    page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User
) -> None:
    services = [f"service-{number}" for number in range(20)]
    factories.offer(engineer.requests.get().account, *services)
    login(engineer)
    page.goto(f"{live_server.url}{reverse('coverage')}?services={','.join(services)}")
    assert page.eval_on_selector(".matrix", "box => box.scrollWidth > box.clientWidth")
    width, height = page.eval_on_selector(".matrix tbody th", "cell => [cell.offsetWidth, cell.offsetHeight]")
    assert 200 < width < 300
    assert height <= ROW


@pytest.mark.parametrize(("name", "field"), [("request_list", "status"), ("approval_queue", "account")])
def test_the_filters_tell_what_the_list_shows_on_the_way_back(
    name: str, field: str, page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User
) -> None:
    approver = User.objects.get(username="approver")
    another = factories.make_account("another")
    RoleAssignment.objects.create(user=approver, role=Role.APPROVER, account=another)
    for account in (another, engineer.requests.get().account):
        factories.submitted(account, engineer)
    login(approver)
    page.goto(live_server.url + reverse(name))
    choice = page.locator(f"form[method=get] select[name={field}]")
    choice.select_option(index=1)
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(lambda url: f"{field}=" in url)
    chosen = choice.input_value()
    assert chosen
    page.go_back()
    assert choice.input_value() == ""
    page.go_forward()
    assert choice.input_value() == chosen
