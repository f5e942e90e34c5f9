"""Events as a timeline: who, what, when, newest first, without the engine's own small steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from endpoints.models import Event
from endpoints.models.events import Channel
from endpoints.views.present.drift import label_of

_WORDS = {
    "request.submitted": ("Request submitted", "send", "muted"),
    "request.resubmitted": ("Edited and submitted again", "send", "muted"),
    "request.approved": ("Approved", "check-lg", "ok"),
    "request.endorsed": ("Approved: 1 of 2, a second reviewer decides next", "person-check", "ok"),
    "request.changes_requested": ("Changes requested", "chat-left-text", "warn"),
    "request.rejected": ("Rejected", "x-lg", "bad"),
    "request.withdrawn": ("Withdrawn", "arrow-counterclockwise", "muted"),
    "request.provisioning": ("Provisioning started", "arrow-repeat", "busy"),
    "request.pending_acceptance": ("Waiting for the service owner", "hourglass-split", "warn"),
    "request.accepted": ("Accepted by the service owner", "check-lg", "ok"),
    "request.available": ("Done: AWS is as approved", "check-circle-fill", "ok"),
    "request.deleted": ("Deleted, as approved", "check-circle-fill", "ok"),
    "request.failed": ("Needs attention", "exclamation-triangle-fill", "bad"),
    "request.retried": ("Tried again", "arrow-repeat", "busy"),
    "request.parked": ("Parked by an operator", "pause-circle", "warn"),
    "request.resumed": ("Resumed", "play-circle", "busy"),
    "endpoint.pending_acceptance": ("Waiting for the service owner", "hourglass-split", "warn"),
    "endpoint.accepted": ("Accepted by the service owner", "check-lg", "ok"),
    "endpoint.available": ("Available, as approved", "check-circle-fill", "ok"),
    "endpoint.updating": ("A change was approved", "arrow-repeat", "busy"),
    "endpoint.missing": ("Deleted outside of the portal", "exclamation-triangle-fill", "bad"),
    "endpoint.came_back": ("AWS has it again", "check-circle-fill", "ok"),
    "endpoint.deleting": ("Its deletion was approved", "arrow-repeat", "busy"),
    "endpoint.retried": ("Tried again", "arrow-repeat", "busy"),
    "endpoint.restored": ("Back to its last confirmed state", "arrow-counterclockwise", "muted"),
    "endpoint.deleted": ("Deleted", "check-circle-fill", "muted"),
    "endpoint.failed": ("Needs attention", "exclamation-triangle-fill", "bad"),
    "endpoint.drifted": ("AWS differs from what was approved", "exclamation-triangle-fill", "warn"),
    "endpoint.drift_resolved": ("AWS is as approved again", "check-circle-fill", "ok"),
    "endpoint.recreating": ("Its recreation was approved", "arrow-repeat", "busy"),
    "endpoint.discarded": ("Given up before AWS made it", "slash-circle", "muted"),
    "endpoint.parked": ("Parked by an operator", "pause-circle", "warn"),
    "endpoint.left_unfinished": ("Left unfinished: its request was withdrawn", "slash-circle", "muted"),
    "policy.proposed": ("Policy revision {revision} proposed", "file-earmark-text", "muted"),
    "policy.approved": ("Policy revision {revision} approved", "check-lg", "ok"),
    "policy.declined": ("Policy revision declined", "x-lg", "muted"),
    "policy.applied": ("Policy revision {revision} applied", "check-lg", "ok"),
    "policy.in_effect": ("Policy revision {revision} in effect", "check-circle-fill", "ok"),
    "policy.replaced": ("Policy revision {revision} replaced", "arrow-repeat", "muted"),
    "aws.created": ("AWS created {vpc_endpoint_id}", "hdd-network", "ok"),
    "aws.found_again": ("Found {vpc_endpoint_id} again in AWS", "hdd-network", "ok"),
    "aws.rule_added": ("Security group rule added", "shield-check", "ok"),
    "aws.rule_removed": ("Security group rule removed", "shield-check", "muted"),
    "use.uploaded": ("Evidence of use uploaded", "activity", "muted"),
    "use.removed": ("Evidence of use removed", "x-lg", "muted"),
    "account.added": ("Account added", "plus-circle", "muted"),
    "account.changed": ("Account changed", "pencil", "muted"),
    "account.protected": ("Account protected", "lock", "muted"),
    "account.unprotected": ("Account no longer protected", "unlock", "warn"),
    "account.check_requested": ("Check of the account asked for", "shield-check", "muted"),
    "account.external_id_renewed": ("ExternalId renewed", "key", "warn"),
    "operation.held": ("Its turn comes after the change before it", "hourglass-split", "muted"),
    "operation.released": ("The change before it is done: its turn has come", "arrow-right", "busy"),
    "operation.postponed": ("AWS hasn't done it yet; it will be tried again", "clock", "warn"),
    "operation.failed": ("AWS refused or didn't finish", "exclamation-triangle-fill", "bad"),
    "operation.observing": ("AWS took the calls; the observer waits", "eye", "busy"),
    "operation.queued_again": ("Another step is needed", "arrow-repeat", "busy"),
    "operation.succeeded": ("Done: AWS is as approved", "check-circle-fill", "ok"),
    "operation.waiting_acceptance": ("Waiting for the service owner", "hourglass-split", "warn"),
    "operation.cancelled": ("Cancelled with its request", "slash-circle", "muted"),
    "operation.retried": ("Tried again", "arrow-repeat", "busy"),
    "operation.hurried": ("Had taken up at once", "lightning-charge", "busy"),
    "operation.park_asked": ("Asked to be parked", "pause-circle", "warn"),
    "operation.parked": ("Parked", "pause-circle", "warn"),
    "operation.resumed": ("Resumed", "play-circle", "busy"),
}
_SMALL_STEPS = frozenset(
    {
        "operation.claimed",
        "operation.observing",
        "operation.queued_again",
        "operation.succeeded",
        "operation.waiting_acceptance",
        "operation.cancelled",
        "operation.retried",
        "operation.hurried",
        "operation.parked",  # the request and the endpoint say it themselves
        "operation.resumed",
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a timeline."""

    title: str
    detail: str
    actor: str
    at: datetime
    icon: str
    tone: str


def entries_of(events: Iterable[Event], *, small_steps: bool = False) -> list[Entry]:
    """Return the entries for people; for operators the engine's small steps as well."""
    return [_entry(event) for event in events if small_steps or event.verb not in _SMALL_STEPS]


def title_of(event: Event) -> str:
    """Return an event's title: what happened, in words."""
    return _entry(event).title


def _entry(event: Event) -> Entry:
    plain = event.verb.replace(".", " ").replace("_", " ").capitalize()
    title, icon, tone = _WORDS.get(event.verb, (plain, "dot", "muted"))
    try:
        title = title.format(**event.data)
    except KeyError:  # an event without the detail: the sentence does without
        title = plain
    who = "Worker" if event.channel == Channel.WORKER else event.actor
    return Entry(title, _detail(event), who, event.at, icon, tone)


def _detail(event: Event) -> str:
    """Return the record's own words, but for drift: it names fields as AWS's API does."""
    if event.verb in ("endpoint.drifted", "endpoint.drift_resolved"):
        return ", ".join(label_of(field) for field in event.data.get("fields", ()))
    return event.summary
