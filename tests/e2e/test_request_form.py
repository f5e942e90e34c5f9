"""The request form in a hurry: choices faster than answers, a long list, a session that ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Account, InventoryItem, User
from tests import factories

SERVICE = "select[name=service_name]"
PLACED = "[name=placed_for]"


@pytest.fixture
def account(transactional_db: None) -> Account:
    """Return an account whose region offers two VPCs."""
    account = factories.make_account()
    first = InventoryItem.objects.get(account=account, kind="vpc")
    second = factories.aws_id("vpc", account, factories.REGION, "second")
    InventoryItem.objects.create(
        account=account, region=first.region, kind="vpc", aws_id=second, vpc_id=second, name="second", data=first.data
    )
    return account


@pytest.fixture
def engineer(account: Account) -> User:
    """Return who asks."""
    return factories.make_engineer()


@pytest.fixture
def form(page: Page, engineer: User, login: Callable[..., None], live_server: LiveServer) -> Page:
    """Return the form with the first VPC chosen."""
    login(engineer)
    spec = factories.interface_spec(Account.objects.get())
    place = f"account={Account.objects.get().pk}&region={spec.region}&vpc_id={spec.vpc_id}"
    page.goto(f"{live_server.url}{reverse('request_new')}?{place}")
    return page


def service(name: str) -> str:
    return f"com.amazonaws.{factories.REGION}.{name}"


def test_choices_made_before_the_scripts_arrive_count(
    page: Page, engineer: User, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(engineer)
    held: list[Route] = []
    page.route("**/portal/app*.js", lambda route: held.append(route))
    page.goto(f"{live_server.url}{reverse('request_new')}", wait_until="commit")
    second = factories.aws_id("vpc", Account.objects.get(), factories.REGION, "second")
    page.locator("[name=vpc_id]").select_option(second)
    page.locator(SERVICE).select_option(service("s3"))
    assert held
    held[0].continue_()
    expect(page.locator(PLACED)).to_have_value(f"{second} {service('s3')} Gateway")
    expect(page.get_by_role("group", name="Type")).to_be_visible()


def test_what_the_browser_restores_on_the_way_back_brings_what_depends_on_it(form: Page) -> None:
    second = factories.aws_id("vpc", Account.objects.get(), factories.REGION, "second")
    form.locator("[name=vpc_id]").select_option(second)
    form.locator(SERVICE).select_option(service("s3"))
    expect(form.locator(PLACED)).to_have_value(f"{second} {service('s3')} Gateway")
    form.get_by_label("Title").fill("Backups to S3")
    form.get_by_role("link", name="Cancel").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Requests")
    form.go_back()
    expect(form.get_by_label("Title")).to_have_value("Backups to S3")
    expect(form.locator("[name=vpc_id]")).to_have_value(second)
    expect(form.locator(PLACED)).to_have_value(f"{second} {service('s3')} Gateway")


def test_what_came_with_an_answer_is_restored_on_the_way_back(form: Page) -> None:
    form.locator(SERVICE).select_option(service("secretsmanager"))
    form.get_by_role("group", name="Subnets").wait_for()
    form.get_by_role("checkbox", name="private-b").uncheck()
    group = form.locator("input[name=security_group_ids]").first
    group.check()
    form.get_by_label("Data a month").fill("50")
    form.get_by_label("Title").fill("Rotation")
    form.get_by_role("link", name="Cancel").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Requests")
    held: list[Route] = []
    form.route("**/requests/new/fields/**", lambda route: route.continue_() if held else held.append(route))
    form.go_back()
    form.wait_for_function("() => document.querySelector('#loading.htmx-request')")
    form.get_by_label("Title").press_sequentially(" and more")  # before what is to come has come
    held[0].continue_()
    expect(form.get_by_text("for 50 GB")).to_be_visible()
    expect(form.get_by_role("checkbox", name="private-b")).not_to_be_checked()
    expect(form.get_by_role("checkbox", name="private-c")).to_be_checked()
    expect(group).to_be_checked()
    expect(form.get_by_label("Data a month")).to_have_value("50")


def test_a_choice_made_while_another_is_loading_counts_together_with_it(form: Page) -> None:
    second = factories.aws_id("vpc", Account.objects.get(), factories.REGION, "second")
    held: list[Route] = []
    form.route("**/requests/new/fields/**", lambda route: route.continue_() if held else held.append(route))
    form.locator(SERVICE).select_option(service("s3"))  # unanswered when the next choice comes
    form.wait_for_function("() => document.querySelector('#loading.htmx-request')")
    form.locator("[name=vpc_id]").select_option(second)
    expect(form.locator(PLACED)).to_have_value(f"{second} {service('s3')} Gateway")
    expect(form.get_by_role("group", name="Type")).to_be_visible()  # which depends on the service, not on the VPC
    held[0].continue_()  # an answer to the first choice alone would come too late
    form.wait_for_load_state("networkidle")
    expect(form.locator("[name=vpc_id]")).to_have_value(second)
    expect(form.locator(SERVICE)).to_have_value(service("s3"))
    expect(form.locator(PLACED)).to_have_value(f"{second} {service('s3')} Gateway")


def test_what_is_typed_while_an_answer_is_under_way_stays(form: Page) -> None:
    second = factories.aws_id("vpc", Account.objects.get(), factories.REGION, "second")
    form.locator(SERVICE).select_option(service("secretsmanager"))
    form.get_by_role("group", name="Subnets").wait_for()
    form.get_by_text("Advanced: addresses and DNS").click()
    held: list[Route] = []
    form.route("**/requests/new/fields/**", lambda route: route.continue_() if held else held.append(route))
    form.locator("[name=vpc_id]").select_option(second)
    form.wait_for_function("() => document.querySelector('#loading.htmx-request')")
    volume = form.locator("[name=gb]")
    volume.fill("777")  # and the cursor stays in it
    held[0].continue_()
    expect(form.locator(PLACED)).to_have_value(f"{second} {service('secretsmanager')} Interface")
    expect(volume).to_have_value("777")
    expect(volume).to_be_focused()
    expect(form.get_by_text("for 777 GB")).to_be_visible()  # the cost follows
    expect(form.get_by_label("DNS record type")).to_be_visible()  # what was unfolded stays so


def test_who_goes_by_keyboard_stays_where_they_are_when_that_is_replaced(form: Page) -> None:
    form.locator(SERVICE).select_option(service("secretsmanager"))
    form.get_by_role("group", name="Subnets").wait_for()
    held: list[Route] = []
    form.route("**/requests/new/fields/**", lambda route: route.continue_() if held else held.append(route))
    form.locator("[name=account]").dispatch_event("change")
    form.wait_for_function("() => document.querySelector('#loading.htmx-request')")
    advanced = form.locator("#placement summary", has_text="Advanced")
    advanced.focus()
    held[0].continue_()
    form.wait_for_function("() => !document.querySelector('#loading.htmx-request')")
    expect(advanced).to_be_focused()


def test_what_narrows_a_list_stays_when_the_list_is_replaced(form: Page) -> None:
    held: list[Route] = []
    form.route("**/requests/new/fields/**", lambda route: route.continue_() if held else held.append(route))
    form.locator("[name=account]").dispatch_event("change")
    form.wait_for_function("() => document.querySelector('#loading.htmx-request')")
    field = form.get_by_role("searchbox", name="Narrow the list")
    field.press_sequentially("s3")
    held[0].continue_()
    form.wait_for_function("() => !document.querySelector('#loading.htmx-request')")
    expect(field).to_be_focused()
    field.press("Enter")
    expect(form.locator(SERVICE)).to_have_value(service("s3"))


def test_a_template_is_shown_after_a_choice_too(form: Page) -> None:
    form.locator(SERVICE).select_option(service("s3"))
    form.get_by_role("group", name="Type").wait_for()
    form.get_by_label("Title").fill("Backups to S3")
    form.get_by_label("Custom policy").check()
    form.get_by_text("Start from a template").click()
    form.get_by_label("Template", exact=True).select_option("Read only: S3")
    form.get_by_role("button", name="Show").click()
    expect(form.get_by_role("button", name="Fill the editor")).to_be_visible()
    form.get_by_role("group", name="Type").get_by_label("Interface").check()  # the template's part is made anew again
    form.get_by_role("group", name="Subnets").wait_for()
    form.get_by_role("button", name="Fill the editor").click()
    expect(form.get_by_text("The editor below holds this policy now.")).to_be_visible()
    expect(form.get_by_label("Title")).to_have_value("Backups to S3")


def test_the_list_of_services_is_narrowed_by_typing(form: Page, axe: Callable[..., None]) -> None:
    field = form.get_by_role("searchbox", name="Narrow the list")
    field.fill("secrets man")
    expect(form.locator(f"{SERVICE} option")).to_have_count(1)
    expect(form.get_by_text("1 of 3", exact=True)).to_be_visible()
    axe()
    field.press("Enter")
    expect(form.locator(SERVICE)).to_have_value(service("secretsmanager"))
    expect(form.get_by_role("group", name="Subnets")).to_be_visible()
    assert form.url.split("?")[0].endswith(reverse("request_new"))  # Enter hasn't sent the form
    expect(field).to_have_value("")
    field.fill("no such service")
    expect(form.get_by_text("Nothing matches.")).to_be_visible()
    field.press("Escape")
    expect(form.locator(SERVICE)).to_have_value(service("secretsmanager"))  # what was chosen stays
    expect(form.locator(f"{SERVICE} option")).to_have_count(4)


def test_the_list_is_gone_through_with_the_arrow_keys(form: Page) -> None:
    field = form.get_by_role("searchbox", name="Narrow the list")
    field.fill("s3")
    field.press("ArrowDown")
    expect(form.locator(SERVICE)).to_be_focused()
    form.keyboard.press("ArrowDown")
    expect(form.locator(PLACED)).to_have_value(
        f"{factories.interface_spec(Account.objects.get()).vpc_id} {service('s3')} Gateway"
    )
    form.keyboard.press("Enter")
    expect(form.locator(SERVICE)).not_to_have_attribute("size", "2")
    expect(form.locator(SERVICE)).to_have_value(service("s3"))


def test_enter_in_a_field_goes_to_the_next_step_as_the_one_button_named_so_does(form: Page) -> None:
    form.locator(SERVICE).select_option(service("s3"))
    form.get_by_role("group", name="Route tables").wait_for()
    expect(form.locator("button[value=review]")).to_have_count(1)  # Enter's own button goes by no name
    form.get_by_label("Title").press("Enter")  # "Refresh now" is the first button in sight
    expect(form.get_by_text("Nothing was saved yet. Please correct:")).to_be_visible()
    form.get_by_label("Justification").fill("The batch jobs read it.")
    form.get_by_label("Title").fill("Reports")
    form.get_by_label("Title").press("Enter")
    expect(form.get_by_text("Step 2 of 2: nothing is submitted yet.")).to_be_visible()
    expect(form.locator("button[value=submit]")).to_have_count(1)


def test_the_choice_of_a_policy_goes_where_the_service_takes_none_and_what_was_written_stays(form: Page) -> None:
    form.locator(SERVICE).select_option(service("partner"))
    expect(form.get_by_text("Full: partner takes no endpoint policy.")).to_be_visible()
    expect(form.get_by_label("Custom policy")).to_be_hidden()
    form.locator(SERVICE).select_option(service("secretsmanager"))
    form.get_by_label("Custom policy").check()
    editor = form.locator(".cm-content")
    editor.fill("{}")
    form.locator(SERVICE).select_option(service("partner"))
    expect(form.get_by_text("Full: partner takes no endpoint policy.")).to_be_visible()
    expect(editor).to_have_text("{}")  # asked for, so it is not dropped unseen: the review refuses it
    form.get_by_label("Full access").check()
    expect(form.get_by_label("Full access")).to_be_hidden()


def test_what_the_checks_say_and_the_cost_stay_in_sight_where_there_is_room(form: Page) -> None:
    form.locator(SERVICE).select_option(service("secretsmanager"))
    checks, cost = form.get_by_text("What the checks say so far"), form.get_by_text("Each month, about")
    form.set_viewport_size({"width": 1400, "height": 900})
    form.get_by_label("Tags").scroll_into_view_if_needed()
    expect(checks).to_be_in_viewport()
    expect(cost).to_be_in_viewport()
    form.set_viewport_size({"width": 1100, "height": 900})
    form.get_by_label("Tags").scroll_into_view_if_needed()
    expect(checks).not_to_be_in_viewport()
    checks.scroll_into_view_if_needed()
    expect(checks).to_be_in_viewport()  # among the fields, as on a phone


def test_what_was_typed_survives_the_end_of_the_session(form: Page, engineer: User, login: Callable[..., None]) -> None:
    form.get_by_label("Title").fill("Precious words")
    form.context.clear_cookies()
    form.locator(SERVICE).select_option(service("s3"))
    expect(form.get_by_text("You were signed out.")).to_be_visible()
    expect(form.get_by_label("Title")).to_have_value("Precious words")
    login(engineer)
    form.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(form.locator("#signed-out")).to_be_hidden()
    form.get_by_label("Justification").fill("The batch jobs read it.")
    form.locator(SERVICE).select_option(service("secretsmanager"))
    form.get_by_role("group", name="Subnets").wait_for()
    form.context.clear_cookies(name="sessionid")
    form.get_by_role("button", name="Review", exact=True).last.click()
    expect(form.get_by_role("heading", name="You were signed out")).to_be_visible()
    login(engineer)
    form.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(form.get_by_text("You are signed in again.")).to_be_visible()
    form.get_by_role("button", name="Send again").click()
    expect(form.get_by_role("heading", name="What will happen")).to_be_visible()
    expect(form.get_by_role("heading", name="Precious words")).to_be_visible()


def test_an_answer_to_a_form_survives_the_end_of_the_session(
    form: Page, engineer: User, login: Callable[..., None]
) -> None:
    form.get_by_label("Title").fill("Precious words")
    form.get_by_role("button", name="Review", exact=True).last.click()
    expect(form.get_by_text("Nothing was saved yet. Please correct:")).to_be_visible()
    form.context.clear_cookies()
    form.locator(SERVICE).select_option(service("s3"))
    expect(form.get_by_text("You were signed out.")).to_be_visible()
    expect(form.get_by_label("Title")).to_have_value("Precious words")


def test_who_signed_in_again_in_another_tab_goes_on(form: Page, engineer: User, login: Callable[..., None]) -> None:
    form.get_by_label("Title").fill("Precious words")
    form.context.clear_cookies()
    login(engineer)
    other = form.context.new_page()
    other.goto(form.url)  # with another token
    other.close()
    form.get_by_role("button", name="Review", exact=True).last.click()
    expect(form.get_by_role("heading", name="This form is no longer valid")).to_be_visible()
    form.get_by_role("button", name="Send again").click()
    expect(form.get_by_label("Title")).to_have_value("Precious words")


def test_a_form_whose_sending_was_stopped_can_be_sent_again(form: Page) -> None:
    form.clock.install()
    form.reload()
    review = form.get_by_role("button", name="Review", exact=True)
    held: list[Route] = []

    def stop(route: Route) -> None:
        held.append(route)
        route.fulfill(status=204)  # the page stays

    form.route("**/requests/new/?*", stop)
    review.click()
    expect(review).to_be_disabled()
    form.clock.fast_forward(11_000)
    expect(review).to_be_enabled()
    review.click()
    expect(review).to_be_disabled()
    assert len(held) == 2


def test_a_long_title_stays_in_its_card(form: Page) -> None:
    form.locator(SERVICE).select_option(service("secretsmanager"))
    form.get_by_role("group", name="Subnets").wait_for()
    form.get_by_label("Title").fill("W" * 110)
    form.get_by_label("Justification").fill("It is needed.")
    form.get_by_role("button", name="Review", exact=True).click()
    title = form.get_by_role("heading", name="W" * 110)
    assert title.evaluate("(title) => title.scrollWidth <= title.parentElement.clientWidth")


def test_a_portal_that_can_be_reached_gets_what_is_sent_whatever_the_browser_says_of_its_network(form: Page) -> None:
    form.evaluate("Object.defineProperty(navigator, 'onLine', { get: () => false })")
    form.get_by_role("button", name="Review", exact=True).click()
    expect(form.get_by_text("Nothing was saved yet. Please correct:")).to_be_visible()


def test_what_is_filled_in_is_no_navigation(form: Page) -> None:
    moves: list[str] = []
    form.on("framenavigated", lambda frame: moves.append(frame.url))
    form.get_by_label("Title").fill("Backups to S3")
    form.locator(SERVICE).select_option(service("s3"))
    expect(form.get_by_role("group", name="Type")).to_be_visible()
    assert form.get_by_role("checkbox").first.is_visible()
    assert moves == []


def test_a_form_that_is_sent_offline_stays(form: Page) -> None:
    form.get_by_label("Title").fill("Precious words")
    form.context.set_offline(True)
    review = form.get_by_role("button", name="Review", exact=True)
    review.click()
    expect(form.get_by_text("You are offline.")).to_be_visible()
    form.context.set_offline(False)
    expect(form.get_by_label("Title")).to_have_value("Precious words")
    review.click()
    expect(form.get_by_text("Nothing was saved yet. Please correct:")).to_be_visible()
