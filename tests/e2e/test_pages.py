"""Every page in Chromium: accessible in light and dark, within the security policy, no wider than a phone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from endpoints.models import Account, Endpoint, EndpointRequest, Operation, Role, User
from endpoints.services import operations, requests, use
from endpoints.services.actors import person
from endpoints.services.drafts import ChangeDraft, Draft
from tests import factories
from tests.e2e.accessibility import violations
from tests.e2e.conftest import leave

POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadOurs",
      "Effect": "Allow",
      "Principal": "*",
      "Action": ["s3:GetObject", "s3:ListBucket"],
      "Resource": "*",
      "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    }
  ]
}"""
PHONE = {"width": 320, "height": 700}
WIDE = {"width": 1400, "height": 900}


class Desk:
    """An account with an endpoint and a request that waits, and the people for it."""

    def __init__(self) -> None:
        self.account: Account = factories.make_account()
        self.engineer = factories.make_engineer()
        self.approver = factories.make_approver(self.account)
        first = factories.interface_spec(self.account, private_dns_enabled=False)
        self.done = self._asked(first, "Secrets Manager for payments")
        (self.interface,) = factories.available(factories.approved(self.done, self.approver))
        second = factories.interface_spec(
            self.account, policy_document=POLICY, name="secrets", private_dns_enabled=False
        )
        self.waiting = self._asked(second, "Secrets for the next team")

    def _asked(self, spec: factories.EndpointSpec, title: str) -> EndpointRequest:
        return factories.submitted(self.account, self.engineer, spec, title=title)


class World(Desk):
    """One of everything, and who looks at it."""

    def __init__(self) -> None:
        super().__init__()
        self.operator = factories.make_person("operator", Role.OPERATOR, Role.AUDITOR)
        self.broken = self._asked(factories.gateway_spec(self.account), "S3 in the same route table")
        factories.failed(factories.approved(self.broken, self.approver))
        self.gateway = self._asked(factories.gateway_spec(self.account), "Private S3 for the batch jobs")
        (self.endpoint,) = factories.available(factories.approved(self.gateway, self.approver))
        moving = factories.interface_spec(self.account, private_dns_enabled=False)
        self.parked = self._asked(moving, "Secrets for the move")
        factories.approved(self.parked, self.approver)
        self._park(Operation.objects.get(request=self.parked))
        self.change = self._change_policy()
        self._record_use()
        self.modified = factories.modification(
            self.interface,
            self.engineer,
            subnet_ids=self.interface.desired_spec().subnet_ids[:2],
            private_dns_enabled=True,
            tags=(("cost-center", "4711"),),
            name="payments-secrets",
        )
        spec = factories.interface_spec(
            self.account, service_name=self.endpoint.service_name, private_dns_enabled=False
        )
        old = self._asked(factories.gateway_spec(self.account, route_table_ids=()), "S3 for nobody")
        (self.old,) = factories.available(factories.approved(old, self.approver))
        self.replaced = factories.approved(factories.replacement(self.old, self.engineer, spec), self.approver)
        self.accepting = self._asked(
            factories.interface_spec(
                self.account, service_name=f"com.amazonaws.{factories.REGION}.partner", private_dns_enabled=False
            ),
            "The partner's ledger",
        )
        (self.partner,) = factories.pending_acceptance(factories.approved(self.accepting, self.approver))
        self.drifted = self._made(policy_document=POLICY, private_dns_enabled=False)
        factories.drifted(self.drifted, policy_document=factories.READ_ONLY, subnet_ids=(), private_dns_enabled=True)
        self.lost = factories.missing(self._made(private_dns_enabled=False))
        self.unmanaged = factories.unmanaged(self.account, policy_document=POLICY)
        factories.unmanaged(self.account, requester_managed=True, vpc_endpoint_type="Interface")
        factories.unmanaged(self.account, tags=(("portal:operation", str(factories.uuid.uuid4())),))

    def _made(self, **fields: Any) -> Endpoint:
        asked = self._asked(factories.interface_spec(self.account, **fields), "Another one")
        (endpoint,) = factories.available(factories.approved(asked, self.approver))
        return endpoint

    def _park(self, operation: Operation) -> None:
        operations.park(
            operation=operation,
            version=operation.version,
            reason="The VPC moves to the new account tonight.",
            by=person(self.operator),
            now=timezone.now(),
        )

    def _record_use(self) -> None:
        asked = {"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventTime": "2026-11-01T10:00:00Z"}
        asked |= {"requestParameters": {"bucketName": "payments", "key": "2026.csv"}, "awsRegion": factories.REGION}
        asked |= {"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/batch"}}
        asked |= {"vpcEndpointId": self.endpoint.vpc_endpoint_id}
        data = json.dumps([asked, {"nothing": "of the kind"}]).encode()
        by, now = person(self.engineer), timezone.now()
        use.add(endpoint=self.endpoint, name="events.json", data=data, organization="", by=by, now=now)
        use.work(endpoint_id=self.endpoint.pk)

    def _change_policy(self) -> EndpointRequest:
        self.endpoint.refresh_from_db()
        change = ChangeDraft(
            action=factories.ChangeAction.POLICY,
            spec=factories.gateway_spec(self.account, policy_document=POLICY),
            endpoint=self.endpoint,
            base_generation=self.endpoint.generation,
            reason="Only our own organization needs it.",
        )
        draft = Draft(
            account=self.account,
            title="Narrow the policy of S3",
            justification="Only our own organization needs it.",
            owner_team=self.endpoint.owner_team,
            changes=(change,),
        )
        return requests.submit(
            draft=draft, by=person(self.engineer), now=timezone.now(), submission_key=factories.uuid.uuid4()
        )

    def wider(self) -> tuple[EndpointRequest, User]:
        """Return a request that waits for a second reviewer, since it gains in a protected account, and who that is."""
        account = factories.make_account("payments-vault", protected=True)
        first, second = (factories.make_approver(account, f"{name}-reviewer") for name in ("first", "second"))
        spec = factories.gateway_spec(account, policy_document=POLICY)
        (endpoint,) = factories.available(factories.approved(factories.submitted(account, self.engineer, spec), first))
        asked = factories.policy_change(endpoint, self.engineer, factories.DENY_DELETE, reason="The jobs write, too.")
        return factories.approved(asked, first), second

    def form(self) -> str:
        """Return the address of the form with a place chosen."""
        spec = factories.interface_spec(self.account)
        place = f"account={self.account.pk}&region={spec.region}&vpc_id={spec.vpc_id}&service_name={spec.service_name}"
        return f"{reverse('request_new')}?{place}&access=custom"

    def simulated(self) -> str:
        """Return the address of a question, one policy of which decides."""
        asked = {"principal": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject"}
        asked |= {"resource": "arn:aws:s3:::bucket/key", "endpoint_policy": POLICY, "identity": POLICY}
        asked |= {"context_key": "aws:PrincipalOrgID", "context_value": "o-1"}
        return f"{reverse('simulator')}?{urlencode(asked)}"

    def pages(self) -> Iterator[tuple[str, User, str]]:
        """Return each page's name, who looks, and its address."""
        wider, second = self.wider()
        revision = wider.changes.get().policy_revision
        assert revision is not None
        yield from (
            ("requests", self.engineer, reverse("request_list")),
            ("requests-none", self.engineer, reverse("request_list") + "?q=nothing"),
            ("form", self.engineer, self.form()),
            ("form-empty", self.engineer, reverse("request_new")),
            ("policy-rules", self.engineer, reverse("policy_rules")),
            ("request-done", self.engineer, self.done.get_absolute_url()),
            ("request-waiting", self.approver, self.waiting.get_absolute_url()),
            ("request-broken", self.engineer, self.broken.get_absolute_url()),
            ("request-policy", self.approver, self.change.get_absolute_url()),
            ("approvals", self.approver, reverse("approval_queue")),
            ("endpoints", self.engineer, reverse("endpoint_list")),
            ("endpoint-gateway", self.engineer, self.endpoint.get_absolute_url()),
            ("endpoint-interface", self.engineer, self.interface.get_absolute_url()),
            ("policy-form", self.engineer, reverse("endpoint_policy_new", args=[self.endpoint.pk])),
            ("policy-revision", self.engineer, reverse("policy_revision", args=[self.endpoint.pk, 2])),
            ("rollback", self.engineer, reverse("policy_rollback", args=[self.endpoint.pk, 2])),
            ("delete", self.engineer, reverse("endpoint_delete", args=[self.endpoint.pk])),
            ("endpoint-drifted", self.engineer, self.drifted.get_absolute_url()),
            ("drift-restore", self.engineer, reverse("endpoint_restore", args=[self.drifted.pk])),
            ("drift-accept", self.engineer, reverse("endpoint_accept", args=[self.drifted.pk])),
            ("endpoint-lost", self.engineer, self.lost.get_absolute_url()),
            ("recreate", self.engineer, reverse("endpoint_recreate", args=[self.lost.pk])),
            ("unmanaged", self.engineer, reverse("endpoint_unmanaged")),
            ("adopt", self.engineer, reverse("endpoint_adopt", args=[self.unmanaged.pk])),
            ("delete-used", self.engineer, reverse("endpoint_delete", args=[self.interface.pk])),
            ("modify", self.engineer, reverse("endpoint_modify", args=[self.interface.pk])),
            ("modify-gateway", self.engineer, reverse("endpoint_modify", args=[self.endpoint.pk])),
            ("replace", self.engineer, reverse("endpoint_replace", args=[self.interface.pk])),
            ("request-modify", self.approver, self.modified.get_absolute_url()),
            ("request-replace", self.approver, self.replaced.get_absolute_url()),
            ("request-accepting", self.engineer, self.accepting.get_absolute_url()),
            ("endpoint-accepting", self.engineer, self.partner.get_absolute_url()),
            ("request-wider", second, wider.get_absolute_url()),
            ("approvals-second", second, reverse("approval_queue")),
            ("policy-meaning", self.engineer, reverse("policy_revision", args=[revision.endpoint_id, revision.number])),
            ("events", self.operator, reverse("event_list")),
            ("operations", self.operator, reverse("operation_list")),
            ("operations-dead", self.operator, reverse("operation_list") + "?show=person"),
            ("operation-failed", self.operator, Operation.objects.get(request=self.broken).get_absolute_url()),
            ("operation-parked", self.operator, Operation.objects.get(request=self.parked).get_absolute_url()),
            ("request-parked", self.engineer, self.parked.get_absolute_url()),
            ("recorded-use", self.engineer, reverse("endpoint_use", args=[self.endpoint.pk])),
            ("recorded-use-none", self.engineer, reverse("endpoint_use", args=[self.interface.pk])),
            ("simulator", self.engineer, f"{reverse('simulator')}?endpoint={self.endpoint.pk}"),
            ("simulator-answer", self.engineer, self.simulated()),
            ("tokens", self.engineer, reverse("token_list")),
            ("search", self.engineer, reverse("search") + "?q=s3"),
            ("conflict", self.engineer, reverse("request_edit", args=[self.waiting.pk])),
            ("not-found", self.engineer, reverse("request_detail", args=[999_999])),
            ("forbidden", self.engineer, reverse("operation_list")),
        )


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return one of everything."""
    return World()


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Return what a person needs who asks, decides or watches."""
    return Desk()


def _sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _keep(page: Page, name: str, *, dark: bool = False) -> None:
    """Keep a picture where `PORTAL_SCREENSHOTS` names a folder, for people to look at."""
    folder = os.environ.get("PORTAL_SCREENSHOTS")
    if folder:
        page.evaluate("scheme => { document.documentElement.dataset.bsTheme = scheme }", "dark" if dark else "light")
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_every_page_is_accessible_and_fits_a_phone(
    world: World, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    wrong = []
    looks: User | None = None
    for name, user, address in world.pages():
        if user is not looks:
            looks = user
            leave(page, live_server.url)
            login(user)
        page.goto(live_server.url + address)
        page.evaluate("for (const hidden of document.querySelectorAll('.witness')) hidden.open = true")
        wrong += [f"{name}: {line}" for line in violations(page)]
        _keep(page, name)
        _keep(page, f"{name}-dark", dark=True)
        page.set_viewport_size(PHONE)
        if _sideways(page) > 0:
            wrong.append(f"{name}: {_sideways(page)} px too wide for a phone")
        _keep(page, f"{name}-phone")
        page.set_viewport_size(WIDE)
    assert not wrong, "\n".join(wrong)


def test_an_engineer_asks_and_an_approver_approves(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.engineer)
    page.goto(live_server.url + reverse("request_new"))
    page.get_by_label("Title").fill("Typed before anything was chosen")
    page.get_by_label("VPC").select_option(index=1)
    page.get_by_label("Service", exact=False).first.select_option(f"com.amazonaws.{factories.REGION}.secretsmanager")
    page.get_by_role("group", name="Subnets").wait_for()
    assert page.get_by_label("Title").input_value() == "Typed before anything was chosen"
    page.get_by_role("button", name="Review", exact=True).last.click()
    summary = page.locator("[data-error-summary]")
    summary.wait_for()
    assert summary.evaluate("element => element === document.activeElement")
    assert violations(page) == []
    page.get_by_label("Justification").fill("The batch jobs read secrets.")
    page.get_by_role("button", name="Review", exact=True).last.click()
    page.get_by_role("heading", name="What will happen").wait_for()
    assert violations(page) == []
    _keep(page, "form-review")
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_role("heading", name="Typed before anything was chosen").wait_for()
    made = EndpointRequest.objects.latest("pk")
    leave(page, live_server.url)
    login(desk.approver)
    page.goto(live_server.url + made.get_absolute_url())
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("Say what is wrong").first.wait_for()
    page.get_by_label("Comment").fill("Fine.")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved.", exact=True).wait_for()
    made.refresh_from_db()
    assert made.status == "approved"


def test_a_page_that_is_looked_at_follows_what_happens(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.engineer)
    page.goto(live_server.url + desk.waiting.get_absolute_url())
    page.get_by_role("link", name="All events").focus()
    factories.available(factories.approved(desk.waiting, desk.approver))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    page.get_by_text("in-use").first.wait_for()
    assert page.locator("[hx-trigger~=poll]").count() == 0
    assert page.evaluate("document.activeElement.id") == "all-events"  # the focus stays where it was
    assert page.locator("#request-head").get_by_text("Available", exact=True).is_visible()


def test_another_policy_is_written_in_the_editor_compared_and_submitted(
    desk: Desk, page: Page, login: Callable[..., None], live_server: LiveServer
) -> None:
    login(desk.engineer)
    page.goto(live_server.url + reverse("endpoint_policy_new", args=[desk.interface.pk]))
    editor = page.locator("policy-editor .cm-content")
    assert not editor.is_visible()  # full access needs no document
    page.get_by_label("Custom policy").check()
    editor.click()
    page.keyboard.insert_text('{"Version": "2012-10-17", "Statement": [}')
    page.get_by_label("Reason").fill("Only our own organization needs it.")
    page.get_by_role("button", name="Review the difference").click()
    page.locator("[data-error-summary]").get_by_text("Line 1").wait_for()
    assert violations(page) == []
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(POLICY)
    page.get_by_role("button", name="Review the difference").click()
    page.get_by_role("heading", name="What will happen").wait_for()
    assert violations(page) == []
    _keep(page, "policy-review")
    page.get_by_role("button", name="Edit policy").click()
    page.locator("policy-editor .cm-content").get_by_text("aws:PrincipalOrgID").wait_for()
    page.get_by_role("button", name="Review the difference").click()
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_text("Waiting for review").first.wait_for()
    change = EndpointRequest.objects.latest("pk").changes.get()
    assert change.spec["policy_document"] == POLICY
