"""A request of many changes in one line: how many of what, and how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_DONE = {"delete": "deleted", "modify": "changed", "policy": "changed", "adopt": "managed"}
_STATUS = {
    "failed": "failed",
    "parked": "parked",
    "waiting_acceptance": "waiting for the service owner",
    "waiting": "waiting for another",
    "cancelled": "withdrawn",
}
ORDER = ("available", "changed", "managed", "deleted", *_STATUS.values(), "provisioning")
"""The words that `word_of` gives, in the order of a sum."""
MANY = 3
"""From how many changes on a page shows their sum, and each of them closed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sum needs of a change: its action, its VPC, and its operation's status, empty before its approval."""

    action: str
    vpc_id: str
    status: str = ""


def word_of(change: Told) -> str:
    """Return in a word how far a change is; an empty text before its approval."""
    if not change.status:
        return ""
    if change.status == "succeeded":
        return _DONE.get(change.action, "available")
    return _STATUS.get(change.status, "provisioning")


def counted(changes: Iterable[Told]) -> dict[str, int]:
    """Return how many changes are how far, by word in the order of a sum; those that aren't approved are left out."""
    found = Counter(word_of(change) for change in changes)
    return {word: found[word] for word in ORDER if found[word]}


def in_words(changes: Sequence[Told]) -> str:
    """Return the sum: “5 endpoints in 2 VPCs: 3 available, 1 failed, 1 provisioning”."""
    noun = "endpoint" if {change.action for change in changes} == {"create"} else "change"
    vpcs = len({change.vpc_id for change in changes})
    head = f"{_count(len(changes), noun)} in {_count(vpcs, 'VPC')}"
    parts = [f"{number} {word}" for word, number in counted(changes).items()]
    return f"{head}: {', '.join(parts)}" if parts else head


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
