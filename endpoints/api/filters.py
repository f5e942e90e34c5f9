"""List filters: each parameter is named here; an unknown one or a bad value is refused with its cure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from endpoints.api import moments
from endpoints.api.problems import BadParameters, unknown_parameters
from endpoints.domain import lifecycle
from endpoints.domain.specs import ACCOUNT_ID, AWS_ID, REGION, SERVICE_NAME
from endpoints.models import (
    Account,
    Change,
    Endpoint,
    EndpointRequest,
    InventoryItem,
    Operation,
    UnmanagedEndpoint,
    User,
)
from endpoints.models.requests import ChangeAction
from endpoints.services import catalogue

_WHEN = "Write a time such as 2026-01-31T09:00:00Z (a + in an address is written %2B)."


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]  # django-filter ships no types
    """Apply a view's filters; refuse what they don't know."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Return the filtered rows. Raises BadParameters."""
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        problems = _misspelt(request, known | {"cursor", "page_size"})
        if filterset_class is None:
            if problems:
                raise BadParameters(problems)
            return queryset
        filterset = filterset_class(request.query_params, queryset=queryset, request=request)
        if not filterset.is_valid():
            problems |= {name: [str(text) for text in texts] for name, texts in filterset.errors.items()}
        if problems:
            raise BadParameters(problems)
        found: QuerySet[Any] = filterset.qs
        return found


def _misspelt(request: Request, known: set[str]) -> dict[str, list[str]]:
    given = request.query_params
    twice = [name for name in given if name in known and len(given.getlist(name)) > 1]
    return unknown_parameters(given, known) | {name: ["Give this parameter once."] for name in twice}


def _shaped(pattern: Any, cure: str, **options: Any) -> django_filters.CharFilter:
    return django_filters.CharFilter(validators=[RegexValidator(pattern, cure)], **options)


def _moment(lookup: str, **options: Any) -> django_filters.IsoDateTimeFilter:
    return django_filters.IsoDateTimeFilter(
        field_name="created_at",
        lookup_expr=lookup,
        error_messages={"invalid": _WHEN},
        validators=[_check_comparable],
        **options,
    )


def _check_comparable(moment: datetime) -> None:
    if not moments.comparable(moment):
        raise ValidationError(_WHEN)


def _status(table: lifecycle.Lifecycle) -> django_filters.ChoiceFilter:
    cure = f"Choose one of: {', '.join(table.states)}."
    return django_filters.ChoiceFilter(choices=table.choices(), error_messages={"invalid_choice": cure})


class _Placed(django_filters.FilterSet):  # type: ignore[misc]
    """What everything is found by: the account, and when it was made."""

    account = _shaped(
        ACCOUNT_ID,
        "Write the account's twelve digits.",
        field_name="account__account_id",
        label="An AWS account, by its twelve digits.",
    )
    created_after = _moment("gte", label="At this time or later.")
    created_before = _moment("lt", label="Before this time.")


class _Filters(_Placed):
    """What requests and endpoints are found by alike."""

    owner_team = _shaped(
        r"\A[-a-zA-Z0-9_]{1,80}\Z",
        "Write the team's short name.",
        field_name="owner_team__slug",
        label="A team, by its short name.",
    )
    requester = django_filters.CharFilter(method="by_requester", max_length=150, label="A user name, or `me`.")

    def person(self, name: str) -> dict[str, Any]:
        """Return the condition for a requester by user name; `me` is who asks."""
        user = self.request.user
        return {"pk": user.pk} if name == "me" and isinstance(user, User) else {"username": name}


_REGION = "Write a region such as eu-west-1."
_VPC = "Write a VPC's id such as vpc-0a1b2c3d."
_SERVICE = "Write the service's whole name, such as com.amazonaws.eu-west-1.s3."


class RequestFilters(_Filters):
    """Requests. Region, VPC and service are those of a change of the current round."""

    status = _status(lifecycle.REQUEST)
    region = _shaped(REGION, _REGION, method="by_change", label="A region such as `eu-west-1`.")
    vpc_id = _shaped(AWS_ID, _VPC, method="by_change", label="A VPC, by its id.")
    service_name = _shaped(SERVICE_NAME, _SERVICE, method="by_change", label="An endpoint service, by its whole name.")

    class Meta:
        model = EndpointRequest
        fields: list[str] = []

    def by_change(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the requests with such a change."""
        changes = Change.objects.filter(request=OuterRef("pk"), round=F("request__round"), **{name: value})
        return queryset.filter(Exists(changes))

    def by_requester(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the requests of a person."""
        return queryset.filter(requester__in=User.objects.filter(**self.person(value)))


class EndpointFilters(_Filters):
    """Endpoints. The requester is who asked for its creation."""

    status = _status(lifecycle.ENDPOINT)
    region = _shaped(REGION, _REGION, label="A region such as `eu-west-1`.")
    vpc_id = _shaped(AWS_ID, _VPC, label="A VPC, by its id.")
    service_name = _shaped(SERVICE_NAME, _SERVICE, label="An endpoint service, by its whole name.")
    vpc_endpoint_id = _shaped(
        AWS_ID, "Write an endpoint's id such as vpce-0a1b2c3d.", label="An endpoint, by AWS's id."
    )

    drift = django_filters.ChoiceFilter(
        method="by_drift",
        choices=[("true", "AWS differs from what was approved"), ("false", "AWS is as approved")],
        error_messages={"invalid_choice": "Write true or false."},
        label="Whether AWS differs from what was approved.",
    )

    class Meta:
        model = Endpoint
        fields: list[str] = []

    def by_drift(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the endpoints with drift, or those without."""
        drifted = Endpoint.objects.drifted().values("pk")
        return queryset.filter(pk__in=drifted) if value == "true" else queryset.exclude(pk__in=drifted)

    def by_requester(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the endpoints that a person asked for."""
        asked = Change.objects.filter(
            endpoint=OuterRef("pk"),
            action=ChangeAction.CREATE,
            request__requester__in=User.objects.filter(**self.person(value)),
        )
        return queryset.filter(Exists(asked))


class UnmanagedEndpointFilters(django_filters.FilterSet):  # type: ignore[misc]
    """Unmanaged endpoints."""

    account = _shaped(
        ACCOUNT_ID,
        "Write the account's twelve digits.",
        field_name="account__account_id",
        label="An AWS account, by its twelve digits.",
    )
    region = _shaped(REGION, _REGION, label="A region such as `eu-west-1`.")
    vpc_id = _shaped(AWS_ID, _VPC, label="A VPC, by its id.")
    service_name = _shaped(SERVICE_NAME, _SERVICE, label="An endpoint service, by its whole name.")
    vpc_endpoint_type = django_filters.CharFilter(max_length=24, label="A type such as `Interface`.")

    class Meta:
        model = UnmanagedEndpoint
        fields: list[str] = []


class _InventoryFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the inventory's rows are found by alike."""

    account = _shaped(
        ACCOUNT_ID,
        "Write the account's twelve digits.",
        field_name="account__account_id",
        label="An AWS account, by its twelve digits.",
    )
    region = _shaped(REGION, _REGION, label="A region such as `eu-west-1`.")

    class Meta:
        model = InventoryItem
        fields: list[str] = []


class ServiceFilters(_InventoryFilters):
    """Endpoint services."""

    service_name = _shaped(SERVICE_NAME, _SERVICE, field_name="aws_id", label="A service, by its whole name.")
    vpc_endpoint_type = django_filters.CharFilter(
        method="by_type", max_length=24, label="Services that are offered as this type, such as `Interface`."
    )
    q = django_filters.CharFilter(method="by_words", max_length=200, label="Words of its name or of what it is for.")

    def by_type(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the services of a type."""
        return queryset.filter(data__types__contains=[value])

    def by_words(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the services that words are about."""
        regions = Account.objects.values_list("regions", flat=True)
        return catalogue.searched(queryset, value, {region for found in regions for region in found})


class VpcFilters(_InventoryFilters):
    """VPCs."""

    vpc_id = _shaped(AWS_ID, _VPC, field_name="aws_id", label="A VPC, by its id.")


class OperationFilters(_Placed):
    """Operations, by how they stand and what they are about."""

    status = _status(lifecycle.OPERATION)
    region = _shaped(REGION, _REGION, label="A region such as `eu-west-1`.")
    action = django_filters.ChoiceFilter(
        choices=ChangeAction.choices,
        error_messages={"invalid_choice": f"Choose one of: {', '.join(ChangeAction.values)}."},
    )
    request = _shaped(
        r"\A[0-9]{1,18}\Z",
        "Write the request's number, such as 12.",
        field_name="request_id",
        label="A request, by its number.",
    )
    needs_person = django_filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_need",
        error_messages={"invalid_choice": "Choose one of: true, false."},
        label="`true` for what will not go on by itself, `false` for the rest.",
    )

    class Meta:
        model = Operation
        fields: list[str] = []

    def by_need(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the dead letters, or all others."""
        dead = Q(pk__in=Operation.objects.dead().values("pk"))
        return queryset.filter(dead if value == "true" else ~dead)
