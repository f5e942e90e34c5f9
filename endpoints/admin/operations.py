"""Durable pieces of provisioning work."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin, pretty
from endpoints.models import Operation


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    """What is queued, running or stuck, and why."""

    list_display = (
        *("id", "request", "action", "status", "account", "region", "attempts", "throttles"),
        *("next_attempt_at", "lease_owner", "last_error_code"),
    )
    list_filter = ("status", "action", "account", "region")
    list_select_related = ("request", "account")
    search_fields = ("id", "=request__id", "request__title", "last_error_code", "aws_request_id", "client_token")
    fields = (
        *("id", "change", "request", "endpoint", "account", "region", "action", "status"),
        *("client_token", "intended", "intent_at", "lease_owner", "lease_expires_at", "fence"),
        *("attempts", "throttles", "next_attempt_at", "last_error_code", "last_error", "last_cure", "aws_request_id"),
        *("parked_at", "parked_by", "park_reason"),
        *("created_at", "called_at", "in_flight_since", "updated_at", "finished_at", "version"),
    )
    readonly_fields = ("id", "intended")

    @admin.display(description="Intent")
    def intended(self, operation: Operation) -> SafeString | str:
        """Return what the worker wrote down before it called AWS."""
        return pretty(operation.intent)
