"""Editing a request that was sent back or failed: the same form, with what was asked for."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from django.urls import reverse

from endpoints.models import Account, EndpointRequest, User
from tests import factories
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.forms import filled_in
from tests.integration.reviewing import send_back


@pytest.fixture
def sent_back(account: Account, engineer: User, approver: User) -> EndpointRequest:
    """Return a request that an approver sent back."""
    asked = factories.submitted(account, engineer, factories.interface_spec(account), title="First words")
    send_back(asked, approver)
    return asked


def url(asked: EndpointRequest) -> str:
    """Return the address of the form."""
    return reverse("request_edit", args=[asked.pk])


def test_the_form_starts_with_what_was_asked_for(as_: SignIn, sent_back: EndpointRequest, engineer: User) -> None:
    page = as_(engineer).get(url(sent_back), follow=True).content.decode()
    assert 'value="First words"' in page
    for subnet in sent_back.changes.get().spec["subnet_ids"]:
        assert f'value="{subnet}" id="c-{subnet}" checked' in page


def test_it_is_submitted_again_as_a_new_round(
    as_: SignIn, account: Account, sent_back: EndpointRequest, engineer: User
) -> None:
    data = filled_in(account, engineer, title="Better words", action="submit")
    response = as_(engineer).post(url(sent_back), data)
    sent_back.refresh_from_db()
    assert response["Location"] == sent_back.get_absolute_url()
    assert (sent_back.status, sent_back.round, sent_back.title) == ("submitted", 2, "Better words")


def test_the_review_step_comes_before(
    as_: SignIn, account: Account, sent_back: EndpointRequest, engineer: User
) -> None:
    page = as_(engineer).post(url(sent_back), filled_in(account, engineer)).content.decode()
    sent_back.refresh_from_db()
    assert "nothing is submitted yet" in page
    assert sent_back.status == "changes_requested"


def test_only_the_requester_edits(as_: SignIn, sent_back: EndpointRequest, teammate: User, approver: User) -> None:
    assert as_(teammate).get(url(sent_back)).status_code == 403
    assert as_(approver).get(url(sent_back)).status_code == 403


def test_what_waits_for_review_cannot_be_edited(as_: SignIn, account: Account, engineer: User) -> None:
    asked = factories.submitted(account, engineer)
    response = as_(engineer).get(url(asked))
    assert response.status_code == 409
    assert asked.get_absolute_url() in response.content.decode()


def test_what_was_written_is_shown_to_whom_another_tab_forestalled(
    as_: SignIn, account: Account, engineer: User
) -> None:
    asked = factories.submitted(account, engineer)
    policy = '\n{"Version": "2012-10-17"}</textarea><script>'
    data = filled_in(account, engineer, justification="Precious words", access="custom", policy_document=policy)
    page = as_(engineer).post(url(asked), data).content.decode()
    assert "Precious words</textarea>" in page
    assert f">\n{html.escape(policy)}</textarea>" in page


def test_a_tab_from_an_earlier_round_overwrites_nothing(
    as_: SignIn, account: Account, sent_back: EndpointRequest, engineer: User, approver: User
) -> None:
    client = as_(engineer)
    opened = html.unescape(client.get(sent_back.get_absolute_url()).content.decode())
    assert f'href="{url(sent_back)}?round=1"' in opened
    client.post(url(sent_back), filled_in(account, engineer, title="Of the other tab", action="submit"))
    sent_back.refresh_from_db()
    send_back(sent_back, approver)

    for action in ("review", "submit"):
        late = client.post(f"{url(sent_back)}?round=1", filled_in(account, engineer, title="Late", action=action))
        page = late.content.decode()
        assert late.status_code == 409
        assert "submitted again after you opened this form" in page
        assert f'href="{url(sent_back)}?round=2"' in page
        assert "Late</textarea>" in page
    sent_back.refresh_from_db()
    assert (sent_back.title, sent_back.round) == ("Of the other tab", 2)

    client.post(f"{url(sent_back)}?round=2", filled_in(account, engineer, title="In time", action="submit"))
    sent_back.refresh_from_db()
    assert (sent_back.title, sent_back.round) == ("In time", 3)


@pytest.mark.parametrize("round_", [None, "", "x", "1\x00", "9" * 40, "-1"])
def test_an_old_or_odd_address_leads_to_the_round_that_stands(
    as_: SignIn, sent_back: EndpointRequest, engineer: User, round_: str | None
) -> None:
    response = as_(engineer).get(url(sent_back), {} if round_ is None else {"round": round_})
    assert response["Location"] == f"{url(sent_back)}?round=1"


def test_what_failed_before_aws_made_anything_can_be_edited(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    asked = factories.failed(factories.approved(factories.submitted(account, engineer), approver))
    assert as_(engineer).post(url(asked), filled_in(account, engineer, action="submit")).status_code == 302
    asked.refresh_from_db()
    assert asked.status == "submitted"


def test_it_stays_in_its_account(as_: SignIn, sent_back: EndpointRequest, engineer: User) -> None:
    other = factories.make_account("other")
    response = as_(engineer).post(url(sent_back), filled_in(other, engineer, action="submit"))
    assert response.status_code == 422
    assert "stays in its account" in response.content.decode()


def test_a_policy_change_is_edited_in_the_policy_form(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    asked = factories.approved(factories.submitted(account, engineer), approver)
    (endpoint,) = factories.available(asked)
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
    data: dict[str, Any] = {
        "access": "custom",
        "policy_document": policy,
        "title": "Narrow it",
        "reason": "Only reads.",
        "base_generation": endpoint.generation,
        "submission_key": str(uuid.uuid4()),
        "action": "submit",
    }
    client = as_(engineer)
    client.post(reverse("endpoint_policy_new", args=[endpoint.pk]), data)
    change = EndpointRequest.objects.latest("pk")
    send_back(change, approver)
    assert "Only reads." in client.get(url(change), follow=True).content.decode()
    data["policy_document"] = policy.replace('"Action":"*"', '"Action":"s3:GetObject"')
    assert client.post(url(change), data).status_code == 302
    change.refresh_from_db()
    assert (change.status, change.round) == ("submitted", 2)
    assert list(endpoint.policy_revisions.values_list("number", "status")) == [
        (3, "proposed"),
        (2, "declined"),
        (1, "applied"),
    ]


def test_a_policy_change_that_failed_is_compared_with_the_policy_before_it(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    asked = factories.approved(factories.policy_change(endpoint, engineer, factories.READ_ONLY), approver)
    factories.failed(asked)
    endpoint.refresh_from_db()
    data: dict[str, Any] = {
        "access": "custom",
        "title": "Narrow it",
        "reason": "Only reads.",
        "base_generation": endpoint.generation,
        "submission_key": str(uuid.uuid4()),
        "action": "review",
    }
    same = as_(engineer).post(url(asked), {**data, "policy_document": factories.READ_ONLY})
    assert same.status_code == 200, "it isn't the policy in force: it never came to be"
    wider = as_(engineer).post(url(asked), {**data, "policy_document": factories.READ_ONLY.replace("GetObject", "*")})
    assert "Wider" not in wider.content.decode(), "the policy in force is full access"
