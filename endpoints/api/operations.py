"""The operations as JSON: what operators, auditors and administrators see of the workers' work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from endpoints.api import etags
from endpoints.api.base import PortalView
from endpoints.api.filters import OperationFilters
from endpoints.api.pagination import LatestWorkFirst
from endpoints.api.schema import PROBLEMS
from endpoints.api.serializers.parts import AccountSerializer, EndpointLinkSerializer, OperationSerializer
from endpoints.api.views import ListView
from endpoints.models import Operation, OperationAttempt
from endpoints.models.operations import AttemptOutcome, OperationQuerySet, Trouble
from endpoints.models.requests import ChangeAction

ATTEMPTS = 20


def loaded_operations(operations: OperationQuerySet) -> QuerySet[Operation]:
    """Return operations with all that is shown of them: two queries, however many there are."""
    attempts = OperationAttempt.objects.order_by("-number")[:ATTEMPTS]
    return (
        operations.with_trouble()
        .select_related("account", "request", "endpoint")
        .prefetch_related(Prefetch("attempt_records", attempts, to_attr="latest_attempts"))
    )


class LeaseSerializer(serializers.Serializer[Any]):
    """Which worker holds it, and until when."""

    owner = serializers.CharField()
    expires_at = serializers.DateTimeField()


class ParkedSerializer(serializers.Serializer[Any]):
    """Who parked it, when and why. While it still runs, its worker has yet to come to it."""

    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class RequestLinkSerializer(serializers.Serializer[Any]):
    """The request that it belongs to."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField())
    def get_url(self, request: Any) -> str:
        """Return the request's address in this API."""
        return str(reverse("api_request", args=[request.pk], request=self.context["request"]))


class AttemptSerializer(serializers.Serializer[OperationAttempt]):
    """One worker's turn. `outcome` is null while it is under way."""

    number = serializers.IntegerField()
    fence = serializers.IntegerField()
    worker = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.SerializerMethodField()
    error_code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    aws_request_id = serializers.CharField(allow_blank=True)

    @extend_schema_field(serializers.ChoiceField(choices=AttemptOutcome.choices, allow_null=True))
    def get_outcome(self, attempt: OperationAttempt) -> str | None:
        """Return how it ended."""
        return attempt.outcome or None


class WorkSerializer(OperationSerializer):
    """A durable piece of provisioning work. `needs_person` says why it will not go on by itself; null while it does."""

    url = serializers.SerializerMethodField()
    status_label = serializers.CharField(source="state.label")
    needs_person = serializers.SerializerMethodField()
    action = serializers.ChoiceField(choices=ChangeAction.choices)
    request = RequestLinkSerializer()
    endpoint = EndpointLinkSerializer()
    account = AccountSerializer()
    region = serializers.CharField()
    throttles = serializers.IntegerField()
    client_token = serializers.CharField()
    fence = serializers.IntegerField()
    lease = serializers.SerializerMethodField()
    parked = serializers.SerializerMethodField()
    intent = serializers.JSONField(allow_null=True)
    intent_at = serializers.DateTimeField(allow_null=True)
    called_at = serializers.DateTimeField(allow_null=True)
    in_flight_since = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    attempt_records = AttemptSerializer(
        many=True, source="latest_attempts", help_text=f"The latest {ATTEMPTS}, newest first."
    )

    @extend_schema_field(serializers.URLField())
    def get_url(self, operation: Operation) -> str:
        """Return the operation's address in this API."""
        return str(reverse("api_operation", args=[operation.pk], request=self.context["request"]))

    @extend_schema_field(serializers.ChoiceField(choices=Trouble.choices, allow_null=True))
    def get_needs_person(self, operation: Operation) -> str | None:
        """Return why it needs a person."""
        return operation.trouble or None

    @extend_schema_field(LeaseSerializer(allow_null=True))
    def get_lease(self, operation: Operation) -> dict[str, Any] | None:
        """Return the lease, if a worker holds one."""
        if operation.lease_expires_at is None:
            return None
        return dict(LeaseSerializer({"owner": operation.lease_owner, "expires_at": operation.lease_expires_at}).data)

    @extend_schema_field(ParkedSerializer(allow_null=True))
    def get_parked(self, operation: Operation) -> dict[str, Any] | None:
        """Return who parked it or wants it parked; also of one that was withdrawn afterwards."""
        if operation.parked_at is None:
            return None
        words = {"by": operation.parked_by, "at": operation.parked_at, "reason": operation.park_reason}
        return dict(ParkedSerializer(words).data)


class OperationList(ListView):
    """The workers' operations, newest first."""

    queryset = Operation.objects.none()  # names the model to the schema
    serializer_class = WorkSerializer
    filterset_class = OperationFilters
    pagination_class = LatestWorkFirst

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return light rows."""
        return etags.operation_versions(Operation.objects.all())

    def load(self, ids: Sequence[Any]) -> QuerySet[Operation]:
        """Return the operations."""
        return loaded_operations(Operation.objects.filter(pk__in=ids)).order_by(*LatestWorkFirst.ordering)

    @extend_schema(operation_id="operations_list", responses={200: WorkSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The workers' operations, newest first."""
        return super().get(request, *args, **kwargs)


class OperationDetail(PortalView):
    """One operation."""

    @extend_schema(operation_id="operations_retrieve", responses={200: WorkSerializer, **PROBLEMS})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """One operation with its latest attempts, or 304."""
        found = Operation.objects.filter(pk=pk)
        versions = etags.operation_versions(found).first()
        if versions is None:
            raise Http404

        def build() -> Mapping[str, Any]:
            return WorkSerializer(loaded_operations(found).get(), context={"request": request}).data

        return etags.answer(request, etags.etag(versions), build)
