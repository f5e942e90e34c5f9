"""A session that ends while somebody writes: what they sent is given back, to be sent again."""

from __future__ import annotations

import html

from django.test import Client
from django.urls import reverse

from endpoints.models import Account, EndpointRequest, User
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


def test_a_fragment_asked_for_without_a_session_sends_nobody_away_from_a_form(account: Account) -> None:
    response = Client().get(reverse("request_new_fields"), headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert "HX-Redirect" not in response


def test_an_address_that_only_takes_forms_leads_to_its_page(as_: SignIn, engineer: User) -> None:
    response = as_(engineer).get(reverse("request_review", args=[5]))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert 'href="/requests/5/"' in response.content.decode()
