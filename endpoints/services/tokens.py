"""API tokens: made by a person for themselves, shown once, with an end. Only their digest is stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from knox.models import AuthToken

from endpoints.services import events
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict, Invalid

DAYS = (30, 90)
LIMIT = 20
CHAIN = "portal"
"""Events of no account: the portal's own chain."""


def of(who: Who, *, now: datetime) -> QuerySet[AuthToken]:
    """Return a person's valid tokens, newest first."""
    valid = Q(expiry__isnull=True) | Q(expiry__gt=now)
    tokens: QuerySet[AuthToken] = AuthToken.objects.filter(valid, user=who.person()).order_by("-created")
    return tokens


def create(*, days: int, by: Who, now: datetime) -> str:
    """Make a token that ends after some days, and return it: nobody can read it again. Raises Invalid."""
    if days not in DAYS:
        raise Invalid({"days": "Choose 30 or 90 days."})
    with events.recorded(CHAIN):
        if of(by, now=now).count() >= LIMIT:
            raise Invalid({"": f"You have {LIMIT} tokens. Revoke one that you don't use."})
        made, token = AuthToken.objects.create(by.person(), expiry=timedelta(days=days))
        data = {"token_key": made.token_key, "expiry": made.expiry.isoformat()}
        events.record(chain=CHAIN, who=by, verb="token.created", at=now, data=data)
    return str(token)


def revoke(*, token_key: str, by: Who, now: datetime) -> None:
    """End one of the person's tokens at once. Raises Conflict when it has ended already."""
    with events.recorded(CHAIN):
        count, _ = AuthToken.objects.filter(user=by.person(), token_key=token_key).delete()
        if not count:
            raise Conflict("This token has ended already.")
        events.record(chain=CHAIN, who=by, verb="token.revoked", at=now, data={"token_key": token_key})
