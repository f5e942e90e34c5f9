"""Rules of security groups that a change or an endpoint carries, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from endpoints.domain.lifecycle import Tone
from endpoints.domain.rules import GroupRule, ObservedRule
from endpoints.domain.words import Names
from endpoints.models import Operation
from endpoints.templatetags.status import ICONS, Status


class Work(StrEnum):
    """How far the work on rules is."""

    ASKED = "asked"
    UNDER_WAY = "under_way"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: its group by name and id, what it allows, where it stands, and its id in AWS, if it is there."""

    group: str
    words: str
    status: Status
    rule_id: str = ""


_COMES = {
    Work.ASKED: ("To be added", Tone.MUTED),
    Work.UNDER_WAY: ("Being added", Tone.BUSY),
    Work.STOPPED: ("Not added", Tone.WARN),
    Work.DONE: ("Missing in AWS", Tone.WARN),
}
_GOES = {
    Work.ASKED: ("To be removed", Tone.MUTED),
    Work.UNDER_WAY: ("Being removed", Tone.BUSY),
    Work.STOPPED: ("Not removed", Tone.WARN),
    Work.DONE: ("Removed", Tone.OK),
}


def work_of(operation: Operation | None) -> Work:
    """Return how far an operation is with its rules."""
    if operation is None:
        return Work.ASKED
    if operation.status == "succeeded":
        return Work.DONE
    return Work.STOPPED if operation.status in ("failed", "parked", "cancelled") else Work.UNDER_WAY


def lines_of(
    asked: Iterable[GroupRule], going: Iterable[GroupRule], seen: Iterable[ObservedRule], work: Work, names: Names
) -> list[RuleLine]:
    """Return a line for each rule that is asked for, and for each that goes."""
    there = {item.rule.content: item for item in seen}
    asked = list(asked)
    wanted = {item.content for item in asked}
    lines = [_line(rule, there.get(rule.content), _coming(there.get(rule.content), work), names) for rule in asked]
    for rule in going:
        if rule.content not in wanted:
            found = there.get(rule.content)
            lines.append(_line(rule, found, _going(found, work), names))
    return lines


def _line(rule: GroupRule, seen: ObservedRule | None, said: tuple[str, Tone], names: Names) -> RuleLine:
    label, tone = said
    status = Status(label, tone.value, ICONS[tone])
    return RuleLine(names.of(rule.group_id), f"Allow {rule.words}", status, seen.rule_id if seen else "")


def _coming(seen: ObservedRule | None, work: Work) -> tuple[str, Tone]:
    if seen is None:
        return _COMES[work]
    if not seen.ours:
        return "Was there already: it stays when the endpoint goes", Tone.OK
    if seen.shared:
        return "Added by the portal; another endpoint needs it, too", Tone.OK
    return "Added by the portal: it goes with the endpoint", Tone.OK


def _going(seen: ObservedRule | None, work: Work) -> tuple[str, Tone]:
    if seen is not None and not seen.goes:
        return ("Stays: another endpoint needs it" if seen.ours else "Stays: it was there already"), Tone.OK
    return _GOES[work]
