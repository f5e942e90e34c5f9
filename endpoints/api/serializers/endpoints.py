"""An endpoint as JSON: what was approved beside what AWS has; its policy revisions; what nobody asked for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from endpoints.api.serializers.parts import (
    AcceptanceSerializer,
    AccountSerializer,
    LastErrorSerializer,
    PersonSerializer,
    SpecField,
    TeamSerializer,
    acceptance_of,
)
from endpoints.api.serializers.requests import MeaningField
from endpoints.domain import lifecycle
from endpoints.models import Endpoint, Operation, PolicyRevision, UnmanagedEndpoint
from endpoints.models.policies import CURRENT_STATES


class NetworkInterfaceSerializer(serializers.Serializer[Any]):
    """A network interface of an Interface endpoint."""

    network_interface_id = serializers.CharField()
    subnet_id = serializers.CharField()
    availability_zone = serializers.CharField()
    private_ip_address = serializers.CharField()
    status = serializers.CharField()
    security_group_ids = serializers.ListField(child=serializers.CharField())


class DnsEntrySerializer(serializers.Serializer[Any]):
    """A DNS name of an Interface endpoint."""

    dns_name = serializers.CharField()
    hosted_zone_id = serializers.CharField()


class CurrentPolicySerializer(serializers.Serializer[PolicyRevision]):
    """The policy that AWS holds."""

    revision = serializers.IntegerField(source="number")
    status = serializers.ChoiceField(choices=lifecycle.POLICY_REVISION.choices())
    document_sha256 = serializers.CharField()
    in_effect_at = serializers.DateTimeField(allow_null=True)


@extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
class ObservedIdsField(serializers.JSONField):
    """Ids as AWS gives them; null until it has told."""


@extend_schema_field(NetworkInterfaceSerializer(many=True))
class NetworkInterfacesField(serializers.JSONField):
    """Network interfaces as AWS gives them."""


@extend_schema_field(DnsEntrySerializer(many=True))
class DnsEntriesField(serializers.JSONField):
    """DNS entries as AWS gives them."""


def _none_yet() -> Any:
    return []


class DriftSerializer(serializers.Serializer[Any]):
    """A field of which AWS has something else than what was approved: by its name here, or `tags.` and a tag's key."""

    field = serializers.CharField()
    approved = serializers.JSONField(source="desired", allow_null=True)
    observed = serializers.JSONField(allow_null=True)
    first_seen_at = serializers.DateTimeField()


class UnmanagedEndpointSerializer(serializers.Serializer[UnmanagedEndpoint]):
    """An endpoint that AWS has and that no request stands behind, as the portal last saw it."""

    id = serializers.IntegerField()
    vpc_endpoint_id = serializers.CharField()
    vpc_endpoint_type = serializers.CharField()
    service_name = serializers.CharField()
    vpc_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    account = AccountSerializer()
    region = serializers.CharField()
    aws_state = serializers.CharField()
    subnet_ids = serializers.ListField(source="data.subnet_ids", child=serializers.CharField())
    security_group_ids = serializers.ListField(source="data.security_group_ids", child=serializers.CharField())
    route_table_ids = serializers.ListField(source="data.route_table_ids", child=serializers.CharField())
    private_dns_enabled = serializers.BooleanField(source="data.private_dns_enabled")
    policy_document = serializers.CharField(source="data.policy_document", allow_null=True)
    requester_managed = serializers.BooleanField()
    operation = serializers.UUIDField(
        allow_null=True, help_text="The portal's operation that made it, by its ownership tag."
    )
    adoption_request = serializers.IntegerField(
        source="adoption", allow_null=True, help_text="The open request to adopt it, by its id."
    )
    creation_timestamp = serializers.CharField(source="data.creation_timestamp", allow_blank=True)
    first_seen_at = serializers.DateTimeField()


class EndpointSerializer(serializers.Serializer[Endpoint]):
    """An endpoint: `desired` is what was approved; the ids, interfaces and names beside it are what AWS says."""

    # What it reads is loaded by views.loaded_endpoints.

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=lifecycle.ENDPOINT.choices())
    status_label = serializers.CharField(source="state.label")
    aws_state = serializers.CharField(allow_blank=True)
    account = AccountSerializer()
    region = serializers.CharField()
    owner_team = TeamSerializer()
    vpc_endpoint_id = serializers.CharField(allow_null=True)
    vpc_endpoint_type = serializers.CharField()
    service_name = serializers.CharField()
    vpc_id = serializers.CharField()
    subnet_ids = ObservedIdsField(source="observed.subnet_ids", default=None)
    security_group_ids = ObservedIdsField(source="observed.security_group_ids", default=None)
    route_table_ids = ObservedIdsField(source="observed.route_table_ids", default=None)
    prefix_list_id = serializers.CharField(source="observed.prefix_list_id", default=None, allow_null=True)
    network_interfaces = NetworkInterfacesField(source="observed.network_interfaces", default=_none_yet)
    dns_entries = DnsEntriesField(source="observed.dns_entries", default=_none_yet)
    private_dns_enabled = serializers.BooleanField(source="observed.private_dns_enabled", default=None, allow_null=True)
    desired = SpecField()
    generation = serializers.IntegerField()
    policy = serializers.SerializerMethodField()
    policy_revisions_url = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    available_at = serializers.DateTimeField(allow_null=True)
    observed_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    last_error = serializers.SerializerMethodField()
    drift = DriftSerializer(source="open_drift", many=True)
    acceptance = serializers.SerializerMethodField()

    @extend_schema_field(AcceptanceSerializer(allow_null=True))
    def get_acceptance(self, endpoint: Endpoint) -> dict[str, str] | None:
        """Return what the service's owner has to do; None where nothing waits for them."""
        return acceptance_of(endpoint, endpoint)

    @extend_schema_field(serializers.URLField())
    def get_url(self, endpoint: Endpoint) -> str:
        """Return the endpoint's address in this API."""
        return str(reverse("api_endpoint", args=[endpoint.pk], request=self.context["request"]))

    @extend_schema_field(serializers.URLField())
    def get_policy_revisions_url(self, endpoint: Endpoint) -> str:
        """Return the address of the policy's history."""
        return str(reverse("api_policy_revisions", args=[endpoint.pk], request=self.context["request"]))

    @extend_schema_field(CurrentPolicySerializer(allow_null=True))
    def get_policy(self, endpoint: Endpoint) -> dict[str, Any] | None:
        """Return the revision that AWS holds; None before the first is applied."""
        revisions: list[PolicyRevision] = endpoint.all_revisions  # type: ignore[attr-defined]  # prefetched
        current = next((item for item in revisions if item.status in CURRENT_STATES), None)
        return dict(CurrentPolicySerializer(current).data) if current else None

    @extend_schema_field(LastErrorSerializer(allow_null=True))
    def get_last_error(self, endpoint: Endpoint) -> dict[str, str] | None:
        """Return what AWS said last against it, with the cure that its operation knows."""
        if not endpoint.last_error and not endpoint.last_error_code:
            return None
        operations: list[Operation] = endpoint.all_operations  # type: ignore[attr-defined]  # prefetched
        cure = next((item.last_cure for item in operations if item.last_error_code == endpoint.last_error_code), "")
        return {"code": endpoint.last_error_code, "message": endpoint.last_error, "cure": cure}


class PolicyRevisionSerializer(serializers.Serializer[PolicyRevision]):
    """One numbered policy document, with who and when at each step. `document` is the author's text."""

    number = serializers.IntegerField()
    status = serializers.ChoiceField(choices=lifecycle.POLICY_REVISION.choices())
    status_label = serializers.CharField(source="state.label")
    document = serializers.CharField()
    document_sha256 = serializers.CharField()
    is_default = serializers.BooleanField()
    author = PersonSerializer()
    reason = serializers.CharField()
    restores = serializers.IntegerField(source="restores.number", default=None, allow_null=True)
    meaning = MeaningField()
    proposed_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = PersonSerializer(allow_null=True)
    applied_at = serializers.DateTimeField(allow_null=True)
    in_effect_at = serializers.DateTimeField(allow_null=True)
    replaced_at = serializers.DateTimeField(allow_null=True)
