"""API tokens: whose, since when, until when. Neither a token nor its hash is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from knox.models import AuthToken

from endpoints.admin.base import ReadOnlyAdmin

admin.site.unregister(AuthToken)  # knox's own shows the hashes and makes tokens


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnlyAdmin):
    """A list only: the address of a token's page would hold its hash."""

    list_display = ("user", "created", "expiry")
    list_display_links = None
    list_filter = ("created", "expiry")
    list_select_related = ("user",)
    ordering = ("-created",)
    search_fields = ("user__username",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the list, never a single token."""
        return obj is None and super().has_view_permission(request)
