"""What every test gets: real servers, and a database that can be emptied between tests.

The servers start while this module is imported, since Django's settings are read right after and name them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import services

services.start()

import django  # noqa: E402 - the settings may be read only now

django.setup()

import redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.backends.postgresql.operations import DatabaseOperations  # noqa: E402

# Tests make thousands of people, and nobody attacks their passwords: a third of a second each would be minutes.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each worker process read the settings itself, after it started a Valkey of its own.

    With the variable inherited, pytest-django would read them before `conftest.py` is imported there.
    """
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure() -> None:
    """Stop the servers; also after a failure or Ctrl-C."""
    services.stop()


def _flush_append_only_tables_too(operations: DatabaseOperations, sql_list: list[str]) -> None:
    """Empty the tables between tests although triggers forbid it.

    Events and other append-only tables have triggers against UPDATE, DELETE and TRUNCATE. A session that
    plays a replica doesn't fire them (PostgreSQL, "session_replication_role"); the setting ends with the
    transaction.
    """
    with transaction.atomic(using=operations.connection.alias), operations.connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in sql_list:
            cursor.execute(sql)


DatabaseOperations.execute_sql_flush = _flush_append_only_tables_too  # type: ignore[method-assign,assignment]


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    """Return a client of an empty Valkey. Without a fixture: `tests.services.valkey_client()`."""
    client = services.valkey_client()
    client.flushall()
    yield client
    client.close()
