"""What every page can do: keyboard, theme, menu, copying, live parts, refusals and forms sent once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import EndpointRequest
from endpoints.services import requests
from endpoints.services.actors import person
from tests import factories


@pytest.fixture
def asked(page: Page, live_server: LiveServer, login: Callable[..., None]) -> EndpointRequest:
    """Return an approved request whose page, open in `page`, follows what a worker does with it."""
    account = factories.make_account()
    engineer = factories.make_engineer()
    request = factories.submitted(account, engineer, factories.gateway_spec(account))
    factories.approved(request, factories.make_approver(account))
    login(engineer)
    page.goto(f"{live_server.url}{reverse('request_detail', args=[request.pk])}")
    return request


def active_id(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


@pytest.mark.usefixtures("asked")
def test_the_first_tab_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    assert active_id(page) == "main"


@pytest.mark.usefixtures("asked")
def test_the_focus_is_seen_on_whatever_has_it(page: Page) -> None:
    seen = """() => {
        const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
        return outlineStyle !== "none" || boxShadow !== "none";
    }"""
    for _ in range(page.locator("header :is(a, button, input, summary)").count()):
        page.keyboard.press("Tab")
        assert page.evaluate(seen), page.evaluate("document.activeElement.outerHTML")


@pytest.mark.usefixtures("asked")
def test_on_paper_a_moment_is_told_in_full(page: Page) -> None:
    moment = page.locator("main time[title]").first
    page.emulate_media(media="print")
    added = moment.evaluate("it => getComputedStyle(it, '::after').content")
    page.emulate_media(media="null")
    assert str(moment.get_attribute("title")) in added


@pytest.mark.usefixtures("asked")
def test_a_slash_goes_to_the_search_but_can_be_typed_there(page: Page) -> None:
    page.keyboard.press("/")
    assert active_id(page) == "search"
    page.keyboard.type("a/b")
    expect(page.locator("#search")).to_have_value("a/b")


@pytest.mark.usefixtures("asked")
def test_the_chosen_theme_is_kept(page: Page) -> None:
    before = page.evaluate("document.documentElement.dataset.bsTheme")
    page.locator("#theme-toggle").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") != before
    expect(page.locator("#theme-toggle")).to_have_attribute("aria-label", f"Switch to the {before} theme")


@pytest.mark.usefixtures("asked")
def test_an_open_page_follows_the_system_until_a_theme_is_chosen(page: Page) -> None:
    root, toggle = page.locator("html"), page.locator("#theme-toggle")
    page.emulate_media(color_scheme="light")
    for theme, other in (("dark", "light"), ("light", "dark")):
        page.emulate_media(color_scheme=theme)
        expect(root).to_have_attribute("data-bs-theme", theme)
        expect(toggle).to_have_attribute("aria-label", f"Switch to the {other} theme")
    toggle.click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    assert page.evaluate("matchMedia('(prefers-color-scheme: light)').matches")
    expect(root).to_have_attribute("data-bs-theme", "dark")


@pytest.mark.usefixtures("asked")
def test_escape_closes_the_menu_and_returns_to_its_button(page: Page) -> None:
    page.get_by_label("Account of engineer").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.get_by_role("link", name="API tokens").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator(".menu summary")).to_be_focused()


@pytest.mark.usefixtures("asked")
def test_a_copy_button_copies_and_says_so(page: Page) -> None:
    button = page.locator("[data-copy]").first
    value = button.get_attribute("data-copy")
    button.click()
    expect(page.locator("#toasts")).to_contain_text(f"Copied {value}")
    assert page.evaluate("navigator.clipboard.readText()") == value


def test_a_live_part_follows_the_request_and_keeps_the_focus_elsewhere(page: Page, asked: EndpointRequest) -> None:
    expect(page.locator("#live[hx-get]")).to_have_count(1)
    page.locator("#search").focus()
    factories.available(asked)
    expect(page.locator("#live[hx-get]")).to_have_count(0)
    expect(page.locator("#request-head")).to_contain_text("Available")
    assert active_id(page) == "search"


def test_a_decision_that_is_no_longer_asked_for_is_not_offered(
    page: Page, live_server: LiveServer, login: Callable[..., None]
) -> None:
    account, engineer = factories.make_account(), factories.make_engineer()
    request = factories.submitted(account, engineer)
    login(factories.make_approver(account))
    page.goto(f"{live_server.url}{reverse('request_detail', args=[request.pk])}")
    page.locator("#id_comment").fill("Half a sentence")
    requests.withdraw(request=request, by=person(engineer), now=timezone.now())
    expect(page.locator("#decide-state")).to_contain_text("now “Withdrawn”")
    expect(page.get_by_role("button", name="Approve")).to_be_hidden()
    expect(page.locator("#id_comment")).to_be_focused()
    expect(page.locator("#id_comment")).to_have_value("Half a sentence")


@pytest.mark.usefixtures("asked")
def test_a_page_that_lost_the_portal_says_so_until_it_is_back(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#stale")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#stale")).to_be_hidden()


@pytest.mark.usefixtures("asked")
def test_a_live_part_asks_to_sign_in_again_when_the_session_has_ended(page: Page) -> None:
    page.context.clear_cookies()
    page.wait_for_url("**/accounts/login/**")


@pytest.mark.usefixtures("asked")
def test_a_form_is_sent_once_however_often_it_is_pressed(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}{reverse('request_new')}")
    sent: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        sent.append(route.request.post_data or "")
        route.fulfill(status=204)  # the browser stays on the page

    page.route(f"**{reverse('request_new')}", answer)
    page.evaluate(
        """() => {
          const button = document.querySelector("main .form-actions button[value=review]");
          button.click();
          button.click();
        }"""
    )
    expect(page.locator("main .form-actions button[value=review]")).to_be_disabled()
    assert len(sent) == 1
    assert "action=review" in sent[0]


def test_errors_are_summed_up_in_focus_and_lead_to_their_fields(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}{reverse('account_login')}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    page.locator("[data-error-summary] a").first.click()
    assert active_id(page) == "id_login"
