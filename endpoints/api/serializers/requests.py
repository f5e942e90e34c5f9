"""A request as JSON: its changes with their findings, meanings and operations, and its reviews."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from endpoints.api.serializers.parts import (
    AcceptanceSerializer,
    AccountSerializer,
    CheckSerializer,
    EndpointLinkSerializer,
    FormerSpecField,
    LastErrorSerializer,
    OperationSerializer,
    PersonSerializer,
    SpecField,
    TeamSerializer,
    acceptance_of,
    error_of,
)
from endpoints.domain import lifecycle, sums
from endpoints.models import Change, EndpointRequest
from endpoints.models.requests import ChangeAction, Relation
from endpoints.models.reviews import Decision

_RESTING = ("succeeded", "cancelled")


class PolicyRequestSerializer(serializers.Serializer[Any]):
    """A request to AWS, in the form that `python -m endpoints.policy evaluate` takes."""

    principal = serializers.CharField()
    action = serializers.CharField()
    resource = serializers.CharField()
    resource_account = serializers.CharField(allow_null=True)
    context = serializers.DictField(  # type: ignore[assignment]  # DRF takes declared fields out of the class
        help_text="Condition keys: each a text, or a list of texts."
    )


class RegionSerializer(serializers.Serializer[Any]):
    """Requests that one of the two policies allows and the other doesn't, with one of them."""

    text = serializers.CharField()
    witness = PolicyRequestSerializer(allow_null=True)


class MeaningSerializer(serializers.Serializer[Any]):
    """What a policy allows more and less than the one before it, as worked out when the change was submitted."""

    relation = serializers.ChoiceField(choices=Relation.choices)
    gained = RegionSerializer(many=True)
    lost = RegionSerializer(many=True)
    gained_more = serializers.IntegerField(help_text="How many more there are than are listed.")
    lost_more = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True, help_text="Why nothing could be decided.")
    before_sha256 = serializers.CharField(help_text="Of the document that it was compared with.")


@extend_schema_field(MeaningSerializer(allow_null=True))
class MeaningField(serializers.JSONField):
    """A meaning, given out as it was kept; null where no policy changes."""


class ChangeSerializer(serializers.Serializer[Change]):
    """One change of the round that is under review or was approved."""

    action = serializers.ChoiceField(choices=ChangeAction.choices)
    region = serializers.CharField()
    vpc_id = serializers.CharField()
    service_name = serializers.CharField()
    vpc_endpoint_type = serializers.CharField()
    spec = SpecField()
    base_spec = FormerSpecField()
    adopts = serializers.CharField(allow_blank=True, help_text="The id in AWS of the endpoint that is taken over.")
    after = serializers.IntegerField(
        allow_null=True, help_text="The number, from 1, of the change of this request that must succeed first."
    )
    endpoint = EndpointLinkSerializer(allow_null=True)
    acceptance = serializers.SerializerMethodField()
    operation = serializers.SerializerMethodField()
    checks = CheckSerializer(many=True)
    meaning = MeaningField()

    @extend_schema_field(AcceptanceSerializer(allow_null=True))
    def get_acceptance(self, change: Change) -> dict[str, str] | None:
        """Return what the service's owner has to do; None where nothing waits for them."""
        return acceptance_of(change.endpoint, change)

    @extend_schema_field(OperationSerializer(allow_null=True))
    def get_operation(self, change: Change) -> dict[str, Any] | None:
        """Return the change's operation; None until it is approved."""
        operation = getattr(change, "operation", None)
        return dict(OperationSerializer(operation).data) if operation else None


class ReviewSerializer(serializers.Serializer[Any]):
    """What a reviewer decided in one round."""

    round = serializers.IntegerField()
    decision = serializers.ChoiceField(choices=Decision.choices)
    reviewer = PersonSerializer()
    comment = serializers.CharField(allow_blank=True)
    content_hash = serializers.CharField()
    created_at = serializers.DateTimeField()


class RequestSerializer(serializers.Serializer[EndpointRequest]):
    """A request with its changes, reviews and work."""

    # What it reads is loaded by views.loaded_requests.

    id = serializers.IntegerField()
    reference = serializers.CharField()
    url = serializers.SerializerMethodField()
    title = serializers.CharField()
    justification = serializers.CharField()
    status = serializers.ChoiceField(choices=lifecycle.REQUEST.choices())
    status_label = serializers.CharField(source="state.label")
    account = AccountSerializer()
    regions = serializers.SerializerMethodField()
    owner_team = TeamSerializer()
    requester = PersonSerializer()
    round = serializers.IntegerField()
    content_hash = serializers.CharField()
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField()
    approvals_needed = serializers.IntegerField()
    endorsed_at = serializers.DateTimeField(allow_null=True, help_text="When the first of two approvals was given.")
    endorsed_by = PersonSerializer(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = PersonSerializer(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    changes = ChangeSerializer(many=True, source="current_changes")
    progress = serializers.SerializerMethodField(
        help_text="How many changes are how far, such as available, failed or provisioning; empty before approval."
    )
    reviews = ReviewSerializer(many=True, source="all_reviews")
    last_error = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField())
    def get_url(self, request: EndpointRequest) -> str:
        """Return the request's address in this API."""
        return str(reverse("api_request", args=[request.pk], request=self.context["request"]))

    def get_regions(self, request: EndpointRequest) -> list[str]:
        """Return the regions of the changes."""
        return sorted({change.region for change in _changes(request)})

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_progress(self, request: EndpointRequest) -> dict[str, int]:
        """Return the sum of the changes."""
        return sums.counted([change.told() for change in _changes(request)])

    @extend_schema_field(LastErrorSerializer(allow_null=True))
    def get_last_error(self, request: EndpointRequest) -> dict[str, str] | None:
        """Return the error that stands in the way now, if any."""
        operations = [getattr(change, "operation", None) for change in _changes(request)]
        errors = [error_of(item) for item in operations if item and item.status not in _RESTING]
        return next((error for error in errors if error), None)


def _changes(request: EndpointRequest) -> list[Change]:
    changes: list[Change] = request.current_changes  # type: ignore[attr-defined]  # prefetched
    return changes
