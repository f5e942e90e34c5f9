"""Environment variables: a wrong deployment stops at its start."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from endpoints.checks import the_record_has_a_long_key
from portal import env


@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_must_be_set_must_not_be_empty(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_AUDIT_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("PORTAL_AUDIT_KEY", value)
    with pytest.raises(ImproperlyConfigured, match="PORTAL_AUDIT_KEY"):
        env.text("PORTAL_AUDIT_KEY")


def test_what_may_be_left_out_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    assert env.text("AWS_ENDPOINT_URL", "") == ""


@pytest.mark.parametrize(
    "url",
    ["mysql://u@h/x", "nothing", "postgres://u@h:99999/x", "postgres://u@h:x/x", "postgres://u@h/x?sslmod=verify-full"],
)
def test_a_database_that_cant_be_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database("DATABASE_URL")


def test_what_the_address_of_the_database_asks_of_libpq_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes verify-full must not be connected to whoever answers."""
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/x?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem")
    assert env.database("DATABASE_URL")["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgres://u:p@db.example:5432/x", "db.example", "5432"),
        ("postgres://u:p@db.example/x", "db.example", ""),
        ("postgres://u:p@%2Frun%2FPostgreSQL/x", "/run/PostgreSQL", ""),
        ("postgres://u:p@%2Frun%2FPostgreSQL:5433/x", "/run/PostgreSQL", "5433"),
        ("postgres://u:p@[2001:db8::1]:5432/x", "2001:db8::1", "5432"),
        ("postgres://u:p@[2001:db8::1]/x", "2001:db8::1", ""),
    ],
)
def test_a_database_may_be_at_a_name_a_socket_or_an_address(
    url: str, host: str, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    found = env.database("DATABASE_URL")
    assert (found["HOST"], found["PORT"]) == (host, port)


@pytest.mark.parametrize(("key", "warnings"), [("k" * 31, ["endpoints.W001"]), ("k" * 32, [])])
def test_a_short_key_of_the_record_is_told_before_the_first_event(
    settings: Settings, key: str, warnings: list[str]
) -> None:
    settings.PORTAL_AUDIT_KEY = key
    assert [item.id for item in the_record_has_a_long_key(None)] == warnings


@pytest.mark.parametrize(("host", "backend"), [("", "dummy"), ("mail.portal.example", "smtp")])
def test_mail_is_sent_where_a_server_is_named(host: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one nothing is printed either: a link that sets a password would stand in a log."""
    monkeypatch.setenv("EMAIL_HOST", host)
    settings = runpy.run_path(str(Path(__file__).resolve().parents[2] / "portal" / "settings.py"))
    assert settings["PORTAL_SENDS_MAIL"] == bool(host)
    assert settings["EMAIL_BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"
