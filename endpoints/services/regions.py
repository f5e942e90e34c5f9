"""The regions of an account that the portal works in. Apart from `inventory`, so that pages need not load boto3."""

from __future__ import annotations

from datetime import datetime, timedelta

from endpoints.models import Account, AccountRegion

LONGEST_PAUSE = timedelta(minutes=15)


def ensure_regions(*, account: Account, now: datetime) -> None:
    """Make a row for each of an account's regions, due for reading at once."""
    for region in account.regions:
        AccountRegion.objects.get_or_create(account=account, region=region, defaults={"inventory_due_at": now})


def pause_after_outage(*, again: bool, last: datetime | None, now: datetime, seconds: float) -> timedelta:
    """Return how long to leave alone what an outage keeps from being read: as long as it lasts already.

    `again` tells that the reading before failed, too, `last` when one worked; else they come every so many seconds.
    Whatever hangs holds a worker for a minute each time, and others wait for it.
    """
    lasts = (now - last if last else LONGEST_PAUSE) if again else timedelta()
    return max(timedelta(seconds=seconds), min(lasts, LONGEST_PAUSE))
