"""What a rule finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec
from endpoints.network.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the rule, `block`, `warn` or `info`, the form's field it is about, what and the cure.

    `offers` are the rules of security groups that would cure it, or do: a request can carry them.
    """

    rule: str
    severity: str
    field: str
    message: str
    cure: str = ""
    offers: tuple[GroupRule, ...] = ()


Rule = Callable[[EndpointSpec, Snapshot], Iterator[Finding]]
