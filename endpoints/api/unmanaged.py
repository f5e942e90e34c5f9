"""The JSON list of endpoints that nobody asked the portal for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from endpoints.api import etags
from endpoints.api.filters import UnmanagedEndpointFilters
from endpoints.api.schema import PROBLEMS
from endpoints.api.serializers.endpoints import UnmanagedEndpointSerializer
from endpoints.api.views import ListView, person_of
from endpoints.models import UnmanagedEndpoint


class UnmanagedEndpointList(ListView):
    """Endpoints without a request that you may see, the newest first."""

    queryset = UnmanagedEndpoint.objects.none()  # names the model to the schema; `get_queryset` says who sees what
    serializer_class = UnmanagedEndpointSerializer
    filterset_class = UnmanagedEndpointFilters

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return light rows."""
        rows = UnmanagedEndpoint.objects.visible_to(person_of(self.request)).with_open_adoption()
        return etags.unmanaged_versions(rows)

    def load(self, ids: Sequence[int]) -> QuerySet[UnmanagedEndpoint]:
        """Return the endpoints."""
        rows = UnmanagedEndpoint.objects.filter(pk__in=ids).with_open_adoption()
        return rows.select_related("account").order_by("-id")

    @extend_schema(
        operation_id="unmanaged_endpoints_list", responses={200: UnmanagedEndpointSerializer(many=True), **PROBLEMS}
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Endpoints that AWS has and that no request stands behind, the newest first."""
        return super().get(request, *args, **kwargs)
