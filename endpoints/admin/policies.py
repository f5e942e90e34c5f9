"""Policy revisions."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin
from endpoints.models import PolicyRevision


@admin.register(PolicyRevision)
class PolicyRevisionAdmin(ReadOnlyAdmin):
    """Every document that was ever proposed, with who and when."""

    list_display = (
        *("endpoint", "number", "status", "is_default", "author", "approved_by"),
        *("proposed_at", "applied_at", "in_effect_at"),
    )
    list_filter = ("status", "is_default", "endpoint__account")
    list_select_related = ("endpoint", "author", "approved_by")
    ordering = ("-id",)
    search_fields = ("endpoint__vpc_endpoint_id", "endpoint__service_name", "author__username", "document_sha256")
    fields = (
        *("endpoint", "number", "status", "is_default", "text", "document_sha256", "author", "reason", "restores"),
        *("proposed_at", "approved_by", "approved_at", "applied_at", "in_effect_at", "replaced_at", "version"),
    )
    readonly_fields = ("text",)

    @admin.display(description="Document")
    def text(self, revision: PolicyRevision) -> SafeString:
        """Return the author's text as it was written."""
        return format_html("<pre>{}</pre>", revision.document)
