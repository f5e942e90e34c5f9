"""The browser fixtures themselves: each thing that no user should meet is noticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.templatetags.static import static
from playwright.sync_api import BrowserContext, Page, Route

from tests.e2e.accessibility import AXE, violations
from tests.e2e.conftest import Window, settle, watch

ORIGIN = "http://portal.test"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' http://elsewhere.test"


@pytest.fixture
def visit(context: BrowserContext) -> Callable[[str], tuple[Page, list[str]]]:
    """Return a function that shows a page with this body and tells what the watch noticed."""

    def visited(body: str) -> tuple[Page, list[str]]:
        page = context.new_page()
        wrong = watch(page, ORIGIN)

        def answer(route: Route) -> None:
            if route.request.url == f"{ORIGIN}/":
                main = f"<main><h1>A page</h1>{body}</main>"
                html = f"<!doctype html><html lang=en><title>A page</title>{main}</html>"
                headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
                route.fulfill(body=html, headers=headers)
            elif route.request.url == ORIGIN + static(AXE.name):
                route.fulfill(path=AXE)
            elif route.request.url.endswith("/broken.js"):
                route.fulfill(body="nonsense()", content_type="text/javascript")
            else:
                route.fulfill(status=500 if "fails" in route.request.url else 200, body="")

        context.route("**/*", answer)
        page.goto(f"{ORIGIN}/", wait_until="load")
        settle(page)
        return page, wrong

    return visited


@pytest.mark.parametrize(
    ("body", "noticed"),
    [
        ("<script>alert(1)</script>", "CSP: script-src-elem"),
        ("<p style='color: red'>Hello</p>", "CSP: style-src-attr"),
        ("<script src=/broken.js></script>", "JavaScript: nonsense is not defined"),
        ("<img alt='' src=/fails.png>", "500: http://portal.test/fails.png"),
        ("<img alt='' src=http://elsewhere.test/a.png>", "leaves: http://elsewhere.test/a.png"),
    ],
)
def test_what_no_user_should_meet_is_noticed(
    visit: Callable[[str], tuple[Page, list[str]]], body: str, noticed: str
) -> None:
    _, wrong = visit(body)
    assert [line for line in wrong if noticed in line], wrong


def test_a_clean_page_passes(visit: Callable[[str], tuple[Page, list[str]]]) -> None:
    page, wrong = visit("<p>Hello</p>")
    assert wrong == []
    assert violations(page) == []
    settle(page)
    assert wrong == [], "looking for violations must not make any"


def test_a_page_that_not_everybody_can_use_is_noticed(visit: Callable[[str], tuple[Page, list[str]]]) -> None:
    page, _ = visit('<input type=text><p><font color="#eeeeee">Who can read this?</font></p>')
    found = violations(page)
    assert [line for line in found if line.startswith("any colours: label")]
    assert [line for line in found if line.startswith("light: color-contrast")]
    assert [line for line in found if line.startswith("dark: color-contrast")]


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_a_test_installed_does_not_reach_the_next_one(window: Window, page: Page) -> None:
    page.clock.install()
    window.clean()
    after = window.page()
    assert after is not page
    window.clean()
    assert window.page() is after
