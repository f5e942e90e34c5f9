"""The JSON of what stands in regions: endpoint services with what they are for, and VPCs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from endpoints.api import etags
from endpoints.api.filters import ServiceFilters, VpcFilters
from endpoints.api.schema import PROBLEMS
from endpoints.api.serializers.parts import AccountSerializer
from endpoints.api.views import ListView, person_of
from endpoints.domain.specs import short_service_name
from endpoints.models import InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.models.visibility import accounts_whose_network_is_visible_to
from endpoints.network.purposes import purpose_of
from endpoints.services import catalogue


class UseSerializer(serializers.Serializer[catalogue.Use]):
    """An endpoint that leads to the service already, as AWS says."""

    vpc_id = serializers.CharField()
    vpc_name = serializers.CharField(allow_blank=True)
    vpc_endpoint_id = serializers.CharField()
    vpc_endpoint_type = serializers.CharField()
    private_dns_enabled = serializers.BooleanField(source="private_dns")


class ServiceSerializer(serializers.Serializer[Any]):
    """An endpoint service of a region, as an account is offered it."""

    id = serializers.IntegerField()
    account = AccountSerializer()
    region = serializers.CharField()
    service_name = serializers.CharField()
    short_name = serializers.CharField(help_text="The name without its region.")
    purpose = serializers.CharField(allow_blank=True, help_text="What it is for; empty where the portal doesn't know.")
    vpc_endpoint_types = serializers.ListField(child=serializers.CharField())
    availability_zones = serializers.ListField(child=serializers.CharField())
    owner = serializers.CharField(allow_blank=True)
    vpc_endpoint_policy_supported = serializers.BooleanField()
    acceptance_required = serializers.BooleanField()
    private_dns_name = serializers.CharField(allow_blank=True)
    used_by = UseSerializer(many=True)
    read_at = serializers.DateTimeField(allow_null=True, help_text="When the region was read last.")


class VpcSerializer(serializers.Serializer[Any]):
    """A VPC, as the portal last read it."""

    id = serializers.IntegerField()
    account = AccountSerializer()
    region = serializers.CharField()
    vpc_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    cidr_blocks = serializers.ListField(child=serializers.CharField())
    is_default = serializers.BooleanField()
    owner_id = serializers.CharField(allow_blank=True)
    enable_dns_support = serializers.BooleanField(allow_null=True)
    enable_dns_hostnames = serializers.BooleanField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True, help_text="When the region was read last.")


class InventoryList(ListView):
    """Rows of the inventory, which have no versions: their ETag is that of what is shown."""

    queryset = InventoryItem.objects.none()  # names the model to the schema; `get_queryset` says who sees what
    kind: InventoryKind

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the rows of accounts in whose network the person may look."""
        accounts = accounts_whose_network_is_visible_to(person_of(self.request))
        return InventoryItem.objects.filter(kind=self.kind, account__in=accounts).select_related("account")

    def load(self, ids: Sequence[int]) -> QuerySet[InventoryItem]:
        """Return the rows; `get` has them already."""
        return InventoryItem.objects.filter(pk__in=ids).select_related("account").order_by("-id")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return one page, or 304."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        paginator: Any = self.paginator
        shown = {
            "next": paginator.get_next_link(),
            "previous": paginator.get_previous_link(),
            "results": self.get_serializer(self.shown(list(rows)), many=True).data,
        }
        return etags.answer(request, etags.etag(shown), lambda: shown)

    @abstractmethod
    def shown(self, rows: list[InventoryItem]) -> list[dict[str, Any]]:
        """Return what the serializer shows of rows."""


class ServiceList(InventoryList):
    """Endpoint services, the latest found first."""

    serializer_class = ServiceSerializer
    filterset_class = ServiceFilters
    kind = InventoryKind.SERVICE

    def shown(self, rows: list[InventoryItem]) -> list[dict[str, Any]]:
        """Return services with their purposes and who has them. Three queries."""
        uses, read = catalogue.uses_of(rows), catalogue.read_at(rows)
        return [
            {
                "id": row.pk,
                "account": row.account,
                "region": row.region,
                "service_name": row.aws_id,
                "short_name": short_service_name(row.aws_id),
                "purpose": purpose_of(row.aws_id),
                "vpc_endpoint_types": row.data.get("types", []),
                "availability_zones": row.data.get("availability_zones", []),
                "owner": row.data.get("owner", ""),
                "vpc_endpoint_policy_supported": bool(row.data.get("policy_supported")),
                "acceptance_required": bool(row.data.get("acceptance_required")),
                "private_dns_name": row.data.get("private_dns_name", ""),
                "used_by": uses[catalogue.place_of(row, row.aws_id)],
                "read_at": read.get((row.account_id, row.region)),
            }
            for row in rows
        ]

    @extend_schema(operation_id="services_list", responses={200: ServiceSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Endpoint services of the accounts that you may look into, with what each is for and which VPCs have it."""
        return super().get(request, *args, **kwargs)


class VpcList(InventoryList):
    """VPCs, the latest found first."""

    serializer_class = VpcSerializer
    filterset_class = VpcFilters
    kind = InventoryKind.VPC

    def shown(self, rows: list[InventoryItem]) -> list[dict[str, Any]]:
        """Return VPCs. One query."""
        return shown_vpcs(rows)

    @extend_schema(operation_id="vpcs_list", responses={200: VpcSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """VPCs of the accounts that you may look into, as the portal last read them."""
        return super().get(request, *args, **kwargs)


def shown_vpcs(rows: list[InventoryItem]) -> list[dict[str, Any]]:
    """Return what `VpcSerializer` shows of rows of VPCs, which have their accounts. One query."""
    read = catalogue.read_at(rows)
    return [
        {
            "id": row.pk,
            "account": row.account,
            "region": row.region,
            "vpc_id": row.aws_id,
            "name": row.name,
            "cidr_blocks": row.data.get("cidr_blocks", []),
            "is_default": bool(row.data.get("is_default")),
            "owner_id": row.data.get("owner_id", ""),
            "enable_dns_support": row.data.get("enable_dns_support"),
            "enable_dns_hostnames": row.data.get("enable_dns_hostnames"),
            "read_at": read.get((row.account_id, row.region)),
        }
        for row in rows
    ]
