"""What a change of policy means: how it relates to the policy before it, what it gains and what it loses.

Worked out once, when a request is submitted, and kept with the change: no page compares policies while somebody waits
for it, and everybody decides on the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from endpoints.domain.hashing import sha256
from endpoints.models import Account, Change, Endpoint
from endpoints.models.requests import ChangeAction, Relation
from endpoints.policy.compare import Comparison, Region, compare
from endpoints.policy.document import PolicySyntaxError, parse
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.services.checks import FULL_ACCESS_RULE
from endpoints.services.drafts import ChangeDraft, Draft
from endpoints.services.policies import same_policy

MAX_REGIONS = 50
"""Gains, and losses, that are kept of one change."""
MAX_TEXT = 2000
"""Characters of a sentence that are kept."""
MAX_WITNESS = 8000
"""Characters of a witness, as JSON, that are kept."""
NEEDED = 2
"""Approvals that a protected account asks for where a policy allows more."""

Meaning = dict[str, Any]
"""`relation`, `gained` and `lost` (each a list of `text` and `witness`), how many more of both, `reason`, and
`before_sha256` of the document that was compared with."""


def meanings_of(draft: Draft) -> list[Meaning | None]:
    """Return the meaning of each change of a draft. At most some seconds for each, and never an error."""
    return [
        meaning_of(change, replaces=draft.replaced_by(position))
        for position, change in enumerate(draft.changes, start=1)
    ]


def meaning_of(asked: ChangeDraft, *, replaces: Endpoint | None = None) -> Meaning | None:
    """Return what a change does to its endpoint's policy; None where there was none before, or it stays.

    It is compared with what was approved last; that of a new endpoint with the policy of the one it `replaces`.
    """
    before = replaces if asked.action == ChangeAction.CREATE else asked.endpoint
    if before is None or not (replaces or asked.action == ChangeAction.POLICY or asked.changes_policy):
        return None
    former, proposed = before.desired_spec().policy_document, asked.spec.policy_document
    if replaces and former is None and proposed is None:
        return None
    return between(former, proposed)


def between(before: str | None, after: str | None) -> Meaning:
    """Return how one policy text relates to another; None stands for full access."""
    former, proposed = before or FULL_ACCESS, after or FULL_ACCESS
    try:
        found = compare(parse(former), parse(proposed))
    except PolicySyntaxError as error:
        found = Comparison("undecided", reason=f"One of the two can't be read as a policy: {error}")
    return {
        "relation": Relation(found.relation).value,
        "gained": _kept(found.gained),
        "lost": _kept(found.lost),
        "gained_more": max(0, len(found.gained) - MAX_REGIONS),
        "lost_more": max(0, len(found.lost) - MAX_REGIONS),
        "reason": _short(found.reason or ""),
        "before_sha256": sha256(former),
    }


def approvals_needed(account: Account, relations: Iterable[Relation | None]) -> int:
    """Return how many people must approve: two where a protected account's policy comes to allow more."""
    widens = any(relation is not None and relation.widens for relation in relations)
    return NEEDED if account.protected and widens else 1


def needed_for(account: Account, meanings: Iterable[Meaning | None]) -> int:
    """Return how many people must approve changes of these meanings."""
    return approvals_needed(account, (Relation(item["relation"]) if item else None for item in meanings))


def needed_now(account: Account, changes: Iterable[Change]) -> int:
    """Return how many people must approve these changes, as the account is now.

    Full access that a protected account would have refused, asked for before it was one, is nothing for one person.
    """
    relations = (Relation.UNDECIDED if _has_full_access(change) else change.relation for change in changes)
    return approvals_needed(account, relations)


def _has_full_access(change: Change) -> bool:
    """Tell whether a change makes an endpoint with full access, or leaves it to one that it changes otherwise."""
    if change.kind not in (ChangeAction.CREATE, ChangeAction.MODIFY) or change.spec == change.base_spec:
        return False
    text = change.desired().policy_document
    # Without a text the checks tell: a service that takes no policy is let through.
    return same_policy(text, None) if text else any(item.rule == FULL_ACCESS_RULE for item in change.checks.all())


def _kept(regions: Sequence[Region]) -> list[dict[str, Any]]:
    return [{"text": _short(item.text), "witness": _witness(item)} for item in regions[:MAX_REGIONS]]


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _witness(region: Region) -> dict[str, Any] | None:
    """Return a request that shows the difference, in the form that the evaluator's command takes."""
    request = region.witness
    shown = {
        "principal": request.principal,
        "action": request.action,
        "resource": request.resource,
        "resource_account": request.resource_account,
        "context": {key: value if isinstance(value, str) else list(value) for key, value in request.context.items()},
    }
    return shown if len(json.dumps(shown)) <= MAX_WITNESS else None
