"""Several approvers decide on one request at the same moment: one wins, the others are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from endpoints.models import Account, EndpointRequest, Operation, Review, User
from endpoints.services import reviews
from tests import factories
from tests.faults.together import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

ROUNDS = 50
APPROVERS = 6


def test_six_concurrent_approvers_grant_each_of_fifty_requests_once() -> None:
    account = factories.make_account()
    engineer = factories.make_engineer()
    approvers = [factories.make_approver(account, f"approver-{number}") for number in range(APPROVERS)]
    for number in range(ROUNDS):
        request = factories.submitted(account, engineer, factories.unrouted_spec(account), title=f"Round {number}")

        outcomes = at_once([_approval(request.pk, approver) for approver in approvers])

        assert sorted(outcomes) == ["done"] + ["told"] * (APPROVERS - 1)
        assert Review.objects.filter(request=request).count() == 1
        assert Operation.objects.filter(request=request).count() == 1


def test_an_approval_and_a_rejection_at_once_leave_one_decision() -> None:
    account = factories.make_account()
    engineer = factories.make_engineer()
    first, second = (factories.make_approver(account, name) for name in ("first", "second"))
    for _ in range(10):
        request = factories.submitted(account, engineer, factories.unrouted_spec(account))
        outcomes = at_once([_approval(request.pk, first), _rejection(request.pk, second)])
        request.refresh_from_db()
        assert sorted(outcomes) == ["done", "told"]
        assert request.status in ("approved", "rejected")
        assert Operation.objects.filter(request=request).count() == (request.status == "approved")


class TestTwoApprovals:
    """A policy that allows more in a protected account takes two people, however fast they are."""

    @pytest.fixture
    def account(self) -> Account:
        return factories.make_account(protected=True)

    @pytest.fixture
    def wider(self, account: Account) -> Callable[[], EndpointRequest]:
        """Return what asks for a wider policy, each time of another endpoint."""
        engineer, maker = factories.make_engineer(), factories.make_approver(account, "maker")

        def ask() -> EndpointRequest:
            spec = factories.interface_spec(account, policy_document=factories.READ_ONLY, private_dns_enabled=False)
            (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer, spec), maker))
            return factories.policy_change(endpoint, engineer, factories.DENY_DELETE)

        return ask

    @pytest.mark.parametrize("people", [2, 4])
    def test_several_at_once_end_as_one_approval_by_two(
        self, account: Account, wider: Callable[[], EndpointRequest], people: int
    ) -> None:
        approvers = [factories.make_approver(account, f"approver-{number}") for number in range(people)]
        for _ in range(6):
            request = wider()
            outcomes = at_once([_approval(request.pk, approver) for approver in approvers])
            request.refresh_from_db()
            assert sorted(outcomes) == ["done"] * 2 + ["told"] * (people - 2)
            assert request.status == "approved"
            said = {review.reviewer_id for review in request.reviews.all()}
            assert said == {request.endorsed_by_id, request.approved_by_id}
            assert len(said) == 2
            assert Operation.objects.filter(request=request).count() == 1

    def test_one_person_in_four_tabs_counts_once(self, account: Account, wider: Callable[[], EndpointRequest]) -> None:
        approver = factories.make_approver(account, "hasty")
        for _ in range(4):
            request = wider()
            assert sorted(at_once([_approval(request.pk, approver)] * 4)) == ["done"] + ["told"] * 3
            request.refresh_from_db()
            assert (request.status, request.endorsed_by, request.reviews.count()) == ("submitted", approver, 1)
            assert not Operation.objects.filter(request=request).exists()

    def test_a_second_approval_and_the_firsts_rejection_at_once_leave_one_end(
        self, account: Account, wider: Callable[[], EndpointRequest]
    ) -> None:
        first, second = (factories.make_approver(account, name) for name in ("first", "second"))
        for _ in range(4):
            request = factories.approved(wider(), first)
            outcomes = at_once([_approval(request.pk, second), _rejection(request.pk, first)])
            request.refresh_from_db()
            assert sorted(outcomes) == ["done", "told"]
            assert request.status in ("approved", "rejected")
            assert Operation.objects.filter(request=request).count() == (request.status == "approved")


def _approval(pk: int, approver: User) -> Callable[[], None]:
    def act() -> None:
        request = EndpointRequest.objects.get(pk=pk)
        reviews.approve(
            request=request,
            content_hash=request.content_hash,
            comment="",
            by=factories.by(approver),
            now=timezone.now(),
        )

    return act


def _rejection(pk: int, approver: User) -> Callable[[], None]:
    def act() -> None:
        request = EndpointRequest.objects.get(pk=pk)
        reviews.reject(
            request=request,
            content_hash=request.content_hash,
            comment="No.",
            by=factories.by(approver),
            now=timezone.now(),
        )

    return act
