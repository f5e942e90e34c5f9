"""An operator at work in Chromium: the reason that is being written survives what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from endpoints.models import EndpointRequest, Operation, Role
from endpoints.services import deadletters, leases
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
