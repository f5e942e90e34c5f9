"""What every test gets: real servers, and a database that can be emptied between tests.

The servers start while this module is imported, since Django's settings are read right after and name them.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from portal import garbage
from tests import services

services.start()

import django  # noqa: E402 - the settings may be read only now

django.setup()

import redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management.commands import flush  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.backends.postgresql.operations import DatabaseOperations  # noqa: E402
from django.test import client as test_client  # noqa: E402
from pytest_django import DjangoDbBlocker  # noqa: E402

# Tests make thousands of people, and nobody attacks their passwords: a third of a second each would be minutes.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# A busy machine is slow, and nothing is wrong with the tests that run on it.
hypothesis_settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("portal")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each worker process read the settings itself, after it started a Valkey of its own.

    With the variable inherited, pytest-django would read them before `conftest.py` is imported there.
    """
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


# The files that take longest, longest first. Started last, one would keep its process busy while the others have ended.
LONGEST = (
    "tests/faults/test_soak.py",
    "tests/integration/test_sandbox_run.py",
    "tests/e2e/test_admin_accessibility.py",
    "tests/e2e/test_pages.py",
    "tests/integration/test_who_may.py",
    "tests/integration/sandbox/test_command.py",
    "tests/e2e/test_main_job.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest files first; pytest-django puts those without a database, or with a browser, last."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was imported."""
    gc.collect()
    garbage.keep_what_is_there()


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
        cursor.execute("; ".join(["SET LOCAL session_replication_role = replica", *sql_list]))


_truncate = DatabaseOperations.sql_flush
_SAME_FOR_EVERY_TEST = {"django_content_type", "auth_permission"}


def _delete(
    operations: DatabaseOperations, style: Any, tables: Iterable[str], *, reset_sequences: bool = False, **options: Any
) -> list[str]:
    """Return what empties the tables: TRUNCATE makes new files for each, which takes longer than deleting a few rows.

    What Django would make again at once for the next test stays.
    """
    if reset_sequences:
        return _truncate(operations, style, tables, reset_sequences=True, **options)
    names = [operations.quote_name(table) for table in tables if table not in _SAME_FOR_EVERY_TEST]
    return [f"DELETE FROM {name}" for name in names]  # noqa: S608 - our own tables' names, quoted


DatabaseOperations.sql_flush = _delete  # type: ignore[method-assign,assignment]
DatabaseOperations.execute_sql_flush = _flush_append_only_tables_too  # type: ignore[method-assign,assignment]
# After an emptying Django makes permissions and types of content anew. Those are still there, and nothing else is made.
flush.emit_post_migrate_signal = lambda *_: None  # type: ignore[attr-defined]


_store_rendered = test_client.store_rendered_templates


def _store_pages_alone(store: Any, signal: Any, sender: Any, template: Any, context: Any, **kwargs: Any) -> None:
    """Keep the context of a page, not a copy for each of the hundred icons and fields that it includes."""
    if context.template is template:
        _store_rendered(store, signal, sender, template, context, **kwargs)


test_client.store_rendered_templates = _store_pages_alone


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let the database go at the end: threads of a live server, whose browser keeps its connections, keep theirs."""
    yield
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"{others} AND pid <> pg_backend_pid()")


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    """Return a client of an empty Valkey. Without a fixture: `tests.services.valkey_client()`."""
    client = services.valkey_client()
    client.flushall()
    yield client
    client.close()
