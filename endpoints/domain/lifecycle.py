"""Every lifecycle as data: its states, and each transition's sources, target, who may, event and notification.

`endpoints.services.transitions.apply` is the one function that carries a transition out. The diagram in
docs/lifecycles.md, the permission tests and the labels on the pages derive from these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Who may make a transition happen."""

    REQUESTER = "requester"
    APPROVER = "approver"
    OPERATOR = "operator"
    WORKER = "worker"


class Tone(StrEnum):
    """How a state reads at a glance; pages pair it with an icon and the label, never colour alone."""

    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class State:
    """One state: its value in the database and JSON, its label on pages, and what it means."""

    value: str
    label: str
    tone: Tone
    meaning: str
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed change of state. `event` is the verb recorded with it; `notifies` says whom it concerns."""

    name: str
    sources: frozenset[str]
    target: str
    who: frozenset[Actor]
    event: str
    notifies: frozenset[Actor] = frozenset()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states and transitions of one kind of object."""

    name: str
    initial: str
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]

    def choices(self) -> list[tuple[str, str]]:
        """Return (value, label) pairs for a Django field."""
        return [(state.value, state.label) for state in self.states.values()]

    def live(self) -> tuple[str, ...]:
        """Return the values of the states that are not terminal."""
        return tuple(state.value for state in self.states.values() if not state.terminal)

    def ended(self) -> tuple[str, ...]:
        """Return the values of the states that are terminal."""
        return tuple(state.value for state in self.states.values() if state.terminal)

    def allowed_from(self, value: str) -> tuple[Transition, ...]:
        """Return the transitions that leave a state."""
        return tuple(item for item in self.transitions.values() if value in item.sources)


def _lifecycle(name: str, states: Iterable[State], transitions: Iterable[Transition]) -> Lifecycle:
    state_list = list(states)
    by_value = {state.value: state for state in state_list}
    table = {item.name: item for item in transitions}
    for item in table.values():
        unknown = (item.sources | {item.target}) - set(by_value)
        if unknown:
            raise ValueError(f"{name}.{item.name} speaks of unknown states: {sorted(unknown)}")
        dead = [source for source in item.sources if by_value[source].terminal]
        if dead:
            raise ValueError(f"{name}.{item.name} leaves terminal states: {dead}")
    return Lifecycle(name=name, initial=state_list[0].value, states=by_value, transitions=table)


def _move(
    name: str,
    sources: str,
    target: str,
    who: Actor | tuple[Actor, ...],
    event: str,
    notifies: tuple[Actor, ...] = (),
) -> Transition:
    actors = who if isinstance(who, tuple) else (who,)
    return Transition(name, frozenset(sources.split()), target, frozenset(actors), event, frozenset(notifies))


REQUEST = _lifecycle(
    "request",
    [
        State("submitted", "Waiting for review", Tone.WARN, "An approver of the account decides next."),
        State(
            "changes_requested", "Changes requested", Tone.WARN, "The requester edits and submits again, or withdraws."
        ),
        State("approved", "Approved", Tone.BUSY, "A worker takes it up next."),
        State("provisioning", "Provisioning", Tone.BUSY, "A worker brings AWS to what was approved."),
        State(
            "pending_acceptance",
            "Waiting for the service owner",
            Tone.WARN,
            "The endpoint exists; the owner of the service must accept the connection.",
        ),
        State("available", "Available", Tone.OK, "AWS is as approved.", terminal=True),
        State("deleted", "Deleted", Tone.OK, "The endpoint was deleted as approved.", terminal=True),
        State("failed", "Needs attention", Tone.BAD, "AWS refused or did not finish: retry, edit or withdraw."),
        State(
            "parked",
            "Parked by an operator",
            Tone.WARN,
            "An operator has stopped the work on it, and says why; they resume it, or the requester withdraws.",
        ),
        State("rejected", "Rejected", Tone.BAD, "An approver said no, and why.", terminal=True),
        State("withdrawn", "Withdrawn", Tone.MUTED, "The requester took it back.", terminal=True),
    ],
    [
        _move("approve", "submitted", "approved", Actor.APPROVER, "request.approved", (Actor.REQUESTER,)),
        # The first of two approvals: a second reviewer decides next.
        _move(
            "endorse",
            "submitted",
            "submitted",
            Actor.APPROVER,
            "request.endorsed",
            (Actor.REQUESTER, Actor.APPROVER),
        ),
        _move(
            "request_changes",
            "submitted",
            "changes_requested",
            Actor.APPROVER,
            "request.changes_requested",
            (Actor.REQUESTER,),
        ),
        _move("reject", "submitted", "rejected", Actor.APPROVER, "request.rejected", (Actor.REQUESTER,)),
        _move(
            "resubmit",
            "changes_requested failed",
            "submitted",
            Actor.REQUESTER,
            "request.resubmitted",
            (Actor.APPROVER,),
        ),
        _move(
            "withdraw",
            "submitted changes_requested pending_acceptance failed parked",
            "withdrawn",
            Actor.REQUESTER,
            "request.withdrawn",
        ),
        _move("start", "approved", "provisioning", Actor.WORKER, "request.provisioning"),
        _move(
            "await_acceptance",
            "approved provisioning",
            "pending_acceptance",
            Actor.WORKER,
            "request.pending_acceptance",
            (Actor.REQUESTER,),
        ),
        _move("accepted", "pending_acceptance", "provisioning", Actor.WORKER, "request.accepted"),
        _move(
            "finish",
            "approved provisioning pending_acceptance",
            "available",
            Actor.WORKER,
            "request.available",
            (Actor.REQUESTER,),
        ),
        _move(
            "finish_deletion",
            "approved provisioning pending_acceptance",
            "deleted",
            Actor.WORKER,
            "request.deleted",
            (Actor.REQUESTER,),
        ),
        _move(
            "fail",
            "approved provisioning pending_acceptance",
            "failed",
            Actor.WORKER,
            "request.failed",
            (Actor.REQUESTER, Actor.OPERATOR),
        ),
        _move("retry", "failed", "approved", (Actor.REQUESTER, Actor.OPERATOR), "request.retried"),
        _move(
            "park",
            "approved provisioning pending_acceptance failed",
            "parked",
            (Actor.OPERATOR, Actor.WORKER),
            "request.parked",
            (Actor.REQUESTER,),
        ),
        _move("resume", "parked", "approved", Actor.OPERATOR, "request.resumed", (Actor.REQUESTER,)),
    ],
)

ENDPOINT = _lifecycle(
    "endpoint",
    [
        State("provisioning", "Provisioning", Tone.BUSY, "Approved; AWS does not report it available yet."),
        State("pending_acceptance", "Waiting for the service owner", Tone.WARN, "The service's owner must accept it."),
        State("available", "Available", Tone.OK, "AWS reports it available, as approved."),
        State("updating", "Updating", Tone.BUSY, "An approved change is being made."),
        State("deleting", "Deleting", Tone.BUSY, "An approved deletion is being made."),
        State("failed", "Needs attention", Tone.BAD, "AWS refused, rejected or lost it; see the last error."),
        State("missing", "Deleted outside", Tone.BAD, "It was deleted outside of the portal; recreate it or let go."),
        State("parked", "Parked by an operator", Tone.WARN, "An operator has stopped the work on it, and says why."),
        State("deleted", "Deleted", Tone.MUTED, "It is gone from AWS, as approved.", terminal=True),
        State("discarded", "Never created", Tone.MUTED, "Its request ended before AWS made it.", terminal=True),
    ],
    [
        _move(
            "await_acceptance", "provisioning failed", "pending_acceptance", Actor.WORKER, "endpoint.pending_acceptance"
        ),
        _move("accepted", "pending_acceptance", "provisioning", Actor.WORKER, "endpoint.accepted"),
        _move(
            "become_available",
            "provisioning pending_acceptance updating failed",
            "available",
            Actor.WORKER,
            "endpoint.available",
        ),
        _move("update", "available failed", "updating", Actor.APPROVER, "endpoint.updating"),
        _move("recreate", "missing failed", "provisioning", Actor.APPROVER, "endpoint.recreating"),
        _move("delete", "available failed missing pending_acceptance", "deleting", Actor.APPROVER, "endpoint.deleting"),
        _move(
            "resume_provisioning",
            "failed parked",
            "provisioning",
            (Actor.REQUESTER, Actor.OPERATOR),
            "endpoint.retried",
        ),
        _move("resume_update", "failed parked", "updating", (Actor.REQUESTER, Actor.OPERATOR), "endpoint.retried"),
        _move("resume_deletion", "failed parked", "deleting", (Actor.REQUESTER, Actor.OPERATOR), "endpoint.retried"),
        _move("restore", "failed parked deleting", "available", Actor.REQUESTER, "endpoint.restored"),
        _move(
            "go_missing",
            "available failed parked pending_acceptance",
            "missing",
            (Actor.WORKER, Actor.REQUESTER),
            "endpoint.missing",
            (Actor.REQUESTER, Actor.OPERATOR),
        ),
        _move("come_back", "missing", "available", Actor.WORKER, "endpoint.came_back"),
        _move("become_deleted", "deleting failed", "deleted", Actor.WORKER, "endpoint.deleted"),
        _move(
            "fail",
            "provisioning pending_acceptance available updating deleting",
            "failed",
            Actor.WORKER,
            "endpoint.failed",
        ),
        _move(
            "discard",
            "failed parked provisioning",
            "discarded",
            (Actor.REQUESTER, Actor.WORKER),
            "endpoint.discarded",
        ),
        _move(
            "park",
            "provisioning updating deleting failed",
            "parked",
            (Actor.OPERATOR, Actor.WORKER),
            "endpoint.parked",
        ),
        _move("leave", "parked", "failed", Actor.REQUESTER, "endpoint.left_unfinished"),
    ],
)

POLICY_REVISION = _lifecycle(
    "policy revision",
    [
        State("proposed", "Proposed", Tone.WARN, "Waits for review."),
        State("approved", "Approved", Tone.BUSY, "A worker sends it to AWS next."),
        State("applied", "Applied", Tone.BUSY, "AWS has accepted it; it takes some minutes to take effect."),
        State("in_effect", "In effect", Tone.OK, "It decides what may pass."),
        State("replaced", "Replaced", Tone.MUTED, "A later revision took its place.", terminal=True),
        State("declined", "Declined", Tone.MUTED, "It was rejected, withdrawn or edited before use.", terminal=True),
    ],
    [
        _move("approve", "proposed", "approved", Actor.APPROVER, "policy.approved"),
        _move(
            "decline",
            "proposed approved",
            "declined",
            (Actor.APPROVER, Actor.REQUESTER, Actor.WORKER),
            "policy.declined",
        ),
        _move("apply", "approved", "applied", Actor.WORKER, "policy.applied", (Actor.REQUESTER,)),
        _move("take_effect", "applied", "in_effect", Actor.WORKER, "policy.in_effect"),
        _move("replace", "applied in_effect", "replaced", Actor.WORKER, "policy.replaced"),
    ],
)

OPERATION = _lifecycle(
    "operation",
    [
        State("queued", "Queued", Tone.BUSY, "Due at its next attempt."),
        State("waiting", "Waiting for another change", Tone.BUSY, "Starts when the change before it has succeeded."),
        State("running", "Running", Tone.BUSY, "A worker holds its lease."),
        State("observing", "Observing", Tone.BUSY, "AWS took the call; the observer waits for the outcome."),
        State("waiting_acceptance", "Waiting for the service owner", Tone.WARN, "The service's owner must accept."),
        State("failed", "Needs attention", Tone.BAD, "A person must retry, edit or withdraw."),
        State("parked", "Parked", Tone.WARN, "An operator took it out of the queue: no worker takes it up."),
        State("succeeded", "Succeeded", Tone.OK, "AWS is as approved.", terminal=True),
        State("cancelled", "Cancelled", Tone.MUTED, "Its request was edited or withdrawn.", terminal=True),
    ],
    [
        _move("hold", "queued", "waiting", Actor.APPROVER, "operation.held"),
        _move("release", "waiting", "queued", Actor.WORKER, "operation.released"),
        _move("claim", "queued running", "running", Actor.WORKER, "operation.claimed"),
        _move("postpone", "running observing", "queued", Actor.WORKER, "operation.postponed"),
        _move("observe", "running waiting_acceptance", "observing", Actor.WORKER, "operation.observing"),
        _move(
            "await_acceptance", "running observing", "waiting_acceptance", Actor.WORKER, "operation.waiting_acceptance"
        ),
        _move("act_again", "observing waiting_acceptance", "queued", Actor.WORKER, "operation.queued_again"),
        _move("succeed", "running observing waiting_acceptance", "succeeded", Actor.WORKER, "operation.succeeded"),
        _move("fail", "queued running observing waiting_acceptance", "failed", Actor.WORKER, "operation.failed"),
        _move("retry", "failed", "queued", (Actor.REQUESTER, Actor.OPERATOR), "operation.retried"),
        _move("hurry", "queued running observing", "queued", Actor.OPERATOR, "operation.hurried"),
        _move("ask_to_park", "running", "running", Actor.OPERATOR, "operation.park_asked"),
        _move(
            "park",
            "queued running observing failed",
            "parked",
            (Actor.OPERATOR, Actor.WORKER),
            "operation.parked",
            (Actor.REQUESTER,),
        ),
        _move("resume", "parked", "queued", Actor.OPERATOR, "operation.resumed", (Actor.REQUESTER,)),
        _move(
            "cancel", "failed parked waiting waiting_acceptance", "cancelled", (Actor.REQUESTER,), "operation.cancelled"
        ),
    ],
)

ALL = (REQUEST, ENDPOINT, POLICY_REVISION, OPERATION)
