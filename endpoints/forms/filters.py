"""The filters of the lists: GET forms, so that every view of a list has its own address."""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from endpoints.domain import lifecycle
from endpoints.models import Account, Change, Endpoint, EndpointRequest, Event, InventoryItem, Team, User
from endpoints.models.events import Channel
from endpoints.models.inventory import InventoryKind

REFERENCE = re.compile(r"\A\s*REQ-(?P<number>[0-9]{1,18})\s*\Z", re.IGNORECASE)
OPEN = "open"


class Filter(forms.Form):
    """A filter: what isn't valid is told beside its field and left out of the search."""

    SORTS: tuple[tuple[str, str], ...] = ()
    PLAIN: tuple[tuple[str, str], ...] = ()
    """Pairs of a field and the lookup that it narrows by."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False
        self.is_valid()

    @property
    def active(self) -> bool:
        """Tell whether anything narrows the list."""
        return any(value for name, value in self.cleaned_data.items() if name != "sort" and value) or bool(self.errors)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that the plain fields ask for."""
        for name, lookup in self.PLAIN:
            value = self.cleaned_data.get(name)
            if value:
                rows = rows.filter(**{lookup: value})
        return rows

    def order(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows in the order asked for; ties by the newest, so that pages don't overlap."""
        default = self.SORTS[0][0]
        return rows.order_by(self.cleaned_data.get("sort") or default, "-pk")


class RequestFilter(Filter):
    """Which requests to list."""

    SORTS = (
        ("-submitted_at", "Newest first"),
        ("submitted_at", "Oldest first"),
        ("-updated_at", "Last changed first"),
        ("title", "Title"),
        ("status", "Status"),
    )
    PLAIN = (("account", "account"), ("team", "owner_team"))

    q = forms.CharField(label="Search", max_length=200)
    status = forms.ChoiceField(
        label="Status", choices=[("", "Any status"), (OPEN, "Open"), *lifecycle.REQUEST.choices()]
    )
    account = forms.ModelChoiceField(
        label="Account", queryset=Account.objects.order_by("name"), empty_label="Any account"
    )
    region = forms.CharField(label="Region", max_length=32)
    team = forms.ModelChoiceField(label="Team", queryset=Team.objects.all(), empty_label="Any team")
    mine = forms.BooleanField(label="Only mine")
    sort = forms.ChoiceField(label="Sort", choices=SORTS)

    def apply(self, rows: QuerySet[EndpointRequest], user: User) -> QuerySet[EndpointRequest]:
        """Return the requests asked for, in order."""
        values = self.cleaned_data
        rows = self.narrow(rows)
        if values.get("status") == OPEN:
            rows = rows.filter(status__in=lifecycle.REQUEST.live())
        elif values.get("status"):
            rows = rows.filter(status=values["status"])
        if values.get("region"):
            rows = rows.filter(Exists(_current_changes().filter(region=values["region"])))
        if values.get("mine"):
            rows = rows.filter(requester=user)
        if values.get("q"):
            rows = rows.filter(matching_requests(values["q"]))
        return self.order(rows)


class EndpointFilter(Filter):
    """Which endpoints to list."""

    SORTS = (
        ("-created_at", "Newest first"),
        ("created_at", "Oldest first"),
        ("-updated_at", "Last changed first"),
        ("service_name", "Service"),
        ("vpc_id", "VPC"),
        ("status", "Status"),
    )
    PLAIN = (
        ("account", "account"),
        ("team", "owner_team"),
        ("status", "status"),
        ("type", "vpc_endpoint_type"),
        ("region", "region"),
    )

    q = forms.CharField(label="Search", max_length=200)
    status = forms.ChoiceField(label="Status", choices=[("", "Any status"), *lifecycle.ENDPOINT.choices()])
    type = forms.ChoiceField(
        label="Type", choices=[("", "Any type"), ("Gateway", "Gateway"), ("Interface", "Interface")]
    )
    account = forms.ModelChoiceField(
        label="Account", queryset=Account.objects.order_by("name"), empty_label="Any account"
    )
    region = forms.CharField(label="Region", max_length=32)
    team = forms.ModelChoiceField(label="Team", queryset=Team.objects.all(), empty_label="Any team")
    drift = forms.BooleanField(label="Drifted")
    gone = forms.BooleanField(label="Also deleted")
    sort = forms.ChoiceField(label="Sort", choices=SORTS)

    def apply(self, rows: QuerySet[Endpoint], user: User) -> QuerySet[Endpoint]:
        """Return the endpoints asked for, in order."""
        values = self.cleaned_data
        rows = self.narrow(rows)
        if values.get("drift"):
            rows = rows.filter(pk__in=Endpoint.objects.drifted().values("pk"))
        if not values.get("gone") and not values.get("status"):
            rows = rows.filter(status__in=lifecycle.ENDPOINT.live())
        if values.get("q"):
            rows = rows.filter(matching_endpoints(values["q"]))
        return self.order(rows)


class EventFilter(Filter):
    """Which events to list."""

    SORTS = (("-id", "Newest first"),)
    PLAIN = (("actor", "actor__icontains"), ("verb", "verb__startswith"), ("channel", "channel"))

    actor = forms.CharField(label="Who", max_length=150)
    verb = forms.CharField(label="What", max_length=60, help_text="Such as request.approved, or request.")
    channel = forms.ChoiceField(label="From", choices=[("", "Anywhere"), *Channel.choices])
    request = forms.CharField(label="Request", max_length=24, help_text="Such as REQ-12.")
    since = forms.DateField(label="Since", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}))

    def clean_request(self) -> int | None:
        """Return the request's number."""
        text = self.cleaned_data["request"]
        match = REFERENCE.match(text) or REFERENCE.match(f"REQ-{text}")
        if text and not match:
            raise forms.ValidationError("Write a request as REQ-12.")
        return int(match["number"]) if match else None

    def apply(self, rows: QuerySet[Event], user: User) -> QuerySet[Event]:
        """Return the events asked for, newest first."""
        values = self.cleaned_data
        rows = self.narrow(rows)
        if values.get("request"):
            rows = rows.filter(request_id=values["request"])
        if values.get("since"):
            rows = rows.filter(at__date__gte=values["since"])
        if values.get("until"):
            rows = rows.filter(at__date__lte=values["until"])
        return rows.order_by("-id")


def matching_requests(text: str) -> Q:
    """Return the filter for requests that a search text may mean: reference, id, VPC, service, account or title."""
    match = REFERENCE.match(text)
    if match:
        return Q(pk=int(match["number"]))
    text = text.strip()
    place = _by_id(text, "vpc_id", "endpoint__vpc_endpoint_id") | _by_name_of_vpc(text)
    about = place | Q(service_name__icontains=text) | Q(spec__name__icontains=text)
    return Q(title__icontains=text) | _by_account(text) | Q(Exists(_current_changes().filter(about)))


def matching_endpoints(text: str) -> Q:
    """Return the filter for endpoints that a search text may mean: id, VPC, service, account or name."""
    text = text.strip()
    place = _by_id(text, "vpc_id", "vpc_endpoint_id") | _by_name_of_vpc(text) | _by_account(text)
    return place | Q(service_name__icontains=text) | Q(name__icontains=text)


def _by_account(text: str) -> Q:
    return Q(account__name__icontains=text) | Q(account__account_id=text)


def _by_name_of_vpc(text: str) -> Q:
    named = InventoryItem.objects.filter(kind=InventoryKind.VPC, name__icontains=text)
    return Q(vpc_id__in=named.values("aws_id"))


def _by_id(text: str, *fields: str) -> Q:
    """Return the filter for rows with an AWS id that is, or begins with, this text; nothing else is looked up."""
    if not text.startswith(("vpc-", "vpce-")):
        return Q()
    return reduce(or_, (Q(**{f"{field}__startswith": text}) for field in fields))


def _current_changes() -> QuerySet[Change]:
    return Change.objects.filter(request=OuterRef("pk"), round=F("request__round"))
