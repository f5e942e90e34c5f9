"""What a requester does: submit once, edit, withdraw; and what is refused with its cure."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from endpoints import permissions
from endpoints.models import Account, Endpoint, EndpointRequest, PolicyRevision, User
from endpoints.models.requests import ChangeAction
from endpoints.services import requests, reviews
from endpoints.services.drafts import ChangeDraft
from endpoints.services.errors import Conflict, Invalid
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def engineer():
    return factories.make_engineer()


def submit(draft, user, key: uuid.UUID | None = None) -> EndpointRequest:
    return requests.submit(draft=draft, by=factories.by(user), now=timezone.now(), submission_key=key or uuid.uuid4())


def test_the_same_submission_twice_makes_one_request(account, engineer) -> None:
    draft, key = factories.draft(account, engineer.teams.get()), uuid.uuid4()
    assert submit(draft, engineer, key).pk == submit(draft, engineer, key).pk
    assert EndpointRequest.objects.count() == 1


def test_another_persons_submission_key_is_refused(account, engineer) -> None:
    other, key = factories.make_engineer("other"), uuid.uuid4()
    submit(factories.draft(account, engineer.teams.get()), engineer, key)
    with pytest.raises(Conflict):
        submit(factories.draft(account, other.teams.get()), other, key)


@pytest.mark.parametrize(
    ("field", "text"),
    [("title", "\u2800"), ("title", "a\tb"), ("justification", "\x1b[2J"), ("justification", "\u2067a")],
)
def test_words_that_nobody_could_read_are_refused(account, engineer, field: str, text: str) -> None:
    """Whatever form they come by."""
    draft = replace(factories.draft(account, engineer.teams.get()), **{field: text})
    with pytest.raises(Invalid) as refused:
        submit(draft, engineer)
    assert list(refused.value.problems) == [field]


def test_the_checks_are_kept_with_the_change(account, engineer) -> None:
    request = submit(factories.draft(account, engineer.teams.get()), engineer)
    rules = {check.rule for check in requests.current_changes(request)[0].checks.all()}
    assert {"connections-drop", "policy-full-access"} <= rules


def test_a_blocking_check_refuses_the_submission_at_its_field(account, engineer) -> None:
    spec = factories.interface_spec(
        account,
        subnet_ids=tuple(
            factories.aws_id("subnet", account, factories.REGION, name) for name in ("private-a", "other-a")
        ),
    )
    with pytest.raises(Invalid) as refusal:
        submit(factories.draft(account, engineer.teams.get(), spec), engineer)
    assert "Keep one subnet per zone" in refusal.value.problems["subnet_ids"]
    assert not EndpointRequest.objects.exists()


def test_a_policy_that_is_no_json_is_refused_with_line_and_column(account, engineer) -> None:
    spec = factories.gateway_spec(account, policy_document='{\n  "Version": oops\n}')
    with pytest.raises(Invalid) as refusal:
        submit(factories.draft(account, engineer.teams.get(), spec), engineer)
    assert "Line 2, column 14" in refusal.value.problems["policy_document"]


def test_a_request_in_the_name_of_another_team_is_refused(account, engineer) -> None:
    with pytest.raises(PermissionDenied, match="team that you belong to"):
        submit(factories.draft(account, factories.make_team("Other")), engineer)


def test_nothing_is_asked_for_in_an_account_that_is_switched_off(account, engineer) -> None:
    """Also no change of what stands there: its page offers one still."""
    approver = factories.make_approver(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    Account.objects.filter(pk=account.pk).update(is_active=False)
    account.refresh_from_db()
    with pytest.raises(Invalid, match="switched off"):
        factories.submitted(account, engineer)
    with pytest.raises(Invalid, match="switched off"):
        factories.deletion(Endpoint.objects.get(pk=endpoint.pk), engineer)


def test_title_and_justification_are_needed(account, engineer) -> None:
    empty = replace(factories.draft(account, engineer.teams.get()), title=" ", justification="")
    with pytest.raises(Invalid) as refusal:
        submit(empty, engineer)
    assert {"title", "justification"} <= set(refusal.value.problems)


def test_only_the_requester_withdraws(account, engineer) -> None:
    request = factories.submitted(account, engineer)
    teammate = factories.make_engineer("teammate")
    with pytest.raises(PermissionDenied):
        requests.withdraw(request=request, by=factories.by(teammate), now=timezone.now())
    requests.withdraw(request=request, by=factories.by(engineer), now=timezone.now())
    assert request.status == "withdrawn"
    assert request.closed_at is not None


def test_a_requester_who_is_no_engineer_any_more_neither_edits_nor_withdraws(account, engineer) -> None:
    request = factories.submitted(account, engineer)
    engineer.role_assignments.all().delete()
    formerly = User.objects.get(pk=engineer.pk)  # roles are remembered for one request
    assert not permissions.can_edit(formerly, request)
    with pytest.raises(PermissionDenied):
        requests.withdraw(request=request, by=factories.by(formerly), now=timezone.now())
    request.refresh_from_db()
    assert request.status == "submitted"


def test_what_was_approved_can_no_longer_be_withdrawn_or_edited(account, engineer) -> None:
    request = factories.approved(factories.submitted(account, engineer), factories.make_approver(account))
    with pytest.raises(Conflict):
        requests.withdraw(request=request, by=factories.by(engineer), now=timezone.now())
    with pytest.raises(Conflict):
        requests.resubmit(
            request=request,
            draft=factories.draft(account, request.owner_team),
            by=factories.by(engineer),
            now=timezone.now(),
        )


def test_an_edited_request_has_new_changes_and_a_new_hash_and_keeps_the_old_ones(account, engineer) -> None:
    request = factories.submitted(account, engineer)
    before = request.content_hash
    reviews.request_changes(
        request=request,
        content_hash=before,
        comment="Use the other table.",
        by=factories.by(factories.make_approver(account)),
        now=timezone.now(),
    )
    spec = factories.gateway_spec(
        account, route_table_ids=(factories.aws_id("rtb", account, factories.REGION, "public"),)
    )
    requests.resubmit(
        request=request,
        draft=factories.draft(account, request.owner_team, spec),
        by=factories.by(engineer),
        now=timezone.now(),
    )
    assert request.content_hash != before
    assert request.changes.count() == 2
    assert requests.current_changes(request)[0].desired() == spec


def test_a_withdrawn_policy_change_declines_its_revision(account, engineer) -> None:
    approver = factories.make_approver(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    request = factories.policy_change(endpoint, engineer, factories.READ_ONLY)

    requests.withdraw(request=request, by=factories.by(engineer), now=timezone.now())

    assert PolicyRevision.objects.get(number=2).status == "declined"
    assert PolicyRevision.objects.get(number=1).status == "applied"


def test_what_is_withdrawn_while_its_edit_is_submitted_leaves_no_revision_open(account, engineer) -> None:
    """In one tab the edit has just gone through; the withdrawal from the other read the request before that."""
    approver = factories.make_approver(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    request = factories.policy_change(endpoint, engineer, factories.READ_ONLY)
    reviews.request_changes(
        request=request,
        content_hash=request.content_hash,
        comment="Narrower.",
        by=factories.by(approver),
        now=timezone.now(),
    )
    in_the_other_tab = EndpointRequest.objects.get(pk=request.pk)
    change = ChangeDraft(
        action=ChangeAction.POLICY,
        spec=replace(endpoint.desired_spec(), policy_document=factories.DENY_DELETE),
        endpoint=endpoint,
        base_generation=endpoint.generation,
    )
    edited = replace(factories.draft(account, endpoint.owner_team), changes=(change,))
    requests.resubmit(request=request, draft=edited, by=factories.by(engineer), now=timezone.now())

    requests.withdraw(request=in_the_other_tab, by=factories.by(engineer), now=timezone.now())

    assert [item.status for item in PolicyRevision.objects.order_by("number")] == ["applied", "declined", "declined"]


def test_a_deletion_that_is_asked_for_already_is_not_asked_for_again(account, engineer) -> None:
    approver = factories.make_approver(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    first = factories.deletion(endpoint, engineer)

    with pytest.raises(Invalid, match=f"{first.reference} asks for its deletion already"):
        factories.deletion(endpoint, engineer)

    reviews.request_changes(
        request=first,
        content_hash=first.content_hash,
        comment="Why now?",
        by=factories.by(approver),
        now=timezone.now(),
    )
    change = ChangeDraft(
        action=ChangeAction.DELETE,
        spec=endpoint.desired_spec(),
        endpoint=endpoint,
        base_generation=endpoint.generation,
    )
    edited = replace(factories.draft(account, endpoint.owner_team), changes=(change,))
    requests.resubmit(request=first, draft=edited, by=factories.by(engineer), now=timezone.now())
    requests.withdraw(request=first, by=factories.by(engineer), now=timezone.now())
    assert factories.deletion(endpoint, engineer).status == "submitted"


def test_a_policy_for_a_service_that_takes_none_is_refused(account, engineer) -> None:
    spec = factories.interface_spec(
        account, service_name=f"com.amazonaws.{factories.REGION}.partner", private_dns_enabled=False
    )
    request = factories.submitted(account, engineer, spec)
    (endpoint,) = factories.available(factories.approved(request, factories.make_approver(account)))
    with pytest.raises(Invalid) as refusal:
        factories.policy_change(endpoint, engineer, factories.READ_ONLY)
    assert "takes no endpoint policy" in refusal.value.problems["policy_document"]
