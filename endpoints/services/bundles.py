"""Bundles: those that the portal brings and those that teams make, for everybody to ask with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from endpoints import permissions
from endpoints.models import Bundle as OwnBundle
from endpoints.models import Team
from endpoints.network.bundles import Bundle, BundleError, Member, bundle_book, check
from endpoints.services import administration, events, wording
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict, Invalid

MOST = 500
"""Bundles that teams may keep together: the choice of one is a list."""


def every() -> list[Bundle]:
    """Return the bundles that can be asked with: the portal's own, then those of teams, by name. One query."""
    return [*bundle_book().bundles, *(item.as_bundle() for item in OwnBundle.objects.order_by("name")[:MOST])]


def make(*, name: str, purpose: str, members: Sequence[Member], owner_team: Team, by: Who, now: datetime) -> OwnBundle:
    """Keep a team's bundle. Raises PermissionDenied, and Invalid with the problem beside its field."""
    permissions.check_can_request(by.person(), owner_team)
    _check(name, purpose, members)
    with events.recorded(administration.CHAIN):
        if OwnBundle.objects.count() >= MOST:
            raise Invalid({"": f"Teams have made {MOST} bundles already. Edit one of yours, or remove one."})
        made = OwnBundle(
            name=name,
            purpose=purpose,
            members=[asdict(item) for item in members],
            owner_team=owner_team,
            creator=by.person(),
            created_at=now,
            updated_at=now,
        )
        _once(name, made.save)
        _record("bundle.made", made, by, now)
    return made


def edit(
    *, bundle: OwnBundle, version: int, name: str, purpose: str, members: Sequence[Member], by: Who, now: datetime
) -> None:
    """Change a bundle; requests that were made with it stay as they are.

    Raises PermissionDenied, Invalid, or Conflict when somebody else has edited or removed it since `version`.
    """
    permissions.check_can_edit_bundle(by.person(), bundle)
    _check(name, purpose, members)
    found = OwnBundle.objects.filter(pk=bundle.pk, version=version)
    values = {"name": name, "purpose": purpose, "members": [asdict(item) for item in members]}
    with events.recorded(administration.CHAIN):
        changed: list[int] = []
        _once(name, lambda: changed.append(found.update(**values, updated_at=now, version=F("version") + 1)))
        if not any(changed):
            raise Conflict("Somebody else has edited or removed this bundle after you opened it. Look at it again.")
        bundle.refresh_from_db()
        _record("bundle.edited", bundle, by, now)


def remove(*, bundle: OwnBundle, by: Who, now: datetime) -> None:
    """Remove a bundle; what was asked for with it stays. Raises PermissionDenied, or Conflict when it is gone."""
    permissions.check_can_edit_bundle(by.person(), bundle)
    with events.recorded(administration.CHAIN):
        if not OwnBundle.objects.filter(pk=bundle.pk).delete()[0]:
            raise Conflict("Somebody else has removed this bundle.")
        _record("bundle.removed", bundle, by, now)


def _check(name: str, purpose: str, members: Sequence[Member]) -> None:
    for field, text in [("name", name), ("purpose", purpose), *(("members", item.why) for item in members)]:
        if unreadable := wording.problem_of(text):
            raise Invalid({field: unreadable})
    if name.lower() in {item.title.lower() for item in bundle_book().bundles}:
        raise Invalid({"name": "The portal's own bundle has this name. Choose another."})
    try:
        check(members)
    except BundleError as error:
        raise Invalid({"members": str(error)}) from None


def _once(name: str, write: Callable[[], object]) -> None:
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        raise Invalid({"name": f"There is a bundle “{name}” already. Choose another name."}) from None


def _record(verb: str, bundle: OwnBundle, by: Who, now: datetime) -> None:
    data = {
        "bundle": bundle.name,
        "team": bundle.owner_team.slug,
        "services": [f"{item['service']} {item['kind']}" for item in bundle.members],
    }
    events.record(chain=administration.CHAIN, who=by, verb=verb, at=now, data=data)
