"""Asking for a reading of the inventory. Apart from `inventory`, so that pages need not load boto3."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, Q
from django.db.models.functions import Greatest, Now

from endpoints import permissions
from endpoints.models import Account, AccountRegion, Operation
from endpoints.models.operations import LIVE
from endpoints.queue import wake_inventory
from endpoints.services import events
from endpoints.services.actors import Who
from endpoints.services.errors import SWITCHED_OFF, Conflict

PAUSE = timedelta(minutes=1)
"""How long a person's ask stands before the same region can be asked for again: a reading costs AWS's tokens."""


def ask(*, account: Account, region: str, by: Who, now: datetime) -> None:
    """Have a worker read an account-region's inventory now, with an event.

    Raises PermissionDenied; Conflict for an account that is switched off, a region that isn't the account's, and one
    that was asked for a moment ago.
    """
    permissions.check_can_refresh_inventory(by.person())
    if not account.is_active:
        raise Conflict(SWITCHED_OFF)
    found = AccountRegion.objects.filter(account=account, region=region).first() if region in account.regions else None
    if found is None:
        raise Conflict("The portal doesn't work in this region of the account. Choose one of its regions.")
    with events.recorded(events.chain_of(account)):
        free = Q(inventory_asked_at__isnull=True) | Q(inventory_asked_at__lte=now - PAUSE)
        taken = AccountRegion.objects.filter(free, pk=found.pk)
        if not taken.update(inventory_asked_at=now, inventory_due_at=Now()):
            raise Conflict(f"Somebody had {region} read less than a minute ago. Look at what was read, then ask again.")
        events.record(
            chain=events.chain_of(account),
            who=by,
            verb="inventory.refresh_requested",
            at=now,
            summary=f"{account}, {region}",
            data={"id": account.pk, "region": region},
        )
        wake_inventory(found.pk)


def after_changes(region: AccountRegion) -> None:
    """Make an account-region's inventory due once the last of the portal's changes there is done.

    Checks, pictures and who can reach what then know the change within seconds, not at the next regular reading. Many
    changes bring one reading, and none before the last one is `PAUSE` old: until then its rows are new enough.
    """
    at = Greatest(Now(), F("inventory_at") + PAUSE)  # PostgreSQL passes over the time of a reading that never was
    under_way = Operation.objects.filter(account=region.account_id, region=region.region, status__in=LIVE)
    AccountRegion.objects.filter(~Exists(under_way), pk=region.pk, inventory_due_at__gt=at).update(inventory_due_at=at)
