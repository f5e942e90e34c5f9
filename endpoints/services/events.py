"""Writing and verifying the append-only, chained record of events.

Each account has its own chain, so that accounts don't wait for each other. A transaction takes its chain's lock
*first* (`recorded`), before it touches rows: one order of locks, no deadlock.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from endpoints.domain.hashing import canonical_json
from endpoints.models import Account, Event
from endpoints.services.actors import Who

GENESIS = "0" * 64
_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())
"""The chains whose locks this thread's transaction holds since `recorded`: they need not be asked for again."""


@contextmanager
def recorded(chain: str) -> Iterator[None]:
    """Open a transaction that will write events to a chain; hold the chain's lock until it ends."""
    with transaction.atomic():
        _lock(chain)
        before = _held.set(_held.get() | {chain})
        try:
            yield
        finally:
            _held.reset(before)


def chain_of(account: Account) -> str:
    """Return the name of an account's chain: its twelve digits."""
    return account.account_id


def record(
    *,
    chain: str,
    who: Who,
    verb: str,
    at: datetime,
    request_id: int | None = None,
    endpoint_id: int | None = None,
    summary: str = "",
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event in the running transaction. Raises TransactionManagementError outside one."""
    event = Event(verb=verb, request_id=request_id, endpoint_id=endpoint_id, summary=summary, data=dict(data or {}))
    record_all(chain=chain, who=who, at=at, news=[event])
    return event


def record_all(*, chain: str, who: Who, at: datetime, news: Sequence[Event]) -> None:
    """Append events that happened at once, in a fixed number of queries; each brings verb, subject, summary and data.

    Raises TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An event commits with what it tells of, or not at all.")
    if not news:
        return
    if chain not in _held.get():
        _lock(chain)
    last = Event.objects.filter(chain=chain).order_by("-sequence").values_list("sequence", "digest").first()
    sequence, previous = last or (0, GENESIS)
    for event in news:
        sequence += 1
        event.chain, event.sequence, event.at = chain, sequence, at
        event.actor, event.channel = who.name, who.channel
        event.digest = previous = digest(event, previous)
    Event.objects.bulk_create(news)


def digest(event: Event, previous: str) -> str:
    """Return the HMAC-SHA256 of an event after the previous digest, keyed by `PORTAL_AUDIT_KEY`."""
    content = canonical_json(
        {
            "previous": previous,
            "chain": event.chain,
            "sequence": event.sequence,
            "at": event.at.astimezone(UTC).isoformat(),
            "actor": event.actor,
            "channel": str(event.channel),
            "verb": event.verb,
            "request_id": event.request_id,
            "endpoint_id": event.endpoint_id,
            "summary": event.summary,
            "data": event.data,
        }
    )
    return hmac.new(settings.PORTAL_AUDIT_KEY.encode(), content.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Verified:
    """What reading a chain showed: how many events verify, the last one's digest, and where it breaks, if it does.

    A copy of the digest, kept elsewhere, is what shows later that the newest events were removed.
    """

    chain: str
    events: int
    head: str
    broken_at: int | None = None


def verify(chain: str) -> Verified:
    """Return whether a chain's events follow from one another, by `PORTAL_AUDIT_KEY`. Reads all of them."""
    known, previous = 0, GENESIS
    for event in Event.objects.filter(chain=chain).order_by("sequence").iterator(chunk_size=2000):
        if event.sequence != known + 1 or not hmac.compare_digest(event.digest, digest(event, previous)):
            return Verified(chain, known, previous, broken_at=known + 1)
        known, previous = known + 1, event.digest
    return Verified(chain, known, previous)


def first_broken(chain: str) -> int | None:
    """Return the sequence number at which a chain doesn't verify, or None when it does."""
    return verify(chain).broken_at


def chains() -> list[str]:
    """Return the names of all chains that have events, in order."""
    return list(Event.objects.order_by("chain").values_list("chain", flat=True).distinct())


def holds(chain: str, head: str) -> bool:
    """Tell whether a chain has an event of that digest."""
    return Event.objects.filter(chain=chain, digest=head).exists()


def _lock(chain: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('portal-events'), hashtext(%s))", [chain])
