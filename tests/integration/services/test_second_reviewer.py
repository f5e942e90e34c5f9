"""What a change of policy means is kept with it; in a protected account what allows more takes two reviewers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, Change, Endpoint, EndpointRequest, Event, Operation, Review, User
from endpoints.models.requests import ChangeAction, Relation
from endpoints.services import accounts, adoption, policy_meaning, requests, reviews
from endpoints.services.drafts import ChangeDraft
from endpoints.services.errors import Conflict, Invalid
from tests import factories
from tests.integration.browsers import browser

pytestmark = pytest.mark.django_db

SAME_AS_READ_ONLY = """{"Statement": {"Effect": "Allow", "Resource": ["*"], "Action": ["S3:getobject"],
  "Principal": {"AWS": "*"}}, "Version": "2012-10-17"}"""
LISTS_TOO = factories.READ_ONLY.replace('"s3:GetObject"', '["s3:GetObject", "s3:ListBucket"]')


@pytest.fixture
def account() -> Account:
    return factories.make_account()


@pytest.fixture
def engineer() -> User:
    return factories.make_engineer()


@pytest.fixture
def first(account: Account) -> User:
    return factories.make_approver(account, "first")


@pytest.fixture
def second(account: Account) -> User:
    return factories.make_approver(account, "second")


@pytest.fixture
def endpoint(account: Account, engineer: User, first: User) -> Endpoint:
    """Return an endpoint that lets objects be read, in an account that is protected now."""
    asked = factories.submitted(account, engineer, factories.gateway_spec(account, policy_document=factories.READ_ONLY))
    (made,) = factories.available(factories.approved(asked, first))
    Account.objects.update(protected=True)
    account.protected = True
    made.refresh_from_db()
    return made


@pytest.fixture
def wider(endpoint: Endpoint, engineer: User) -> EndpointRequest:
    """Return a request that lets buckets be listed, too."""
    return factories.policy_change(endpoint, engineer, LISTS_TOO)


def approve(request: EndpointRequest, user: User, content_hash: str = "") -> None:
    reviews.approve(
        request=request,
        content_hash=content_hash or request.content_hash,
        comment="",
        by=factories.by(user),
        now=timezone.now(),
    )


def edited(request: EndpointRequest, engineer: User, document: str) -> EndpointRequest:
    """Return the request after its reviewers asked for changes and its requester wrote another policy."""
    change = request.changes.get(round=request.round)
    spec = replace(change.desired(), policy_document=document)
    endpoint = Endpoint.objects.get(pk=change.endpoint_id)
    draft = replace(
        factories.draft(request.account, request.owner_team),
        title=request.title,
        justification=request.justification,
        changes=(
            ChangeDraft(
                action=ChangeAction.POLICY,
                spec=spec,
                endpoint=endpoint,
                base_generation=endpoint.generation,
                reason=".",
            ),
        ),
    )
    requests.resubmit(request=request, draft=draft, by=factories.by(engineer), now=timezone.now())
    request.refresh_from_db()
    return request


class TestMeaning:
    """What is kept with a change at submission."""

    @pytest.mark.parametrize(
        ("document", "relation"),
        [
            (SAME_AS_READ_ONLY, Relation.EQUIVALENT),
            (LISTS_TOO, Relation.WIDER),
            (factories.DENY_DELETE, Relation.WIDER),
        ],
    )
    def test_it_is_compared_with_what_was_approved(
        self, endpoint: Endpoint, engineer: User, document: str, relation: Relation
    ) -> None:
        change = factories.policy_change(endpoint, engineer, document).changes.get()
        assert change.relation == relation
        assert bool(change.meaning["gained"]) == (relation == Relation.WIDER)
        assert not change.meaning["lost"]

    def test_each_gain_has_a_request_in_the_form_that_the_evaluator_takes(self, wider: EndpointRequest) -> None:
        (gain,) = wider.changes.get().meaning["gained"]
        assert gain["text"]
        assert gain["witness"].keys() == {"principal", "action", "resource", "resource_account", "context"}
        assert gain["witness"]["action"].lower() == "s3:listbucket"

    def test_what_is_no_change_of_policy_has_none(self, endpoint: Endpoint, engineer: User) -> None:
        for asked in (
            factories.modification(endpoint, engineer, name="another"),
            factories.deletion(endpoint, engineer),
            factories.submitted(
                endpoint.account,
                engineer,
                factories.gateway_spec(endpoint.account, policy_document=LISTS_TOO, route_table_ids=()),
            ),
        ):
            assert (asked.changes.get().meaning, asked.approvals_needed) == (None, 1)

    def test_a_modification_that_changes_the_policy_has_one(self, endpoint: Endpoint, engineer: User) -> None:
        asked = factories.modification(endpoint, engineer, policy_document=LISTS_TOO)
        assert (asked.changes.get().relation, asked.approvals_needed) == (Relation.WIDER, 2)

    def test_a_replacement_is_compared_with_what_it_replaces(self, endpoint: Endpoint, engineer: User) -> None:
        spec = factories.gateway_spec(endpoint.account, policy_document=LISTS_TOO, route_table_ids=())
        asked = factories.replacement(endpoint, engineer, spec)
        new, old = asked.changes.order_by("position")
        assert (new.relation, old.relation, asked.approvals_needed) == (Relation.WIDER, None, 2)

    def test_it_is_kept_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policy_meaning, "MAX_REGIONS", 0)
        monkeypatch.setattr(policy_meaning, "MAX_TEXT", 3)
        found = policy_meaning.between(factories.READ_ONLY, LISTS_TOO)
        assert (found["gained"], found["gained_more"]) == ([], 1)
        monkeypatch.setattr(policy_meaning, "MAX_REGIONS", 1)
        monkeypatch.setattr(policy_meaning, "MAX_WITNESS", 3)
        (gain,) = policy_meaning.between(factories.READ_ONLY, LISTS_TOO)["gained"]
        assert (len(gain["text"]), gain["witness"]) == (3, None)

    def test_what_cant_be_read_is_undecided_and_says_so(self) -> None:
        found = policy_meaning.between("{", None)
        assert found["relation"] == Relation.UNDECIDED
        assert "can't be read" in found["reason"]

    def test_it_never_changes_afterwards(self, wider: EndpointRequest) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Change.objects.filter(request=wider).update(meaning={"relation": "narrower"})


class TestProtected:
    """What a protected account refuses."""

    @pytest.mark.parametrize("document", [None, policy_meaning.FULL_ACCESS])
    def test_full_access_blocks_what_is_new_or_changed(
        self, endpoint: Endpoint, engineer: User, document: str | None
    ) -> None:
        account = endpoint.account
        for act in (
            lambda: factories.submitted(account, engineer, factories.gateway_spec(account, policy_document=document)),
            lambda: factories.policy_change(endpoint, engineer, document),
            lambda: factories.modification(endpoint, engineer, policy_document=document),
        ):
            with pytest.raises(Invalid, match="protected") as refused:
                act()
            cure = "Choose a custom policy" if document is None else "Name the principals"
            assert cure in refused.value.problems["policy_document"]

    def test_a_service_that_takes_no_policy_is_let_through(self, endpoint: Endpoint, engineer: User) -> None:
        partner = f"com.amazonaws.{factories.REGION}.partner"
        spec = factories.interface_spec(endpoint.account, service_name=partner, private_dns_enabled=False)
        assert factories.submitted(endpoint.account, engineer, spec).approvals_needed == 1

    def test_what_is_there_is_adopted_and_brought_back_with_a_warning(self, account: Account, engineer: User) -> None:
        asked = factories.submitted(account, engineer)
        (full,) = factories.available(factories.approved(asked, factories.make_approver(account)))
        accounts.protect(account=account, protected=True, by=_administrator(), now=timezone.now())
        full.refresh_from_db()
        found = factories.unmanaged(account)
        for back in (
            factories.modification(full, engineer),
            factories.recreation(factories.missing(full), engineer),
            factories.adoption(account, engineer, adoption.spec_for(found), found.vpc_endpoint_id),
        ):
            check = back.changes.get().checks.get(rule="policy-protected-full-access")
            assert check.severity == "warn"

    def test_protecting_is_an_event_and_only_for_administrators(self, account: Account, first: User) -> None:
        with pytest.raises(PermissionDenied):
            accounts.protect(account=account, protected=True, by=factories.by(first), now=timezone.now())
        by = _administrator()
        for protected in (True, True, False):
            accounts.protect(account=account, protected=protected, by=by, now=timezone.now())
        verbs = Event.objects.filter(verb__startswith="account.").order_by("pk").values_list("verb", "actor")
        assert list(verbs) == [("account.protected", by.name), ("account.unprotected", by.name)]


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


def _administrator() -> factories.Who:
    return factories.by(factories.make_person("administrator", factories.Role.ADMINISTRATOR))
