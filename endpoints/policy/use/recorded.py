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
from typing import Any

from endpoints.policy import reference
from endpoints.policy.evaluate import Request
from endpoints.policy.use.actions import actions_of, service_of
from endpoints.policy.use.identities import Identity, identity_of
from endpoints.policy.use.resources import Touched, Where, copy_source, resources_of
from endpoints.policy.use.streams import Skipped, values

MAX_EVENTS = 100_000
KEPT_SKIPPED = 100
"""How many of the places that could not be used are named; the rest is counted."""

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
        if isinstance(one, Skipped):
            found._skip(one)
            continue
        event, line, record = one
        if found.events >= limit:
            found.stopped = f"Only the first {limit:,} events are read."
            break
        why = _no_call(event)
        if why:
            found._skip(Skipped(line, record, why))
            continue
        found.events += 1
        if vpc_endpoint_id is not None and event.get("vpcEndpointId") != vpc_endpoint_id:
            found.elsewhere += 1
            continue
        identity = identity_of(event["userIdentity"])
        if identity is None:
            found._skip(Skipped(line, record, "The caller is not recorded."))
            continue
        kept = denied if _DENIED.search(_text(event, "errorCode")) else requests
        for request, unsure in requests_of(event, identity, organization):
            _count(kept, request, unsure, _text(event, "eventTime"), record)
    found.requests, found.denied = tuple(requests.values()), tuple(denied.values())
    return found


def _events(data: bytes) -> Iterator[tuple[dict[str, Any], int, int] | Skipped]:
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
                yield event, found.line, found.record


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
    if not re.fullmatch(r"[a-z0-9.-]{1,128}", source, re.ASCII) or not re.fullmatch(
        r"[A-Za-z0-9_]{1,128}", name, re.ASCII
    ):
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
    owner = _text(event, "recipientAccountId") or identity.account
    where = Where(_text(event, "awsRegion"), owner, parameters)
    context = _context(event, identity, organization, where)
    for action in actions_of(service, _text(event, "eventName"), parameters):
        touched = resources_of(service, action, event.get("resources"), where)
        for one in touched or (Touched("*"),):
            unsure = identity.unsure or ("" if touched else _unknown(service, action))
            yield _request(identity, action, one, context, organization), unsure
    source = copy_source(where) if service == "s3" else ""
    if source:
        yield _request(identity, "s3:GetObject", Touched(source), context, None), identity.unsure


def _request(
    identity: Identity, action: str, one: Touched, context: dict[str, str], organization: str | None
) -> Request:
    arn = one.arn if one.arn.isprintable() or _encodes(one.arn) else "*"
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
    return {key: value for key, value in context.items() if _encodes(value)}


def _plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _unknown(service: str, action: str) -> str:
    """Return what to say of an action whose resource is not recorded; empty if it acts on none."""
    known = reference.service(service)
    named = known.action(action.partition(":")[2]) if known else None
    if named is None:
        return "AWS's reference has no such action, so the name of the call stands for it."
    return "The resource is not recorded." if named.types else ""


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
