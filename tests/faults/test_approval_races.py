"""Several approvers decide on one request at the same moment: one wins, the others are told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from endpoints.models import EndpointRequest, Operation, Review, User
from endpoints.services import reviews
from endpoints.services.errors import Conflict
from tests import factories

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

        outcomes = _at_once([_approval(request.pk, approver) for approver in approvers])

        assert sorted(outcomes) == ["conflict"] * (APPROVERS - 1) + ["granted"]
        assert Review.objects.filter(request=request).count() == 1
        assert Operation.objects.filter(request=request).count() == 1


def test_an_approval_and_a_rejection_at_once_leave_one_decision() -> None:
    account = factories.make_account()
    engineer = factories.make_engineer()
    first, second = (factories.make_approver(account, name) for name in ("first", "second"))
    for _ in range(10):
        request = factories.submitted(account, engineer)
        outcomes = _at_once([_approval(request.pk, first), _rejection(request.pk, second)])
        request.refresh_from_db()
        assert sorted(outcomes) == ["conflict", "granted"]
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


def _at_once(acts: list[Callable[[], None]]) -> list[str]:
    barrier, outcomes = threading.Barrier(len(acts)), []

    def run(act: Callable[[], None]) -> None:
        try:
            barrier.wait(timeout=30)
            act()
            outcomes.append("granted")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes
