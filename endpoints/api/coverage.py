"""The JSON of one VPC's coverage: which services it has, and what it lacks of each bundle."""

from __future__ import annotations

import re
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from endpoints.api import etags
from endpoints.api.base import PortalView
from endpoints.api.catalogue import VpcSerializer, shown_vpcs
from endpoints.api.problems import BadParameters, unknown_parameters
from endpoints.api.schema import PROBLEMS
from endpoints.api.views import person_of
from endpoints.domain import lifecycle
from endpoints.domain.specs import short_service_name
from endpoints.models import InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.models.visibility import accounts_whose_network_is_visible_to
from endpoints.network.bundles import Member, bundle_book
from endpoints.network.coverage import WORDS, Cell, State
from endpoints.services import bundles, coverage

BUNDLE = OpenApiParameter("bundle", OpenApiTypes.STR, description="A bundle's id: its services alone.")
SERVICE = OpenApiParameter(
    "service", OpenApiTypes.STR, many=True, description="A service's name, short or in full; several times for several."
)


_NAME = re.compile(r"\A[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}\Z")
MOST_SERVICES = 300
"""Services in one answer, at most."""


class CoverageCellSerializer(serializers.Serializer[Cell]):
    """A service in the VPC."""

    short_name = serializers.CharField(source="service", help_text="The name without its region.")
    service_name = serializers.CharField(allow_blank=True, help_text="Empty where the region doesn't offer it.")
    state = serializers.ChoiceField(choices=[(str(state), words) for state, words in WORDS.items()])
    vpc_endpoint_type = serializers.CharField(
        source="kind", allow_blank=True, help_text="The type of what is there, or of what to ask for."
    )
    vpc_endpoint_id = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(
        choices=lifecycle.ENDPOINT.choices(), allow_blank=True, help_text="The portal's own, of a managed endpoint."
    )
    private_dns_off = serializers.BooleanField(
        help_text="Whether the service's own name leads past an endpoint that is there."
    )
    endpoint = serializers.SerializerMethodField(help_text="Its address in this API, for who may see it.")
    request = serializers.SerializerMethodField(help_text="The address of the request that asks for it.")
    nearby_vpc_id = serializers.CharField(
        source="vpc_id", allow_blank=True, help_text="The connected VPC that has it, where this one lacks it."
    )
    more = serializers.IntegerField(help_text="How many further endpoints to it the VPC has.")

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_endpoint(self, cell: Cell) -> str | None:
        """Return the endpoint's address."""
        request = self.context["request"]
        return str(reverse("api_endpoint", args=[cell.endpoint], request=request)) if cell.endpoint else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_request(self, cell: Cell) -> str | None:
        """Return the request's address."""
        request = self.context["request"]
        return str(reverse("api_request", args=[cell.request], request=request)) if cell.request else None


class BundleCoverageSerializer(serializers.Serializer[Any]):
    """What the VPC lacks of a bundle."""

    id = serializers.CharField()
    title = serializers.CharField()
    complete = serializers.BooleanField(help_text="Whether everything is there that isn't optional.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="Short names, without optional ones.")


class CoverageSerializer(serializers.Serializer[Any]):
    """One VPC's coverage."""

    vpc = VpcSerializer()
    services = CoverageCellSerializer(many=True)
    bundles = BundleCoverageSerializer(many=True)


class VpcCoverage(PortalView):
    """The coverage of one VPC."""

    @extend_schema(
        operation_id="vpcs_coverage", parameters=[BUNDLE, SERVICE], responses={200: CoverageSerializer, **PROBLEMS}
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Which services a VPC has, which were asked for and which it lacks; those in use and of well-known bundles."""
        user = person_of(request)
        rows = InventoryItem.objects.filter(
            kind=InventoryKind.VPC, account__in=accounts_whose_network_is_visible_to(user)
        )
        vpc = rows.select_related("account").filter(pk=pk).first()
        if vpc is None:
            raise Http404
        columns = _columns(request)
        if columns:
            cells = coverage.matrix([vpc], columns=columns, user=user).rows[0].cells
        else:
            found = coverage.matrix([vpc], columns=_well_known(), user=user, and_in_use=True, most=MOST_SERVICES)
            cells = found.rows[0].cells
        answer = {"vpc": shown_vpcs([vpc])[0], "services": cells, "bundles": [] if columns else _bundles(cells)}
        data = CoverageSerializer(answer, context={"request": request}).data
        return etags.answer(request, etags.etag(data), lambda: data)


def _columns(request: Request) -> list[Member]:
    """Return the services asked for, each once; none where nothing is asked. Raises BadParameters."""
    asked = request.query_params
    problems = unknown_parameters(asked, ("bundle", "service"))
    members: dict[str, Member] = {}
    if name := asked.get("bundle"):
        bundle = next((item for item in bundles.every() if item.id == name), None)
        members = {item.service: item for item in (bundle.members if bundle else ())}
        if bundle is None:
            problems["bundle"] = ["There is no such bundle. Take the id of one from the coverage without parameters."]
    names = asked.getlist("service")
    if not all(map(_NAME.match, names)):
        problems["service"] = ["Write a service's name, such as s3 or com.amazonaws.eu-west-1.s3."]
    for name in names:
        members.setdefault(short_service_name(name), Member(short_service_name(name), ""))
    if len(members) > coverage.MOST_COLUMNS:
        problems["service"] = [f"Name at most {coverage.MOST_COLUMNS} services."]
    if problems:
        raise BadParameters(problems)
    return list(members.values())


def _well_known() -> list[Member]:
    """Return the services of the portal's own bundles, each once."""
    found: dict[str, Member] = {}
    for bundle in bundle_book().bundles:
        for member in bundle.members:
            found.setdefault(member.service, member)
    return list(found.values())


def _bundles(cells: tuple[Cell, ...]) -> list[dict[str, Any]]:
    """Return for each well-known bundle what is neither there nor asked for."""
    lacking = {cell.service for cell in cells if cell.state in (State.MISSING, State.NEARBY, State.NOT_OFFERED)}
    return [
        {"id": bundle.id, "title": bundle.title, "complete": not missing, "missing": missing}
        for bundle in bundle_book().bundles
        for missing in [[item.service for item in bundle.needed if item.service in lacking]]
    ]
