"""Strong ETags from version numbers: one light query tells whether anything that is shown has changed.

The rows that `*_versions` return hold every fact that the JSON shows and that the object's own version doesn't
cover: versions of what hangs on it, and the names of people, teams and accounts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from endpoints.api.problems import PreconditionFailed
from endpoints.models import Change, Endpoint, EndpointRequest, PolicyRevision, Review, UnmanagedEndpoint
from endpoints.models.operations import OperationQuerySet
from endpoints.services.reading import service_owner

SHAPE = 5
"""Raise it with every change of the serializers, so that no client keeps the old shape."""

Versions = QuerySet[Any, Any]


def request_versions(requests: QuerySet[EndpointRequest]) -> Versions:
    """Return one light row per request."""
    changes = Change.objects.filter(request=OuterRef("pk"), round=F("request__round")).order_by("pk")
    reviews = Review.objects.filter(request=OuterRef("pk")).order_by("pk")
    rows: Versions = requests.values(
        "id",
        "version",
        *_names("account", "account_id", "name"),
        *_names("owner_team", "slug", "name"),
        *_names("requester", "username", "first_name", "last_name"),
        *_names("endorsed_by", "username", "first_name", "last_name"),
        *_names("approved_by", "username", "first_name", "last_name"),
        works=ArraySubquery(
            changes.values(
                row=JSONObject(
                    id="pk",
                    endpoint="endpoint__version",
                    operation="operation__version",
                    owner=service_owner("request__account"),
                )
            )
        ),
        decided=ArraySubquery(reviews.values(row=JSONObject(id="pk", **_person("reviewer")))),
    )
    return rows


def endpoint_versions(endpoints: QuerySet[Endpoint]) -> Versions:
    """Return one light row per endpoint."""
    revisions = PolicyRevision.objects.filter(endpoint=OuterRef("pk")).order_by("-number")
    operations = Change.objects.filter(endpoint=OuterRef("pk")).order_by("pk")
    rows: Versions = endpoints.values(
        "id",
        "version",
        "observed_at",
        *_names("account", "account_id", "name"),
        *_names("owner_team", "slug", "name"),
        owner=service_owner("account"),
        policies=ArraySubquery(revisions.values(row=JSONObject(number="number", version="version"))),
        works=ArraySubquery(operations.values(row=JSONObject(id="pk", operation="operation__version"))),
    )
    return rows


def unmanaged_versions(rows: QuerySet[UnmanagedEndpoint]) -> Versions:
    """Return one light row per unmanaged endpoint."""
    versions: Versions = rows.values("id", "changed_at", "adoption", *_names("account", "account_id", "name"))
    return versions


def revision_versions(revisions: QuerySet[PolicyRevision]) -> Versions:
    """Return one light row per policy revision."""
    people = ("username", "first_name", "last_name")
    names = [*_names("author", *people), *_names("approved_by", *people)]
    rows: Versions = revisions.values("id", "number", "version", *names)
    return rows


def operation_versions(operations: OperationQuerySet) -> Versions:
    """Return one light row per operation. That it needs a person comes with time, which no version tells."""
    rows: Versions = operations.with_trouble().values(
        "id", "version", "created_at", "trouble", "endpoint__version", *_names("account", "account_id", "name")
    )
    return rows


def etag(*parts: Any) -> str:
    """Return a strong ETag over plain values."""
    content = json.dumps([SHAPE, *parts], sort_keys=True, default=str)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def answer(request: Request, tag: str, build: Callable[[], Mapping[str, Any]]) -> HttpResponse:
    """Return 304 when the client's copy is current, or what `build` gives. Raises PreconditionFailed."""
    early = get_conditional_response(request._request, etag=tag)
    if early is not None and not isinstance(early, HttpResponseNotModified):
        raise PreconditionFailed
    response: HttpResponse = Response(build()) if early is None else HttpResponse(status=304)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response


def _names(relation: str, *fields: str) -> list[str]:
    return [f"{relation}__{field}" for field in fields]


def _person(relation: str) -> dict[str, str]:
    return {field: f"{relation}__{field}" for field in ("username", "first_name", "last_name")}
