"""The list of requests, and what waits for an approver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints.forms.filters import RequestFilter
from endpoints.models import Account, EndpointRequest
from endpoints.models.requests import Severity, is_endorsed
from endpoints.services import reading
from endpoints.views.csv_files import csv_file
from endpoints.views.listing import number_in, page_of, signed_in

EXPORTED = 5000
COLUMNS = (
    "request",
    "status",
    "title",
    "action",
    "service",
    "type",
    "vpc_id",
    "account",
    "region",
    "team",
    "requester",
    "submitted_at",
)


def request_list(request: HttpRequest) -> HttpResponse:
    """List the requests that the person sees; `export=csv` gives the same rows as a file."""
    user = signed_in(request)
    chosen = RequestFilter(request.GET)
    rows = chosen.apply(reading.requests_with_current_changes().visible_to(user), user)
    if request.GET.get("export") == "csv":
        return _as_csv(rows[:EXPORTED])
    context = {"filter": chosen, "page": page_of(request, rows)}
    return render(request, "requests/list.html", context)


def approval_queue(request: HttpRequest) -> HttpResponse:
    """List what waits for this person's decision, the oldest first."""
    user = signed_in(request)
    waiting = EndpointRequest.objects.waiting_for(user)
    accounts = Account.objects.filter(pk__in=waiting.values("account")).order_by("name")
    chosen = request.GET.get("account", "")
    rows = reading.requests_with_current_changes().waiting_for(user).order_by("submitted_at", "pk")
    if (number := number_in(chosen)) is not None:
        rows = rows.filter(account=number)
    current = Q(changes__round=reading.ROUND)
    rows = rows.annotate(
        is_endorsed=is_endorsed(),
        warnings=Count("changes__checks", filter=current & Q(changes__checks__severity=Severity.WARN)),
        notes=Count("changes__checks", filter=current & Q(changes__checks__severity=Severity.INFO)),
    )
    context = {"page": page_of(request, rows), "accounts": accounts, "chosen": chosen}
    return render(request, "requests/approvals.html", context)


def _as_csv(rows: Iterable[EndpointRequest]) -> HttpResponse:
    return csv_file("requests.csv", COLUMNS, (line for row in rows for line in _lines(row)))


def _lines(row: EndpointRequest) -> Iterator[list[str]]:
    for change in row.current:  # type: ignore[attr-defined]  # put there by reading.current_round
        yield [
            row.reference,
            row.status,
            row.title,
            change.action,
            change.service_name,
            change.vpc_endpoint_type,
            change.vpc_id,
            row.account.account_id,
            change.region,
            row.owner_team.slug,
            row.requester.username,
            row.submitted_at.isoformat(),
        ]
