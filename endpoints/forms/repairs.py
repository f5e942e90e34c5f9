"""The forms that ask for what the survey suggests: restore, accept, recreate, adopt. They say why."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from endpoints.domain.specs import EndpointType
from endpoints.forms.filters import Filter
from endpoints.forms.parts import TEXTS, submission_key, team_field
from endpoints.models import Account, User


class RepairForm(forms.Form):
    """Why it is asked for. `seen` is the hash of the spec that the page showed."""

    title = TEXTS.title()
    justification = TEXTS.justification()
    seen = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)
    submission_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def key(self) -> uuid.UUID:
        """Return the key by which a double submit is known."""
        return submission_key(self.cleaned_data.get("submission_key", ""))


class AdoptForm(RepairForm):
    """Why, and for which team, an endpoint is taken over."""

    owner_team = team_field()

    field_order = ("title", "justification", "owner_team")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_team"].queryset = user.teams.all()  # type: ignore[attr-defined]


_WHOSE = (
    ("", "Anybody's"),
    ("adoptable", "Can be adopted"),
    ("portal", "Made by the portal"),
    ("aws", "Managed by an AWS service"),
)


class UnmanagedFilter(Filter):
    """Which unmanaged endpoints to list."""

    SORTS = (
        ("-first_seen_at", "Newest first"),
        ("first_seen_at", "Oldest first"),
        ("service_name", "Service"),
        ("vpc_id", "VPC"),
    )
    PLAIN = (
        ("account", "account"),
        ("region", "region"),
        ("vpc_id", "vpc_id"),
        ("service", "service_name__icontains"),
        ("type", "vpc_endpoint_type"),
    )

    account = forms.ModelChoiceField(
        label="Account", queryset=Account.objects.order_by("name"), empty_label="Any account"
    )
    region = forms.CharField(label="Region", max_length=32)
    vpc_id = forms.CharField(label="VPC", max_length=32)
    service = forms.CharField(label="Service", max_length=200)
    type = forms.ChoiceField(label="Type", choices=[("", "Any type"), *((item, item) for item in EndpointType)])
    whose = forms.ChoiceField(label="Whose", choices=_WHOSE)
    sort = forms.ChoiceField(label="Sort", choices=SORTS)

    def apply(self, rows: Any) -> Any:
        """Return the endpoints asked for, in order."""
        rows = self.narrow(rows)
        whose = self.cleaned_data.get("whose")
        if whose == "adoptable":
            rows = rows.filter(requester_managed=False, vpc_endpoint_type__in=list(EndpointType))
        elif whose == "portal":
            rows = rows.filter(operation__isnull=False)
        elif whose == "aws":
            rows = rows.filter(requester_managed=True)
        return self.order(rows)
