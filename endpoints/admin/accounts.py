"""AWS accounts, and what is known of their regions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from endpoints.admin.base import EditableAdmin, ReadOnlyAdmin
from endpoints.models import Account, AccountRegion
from endpoints.policy import role


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # can't be subscripted when the program runs
    """An account. Its ExternalId is the portal's to make, so it is no field; a role that isn't named is proposed."""

    role_arn = forms.CharField(
        label="Role ARN", required=False, max_length=2048, help_text=f"Leave empty for a role named {role.ROLE_NAME}."
    )

    class Meta:
        model = Account
        fields = ("account_id", "name", "role_arn", "regions", "is_active", "protected")

    def clean(self) -> dict[str, Any]:
        """Check that the role is one of this account, in the partition of its regions; propose one."""
        values = super().clean() or self.cleaned_data
        account_id = values.get("account_id") or self.instance.account_id
        try:
            proposed = role.role_arn(account_id, values.get("regions") or ())
        except ValueError as error:
            self.add_error("regions", str(error))
            return values
        if "role_arn" in values:
            arn = values["role_arn"] = values["role_arn"] or proposed
            match = role.ROLE_ARN.match(arn)
            if match is None or match["account_id"] != account_id or arn.split(":")[1] != proposed.split(":")[1]:
                self.add_error("role_arn", f"Write a role of this account: {proposed.rpartition('/')[0]}/…")
        return values


@admin.register(Account)
class AccountAdmin(EditableAdmin):
    """Accounts are switched off, never deleted: requests and events name them."""

    form = AccountForm
    list_display = ("name", "account_id", "role_arn", "region_list", "is_active", "protected")
    list_filter = ("is_active", "protected")
    search_fields = ("name", "account_id", "role_arn")

    @admin.display(description="Regions")
    def region_list(self, account: Account) -> str:
        """Return the regions in one line."""
        return ", ".join(account.regions)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the digits of an account that exists: its chain of events is named after them. Nobody types the id."""
        return ("account_id", "external_id", "external_id_at") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show the ExternalId once there is one; the account's page in the portal renews it."""
        fields = ("account_id", "name", "role_arn", "regions", "is_active", "protected")
        return (*fields, "external_id", "external_id_at") if obj else fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes an account."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and show an external id that was made."""
        super().save_model(request, obj, form, change)
        if not change:
            self.message_user(
                request,
                format_html(
                    'ExternalId for the role\'s trust policy: {}. <a href="{}">Set the role up and check it</a>.',
                    obj.external_id,
                    obj.get_absolute_url(),
                ),
                messages.SUCCESS,
            )


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
