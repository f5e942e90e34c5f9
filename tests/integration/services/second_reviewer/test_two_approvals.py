"""In a protected account what allows more takes two reviewers; the database holds it against mistakes in code."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, Endpoint, EndpointRequest, Event, Operation, Review, User
from endpoints.models.requests import Relation
from endpoints.services import policy_meaning, reviews
from endpoints.services.errors import Conflict
from tests import factories
from tests.integration.browsers import browser
from tests.integration.services.second_reviewer.steps import LISTS_TOO, SAME_AS_READ_ONLY, approve, edited

pytestmark = pytest.mark.django_db


class TestTwoApprovals:
    """What allows more in a protected account."""

    def test_one_approval_starts_nothing_and_the_second_does(
        self, wider: EndpointRequest, first: User, second: User
    ) -> None:
        approve(wider, first)
        wider.refresh_from_db()
        assert (wider.status, wider.endorsed_by, wider.endorsed_hash) == ("submitted", first, wider.content_hash)
        assert not Operation.objects.filter(request=wider).exists()
        assert Event.objects.get(verb="request.endorsed").actor == "first"
        assert wider not in EndpointRequest.objects.waiting_for(first)
        assert wider in EndpointRequest.objects.waiting_for(second)

        approve(wider, second)
        wider.refresh_from_db()
        assert (wider.status, wider.approved_by) == ("approved", second)
        assert Operation.objects.get(request=wider).status == "queued"
        assert {review.reviewer for review in wider.reviews.all()} == {first, second}

    def test_the_same_person_never_counts_twice(self, wider: EndpointRequest, first: User) -> None:
        stale = EndpointRequest.objects.get(pk=wider.pk)
        approve(wider, first)
        for tab in (wider, stale):
            with pytest.raises(Conflict, match="somebody else"):
                approve(tab, first)
        assert (wider.reviews.count(), wider.status) == (1, "submitted")

    def test_its_requester_is_neither_of_the_two(self, wider: EndpointRequest, engineer: User, first: User) -> None:
        factories.RoleAssignment.objects.create(user=engineer, role=factories.Role.APPROVER, account=wider.account)
        with pytest.raises(PermissionDenied):
            approve(wider, engineer)
        approve(wider, first)
        with pytest.raises(PermissionDenied):
            approve(wider, engineer)

    @pytest.mark.parametrize("left", [True, False])
    def test_a_first_approval_counts_as_long_as_who_gave_it_may_decide(
        self, wider: EndpointRequest, first: User, second: User, left: bool
    ) -> None:
        approve(wider, first)
        roles = factories.RoleAssignment.objects.filter(user=first)
        taken = list(roles)
        if left:
            User.objects.filter(pk=first.pk).update(is_active=False)
        else:
            roles.delete()
        page = browser(second).get(wider.get_absolute_url()).content.decode()
        assert "no longer decides on it. 0 of 2 approvals." in page
        assert "Two approvals needed" in browser(second).get(reverse("approval_queue")).content.decode()
        approve(wider, second)
        wider.refresh_from_db()
        assert (wider.status, wider.endorsed_by) == ("submitted", second), "it takes another one again"
        assert not Operation.objects.filter(request=wider).exists()
        with pytest.raises(Conflict, match="somebody else"):
            approve(wider, second)

        # Who comes back has approved this round once already.
        User.objects.filter(pk=first.pk).update(is_active=True)
        if not left:
            factories.RoleAssignment.objects.bulk_create(taken)
        with pytest.raises(Conflict, match="somebody else"):
            approve(wider, User.objects.get(pk=first.pk))

        approve(wider, factories.make_approver(wider.account, "third"))
        wider.refresh_from_db()
        assert (wider.status, wider.endorsed_by) == ("approved", second)

    def test_either_ends_it_by_rejecting(self, wider: EndpointRequest, first: User) -> None:
        approve(wider, first)
        reviews.reject(
            request=wider,
            content_hash=wider.content_hash,
            comment="I looked again.",
            by=factories.by(first),
            now=timezone.now(),
        )
        wider.refresh_from_db()
        assert wider.status == "rejected"

    def test_a_first_approval_no_longer_counts_after_an_edit(
        self, wider: EndpointRequest, engineer: User, first: User, second: User
    ) -> None:
        approve(wider, first)
        read = wider.content_hash
        reviews.request_changes(
            request=wider, content_hash=read, comment="Say why.", by=factories.by(second), now=timezone.now()
        )
        edited(wider, engineer, LISTS_TOO)
        assert (wider.content_hash, wider.round, wider.endorsed_by, wider.approvals_needed) == (read, 2, None, 2)
        approve(wider, second)  # who has not read this round before is the first again
        wider.refresh_from_db()
        assert wider.status == "submitted"
        approve(wider, first)
        wider.refresh_from_db()
        assert wider.status == "approved"

    def test_an_edit_that_no_longer_widens_needs_one(self, wider: EndpointRequest, engineer: User, first: User) -> None:
        reviews.request_changes(
            request=wider,
            content_hash=wider.content_hash,
            comment="No lists.",
            by=factories.by(first),
            now=timezone.now(),
        )
        edited(wider, engineer, SAME_AS_READ_ONLY)
        approve(wider, first)
        wider.refresh_from_db()
        assert wider.status == "approved"

    def test_what_was_read_before_an_edit_is_not_endorsed(self, wider: EndpointRequest, first: User) -> None:
        with pytest.raises(Conflict, match="edited after"):
            approve(wider, first, content_hash="0" * 64)
        assert wider.endorsed_by_id is None

    def test_an_account_protected_meanwhile_asks_for_the_second_too(
        self, endpoint: Endpoint, engineer: User, first: User, second: User
    ) -> None:
        Account.objects.update(protected=False)
        endpoint.refresh_from_db()
        waiting = factories.policy_change(endpoint, engineer, LISTS_TOO)
        full = factories.policy_change(endpoint, engineer, None)
        assert (waiting.approvals_needed, full.approvals_needed) == (1, 1)
        Account.objects.update(protected=True)
        for asked in (waiting, full):
            approve(asked, first)
            asked.refresh_from_db()
            assert (asked.status, asked.approvals_needed) == ("submitted", 2)
        approve(full, second)
        assert full.status == "approved"

    @pytest.mark.parametrize("document", [None, policy_meaning.FULL_ACCESS])
    def test_an_account_protected_meanwhile_takes_two_for_full_access_too(
        self, account: Account, engineer: User, first: User, second: User, document: str | None
    ) -> None:
        (there,) = factories.available(factories.approved(factories.submitted(account, engineer), first))
        new = factories.interface_spec(account, policy_document=document)
        waiting = (
            factories.submitted(account, engineer, new),
            factories.modification(there, engineer, name="other"),
        )
        Account.objects.update(protected=True)
        for asked in waiting:
            approve(asked, first)
            asked.refresh_from_db()
            assert (asked.status, asked.approvals_needed) == ("submitted", 2)
            approve(asked, second)
            assert asked.status == "approved"

    def test_an_account_protected_meanwhile_takes_one_where_nothing_is_opened(
        self, account: Account, engineer: User, first: User
    ) -> None:
        partner = f"com.amazonaws.{factories.REGION}.partner"
        waiting = (
            factories.submitted(
                account, engineer, factories.interface_spec(account, policy_document=factories.READ_ONLY)
            ),
            factories.submitted(
                account,
                engineer,
                factories.interface_spec(account, service_name=partner, private_dns_enabled=False),
            ),
        )
        Account.objects.update(protected=True)
        for asked in waiting:
            approve(asked, first)
            assert asked.status == "approved"

    def test_an_account_that_is_no_longer_protected_doesnt_let_go(self, wider: EndpointRequest, first: User) -> None:
        Account.objects.update(protected=False)
        approve(wider, first)
        wider.refresh_from_db()
        assert wider.status == "submitted"

    @pytest.mark.parametrize("relation", list(Relation))
    def test_whatever_isnt_known_to_allow_no_more_needs_two(self, account: Account, relation: Relation) -> None:
        more = relation in ("wider", "incomparable", "undecided")
        account.protected = True
        assert policy_meaning.approvals_needed(account, [None, relation]) == (2 if more else 1)
        account.protected = False
        assert policy_meaning.approvals_needed(account, [relation]) == 1


class TestHeldByTheDatabase:
    """A mistake in code meets these."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"approvals_needed": 0},
            {"approvals_needed": 3},
            {"endorsed_by": None},
            {"endorsed_hash": "0" * 64},
            {"status": "approved"},
        ],
    )
    def test_a_request_is_endorsed_in_full_and_as_reviewed(
        self, wider: EndpointRequest, first: User, wrong: dict[str, object]
    ) -> None:
        approve(wider, first)
        with pytest.raises(IntegrityError), transaction.atomic():
            EndpointRequest.objects.filter(pk=wider.pk).update(**wrong)

    def test_two_approvals_are_of_two_people_none_its_requester(
        self, wider: EndpointRequest, first: User, engineer: User
    ) -> None:
        approve(wider, first)
        rows = EndpointRequest.objects.filter(pk=wider.pk)
        both = {"status": "approved", "approved_at": timezone.now(), "approved_hash": wider.content_hash}
        for wrong in ({**both, "approved_by": first}, {"endorsed_by": engineer}):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**wrong)
        rows.update(**both, approved_by=factories.make_approver(wider.account, "third"))

    def test_a_single_approval_is_no_way_round_it(self, wider: EndpointRequest, first: User) -> None:
        stamp = {"approved_by": first, "approved_at": timezone.now(), "approved_hash": wider.content_hash}
        with pytest.raises(IntegrityError), transaction.atomic():
            EndpointRequest.objects.filter(pk=wider.pk).update(status="approved", **stamp)

    def test_nobody_reviews_a_round_twice_the_same_way(self, wider: EndpointRequest, first: User) -> None:
        approve(wider, first)
        (review,) = Review.objects.filter(request=wider)
        review.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            review.save(force_insert=True)
