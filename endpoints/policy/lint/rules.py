"""Every rule of the linter: what it is called, how much it weighs, why it matters, what to do, and who says so.

The one table that findings, `docs/policy-rules.md` and the portal's page of rules are made of. A finding's message and
cure say the same for the place at hand. Ids never change: stored checks name them.
"""

from __future__ import annotations

from typing import NamedTuple

from endpoints.policy.findings import Severity
from endpoints.policy.lint.rules_language import LANGUAGE
from endpoints.policy.lint.rules_meaning import MEANING
from endpoints.policy.lint.rules_syntax import SYNTAX


class Rule(NamedTuple):
    """One rule. `why` says what goes wrong otherwise; `source` names the page or standard that the rule is from."""

    id: str
    severity: Severity
    title: str
    why: str
    cure: str
    source: str


GROUPS: dict[str, tuple[Rule, ...]] = {
    "The text": tuple(Rule(*row) for row in SYNTAX),
    "The policy language": tuple(Rule(*row) for row in LANGUAGE),
    "What it means at an endpoint": tuple(Rule(*row) for row in MEANING),
}
"""All rules, as a page shows them."""

RULES: dict[str, Rule] = {rule.id: rule for rules in GROUPS.values() for rule in rules}
