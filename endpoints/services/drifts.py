"""Keeping drift in rows: opened when AWS first differs from what was approved, closed when it no longer does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from endpoints.domain.drift import Difference, differences
from endpoints.domain.hashing import sha256
from endpoints.domain.observed import ObservedEndpoint
from endpoints.models import Drift, Endpoint, Event
from endpoints.services import events, policies
from endpoints.services.actors import WORKER

BATCH = 500
# A region's endpoints share few policies, full access above all: each pair is read once.
_same_policy = lru_cache(maxsize=512)(policies.same_policy)


def differences_of(endpoint: Endpoint, seen: ObservedEndpoint) -> tuple[Difference, ...]:
    """Return how what AWS has differs from what was approved last."""
    return differences(endpoint.desired_spec(), seen, same_policy=_same_policy)


def open_by_endpoint(endpoints: Iterable[Endpoint]) -> dict[int, dict[str, Drift]]:
    """Return the open drift of endpoints, by endpoint and field. One query."""
    rows: dict[int, dict[str, Drift]] = {}
    for drift in Drift.objects.open().filter(endpoint__in=[item.pk for item in endpoints]):
        rows.setdefault(drift.endpoint_id, {})[drift.field] = drift
    return rows


@dataclass(slots=True)
class News:
    """What is new about one endpoint's drift; `unchanged` differs as it did before."""

    opened: list[Difference] = field(default_factory=list)
    altered: list[tuple[Drift, Difference]] = field(default_factory=list)
    closed: list[Drift] = field(default_factory=list)
    unchanged: list[Drift] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.opened or self.altered or self.closed)


def news_of(found: Iterable[Difference], known: Mapping[str, Drift], *, may_open: bool) -> News:
    """Compare what differs now with what was known; without `may_open` nothing new is reported, only what has gone."""
    news = News()
    rest = dict(known)
    for item in found:
        drift = rest.pop(item.field, None)
        if drift is None:
            if may_open:
                news.opened.append(item)
        elif (drift.desired, drift.observed) == (_plain(item.desired), _plain(item.observed)):
            news.unchanged.append(drift)
        elif may_open:
            news.altered.append((drift, item))
    news.closed = list(rest.values())
    return news


def keep(*, news: Iterable[tuple[Endpoint, News]], now: datetime) -> list[Event]:
    """Write what is new; return the events to record. A fixed number of queries, in the caller's transaction."""
    opened: list[Drift] = []
    altered: list[Drift] = []
    closed: list[int] = []
    told: list[Event] = []
    for endpoint, item in news:
        opened += [_row(endpoint, difference, now) for difference in item.opened]
        for drift, difference in item.altered:
            drift.desired, drift.observed = _plain(difference.desired), _plain(difference.observed)
            drift.last_seen_at = now
            altered.append(drift)
        closed += [drift.pk for drift in item.closed]
        told += _events(endpoint, item)
    if opened:
        Drift.objects.bulk_create(opened, batch_size=BATCH)
    if altered:
        Drift.objects.bulk_update(altered, ["desired", "observed", "last_seen_at"], batch_size=BATCH)
    if closed:
        Drift.objects.filter(pk__in=closed).update(resolved_at=now)
    return told


def still_there(drifts: Iterable[Drift], *, now: datetime) -> None:
    """Note that what differed still does. One query."""
    ids = [item.pk for item in drifts]
    if ids:
        Drift.objects.open().filter(pk__in=ids).update(last_seen_at=now)


def close(*, endpoint: Endpoint, now: datetime, is_gone: bool = False) -> None:
    """Close all drift of an endpoint: AWS was seen to be as approved, or the endpoint is gone, which is told elsewhere.

    Runs in the caller's recorded transaction.
    """
    fields = list(Drift.objects.open().filter(endpoint=endpoint).values_list("field", flat=True))
    if not fields:
        return
    Drift.objects.open().filter(endpoint=endpoint).update(resolved_at=now)
    if is_gone:
        return
    told = _event(endpoint, "endpoint.drift_resolved", fields, {})
    events.record_all(chain=events.chain_of(endpoint.account), who=WORKER, at=now, news=[told])


def _events(endpoint: Endpoint, news: News) -> list[Event]:
    found = [*news.opened, *(difference for _, difference in news.altered)]
    told = []
    if found:
        values = {item.field: {"desired": _said(item.desired), "observed": _said(item.observed)} for item in found}
        told.append(_event(endpoint, "endpoint.drifted", list(values), values))
    if news.closed:
        told.append(_event(endpoint, "endpoint.drift_resolved", [item.field for item in news.closed], {}))
    return told


def _event(endpoint: Endpoint, verb: str, fields: list[str], values: dict[str, Any]) -> Event:
    data = {"fields": sorted(fields)} | ({"values": values} if values else {})
    return Event(verb=verb, endpoint_id=endpoint.pk, summary=", ".join(sorted(fields)), data=data)


def _row(endpoint: Endpoint, item: Difference, now: datetime) -> Drift:
    return Drift(
        endpoint=endpoint,
        field=item.field,
        desired=_plain(item.desired),
        observed=_plain(item.observed),
        first_seen_at=now,
        last_seen_at=now,
    )


def _plain(value: str | bool | tuple[str, ...] | None) -> Any:
    """Return a value as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value


def _said(value: str | bool | tuple[str, ...] | None) -> Any:
    """Return a value for the record, where a policy's text would drown the rest: its hash stands for it."""
    if isinstance(value, str) and len(value) > 300:
        return f"sha256:{sha256(value)}"
    return _plain(value)
