"""What the JSON shows, field by field. Words are AWS's where AWS has one; times are ISO 8601 in UTC.

A change here needs a higher `etags.SHAPE`.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from endpoints.domain import lifecycle, sums
from endpoints.domain.specs import DNS_RECORD_IP_TYPES, IP_ADDRESS_TYPES
from endpoints.models import Change, Endpoint, EndpointRequest, Operation, PolicyRevision, UnmanagedEndpoint
from endpoints.models.policies import CURRENT_STATES
from endpoints.models.requests import ChangeAction, Relation, Severity
from endpoints.models.reviews import Decision
from endpoints.services.reading import accept_command

_RESTING = ("succeeded", "cancelled")


class AccountSerializer(serializers.Serializer[Any]):
    """An AWS account."""

    account_id = serializers.CharField()
    name = serializers.CharField()


class TeamSerializer(serializers.Serializer[Any]):
    """A team that owns requests and endpoints."""

    slug = serializers.CharField()
    name = serializers.CharField()


class PersonSerializer(serializers.Serializer[Any]):
    """A person."""

    username = serializers.CharField()
    name = serializers.CharField(source="get_full_name")


class LastErrorSerializer(serializers.Serializer[Any]):
    """What went wrong last: AWS's code and message, and the cure."""

    code = serializers.CharField()
    message = serializers.CharField()
    cure = serializers.CharField()


class SubnetConfigurationSerializer(serializers.Serializer[Any]):
    """A fixed IPv4 address for the network interface in one subnet."""

    subnet_id = serializers.CharField()
    ipv4 = serializers.CharField()


class GroupRuleSerializer(serializers.Serializer[Any]):
    """A rule of a security group that is added with the endpoint and removed with it. One of the peers is given."""

    group_id = serializers.CharField()
    direction = serializers.ChoiceField(choices=("ingress", "egress"))
    protocol = serializers.CharField()
    from_port = serializers.IntegerField()
    to_port = serializers.IntegerField()
    cidr = serializers.CharField(allow_blank=True)
    prefix_list_id = serializers.CharField(allow_blank=True)
    source_group_id = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)


class SpecSerializer(serializers.Serializer[Any]):
    """One endpoint as it should be. `policy_document` is the author's text; null asks for full access.

    What isn't required is left out where nothing was asked for; `tags` are pairs of key and value.
    """

    account_id = serializers.CharField()
    region = serializers.CharField()
    vpc_id = serializers.CharField()
    service_name = serializers.CharField()
    vpc_endpoint_type = serializers.CharField()
    subnet_ids = serializers.ListField(child=serializers.CharField())
    security_group_ids = serializers.ListField(child=serializers.CharField())
    route_table_ids = serializers.ListField(child=serializers.CharField())
    private_dns_enabled = serializers.BooleanField()
    policy_document = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    service_region = serializers.CharField(required=False)
    ip_address_type = serializers.ChoiceField(choices=IP_ADDRESS_TYPES, required=False)
    dns_record_ip_type = serializers.ChoiceField(choices=DNS_RECORD_IP_TYPES, required=False)
    private_dns_only_for_inbound_resolver_endpoint = serializers.BooleanField(required=False)
    private_dns_when_available = serializers.BooleanField(required=False)
    subnet_configurations = SubnetConfigurationSerializer(many=True, required=False)
    tags = serializers.ListField(child=serializers.ListField(child=serializers.CharField()), required=False)
    group_rules = GroupRuleSerializer(many=True, required=False)


@extend_schema_field(SpecSerializer(allow_null=True))
class FormerSpecField(serializers.JSONField):
    """The spec that the endpoint had until then; null for an endpoint that is new to the portal."""


@extend_schema_field(SpecSerializer)
class SpecField(serializers.JSONField):
    """A spec, given out exactly as it was reviewed."""


class CheckSerializer(serializers.Serializer[Any]):
    """An automatic finding, as it stood at submission."""

    rule = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    message = serializers.CharField()
    cure = serializers.CharField(allow_blank=True)


class OperationSerializer(serializers.Serializer[Operation]):
    """The work that brings AWS to one change."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=lifecycle.OPERATION.choices())
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.SerializerMethodField()
    aws_request_id = serializers.CharField(allow_blank=True)
    last_error = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_attempt_at(self, operation: Operation) -> Any:
        """Return when a worker takes it up next; None when nothing is due."""
        waits = operation.status == "queued"
        return serializers.DateTimeField().to_representation(operation.next_attempt_at) if waits else None

    @extend_schema_field(LastErrorSerializer(allow_null=True))
    def get_last_error(self, operation: Operation) -> dict[str, str] | None:
        """Return the last error, also of an attempt that a later one made good."""
        return _error_of(operation)


class EndpointLinkSerializer(serializers.Serializer[Endpoint]):
    """The endpoint that a change is about."""

    id = serializers.IntegerField()
    vpc_endpoint_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=lifecycle.ENDPOINT.choices())
    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField())
    def get_url(self, endpoint: Endpoint) -> str:
        """Return the endpoint's address in this API."""
        return str(reverse("api_endpoint", args=[endpoint.pk], request=self.context["request"]))


class AcceptanceSerializer(serializers.Serializer[Any]):
    """What the service's owner has to do before the endpoint works."""

    service_owner = serializers.CharField(allow_blank=True, help_text="Their AWS account id, where AWS names it.")
    command = serializers.CharField(help_text="What accepts the connection, run in their account.")


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
        return _acceptance(change.endpoint, change)

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
        errors = [_error_of(item) for item in operations if item and item.status not in _RESTING]
        return next((error for error in errors if error), None)


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
        return _acceptance(endpoint, endpoint)

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


def _changes(request: EndpointRequest) -> list[Change]:
    changes: list[Change] = request.current_changes  # type: ignore[attr-defined]  # prefetched
    return changes


def _acceptance(endpoint: Endpoint | None, row: Any) -> dict[str, str] | None:
    if endpoint is None or endpoint.status != "pending_acceptance":
        return None
    return {"service_owner": row.service_owner, "command": accept_command(endpoint)}


def _error_of(operation: Operation) -> dict[str, str] | None:
    if not operation.last_error and not operation.last_error_code:
        return None
    return {"code": operation.last_error_code, "message": operation.last_error, "cure": operation.last_cure}
