"""Approve, request changes and reject from the admin's list of requests: the same services, the same rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from endpoints.models import EndpointRequest, Event, Membership, Operation, Review, Role, RoleAssignment, User
from endpoints.services import requests, reviews
from tests import factories as make
from tests.integration.admin.conftest import Desk

LIST = reverse("admin:endpoints_endpointrequest_changelist")
ACTIONS = {
    "approve_selected": "approved",
    "request_changes_selected": "changes_requested",
    "reject_selected": "rejected",
}


def select(desk: Desk, name: str, action: str, *items: EndpointRequest) -> Any:
    """Choose an action for selected rows; return the page that asks for confirmation."""
    form = {"action": action, "index": "0", "_selected_action": [item.pk for item in items]}
    return desk.client(name).post(LIST, form)


def confirm(desk: Desk, name: str, action: str, *items: EndpointRequest, comment: str = "Fine.", **extra: str) -> Any:
    """Confirm the action, as the page's form does, with the hashes that were shown."""
    hashes = {f"hash_{item.pk}": item.content_hash for item in items}
    form = {"action": action, "_selected_action": [item.pk for item in items], "confirm": "yes", "comment": comment}
    return desk.client(name).post(LIST, {**form, **hashes, **extra})


def told(response: Any) -> str:
    """Return the messages that wait for the next page."""
    return " | ".join(str(message) for message in get_messages(response.wsgi_request))


@pytest.mark.parametrize(("action", "status"), ACTIONS.items())
def test_an_approver_decides_after_a_page_that_shows_what(desk: Desk, action: str, status: str) -> None:
    asked = desk.submitted()
    page = select(desk, "approver", action, asked)
    text = page.content.decode()
    assert page.status_code == 200
    assert asked.reference in text
    assert asked.content_hash in text
    assert "The batch jobs read S3 through NAT today." in text
    assert EndpointRequest.objects.get(pk=asked.pk).status == "submitted", "nothing is decided before it is confirmed"
    response = confirm(desk, "approver", action, asked, comment="As we said.")
    asked.refresh_from_db()
    review = Review.objects.get(request=asked)
    assert response.status_code == 302
    assert asked.status == status
    assert (review.reviewer, review.decision, review.comment) == (desk.people["approver"], status, "As we said.")
    assert review.content_hash == asked.content_hash
    assert Event.objects.get(request_id=asked.pk, verb=f"request.{status}").channel == "admin"
    assert asked.reference in told(response)


def test_an_approved_request_has_work_to_do(desk: Desk) -> None:
    asked = desk.submitted()
    confirm(desk, "approver", "approve_selected", asked, comment="")
    assert Operation.objects.get(request=asked).status == "queued"


@pytest.mark.parametrize("action", ["request_changes_selected", "reject_selected"])
def test_a_refusal_needs_a_comment_and_keeps_the_page(desk: Desk, action: str) -> None:
    asked = desk.submitted()
    response = confirm(desk, "approver", action, asked, comment="  ")
    asked.refresh_from_db()
    assert response.status_code == 422
    assert "Say what is wrong" in response.content.decode()
    assert f'name="hash_{asked.pk}" value="{asked.content_hash}"' in response.content.decode()
    assert asked.status == "submitted"


@pytest.mark.parametrize("comment", ["x" * 4001, "nul\x00", "bell\x07", "\u2800"])
def test_a_comment_that_can_not_be_kept_is_refused(desk: Desk, comment: str) -> None:
    asked = desk.submitted()
    assert confirm(desk, "approver", "approve_selected", asked, comment=comment).status_code == 422
    assert not Review.objects.exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_an_approver_does_not_decide_on_their_own_request(desk: Desk, action: str) -> None:
    approver = desk.people["approver"]
    RoleAssignment.objects.create(user=approver, role=Role.ENGINEER)
    Membership.objects.create(user=approver, team=make.make_team())
    own, other = make.submitted(desk.account, approver, title="Own"), desk.submitted("Other")
    page = select(desk, "approver", action, own, other)
    assert [item for item, _ in page.context["skipped"]] == [own]
    assert [item for item, *_ in page.context["decided"]] == [other]
    assert "You asked for this yourself" in page.content.decode()
    response = confirm(desk, "approver", action, own, other)
    own.refresh_from_db()
    other.refresh_from_db()
    assert own.status == "submitted"
    assert other.status == ACTIONS[action]
    assert "You asked for this yourself" in told(response)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["superuser", "administrator", "operator", "auditor"])
def test_who_sees_all_but_approves_for_no_account_is_offered_nothing_and_decides_nothing(
    desk: Desk, name: str, action: str
) -> None:
    asked = desk.submitted()
    page = desk.client(name).get(LIST).content.decode()
    assert asked.title in page
    assert action not in page
    assert "_selected_action" not in page, "there is nothing to select for"
    assert "confirm" not in select(desk, name, action, asked).content.decode(), "the list once more"
    confirm(desk, name, action, asked)
    asked.refresh_from_db()
    assert asked.status == "submitted"


def test_an_approver_is_offered_all_decisions(desk: Desk) -> None:
    asked = desk.submitted()
    page = desk.client("approver").get(LIST).content.decode()
    assert asked.title in page
    assert all(f'<option value="{action}">' in page for action in ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["superuser", "administrator", "operator", "auditor"])
def test_who_sees_all_but_does_not_approve_for_the_account_is_told_so(desk: Desk, name: str, action: str) -> None:
    RoleAssignment.objects.create(user=desk.people[name], role=Role.APPROVER, account=make.make_account("other"))
    asked = desk.submitted()
    page = select(desk, name, action, asked)
    assert "Only approvers of this account decide on its requests." in page.content.decode()
    assert "confirm" not in page.content.decode()
    response = confirm(desk, name, action, asked)
    asked.refresh_from_db()
    assert asked.status == "submitted"
    assert "Only approvers of this account" in told(response)


def test_a_superuser_does_not_approve_their_own_request_even_as_its_approver(desk: Desk) -> None:
    superuser = desk.people["superuser"]
    RoleAssignment.objects.create(user=superuser, role=Role.ENGINEER)
    RoleAssignment.objects.create(user=superuser, role=Role.APPROVER, account=desk.account)
    Membership.objects.create(user=superuser, team=make.make_team())
    own = make.submitted(desk.account, superuser)
    response = confirm(desk, "superuser", "approve_selected", own)
    own.refresh_from_db()
    assert own.status == "submitted"
    assert "You asked for this yourself" in told(response)


def test_an_approver_of_another_account_does_not_even_find_it(desk: Desk) -> None:
    asked = desk.submitted()
    page = select(desk, "elsewhere", "approve_selected", asked)
    assert asked.reference not in page.content.decode()
    confirm(desk, "elsewhere", "approve_selected", asked)
    asked.refresh_from_db()
    assert asked.status == "submitted"


def test_the_slower_of_two_approvers_is_told(desk: Desk) -> None:
    asked = desk.submitted()
    reviews.reject(
        request=EndpointRequest.objects.get(pk=asked.pk),
        content_hash=asked.content_hash,
        comment="No.",
        by=make.by(make.make_approver(desk.account, "faster")),
        now=timezone.now(),
    )
    response = confirm(desk, "approver", "approve_selected", asked)
    asked.refresh_from_db()
    assert asked.status == "rejected"
    assert "changed meanwhile" in told(response)
    assert Review.objects.count() == 1


def test_a_request_that_was_edited_after_it_was_read_is_not_approved(desk: Desk) -> None:
    asked = desk.submitted()
    read = asked.content_hash
    approver = make.make_approver(desk.account, "careful")
    reviews.request_changes(
        request=asked, content_hash=read, comment="Rename it.", by=make.by(approver), now=timezone.now()
    )
    engineer = desk.people["engineer"]
    edited = make.draft(desk.account, engineer.teams.get(), title="Renamed")
    requests.resubmit(request=asked, draft=edited, by=make.by(engineer), now=timezone.now())
    response = confirm(desk, "approver", "approve_selected", asked, **{f"hash_{asked.pk}": read})
    asked.refresh_from_db()
    assert asked.status == "submitted"
    assert "was edited after you opened it" in told(response)


def test_without_a_hash_nothing_is_decided(desk: Desk) -> None:
    asked = desk.submitted()
    confirm(desk, "approver", "approve_selected", asked, **{f"hash_{asked.pk}": ""})
    asked.refresh_from_db()
    assert asked.status == "submitted"


@pytest.mark.parametrize("selected", ["x", "", "\x00", "1.5", "9" * 5000])
@pytest.mark.parametrize("confirmed", [{}, {"confirm": "yes"}])
def test_a_selection_that_no_list_offers_is_refused(desk: Desk, selected: str, confirmed: dict[str, str]) -> None:
    asked = desk.submitted()
    form = {"action": "approve_selected", "_selected_action": [asked.pk, selected], **confirmed}
    assert desk.client("approver").post(LIST, form | {f"hash_{asked.pk}": asked.content_hash}).status_code == 400
    assert EndpointRequest.objects.get(pk=asked.pk).status == "submitted"


def test_a_number_of_any_size_finds_nothing(desk: Desk) -> None:
    form = {"action": "approve_selected", "_selected_action": ["9" * 30], "confirm": "yes"}
    assert desk.client("approver").post(LIST, form).status_code == 302


def test_what_does_not_wait_is_skipped_with_the_reason(desk: Desk) -> None:
    done = make.approved(desk.submitted(), desk.people["approver"])
    form = {"action": "approve_selected", "index": "0", "_selected_action": [done.pk]}
    RoleAssignment.objects.create(user=desk.people["auditor"], role=Role.APPROVER, account=desk.account)
    page = desk.client("auditor").post(f"{LIST}?decision=all", form)
    assert "It doesn’t wait" in page.content.decode() or "doesn&#x27;t wait" in page.content.decode()
    assert page.context["decided"] == []


def test_a_form_from_elsewhere_is_refused(desk: Desk) -> None:
    asked = desk.submitted()
    form = {"action": "approve_selected", "_selected_action": [asked.pk], "confirm": "yes", "comment": ""}
    response = desk.client("approver", strict=True).post(LIST, {**form, f"hash_{asked.pk}": asked.content_hash})
    asked.refresh_from_db()
    assert (response.status_code, asked.status) == (403, "submitted")


def test_the_page_takes_the_same_number_of_queries_for_1_and_20(
    desk: Desk, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    items = [desk.submitted(f"Number {number}") for number in range(20)]
    client = desk.client("approver")

    def page(chosen: list[EndpointRequest]) -> Any:
        form = {"action": "approve_selected", "index": "0", "_selected_action": [item.pk for item in chosen]}
        return client.post(LIST, form)

    with django_assert_max_num_queries(15) as captured:
        assert len(page(items[:1]).context["decided"]) == 1
    with django_assert_num_queries(len(captured)):
        assert len(page(items).context["decided"]) == 20


def test_a_wider_policy_in_a_protected_account_waits_for_a_second_reviewer(desk: Desk) -> None:
    spec = make.gateway_spec(desk.account, policy_document=make.READ_ONLY)
    made = make.submitted(desk.account, desk.people["engineer"], spec)
    (endpoint,) = make.available(make.approved(made, desk.people["approver"]))
    desk.account.protected = True
    desk.account.save()
    asked = make.policy_change(endpoint, desk.people["engineer"], make.DENY_DELETE)
    RoleAssignment.objects.create(user=desk.people["auditor"], role=Role.APPROVER, account=desk.account)
    page = select(desk, "approver", "approve_selected", asked).content.decode()
    assert "Two approvals are needed" in page
    assert asked.changes.get().relation.label in page
    assert "waits for a second reviewer" in told(confirm(desk, "approver", "approve_selected", asked))
    assert "You approved it already" in select(desk, "approver", "approve_selected", asked).content.decode()
    assert "not decided" in told(confirm(desk, "approver", "approve_selected", asked))
    assert "approver has given the first" in select(desk, "auditor", "approve_selected", asked).content.decode()
    User.objects.filter(pk=desk.people["approver"].pk).update(is_active=False)
    page = select(desk, "auditor", "approve_selected", asked).content.decode()
    assert "none counts yet, since approver, who approved it, no longer decides on it" in page
    User.objects.filter(pk=desk.people["approver"].pk).update(is_active=True)
    confirm(desk, "auditor", "approve_selected", asked)
    asked.refresh_from_db()
    assert (asked.status, asked.endorsed_by, asked.approved_by) == (
        "approved",
        desk.people["approver"],
        desk.people["auditor"],
    )
