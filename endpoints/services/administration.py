"""What an administrator edits: people, teams, roles and accounts. Each act is recorded, before and after."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.db.models.deletion import ProtectedError

from endpoints import permissions
from endpoints.models import Account, Membership, RoleAssignment, Team, User
from endpoints.services import events
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict, Invalid
from endpoints.services.regions import ensure_regions

CHAIN = "portal"
"""The chain of events that belong to no account."""

Administered = Account | Membership | RoleAssignment | Team | User

# What the record keeps of each: never a password, its hash or an external id.
_RECORDED: dict[type[Any], tuple[str, tuple[str, ...]]] = {
    Account: ("account", ("account_id", "name", "role_arn", "regions", "is_active", "protected")),
    Membership: ("membership", ("user", "team")),
    RoleAssignment: ("role", ("user", "role", "account")),
    Team: ("team", ("name", "slug")),
    User: ("user", ("username", "first_name", "last_name", "email", "is_active", "is_staff")),
}


def save(*, item: Administered, by: Who, now: datetime, secret_fields: Iterable[str] = ()) -> None:
    """Add or change a person, team, membership, role or account, with its event in the same transaction.

    `secret_fields` names what changed but isn't recorded, such as a password. An account without an external id
    gets one. Raises PermissionDenied.
    """
    permissions.check_can_administer(by.person())
    with events.recorded(CHAIN):
        before = _stored(item)
        if isinstance(item, Account) and before is not None:
            item.refresh_from_db(fields=["external_id", "external_id_at"])  # may have been renewed since it was read
        elif isinstance(item, Account) and not item.external_id:
            item.external_id, item.external_id_at = new_external_id(), now
        item.save()
        if isinstance(item, Account):
            ensure_regions(account=item, now=now)
        after = _facts(item)
        secret = sorted(secret_fields)
        if before == after and not secret:
            return
        verb = "added" if before is None else "changed"
        data = {"before": before, "after": after} | ({"also_changed": secret} if secret else {})
        _tell(item, verb, by, now, data)
    _forget_roles(item)


def remove(*, item: Administered, by: Who, now: datetime) -> None:
    """Remove a team, a membership or a role. Accounts and people stay: they are switched off.

    Raises PermissionDenied; Invalid for accounts and people; Conflict when a team still owns something.
    """
    permissions.check_can_administer(by.person())
    if isinstance(item, Account | User):
        raise Invalid({"": "This stays, since the record names it. Switch it off instead."})
    with events.recorded(CHAIN):
        if isinstance(item, Team):
            for membership in item.memberships.select_related("user", "team"):
                remove(item=membership, by=by, now=now)
        before, pk = _facts(item), item.pk
        try:
            _, gone = item.delete()
        except ProtectedError as error:
            raise Conflict("This team owns requests or endpoints; it can't be removed.") from error
        item.pk = pk
        if not gone.get(item._meta.label):
            return  # somebody else was faster, and the record tells it once
        _tell(item, "removed", by, now, {"before": before, "after": None})
    _forget_roles(item)


def new_external_id() -> str:
    """Return an ExternalId that nobody can guess: 43 characters, each one that AWS takes."""
    return secrets.token_urlsafe(32)


def password_set(*, user: User, by: Who, now: datetime) -> None:
    """Record that an administrator set somebody's password. Raises PermissionDenied."""
    permissions.check_can_administer(by.person())
    with events.recorded(CHAIN):
        _tell(user, "password_set", by, now, {})


def _stored(item: Administered) -> dict[str, Any] | None:
    found = type(item)._default_manager.filter(pk=item.pk).first() if item.pk else None
    return _facts(found) if found is not None else None


def _facts(item: Any) -> dict[str, Any]:
    _, names = _RECORDED[type(item)]
    return {name: _plain(getattr(item, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, User):
        return value.username
    if isinstance(value, Team):
        return value.slug
    if isinstance(value, Account):
        return value.account_id
    return list(value) if isinstance(value, list | tuple) else value


def _tell(item: Model, verb: str, by: Who, now: datetime, data: dict[str, Any]) -> None:
    noun, _ = _RECORDED[type(item)]
    events.record(chain=CHAIN, who=by, verb=f"{noun}.{verb}", at=now, summary=str(item), data={"id": item.pk, **data})


def _forget_roles(item: Administered) -> None:
    """Let the person who is loaded here be asked anew what they may do."""
    user = item if isinstance(item, User) else getattr(item, "user", None)
    if isinstance(user, User):
        user.__dict__.pop("_portal_roles", None)
