"""Fixtures that drive Chromium against a live server, and fail on what a user should never meet.

Chromium is the machine's own: `CHROMIUM` names it, or it is found on the path. Without one the browser
tests are skipped and say how to get it; with `PORTAL_REQUIRE_BROWSER` set, as continuous integration does,
they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Error, Page
from pytest_django.live_server_helper import LiveServer

from tests.aws import aws, simulated_aws
from tests.e2e.accessibility import AXE, violations

__all__ = ["aws", "simulated_aws"]

HOW_TO_GET_IT = (
    "Chromium is not found. On Debian: apt-get install -y chromium-headless-shell fonts-liberation; "
    "elsewhere set CHROMIUM to the path of Chromium or Chrome."
)
# The first shows no windows and takes about a quarter less of the processor for the same pages.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Scripts of pages and of axe run a second or two: what compiling them for speed takes they don't win back.
    "--js-flags=--no-maglev --no-turbofan",
)
# axe-core measures with inline style attributes of its own; those of pages have a source or a line.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  const where = `${event.sourceFile}:${event.lineNumber}`;
  if (event.violatedDirective === "style-src-attr" && !event.sourceFile && !event.lineNumber) return;
  window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${where}`);
});
"""
# Pages load axe-core from the portal itself, as their security policy demands; the browser keeps it for the next one.
settings.STATICFILES_DIRS.append(AXE.parent)
# Playwright's synchronous interface keeps an event loop in this thread, which Django takes for asynchronous
# code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a page as a browser test."""
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


def chromium() -> str | None:
    """Return the path of Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the machine's Chromium; skip, or fail where a browser is required, when there is none."""
    path = chromium()
    if path is None:
        if os.environ.get("PORTAL_REQUIRE_BROWSER"):
            pytest.fail(HOW_TO_GET_IT, pytrace=False)
        pytest.skip(HOW_TO_GET_IT)
    return {**browser_type_launch_args, "executable_path": path, "args": list(_FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Look at every page in the same way: one size, one language, UTC, nothing moves."""
    return {
        **browser_context_args,
        "viewport": {"width": 1400, "height": 900},
        "timezone_id": "UTC",
        "locale": "en-GB",
        "reduced_motion": "reduce",
        "permissions": ["clipboard-read", "clipboard-write"],
    }


def watch(page: Page, origin: str) -> list[str]:
    """Return a list that fills with whatever goes wrong on `page` whose server is at `origin`."""
    wrong: list[str] = []
    page.expose_binding("reportViolation", lambda _, text: wrong.append(f"CSP: {text}"))
    page.add_init_script(_REPORT_VIOLATIONS)
    page.on("pageerror", lambda error: wrong.append(f"JavaScript: {error}"))
    page.on("response", lambda it: wrong.append(f"{it.status}: {it.url}") if it.status >= 500 else None)
    page.on("request", lambda it: None if _stays(it.url, origin) else wrong.append(f"leaves: {it.url}"))
    page.set_default_timeout(10_000)
    return wrong


def settle(page: Page) -> None:
    """Let what the page has reported so far arrive; a page that was closed has nothing more to say."""
    if not page.is_closed():
        page.evaluate("null")


def _stays(url: str, origin: str) -> bool:
    return url.startswith((f"{origin}/", "data:", "blob:", "about:"))


class Window:
    """The window in which one test after the other opens its page: a new one costs Chromium a second of work.

    Between two tests it stands on the sign-in page. From there a page of the portal is shown by the same renderer; from
    `about:blank`, which lacks the portal's Cross-Origin-Opener-Policy, Chromium would start another one.
    """

    def __init__(self, browser: Browser, options: dict[str, Any], origin: str) -> None:
        self._open: Callable[[], BrowserContext] = lambda: browser.new_context(**options)
        self._viewport, self._origin = options["viewport"], origin
        self._page: Page | None = None
        self.wrong: list[str] = []

    def page(self) -> Page:
        """Return the page as a new one is: nobody is signed in, nothing is stored, nothing went wrong."""
        if self._page is None:
            self._page = self._open().new_page()
            self.wrong = watch(self._page, self._origin)
            leave(self._page, self._origin)
        self.wrong.clear()
        return self._page

    def clean(self) -> None:
        """Undo what a test did, or forget a window that is broken."""
        assert self._page is not None
        try:
            self._page.unroute_all()
            self._page.context.set_offline(False)
            self._page.set_viewport_size(self._viewport)
            self._page.emulate_media(color_scheme="null")
            leave(self._page, self._origin)
            self._page.evaluate("localStorage.clear(), sessionStorage.clear()")
            # A clock of Playwright's stays for good, and hides from every page how people came there.
            whole = self._page.evaluate("performance.getEntriesByType('navigation').length")
        except Error:
            whole = False
        if not whole:
            self._page.context.close()
            self._page = None


def leave(page: Page, origin: str) -> None:
    """Sign out, and go where nothing is live: a page that asks again would notice that somebody else came.

    Its last question must not be answered either: it would go to the sign-in page while we do.
    """
    page.evaluate("window.stop(); document.body.replaceChildren()")
    page.context.clear_cookies()
    page.goto(origin + reverse("account_login"))
    page.context.clear_cookies()  # the page before may have asked for a last time, and been given one


@pytest.fixture(scope="session")
def window(browser: Browser, browser_context_args: dict[str, Any], live_server: LiveServer) -> Window:
    """Return the window that `page` uses again and again. The browser closes it."""
    return Window(browser, browser_context_args, live_server.url)


@pytest.fixture
def page(window: Window, live_server: LiveServer) -> Iterator[Page]:
    """Return a page that fails its test on a CSP violation, a script's error, a 5xx or a foreign request."""
    page = window.page()
    yield page
    settle(page)
    wrong = list(window.wrong)
    window.clean()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def open_page(new_context: Callable[..., BrowserContext], live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a browser of its own: a second person, a phone, dark colours.

    Takes the options of Playwright's `new_context`. The pages are watched as `page` is.
    """
    pages: list[Page] = []
    watched: list[list[str]] = []

    def opened(**options: Any) -> Page:
        made = new_context(**options).new_page()
        pages.append(made)
        watched.append(watch(made, live_server.url))
        return made

    yield opened
    for page in pages:
        settle(page)
    assert not any(watched), "\n".join(line for wrong in watched for line in wrong)


@pytest.fixture
def login(page: Page, live_server: LiveServer, settings: Any) -> Callable[..., None]:
    """Return a function that signs a user in by cookie, in `page` or in another page."""

    def signed_in(user: AbstractBaseUser, page: Page = page) -> None:
        client = Client()
        client.force_login(user)  # type: ignore[arg-type]  # the project's user model is found by settings
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])

    return signed_in


@pytest.fixture
def axe(page: Page) -> Callable[..., None]:
    """Return a function that fails on an accessibility violation of a page, in light and in dark colours."""

    def examine(page: Page = page) -> None:
        found = violations(page)
        assert not found, "\n".join(found)

    return examine
