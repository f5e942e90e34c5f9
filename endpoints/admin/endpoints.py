"""VPC endpoints under management."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from endpoints.admin.base import ReadOnlyAdmin, pretty
from endpoints.models import Endpoint


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """What each should be and what AWS says it is."""

    list_display = (
        *("id", "service_name", "vpc_endpoint_type", "vpc_id", "account", "region"),
        *("owner_team", "status", "aws_state", "vpc_endpoint_id", "observed_at"),
    )
    list_display_links = ("id", "service_name")
    list_filter = ("status", "vpc_endpoint_type", "account", "region", "owner_team")
    list_select_related = ("account", "owner_team")
    search_fields = ("vpc_endpoint_id", "vpc_id", "service_name", "name", "owner_team__name", "account__account_id")
    fields = (
        *("account", "region", "vpc_id", "service_name", "vpc_endpoint_type", "vpc_endpoint_id", "owner_team", "name"),
        *("status", "aws_state", "last_error_code", "last_error", "generation", "desired_spec", "observed_state"),
        *("observed_at", "created_at", "available_at", "closed_at", "updated_at", "version"),
    )
    readonly_fields = ("desired_spec", "observed_state")

    @admin.display(description="Desired")
    def desired_spec(self, endpoint: Endpoint) -> SafeString | str:
        """Return what was approved."""
        return pretty(endpoint.desired)

    @admin.display(description="Observed")
    def observed_state(self, endpoint: Endpoint) -> SafeString | str:
        """Return what AWS last said."""
        return pretty(endpoint.observed)
