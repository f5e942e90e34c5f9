"""AWS accounts, and what is known of their regions."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from endpoints.admin.base import EditableAdmin, ReadOnlyAdmin
from endpoints.models import Account, AccountRegion

ROLE_ARN = re.compile(r"\Aarn:aws[a-z-]*:iam::(?P<account_id>[0-9]{12}):role/[\w+=,.@/-]+\Z", re.ASCII)


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # can't be subscripted when the program runs
    """An account; without an external id it gets one."""

    external_id = forms.CharField(
        required=False,
        max_length=1224,
        help_text="Leave empty to have one made. The role's trust policy must ask for it (sts:ExternalId).",
    )

    class Meta:
        model = Account
        fields = ("account_id", "name", "role_arn", "external_id", "regions", "is_active")

    def clean(self) -> dict[str, Any]:
        """Check that the role is one of this account."""
        values = super().clean() or self.cleaned_data
        account_id = values.get("account_id") or self.instance.account_id
        match = ROLE_ARN.match(values.get("role_arn") or "")
        if "role_arn" in values and (match is None or match["account_id"] != account_id):
            self.add_error("role_arn", f"Write a role of this account: arn:aws:iam::{account_id}:role/…")
        return values


@admin.register(Account)
class AccountAdmin(EditableAdmin):
    """Accounts are switched off, never deleted: requests and events name them."""

    form = AccountForm
    list_display = ("name", "account_id", "role_arn", "region_list", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "account_id", "role_arn")

    @admin.display(description="Regions")
    def region_list(self, account: Account) -> str:
        """Return the regions in one line."""
        return ", ".join(account.regions)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the digits of an account that exists: its chain of events is named after them."""
        return ("account_id",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes an account."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and show an external id that was made."""
        chosen = bool(obj.external_id)
        super().save_model(request, obj, form, change)
        if not chosen:
            self.message_user(request, f"External id for the role's trust policy: {obj.external_id}", messages.SUCCESS)


@admin.register(AccountRegion)
class AccountRegionAdmin(ReadOnlyAdmin):
    """When each region was last read, and what stood in the way."""

    list_display = (
        "account",
        "region",
        "inventory_at",
        "inventory_due_at",
        "observed_at",
        "surveyed_at",
        "inventory_error",
    )
    list_filter = ("region", "account")
    list_select_related = ("account",)
    search_fields = ("account__name", "account__account_id", "region")
