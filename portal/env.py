"""Typed readers of environment variables.

Each reader raises `django.core.exceptions.ImproperlyConfigured` with the variable's name and the cure, so that a
wrong deployment stops at its start and not at its first request.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str | None = None) -> str:
    """Return the variable's value; without one, `default`; without both, refuse to start.

    Where there is no default, an empty value is none: a key that a deployment forgot to fill in protects nothing.
    """
    value = os.environ.get(name, default)
    if value is None or (default is None and not value.strip()):
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return a boolean: 1/true/yes/on or 0/false/no/off, in any case."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.lower() in _TRUE:
        return True
    if raw.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {raw!r}: write true or false.")


def number(name: str, default: float) -> float:
    """Return a number, such as seconds or a rate."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return float(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {raw!r}: write a number.") from error


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without its blanks."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def database(name: str) -> dict[str, Any]:
    """Return Django's settings for a `postgres://user:password@host:port/name` URL.

    A socket folder may stand in place of the host, percent-encoded, as libpq writes it. What libpq is to do besides
    stands after a question mark: `?sslmode=verify-full&sslrootcert=/etc/ca.pem`.
    """
    parts = urlsplit(text(name))
    try:
        port = str(parts.port or "")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has no such port: {error}.") from error
    host = re.sub(r":[0-9]*\Z", "", parts.netloc.rpartition("@")[2]).strip("[]")
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgres:// URL: PostgreSQL is the one database.")
    options: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        make_conninfo("", **options)
    except psycopg.Error as error:
        raise ImproperlyConfigured(f"{name} asks what libpq doesn't know: {error}.") from error
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),  # not parts.hostname: that lower-cases a socket folder
        "PORT": port,
        "OPTIONS": options,
    }
