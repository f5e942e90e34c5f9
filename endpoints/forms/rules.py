"""Rules of security groups in forms: what the checks offer, what is ticked, and what may be.

A rule comes from the browser as its key alone, and counts only where the portal's own checks know it for this draft:
nobody can have another one added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.text import slugify

from endpoints.domain.rules import MOST_RULES, GroupRule
from endpoints.domain.specs import EndpointSpec
from endpoints.services import checks
from endpoints.services.checks import Finding
from endpoints.services.choices import Choices

LONGEST_KEY = 120


class RuleKeys(forms.MultipleChoiceField):
    """Keys of rules, judged when the rest of the draft is known."""

    def __init__(self) -> None:
        super().__init__(label="Security group rules", required=False)

    def validate(self, value: Any) -> None:
        """Refuse what is too much to look at."""
        if len(value) > MOST_RULES or any(len(item) > LONGEST_KEY or "\x00" in item for item in value):
            raise forms.ValidationError(f"Choose at most {MOST_RULES} of the rules that are offered.")


def chosen(
    keys: Iterable[str], spec: EndpointSpec, choices: Choices, former: EndpointSpec | None = None
) -> tuple[tuple[GroupRule, ...], tuple[str, ...]]:
    """Return the rules of these keys, and the keys of none that a request for the spec can carry.

    What the endpoint carries already it may keep.
    """
    keys = list(dict.fromkeys(keys))
    if not keys:
        return (), ()
    possible = {item.key: item for item in checks.possible_rules(spec, choices)}
    possible |= {item.key: item for item in (former.group_rules if former else ())}
    found = tuple(possible[key] for key in keys if key in possible)
    return found, tuple(key for key in keys if key not in possible)


@dataclass(frozen=True, slots=True)
class Offer:
    """One rule to tick."""

    key: str
    group: str
    words: str
    ticked: bool
    prefix: str = ""

    @property
    def html_id(self) -> str:
        """Return an id for the field."""
        return f"{self.prefix}rule-{slugify(self.key)}"

    @property
    def html_name(self) -> str:
        """Return the field's name."""
        return f"{self.prefix}-group_rules" if self.prefix else "group_rules"


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as a form shows it: `rule` names it, `offers` are the rules to tick."""

    severity: str
    message: str
    cure: str
    rule: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class LiveChecks:
    """What the checks say so far, and what is ticked that none of them offers."""

    findings: list[ShownFinding] = field(default_factory=list)
    left: list[Offer] = field(default_factory=list)


def live_checks(
    found: Sequence[Finding], keys: Sequence[str], choices: Choices, *, only_offers: bool = False, prefix: str = ""
) -> LiveChecks:
    """Return findings with their offers; `only_offers` leaves out those that have none. `prefix` is the form's."""
    labels = {item.aws_id: item.label for item in choices.groups}

    def offer(rule: GroupRule) -> Offer:
        return Offer(rule.key, labels.get(rule.group_id, rule.group_id), rule.words, rule.key in keys, prefix)

    shown = [
        ShownFinding(item.severity, item.message, item.cure, item.rule, tuple(map(offer, item.offers)))
        for item in found
        if item.offers or not only_offers
    ]
    offered = {item.key for finding in shown for item in finding.offers}
    left = [Offer(key, "", key, True, prefix) for key in keys[:MOST_RULES] if key not in offered]
    return LiveChecks(shown, left)
