"""The forms that ask for a change of an endpoint: another policy, a rollback, its deletion; and the review's form."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict

from endpoints.domain.specs import EndpointSpec
from endpoints.forms.parts import CUSTOM, FULL, TEXTS, PolicyFields, WordsField, submission_key
from endpoints.models import Endpoint, PolicyRevision
from endpoints.models.requests import ChangeAction
from endpoints.services.drafts import ChangeDraft, Draft


class ChangeFields(forms.Form):
    """What each change of an existing endpoint carries: the generation that was looked at, and the key."""

    base_generation = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)
    submission_key = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def typed(cls, data: QueryDict) -> dict[str, Any]:
        """Return what was typed, to be shown once more."""
        return data.dict()

    def unchanged(self, draft: Draft) -> dict[str, str]:
        """Return the problem of a change that changes nothing, by field; none where that can't be."""
        return {}

    def key(self) -> uuid.UUID:
        """Return the key by which a double submit is known."""
        return submission_key(self.cleaned_data.get("submission_key", ""))

    def _draft(self, endpoint: Endpoint, *, why: str, change: ChangeDraft) -> Draft:
        return Draft(
            account=endpoint.account,
            title=self.cleaned_data["title"],
            justification=why,
            owner_team=endpoint.owner_team,
            changes=(change,),
        )


class PolicyChangeForm(ChangeFields, PolicyFields):
    """Another policy for an endpoint, with the reason."""

    title = TEXTS.title()
    reason = TEXTS.justification("Reason", "Reviewers read this first, and it stays in the policy's history.")

    field_order = ("access", "policy_document", "title", "reason")

    def unchanged(self, draft: Draft) -> dict[str, str]:
        """Return the problem of a policy that is, to the letter, the one in force."""
        (change,) = draft.changes
        if change.endpoint is None or change.spec.policy_document != change.endpoint.desired_spec().policy_document:
            return {}
        return {"policy_document": "This is the policy in force. Change it, or go back to the endpoint."}

    def draft(self, endpoint: Endpoint, *, restores: PolicyRevision | None = None) -> Draft:
        """Return what the services take. Only after `is_valid()`."""
        spec = replace(endpoint.desired_spec(), policy_document=self.asked_document())
        reason = self.cleaned_data["reason"]
        return self._draft(
            endpoint,
            why=reason,
            change=policy_change(endpoint, spec, self.cleaned_data["base_generation"], reason, restores),
        )


class RollbackForm(ChangeFields):
    """An earlier revision's document as a new revision, with the reason."""

    title = TEXTS.title()
    reason = TEXTS.justification("Reason", "Why go back? Reviewers read this first, and it stays in the history.")

    def draft(self, endpoint: Endpoint, *, restores: PolicyRevision) -> Draft:
        """Return what the services take. Only after `is_valid()`."""
        document = None if restores.is_default else restores.document
        spec = replace(endpoint.desired_spec(), policy_document=document)
        reason = self.cleaned_data["reason"]
        return self._draft(
            endpoint,
            why=reason,
            change=policy_change(endpoint, spec, self.cleaned_data["base_generation"], reason, restores),
        )


class DeleteForm(ChangeFields):
    """The deletion of an endpoint, with the reason; where it is in use, also that those who use it know."""

    title = TEXTS.title()
    justification = TEXTS.justification(help_text="Who used it, and why nobody needs it any more.")
    in_use_known = forms.BooleanField(
        label="Those who use it know that it goes",
        error_messages={"required": "It is in use. Tell those who use it first, then tick this."},
    )

    def __init__(self, *args: Any, in_use: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not in_use:
            del self.fields["in_use_known"]

    def draft(self, endpoint: Endpoint) -> Draft:
        """Return what the services take. Only after `is_valid()`."""
        change = ChangeDraft(
            action=ChangeAction.DELETE,
            spec=endpoint.desired_spec(),
            endpoint=endpoint,
            base_generation=self.cleaned_data["base_generation"],
        )
        return self._draft(endpoint, why=self.cleaned_data["justification"], change=change)


def policy_change(
    endpoint: Endpoint, spec: EndpointSpec, base_generation: int, reason: str, restores: PolicyRevision | None
) -> ChangeDraft:
    """Return the draft of a policy change."""
    return ChangeDraft(
        action=ChangeAction.POLICY,
        spec=spec,
        endpoint=endpoint,
        base_generation=base_generation,
        reason=reason,
        restores=restores,
    )


def policy_values(document: str | None) -> dict[str, Any]:
    """Return the policy fields' values for a document; None is full access."""
    return {"access": FULL if document is None else CUSTOM, "policy_document": document or ""}


class ReviewForm(forms.Form):
    """A reviewer's decision on exactly what they read."""

    DECISIONS = (("approve", "Approve"), ("request_changes", "Request changes"), ("reject", "Reject"))

    decision = forms.ChoiceField(
        choices=DECISIONS, error_messages={"invalid_choice": "Choose approve, request changes or reject."}
    )
    comment = WordsField(
        lines=True,
        label="Comment",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed to request changes or to reject; the requester reads it.",
    )
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
