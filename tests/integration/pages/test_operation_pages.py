"""The operators' pages: the list with its dead letters, an operation with its attempts, and the acts on it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, EndpointRequest, Event, Operation, Role, User
from endpoints.services import leases, operations, sweeping
from tests import factories
from tests.integration.browsers import browser
from tests.integration.pages.conftest import SignIn

LIST = "/operations/"
DEAD = f"{LIST}?show=person"


@pytest.fixture
def as_() -> SignIn:
    """Return what signs a person in, in browsers that share one handler."""
    return browser


@pytest.fixture(autouse=True)
def _fresh_counts(valkey: redis.Redis) -> None:
    """Begin with an empty cache: counts of an earlier test must not show."""


@pytest.fixture
def queued(account: Account, engineer: User, approver: User) -> Operation:
    """Return an operation that waits for a worker."""
    return Operation.objects.get(request=factories.approved(factories.submitted(account, engineer), approver))


@pytest.fixture
def failed(account: Account, engineer: User, approver: User) -> Operation:
    """Return an operation that AWS refused."""
    asked = factories.submitted(account, engineer, factories.unrouted_spec(account))
    broken = factories.failed(factories.approved(asked, approver))
    return Operation.objects.get(request=broken)


def park(operation: Operation, by: User, reason: str = "The account is being moved.") -> Operation:
    """Return the operation, parked."""
    operation.refresh_from_db()
    operations.park(
        operation=operation, version=operation.version, reason=reason, by=factories.by(by), now=timezone.now()
    )
    return operation


def text(client: Client, url: str, status: int = 200) -> str:
    """Return a page's HTML."""
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


class TestList:
    """What there is, and what will not go on by itself."""

    def test_what_needs_a_person_comes_first_with_its_retry(
        self, as_: SignIn, queued: Operation, failed: Operation, operator: User
    ) -> None:
        page = text(as_(operator), LIST)
        assert page.index(failed.get_absolute_url()) < page.index(queued.get_absolute_url())
        assert "RouteAlreadyExists" in page
        assert reverse("operation_retry", args=[failed.pk]) in page
        assert reverse("operation_retry", args=[queued.pk]) not in page
        assert "1 operation needs a person" in page

    def test_auditors_and_administrators_read_and_engineers_do_not(
        self, as_: SignIn, failed: Operation, engineer: User, auditor: User
    ) -> None:
        assert as_(engineer).get(LIST).status_code == 403
        page = text(as_(auditor), LIST)
        assert failed.get_absolute_url() in page
        assert reverse("operation_retry", args=[failed.pk]) not in page
        assert "Park" not in text(as_(auditor), failed.get_absolute_url())

    def test_the_newest_trouble_comes_first(
        self, as_: SignIn, account: Account, engineer: User, approver: User, operator: User
    ) -> None:
        first, second = (
            factories.failed(factories.approved(factories.submitted(account, engineer), approver)) for _ in range(2)
        )
        page = text(as_(operator), DEAD)
        assert page.index(second.get_absolute_url()) < page.index(first.get_absolute_url())

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"next_attempt_at": timezone.now() - timedelta(minutes=6)}, "nobody takes it up"),
            (
                {
                    "status": "running",
                    "lease_owner": "gone",
                    "lease_expires_at": timezone.now() - timedelta(minutes=6),
                },
                "nobody takes it up",
            ),
            ({"status": "observing", "in_flight_since": timezone.now() - timedelta(minutes=31)}, "In flight for too"),
        ],
    )
    def test_what_should_have_gone_on_and_has_not_is_a_dead_letter(
        self, as_: SignIn, queued: Operation, operator: User, engineer: User, change: dict[str, Any], word: str
    ) -> None:
        client, url = as_(engineer), queued.request.get_absolute_url()
        live = f"{url}live/?v={EndpointRequest.objects.get().version}"
        assert "Nothing needs a person" in text(as_(operator), DEAD)
        assert client.get(live).status_code == 204

        Operation.objects.update(**change)  # what time alone brings about

        assert word in text(as_(operator), DEAD)
        assert "This needs a person" in text(client, live), "who follows the request is told, though no version rose"
        assert "This needs a person" in text(client, url)
        assert word in text(as_(operator), queued.get_absolute_url())

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", True),
            ("status=failed", True),
            ("status=queued", False),
            ("action=create", True),
            ("action=delete", False),
            ("region=eu-west-1", True),
            ("region=us-east-1", False),
            ("show=person", True),
            ("show=due", False),
            ("show=all", True),
            ("request=999999", False),
            ("status=nonsense", True),
            ("status=%00", True),
            ("account=x&page=9", True),
            ("request=%00", True),
        ],
    )
    def test_filters_stand_in_the_address(
        self, as_: SignIn, failed: Operation, operator: User, query: str, found: bool
    ) -> None:
        assert (failed.get_absolute_url() in text(as_(operator), f"{LIST}?{query}")) is found

    @pytest.mark.parametrize("count", [1, 30])
    def test_the_number_of_queries_does_not_grow(
        self,
        as_: SignIn,
        account: Account,
        engineer: User,
        approver: User,
        operator: User,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        for _ in range(count):
            factories.approved(factories.submitted(account, engineer, factories.unrouted_spec(account)), approver)
        client = as_(operator)
        with django_assert_num_queries(8):  # session, person, roles, teams, dead letters, accounts, count, rows
            client.get(LIST)


class TestNeverSilent:
    """Dead letters are told wherever an operator looks."""

    def test_the_badge_is_on_every_page_of_operators_and_of_nobody_else(
        self, as_: SignIn, failed: Operation, operator: User, engineer: User, auditor: User
    ) -> None:
        administrator = factories.make_person("administrator", Role.ADMINISTRATOR)
        for user, expected in ((operator, True), (administrator, True), (engineer, False), (auditor, False)):
            for name in ("request_list", "endpoint_list", "event_list"):
                assert ("needing a person" in text(as_(user), reverse(name))) is expected, (user, name)
        assert "1 operation needs a person" in text(as_(operator), reverse("request_list"))

    def test_the_front_door_leads_operators_to_them(
        self, as_: SignIn, operator: User, queued: Operation, django_capture_on_commit_callbacks: Any
    ) -> None:
        client = as_(operator)
        assert client.get("/")["Location"] == reverse("request_list")
        with django_capture_on_commit_callbacks(execute=True):
            park(queued, operator)
        assert client.get("/")["Location"] == DEAD

    def test_the_count_is_kept_for_some_seconds_and_forgotten_after_an_act(
        self,
        as_: SignIn,
        failed: Operation,
        operator: User,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        client = as_(operator)
        assert "needing a person" in text(client, reverse("event_list"))
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("event_list"))
        assert not [query for query in asked.captured_queries if "in_flight_since" in query["sql"]]
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("operation_retry", args=[failed.pk]), {"version": failed.version})
        assert "needing a person" not in text(client, reverse("event_list"))

    def test_the_sweeper_says_so_in_the_log_once_a_minute(
        self, failed: Operation, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, logger="endpoints.services.deadletters"):
            sweeping.sweep(now=timezone.now())
            sweeping.sweep(now=timezone.now())
        told = [record.getMessage() for record in caplog.records]
        assert len(told) == 1
        assert f"{failed.pk} (failed)" in told[0]


class TestDetail:
    """One operation."""

    def test_it_shows_the_attempts_with_awss_request_ids_and_the_cure(
        self, as_: SignIn, failed: Operation, operator: User
    ) -> None:
        page = text(as_(operator), failed.get_absolute_url())
        for words in ("Refused", "RouteAlreadyExists", 'data-copy="req-1"', "Edit the request.", failed.client_token):
            assert words in page
        assert failed.request.get_absolute_url() in page
        assert failed.endpoint.get_absolute_url() in page

    def test_the_attempts_come_in_pages(self, as_: SignIn, queued: Operation, operator: User) -> None:
        for number in range(30):
            assert leases.claim(queued.pk, owner=f"worker-{number}")
            Operation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        client = as_(operator)
        assert "1–25 of 30" in text(client, queued.get_absolute_url())
        assert "26–30 of 30" in text(client, queued.get_absolute_url() + "?page=2")

    def test_live_brings_the_form_when_parking_becomes_possible(
        self, as_: SignIn, queued: Operation, operator: User
    ) -> None:
        url = reverse("operation_live", args=[queued.pk])
        assert 'name="reason"' in text(as_(operator), f"{url}?v=0&park=0")  # it was somebody's turn when it was opened

    def test_live_answers_204_until_something_changes_and_leaves_the_reason_alone(
        self, as_: SignIn, queued: Operation, operator: User
    ) -> None:
        client = as_(operator)
        url = reverse("operation_live", args=[queued.pk])
        assert client.get(url, {"v": str(queued.version), "park": "1"}).status_code == 204
        Operation.objects.update(version=F("version") + 1)
        fragment = client.get(url, {"v": str(queued.version), "park": "1"}).content.decode()
        assert f'id="park-version" value="{queued.version + 1}" hx-swap-oob="true"' in fragment
        assert "<textarea" not in fragment
        park(queued, operator)
        fragment = client.get(url, {"v": "1", "park": "1"}).content.decode()
        assert "It can't be parked any more: it is now “Parked”." in fragment
        assert "<textarea" not in fragment, "a reason that is being written is left alone"
        assert "park=1" in fragment, "the form is still on the page"

    @pytest.mark.parametrize("count", [1, 20])
    def test_the_number_of_queries_does_not_grow(
        self, as_: SignIn, queued: Operation, operator: User, count: int, django_assert_num_queries: Any
    ) -> None:
        for _ in range(count):
            assert leases.claim(queued.pk, owner="a worker")
            Operation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        client = as_(operator)
        with django_assert_num_queries(9):
            client.get(queued.get_absolute_url())


class TestActs:
    """Retry now, park, resume."""

    def test_retry_queues_what_failed_as_who_did_it(self, as_: SignIn, failed: Operation, operator: User) -> None:
        response = as_(operator).post(reverse("operation_retry", args=[failed.pk]), {"version": failed.version})
        assert response["Location"] == failed.get_absolute_url()
        failed.refresh_from_db()
        assert (failed.status, failed.attempts) == ("queued", 0)
        assert EndpointRequest.objects.get().status == "approved"
        assert Event.objects.get(verb="operation.retried").actor == "operator"

    def test_retry_makes_what_waits_due_now(self, as_: SignIn, queued: Operation, operator: User) -> None:
        Operation.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=10))
        as_(operator).post(reverse("operation_retry", args=[queued.pk]), {"version": queued.version})
        assert Operation.objects.due().exists()

    def test_parking_asks_a_reason_and_everybody_concerned_sees_it(
        self, as_: SignIn, queued: Operation, operator: User, engineer: User
    ) -> None:
        client, url = as_(operator), reverse("operation_park", args=[queued.pk])
        refused = client.post(url, {"version": queued.version, "reason": " "})
        assert refused.status_code == 422
        assert "Say why" in refused.content.decode()

        client.post(url, {"version": queued.version, "reason": "The VPC is being moved."})

        for address in (queued.get_absolute_url(), queued.request.get_absolute_url()):
            page = text(client, address)
            assert "Parked by operator" in page
            assert "The VPC is being moved." in page
        mine = as_(engineer)
        assert "The VPC is being moved." in text(mine, queued.endpoint.get_absolute_url())
        page = text(mine, queued.request.get_absolute_url())
        assert "You can withdraw it above" in page
        assert reverse("request_retry", args=[queued.request_id]) not in page

    def test_who_comes_second_is_told_and_keeps_the_reason(
        self, as_: SignIn, failed: Operation, operator: User
    ) -> None:
        client = as_(operator)
        client.post(reverse("operation_retry", args=[failed.pk]), {"version": failed.version})
        late = client.post(
            reverse("operation_park", args=[failed.pk]), {"version": failed.version, "reason": "Too late."}
        )
        assert late.status_code == 409
        assert "has changed meanwhile and is now “Queued”" in late.content.decode()
        assert "Too late.</textarea>" in late.content.decode()

    def test_a_reason_is_kept_where_there_is_nothing_to_park_any_more(
        self, as_: SignIn, failed: Operation, operator: User
    ) -> None:
        data = {"version": failed.version, "reason": "Too late."}
        as_(operator).post(reverse("operation_park", args=[failed.pk]), {**data, "reason": "First."})
        late = as_(operator).post(reverse("operation_park", args=[failed.pk]), data)
        assert late.status_code == 409
        assert "Too late.</textarea>" in late.content.decode()

    @pytest.mark.parametrize("version", ["", "x", "0", "\x00", "9" * 40])
    def test_a_version_that_is_none_changes_nothing(
        self, as_: SignIn, failed: Operation, operator: User, version: str
    ) -> None:
        for name in ("operation_retry", "operation_park", "operation_resume"):
            data = {"version": version, "reason": "Because."}
            assert as_(operator).post(reverse(name, args=[failed.pk]), data).status_code in (409, 422)
        failed.refresh_from_db()
        assert failed.status == "failed"

    def test_resuming_puts_it_back(self, as_: SignIn, queued: Operation, operator: User) -> None:
        park(queued, operator)
        page = text(as_(operator), queued.get_absolute_url())
        assert reverse("operation_resume", args=[queued.pk]) in page
        as_(operator).post(reverse("operation_resume", args=[queued.pk]), {"version": queued.version})
        queued.refresh_from_db()
        assert (queued.status, queued.parked_at) == ("queued", None)
        assert EndpointRequest.objects.get().status == "approved"


class TestBeyondRetry:
    """What the service's owner rejected can't be tried again."""

    def test_withdraw_comes_first_and_retry_is_not_offered(
        self, as_: SignIn, account: Account, engineer: User, approver: User, operator: User
    ) -> None:
        partner = "com.amazonaws.eu-west-1.partner"
        spec = factories.interface_spec(account, service_name=partner, private_dns_enabled=False)
        request = factories.approved(factories.submitted(account, engineer, spec), approver)
        factories.rejected(request)
        client, retry = as_(engineer), reverse("request_retry", args=[request.pk])

        page = text(client, request.get_absolute_url())
        assert retry not in page
        assert 'class="btn btn-danger btn-sm" id="act-withdraw"' in page
        assert "then withdraw this request above" in page
        operation = Operation.objects.get()
        assert "act-retry" not in text(as_(operator), operation.get_absolute_url())
        assert client.post(retry).status_code == 409
        refused = as_(operator).post(reverse("operation_retry", args=[operation.pk]), {"version": operation.version})
        assert refused.status_code == 409
        assert "can&#x27;t help" in refused.content.decode()

        endpoint = text(client, operation.endpoint.get_absolute_url())
        assert "then ask for its deletion here" in endpoint
        assert 'class="btn btn-danger btn-sm" id="act-delete"' in endpoint
        assert "act-policy" not in endpoint
