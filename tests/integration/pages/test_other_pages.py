"""The front door, search, approvals, events, tokens and the editor's questions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse

from endpoints.models import Account, Event, InventoryItem, User
from endpoints.models.requests import EndpointRequestQuerySet
from tests import factories
from tests.integration.pages.conftest import SignIn


class TestHome:
    """Where each person starts."""

    def test_it_leads_approvers_to_what_waits_and_others_to_the_requests(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        assert as_(approver).get("/")["Location"] == reverse("request_list")
        factories.submitted(account, engineer)
        assert as_(approver).get("/")["Location"] == reverse("approval_queue")
        assert as_(engineer).get("/")["Location"] == reverse("request_list")

    def test_who_is_not_signed_in_signs_in_first(self, db: None) -> None:
        assert reverse("account_login") in Client().get("/")["Location"]


class TestSearch:
    """Finding by what people have at hand."""

    def test_an_exact_hit_is_opened_at_once(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        asked = factories.submitted(account, engineer)
        (endpoint,) = factories.available(factories.approved(asked, approver))
        client, url = as_(engineer), reverse("search")
        assert client.get(url, {"q": asked.reference.lower()})["Location"] == asked.get_absolute_url()
        assert client.get(url, {"q": f" {endpoint.vpc_endpoint_id} "})["Location"] == endpoint.get_absolute_url()
        page = client.get(url, {"q": endpoint.vpc_id}).content.decode()
        assert asked.get_absolute_url() in page
        assert endpoint.get_absolute_url() in page

    @pytest.mark.parametrize("text", ["MAIN", "payments-pro", "{account_id}"])
    def test_the_names_that_stand_on_every_page_are_found(
        self, as_: SignIn, account: Account, engineer: User, approver: User, text: str
    ) -> None:
        asked = factories.submitted(account, engineer)
        (endpoint,) = factories.available(factories.approved(asked, approver))
        elsewhere = factories.make_account("logistics")
        another = factories.submitted(elsewhere, engineer)
        InventoryItem.objects.filter(account=elsewhere, kind="vpc").update(name="other")
        query = text.format(account_id=account.account_id)
        page = as_(engineer).get(reverse("search"), {"q": query}).content.decode()
        assert asked.get_absolute_url() in page
        assert endpoint.get_absolute_url() in page
        assert another.get_absolute_url() not in page

    def test_nobody_finds_what_they_may_not_see(
        self, as_: SignIn, account: Account, engineer: User, outsider: User
    ) -> None:
        asked = factories.submitted(account, engineer, title="Secret plans")
        for text in (asked.reference, "Secret plans", asked.changes.get().vpc_id):
            response = as_(outsider).get(reverse("search"), {"q": text})
            assert response.status_code == 200
            assert asked.get_absolute_url() not in response.content.decode()

    @pytest.mark.parametrize("text", ["", "\x00", "x" * 5000, "REQ-99999999999999999999", "vpce-", "<script>"])
    def test_any_text_is_answered(self, as_: SignIn, engineer: User, text: str) -> None:
        response = as_(engineer).get(reverse("search"), {"q": text})
        assert response.status_code == 200
        assert "<script>&" not in response.content.decode()


class TestApprovals:
    """What waits for an approver."""

    def test_the_oldest_comes_first_with_its_justification(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        first = factories.submitted(account, engineer, title="First")
        second = factories.submitted(account, engineer, title="Second")
        page = as_(approver).get(reverse("approval_queue")).content.decode()
        assert page.index(first.get_absolute_url()) < page.index(second.get_absolute_url())
        assert "The batch jobs read S3 through NAT today." in page
        assert "1 warning" in page

    def test_ones_own_and_other_accounts_are_not_in_it(self, as_: SignIn, account: Account, engineer: User) -> None:
        both = factories.make_person("both", factories.Role.ENGINEER, team=factories.make_team(), approves=account)
        factories.submitted(account, both, title="My own")
        factories.submitted(factories.make_account("elsewhere"), engineer, title="Elsewhere")
        page = as_(both).get(reverse("approval_queue")).content.decode()
        assert "Nothing waits for you" in page
        assert "My own" not in page
        assert "Elsewhere" not in page

    @pytest.mark.parametrize("account_text", ["", "0", "x", "\x00", "9" * 40, "9" * 5000])
    def test_the_account_filter_takes_anything(
        self, as_: SignIn, account: Account, engineer: User, approver: User, account_text: str
    ) -> None:
        factories.submitted(account, engineer)
        assert as_(approver).get(reverse("approval_queue"), {"account": account_text}).status_code == 200

    @pytest.mark.parametrize("count", [1, 30])
    def test_the_number_of_queries_does_not_grow(
        self,
        as_: SignIn,
        account: Account,
        engineer: User,
        approver: User,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        for _ in range(count):
            factories.submitted(account, engineer)
        client = as_(approver)
        with django_assert_num_queries(9):
            client.get(reverse("approval_queue"))


class TestEvents:
    """The record."""

    def test_auditors_see_all_and_others_what_they_see(
        self, as_: SignIn, account: Account, engineer: User, outsider: User, auditor: User
    ) -> None:
        asked = factories.submitted(account, engineer)
        url = reverse("event_list")
        assert asked.reference in as_(auditor).get(url).content.decode()
        assert asked.reference in as_(engineer).get(url).content.decode()
        assert asked.reference not in as_(outsider).get(url).content.decode()

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("verb=request.", True),
            ("verb=endpoint.", False),
            ("actor=engineer", True),
            ("channel=worker", False),
            ("since=2000-01-01&until=2100-01-01", True),
            ("since=2100-01-01", False),
            ("request=999999", False),
            ("request=nonsense", True),
            ("since=yesterday", True),
            ("actor=%00", True),
        ],
    )
    def test_filters_stand_in_the_address(
        self, as_: SignIn, account: Account, engineer: User, query: str, found: bool
    ) -> None:
        asked = factories.submitted(account, engineer)
        response = as_(engineer).get(f"{reverse('event_list')}?{query}")
        assert response.status_code == 200
        assert (asked.get_absolute_url() in response.content.decode()) is found

    @pytest.mark.parametrize("count", [1, 30])
    def test_the_number_of_queries_does_not_grow(
        self, as_: SignIn, account: Account, engineer: User, count: int, django_assert_num_queries: Any
    ) -> None:
        for _ in range(count):
            factories.submitted(account, engineer)
        client = as_(engineer)
        with django_assert_num_queries(9):
            client.get(reverse("event_list"))


class TestTokens:
    """API tokens."""

    def test_a_token_is_shown_once_works_and_is_recorded(
        self, as_: SignIn, account: Account, engineer: User, auditor: User
    ) -> None:
        client, url = as_(engineer), reverse("token_list")
        page = client.post(url, {"days": "30"})
        token = re.search(r'data-copy="([0-9a-f]{40,})"', page.content.decode())
        assert token is not None
        assert "no-store" in page["Cache-Control"]
        assert token[1] not in client.get(url).content.decode()
        answer = Client().get(reverse("api_requests"), headers={"Authorization": f"Token {token[1]}"})
        assert answer.status_code == 200
        assert Event.objects.get(verb="token.created").actor == "engineer"
        client.post(url, {"token_key": token[1][:15]})
        assert Client().get(reverse("api_requests"), headers={"Authorization": f"Token {token[1]}"}).status_code == 401

    @pytest.mark.parametrize("data", [{"days": "36500"}, {"days": "x"}, {"token_key": "\x00"}, {}])
    def test_what_cannot_be_is_refused(self, as_: SignIn, engineer: User, data: dict[str, str]) -> None:
        assert as_(engineer).post(reverse("token_list"), data).status_code == 422

    def test_nobody_revokes_anothers_token(self, as_: SignIn, engineer: User, teammate: User) -> None:
        url = reverse("token_list")
        as_(engineer).post(url, {"days": "30"})
        key = engineer.auth_token_set.get().token_key
        assert as_(teammate).post(url, {"token_key": key}).status_code == 409
        assert engineer.auth_token_set.count() == 1

    def test_twenty_are_enough(self, as_: SignIn, engineer: User) -> None:
        client, url = as_(engineer), reverse("token_list")
        codes = [client.post(url, {"days": "90"}).status_code for _ in range(21)]
        assert codes == [200] * 20 + [422]


class TestPolicyCheck:
    """The editor's questions."""

    def ask(self, client: Client, body: Any) -> Any:
        """Post a body, as JSON where it isn't text."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return client.post(reverse("policy_check"), text, content_type="application/json")

    def test_findings_name_their_place_and_cure(self, as_: SignIn, engineer: User) -> None:
        policy = '{\n  "Version": "2012-10-17",,\n}'
        answer = self.ask(as_(engineer), {"policy": policy, "vpc_endpoint_type": "Gateway"}).json()
        finding = answer["findings"][0]
        assert set(finding) == {"rule", "severity", "line", "column", "message", "cure", "url"}
        assert (finding["severity"], finding["line"]) == ("block", 2)

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            "[]",
            "null",
            b"\xff",
            "[" * 100_000,
            {"policy": 1, "vpc_endpoint_type": "Gateway"},
            {"policy": "{}"},
            {"policy": "{}", "vpc_endpoint_type": "Gateway", "service_name": 1},
        ],
    )
    def test_what_is_no_question_is_refused(self, as_: SignIn, engineer: User, body: Any) -> None:
        assert self.ask(as_(engineer), body).status_code == 400

    def test_the_endpoints_service_counts_and_each_rule_has_its_place_on_the_page(
        self, as_: SignIn, engineer: User
    ) -> None:
        client, service = as_(engineer), "com.amazonaws.eu-west-1.logs"
        asked = {"policy": factories.READ_ONLY, "vpc_endpoint_type": "Interface", "service_name": service}
        found = self.ask(client, asked).json()["findings"]
        finding = next(item for item in found if item["rule"] == "action-elsewhere")
        address, _, anchor = finding["url"].partition("#")
        assert f'id="{anchor}"' in client.get(address).content.decode()

    def test_any_text_is_a_policy_to_judge(self, as_: SignIn, engineer: User) -> None:
        for policy in ("", "[" * 20_480, "\x00", '"\\ud800"', "NaN", "x" * 100_000):
            answer = self.ask(as_(engineer), {"policy": policy, "vpc_endpoint_type": "Interface"})
            assert answer.status_code == 200
            assert answer.json()["findings"]


def test_no_cache_on_the_way_keeps_what_one_person_may_see(
    as_: SignIn, account: Account, engineer: User, client: Client
) -> None:
    asked = factories.submitted(account, engineer)
    lists = [f"{reverse('request_list')}?export=csv", reverse("request_list"), "/nothing/"]
    for answer in [as_(engineer).get(url) for url in (*lists, asked.get_absolute_url())]:
        assert answer["Cache-Control"] == "private, no-cache"
        assert "Cookie" in answer["Vary"]
    assert client.get(asked.get_absolute_url())["Cache-Control"] == "private, no-cache", "that they must sign in"


@pytest.mark.parametrize(
    ("simulated", "url", "words"),
    [
        (True, "http://127.0.0.1:4566", "Sandbox: AWS is simulated on this machine"),
        (False, "http://aws.example:4566", "Sandbox: AWS is at http://aws.example:4566, with the credentials of"),
        (False, "", "Sandbox with the real AWS"),
    ],
)
@pytest.mark.parametrize("name", ["request_list", "admin:index"])
def test_the_banner_names_the_aws_that_is_called(
    as_: SignIn, auditor: User, settings: Any, name: str, simulated: bool, url: str, words: str
) -> None:
    settings.PORTAL_AWS_SIMULATED, settings.AWS_ENDPOINT_URL = simulated, url
    User.objects.filter(pk=auditor.pk).update(is_staff=True)
    text = as_(auditor).get(reverse(name)).content.decode()
    assert words in text
    assert ("is simulated" in text) == simulated


class TestFailure:
    """The portal, or its database, fails while a page is made."""

    @pytest.mark.parametrize(
        ("error", "status", "words"),
        [
            (OperationalError("the connection is closed"), 503, "database doesn"),
            (InterfaceError("connection already closed"), 503, "database doesn"),
            (RuntimeError("a bug"), 500, "tell"),
        ],
    )
    def test_an_outage_that_passes_is_told_from_a_bug(
        self, as_: SignIn, engineer: User, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
    ) -> None:
        client = as_(engineer)
        client.raise_request_exception = False

        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(EndpointRequestQuerySet, "visible_to", fail)
        for address in (reverse("request_list"), "/api/v1/requests"):
            answer = client.get(address)
            assert (answer.status_code, answer.get("Retry-After")) == (status, "5" if status == 503 else None)
            assert words in answer.content.decode()
