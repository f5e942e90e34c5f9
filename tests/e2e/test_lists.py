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


def test_what_a_filter_is_set_to_can_be_read(
    page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User
) -> None:
    login(engineer)
    page.goto(f"{live_server.url}{reverse('endpoint_list')}?status=provisioning")
    cut = page.locator(".filters select").evaluate_all(
        """fields => fields.filter((field) => {
            const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
            pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
            const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
            return pen.measureText(field.selectedOptions[0].text).width > room + 1;
        }).map((field) => field.selectedOptions[0].text)"""
    )
    assert cut == []


@pytest.fixture
def addresses(engineer: User) -> dict[str, str]:
    """Return pages with a form that says what they show, each with something to choose from."""
    account, approver = engineer.requests.get().account, User.objects.get(username="approver")
    another = factories.make_account("another")
    RoleAssignment.objects.create(user=approver, role=Role.APPROVER, account=another)
    asked = factories.submitted(account, engineer)
    (endpoint,) = factories.available(factories.approved(asked, approver))
    for document in (factories.READ_ONLY, factories.DENY_DELETE):
        factories.available(factories.approved(factories.policy_change(endpoint, engineer, document), approver))
    for place in (account, another):
        factories.submitted(place, engineer, factories.interface_spec(place, private_dns_enabled=False))
    return {
        "requests": reverse("request_list"),
        "approvals": reverse("approval_queue"),
        "costs": reverse("cost_totals"),
        "endpoint": endpoint.get_absolute_url(),
        "request": asked.get_absolute_url(),
        "revision": reverse("policy_revision", args=[endpoint.pk, 3]),
    }


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("requests", "status"),
        ("approvals", "account"),
        ("costs", "gb"),
        ("endpoint", "gb"),
        ("request", "gb"),
        ("revision", "against"),
    ],
)
def test_a_form_that_says_what_is_shown_does_so_on_the_way_back(
    name: str, field: str, page: Page, live_server: LiveServer, login: Callable[..., None], addresses: dict[str, str]
) -> None:
    login(User.objects.get(username="approver"))
    page.goto(live_server.url + addresses[name])
    form = page.locator("form[method=get]").filter(has=page.locator(f"[name={field}]"))
    choice = form.locator(f"[name={field}]")
    before = choice.input_value()
    if choice.evaluate("it => it.localName") == "select":
        other = choice.locator("option:checked").evaluate("it => it.index ? 0 : 1")
        choice.select_option(index=other)
    else:
        choice.fill("250")
    chosen = choice.input_value()
    form.get_by_role("button").click()
    page.wait_for_url(lambda url: f"{field}={chosen}" in url)
    page.go_back()
    assert choice.input_value() == before
    page.go_forward()
    assert choice.input_value() == chosen != before


@pytest.mark.parametrize("width", [1400, 1000, 390])
@pytest.mark.parametrize("name", ["endpoint_list", "request_list", "cost_totals"])
def test_buttons_and_boxes_of_a_filter_stand_on_the_line_of_its_fields(
    page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User, name: str, width: int
) -> None:
    login(engineer)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + reverse(name))
    middles = """items => items.map((item) => {
        const box = item.getBoundingClientRect();
        return (box.top + box.bottom) / 2;
    })"""
    rows: list[float] = []
    for middle in sorted(page.locator(".filters :is(select, input:not([type=hidden]), button)").evaluate_all(middles)):
        if not rows or middle - rows[-1] > 30:  # less than a row
            rows.append(middle)
        assert middle - rows[-1] < 3, "all that stands in a row has one middle"


def test_what_scrolls_sideways_fades_where_there_is_more(
    page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User
) -> None:
    login(engineer)
    page.goto(live_server.url + reverse("request_list"))
    table = page.locator(".table-responsive").first
    fades = "box => parseFloat(getComputedStyle(box).getPropertyValue('--more')) > 0"
    assert not table.evaluate(fades)
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(fades, arg=table.element_handle())
    table.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    page.wait_for_function(f"box => !({fades})(box)", arg=table.element_handle())


@pytest.mark.parametrize("width", [1200, 1300, 1400])
def test_the_menu_is_one_row_where_it_stands_in_the_bar(
    page: Page, live_server: LiveServer, login: Callable[..., None], engineer: User, width: int
) -> None:
    """Of whom has every role: no menu is longer."""
    account = engineer.requests.get().account
    for role in set(Role) - {Role.ENGINEER, Role.APPROVER}:
        RoleAssignment.objects.create(user=engineer, role=role)
    RoleAssignment.objects.create(user=engineer, role=Role.APPROVER, account=account)
    login(engineer)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(live_server.url + reverse("request_list"))
    height, beyond = page.evaluate(
        """[document.querySelector(".topbar").offsetHeight,
            document.documentElement.scrollWidth - document.documentElement.clientWidth]"""
    )
    assert (height < 60, beyond) == (True, 0)
