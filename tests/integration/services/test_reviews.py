"""Deciding on a request: by whom, on what, once."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from endpoints.models import (
    Account,
    Endpoint,
    EndpointRequest,
    Event,
    Operation,
    PolicyRevision,
    Review,
    Role,
    RoleAssignment,
)
from endpoints.services import requests, reviews
from endpoints.services.errors import Conflict, Invalid
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def request_(account):
    return factories.submitted(account, factories.make_engineer())


@pytest.fixture
def approver(account):
    return factories.make_approver(account)


def decide(act, request, user, *, comment: str = "Because.", content_hash: str | None = None) -> None:
    act(
        request=request,
        content_hash=content_hash or request.content_hash,
        comment=comment,
        by=factories.by(user),
        now=timezone.now(),
    )


@pytest.mark.parametrize("act", [reviews.approve, reviews.request_changes, reviews.reject])
@pytest.mark.parametrize("comment", ["\u200b\u200b", "\x07\x1b", "a\u202eb"])
def test_a_comment_that_nobody_could_read_is_refused(request_, approver, act, comment: str) -> None:
    with pytest.raises(Invalid):
        decide(act, request_, approver, comment=comment)


def test_approval_commits_state_review_endpoint_revision_operation_and_event_together(request_, approver) -> None:
    decide(reviews.approve, request_, approver)

    request_.refresh_from_db()
    assert (request_.status, request_.approved_by, request_.approved_hash) == (
        "approved",
        approver,
        request_.content_hash,
    )
    operation = Operation.objects.get(request=request_)
    assert operation.status == "queued"
    assert len(operation.client_token) <= 64
    assert operation.client_token.isascii()
    assert Endpoint.objects.get().status == "provisioning"
    assert PolicyRevision.objects.get().status == "approved"
    assert Review.objects.get().content_hash == request_.content_hash
    assert Event.objects.filter(verb="request.approved", actor=approver.username).count() == 1


def test_what_was_asked_for_in_an_account_that_was_switched_off_since_is_not_begun(account, request_, approver) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)
    with pytest.raises(Conflict, match="switched off"):
        decide(reviews.approve, request_, approver)
    assert not Operation.objects.exists()
    decide(reviews.reject, request_, approver)
    assert request_.status == "rejected"


def test_a_failure_in_the_middle_of_an_approval_leaves_nothing_of_it(request_, approver, monkeypatch) -> None:
    def broken(operation_id: uuid.UUID, *, routine: bool) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(reviews, "wake_operation", broken)
    with pytest.raises(RuntimeError):
        decide(reviews.approve, request_, approver)

    request_.refresh_from_db()
    assert request_.status == "submitted"
    assert not Review.objects.exists()
    assert not Operation.objects.exists()
    assert not Event.objects.filter(verb="request.approved").exists()


@pytest.mark.parametrize("act", [reviews.approve, reviews.request_changes, reviews.reject])
def test_nobody_decides_on_their_own_request(act, account) -> None:
    both = factories.make_engineer("both")
    RoleAssignment.objects.create(user=both, role=Role.APPROVER, account=account)
    request = factories.submitted(account, both)
    with pytest.raises(PermissionDenied, match="yourself"):
        decide(act, request, both)


def test_a_superuser_approves_neither_their_own_nor_another_accounts_request(account, request_) -> None:
    root = factories.make_engineer("root")
    root.is_superuser = True
    root.save()
    with pytest.raises(PermissionDenied):
        decide(reviews.approve, request_, root)
    with pytest.raises(PermissionDenied):
        decide(reviews.approve, factories.submitted(account, root), root)


def test_the_database_refuses_a_self_approval_whatever_the_code_does(request_) -> None:
    with pytest.raises(IntegrityError, match="request_not_self_approved"), transaction.atomic():
        EndpointRequest.objects.filter(pk=request_.pk).update(
            status="approved",
            approved_by=request_.requester,
            approved_at=timezone.now(),
            approved_hash=request_.content_hash,
        )
    with pytest.raises(IntegrityError, match="review_not_of_own_request"), transaction.atomic():
        Review.objects.create(
            request=request_,
            round=1,
            requester=request_.requester,
            reviewer=request_.requester,
            decision="approved",
            content_hash=request_.content_hash,
            created_at=timezone.now(),
        )


def test_the_database_refuses_an_approval_of_other_words(request_, approver) -> None:
    with pytest.raises(IntegrityError, match="request_approved_as_reviewed"), transaction.atomic():
        EndpointRequest.objects.filter(pk=request_.pk).update(
            status="approved", approved_by=approver, approved_at=timezone.now(), approved_hash="0" * 64
        )


def test_an_approver_of_another_account_may_not_decide(request_) -> None:
    other = factories.make_approver(factories.make_account("other"), "other")
    with pytest.raises(PermissionDenied, match="this account"):
        decide(reviews.approve, request_, other)


def test_an_approval_of_what_was_read_before_an_edit_is_refused(request_, approver, account) -> None:
    read = request_.content_hash
    decide(reviews.request_changes, request_, approver)
    edited = replace(factories.draft(account, request_.owner_team), title="Another title")
    requests.resubmit(request=request_, draft=edited, by=factories.by(request_.requester), now=timezone.now())

    with pytest.raises(Conflict, match="edited"):
        decide(reviews.approve, request_, approver, content_hash=read)
    request_.refresh_from_db()
    assert request_.status == "submitted"


@pytest.mark.parametrize("act", [reviews.request_changes, reviews.reject])
def test_a_refusal_needs_a_comment(act, request_, approver) -> None:
    with pytest.raises(Invalid) as refusal:
        decide(act, request_, approver, comment="  ")
    assert "comment" in refusal.value.problems


def test_the_second_decision_is_told_that_it_came_late(request_, approver, account) -> None:
    second = factories.make_approver(account, "second")
    decide(reviews.reject, request_, approver)
    with pytest.raises(Conflict, match="Rejected"):
        decide(reviews.approve, request_, second)


def test_a_policy_change_against_an_older_state_is_refused(account, approver) -> None:
    engineer = factories.make_engineer()
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    stale = factories.policy_change(endpoint, engineer, factories.READ_ONLY)
    fresh = factories.policy_change(endpoint, engineer, factories.DENY_DELETE)
    factories.available(factories.approved(fresh, approver))

    with pytest.raises(Conflict):
        decide(reviews.approve, stale, approver)


def test_one_change_of_an_endpoint_at_a_time(account, approver) -> None:
    engineer = factories.make_engineer()
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    first = factories.policy_change(endpoint, engineer, factories.READ_ONLY)
    second = factories.policy_change(endpoint, engineer, factories.DENY_DELETE)
    factories.approved(first, approver)
    with pytest.raises(Conflict):
        decide(reviews.approve, second, approver)
