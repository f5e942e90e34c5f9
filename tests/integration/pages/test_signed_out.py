"""A session that ends while somebody writes: what they sent is given back, to be sent again."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from endpoints.models import Account, EndpointRequest, User
from tests import factories
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.forms import filled_in

URL = reverse("request_new")
POLICY = '\n{"Version": "2012-10-17"}</textarea><script>'


def test_a_form_sent_without_a_session_is_given_back_whole(account: Account, engineer: User) -> None:
    data = filled_in(account, engineer, access="custom", policy_document=POLICY)
    response = Client().post(URL, {**data, "action": "review"})
    page = response.content.decode()
    assert response.status_code == 401
    assert "nothing was saved yet" in page
    assert f'<textarea name="policy_document" hidden>\n{html.escape(POLICY)}</textarea>' in page
    for subnet in data["subnet_ids"]:
        assert f'<textarea name="subnet_ids" hidden>\n{subnet}</textarea>' in page
    assert page.count('name="csrfmiddlewaretoken"') == 1
    assert EndpointRequest.objects.count() == 0


def _send_with_an_old_token(engineer: User, data: dict[str, Any], **headers: str) -> HttpResponse:
    client = Client(enforce_csrf_checks=True)
    client.force_login(engineer)
    client.get(URL)
    return client.post(URL, {**data, "csrfmiddlewaretoken": "x" * 64}, headers=headers)  # type: ignore[return-value]


def test_a_form_that_is_older_than_the_session_is_given_back_whole(account: Account, engineer: User) -> None:
    data = filled_in(account, engineer, access="custom", policy_document=POLICY)
    response = _send_with_an_old_token(engineer, data, Origin="http://testserver")
    page = response.content.decode()
    assert response.status_code == 403
    assert "What you sent is kept on this page" in page
    assert f'<textarea name="policy_document" hidden>\n{html.escape(POLICY)}</textarea>' in page
    assert "x" * 64 not in page


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://elsewhere.test"}, {"Origin": "null"}])
def test_what_another_site_sent_is_not_offered_to_be_sent_again(
    account: Account, engineer: User, headers: dict[str, str]
) -> None:
    response = _send_with_an_old_token(engineer, filled_in(account, engineer), **headers)
    page = response.content.decode()
    assert response.status_code == 403
    assert "This form is no longer valid" in page
    assert "<textarea" not in page


def test_a_password_is_never_given_back(engineer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(
        reverse("account_login"), {"login": "engineer", "password": "secret"}, headers={"Origin": "http://testserver"}
    )
    assert response.status_code == 403
    assert "secret" not in response.content.decode()


def test_files_are_not_said_to_be_kept(account: Account, engineer: User, approver: User) -> None:
    spec = factories.interface_spec(account)
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
    upload = SimpleUploadedFile("events.json", b"{}")
    response = Client().post(reverse("endpoint_use", args=[endpoint.pk]), {"uploads": upload, "organization": ""})
    assert response.status_code == 401
    assert "Files are not kept" in response.content.decode()


def test_a_fragment_asked_for_without_a_session_sends_nobody_away_from_a_form(account: Account) -> None:
    response = Client().get(reverse("request_new_fields"), headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert "HX-Redirect" not in response


def test_an_address_that_only_takes_forms_leads_to_its_page(as_: SignIn, engineer: User) -> None:
    response = as_(engineer).get(reverse("request_review", args=[5]))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert 'href="/requests/5/"' in response.content.decode()
