"""What a form hands over: a draft that is checked and then becomes a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from endpoints.domain.specs import EndpointSpec
from endpoints.models import Account, Change, Endpoint, PolicyRevision, Team
from endpoints.models.requests import ChangeAction, content_hash, reviewed
from endpoints.services import wording

MAX_TITLE = 120
MAX_JUSTIFICATION = 4000
MAX_CHANGES = 40
"""Changes of one request: as many as a person can review as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDraft:
    """One change as asked for. `reason` explains a policy change; `restores` names the revision rolled back to.

    `adopts` and `after` are as in `Change`.
    """

    action: ChangeAction
    spec: EndpointSpec
    endpoint: Endpoint | None = None
    base_generation: int | None = None
    reason: str = ""
    restores: PolicyRevision | None = None
    adopts: str = ""
    after: int | None = None

    @classmethod
    def of(cls, change: Change) -> ChangeDraft:
        """Return what a change of a request asks for, to be judged once more."""
        return cls(
            action=ChangeAction(change.action),
            spec=change.desired(),
            endpoint=change.endpoint,
            base_generation=change.base_generation,
            adopts=change.adopts,
            after=change.after,
        )

    @property
    def changes_policy(self) -> bool:
        """Tell whether the policy's text differs from the one that was approved last."""
        if self.endpoint is None or self.action in (ChangeAction.DELETE, ChangeAction.RECREATE):
            return False
        return self.spec.policy_document != self.endpoint.desired_spec().policy_document

    def reviewed(self) -> dict[str, Any]:
        """Return what a reviewer reads; the same shape as `Change.reviewed`."""
        return reviewed(
            action=self.action,
            endpoint_id=self.endpoint.pk if self.endpoint else None,
            base_generation=self.base_generation,
            spec=self.spec.to_dict(),
            adopts=self.adopts,
            after=self.after,
        )


def replaced_by(changes: Sequence[ChangeDraft], position: int) -> Endpoint | None:
    """Return the endpoint that is deleted once the change at this position, from 1, has succeeded."""
    deletions = (item for item in changes if item.action == ChangeAction.DELETE)
    return next((item.endpoint for item in deletions if item.after == position), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request as asked for."""

    account: Account
    title: str
    justification: str
    owner_team: Team
    changes: tuple[ChangeDraft, ...] = field(default=())

    def problems(self) -> dict[str, str]:
        """Return what the words lack, by field."""
        found = {}
        if not self.title.strip() or len(self.title) > MAX_TITLE:
            found["title"] = f"Give a title of at most {MAX_TITLE} characters."
        elif unreadable := wording.problem_of(self.title):
            found["title"] = unreadable
        if not self.justification.strip() or len(self.justification) > MAX_JUSTIFICATION:
            found["justification"] = f"Say why you need it, in at most {MAX_JUSTIFICATION} characters."
        elif unreadable := wording.problem_of(self.justification, lines=True):
            found["justification"] = unreadable
        for unreadable in filter(None, (wording.problem_of(item.reason, lines=True) for item in self.changes)):
            found["reason"] = unreadable
        if not self.changes:
            found[""] = "A request needs at least one change."
        elif len(self.changes) > MAX_CHANGES:
            found[""] = f"A request takes at most {MAX_CHANGES} changes. Ask for the rest in another."
        return found

    def replaced_by(self, position: int) -> Endpoint | None:
        """Return the endpoint that is deleted once the change at this position, from 1, has succeeded."""
        return replaced_by(self.changes, position)

    def content_hash(self) -> str:
        """Return the SHA-256 that a review is bound to."""
        return content_hash(
            title=self.title,
            justification=self.justification,
            owner_team=self.owner_team.slug,
            changes=[change.reviewed() for change in self.changes],
        )
