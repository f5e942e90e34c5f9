"""Every route of the application, each with the rule of who may use it."""

from __future__ import annotations

from django.urls import URLPattern
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from endpoints.api import views as json
from endpoints.permissions import ANY_ROLE, PUBLIC, SIGNED_IN
from endpoints.routing import api, page


def _v1(route: str, view: type[APIView], *, name: str) -> list[URLPattern]:
    """Return a route of the JSON API. Without a trailing slash is canonical; with one is answered just the same."""
    return [
        api(f"api/v1/{route}", view, name=name, get=ANY_ROLE),
        api(f"api/v1/{route}/", view, name=f"{name}_slash", get=ANY_ROLE),
    ]


_docs = SpectacularSwaggerSplitView.as_view(
    url_name="api_schema",
    title="Endpoint Portal API",
    permission_classes=[AllowAny],  # `page` enforces the rule, so that people are led to the login
    authentication_classes=[SessionAuthentication],
)

api_urls: list[URLPattern] = [
    *_v1("requests", json.RequestList, name="api_requests"),
    *_v1("requests/<int:pk>", json.RequestDetail, name="api_request"),
    *_v1("endpoints", json.EndpointList, name="api_endpoints"),
    *_v1("endpoints/<int:pk>", json.EndpointDetail, name="api_endpoint"),
    *_v1("endpoints/<int:pk>/policy-revisions", json.PolicyRevisionList, name="api_policy_revisions"),
    api("api/schema/", json.Schema, name="api_schema", get=SIGNED_IN),
    page("api/docs/", _docs, name="api_docs", get=SIGNED_IN),
    api("api/<path:rest>", json.UnknownPath, name="api_unknown", get=PUBLIC),
]

urlpatterns: list[URLPattern] = [*api_urls]
