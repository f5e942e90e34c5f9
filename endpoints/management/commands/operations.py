"""`manage.py operations`: the operators' desk on the command line, by the same services and rules as the pages."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from endpoints.domain import lifecycle
from endpoints.models import Operation, OperationAttempt, User
from endpoints.models.events import Channel
from endpoints.models.operations import OperationQuerySet, Trouble
from endpoints.services import operations
from endpoints.services.actors import Who, person
from endpoints.services.errors import ServiceError

LIMIT = 50
MOST = 1000


class Command(BaseCommand):
    """List, show, retry, park and resume operations."""

    help = (
        "Look at the workers' operations and act on them. "
        "Exit codes: 0 done, 1 refused (the reason is printed), 2 wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a subcommand with its own arguments."""
        acts = parser.add_subparsers(dest="act", required=True, metavar="COMMAND")
        for name, text in (
            ("list", "list operations that aren't over, the newest trouble first"),
            ("dead", "list what will not go on by itself"),
        ):
            listing = acts.add_parser(name, help=text)
            listing.add_argument("--account", help="an AWS account, by its twelve digits")
            listing.add_argument("--status", choices=sorted(lifecycle.OPERATION.states), help="only in this status")
            listing.add_argument("--limit", type=_limit, default=LIMIT, help=f"at most so many ({LIMIT})")
            listing.add_argument("--json", action="store_true", help="as JSON")
        show = acts.add_parser("show", help="show one operation with its attempts")
        show.add_argument("operation", type=_uuid, help="the operation's id")
        show.add_argument("--json", action="store_true", help="as JSON")
        for name, text in (
            ("retry", "queue what failed, or have what waits taken up now"),
            ("park", "take it out of the queue until somebody resumes it"),
            ("resume", "put what was parked back into the queue"),
        ):
            act = acts.add_parser(name, help=text)
            act.add_argument("operation", type=_uuid, help="the operation's id")
            act.add_argument("--by", required=True, metavar="USERNAME", help="who does it: an operator; it is recorded")
            if name == "park":
                act.add_argument("--reason", required=True, help="why; the requester reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the subcommand says. Raises CommandError with the reason, when it is refused."""
        act = options["act"]
        if act in ("list", "dead"):
            self._list(only_dead=act == "dead", **options)
        elif act == "show":
            self._show(_found(options["operation"]), as_json=options["json"])
        else:
            self._act(act, _found(options["operation"]), options)

    def _list(self, *, only_dead: bool, **options: Any) -> None:
        rows: OperationQuerySet = Operation.objects.with_trouble()
        rows = rows.dead() if only_dead else rows
        if options["status"]:
            rows = rows.filter(status=options["status"])
        elif not only_dead:
            rows = rows.filter(status__in=lifecycle.OPERATION.live())
        if options["account"]:
            rows = rows.filter(account__account_id=options["account"])
        found = list(
            rows.select_related("account", "request", "endpoint").order_by("-updated_at", "pk")[: options["limit"]]
        )
        if options["json"]:
            self._json([_facts(item) for item in found])
            return
        for item in found:
            trouble = f" [{Trouble(item.trouble).label}]" if item.trouble else ""
            error = f" {item.last_error_code}" if item.last_error_code else ""
            self.stdout.write(
                f"{item.pk}  {item.status:<18} {item.request.reference:<8} {item.action:<6} "
                f"{item.account.account_id} {item.region}  attempts {item.attempts}{error}{trouble}"
            )
        if not found:
            self.stdout.write("Nothing needs a person." if only_dead else "No such operation.")

    def _show(self, operation: Operation, *, as_json: bool) -> None:
        attempts = list(operation.attempt_records.order_by("-number")[:LIMIT])
        facts = {**_facts(operation), "intent": operation.intent, "attempt_records": [_attempt(a) for a in attempts]}
        if as_json:
            self._json(facts)
            return
        for name, value in facts.items():
            if name not in ("attempt_records", "intent"):
                self.stdout.write(f"{name:<18} {'' if value is None else value}")
        self.stdout.write(f"{'intent':<18} {json.dumps(operation.intent) if operation.intent else ''}")
        for attempt in attempts:
            said = " ".join(filter(None, (attempt.error_code, attempt.aws_request_id, attempt.message)))
            ended = attempt.outcome or "under way"
            self.stdout.write(f"attempt {attempt.number:<10} {attempt.started_at:%Y-%m-%d %H:%M:%S} {ended} {said}")

    def _act(self, act: str, operation: Operation, options: dict[str, Any]) -> None:
        by = _operator(options["by"])
        common: dict[str, Any] = {
            "operation": operation,
            "version": operation.version,
            "by": by,
            "now": timezone.now(),
        }
        try:
            if act == "park":
                operations.park(reason=options["reason"], **common)
            elif act == "resume":
                operations.resume(**common)
            else:
                operations.retry_now(**common)
        except (ServiceError, PermissionDenied) as error:
            raise CommandError(str(error)) from error
        asked = " Its worker parks it at its next step." if act == "park" and operation.status == "running" else ""
        self.stdout.write(f"{operation.pk} is {operation.status}.{asked}")

    def _json(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, indent=2, default=str))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError("write the operation's id, as `operations list` prints it") from None


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST:
        raise ArgumentTypeError(f"write a number from 1 to {MOST}")
    return int(text)


def _found(pk: UUID) -> Operation:
    rows = Operation.objects.with_trouble().select_related("account", "request__account", "endpoint__account")
    operation = rows.filter(pk=pk).first()
    if operation is None:
        raise CommandError("There is no such operation. See: manage.py operations list")
    return operation


def _operator(username: str) -> Who:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"There is nobody called {username}. --by names an operator.")
    return person(user, Channel.COMMAND)


def _facts(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.pk,
        "status": operation.status,
        "needs_person": operation.trouble or None,
        "request": operation.request.reference,
        "action": operation.action,
        "endpoint": operation.endpoint.vpc_endpoint_id,
        "service_name": operation.endpoint.service_name,
        "account": operation.account.account_id,
        "region": operation.region,
        "attempts": operation.attempts,
        "throttles": operation.throttles,
        "fence": operation.fence,
        "lease_owner": operation.lease_owner or None,
        "lease_expires_at": operation.lease_expires_at,
        "next_attempt_at": operation.next_attempt_at if operation.status == "queued" else None,
        "last_error_code": operation.last_error_code or None,
        "last_error": operation.last_error or None,
        "last_cure": operation.last_cure or None,
        "aws_request_id": operation.aws_request_id or None,
        "parked_by": operation.parked_by or None,
        "parked_at": operation.parked_at,
        "park_reason": operation.park_reason or None,
        "client_token": operation.client_token,
        "updated_at": operation.updated_at,
        "version": operation.version,
    }


def _attempt(attempt: OperationAttempt) -> dict[str, Any]:
    names = ("number", "fence", "worker", "started_at", "finished_at", "error_code", "message", "aws_request_id")
    return {"outcome": attempt.outcome or None, **{name: getattr(attempt, name) for name in names}}
