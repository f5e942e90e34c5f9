"""What several forms share: the policy's fields, the words of a request, the key against double submits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from endpoints.models import Team
from endpoints.services import wording
from endpoints.services.drafts import MAX_JUSTIFICATION, MAX_TITLE

FULL = "full"
CUSTOM = "custom"
MAX_POLICY_INPUT = 200_000
"""Characters that a policy field takes at all; the check names AWS's own limit, white space included."""


class WordsField(forms.CharField):
    """Words for others to read; what hides in them or reorders them is refused beside the field."""

    def __init__(self, *, lines: bool = False, **kwargs: Any) -> None:
        self._lines = lines
        super().__init__(**kwargs)

    def validate(self, value: str) -> None:
        """Refuse what the services refuse. Raises ValidationError."""
        super().validate(value)
        if problem := wording.problem_of(value, lines=self._lines):
            raise ValidationError(problem)


class TEXTS:
    """The worded fields of a request."""

    @staticmethod
    def title() -> forms.CharField:
        """Return the title's field."""
        return WordsField(label="Title", max_length=MAX_TITLE, help_text="What reviewers see in their queue.")

    @staticmethod
    def justification(label: str = "Justification", help_text: str = "") -> forms.CharField:
        """Return the field that says why."""
        return WordsField(
            lines=True,
            label=label,
            max_length=MAX_JUSTIFICATION,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=help_text or "Reviewers read this first: who needs it, for what.",
        )


def team_field() -> forms.ModelChoiceField[Team]:
    """Return the field for the owner team; the form narrows it to the person's own."""
    return forms.ModelChoiceField(
        label="Owner team",
        queryset=Team.objects.none(),
        empty_label=None,
        error_messages={"invalid_choice": "You can only ask in the name of a team that you belong to."},
    )


def submission_key(text: str) -> uuid.UUID:
    """Return the key that a form carried, or a new one where it carried none that is a UUID."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


def tidy_policy(text: str) -> str:
    """Return a policy as it was typed: HTTP spells line ends CR LF, whatever the author's editor wrote."""
    return text.replace("\r\n", "\n")


class PolicyFields(forms.Form):
    """Full access, or a custom policy."""

    access = forms.ChoiceField(
        label="Access through the endpoint",
        widget=forms.RadioSelect,
        choices=[
            (FULL, "Full access: AWS's default policy; callers' own permissions decide"),
            (CUSTOM, "Custom policy"),
        ],
        initial=FULL,
    )
    policy_document = forms.CharField(
        label="Endpoint policy",
        required=False,
        strip=False,
        max_length=MAX_POLICY_INPUT,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
        help_text="JSON, at most 20,480 characters without its white space.",
    )

    def clean_policy_document(self) -> str:
        """Keep the author's text."""
        return tidy_policy(self.cleaned_data["policy_document"])

    def clean(self) -> dict[str, Any]:
        """Ask for a document where a custom policy is wanted."""
        values: dict[str, Any] = super().clean() or {}
        custom = values.get("access") == CUSTOM
        if custom and "policy_document" in values and not values["policy_document"].strip():
            self.add_error("policy_document", "Write a policy, or choose full access.")
        return values

    def asked_document(self) -> str | None:
        """Return the document, or None for full access."""
        return self.cleaned_data["policy_document"] if self.cleaned_data.get("access") == CUSTOM else None


def add_problems(form: forms.Form, problems: Mapping[str, str]) -> None:
    """Put what a service refused beside the fields it is about."""
    for name, text in problems.items():
        form.add_error(name if name in form.fields else None, text)
