"""A request's way as steps: one current step, and what stopped it where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from endpoints.models import Change, EndpointRequest
from endpoints.models.requests import ChangeAction, Severity

DONE, CURRENT, FAILED, AHEAD = "done", "current", "failed", "todo"
_REVIEW, _PROVISIONING, _ACCEPTANCE, _END = 2, 3, 4, 5
_AT = {
    "submitted": _REVIEW,
    "changes_requested": _REVIEW,
    "rejected": _REVIEW,
    "approved": _PROVISIONING,
    "provisioning": _PROVISIONING,
    "failed": _PROVISIONING,
    "parked": _PROVISIONING,
    "pending_acceptance": _ACCEPTANCE,
    "available": _END,
    "deleted": _END,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its label, `done`, `current`, `failed` or `todo`, a few words, and when."""

    label: str
    state: str
    sub: str = ""
    at: datetime | None = None


def steps_of(request: EndpointRequest, changes: list[Change], *, decided_at: datetime | None) -> list[Step]:
    """Return the steps of a request. `changes` carry their checks."""
    at = _AT.get(request.status, _PROVISIONING if request.approved_at else _REVIEW)
    stopped = request.status in ("failed", "parked", "rejected", "withdrawn")
    finished = request.status in ("available", "deleted")
    labels = ["Submitted", "Checks", "Review", "Provisioning", "Acceptance", _ending(changes)]
    words = {
        0: ("", request.submitted_at),
        1: (_findings(changes), None),
        2: _review(request, decided_at),
        3: ({"failed": "Needs attention", "parked": "Parked by an operator"}.get(request.status, ""), None),
        4: ("The service's owner decides" if request.status == "pending_acceptance" else "", None),
        5: ("", request.closed_at if finished else None),
    }
    if request.status == "withdrawn":
        words[at] = ("Withdrawn", request.closed_at)
    steps = []
    for number, label in enumerate(labels):
        if number == _ACCEPTANCE and not _needs_acceptance(request, changes):
            continue
        if number < at or (number == at and finished):
            state = DONE
        elif number == at:
            state = FAILED if stopped else CURRENT
        else:
            state = AHEAD
        sub, when = words[number]
        steps.append(Step(label, state, sub, when))
    return steps


def _ending(changes: list[Change]) -> str:
    actions = {change.action for change in changes}
    if actions == {ChangeAction.DELETE}:
        return "Deleted"
    if any(change.after for change in changes):
        return "Replaced"
    if actions == {ChangeAction.ADOPT}:
        return "Managed"
    return "Applied" if actions <= {ChangeAction.POLICY, ChangeAction.MODIFY} else "Available"


def _findings(changes: list[Change]) -> str:
    warnings = sum(item.severity == Severity.WARN for change in changes for item in change.checks.all())
    return f"{warnings} warning{'s' if warnings != 1 else ''}" if warnings else "Nothing stands against it"


def _review(request: EndpointRequest, decided_at: datetime | None) -> tuple[str, datetime | None]:
    if request.approved_at:
        return (f"Approved by {request.approved_by}", request.approved_at)
    words = {
        "submitted": "A second reviewer decides" if request.endorsed_by_id else "An approver decides",
        "changes_requested": "Changes requested",
        "rejected": "Rejected",
    }
    return (words.get(request.status, ""), decided_at if request.status != "submitted" else None)


def _needs_acceptance(request: EndpointRequest, changes: list[Change]) -> bool:
    expected = any(item.rule == "acceptance" for change in changes for item in change.checks.all())
    return expected or request.status == "pending_acceptance"
