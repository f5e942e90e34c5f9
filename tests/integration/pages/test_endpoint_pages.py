"""Endpoints: the list, the page with what is desired beside what is there, and the changes that can be asked for."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, Endpoint, EndpointRequest, Operation, User
from endpoints.services import policies, requests
from endpoints.services.actors import person
from tests import factories
from tests.integration.pages.conftest import SignIn

READ = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
)
WRITE = READ.replace("GetObject", "PutObject")


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Endpoint:
    """Return an available Gateway endpoint with full access."""
    (made,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    return made


def change(endpoint: Endpoint, /, **changes: Any) -> dict[str, Any]:
    """Return the data of a change's form."""
    return {
        "title": "Narrow it",
        "reason": "Only reads are needed.",
        "access": "custom",
        "policy_document": READ,
        "base_generation": endpoint.generation,
        "submission_key": str(uuid.uuid4()),
        **changes,
    }


def apply_policy(client: Any, endpoint: Endpoint, approver: User, document: str) -> None:
    """Have another policy asked for, approved and applied."""
    endpoint.refresh_from_db()
    data = change(endpoint, policy_document=document, action="submit")
    assert client.post(reverse("endpoint_policy_new", args=[endpoint.pk]), data).status_code == 302
    factories.available(factories.approved(EndpointRequest.objects.latest("pk"), approver))
    endpoint.refresh_from_db()


class TestList:
    """The list of endpoints."""

    def test_it_lists_what_the_person_sees(
        self, as_: SignIn, endpoint: Endpoint, teammate: User, outsider: User
    ) -> None:
        url = reverse("endpoint_list")
        assert endpoint.get_absolute_url() in as_(teammate).get(url).content.decode()
        assert endpoint.get_absolute_url() not in as_(outsider).get(url).content.decode()

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q={id}", True),
            ("q={vpc}", True),
            ("q={part}", True),
            ("q={part}x", False),
            ("q=s3", True),
            ("q=dynamodb", False),
            ("type=Gateway", True),
            ("type=Interface", False),
            ("status=available", True),
            ("status=failed", False),
            ("region=eu-west-1&sort=vpc_id", True),
            ("account=999", False),
        ],
    )
    def test_filters_stand_in_the_address(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, query: str, found: bool
    ) -> None:
        query = query.format(id=endpoint.vpc_endpoint_id, vpc=endpoint.vpc_id, part=endpoint.vpc_id[:-6])
        page = as_(engineer).get(f"{reverse('endpoint_list')}?{query}").content.decode()
        # An account that isn't one of the choices is told and not obeyed.
        assert (endpoint.get_absolute_url() in page) is (found or "account=999" in query)

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
            factories.approved(factories.submitted(account, engineer, factories.unrouted_spec(account)), approver)
        client = as_(engineer)
        with django_assert_num_queries(9):
            client.get(reverse("endpoint_list"))


class TestPage:
    """An endpoint's page."""

    def test_desired_stands_beside_observed(self, as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
        page = as_(engineer).get(endpoint.get_absolute_url()).content.decode()
        for text in (
            "As asked",
            "In AWS",
            endpoint.vpc_endpoint_id,
            "pl-6da54004",
            "private",
            "Payments",
            "Revision 1",
        ):
            assert text in page, text
        assert "Differs" not in page

    def test_a_difference_is_said_in_words(self, as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
        observed = dict(endpoint.observed or {}, route_table_ids=["rtb-00000000"])
        Endpoint.objects.filter(pk=endpoint.pk).update(observed=observed)
        assert "Differs" in as_(engineer).get(endpoint.get_absolute_url()).content.decode()

    def test_what_aws_has_stands_in_the_order_of_what_was_asked(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        asked = factories.submitted(account, engineer, factories.interface_spec(account))
        (made,) = factories.available(factories.approved(asked, approver))
        wanted = made.desired_spec().subnet_ids
        assert len(wanted) > 1
        observed = dict(made.observed or {}, subnet_ids=[*reversed(wanted), "subnet-0000aaaa"])
        Endpoint.objects.filter(pk=made.pk).update(observed=observed)
        page = as_(engineer).get(made.get_absolute_url()).content.decode()
        row = re.search(r'<th scope="row">Subnets</th>(.*?)</tr>', page, re.DOTALL)
        assert row
        assert re.findall(r'data-copy="(subnet-\w+)"', row[1]) == [*wanted, *wanted, "subnet-0000aaaa"]

    def test_no_policy_is_offered_where_the_service_takes_none(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        spec = factories.interface_spec(
            account, service_name=f"com.amazonaws.{factories.REGION}.partner", private_dns_enabled=False
        )
        request = factories.submitted(account, engineer, spec)
        asked = as_(engineer).get(request.get_absolute_url()).content.decode()
        assert "The service takes no endpoint policy: access through the endpoint is full." in asked
        assert "nothing gets through before that." in asked
        assert "Choose a custom policy" not in asked
        (made,) = factories.available(factories.approved(request, approver))
        page = as_(engineer).get(made.get_absolute_url()).content.decode()
        assert "Full access, always: its service takes no endpoint policy." in page
        assert reverse("endpoint_modify", args=[made.pk]) in page
        assert reverse("endpoint_policy_new", args=[made.pk]) + '"' not in page

    def test_only_the_owners_see_how_to_change_it(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, auditor: User
    ) -> None:
        for name in ("endpoint_policy_new", "endpoint_delete"):
            url = f'href="{reverse(name, args=[endpoint.pk])}"'
            assert url in as_(engineer).get(endpoint.get_absolute_url()).content.decode()
            assert url not in as_(auditor).get(endpoint.get_absolute_url()).content.decode()

    def test_who_may_not_see_it_gets_404(self, as_: SignIn, endpoint: Endpoint, outsider: User) -> None:
        pages = ["endpoint_detail", "endpoint_live", "endpoint_policy_new", "endpoint_delete"]
        for url in [reverse(name, args=[endpoint.pk]) for name in pages]:
            assert as_(outsider).get(url).status_code == 404

    def test_who_sees_it_without_owning_it_may_not_change_it(
        self, as_: SignIn, account: Account, endpoint: Endpoint
    ) -> None:
        both = factories.make_person(
            "both", factories.Role.ENGINEER, team=factories.make_team("Search"), approves=account
        )
        for name in ("endpoint_policy_new", "endpoint_delete"):
            assert as_(both).get(reverse(name, args=[endpoint.pk])).status_code == 403

    def test_what_is_current_answers_204(self, as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
        url = reverse("endpoint_live", args=[endpoint.pk])
        assert as_(engineer).get(url, {"v": endpoint.version}).status_code == 204
        page = as_(engineer).get(url, {"v": "0"}).content.decode()
        assert page.count('id="live"') == 1
        assert "<html" not in page

    def test_what_never_came_to_be_shows_what_was_asked_for(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        factories.failed(factories.approved(factories.submitted(account, engineer), approver))
        page = as_(engineer).get(Endpoint.objects.get().get_absolute_url()).content.decode()
        assert "RouteAlreadyExists" in page
        assert "This is what was asked for" in page

    def test_the_number_of_queries_does_not_grow_with_the_history(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, approver: User, django_assert_max_num_queries: Any
    ) -> None:
        client = as_(engineer)
        for document in (READ, WRITE, READ):
            apply_policy(client, endpoint, approver, document)
        with django_assert_max_num_queries(13):
            client.get(endpoint.get_absolute_url())


class TestPolicyChange:
    """Proposing another policy."""

    def test_the_difference_is_shown_before_it_is_submitted(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, approver: User
    ) -> None:
        client, url = as_(engineer), reverse("endpoint_policy_new", args=[endpoint.pk])
        review = client.post(url, change(endpoint, action="review")).content.decode()
        assert "lines added" in review
        assert "s3:GetObject" in review
        assert EndpointRequest.objects.count() == 1  # the one that made the endpoint
        submitted = client.post(url, change(endpoint, action="submit"))
        made = EndpointRequest.objects.latest("pk")
        assert submitted["Location"] == made.get_absolute_url()
        assert made.justification == "Only reads are needed."
        page = as_(approver).get(made.get_absolute_url()).content.decode()
        assert "revision 1 → revision 2" in page
        assert "lines added" in page

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"policy_document": ""}, "Write a policy"),
            ({"policy_document": '{"Version": }'}, "Line 1"),
            ({"reason": ""}, "Reason"),
            ({"reason": "\u200b"}, "Nothing of it can be seen."),
            ({"title": ""}, "Title"),
            ({"access": "full", "policy_document": ""}, "the policy in force"),
            ({"base_generation": "x"}, "whole number"),
            ({"policy_document": "\x00"}, "Null characters"),
        ],
    )
    def test_what_cannot_be_is_told_and_kept(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, changes: dict[str, str], said: str
    ) -> None:
        url = reverse("endpoint_policy_new", args=[endpoint.pk])
        response = as_(engineer).post(url, change(endpoint, action="submit", **changes))
        assert response.status_code == 422
        assert said in response.content.decode()

    def test_a_change_against_an_older_generation_is_told_and_kept(
        self, as_: SignIn, endpoint: Endpoint, engineer: User
    ) -> None:
        url = reverse("endpoint_policy_new", args=[endpoint.pk])
        response = as_(engineer).post(url, change(endpoint, base_generation=endpoint.generation + 1, action="submit"))
        page = response.content.decode()
        assert response.status_code == 409
        assert "changed after you opened this form" in page
        assert "Only reads are needed." in page

    def test_a_deleted_endpoints_policy_cannot_be_changed(
        self, as_: SignIn, endpoint: Endpoint, engineer: User
    ) -> None:
        Endpoint.objects.filter(pk=endpoint.pk).update(status="deleted")
        assert as_(engineer).get(reverse("endpoint_policy_new", args=[endpoint.pk])).status_code == 409

    def test_going_back_from_the_review_keeps_what_was_written(
        self, as_: SignIn, endpoint: Endpoint, engineer: User
    ) -> None:
        url = reverse("endpoint_policy_new", args=[endpoint.pk])
        page = as_(engineer).post(url, change(endpoint, action="edit")).content.decode()
        assert "s3:GetObject" in page
        assert "Only reads are needed." in page


class TestRevisions:
    """The policy's history, and going back in it."""

    @pytest.fixture
    def changed(self, as_: SignIn, endpoint: Endpoint, engineer: User, approver: User) -> Endpoint:
        """Return an endpoint at its third revision."""
        for document in (READ, WRITE):
            apply_policy(as_(engineer), endpoint, approver, document)
        return endpoint

    def test_the_history_names_author_approver_and_states(self, as_: SignIn, changed: Endpoint, engineer: User) -> None:
        page = as_(engineer).get(changed.get_absolute_url()).content.decode()
        for text in ("Revision 3", "Applied", "Replaced", "approver", "Only reads are needed."):
            assert text in page
        policies.PolicyRevision.objects.filter(status="applied").update(
            applied_at=timezone.now() - timezone.timedelta(1)
        )
        policies.let_take_effect(now=timezone.now())
        assert "Revision 3 is in effect" in as_(engineer).get(changed.get_absolute_url()).content.decode()

    def test_a_revision_stands_beside_the_one_before_or_any_other(
        self, as_: SignIn, changed: Endpoint, engineer: User
    ) -> None:
        url = reverse("policy_revision", args=[changed.pk, 3])
        assert "Revision 2 → revision 3" in as_(engineer).get(url).content.decode()
        assert "Revision 1 → revision 3" in as_(engineer).get(url, {"against": "1"}).content.decode()
        for other in ("\x00", "9" * 5000):
            assert as_(engineer).get(url, {"against": other}).status_code == 200
        assert as_(engineer).get(reverse("policy_revision", args=[changed.pk, 9])).status_code == 404

    def test_a_rollback_previews_its_difference_and_makes_a_new_revision_that_says_what_it_restores(
        self, as_: SignIn, changed: Endpoint, engineer: User
    ) -> None:
        client, url = as_(engineer), reverse("policy_rollback", args=[changed.pk, 2])
        page = client.get(url).content.decode()
        assert "lines added" in page
        assert "Roll back to revision 2" in page
        assert "Anyone may now use s3:GetObject on every resource." in page
        assert "Anyone may no longer use s3:PutObject on every resource." in page
        assert "two people must approve it" not in page
        Account.objects.update(protected=True)
        assert "two people must approve it" in client.get(url).content.decode()
        Account.objects.update(protected=False)
        assert client.post(url, change(changed, reason="")).status_code == 422
        assert client.post(url, change(changed, reason="Writes broke it.")).status_code == 302
        revision = changed.policy_revisions.get(number=4)
        assert (revision.document, revision.restores.number, revision.reason) == (READ, 2, "Writes broke it.")

    def test_a_rollback_to_full_access_asks_for_no_document(
        self, as_: SignIn, changed: Endpoint, engineer: User
    ) -> None:
        as_(engineer).post(reverse("policy_rollback", args=[changed.pk, 1]), change(changed))
        assert EndpointRequest.objects.latest("pk").changes.get().spec["policy_document"] is None

    def test_there_is_no_going_back_to_the_revision_in_force(
        self, as_: SignIn, changed: Endpoint, engineer: User
    ) -> None:
        assert as_(engineer).get(reverse("policy_rollback", args=[changed.pk, 3])).status_code == 409


class TestDeletion:
    """Asking for an endpoint's deletion."""

    def test_the_page_says_what_goes_and_who_owns_it(self, as_: SignIn, endpoint: Endpoint, engineer: User) -> None:
        page = as_(engineer).get(reverse("endpoint_delete", args=[endpoint.pk])).content.decode()
        assert f"Will delete {endpoint.vpc_endpoint_id}" in page
        assert "open connections drop" in page
        assert "Owned by Payments" in page

    def test_it_becomes_a_request_that_ends_deleted(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, approver: User
    ) -> None:
        url = reverse("endpoint_delete", args=[endpoint.pk])
        data = change(endpoint, justification="Nobody uses it.")
        assert as_(engineer).post(url, {**data, "justification": " "}).status_code == 422
        assert as_(engineer).post(url, data).status_code == 302
        asked = factories.approved(EndpointRequest.objects.latest("pk"), approver)
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        assert f"Will delete {endpoint.vpc_endpoint_id}" in page
        assert Operation.objects.latest("created_at").action == "delete"
        assert as_(engineer).get(url).status_code == 409  # it is being deleted

    def test_what_is_gone_is_not_compared_with_aws(
        self, as_: SignIn, endpoint: Endpoint, engineer: User, approver: User
    ) -> None:
        factories.available(factories.approved(factories.deletion(endpoint, engineer), approver))
        page = as_(engineer).get(endpoint.get_absolute_url()).content.decode()
        assert "AWS no longer has it. This is what it was approved to be:" in page
        for claim in (">Same<", "Differs", "is in effect", "DNS names"):
            assert claim not in page

    def test_what_was_never_made_is_not_awaited(self, as_: SignIn, account: Account, engineer: User) -> None:
        approver = factories.make_approver(account, "another")
        asked = factories.failed(factories.approved(factories.submitted(account, engineer), approver))
        requests.withdraw(request=asked, by=person(engineer), now=timezone.now())
        made = Endpoint.objects.latest("pk")
        assert made.status == "discarded"
        page = as_(engineer).get(made.get_absolute_url()).content.decode()
        assert "AWS never made it. This is what was asked for:" in page


def test_it_says_when_a_policy_counts_as_in_effect_and_since_when_it_does(
    as_: SignIn, endpoint: Endpoint, engineer: User, approver: User, settings: Any
) -> None:
    client = as_(engineer)
    since = endpoint.available_at
    settings.PORTAL_POLICY_EFFECT_SECONDS = 300
    apply_policy(client, endpoint, approver, READ)
    assert endpoint.available_at == since  # it was available all the time
    applied = endpoint.policy_revisions.get(number=2)
    assert applied.applied_at is not None
    expected = (applied.applied_at + timedelta(seconds=300)).strftime("%Y-%m-%d %H:%M:%S")
    page = client.get(endpoint.get_absolute_url()).content.decode()
    assert re.search(rf"counts as in effect\s*<time [^>]*{expected} UTC", page)
    settings.PORTAL_POLICY_EFFECT_SECONDS = -1
    assert policies.let_take_effect(now=timezone.now()) >= 1
    page = client.get(endpoint.get_absolute_url()).content.decode()
    assert re.search(r"Revision 2 is in effect since\s*<time ", page)
