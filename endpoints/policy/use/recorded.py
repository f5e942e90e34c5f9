"""CloudTrail's events as requests that a policy can be asked about.

What an event doesn't tell is not made up: a resource that is not recorded is `*` and marked, a caller of whom only
the account is recorded stands as that account. Events that AWS denied are kept apart: they say what somebody tried,
not what is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from endpoints.policy import reference
from endpoints.policy.evaluate import Request
from endpoints.policy.use.actions import actions_of, service_of
from endpoints.policy.use.identities import Identity, identity_of
from endpoints.policy.use.resources import UNKNOWN_KEYS, Touched, Where, copy_source, resources_of
from endpoints.policy.use.streams import Skipped, values

MAX_EVENTS = 100_000
KEPT_SKIPPED = 100
"""How many of the places that could not be used are named; the rest is counted."""

MAX_DIFFERENT = 2 * MAX_EVENTS
"""Different requests that are kept: one event may stand for several."""
MAX_SKIPPED = 10_000
"""After so many places without an event the data are taken for something else."""

_SOURCE = re.compile(r"[a-z0-9.-]{1,128}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_]{1,128}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_DENIED = re.compile(r"Access_?Denied|Unauthori[sz]ed|AuthorizationError|NotAuthorized|Forbidden", re.IGNORECASE)
_NO_CALLS = ("AwsServiceEvent", "AwsConsoleSignIn", "AwsConsoleAction", "AwsVpceEvent", "AwsCloudTrailInsight")
_S3_KEYS = (("prefix", "s3:prefix"), ("delimiter", "s3:delimiter"), ("max-keys", "s3:max-keys"))
_ADDRESS = re.compile(r"[0-9.]{7,15}|[0-9a-fA-F:.]{2,45}", re.ASCII)


@dataclass(slots=True)
class Seen:
    """A request and how often it was made; `first` and `last` are event times as recorded (ISO 8601, UTC).

    `record` is the number of the first event that made it. `unsure` says what of it is not recorded; empty if
    everything is.
    """

    request: Request
    count: int
    first: str
    last: str
    record: int
    unsure: str = ""

    @property
    def who(self) -> str:
        """The caller as people name it: the role of a session, else the principal itself."""
        return str(self.request.context.get("aws:PrincipalArn") or self.request.principal)


@dataclass(slots=True)
class Recorded:
    """What was read. `requests` and `denied` hold each different request once."""

    requests: tuple[Seen, ...] = ()
    denied: tuple[Seen, ...] = ()
    events: int = 0
    """API calls that were read, those of other endpoints among them."""
    elsewhere: int = 0
    """Calls through another endpoint, or through none."""
    skipped: list[Skipped] = field(default_factory=list)
    skipped_count: int = 0
    stopped: str = ""
    """Why reading ended before the end of the data; empty if it did not."""

    def _skip(self, skipped: Skipped) -> None:
        self.skipped_count += 1
        if len(self.skipped) < KEPT_SKIPPED:
            self.skipped.append(skipped)


def read(
    data: bytes, *, vpc_endpoint_id: str | None = None, organization: str | None = None, limit: int = MAX_EVENTS
) -> Recorded:
    """Return the requests in the data: `{"Records": […]}`, a list, or one event (or such an object) a line; or gzip.

    With `vpc_endpoint_id` only calls through that endpoint count. With `organization` every caller with credentials
    is taken to be of it. At most `limit` events are read. Never raises for any bytes.
    """
    found = Recorded()
    requests: dict[tuple[Any, ...], Seen] = {}
    denied: dict[tuple[Any, ...], Seen] = {}
    for one in _events(data):
        found.stopped = _enough(found, limit, len(requests) + len(denied))
        if found.stopped:
            break
        why = str(one.why) if isinstance(one, Skipped) else _no_call(one.event)
        if why or isinstance(one, Skipped):
            found._skip(Skipped(one.line, one.record, why))
            continue
        found.events += 1
        if vpc_endpoint_id is not None and one.event.get("vpcEndpointId") != vpc_endpoint_id:
            found.elsewhere += 1
            continue
        identity = identity_of(one.event["userIdentity"])
        if identity is None:
            found._skip(Skipped(one.line, one.record, "The caller is not recorded."))
            continue
        kept = denied if _is_denied(one.event) else requests
        for request, unsure in requests_of(one.event, identity, organization):
            _count(kept, request, unsure, _text(one.event, "eventTime"), one.record)
    found.requests, found.denied = tuple(requests.values()), tuple(denied.values())
    return found


def _enough(found: Recorded, limit: int, different: int) -> str:
    """Return why nothing more is read; empty to go on."""
    if found.events >= limit:
        return f"Only the first {limit:,} events are read."
    if different >= MAX_DIFFERENT:
        return f"Only the first {MAX_DIFFERENT:,} different requests are kept."
    if found.skipped_count >= MAX_SKIPPED:
        return f"{MAX_SKIPPED:,} places hold no event. Are these CloudTrail's?"
    return ""


class _Event(NamedTuple):
    event: dict[str, Any]
    line: int
    record: int


def _events(data: bytes) -> Iterator[_Event | Skipped]:
    """Give each event, with the line and the record that it is in."""
    for found in values(data):
        if isinstance(found, Skipped):
            yield found
            continue
        value = found.value
        inside = value.get("Records") if isinstance(value, dict) else value if isinstance(value, list) else None
        for item in inside if isinstance(inside, list) else (value,):
            event = _unwrapped(item)
            if event is None:
                yield Skipped(found.line, found.record, "This is no event of CloudTrail.")
            else:
                yield _Event(event, found.line, found.record)


def _unwrapped(item: Any) -> dict[str, Any] | None:
    """Return the event, out of what `lookup-events` or EventBridge wrap it in."""
    if not isinstance(item, dict):
        return None
    inner = item.get("CloudTrailEvent") or item.get("detail")
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except (ValueError, RecursionError):
            return None
    return inner if isinstance(inner, dict) else item


def _no_call(event: Mapping[str, Any]) -> str:
    """Return why the event is no call that a policy is asked about; empty if it is one."""
    if event.get("eventType") in _NO_CALLS and event.get("eventCategory") != "NetworkActivity":
        return "It is no API call."
    source, name = _text(event, "eventSource"), _text(event, "eventName")
    if not _SOURCE.fullmatch(source) or not _NAME.fullmatch(name):
        return "It names no service and call (eventSource, eventName)."
    if not isinstance(event.get("userIdentity"), dict):
        return "It has no userIdentity."
    return ""


def requests_of(
    event: Mapping[str, Any], identity: Identity, organization: str | None
) -> Iterator[tuple[Request, str]]:
    """Give the requests that an event stands for, each with what is not known about it."""
    parameters = event.get("requestParameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    service = service_of(_text(event, "eventSource"))
    region, owner = _text(event, "awsRegion"), _text(event, "recipientAccountId")
    where = Where(
        region if _REGION.fullmatch(region) else "",
        owner if _ACCOUNT.fullmatch(owner) else identity.account,
        parameters,
    )
    context = _context(event, identity, organization, where)
    for action in actions_of(service, _text(event, "eventName"), parameters):
        touched = resources_of(service, action, event.get("resources"), where)
        for one in touched or (Touched("*"),):
            unsure = identity.unsure or _unsure(service, action, one)
            yield _request(identity, action, one, context, organization), unsure
    source = copy_source(where) if service == "s3" else ""
    if source:
        yield _request(identity, "s3:GetObject", Touched(source), context, None), identity.unsure


def _request(
    identity: Identity, action: str, one: Touched, context: dict[str, str], organization: str | None
) -> Request:
    arn = one.arn if one.arn.isascii() or _encodes(one.arn) else "*"
    more = dict(context)
    if organization and one.account and one.account == identity.account:
        more["aws:ResourceOrgID"] = organization
    return Request(identity.principal, action, arn, one.account or None, more)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _context(event: Mapping[str, Any], identity: Identity, organization: str | None, where: Where) -> dict[str, str]:
    context = {}
    endpoint, address = _text(event, "vpcEndpointId"), _text(event, "sourceIPAddress")
    if endpoint:
        context["aws:SourceVpce"] = endpoint
    if _ADDRESS.fullmatch(address):
        context["aws:VpcSourceIp" if endpoint else "aws:SourceIp"] = address
    if where.region:
        context["aws:RequestedRegion"] = where.region
    if identity.role:
        context["aws:PrincipalArn"] = identity.role
    if organization and identity.account:
        context["aws:PrincipalOrgID"] = organization
    if _text(event, "eventSource").startswith("s3."):
        context |= {key: str(where.parameters[name]) for name, key in _S3_KEYS if _plain(where.parameters.get(name))}
    return {key: value for key, value in context.items() if value.isascii() or _encodes(value)}


def _plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _unsure(service: str, action: str, one: Touched) -> str:
    """Return what is not recorded of the resource, or known of the action; empty if all is."""
    if one.arn.endswith(UNKNOWN_KEYS):
        return "Only the start of the resource's name is recorded."
    return _acts_on_something(service, action) if one.arn == "*" else ""


@lru_cache(maxsize=4096)
def _acts_on_something(service: str, action: str) -> str:
    known = reference.service(service)
    named = known.action(action.partition(":")[2]) if known else None
    if named is None:
        return "AWS's reference has no such action: the name of the call stands for it."
    return "The resource is not recorded." if named.types else ""


def _is_denied(event: Mapping[str, Any]) -> bool:
    code = event.get("errorCode")
    return isinstance(code, str) and _DENIED.search(code) is not None


def _count(kept: dict[tuple[Any, ...], Seen], request: Request, unsure: str, when: str, record: int) -> None:
    key = (request.principal, request.action, request.resource, request.resource_account, *request.context.items())
    seen = kept.get(key)
    if seen is None:
        kept[key] = Seen(request, 1, when, when, record, unsure)
        return
    seen.count += 1
    seen.first = min(seen.first, when)
    seen.last = max(seen.last, when)


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
