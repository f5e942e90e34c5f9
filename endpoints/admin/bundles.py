"""Bundles that teams have made."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin, pretty
from endpoints.models import Bundle


@admin.register(Bundle)
class BundleAdmin(ReadOnlyAdmin):
    """Services that teams ask for together. Their engineers edit them in the portal."""

    list_display = ("name", "owner_team", "creator", "updated_at")
    list_filter = ("owner_team",)
    list_select_related = ("owner_team", "creator")
    search_fields = ("name", "purpose")
    fields = ("name", "purpose", "owner_team", "creator", "services", "created_at", "updated_at")
    readonly_fields = ("services",)

    @admin.display(description="Services")
    def services(self, bundle: Bundle) -> SafeString | str:
        """Return the members."""
        return pretty(bundle.members)
