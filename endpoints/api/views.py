"""The JSON routes: what a person may see, and nothing else. An object that they may not see answers 404."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from endpoints.api import etags
from endpoints.api.base import PortalView
from endpoints.api.filters import EndpointFilters, RequestFilters, StrictFilters
from endpoints.api.pagination import LatestRevisionFirst, NewestFirst
from endpoints.api.permissions import DeclaredRule
from endpoints.api.schema import PROBLEMS
from endpoints.api.serializers.endpoints import EndpointSerializer, PolicyRevisionSerializer
from endpoints.api.serializers.requests import RequestSerializer
from endpoints.models import Change, Drift, Endpoint, EndpointRequest, Operation, PolicyRevision, Review, User
from endpoints.services.reading import service_owner


def loaded_requests(requests: QuerySet[EndpointRequest]) -> QuerySet[EndpointRequest]:
    """Return requests with all that `RequestSerializer` shows: four queries, however many there are."""
    changes = (
        Change.objects.filter(round=F("request__round"))
        .select_related("endpoint", "operation")
        .annotate(service_owner=service_owner("request__account"))
        .prefetch_related("checks")
        .order_by("position")
    )
    reviews = Review.objects.select_related("reviewer").order_by("-id")
    people = ("requester", "endorsed_by", "approved_by")
    return requests.select_related("account", "owner_team", *people).prefetch_related(
        Prefetch("changes", changes, to_attr="current_changes"), Prefetch("reviews", reviews, to_attr="all_reviews")
    )


def loaded_endpoints(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """Return endpoints with all that `EndpointSerializer` shows: four queries, however many there are."""
    revisions = PolicyRevision.objects.defer("document").order_by("-number")
    operations = Operation.objects.exclude(last_cure="").order_by("-created_at")
    owned = endpoints.annotate(service_owner=service_owner("account"))
    return owned.select_related("account", "owner_team").prefetch_related(
        Prefetch("policy_revisions", revisions, to_attr="all_revisions"),
        Prefetch("operations", operations, to_attr="all_operations"),
        Prefetch("drifts", Drift.objects.open().order_by("id"), to_attr="open_drift"),
    )


class ListView(PortalView, GenericAPIView[Any], ABC):
    """A list: its page of version numbers is read first; the rest only if the client's copy is old."""

    filter_backends = (StrictFilters,)
    pagination_class = NewestFirst

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return one page, or 304."""
        versions = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        paginator: Any = self.paginator
        links = {"next": paginator.get_next_link(), "previous": paginator.get_previous_link()}

        def build() -> Mapping[str, Any]:
            rows = self.load([row["id"] for row in versions])
            return {**links, "results": self.get_serializer(rows, many=True).data}

        return etags.answer(request, etags.etag(list(versions), links), build)

    @abstractmethod
    def load(self, ids: Sequence[Any]) -> QuerySet[Any]:
        """Return the page's rows with all that is shown of them, in the list's order."""


class RequestList(ListView):
    """Requests that you may see, newest first."""

    queryset = EndpointRequest.objects.none()  # names the model to the schema; `get_queryset` says who sees what
    serializer_class = RequestSerializer
    filterset_class = RequestFilters

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return light rows."""
        return etags.request_versions(EndpointRequest.objects.visible_to(person_of(self.request)))

    def load(self, ids: Sequence[int]) -> QuerySet[EndpointRequest]:
        """Return the requests."""
        return loaded_requests(EndpointRequest.objects.filter(pk__in=ids).order_by("-id"))

    @extend_schema(operation_id="requests_list", responses={200: RequestSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Requests that you may see, newest first."""
        return super().get(request, *args, **kwargs)


class EndpointList(ListView):
    """Endpoints that you may see, newest first."""

    queryset = Endpoint.objects.none()  # names the model to the schema; `get_queryset` says who sees what
    serializer_class = EndpointSerializer
    filterset_class = EndpointFilters

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return light rows."""
        return etags.endpoint_versions(Endpoint.objects.visible_to(person_of(self.request)))

    def load(self, ids: Sequence[int]) -> QuerySet[Endpoint]:
        """Return the endpoints."""
        return loaded_endpoints(Endpoint.objects.filter(pk__in=ids).order_by("-id"))

    @extend_schema(operation_id="endpoints_list", responses={200: EndpointSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Endpoints that you may see, newest first."""
        return super().get(request, *args, **kwargs)


class PolicyRevisionList(ListView):
    """The history of an endpoint's policy, latest first."""

    queryset = PolicyRevision.objects.none()  # names the model to the schema; `get_queryset` says who sees what
    serializer_class = PolicyRevisionSerializer
    pagination_class = LatestRevisionFirst

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return light rows. Raises Http404 for an endpoint that the person may not see."""
        endpoints = Endpoint.objects.visible_to(person_of(self.request)).filter(pk=self.kwargs["pk"])
        if not endpoints.exists():
            raise Http404
        return etags.revision_versions(PolicyRevision.objects.filter(endpoint=self.kwargs["pk"]))

    def load(self, ids: Sequence[int]) -> QuerySet[PolicyRevision]:
        """Return the revisions."""
        revisions = PolicyRevision.objects.filter(pk__in=ids).order_by("-number")
        proposing = Change.objects.filter(policy_revision=OuterRef("pk")).order_by("-pk")
        revisions = revisions.annotate(meaning=Subquery(proposing.values("meaning")[:1]))
        return revisions.select_related("author", "approved_by", "restores", "endpoint")

    @extend_schema(
        operation_id="endpoints_policy_revisions_list",
        responses={200: PolicyRevisionSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The history of an endpoint's policy, latest first."""
        return super().get(request, *args, **kwargs)


class RequestDetail(PortalView):
    """One request."""

    @extend_schema(operation_id="requests_retrieve", responses={200: RequestSerializer, **PROBLEMS})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """One request with its changes, reviews and work, or 304."""
        visible = EndpointRequest.objects.visible_to(person_of(request)).filter(pk=pk)
        versions = etags.request_versions(visible).first()
        if versions is None:
            raise Http404

        def build() -> Mapping[str, Any]:
            return RequestSerializer(loaded_requests(visible).get(), context={"request": request}).data

        return etags.answer(request, etags.etag(versions), build)


class EndpointDetail(PortalView):
    """One endpoint."""

    @extend_schema(operation_id="endpoints_retrieve", responses={200: EndpointSerializer, **PROBLEMS})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """One endpoint: what it should be and what AWS says it is, or 304."""
        visible = Endpoint.objects.visible_to(person_of(request)).filter(pk=pk)
        versions = etags.endpoint_versions(visible).first()
        if versions is None:
            raise Http404

        def build() -> Mapping[str, Any]:
            return EndpointSerializer(loaded_endpoints(visible).get(), context={"request": request}).data

        return etags.answer(request, etags.etag(versions), build)


class Schema(PortalView, SpectacularAPIView):
    """The OpenAPI 3 schema: YAML, or JSON by `Accept: application/vnd.oai.openapi+json`."""

    permission_classes = (DeclaredRule,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the schema: one version in one language, whatever the address asks for."""
        # What spectacular takes for a version stands in a header, where no line end nor NUL may be.
        response: HttpResponse = self._get_schema_response(request)  # type: ignore[no-untyped-call]
        return response

    @staticmethod
    def _get_version_parameter(request: Request) -> None:
        return None


class UnknownPath(PortalView):
    """Whatever else begins with `/api/`."""

    @extend_schema(exclude=True)
    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Say that there is no such path, by any method and to anybody. Raises NotFound."""
        raise NotFound("This API has no such path. GET /api/schema/ tells which there are.")


def person_of(request: Request) -> User:
    """Return who asks."""
    assert isinstance(request.user, User), "the route's rule lets only people in"
    return request.user
