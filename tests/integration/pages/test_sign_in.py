"""Signing in, how guessing is limited, and what of the account pages there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import include, path, reverse

from endpoints.models import User
from portal.urls import account_routes, urlpatterns
from tests import factories
from tests.integration.pages.conftest import SignIn


class WithMail:
    """The site's routes where a mail server is configured."""

    urlpatterns = [path("accounts/", include(account_routes(mail=True))), *urlpatterns]


@pytest.fixture
def with_mail(settings: Any) -> Iterator[None]:
    """Have the site send mail: Django's test runner keeps what is sent in `mailoutbox`."""
    settings.ROOT_URLCONF = WithMail
    cache.clear()
    yield
    cache.clear()


def reset_link(message: EmailMessage) -> str:
    """Return the path that a mail leads to."""
    found = re.search(r"http://testserver(\S+)", str(message.body))
    assert found
    return found[1]


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 302)])
def test_behind_a_trusted_proxy_a_strangers_guesses_keep_nobody_else_out(
    proxies: int, status: int, engineer: User, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    cache.clear()

    def sign_in(name: str, password: str, address: str) -> int:
        form = {"login": name, "password": password}
        return Client().post(reverse("account_login"), form, headers={"X-Forwarded-For": address}).status_code

    stranger = {sign_in(f"somebody-{number}", "wrong", "203.0.113.9") for number in range(35)}
    assert stranger == {200, 429}
    # What a client says before its proxy adds to it counts for nothing.
    assert sign_in("somebody", "wrong", "198.51.100.1, 203.0.113.9") == 429
    assert sign_in(engineer.username, factories.PASSWORD, "203.0.113.7") == status
    cache.clear()


def test_why_it_failed_is_said_once(engineer: User) -> None:
    page = Client().post(reverse("account_login"), {"login": engineer.username, "password": "wrong"}).content.decode()
    assert page.count("are not correct") == 1
    assert 'name="login"' in page
    assert 'name="password"' in page


@pytest.mark.parametrize(
    "address",
    ["email", "confirm-email", "confirm-email/abc", "signup", "password/set", "password/reset", "password/reset/done"],
)
def test_pages_that_the_portal_doesnt_offer_are_not_there(address: str, engineer: User, as_: SignIn) -> None:
    assert as_(engineer).get(f"/accounts/{address}/").status_code == 404


def test_nobody_gives_themselves_an_address(engineer: User, as_: SignIn) -> None:
    as_(engineer).post("/accounts/email/", {"email": "mine@elsewhere.example", "action_add": ""})
    assert not engineer.emailaddress_set.exists()


def test_a_stranger_is_not_told_which_account_pages_there_are(db: None) -> None:
    assert Client().get("/accounts/email/").status_code == 404


@pytest.mark.parametrize("name", ["account_login", "account_logout", "account_change_password"])
def test_pages_of_ones_own_account_are_there(name: str, engineer: User, as_: SignIn) -> None:
    assert as_(engineer).get(reverse(name), follow=True).status_code == 200


def test_who_is_switched_off_is_told_so(engineer: User) -> None:
    User.objects.filter(pk=engineer.pk).update(is_active=False)
    form = {"login": engineer.username, "password": factories.PASSWORD}
    assert "switched off" in Client().post(reverse("account_login"), form, follow=True).content.decode()


def test_without_mail_an_administrator_sets_a_forgotten_password(db: None) -> None:
    page = Client().get(reverse("account_login")).content.decode()
    assert "Forgot your password? An administrator can set a new one." in page
    assert "/password/reset/" not in page


@pytest.mark.usefixtures("with_mail")
class TestAForgottenPassword:
    """Where mail is sent, a link in it lets its reader choose another password."""

    def test_it_is_set_by_the_link_in_a_mail(self, engineer: User, mailoutbox: list[EmailMessage]) -> None:
        User.objects.filter(pk=engineer.pk).update(email="Eng@portal.example")
        client = Client()
        assert f'<a href="{reverse("account_reset_password")}">Forgot your password?</a>' in (
            client.get(reverse("account_login")).content.decode()
        )
        sent = client.post(reverse("account_reset_password"), {"email": "eng@portal.example"}, follow=True)
        assert "has a link" in sent.content.decode()
        assert (mailoutbox[0].to, mailoutbox[0].subject) == (["eng@portal.example"], "Set a new password")
        assert f"Your username is {engineer.username}." in str(mailoutbox[0].body)

        form = client.get(reset_link(mailoutbox[0]), follow=True)
        assert "New password (again)" in form.content.decode()
        chosen = {"password1": "another long one 7", "password2": "another long one 7"}
        assert "is changed" in client.post(form.request["PATH_INFO"], chosen, follow=True).content.decode()
        engineer.refresh_from_db()
        assert engineer.check_password("another long one 7")

    def test_a_link_is_good_once(self, engineer: User, mailoutbox: list[EmailMessage]) -> None:
        User.objects.filter(pk=engineer.pk).update(email="eng@portal.example")
        Client().post(reverse("account_reset_password"), {"email": "eng@portal.example"})
        client, link = Client(), reset_link(mailoutbox[0])
        form = client.get(link, follow=True)
        fields = {"password1": "a password of mine 26", "password2": "a password of mine 26"}
        assert client.post(form.request["PATH_INFO"], fields, follow=True).status_code == 200
        engineer.refresh_from_db()
        assert engineer.check_password("a password of mine 26")
        assert "no longer works" in Client().get(link, follow=True).content.decode()

    def test_only_the_address_that_administrators_gave_counts(
        self, engineer: User, mailoutbox: list[EmailMessage]
    ) -> None:
        engineer.emailaddress_set.create(email="mine@elsewhere.example", verified=True, primary=True)
        Client().post(reverse("account_reset_password"), {"email": "mine@elsewhere.example"})
        assert mailoutbox == []

    @pytest.mark.parametrize("gone", [{"is_active": False}, {"password": "!"}])
    def test_it_opens_no_account_that_was_closed(
        self, gone: dict[str, Any], engineer: User, mailoutbox: list[EmailMessage]
    ) -> None:
        User.objects.filter(pk=engineer.pk).update(email="eng@portal.example", **gone)
        answer = Client().post(reverse("account_reset_password"), {"email": "eng@portal.example"}, follow=True)
        assert answer.status_code == 200
        assert mailoutbox == []

    def test_a_mail_server_that_is_away_tells_nobody_who_has_an_account(
        self, engineer: User, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        User.objects.filter(pk=engineer.pk).update(email="eng@portal.example")
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        for address in ("eng@portal.example", "nobody@portal.example"):
            answer = Client().post(reverse("account_reset_password"), {"email": address}, follow=True)
            assert (answer.status_code, "Look for a mail" in answer.content.decode()) == (200, True)
        assert "a mail could not be sent" in caplog.text

    def test_words_are_the_portals_own(self, db: None) -> None:
        page = Client().get(reverse("account_reset_password")).content.decode()
        assert "Forgot your password?</h1>" in page
        assert "Password Reset" not in page


def test_labels_are_in_sentence_case(engineer: User, as_: SignIn) -> None:
    page = as_(engineer).get(reverse("account_change_password")).content.decode()
    assert "New password (again)" in page
    assert "New Password" not in page
