"""Reading a region's inventory into rows that forms and checks read. An unreachable account keeps its last rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from endpoints.aws import AwsError, Ec2Gateway
from endpoints.aws.inventory import read_region
from endpoints.models import Account, AccountRegion, InventoryItem
from endpoints.services.targets import gateway

BATCH = 1000


def ensure_regions(*, account: Account, now: datetime) -> None:
    """Make a row for each of an account's regions, due for reading at once."""
    for region in account.regions:
        AccountRegion.objects.get_or_create(account=account, region=region, defaults={"inventory_due_at": now})


def refresh(*, account_region_id: int, now: datetime) -> bool:
    """Read one account-region and replace its rows; tell whether it worked. A failure is kept beside the old rows."""
    region = AccountRegion.objects.select_related("account").get(pk=account_region_id)
    _postpone(region)
    try:
        items = list(_items(region, gateway(region.account, region.region)))
    except AwsError as error:
        AccountRegion.objects.filter(pk=region.pk).update(inventory_error=f"{error.code}: {error.message}")
        return False
    with transaction.atomic():
        InventoryItem.objects.filter(account=region.account, region=region.region).delete()
        InventoryItem.objects.bulk_create(items, batch_size=BATCH)
        AccountRegion.objects.filter(pk=region.pk).update(inventory_at=now, inventory_error="")
    return True


def due() -> list[int]:
    """Return the account-regions whose inventory should be read again."""
    rows = AccountRegion.objects.filter(inventory_due_at__lte=Now(), account__is_active=True)
    return list(rows.order_by("inventory_due_at").values_list("pk", flat=True)[:100])


def _postpone(region: AccountRegion) -> None:
    pause = timedelta(seconds=settings.PORTAL_INVENTORY_SECONDS)
    AccountRegion.objects.filter(pk=region.pk).update(inventory_due_at=Now() + pause)


def _items(region: AccountRegion, client: Ec2Gateway) -> Iterator[InventoryItem]:
    for resource in read_region(client):
        data: dict[str, Any] = dict(resource.data)
        yield InventoryItem(
            account=region.account,
            region=region.region,
            kind=resource.kind,
            aws_id=resource.aws_id,
            vpc_id=resource.vpc_id,
            name=resource.name,
            data=data,
        )
