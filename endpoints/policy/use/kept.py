"""Recorded requests in a small form to be kept, and held within bounds: the keys of a folder come to stand as one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable

from endpoints.policy.evaluate import Request
from endpoints.policy.use.groups import group_of
from endpoints.policy.use.recorded import Seen
from endpoints.policy.use.resources import UNKNOWN_KEYS

MOST = 20_000
"""Different requests that are kept."""
TOGETHER = "Several names of one folder or group stand as one."
_ADDRESSES = ("aws:SourceIp", "aws:VpcSourceIp")


def pack(seen: Iterable[Seen]) -> bytes:
    """Return requests as compressed JSON. PostgreSQL's own takes no NUL, which may stand in what was recorded."""
    rows = [
        [
            *(one.request.principal, one.request.action, one.request.resource, one.request.resource_account),
            *(dict(one.request.context), one.count, one.first, one.last, one.record, one.unsure),
        ]
        for one in seen
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 6)


def unpack(data: bytes) -> tuple[Seen, ...]:
    """Return the requests of `pack`."""
    return tuple(Seen(Request(*row[:5]), *row[5:]) for row in json.loads(zlib.decompress(data)))


def bounded(seen: Iterable[Seen], most: int = MOST) -> tuple[Seen, ...]:
    """Return requests, each different one once, no more than `most`; what has to stand together says so.

    First the addresses that calls came from are given up, then the names in one folder, then in one bucket or table;
    then the rarest are left out.
    """
    found = _joined(seen, lambda one: one.request)
    for change in (_anywhere, _folder, _group):
        if len(found) <= most:
            break
        found = _joined(found, change)
    return tuple(sorted(found, key=lambda one: -one.count)[:most]) if len(found) > most else tuple(found)


def _joined(seen: Iterable[Seen], change: Callable[[Seen], Request]) -> list[Seen]:
    kept: dict[tuple[object, ...], Seen] = {}
    for one in seen:
        request = change(one)
        names = (request.principal, request.action, request.resource, request.resource_account)
        key = (*names, *sorted(request.context.items()))
        known = kept.get(key)
        if known is None:
            unsure = one.unsure if request.resource == one.request.resource else TOGETHER
            kept[key] = Seen(request, one.count, one.first, one.last, one.record, unsure)
            continue
        known.count += one.count
        known.first, known.last = min(known.first, one.first), max(known.last, one.last)
    return list(kept.values())


def _with(one: Seen, resource: str) -> Request:
    request = one.request
    context = {key: value for key, value in request.context.items() if key not in _ADDRESSES}
    return Request(request.principal, request.action, resource, request.resource_account, context)


def _anywhere(one: Seen) -> Request:
    return _with(one, one.request.resource)


def _folder(one: Seen) -> Request:
    arn = one.request.resource
    inside = arn != group_of(arn) and "/" in arn and not arn.endswith(UNKNOWN_KEYS)
    return _with(one, arn.rpartition("/")[0] + UNKNOWN_KEYS if inside else arn)


def _group(one: Seen) -> Request:
    arn = one.request.resource
    group = group_of(arn)
    return _with(one, arn if arn in (group, group + UNKNOWN_KEYS) else group + UNKNOWN_KEYS)
