"""Several approvers decide on one request at the same moment: one wins, the others are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from endpoints.models import EndpointRequest, Operation, Review, User
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
    tables = "private", "public"
    for number in range(ROUNDS):
        spec = factories.gateway_spec(
            account, route_table_ids=(factories.aws_id("rtb", account, factories.REGION, tables[number % 2]),)
        )
        request = factories.submitted(account, engineer, spec, title=f"Round {number}")

        outcomes = at_once([_approval(request.pk, approver) for approver in approvers])

        assert sorted(outcomes) == ["done"] + ["told"] * (APPROVERS - 1)
        assert Review.objects.filter(request=request).count() == 1
        assert Operation.objects.filter(request=request).count() == 1


def test_an_approval_and_a_rejection_at_once_leave_one_decision() -> None:
    account = factories.make_account()
    engineer = factories.make_engineer()
    first, second = (factories.make_approver(account, name) for name in ("first", "second"))
    for _ in range(10):
        request = factories.submitted(account, engineer)
        outcomes = at_once([_approval(request.pk, first), _rejection(request.pk, second)])
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
