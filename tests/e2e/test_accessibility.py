"""The eye of the browser tests: it looks once at what is the same, and misses nothing that is new."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests import factories
from tests.e2e.accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

ADD = """([html, style]) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
  document.querySelector("main").insertAdjacentHTML("beforeend", html);
}"""


def rules(found: list[str]) -> set[str]:
    """Return the colours and the rule of each finding."""
    return {line.partition(" (")[0] for line in found}


@pytest.mark.parametrize(
    ("html", "style", "expected"),
    [
        ("<p class='pale'>Pale</p>", ".pale { color: #777; background: #888 }", {"light", "dark"}),
        ("<p class='night'>Dark</p>", "[data-bs-theme=dark] .night { color: #222; background: #000 }", {"dark"}),
        ("<p class='text'><b>No</b></p>", "p.text > b { color: #eee; background: #fff }", {"light", "dark"}),
    ],
)
def test_colours_are_examined_where_they_are_new(
    html: str, style: str, expected: set[str], page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(factories.make_engineer())
    for _ in range(2):  # the second time, all but what is wrong was examined before
        page.goto(live_server.url + reverse("request_list"))
        assert violations(page) == []
        page.evaluate(ADD, [html, style])
        assert rules(violations(page)) == {f"{scheme}: color-contrast" for scheme in expected}


def test_an_element_with_a_state_of_its_own_is_coloured_anew(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(factories.make_engineer())
    page.goto(live_server.url + reverse("request_list"))
    page.evaluate(ADD, ["<p class='one'>One</p>", ".one[aria-current] { color: #999; background: #aaa }"])
    assert violations(page) == []
    page.evaluate("document.querySelector('.one').setAttribute('aria-current', 'true')")
    assert rules(violations(page)) == {"light: color-contrast", "dark: color-contrast"}


def test_what_has_no_name_is_found_in_a_frame_that_changed(
    page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(factories.make_engineer())
    page.goto(live_server.url + reverse("request_list"))
    assert violations(page) == []
    page.evaluate("document.querySelector('header').insertAdjacentHTML('beforeend', '<button></button>')")
    assert rules(violations(page)) == {"any colours: button-name"}
