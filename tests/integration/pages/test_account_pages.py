"""The pages of AWS accounts: list, adding, the account's own page, its check and its ExternalId."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from endpoints.models import Account, AccountCheck, AccountRegion, Event, Role, User
from endpoints.policy import role
from endpoints.services import accounts
from endpoints.services.actors import person
from tests import factories
from tests.integration.pages.conftest import SignIn

LIST = reverse("aws_account_list")
FINDINGS = [
    {
        "section": "identity",
        "name": "Role",
        "outcome": "ok",
        "detail": "Assumed.",
        "cure": "",
        "region": "",
        "code": "",
    },
    {
        "section": "permission",
        "name": "ec2:ModifyVpcEndpoint",
        "outcome": "bad",
        "detail": "The role may not: UnauthorizedOperation.",
        "cure": "Add the statement ChangeEndpoints.",
        "region": "eu-west-1",
        "code": "UnauthorizedOperation",
    },
]


@pytest.fixture
def administrator(account: Account) -> User:
    return factories.make_person("administrator", Role.ADMINISTRATOR)


@pytest.fixture
def desk(administrator: User, as_: SignIn) -> Client:
    return as_(administrator)


def text(response: Any) -> str:
    """Return a page's text."""
    return unescape(response.content.decode())


def checked(account: Account, by: User, findings: list[dict[str, str]] | None = None) -> AccountCheck:
    """Return a check that a worker has done."""
    check = accounts.request_check(account=account, by=person(by), now=timezone.now())
    AccountCheck.objects.filter(pk=check.pk).update(
        findings=findings or FINDINGS, finished_at=timezone.now(), version=2
    )
    check.refresh_from_db()
    return check


class TestList:
    """Any number of accounts, a page at a time."""

    def test_it_is_paged_searched_and_asks_for_no_more_when_it_grows(
        self, desk: Client, administrator: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(30):
            account = Account.objects.create(
                account_id=f"{900000000000 + number}",
                name=f"team-{number:02}",
                role_arn="arn",
                external_id=f"x{number}",
                regions=["eu-central-1"],
            )
            checked(account, administrator)
        with django_assert_max_num_queries(9):
            first = desk.get(LIST)
        assert len(first.context["rows"]) == 25
        assert text(first).count("Needs attention") == 25 - 1, "the account of the cast was never checked"
        assert [item.name for item, _, _ in desk.get(LIST, {"q": "team-07"}).context["rows"]] == ["team-07"]
        assert [item.name for item, _, _ in desk.get(LIST, {"q": "90000000000"}).context["rows"]][:1] == ["team-00"]
        assert not desk.get(LIST, {"region": "mars-north-1"}).context["rows"]

    def test_an_approver_sees_their_own_and_the_way_there(self, as_: SignIn, account: Account, approver: User) -> None:
        factories.make_account("other")
        page = as_(approver).get(LIST)
        assert [item for item, _, _ in page.context["rows"]] == [account]
        assert "Add account" not in text(page)
        assert "Accounts</a>" in text(page)


class TestAdding:
    """Step 1 of 3."""

    form = {"account_id": "1234-5678-9012", "name": "new", "regions": "EU-West-1; us-east-1", "role_name": "Portal"}

    def test_it_makes_the_external_id_and_leads_on_to_the_role(self, desk: Client) -> None:
        response = desk.post(reverse("aws_account_new"), {**self.form, "external_id": "typed"}, follow=True)
        account = Account.objects.get(account_id="123456789012")
        assert account.regions == ["eu-west-1", "us-east-1"]
        assert account.external_id != "typed"
        assert response.redirect_chain == [(account.get_absolute_url(), 302)]
        assert account.external_id in text(response)
        assert "Never checked" in text(response)

    def test_what_is_wrong_stands_beside_its_field(self, desk: Client, account: Account) -> None:
        response = desk.post(
            reverse("aws_account_new"), {**self.form, "account_id": account.account_id, "regions": "x"}
        )
        assert response.status_code == 422
        assert set(response.context["form"].errors) == {"account_id", "regions"}


class TestPage:
    """One account: its check, and the policies of its role."""

    def test_the_policies_are_printed_and_can_be_copied(self, desk: Client, account: Account, settings: Any) -> None:
        settings.PORTAL_AWS_PRINCIPAL = "arn:aws:iam::111122223333:role/portal"
        page = desk.get(account.get_absolute_url()).context["page"]
        trust = json.loads(page.trust_policy)["Statement"][0]
        assert trust["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/portal"}
        assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": account.external_id}}
        assert json.loads(page.permission_policy) == role.permission_policy(account_id=account.account_id)
        answer = text(desk.get(account.get_absolute_url()))
        assert "PORTAL_AWS_PRINCIPAL" not in answer
        assert answer.count("data-copy-name") == 2
        assert all(statement.why[:40] in answer for statement in role.STATEMENTS)

    def test_without_a_principal_it_says_so_plainly(self, desk: Client, account: Account, settings: Any) -> None:
        settings.PORTAL_AWS_PRINCIPAL = ""
        answer = text(desk.get(account.get_absolute_url()))
        assert "PORTAL_AWS_PRINCIPAL" in answer
        assert "portal account" in answer

    def test_a_check_is_asked_for_followed_and_shown(
        self, as_: SignIn, account: Account, operator: User, auditor: User
    ) -> None:
        client = as_(operator)
        assert client.post(reverse("aws_account_check", args=[account.pk])).status_code == 302
        page = client.get(account.get_absolute_url())
        assert "Checking…" in text(page)
        live = reverse("aws_account_live", args=[account.pk])
        version = page.context["page"].version
        assert f"{live}?v={version}" in text(page)
        assert client.get(live, {"v": version}).status_code == 204
        AccountCheck.objects.update(findings=FINDINGS, finished_at=timezone.now(), version=2)
        fragment = client.get(live, {"v": version})
        assert "ec2:ModifyVpcEndpoint" in text(fragment)
        assert "ChangeEndpoints" in text(fragment)
        assert "poll" not in text(fragment), "what is over isn't asked for again"
        watcher = text(as_(auditor).get(account.get_absolute_url()))
        assert "Needs attention" in watcher
        assert "Check now" not in watcher

    def test_another_external_id_is_asked_for_on_a_page_of_its_own(
        self, desk: Client, account: Account, as_: SignIn, operator: User
    ) -> None:
        before, address = account.external_id, reverse("aws_account_external_id", args=[account.pk])
        assert "loses its way" in text(desk.get(address))
        account.refresh_from_db()
        assert account.external_id == before
        assert desk.post(address).status_code == 302
        account.refresh_from_db()
        assert account.external_id != before
        assert Event.objects.filter(verb="account.external_id_renewed").count() == 1
        assert address not in text(as_(operator).get(account.get_absolute_url()))


class TestJson:
    """GET /api/v1/accounts/{id}."""

    def test_it_tells_the_last_check_and_never_the_external_id(
        self, as_: SignIn, account: Account, operator: User
    ) -> None:
        client, address = as_(operator), f"/api/v1/accounts/{account.pk}"
        assert client.get(address).json()["last_check"] is None
        checked(account, operator)
        answer = client.get(address)
        body = answer.json()
        assert body["account_id"] == account.account_id
        assert (body["last_check"]["outcome"], body["last_check"]["findings"]) == ("bad", FINDINGS)
        assert account.external_id not in text(answer)
        assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
        accounts.request_check(account=account, by=person(operator), now=timezone.now())
        again = client.get(address, headers={"If-None-Match": answer["ETag"]})
        assert again.json()["last_check"]["outcome"] is None


class TestCommand:
    """`manage.py account_policies`."""

    def test_it_prints_both_as_json(self, account: Account, settings: Any) -> None:
        settings.PORTAL_AWS_PRINCIPAL = ""
        out, err = StringIO(), StringIO()
        call_command("account_policies", account.account_id, stdout=out, stderr=err)
        printed = json.loads(out.getvalue())
        assert printed["permission_policy"] == role.permission_policy(account_id=account.account_id)
        assert account.external_id in json.dumps(printed["trust_policy"])
        assert "PORTAL_AWS_PRINCIPAL" in err.getvalue()

    def test_an_unknown_account_is_told(self, db: None) -> None:
        with pytest.raises(CommandError, match="no account"):
            call_command("account_policies", "000000000000")


class TestRegions:
    """When each region's inventory was read, and having it read again."""

    def test_a_region_is_read_again_and_the_page_follows(self, desk: Client, account: Account) -> None:
        address = reverse("aws_account_detail", args=[account.pk])
        page = text(desk.get(address))
        assert "Refresh now" in page
        assert "poll from:body" not in page
        desk.post(reverse("aws_account_refresh", args=[account.pk]), {"region": factories.REGION})
        page = text(desk.get(address))
        assert "A worker reads it now" in page
        assert "poll from:body" in page
        (version,) = set(re.findall(r"live/\?v=([\w.-]+)", page))
        live = reverse("aws_account_live", args=[account.pk])
        assert desk.get(live, {"v": version}).status_code == 204
        AccountRegion.objects.update(inventory_at=timezone.now(), inventory_due_at=timezone.now() + timedelta(hours=1))
        news = desk.get(live, {"v": version})
        assert news.status_code == 200
        assert "Refresh now" in text(news)

    def test_what_kept_the_portal_out_is_shown_with_its_cure(self, desk: Client, account: Account) -> None:
        AccountRegion.objects.update(inventory_error="vpc: UnauthorizedOperation: No. Ask the account's owner.")
        page = text(desk.get(reverse("aws_account_detail", args=[account.pk])))
        assert "Not fully read" in page
        assert "Ask the account's owner." in page
        assert "What the portal shows was read" in page

    def test_a_region_that_is_not_the_accounts_is_refused(self, desk: Client, account: Account) -> None:
        response = desk.post(reverse("aws_account_refresh", args=[account.pk]), {"region": "eu-north-1"})
        assert response.status_code == 409
