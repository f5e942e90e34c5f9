"""How two policies relate, by meaning.

For now only what needs no search: the same policy written differently, and full access, which allows everything.
All else is undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from endpoints.policy.document import PolicyDocument
from endpoints.policy.meaning import equivalent, is_full_access


class Request(NamedTuple):
    """A request: who does what to which resource."""

    principal: str
    action: str
    resource: str
    resource_account: str | None = None
    context: Mapping[str, str | tuple[str, ...]] = {}


class Region(NamedTuple):
    """What one policy allows and the other doesn't: a sentence, and one such request."""

    text: str
    witness: Request


class Comparison(NamedTuple):
    """The relation, what is gained and lost, and why nothing could be decided."""

    relation: str
    gained: tuple[Region, ...] = ()
    lost: tuple[Region, ...] = ()
    reason: str = ""


def compare(before: PolicyDocument, after: PolicyDocument) -> Comparison:
    """Return how `after` relates to `before`. Never raises."""
    if equivalent(before, after):
        return Comparison("equivalent")
    if is_full_access(before):
        return Comparison("narrower")
    if is_full_access(after):
        return Comparison("wider")
    return Comparison("undecided", reason="The two are too different to compare without a search.")
