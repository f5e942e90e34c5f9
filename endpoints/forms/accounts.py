"""The forms of the accounts' pages."""

from __future__ import annotations

import re

from django import forms
from django.db.models import Q, QuerySet

from endpoints.forms.filters import Filter
from endpoints.forms.parts import WordsField
from endpoints.models import Account
from endpoints.policy.role import ROLE_NAME

MAX_ROLE_NAME = 64


class AccountForm(forms.Form):
    """A new account. The ExternalId is no field: the portal makes it."""

    account_id = forms.CharField(
        label="Account ID",
        max_length=20,
        help_text="Twelve digits, as the account's own console shows them.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    name = WordsField(
        label="Name",
        max_length=Account._meta.get_field("name").max_length,
        help_text="What people in your organization call it, such as payments-prod.",
    )
    regions = forms.CharField(
        label="Regions",
        max_length=1000,
        help_text="Those that the portal works in, separated by commas: eu-west-1, us-east-1.",
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    role_name = forms.CharField(
        label="Role",
        max_length=MAX_ROLE_NAME,
        initial=ROLE_NAME,
        help_text="The name of the IAM role that the portal will assume there. You make it in the next step.",
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )

    protected = forms.BooleanField(
        label="Protected",
        required=False,
        help_text="No endpoint with full access; a policy that allows more than before needs two reviewers.",
    )

    def clean_account_id(self) -> str:
        """Take the digits as consoles write them: 1234-5678-9012."""
        return re.sub(r"[\s-]", "", self.cleaned_data["account_id"])

    def clean_regions(self) -> list[str]:
        """Split into names; the service says which are none."""
        return [name.lower() for name in re.split(r"[\s,;]+", self.cleaned_data["regions"]) if name]


class ProtectionForm(forms.Form):
    """Whether an account is to be protected."""

    protected = forms.TypedChoiceField(
        choices=(("yes", "Protect"), ("no", "Stop protecting")), coerce=lambda value: value == "yes"
    )


class AccountFilter(Filter):
    """Which accounts to list."""

    SORTS = (("name", "Name"), ("account_id", "Account ID"), ("-pk", "Newest first"))

    q = forms.CharField(label="Search", max_length=200)
    region = forms.CharField(label="Region", max_length=32)
    sort = forms.ChoiceField(label="Sort", choices=SORTS)

    def apply(self, rows: QuerySet[Account]) -> QuerySet[Account]:
        """Return the accounts asked for, in order."""
        text, region = self.cleaned_data.get("q", "").strip(), self.cleaned_data.get("region")
        if text:
            rows = rows.filter(Q(name__icontains=text) | Q(account_id__startswith=text) | Q(role_arn=text))
        if region:
            rows = rows.filter(regions__contains=[region.strip()])
        return self.order(rows)
