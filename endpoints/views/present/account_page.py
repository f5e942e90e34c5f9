"""An account as its page shows it: the last check by place, and how its role is set up."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings

from endpoints import permissions
from endpoints.models import Account, AccountCheck, AccountRegion, User
from endpoints.policy import role
from endpoints.policy.role_check import Outcome, verdict
from endpoints.policy.spans import Span, spans
from endpoints.services import accounts
from endpoints.templatetags.status import Status

_SHOWN = {
    Outcome.BAD: Status("Needs attention", "bad", "x-circle-fill"),
    Outcome.WARN: Status("Look at this", "warn", "exclamation-triangle-fill"),
    Outcome.OK: Status("In order", "ok", "check-circle-fill"),
    Outcome.UNKNOWN: Status("Not known", "muted", "question-circle"),
}
NEVER = Status("Never checked", "muted", "question-circle")
RUNNING = Status("Checking", "busy", "hourglass-split")
_RANK = list(Outcome)
EVERYWHERE = "Role and account"


@dataclass(frozen=True, slots=True)
class Place:
    """What was found in one place: what is open first, what is in order apart."""

    title: str
    status: Status
    open: Sequence[Mapping[str, Any]]
    fine: Sequence[Mapping[str, Any]]


def status_of(check: AccountCheck | None) -> Status:
    """Return how an account stands by its last check."""
    if check is None:
        return NEVER
    return RUNNING if check.finished_at is None else _SHOWN[verdict(check.findings)]


def latest_checks(found: Iterable[Account]) -> dict[int, AccountCheck]:
    """Return the last check of each account, by the account's key: one query."""
    rows = AccountCheck.objects.filter(account__in=[item.pk for item in found])
    return {row.account_id: row for row in rows.order_by("account_id", "-pk").distinct("account_id")}


class AccountPage:
    """What the page of one account asks for."""

    def __init__(self, account: Account, user: User) -> None:
        self.account = account
        self.can_check = permissions.can_check_accounts(user) and account.is_active
        self.can_refresh = permissions.can_refresh_inventory(user) and account.is_active
        self.can_renew = permissions.ADMINISTRATORS.allows(user)

    @cached_property
    def check(self) -> AccountCheck | None:
        """Return the last check."""
        return self.account.checks.first()

    @property
    def running(self) -> bool:
        """Tell whether a worker is to do the last check still."""
        return self.check is not None and self.check.finished_at is None

    @property
    def version(self) -> str:
        """Return what changes whenever the shown check, or what is said of a region, does."""
        read = [(row.pk, row.inventory_at, row.inventory_error, row.is_late, row.is_being_read) for row in self.regions]
        return f"{version_of(self.check)}.{zlib.crc32(repr(read).encode()):x}"

    @property
    def expects_news(self) -> bool:
        """Tell whether a worker is at something that the page shows."""
        return self.running or any(row.is_being_read for row in self.regions)

    @property
    def status(self) -> Status:
        """Return how the account stands."""
        return status_of(self.check)

    @cached_property
    def places(self) -> list[Place]:
        """Return the findings: of the role first, then by region."""
        by_region: dict[str, list[dict[str, Any]]] = {}
        for finding in self.check.findings if self.check else []:
            by_region.setdefault(finding["region"], []).append(finding)
        return [_place(region or EVERYWHERE, findings) for region, findings in by_region.items()]

    @property
    def waiting(self) -> list[str]:
        """Return the regions that a running check hasn't come to."""
        if not self.running:
            return []
        done = {place.title for place in self.places}
        return [region for region in self.account.regions if region not in done]

    @property
    def principal_missing(self) -> bool:
        """Tell whether nobody has said who the portal is to other accounts."""
        return not settings.PORTAL_AWS_PRINCIPAL

    @property
    def role_name(self) -> str:
        """Return the role's name, without its path."""
        return self.account.role_arn.rpartition("/")[2]

    @cached_property
    def trust_policy(self) -> str:
        """Return the trust policy as JSON."""
        return accounts.trust_policy(self.account)

    @cached_property
    def permission_policy(self) -> str:
        """Return the permission policy as JSON."""
        return accounts.permission_policy(self.account)

    @property
    def trust_lines(self) -> list[tuple[Span, ...]]:
        """Return the trust policy's lines, coloured."""
        return [spans(line) for line in self.trust_policy.splitlines()]

    @property
    def permission_lines(self) -> list[tuple[Span, ...]]:
        """Return the permission policy's lines, coloured."""
        return [spans(line) for line in self.permission_policy.splitlines()]

    @property
    def statements(self) -> Sequence[role.Statement]:
        """Return the permission policy's statements, each with why it is there."""
        return role.STATEMENTS

    @cached_property
    def regions(self) -> list[Any]:
        """Return what is known of the account's regions: AccountRegions with `is_late` and `is_being_read`."""
        rows = self.account.account_regions.filter(region__in=self.account.regions)
        return list(rows.annotate(is_late=AccountRegion.late(), is_being_read=AccountRegion.being_read()))


def version_of(check: AccountCheck | None) -> str:
    """Return a text that changes with every writing of a check."""
    return f"{check.pk}.{check.version}" if check else "none"


def _place(title: str, findings: list[dict[str, Any]]) -> Place:
    ordered = sorted(findings, key=lambda item: _RANK.index(item["outcome"]))
    return Place(
        title,
        _SHOWN[verdict(findings)],
        [item for item in ordered if item["outcome"] != Outcome.OK],
        [item for item in ordered if item["outcome"] == Outcome.OK],
    )
