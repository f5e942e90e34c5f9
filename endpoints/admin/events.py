"""The record of who did what."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin, pretty
from endpoints.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Append-only, for the database too."""

    list_display = ("at", "chain", "sequence", "actor", "channel", "verb", "request_id", "endpoint_id", "summary")
    list_filter = ("channel", "verb", "chain")
    search_fields = ("actor", "verb", "summary", "=request_id", "=endpoint_id")
    date_hierarchy = "at"
    fields = (
        *("chain", "sequence", "at", "actor", "channel", "verb", "request_id", "endpoint_id", "summary"),
        *("content", "digest"),
    )
    readonly_fields = ("content",)

    @admin.display(description="Data")
    def content(self, event: Event) -> SafeString | str:
        """Return the event's data."""
        return pretty(event.data)
