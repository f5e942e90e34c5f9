"""A state as pages show it: label, tone and icon together, so that colour never speaks alone."""

from __future__ import annotations

from dataclasses import dataclass

from endpoints.domain.lifecycle import State, Tone
from endpoints.models.requests import Relation
from endpoints.models.reviews import Decision

ICONS = {
    Tone.OK: "check-circle-fill",
    Tone.BUSY: "hourglass-split",
    Tone.WARN: "exclamation-triangle-fill",
    Tone.BAD: "x-circle-fill",
    Tone.MUTED: "slash-circle",
}
INTERFACE_STATES = {"missing": Tone.WARN, "in-use": Tone.OK, "available": Tone.OK, "associated": Tone.OK}
AWS_STATES = {
    "available": Tone.OK,
    "pending": Tone.BUSY,
    "deleting": Tone.BUSY,
    "pendingacceptance": Tone.WARN,
    "partial": Tone.WARN,
    "deleted": Tone.MUTED,
    "rejected": Tone.BAD,
    "failed": Tone.BAD,
    "expired": Tone.BAD,
}

DECISIONS = {
    Decision.APPROVED: Tone.OK,
    Decision.CHANGES_REQUESTED: Tone.WARN,
    Decision.REJECTED: Tone.BAD,
}
RELATIONS = {
    Relation.EQUIVALENT: (Tone.OK, "check-circle"),
    Relation.NARROWER: (Tone.OK, "arrow-down"),
    Relation.WIDER: (Tone.WARN, "arrow-up"),
    Relation.INCOMPARABLE: (Tone.WARN, "arrow-left-right"),
    Relation.UNDECIDED: (Tone.WARN, "question-circle"),
}

OUTCOMES = {
    "": Tone.BUSY,
    "handed_over": Tone.OK,
    "postponed": Tone.WARN,
    "throttled": Tone.WARN,
    "parked": Tone.MUTED,
}
"""How attempts ended well or for a while; all other outcomes are bad."""

AWS_SPELLINGS = {"pendingacceptance": "pendingAcceptance"}
"""How AWS's guide writes what the gateway keeps in lower case."""


@dataclass(frozen=True, slots=True)
class Status:
    """Text, tone and icon of a state."""

    label: str
    tone: str
    icon: str
    meaning: str = ""


def of(state: State) -> Status:
    """Return a lifecycle's state as pages show it."""
    return Status(state.label, state.tone.value, ICONS[state.tone], state.meaning)


def of_aws(state: str) -> Status:
    """Return AWS's own word for an endpoint's state."""
    tone = AWS_STATES.get(state, Tone.MUTED)
    return Status(AWS_SPELLINGS.get(state, state) or "unknown", tone.value, ICONS[tone])


def of_interface(state: str) -> Status:
    """Return AWS's own word for a network interface's state."""
    tone = INTERFACE_STATES.get(state, Tone.BUSY)
    return Status(state or "being made", tone.value, ICONS[tone])


def of_attempt(outcome: str, label: str) -> Status:
    """Return an attempt's outcome; an empty one is still to come."""
    tone = OUTCOMES.get(outcome, Tone.BAD)
    return Status(label or "Under way", tone.value, ICONS[tone])


def of_decision(decision: str) -> Status:
    """Return what a reviewer decided."""
    known = Decision(decision)
    tone = DECISIONS[known]
    return Status(str(known.label), tone.value, ICONS[tone])


def of_relation(relation: Relation) -> Status:
    """Return how a policy relates to the one before it."""
    tone, icon = RELATIONS[relation]
    return Status(str(relation.label), tone.value, icon)
