"""Reading a region's inventory into rows that forms and checks read. An unreachable account keeps its last rows."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from endpoints.aws import AwsError, Kind
from endpoints.aws.inventory import SECTIONS, Resource
from endpoints.models import AccountRegion, InventoryItem
from endpoints.services.targets import PATIENCE, gateway

BATCH = 1000
_NO_WAY_IN = frozenset({"AccessDenied", "AuthFailure", "InvalidClientTokenId", "NoCredentials"})

log = logging.getLogger(__name__)


def refresh(*, account_region_id: int, now: datetime) -> bool:
    """Read one account-region and replace its rows, kind by kind; tell whether all of it worked.

    A kind that can't be read keeps its last rows, and the error is kept beside them. What isn't due is left alone:
    the message came twice, and another worker is reading.
    """
    if not _take(account_region_id):
        return False
    region = AccountRegion.objects.select_related("account").get(pk=account_region_id)
    client = gateway(region.account, region.region, patience=PATIENCE)
    errors = []
    for kind, read in SECTIONS.items():
        try:
            items = [_item(region, resource) for resource in read(client)]
        except AwsError as error:
            errors.append(f"{kind}: {error.code}: {error.message}")
            log.warning("inventory of %s, %s: %s", region, kind, error)
            if error.kind is Kind.TRANSIENT or error.code in _NO_WAY_IN:
                break  # what keeps us out keeps us out of the rest, too
        else:
            _replace(region, kind, items)
    AccountRegion.objects.filter(pk=region.pk).update(
        inventory_error="\n".join(errors), **({} if errors else {"inventory_at": now})
    )
    return not errors


def _replace(region: AccountRegion, kind: str, items: list[InventoryItem]) -> None:
    with transaction.atomic():
        InventoryItem.objects.filter(account=region.account, region=region.region, kind=kind).delete()
        InventoryItem.objects.bulk_create(items, batch_size=BATCH)


def due() -> list[int]:
    """Return the account-regions whose inventory should be read again."""
    rows = AccountRegion.objects.filter(inventory_due_at__lte=Now(), account__is_active=True)
    return list(rows.order_by("inventory_due_at").values_list("pk", flat=True)[:100])


def _take(account_region_id: int) -> bool:
    """Take a due reading by moving its due time on, so that one worker does it."""
    pause = timedelta(seconds=settings.PORTAL_INVENTORY_SECONDS)
    due_now = AccountRegion.objects.filter(pk=account_region_id, inventory_due_at__lte=Now())
    return bool(due_now.update(inventory_due_at=Now() + pause))


def _item(region: AccountRegion, resource: Resource) -> InventoryItem:
    return InventoryItem(
        account=region.account,
        region=region.region,
        kind=resource.kind,
        aws_id=resource.aws_id,
        vpc_id=resource.vpc_id,
        name=resource.name,
        data=dict(resource.data),
    )
