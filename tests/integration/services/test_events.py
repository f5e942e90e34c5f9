"""The record: append-only for the database too, and chained so that tampering shows."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from endpoints.models import Change, Event, PolicyRevision, Review
from endpoints.services import events
from endpoints.services.actors import WORKER
from tests import factories

pytestmark = pytest.mark.django_db
CHAIN = "123456789012"


def write(number: int) -> list[Event]:
    return [
        events.record(chain=CHAIN, who=WORKER, verb="test.written", at=timezone.now(), data={"n": n})
        for n in range(number)
    ]


def test_a_chain_verifies() -> None:
    write(5)
    assert events.first_broken(CHAIN) is None


@pytest.mark.parametrize(
    "change", ["summary = 'forged'", "actor = 'someone'", "data = '{}'", "digest = repeat('0', 64)"]
)
def test_a_changed_event_shows_where(change: str) -> None:
    write(5)
    _as_superuser(f"UPDATE endpoints_event SET {change} WHERE sequence = 3")  # noqa: S608  # the test's own words
    assert events.first_broken(CHAIN) == 3


def test_a_removed_event_shows_where() -> None:
    write(5)
    _as_superuser("DELETE FROM endpoints_event WHERE sequence = 3")
    assert events.first_broken(CHAIN) == 3


def test_the_key_is_needed_to_forge(settings) -> None:
    write(2)
    settings.PORTAL_AUDIT_KEY = "another"
    assert events.first_broken(CHAIN) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE endpoints_event SET summary = 'x'",
        "DELETE FROM endpoints_event",
        "TRUNCATE endpoints_event",
    ],
)
def test_the_database_refuses_to_change_events(sql: str) -> None:
    write(1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_refuses_to_change_reviews_changes_and_policy_documents() -> None:
    account = factories.make_account()
    factories.approved(factories.submitted(account, factories.make_engineer()), factories.make_approver(account))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Review.objects.update(comment="x")
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        Change.objects.update(spec={})
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        PolicyRevision.objects.update(document="{}")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PolicyRevision.objects.all().delete()


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        *((Change, {"region": "eu-west-2"}), (Change, {"vpc_id": "vpc-1"}), (Change, {"service_name": "x"})),
        *((Change, {"vpc_endpoint_type": "Interface"}), (Change, {"base_generation": 7}), (Change, {"base_spec": {}})),
        *((Change, {"adopts": "vpce-1"}), (Change, {"after": 0}), (Change, {"endpoint": None})),
        *((PolicyRevision, {"reason": "x"}), (PolicyRevision, {"is_default": False})),
        (PolicyRevision, {"restores": F("pk")}),
    ],
)
def test_the_database_keeps_all_that_was_reviewed(model: Any, changed: dict[str, Any]) -> None:
    account = factories.make_account()
    factories.approved(factories.submitted(account, factories.make_engineer()), factories.make_approver(account))
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        model.objects.update(**changed)


@pytest.mark.parametrize("table", ["endpoints_change", "endpoints_policyrevision", "endpoints_review"])
def test_the_database_refuses_to_empty_what_was_reviewed(table: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        write(1)


def _as_superuser(sql: str) -> None:
    """Do what only an administrator of the database can: switch the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def verify(*arguments: str) -> tuple[str, str]:
    """Return what the command printed and what it refused with."""
    out, refused = StringIO(), ""
    try:
        call_command("verify_events", *arguments, stdout=out)
    except CommandError as error:
        refused = f"{error.returncode} {error}"
    return out.getvalue(), refused


def test_the_command_verifies_every_chain() -> None:
    last = write(3)[-1]
    events.record(chain="portal", who=WORKER, verb="test.written", at=timezone.now())
    printed, refused = verify()
    assert printed.splitlines()[0] == f"{CHAIN}: 3 events, last digest {last.digest}"
    assert printed.splitlines()[1].startswith("portal: 1 event, last digest ")
    assert not refused
    _as_superuser("UPDATE endpoints_event SET summary = 'forged' WHERE sequence = 2")
    printed, refused = verify("--json")
    assert [json.loads(line)["broken_at"] for line in printed.splitlines()] == [2, None]
    assert refused.startswith(f"1 {CHAIN}: not as it was written")


def test_the_command_misses_the_newest_events_where_it_is_given_the_last_digest() -> None:
    last = write(3)[-1]
    asked = ("--chain", CHAIN, "--head", last.digest)
    assert verify(*asked)[1] == ""
    write(1)
    assert verify(*asked)[1] == ""  # what came since is no harm
    _as_superuser("DELETE FROM endpoints_event WHERE sequence >= 3")
    assert verify("--chain", CHAIN)[1] == ""
    assert verify(*asked)[1].startswith(f"1 {CHAIN} no longer holds that digest")
    assert verify("--head", last.digest)[1].startswith("2 Name the chain")
