"""What the survey found: drift, and endpoints that nobody manages."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin, pretty
from endpoints.models import Drift, UnmanagedEndpoint


@admin.register(Drift)
class DriftAdmin(ReadOnlyAdmin):
    """What differed from what was approved, and from when to when."""

    list_display = ("id", "endpoint", "field", "first_seen_at", "last_seen_at", "resolved_at")
    list_filter = ("endpoint__account", "endpoint__region")
    list_select_related = ("endpoint",)
    search_fields = ("field", "endpoint__vpc_endpoint_id", "endpoint__vpc_id")
    fields = ("endpoint", "field", "as_approved", "as_observed", "first_seen_at", "last_seen_at", "resolved_at")
    readonly_fields = ("as_approved", "as_observed")

    @admin.display(description="As approved")
    def as_approved(self, drift: Drift) -> SafeString | str:
        """Return what was approved."""
        return pretty(drift.desired)

    @admin.display(description="As observed")
    def as_observed(self, drift: Drift) -> SafeString | str:
        """Return what AWS had."""
        return pretty(drift.observed)


@admin.register(UnmanagedEndpoint)
class UnmanagedEndpointAdmin(ReadOnlyAdmin):
    """Endpoints that AWS has and that no request stands behind."""

    list_display = (
        *("vpc_endpoint_id", "name", "service_name", "vpc_endpoint_type", "vpc_id", "account", "region"),
        *("aws_state", "requester_managed", "operation", "first_seen_at"),
    )
    list_filter = ("requester_managed", "vpc_endpoint_type", "account", "region")
    list_select_related = ("account",)
    search_fields = ("vpc_endpoint_id", "vpc_id", "service_name", "name", "operation")
    fields = (
        *("account", "region", "vpc_endpoint_id", "vpc_id", "service_name", "vpc_endpoint_type", "name", "aws_state"),
        *("requester_managed", "operation", "observed_state", "first_seen_at", "changed_at"),
    )
    readonly_fields = ("observed_state",)

    @admin.display(description="Observed")
    def observed_state(self, row: UnmanagedEndpoint) -> SafeString | str:
        """Return what AWS last said."""
        return pretty(row.data)
