"""Reading a region's inventory into rows that forms and checks read. An unreachable account keeps its last rows."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from endpoints.aws import UNREADABLE, AwsError, Kind
from endpoints.aws.inventory import SECTIONS, Reading, Resource, read_kind
from endpoints.models import AccountRegion, InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.services.regions import pause_after_outage
from endpoints.services.targets import PATIENCE, gateway

BATCH = 500
LEASE = timedelta(minutes=5)
"""How long one reading may take; longer than Celery lets its task run."""
_NO_WAY_IN = frozenset({"AccessDenied", "AuthFailure", "InvalidClientTokenId", "NoCredentials"})

log = logging.getLogger(__name__)


def refresh(*, account_region_id: int, now: datetime) -> bool:
    """Read one account-region and write what changed, kind by kind; tell whether all of it worked.

    A kind that can't be read keeps its last rows, and the error with its cure is kept beside them. What isn't due, or
    is being read, is left alone: the message came twice, and another worker is at it.
    """
    if not _take(account_region_id):
        return False
    region = AccountRegion.objects.select_related("account").get(pk=account_region_id)
    told = "The reading was not finished: its worker stopped. The portal tries again by itself."
    more: dict[str, Any] = {}
    try:
        errors = _read(region, now)
        told = "\n".join(f"{kind}: {_in_words(error)}" for kind, error in errors.items())
        if any(error.outage and error.code != UNREADABLE for error in errors.values()):
            _pause(region, now)
        if not errors:
            more = {"inventory_at": now}
    finally:
        # Only its own lease: who took longer than that has an heir, who tells what came of it.
        mine = AccountRegion.objects.filter(inventory_lease_expires_at=region.inventory_lease_expires_at)
        mine.filter(pk=region.pk).update(inventory_error=told, inventory_lease_expires_at=None, **more)
    return not told


def _pause(region: AccountRegion, now: datetime) -> None:
    """Move the next reading on, unless somebody has asked for one meanwhile, or an heir is at it."""
    seconds = settings.PORTAL_INVENTORY_SECONDS
    again = bool(region.inventory_error)
    pause = pause_after_outage(again=again, last=region.inventory_at, now=now, seconds=seconds)
    mine = AccountRegion.objects.filter(pk=region.pk, inventory_lease_expires_at=region.inventory_lease_expires_at)
    mine.filter(inventory_due_at__gt=Now()).update(inventory_due_at=Now() + pause)


def _in_words(error: AwsError) -> str:
    return f"{error.code}: {error.message.rstrip('. ')}. {error.cure}".rstrip()


def _read(region: AccountRegion, now: datetime) -> dict[str, AwsError]:
    """Read kind by kind; return what went wrong, by kind."""
    client = gateway(region.account, region.region, patience=PATIENCE)
    reading = Reading(client, _attributes(region), int(now.timestamp() // settings.PORTAL_INVENTORY_SECONDS))
    errors: dict[str, AwsError] = {}
    for kind in SECTIONS:
        try:
            reading.found[kind] = read_kind(kind, reading)
        except AwsError as error:
            errors[kind] = error
            log.warning("inventory of %s, %s: %s", region, kind, error)
            if error.code in _NO_WAY_IN or (error.kind is Kind.TRANSIENT and error.code != UNREADABLE):
                break  # what keeps us out keeps us out of the rest, too
            reading.found[kind] = _last_of(region, kind)  # others are read by it: whose an interface is, what reaches
        else:
            _keep(region, kind, reading.found[kind])
    return errors


def _last_of(region: AccountRegion, kind: str) -> list[Resource]:
    """Return what was read of a kind before."""
    rows = InventoryItem.objects.filter(account=region.account, region=region.region, kind=kind)
    return [Resource(kind, item.aws_id, item.vpc_id, item.name, item.data) for item in rows]


def _attributes(region: AccountRegion) -> dict[str, dict[str, bool]]:
    """Return the DNS attributes of the VPCs as last read, by VPC."""
    rows = InventoryItem.objects.filter(account=region.account, region=region.region, kind=InventoryKind.VPC)
    return {
        aws_id: {name: data[name] for name in ("enable_dns_support", "enable_dns_hostnames")}
        for aws_id, data in rows.values_list("aws_id", "data")
        if "enable_dns_support" in data
    }


def _keep(region: AccountRegion, kind: str, found: Sequence[Resource]) -> None:
    """Write what is new or changed, and delete what is gone; what is the same costs nothing but its digest."""
    rows = InventoryItem.objects.filter(account=region.account, region=region.region, kind=kind)
    known = {aws_id: (pk, digest) for pk, aws_id, digest in rows.values_list("pk", "aws_id", "digest")}
    items = [_item(region, resource) for resource in {item.aws_id: item for item in found}.values()]
    changed = [item for item in items if known.get(item.aws_id, (0, ""))[1] != item.digest]
    gone = [known[aws_id][0] for aws_id in known.keys() - {item.aws_id for item in items}]
    for start in range(0, len(gone), BATCH):
        rows.filter(pk__in=gone[start : start + BATCH]).delete()
    for start in range(0, len(changed), BATCH):
        InventoryItem.objects.bulk_create(
            changed[start : start + BATCH],
            update_conflicts=True,
            unique_fields=["account", "region", "kind", "aws_id"],
            update_fields=["vpc_id", "name", "data", "digest"],
        )


def due() -> list[int]:
    """Return the account-regions whose inventory should be read again."""
    rows = AccountRegion.objects.filter(_due(), account__is_active=True)
    return list(rows.order_by("inventory_due_at").values_list("pk", flat=True)[:100])


def _due() -> Q:
    free = Q(inventory_lease_expires_at__isnull=True) | Q(inventory_lease_expires_at__lt=Now())
    return free & Q(inventory_due_at__lte=Now())


def _take(account_region_id: int) -> bool:
    """Take a due reading by a lease, and move its due time on, so that one worker does it."""
    pause = timedelta(seconds=settings.PORTAL_INVENTORY_SECONDS)
    due_now = AccountRegion.objects.filter(_due(), pk=account_region_id)
    return bool(due_now.update(inventory_due_at=Now() + pause, inventory_lease_expires_at=Now() + LEASE))


def _item(region: AccountRegion, resource: Resource) -> InventoryItem:
    data = dict(resource.data)
    content = json.dumps([resource.vpc_id, resource.name, data], sort_keys=True, default=str)
    return InventoryItem(
        account=region.account,
        region=region.region,
        kind=resource.kind,
        aws_id=resource.aws_id,
        vpc_id=resource.vpc_id,
        name=resource.name,
        data=data,
        digest=hashlib.sha256(content.encode()).hexdigest()[:32],
    )
