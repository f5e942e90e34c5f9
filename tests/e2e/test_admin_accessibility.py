"""The administrators' desk in Chromium: every kind of page, for everybody who may open it, in light and in dark.

The pages are found in the admin's registry, so that a model registered later is examined as well. Each page must
be free of axe's findings; the `page` fixture adds violations of the security policy and scripts' errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.urls import reverse
from knox.models import AuthToken
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Account, AccountRegion, EndpointRequest, Event, Operation, Role, RoleAssignment, Team, User
from endpoints.network.bundles import Member
from endpoints.services import bundles
from tests import factories as make
from tests.e2e.accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Pages = Iterator[tuple[str, str]]


class Desk:
    """One of everything that the desk shows, and people who may open it."""

    def __init__(self) -> None:
        account = make.make_account()
        engineer = make.make_engineer()
        self.administrator = make.make_person("administrator", Role.ADMINISTRATOR)
        self.auditor = make.make_person("auditor", Role.AUDITOR)
        self.approver = make.make_approver(account)
        (self.endpoint,) = make.available(make.approved(make.submitted(account, engineer), self.approver))
        make.drifted(self.endpoint, route_table_ids=())
        make.unmanaged(account)
        broken = make.submitted(account, engineer, make.interface_spec(account), title="Secrets")
        make.failed(make.approved(broken, self.approver))
        self.waiting = make.submitted(account, engineer, make.unrouted_spec(account, policy_document=make.READ_ONLY))
        make.policy_change(self.endpoint, engineer, make.DENY_DELETE)
        AccountRegion.objects.update(inventory_error="UnauthorizedOperation")
        AuthToken.objects.create(engineer)
        bundles.make(
            name="Objects",
            purpose="",
            members=[Member("s3", "Gateway")],
            owner_team=self.waiting.owner_team,
            by=make.by(engineer),
            now=self.waiting.submitted_at,
        )
        User.objects.update(is_staff=True)
        team = Team.objects.get()
        LogEntry.objects.log_actions(self.administrator.pk, [team], CHANGE, "Changed name.", single_object=True)
        self.team = team
        self.people = {
            person.username: User.objects.get(pk=person.pk)
            for person in (self.administrator, self.auditor, self.approver)
        }


def address(model: type[Model], kind: str = "changelist", *args: object) -> str:
    """Return a page of the desk."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


def registered(user: User, may: str) -> Iterator[tuple[type[Model], Any]]:
    """Return the models with which a person `may` do something: view, add or delete."""
    for model, desk in admin.site._registry.items():
        if getattr(desk, f"has_{may}_permission")(_asked_by(user)):
            yield model, desk


def _asked_by(user: User) -> Any:
    return type("Request", (), {"user": user, "GET": {}})()


def common_pages(user: User) -> Pages:
    """Return what everybody at the desk meets: the first page, each list, each object's page and its history."""
    yield "index", reverse("admin:index")
    for model, desk in registered(user, "view"):
        name = model.__name__
        yield f"{name} list", address(model)
        if not desk.has_view_permission(_asked_by(user), obj := desk.get_queryset(_asked_by(user)).first()):
            continue
        assert obj is not None, f"the desk of this test has no {name}"
        yield f"{name} page", address(model, "change", obj.pk)


def other_pages(user: User, desk: Desk) -> Pages:
    """Return what an administrator meets beside lists and pages of objects."""
    yield "applications", reverse("admin:app_list", args=["endpoints"])
    yield "password change", reverse("admin:password_change")
    yield "password changed", reverse("admin:password_change_done")
    yield "password of a person", reverse("admin:auth_user_password_change", args=[user.pk])
    yield "history", address(Team, "history", desk.team.pk)
    yield "history, empty", address(Account, "history", Account.objects.all()[0].pk)
    yield "search", address(EndpointRequest) + f"?q={desk.waiting.reference}"
    yield "search without a hit", address(EndpointRequest) + "?q=nothing-has-this-name"
    yield "filtered, counted and sorted", address(EndpointRequest) + "?decision=all&status=failed&_facets=True&o=2.-1"
    yield "by day", address(Event) + f"?at__year={Event.objects.latest('at').at.year}"
    yield "refused filter", address(Operation) + "?e=1"
    yield "popup", address(Team, "add") + "?_popup=1"
    yield "not there, told on the first page", address(Team, "change", 999_999)
    for model, _ in registered(user, "add"):
        yield f"{model.__name__} add", address(model, "add")
    for model, shown in registered(user, "delete"):
        obj = shown.get_queryset(_asked_by(user)).first()
        yield f"{model.__name__} delete", address(model, "delete", obj.pk)


@pytest.fixture
def desk(transactional_db: None, settings: Any) -> Desk:
    """Return the desk. Its people's passwords are hashed fast: nothing here tests the hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return Desk()


@pytest.fixture
def walk(page: Page, live_server: LiveServer) -> Callable[[Pages], list[str]]:
    """Return a function that opens pages one after the other, and returns what is wrong, a line each."""

    seen: set[str] = set()

    def walked(pages: Pages) -> list[str]:
        wrong = []
        for name, path in pages:
            response = page.goto(live_server.url + path)
            assert response is not None
            if response.status != 200:
                wrong.append(f"{name}: {response.status} at {path}")
            if (content := content_of(page)) not in seen:
                wrong += examined(page, name)
            seen.add(content)
        return wrong

    return walked


def content_of(page: Page) -> str:
    """Return what a page shows but the header and the list of models: the same for several people is seen once."""
    text = page.locator("main").inner_html()
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


def examined(page: Page, name: str) -> list[str]:
    """Return what axe finds, each line with the page's name; keep a picture where `PORTAL_SCREENSHOTS` says."""
    if folder := os.environ.get("PORTAL_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"admin-{name.replace(' ', '-')}.png", full_page=True)
    return [f"{name}: {line}" for line in violations(page)]


def test_each_list_and_each_object_is_accessible_to_everybody_at_the_desk(
    desk: Desk, page: Page, login: Callable[..., None], walk: Callable[[Pages], list[str]]
) -> None:
    wrong = []
    for name, person in desk.people.items():
        page.context.clear_cookies()
        login(person)
        wrong += [f"{name}: {line}" for line in walk(common_pages(person))]
    assert not wrong, "\n".join(wrong)


def test_forms_histories_filters_and_deletions_are_accessible(
    desk: Desk, login: Callable[..., None], walk: Callable[[Pages], list[str]]
) -> None:
    login(desk.people["administrator"])
    wrong = walk(other_pages(desk.people["administrator"], desk))
    assert not wrong, "\n".join(wrong)


def test_a_form_that_comes_back_and_what_was_saved_are_accessible(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.people["administrator"])
    page.goto(live_server.url + address(Account, "add"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Please correct the errors below.")).to_be_visible()
    wrong = examined(page, "account with errors")
    page.goto(live_server.url + address(User, "change", desk.approver.pk))
    page.get_by_role("link", name="Add another Role").or_(page.locator(".add-row a").first).first.click()
    wrong += examined(page, "a row more")
    page.goto(live_server.url + address(Team, "change", desk.team.pk))
    page.get_by_label("Name").fill("Payments and refunds")
    page.locator(".select2-selection").first.click()
    expect(page.locator(".select2-results__option").first).to_be_visible()
    wrong += examined(page, "choosing a person")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    wrong += examined(page, "saved")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("model", "heading"), [(RoleAssignment, "Delete multiple objects"), (Team, "Cannot delete team")]
)
def test_deleting_several_is_asked_for_on_an_accessible_page(
    model: type[Model], heading: str, desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.people["administrator"])
    page.goto(live_server.url + address(model))
    page.locator("input[name=_selected_action]").first.check()
    wrong = examined(page, f"one {model.__name__} selected")
    page.locator("select[name=action]").select_option("delete_selected")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    wrong += examined(page, heading)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("action", ["approve_selected", "reject_selected"])
def test_a_decision_is_taken_on_accessible_pages(
    action: str, desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.people["approver"])
    page.goto(live_server.url + address(EndpointRequest))
    page.get_by_label("Select this object", exact=False).first.check()
    page.locator("select[name=action]").select_option(action)
    page.get_by_role("button", name="Go").click()
    button = page.locator(".submit-row input[type=submit]")
    expect(button).to_be_visible()
    page.get_by_text("The exact specs").first.click()
    wrong = examined(page, action)
    if action == "reject_selected":
        page.get_by_label("Comment").fill(" ")
        button.click()
        expect(page.get_by_text("Say what is wrong")).to_be_visible()
        wrong += examined(page, "a decision with errors")
        page.get_by_label("Comment").fill("Use the shared endpoint.")
    button.click()
    expect(page.locator(".messagelist")).to_be_visible()
    wrong += examined(page, f"{action}, done")
    assert not wrong, "\n".join(wrong)


def test_who_comes_and_who_goes_meets_accessible_pages(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    page.goto(live_server.url + address(Account))
    expect(page).to_have_url(re.compile(f"{reverse('account_login')}.*next="))
    wrong = examined(page, "sign in")
    page.get_by_label("Username").fill("administrator")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(live_server.url + address(Account))
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Logged out").wait_for()
    wrong += examined(page, "signed out")
    User.objects.filter(pk=desk.auditor.pk).update(is_staff=False)
    login(User.objects.get(pk=desk.auditor.pk))
    page.goto(live_server.url + reverse("admin:index"))
    page.get_by_role("heading", level=1).wait_for()
    wrong += examined(page, "not for you")
    assert not wrong, "\n".join(wrong)


def test_the_desk_has_the_colours_that_were_chosen_in_the_portal_and_leads_back(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.people["administrator"])
    page.goto(live_server.url + reverse("request_list"))
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.goto(live_server.url + reverse("admin:index"))
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.get_by_role("link", name="Back to the portal").click()
    expect(page).to_have_url(live_server.url + reverse("operation_list") + "?show=person")  # there is a dead letter
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_description_of_the_api_is_accessible_and_fits_a_phone(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.people["auditor"])
    page.goto(live_server.url + reverse("api_docs"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert examined(page, "API") == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
