"""Test clients that share one handler: loading the middleware scans all static files, which takes its time."""

from __future__ import annotations

from functools import cache

from django.test import Client
from django.test.client import ClientHandler

from endpoints.models import User


def browser(user: User | None = None, *, strict: bool = False) -> Client:
    """Return a client in which a person is signed in; a strict one checks CSRF tokens as browsers' requests are."""
    client = Client(enforce_csrf_checks=strict)
    client.handler = _handler(strict)
    if user is not None:
        client.force_login(user)
    return client


@cache
def _handler(strict: bool) -> ClientHandler:
    return ClientHandler(enforce_csrf_checks=strict)
