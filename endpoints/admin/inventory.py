"""What stands in the regions, as workers last read it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin, pretty
from endpoints.models import InventoryItem


@admin.register(InventoryItem)
class InventoryItemAdmin(ReadOnlyAdmin):
    """VPCs, subnets, route tables, groups, services, prefix lists and endpoints."""

    list_display = ("aws_id", "name", "kind", "vpc_id", "account", "region")
    list_filter = ("kind", "account", "region")
    list_select_related = ("account",)
    ordering = ("account", "region", "kind", "aws_id")
    search_fields = ("aws_id", "name", "vpc_id")
    fields = ("account", "region", "kind", "aws_id", "vpc_id", "name", "content")
    readonly_fields = ("content",)

    @admin.display(description="Data")
    def content(self, item: InventoryItem) -> SafeString | str:
        """Return what the checks know of it."""
        return pretty(item.data)
