"""`manage.py operations`: what it prints, what it does and in whose name, and its exit codes."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from endpoints.management.commands.operations import Command
from endpoints.models import Event, Operation, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed() -> Operation:
    """Return an operation that AWS refused, beside one that waits."""
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    factories.make_person("olga", Role.OPERATOR)
    spec = factories.unrouted_spec(account)
    factories.approved(factories.submitted(account, engineer, spec), approver)
    broken = factories.failed(factories.approved(factories.submitted(account, engineer, spec), approver))
    return Operation.objects.get(request=broken)


def run(*arguments: object) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("operations", *map(str, arguments), stdout=out)
    return out.getvalue()


def code(*arguments: object) -> int:
    """Return the exit code, as a shell would see it."""
    try:
        Command(stdout=StringIO(), stderr=StringIO()).run_from_argv(["manage.py", "operations", *map(str, arguments)])
    except SystemExit as end:
        return int(end.code or 0)
    except SystemCheckError:
        return 1
    return 0


def facts(*arguments: object) -> Any:
    """Return what the command prints as JSON."""
    return json.loads(run(*arguments, "--json"))


def test_dead_lists_what_needs_a_person_and_list_all_that_is_not_over(failed: Operation) -> None:
    assert [item["id"] for item in facts("dead")] == [str(failed.pk)]
    assert len(facts("list")) == 2
    assert len(facts("list", "--limit", 1)) == 1
    assert facts("list", "--account", "999999999999") == []
    assert [item["id"] for item in facts("list", "--status", "failed")] == [str(failed.pk)]
    line = run("dead")
    assert f"{failed.pk}  failed" in line
    assert "RouteAlreadyExists [Failed: needs a decision]" in line


def test_show_tells_each_attempt_with_awss_request_id(failed: Operation) -> None:
    (attempt,) = facts("show", failed.pk)["attempt_records"]
    assert (attempt["outcome"], attempt["aws_request_id"]) == ("refused", "req-1")
    assert "attempt 1" in run("show", failed.pk)


def test_acts_are_recorded_in_the_name_of_who_did_them_from_the_command_line(failed: Operation) -> None:
    assert "is parked" in run("park", failed.pk, "--by", "olga", "--reason", "AWS is down.")
    assert "is queued" in run("resume", failed.pk, "--by", "olga")
    told = Event.objects.filter(verb__in=("operation.parked", "operation.resumed"))
    assert set(told.values_list("actor", "channel")) == {("olga", "command")}


def test_retry_queues_what_failed(failed: Operation) -> None:
    assert "is queued" in run("retry", failed.pk, "--by", "olga")
    assert facts("dead") == []


@pytest.mark.django_db(transaction=True)  # a command closes its connections at the end
def test_exit_codes(failed: Operation) -> None:
    assert code("dead") == 0
    assert code("resume", failed.pk, "--by", "olga") == 1, "it isn't parked"
    assert code("retry", failed.pk, "--by", "engineer") == 1, "no operator"
    assert code("retry", failed.pk, "--by", "nobody") == 1
    assert code("park", failed.pk, "--by", "olga", "--reason", " ") == 1
    assert code("show", uuid4()) == 1
    assert code("retry", failed.pk) == 2, "who does it?"
    assert code("show", "nonsense") == 2
    assert code("list", "--limit", "0") == 2
    assert code("dance") == 2
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_a_refusal_says_why(failed: Operation) -> None:
    with pytest.raises(CommandError, match="Only operators and administrators"):
        run("retry", failed.pk, "--by", "engineer")
