"""Endpoints that AWS has and no request stands behind: kept for the page that offers to adopt them.

Among them are those that the portal made and lost: the ownership tag names their operation. Where the operation still
knows an endpoint without an id, the two are joined again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from endpoints.aws.group_rules import OWNERSHIP_TAG
from endpoints.domain.lifecycle import OPERATION
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import GONE_STATES
from endpoints.models import AccountRegion, Endpoint, Operation, UnmanagedEndpoint
from endpoints.models.unmanaged import UnmanagedEndpointQuerySet
from endpoints.services import clock, events, outcomes

BATCH = 500
_AT_WORK = frozenset(OPERATION.live()) - {"failed", "parked"}
_COLUMNS = (
    "vpc_id",
    "service_name",
    "vpc_endpoint_type",
    "name",
    "aws_state",
    "requester_managed",
    "operation",
    "data",
)

log = logging.getLogger(__name__)


def keep(*, region: AccountRegion, found: Iterable[ObservedEndpoint], now: datetime) -> set[str]:
    """Write what is new about endpoints that no row manages; return the ids that count as unmanaged.

    A fixed number of queries for one page of a listing, and none that writes where nothing has changed.
    """
    present = {item.vpc_endpoint_id: item for item in found if item.state not in GONE_STATES}
    if not present:
        return set()
    for vpc_endpoint_id in _owned(region, present):
        del present[vpc_endpoint_id]
    known = {row.vpc_endpoint_id: row for row in _rows(region).filter(vpc_endpoint_id__in=present)}
    new = [_row(region, item, now) for key, item in present.items() if key not in known]
    changed = [
        _updated(known[key], item, now)
        for key, item in present.items()
        if key in known and known[key].observed_endpoint() != item
    ]
    UnmanagedEndpoint.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    if changed:
        UnmanagedEndpoint.objects.bulk_update(changed, [*_COLUMNS, "changed_at"], batch_size=BATCH)
    for row in new:
        if row.operation:
            log.warning(
                "%s in %s was made by the portal's operation %s, and no endpoint knows it: see the unmanaged endpoints",
                *(row.vpc_endpoint_id, region, row.operation),
            )
    return set(present)


def forget_others(*, region: AccountRegion, present: Collection[str]) -> int:
    """Forget what a complete listing no longer had; return how many."""
    rows = _rows(region).values_list("pk", "vpc_endpoint_id")
    gone = [pk for pk, vpc_endpoint_id in rows if vpc_endpoint_id not in present]
    for start in range(0, len(gone), BATCH):
        UnmanagedEndpoint.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    return len(gone)


def operation_of(seen: ObservedEndpoint) -> UUID | None:
    """Return the operation that an endpoint's ownership tag names, if it is one of ours."""
    try:
        return UUID(dict(seen.tags).get(OWNERSHIP_TAG, ""))
    except ValueError:
        return None


def _owned(region: AccountRegion, present: Mapping[str, ObservedEndpoint]) -> list[str]:
    """Return the ids that belong to an operation after all: one at work has just made it, or one lost its id."""
    tagged = {named: item for item in present.values() if (named := operation_of(item))}
    if not tagged:
        return []
    latest = Operation.objects.filter(endpoint=OuterRef("endpoint")).order_by("-created_at").values("pk")[:1]
    operations = Operation.objects.filter(pk__in=tagged, account=region.account, region=region.region)
    rows: QuerySet[Any] = operations.select_related("change", "endpoint", "account").annotate(latest=Subquery(latest))
    owned = []
    for operation in rows:
        item, known = tagged[operation.pk], operation.endpoint.vpc_endpoint_id
        if known == item.vpc_endpoint_id and not operation.endpoint.state.terminal:
            owned.append(known)  # a worker has noted it since the page was read
        if known or not operation.change.kind.creates or operation.latest != operation.pk:
            continue
        if operation.status in _AT_WORK or (not operation.endpoint.state.terminal and _join(operation, item)):
            owned.append(item.vpc_endpoint_id)
    return owned


def _join(operation: Operation, seen: ObservedEndpoint) -> bool:
    """Give an endpoint that lost its id the one that AWS made for it; tell whether it still lacked one."""
    now = clock.now()
    with events.recorded(events.chain_of(operation.account)):
        joined = Endpoint.objects.filter(pk=operation.endpoint_id, vpc_endpoint_id__isnull=True).update(
            vpc_endpoint_id=seen.vpc_endpoint_id,
            aws_state=seen.state,
            observed=seen.to_dict(),
            observed_at=now,
            updated_at=now,
            version=F("version") + 1,
        )
        if joined:
            outcomes.created(operation, seen, request_id="", now=now)
    if joined:
        log.warning("%s is %s: its operation %s had lost it", operation.endpoint, seen.vpc_endpoint_id, operation.pk)
    return bool(joined)


def _rows(region: AccountRegion) -> UnmanagedEndpointQuerySet:
    return UnmanagedEndpoint.objects.filter(account=region.account, region=region.region)


def _row(region: AccountRegion, seen: ObservedEndpoint, now: datetime) -> UnmanagedEndpoint:
    row = UnmanagedEndpoint(
        account=region.account, region=region.region, vpc_endpoint_id=seen.vpc_endpoint_id, first_seen_at=now
    )
    return _updated(row, seen, now)


def _updated(row: UnmanagedEndpoint, seen: ObservedEndpoint, now: datetime) -> UnmanagedEndpoint:
    row.vpc_id, row.service_name, row.vpc_endpoint_type = seen.vpc_id, seen.service_name, seen.vpc_endpoint_type
    row.name = dict(seen.tags).get("Name", "")[:255]
    row.aws_state, row.requester_managed = seen.state, seen.requester_managed
    row.operation = operation_of(seen)
    row.data = seen.to_dict()
    row.changed_at = now
    return row
