"""What reviewers decided."""

from __future__ import annotations

from django.contrib import admin

from endpoints.admin.base import ReadOnlyAdmin
from endpoints.models import Review


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Append-only."""

    list_display = ("created_at", "request", "round", "decision", "reviewer", "comment")
    list_filter = ("decision", "request__account")
    list_select_related = ("request", "reviewer")
    search_fields = ("=request__id", "request__title", "reviewer__username", "comment", "content_hash")
