"""What the answers about requests and endpoints have in common: who, where, which spec, how far."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from endpoints.domain import lifecycle
from endpoints.domain.specs import DNS_RECORD_IP_TYPES, IP_ADDRESS_TYPES
from endpoints.models import Endpoint, Operation
from endpoints.models.requests import Severity
from endpoints.services.reading import accept_command


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
        return error_of(operation)


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


def error_of(operation: Operation) -> dict[str, str] | None:
    """Return an operation's last error with its cure, or None."""
    if not operation.last_error and not operation.last_error_code:
        return None
    return {"code": operation.last_error_code, "message": operation.last_error, "cure": operation.last_cure}


def acceptance_of(endpoint: Endpoint | None, row: Any) -> dict[str, str] | None:
    """Return who has to accept a connection and how, or None where nobody has to. `row` names the service's owner."""
    if endpoint is None or endpoint.status != "pending_acceptance":
        return None
    return {"service_owner": row.service_owner, "command": accept_command(endpoint)}
