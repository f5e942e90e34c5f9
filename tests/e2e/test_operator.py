"""An operator at work in Chromium: the reason that is being written survives what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import EndpointRequest, Operation, Role
from endpoints.services import deadletters, leases, operations
from tests import factories
from tests.e2e.accessibility import violations


def test_an_operator_parks_what_a_worker_has_just_given_back_and_resumes_it(
    transactional_db: None, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    account = factories.make_account()
    request = factories.submitted(account, factories.make_engineer())
    factories.failed(factories.approved(request, factories.make_approver(account)))
    operation = Operation.objects.get()
    login(factories.make_person("operator", Role.OPERATOR))
    deadletters.forget()  # another test may have counted none a moment ago

    page.goto(live_server.url)
    expect(page.get_by_role("link", name="Operations 1 needing a person")).to_be_visible()
    page.get_by_role("link", name="Create s3").click()
    page.get_by_role("button", name="Retry now").click()
    page.get_by_text("A worker takes it up now.").wait_for()
    page.get_by_label("Why").fill("The account moves")
    assert leases.claim(operation.pk, owner="a worker")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    page.get_by_role("cell", name="Under way").wait_for()
    page.get_by_label("Why").press_sequentially(" tonight.")
    assert violations(page) == []

    page.get_by_role("button", name="Park", exact=True).click()
    page.get_by_text("operator asked to park it").wait_for()
    Operation.objects.update(lease_expires_at=timezone.now())  # the worker dies
    page.reload()
    page.get_by_label("Why").fill("Its worker is gone, too.")
    page.get_by_role("button", name="Park", exact=True).click()
    page.get_by_text("Parked by operator").first.wait_for()
    assert EndpointRequest.objects.get().status == "parked"
    assert violations(page) == []

    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Resumed: a worker takes it up now.").wait_for()
    operation.refresh_from_db()
    assert (operation.status, operation.parked_by) == ("queued", "")


@pytest.mark.parametrize("reason", ["", "The account moves"])
def test_a_reason_stays_when_there_is_nothing_to_park_any_more_and_without_one_the_form_goes(
    transactional_db: None, page: Page, login: Callable[..., None], live_server: LiveServer, reason: str
) -> None:
    account = factories.make_account()
    request = factories.submitted(account, factories.make_engineer())
    factories.approved(request, factories.make_approver(account))
    operation = Operation.objects.get()
    operator = factories.make_person("operator", Role.OPERATOR)
    login(operator)
    page.goto(live_server.url + operation.get_absolute_url())
    page.get_by_label("Why").fill(reason)

    who, now = factories.by(operator), timezone.now()  # the same person, on another page
    operations.park(operation=operation, version=operation.version, reason="It waits.", by=who, now=now)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    page.get_by_role("button", name="Resume").wait_for()

    expect(page.get_by_role("button", name="Park", exact=True)).to_be_hidden()
    state = page.get_by_text("It can't be parked any more: it is now “Parked”. What you wrote is still here.")
    if reason:
        expect(state).to_be_visible()
        expect(page.get_by_label("Why")).to_have_value(reason)
    else:
        expect(state).to_be_hidden()
        expect(page.get_by_label("Why")).to_be_hidden()
    assert violations(page) == []

    operation.refresh_from_db()
    operations.resume(operation=operation, version=operation.version, by=who, now=now)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    expect(page.get_by_role("button", name="Park", exact=True)).to_be_visible()
    page.get_by_label("Why").fill("It moves, after all")
    page.get_by_role("button", name="Park", exact=True).click()
    page.get_by_text("It moves, after all").first.wait_for()
