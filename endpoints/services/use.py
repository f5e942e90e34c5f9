"""Evidence of use: events that people upload, read by a worker, held against the policies that wait for review."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from endpoints import permissions
from endpoints.domain.specs import EndpointType
from endpoints.models import Change, Endpoint, EndpointUse, UseRecord, UseReplay
from endpoints.models.use import UseStatus
from endpoints.policy.document import PolicySyntaxError, parse
from endpoints.policy.evaluate import Request
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.policy.use.kept import MOST, bounded, pack, unpack
from endpoints.policy.use.recorded import Recorded, Seen, read
from endpoints.policy.use.replay import Denied, replay
from endpoints.policy.use.smallest import CannotAllowError, smallest_policy
from endpoints.queue import wake_use
from endpoints.services import events
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict, Invalid

MAX_UPLOAD = 25 * 1024 * 1024
"""Bytes of one upload, as they come: events are sent compressed."""
MAX_RECORDS = 20
"""Uploads that are kept for one endpoint."""
SHOWN_GROUPS = 50
"""Groups of denied requests that are kept with a change."""
MAX_ATTEMPTS = 3
READING = timedelta(seconds=40)
"""For how long one message reads uploads, well within a task's time limit; the next one goes on."""
_SHOWN_SKIPPED = 10

log = logging.getLogger(__name__)


# --- What people do --------------------------------------------------------------------------------------------------


def add(*, endpoint: Endpoint, name: str, data: bytes, organization: str, by: Who, now: datetime) -> UseRecord:
    """Keep uploaded events for a worker to read, with an event. Raises PermissionDenied, Invalid and Conflict."""
    permissions.check_can_add_use(by.person(), endpoint)
    if endpoint.vpc_endpoint_id is None:
        raise Conflict("AWS hasn't made this endpoint yet, so nothing can have gone through it.")
    if not data.strip():
        raise Invalid({"": "There is nothing in it. Choose a file with events, or paste some."})
    if len(data) > MAX_UPLOAD:
        raise Invalid({"": f"It is larger than {MAX_UPLOAD // 1024 // 1024} MB. Compress it with gzip, or split it."})
    with events.recorded(events.chain_of(endpoint.account)):
        # The chain's lock is held, so that two uploads don't both take the last place.
        if endpoint.use_records.count() >= MAX_RECORDS:
            raise Conflict(f"{MAX_RECORDS} uploads are kept for an endpoint. Remove one that isn't needed any more.")
        record = UseRecord.objects.create(
            endpoint=endpoint,
            vpc_endpoint_id=endpoint.vpc_endpoint_id,
            organization=organization,
            name=name[:120],
            uploaded_by=by.person(),
            at=now,
            upload=data,
        )
        _tell(record, by, "use.uploaded", now)
        EndpointUse.objects.get_or_create(endpoint=endpoint)
        ask(endpoint_id=endpoint.pk)
    return record


def remove(*, record: UseRecord, by: Who, now: datetime) -> None:
    """Remove an upload and all that was read from it, with an event. Raises PermissionDenied."""
    permissions.check_can_remove_use(by.person(), record)
    with events.recorded(events.chain_of(record.endpoint.account)):
        _tell(record, by, "use.removed", now)
        record.delete()
        ask(endpoint_id=record.endpoint_id)


def ask(*, endpoint_id: int) -> None:
    """Have a worker look at an endpoint's recorded use again, if there is any: something is new there."""
    if EndpointUse.objects.filter(endpoint=endpoint_id).update(asked=F("asked") + 1, version=F("version") + 1):
        wake_use(endpoint_id)


def due() -> list[int]:
    """Return the endpoints that wait for a worker."""
    return list(EndpointUse.objects.due().values_list("endpoint_id", flat=True)[:100])


# --- What a worker does ----------------------------------------------------------------------------------------------


def work(*, endpoint_id: int) -> bool:
    """Read what waits, and work out what it says; tell whether it was done here. A second message finds nothing due."""
    lease = Now() + timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 30)
    taken = EndpointUse.objects.due().filter(endpoint=endpoint_id)
    if not taken.update(lease_expires_at=lease, attempts=F("attempts") + 1):
        return False
    use = EndpointUse.objects.select_related("endpoint").get(endpoint=endpoint_id)
    waiting = use.endpoint.use_records.filter(status=UseStatus.WAITING).order_by("pk")
    # By the lease too: attempts begin anew after each end, so that an heir's heir may have the same number.
    held = EndpointUse.objects.filter(pk=use.pk, attempts=use.attempts, lease_expires_at=use.lease_expires_at)
    if use.attempts > MAX_ATTEMPTS:
        log.error("the uploads for endpoint %s could not be read in %s attempts", endpoint_id, MAX_ATTEMPTS)
        waiting.update(status=UseStatus.REFUSED, upload=None, stopped="It could not be read. Split it, and try again.")
        given_up = {"why_not": "This could not be worked out. Remove the largest upload, and try again."}
        held.update(done=use.asked, lease_expires_at=None, attempts=0, version=F("version") + 1, suggestion=given_up)
        return True
    if not _read_all(waiting):
        held.update(lease_expires_at=None, attempts=0, version=F("version") + 1)
        wake_use(endpoint_id)
        return True
    seen = _together(use.endpoint.use_records.filter(status=UseStatus.READ))
    suggestion = _suggested(use.endpoint, seen)
    results = [(change, _replayed(change, seen)) for change in _proposed(use.endpoint)]
    with transaction.atomic():
        end = {"done": use.asked, "lease_expires_at": None, "attempts": 0}
        if held.update(suggestion=suggestion, version=F("version") + 1, **end):
            for change, result in results:
                UseReplay.objects.update_or_create(change=change, defaults={"at": Now(), "result": result})
    if EndpointUse.objects.due().filter(pk=use.pk).exists():
        wake_use(endpoint_id)  # something came while this was worked out
    return True


def _read_all(waiting: QuerySet[UseRecord]) -> bool:
    """Read one upload after the other; tell whether all were read in the time that there is."""
    end = time.monotonic() + READING.total_seconds()
    for record_id in list(waiting.values_list("pk", flat=True)):
        if time.monotonic() > end:
            return False
        record = waiting.filter(pk=record_id).first()
        if record is not None:  # else it was removed meanwhile
            _read(record)
    return True


def _read(record: UseRecord) -> None:
    found = read(
        bytes(record.upload or b""),
        vpc_endpoint_id=record.vpc_endpoint_id,
        organization=record.organization or None,
    )
    kept = bounded(found.requests)
    values: dict[str, Any] = {
        "status": UseStatus.READ if found.events else UseStatus.REFUSED,
        "upload": None,
        "requests": pack(kept),
        "events": found.events,
        "through": sum(one.count for one in found.requests),
        "elsewhere": found.elsewhere,
        "denied": sum(one.count for one in found.denied),
        "different": len(found.requests),
        "kept": len(kept),
        "skipped_count": found.skipped_count,
        "skipped": [str(one) for one in found.skipped[:_SHOWN_SKIPPED]],
        "stopped": found.stopped or ("" if found.events else "It holds no event of CloudTrail."),
        **_period(found),
    }
    UseRecord.objects.filter(pk=record.pk, status=UseStatus.WAITING).update(**values)


def _period(found: Recorded) -> dict[str, str]:
    firsts = [_printable(one.first) for one in found.requests if one.first]
    lasts = [_printable(one.last) for one in found.requests if one.last]
    return {"first": min(firsts, default=""), "last": max(lasts, default="")}


def _printable(text: str) -> str:
    """Return a time as it was recorded, fit to be stored."""
    return "".join(char for char in text[:40] if char.isprintable())


def _together(records: QuerySet[UseRecord]) -> tuple[Seen, ...]:
    """Return the different requests of all records, within bounds however many there are."""
    found: tuple[Seen, ...] = ()
    for record_id in list(records.order_by("pk").values_list("pk", flat=True)):
        packed = records.filter(pk=record_id).values_list("requests", flat=True).first()
        if packed is not None:
            found = bounded([*found, *unpack(bytes(packed))], MOST)
    return found


def _suggested(endpoint: Endpoint, seen: tuple[Seen, ...]) -> dict[str, Any]:
    if endpoint.vpc_endpoint_type not in (EndpointType.GATEWAY, EndpointType.INTERFACE):
        return {"why_not": "Endpoints of this type take no policy."}
    newest = endpoint.use_records.exclude(organization="").first()
    kind = cast(Literal["Gateway", "Interface"], str(endpoint.vpc_endpoint_type))
    try:
        made = smallest_policy(
            seen,
            vpc_endpoint_type=kind,
            service_name=endpoint.service_name,
            organization=newest.organization if newest else None,
        )
    except CannotAllowError as error:
        return {"why_not": _storable(str(error))}
    return {"text": _storable(made.text), "lines": [_storable(line) for line in made.lines]}


def _proposed(endpoint: Endpoint) -> Iterable[Change]:
    """Return the changes of an endpoint's policy that wait for review."""
    rows = Change.objects.filter(endpoint=endpoint, request__status="submitted", round=F("request__round"))
    return rows.exclude(policy_revision=None).select_related("policy_revision")


def _replayed(change: Change, seen: tuple[Seen, ...]) -> dict[str, Any]:
    """Return what a change's policy would deny of what was recorded."""
    try:
        policy = parse(change.desired().policy_document or FULL_ACCESS)
    except PolicySyntaxError:
        return {"why_not": "The proposed policy can't be read."}
    found = replay(policy, seen)
    return {
        "allowed": found.allowed,
        "denied": found.denied,
        "first": min((_printable(one.first) for one in seen if one.first), default=""),
        "last": max((_printable(one.last) for one in seen if one.last), default=""),
        "groups": [_group(one) for one in found.groups[:SHOWN_GROUPS]],
        "more": max(0, len(found.groups) - SHOWN_GROUPS),
    }


def _group(one: Denied) -> dict[str, Any]:
    fields = ("who", "action", "resource", "count", "first", "last", "reason", "unsure", "explicit")
    found = {name: getattr(one, name) for name in fields} | {"sample": _sample(one.sample)}
    return {name: _storable(value) for name, value in found.items()}


def _sample(request: Request) -> dict[str, Any]:
    named = {"principal": request.principal, "action": request.action, "resource": request.resource}
    return named | {"resource_account": request.resource_account, "context": dict(request.context)}


def _storable(value: Any) -> Any:
    """Return a value without NUL and halves of surrogate pairs, which PostgreSQL's JSON doesn't take."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def _tell(record: UseRecord, by: Who, verb: str, now: datetime) -> None:
    events.record(
        chain=events.chain_of(record.endpoint.account),
        who=by,
        verb=verb,
        at=now,
        endpoint_id=record.endpoint_id,
        summary=record.name,
        data={"record": record.pk},
    )
