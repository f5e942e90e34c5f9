"""Signing in, and how guessing is limited."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from endpoints.models import User
from tests import factories


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
