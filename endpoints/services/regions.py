"""The regions of an account that the portal works in. Apart from `inventory`, so that pages need not load boto3."""

from __future__ import annotations

from datetime import datetime

from endpoints.models import Account, AccountRegion


def ensure_regions(*, account: Account, now: datetime) -> None:
    """Make a row for each of an account's regions, due for reading at once."""
    for region in account.regions:
        AccountRegion.objects.get_or_create(account=account, region=region, defaults={"inventory_due_at": now})
