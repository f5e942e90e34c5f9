"""The one function that changes a status: by compare-and-set, with its event in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, ForeignKey, Model, Q

from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Actor, Lifecycle
from endpoints.models import Account, Endpoint, EndpointRequest, Operation, PolicyRevision
from endpoints.services import events
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict

Stateful = EndpointRequest | Endpoint | PolicyRevision | Operation

LIFECYCLES: dict[type[Any], Lifecycle] = {
    EndpointRequest: lifecycle.REQUEST,
    Endpoint: lifecycle.ENDPOINT,
    PolicyRevision: lifecycle.POLICY_REVISION,
    Operation: lifecycle.OPERATION,
}


class LostRace(Conflict):
    """The object was not in a state that the transition leaves, or a condition no longer held."""


def apply(
    *,
    to: Stateful,
    transition: str,
    acting_as: Actor,
    who: Who,
    now: datetime,
    where: Q | None = None,
    changes: Mapping[str, Any] | None = None,
    summary: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Carry out a transition and record its event, or raise LostRace and leave all as it was.

    `where` adds conditions to the compare-and-set, `changes` further columns to the same UPDATE. `to` is refreshed.
    Raises PermissionError when the table doesn't let this kind of actor do it: that is an error of the caller.
    """
    table = LIFECYCLES[type(to)]
    row = table.transitions[transition]
    if acting_as not in row.who:
        raise PermissionError(f"{table.name}.{transition} is not for a {acting_as}.")
    condition = Q(pk=to.pk, status__in=row.sources) & (where or Q())
    moved = (
        type(to)
        ._default_manager.filter(condition)
        .update(status=row.target, version=F("version") + 1, **_stamp(to, now), **(changes or {}))
    )
    if not moved:
        raise LostRace(_lost(to, table))
    reread(to)
    account, request_id, endpoint_id = _subject(to)
    events.record(
        chain=events.chain_of(account),
        who=who,
        verb=row.event,
        at=now,
        request_id=request_id,
        endpoint_id=endpoint_id,
        summary=summary,
        data={"status": row.target, **(data or {})},
    )


def reread(row: Model) -> None:
    """Read a row's columns again; related objects that were fetched stay, as they are, where it is still the same one.

    `refresh_from_db` forgets them, and each would be fetched again for the very next event.
    """
    known = {
        field: field.get_cached_value(row)
        for field in row._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.is_cached(row)
    }
    row.refresh_from_db()
    for field, value in known.items():
        if value is not None and getattr(row, field.attname) == value.pk:
            field.set_cached_value(row, value)


def _stamp(to: Stateful, now: datetime) -> dict[str, datetime]:
    return {"updated_at": now} if isinstance(to, EndpointRequest | Endpoint | Operation) else {}


def _lost(to: Stateful, table: Lifecycle) -> str:
    to.refresh_from_db()
    return f"This {table.name} has changed meanwhile and is now “{to.state.label}”."


def _subject(to: Stateful) -> tuple[Account, int | None, int | None]:
    if isinstance(to, EndpointRequest):
        return to.account, to.pk, None
    if isinstance(to, Endpoint):
        return to.account, None, to.pk
    if isinstance(to, PolicyRevision):
        return to.endpoint.account, None, to.endpoint_id
    return to.account, to.request_id, to.endpoint_id
