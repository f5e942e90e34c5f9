"""What a policy gains and loses, and the second reviewer, on the pages and in the JSON where people decide on it."""

from __future__ import annotations

import uuid
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from endpoints.models import Account, Endpoint, EndpointRequest, Event, Role, User
from endpoints.policy.compare import Comparison, Region
from endpoints.policy.evaluate import Request
from endpoints.services import policy_meaning
from tests import factories
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.test_request_page import review

GAIN = Region(
    "Anyone may now list <every> bucket.",
    Request(
        principal="arn:aws:iam::111122223333:role/batch",
        action="s3:ListBucket",
        resource="arn:aws:s3:::payments",
        resource_account="444455556666",
        context={"aws:PrincipalTag/team": "</code><script>", "aws:TagKeys": ("one", "two")},
    ),
)
LOSS = Region("Nobody may read objects any more.", Request(principal="*", action="s3:GetObject", resource="*"))


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> list[Comparison]:
    """Let comparing find what these tests show: what is found is proved where the engine is tested."""
    found = [Comparison("incomparable", (GAIN,), (LOSS,), "")]
    monkeypatch.setattr(policy_meaning, "compare", lambda before, after: found[-1])
    return found


@pytest.fixture
def account(db: None) -> Account:
    return factories.make_account(protected=True)


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Endpoint:
    spec = factories.gateway_spec(account, policy_document=factories.READ_ONLY)
    (made,) = factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
    return made


@pytest.fixture
def asked(endpoint: Endpoint, engineer: User) -> EndpointRequest:
    return factories.policy_change(endpoint, engineer, factories.DENY_DELETE)


def page_of(client: object, address: str) -> str:
    response = client.get(address)  # type: ignore[attr-defined]
    assert response.status_code == 200
    return response.content.decode()


class TestMeaning:
    """Gains and losses."""

    def test_a_request_says_what_is_gained_and_lost_with_a_request_for_each(
        self, as_: SignIn, asked: EndpointRequest, approver: User
    ) -> None:
        page = page_of(as_(approver), asked.get_absolute_url())
        assert "Gains and loses: allows more here and less there" in page
        assert page.index("Gains</h3>") < page.index("list &lt;every&gt; bucket") < page.index("Loses</h3>")
        assert page.index("Loses</h3>") < page.index("Nobody may read") < page.index('class="diff"')
        for fact in ("arn:aws:iam::111122223333:role/batch", "s3:ListBucket", "444455556666", "one, two"):
            assert fact in page
        assert "</code><script>" not in page
        assert '"action": "s3:ListBucket"' in unescape(page)

    def test_a_revision_keeps_it_and_says_what_it_was_compared_with(
        self, as_: SignIn, asked: EndpointRequest, endpoint: Endpoint, engineer: User
    ) -> None:
        page = page_of(as_(engineer), reverse("policy_revision", args=[endpoint.pk, 2]))
        assert "compared with revision 1 when it was submitted" in page
        assert "list &lt;every&gt; bucket" in page
        assert "What it means" not in page_of(as_(engineer), reverse("policy_revision", args=[endpoint.pk, 1]))

    @pytest.mark.parametrize(
        ("relation", "words"),
        [("equivalent", "Equivalent: same meaning"), ("undecided", "Undecided: too complex to compare; read the text")],
    )
    def test_where_nothing_is_gained_or_lost_no_list_says_so(
        self,
        as_: SignIn,
        endpoint: Endpoint,
        engineer: User,
        found: list[Comparison],
        relation: str,
        words: str,
    ) -> None:
        found.append(Comparison(relation, (), (), "It has 4,096 wildcards."))
        asked = factories.policy_change(endpoint, engineer, factories.DENY_DELETE)
        page = page_of(as_(engineer), asked.get_absolute_url())
        assert words in page
        assert "It has 4,096 wildcards." in page
        assert "Gains</h3>" not in page

    def test_what_is_wider_says_that_nothing_is_lost(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, found: list[Comparison]
    ) -> None:
        found.append(Comparison("wider", (GAIN,), (), ""))
        asked = factories.policy_change(endpoint, engineer, factories.DENY_DELETE)
        page = page_of(as_(engineer), asked.get_absolute_url())
        assert "Wider: allows more than before" in page
        assert "Nothing that was allowed before." in page

    def test_its_author_sees_it_before_submitting(self, as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
        form = {
            "access": "custom",
            "policy_document": factories.DENY_DELETE,
            "title": "More",
            "reason": "It is needed.",
            "base_generation": endpoint.generation,
            "submission_key": uuid.uuid4(),
            "action": "review",
        }
        page = as_(engineer).post(reverse("endpoint_policy_new", args=[endpoint.pk]), form).content.decode()
        assert "list &lt;every&gt; bucket" in page
        assert "two people must approve it" in page

    def test_pages_compare_nothing(
        self, as_: SignIn, asked: EndpointRequest, endpoint: Endpoint, approver: User, found: list[Comparison]
    ) -> None:
        found.clear()  # whoever compares now fails
        for address in (
            asked.get_absolute_url(),
            reverse("policy_revision", args=[endpoint.pk, 2]),
            reverse("approval_queue"),
            reverse("api_request", args=[asked.pk]),
        ):
            assert as_(approver).get(address).status_code == 200

    def test_the_json_of_request_and_revision_carries_it(
        self, as_: SignIn, asked: EndpointRequest, endpoint: Endpoint, engineer: User
    ) -> None:
        client = as_(engineer)
        shown = client.get(reverse("api_request", args=[asked.pk])).json()
        meaning = shown["changes"][0]["meaning"]
        assert (meaning["relation"], meaning["gained"][0]["text"]) == ("incomparable", GAIN.text)
        assert meaning["gained"][0]["witness"]["context"]["aws:TagKeys"] == ["one", "two"]
        assert (shown["approvals_needed"], shown["endorsed_by"]) == (2, None)
        second, first = client.get(reverse("api_policy_revisions", args=[endpoint.pk])).json()["results"]
        assert (second["meaning"], first["meaning"]) == (meaning, None)


class TestSecondReviewer:
    """Two people, one after the other."""

    def test_the_queue_tells_each_what_is_asked_of_them(
        self, as_: SignIn, asked: EndpointRequest, approver: User, second_approver: User
    ) -> None:
        queue = reverse("approval_queue")
        page = page_of(as_(approver), queue)
        for words in ("Gains and loses:", "Protected account", "Two approvals needed"):
            assert words in page
        factories.approved(asked, approver)
        assert asked.reference not in page_of(as_(approver), queue)
        page = page_of(as_(second_approver), queue)
        assert asked.reference in page
        assert "Needs a second approval" in page

    def test_the_first_is_told_that_it_takes_another_and_can_still_refuse(
        self, as_: SignIn, asked: EndpointRequest, approver: User
    ) -> None:
        client = as_(approver)
        assert "0 of 2 approvals" in page_of(client, asked.get_absolute_url())
        response = review(client, asked, "approve", "Fine.")
        assert "1 of 2" in str(next(iter(get_messages(response.wsgi_request))))
        page = page_of(client, asked.get_absolute_url())
        assert "1 of 2 approvals, by approver; a second reviewer must approve." in page
        assert 'value="approve"' not in page
        assert 'value="reject"' in page
        again = review(client, asked, "approve")
        assert again.status_code == 409
        assert "You have approved this already" in unescape(again.content.decode())
        assert review(client, asked, "reject", "I looked again.").status_code == 302
        asked.refresh_from_db()
        assert asked.status == "rejected"

    def test_the_second_completes_it(
        self, as_: SignIn, asked: EndpointRequest, approver: User, second_approver: User
    ) -> None:
        review(as_(approver), asked, "approve")
        page = page_of(as_(second_approver), asked.get_absolute_url())
        assert 'value="approve"' in page
        assert "A second reviewer decides" in page
        response = review(as_(second_approver), asked, "approve")
        assert "Approved." in str(next(iter(get_messages(response.wsgi_request))))
        page = page_of(as_(second_approver), asked.get_absolute_url())
        assert "Approved by second-approver" in page
        assert "Approved: 1 of 2" in page  # the record
        shown = as_(approver).get(reverse("api_request", args=[asked.pk])).json()
        assert (shown["endorsed_by"]["username"], shown["approved_by"]["username"]) == ("approver", "second-approver")

    def test_the_page_of_who_waits_is_told_by_its_version(
        self, as_: SignIn, asked: EndpointRequest, approver: User, engineer: User
    ) -> None:
        before = asked.version
        factories.approved(asked, approver)
        response = as_(engineer).get(reverse("request_live", args=[asked.pk]), {"v": before})
        assert "1 of 2 approvals" in response.content.decode()


class TestProtection:
    """Protecting an account."""

    def test_an_administrator_protects_it_and_stops_again(self, as_: SignIn, account: Account) -> None:
        client = as_(factories.make_person("administrator", Role.ADMINISTRATOR))
        assert "Protected account" in page_of(client, reverse("aws_account_list"))
        url = reverse("aws_account_protect", args=[account.pk])
        assert client.post(url, {"protected": "maybe"}).status_code == 409
        assert client.post(url, {"protected": "no"}).status_code == 302
        assert "Not protected" in page_of(client, account.get_absolute_url())
        assert client.post(url, {"protected": "yes"}).status_code == 302
        page = page_of(client, account.get_absolute_url())
        assert "Protected account" in page
        assert "Stop protecting it" in page
        assert Event.objects.filter(verb__in=("account.protected", "account.unprotected")).count() == 2

    def test_a_new_account_can_be_protected_at_once(self, as_: SignIn, account: Account) -> None:
        client = as_(factories.make_person("administrator", Role.ADMINISTRATOR))
        form = {"account_id": "123456789012", "name": "vault", "regions": "eu-west-1", "role_name": "EndpointPortal"}
        client.post(reverse("aws_account_new"), {**form, "protected": "on"})
        assert Account.objects.get(name="vault").protected
        assert Event.objects.get(verb="account.added").data["after"]["protected"] is True

    def test_what_had_full_access_before_is_modified_only_once_its_policy_is_changed(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        Account.objects.update(protected=False)
        account.refresh_from_db()
        (full,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
        Account.objects.update(protected=True)
        form = {
            "route_table_ids": full.desired_spec().route_table_ids,
            "name": "another",
            "title": "Another name",
            "justification": "It is clearer.",
            "base_generation": full.generation,
            "action": "review",
        }
        response = as_(engineer).post(reverse("endpoint_modify", args=[full.pk]), form)
        assert response.status_code == 422
        assert "an endpoint that exists gets it by a change of its policy" in response.content.decode()

    def test_who_only_reads_it_sees_no_button(self, as_: SignIn, account: Account, approver: User) -> None:
        page = page_of(as_(approver), account.get_absolute_url())
        assert "Protected account" in page
        assert "Stop protecting it" not in page
