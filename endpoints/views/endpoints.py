"""The list of endpoints, an endpoint's page, and its policy's revisions."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from endpoints import permissions
from endpoints.forms.costs import VolumeForm
from endpoints.forms.filters import EndpointFilter
from endpoints.models import Change, Endpoint, PolicyRevision
from endpoints.network.cost import ZERO, to_cent
from endpoints.policy.diff import side_by_side
from endpoints.services import costs, reading
from endpoints.views.csv_files import Cell, csv_file
from endpoints.views.listing import number_in, page_of, signed_in
from endpoints.views.present.endpoint_page import ABSENT, GONE, EndpointPage
from endpoints.views.present.meaning import meaning_of

EXPORTED = 5000
COLUMNS = (
    "vpc_endpoint_id",
    "name",
    "service",
    "type",
    "vpc_id",
    "account_id",
    "account",
    "region",
    "team",
    "status",
    "aws_state",
    "drifted",
    "monthly_hours_usd",
    "created_at",
)


def endpoint_list(request: HttpRequest) -> HttpResponse:
    """List the endpoints that the person sees; `export=csv` gives the same rows as a file."""
    user = signed_in(request)
    chosen = EndpointFilter(request.GET)
    visible = Endpoint.objects.visible_to(user).with_drift().annotate(service_owner=reading.service_owner("account"))
    rows = chosen.apply(visible.select_related("account", "owner_team"), user)
    if request.GET.get("export") == "csv":
        return csv_file("endpoints.csv", COLUMNS, map(_line, rows[:EXPORTED]))
    return render(request, "endpoints/list.html", {"filter": chosen, "page": page_of(request, rows)})


def _line(item: Endpoint) -> list[Cell]:
    hours = costs.estimate_for(item.desired_spec()).hours if item.status not in ABSENT else ZERO
    return [
        item.vpc_endpoint_id,
        item.name,
        item.service_name,
        item.vpc_endpoint_type,
        item.vpc_id,
        item.account.account_id,
        item.account.name,
        item.region,
        item.owner_team.slug,
        item.status,
        item.aws_state,
        "yes" if item.drifted else "no",  # type: ignore[attr-defined]  # annotated by with_drift
        to_cent(hours),
        item.created_at.isoformat(),
    ]


def endpoint_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an endpoint: what it should be beside what AWS says it is."""
    page = EndpointPage(_found(request, pk), signed_in(request))
    volume = VolumeForm(request.GET)
    estimate = None if volume.errors else costs.estimate_for(page.spec, volume.volume)
    context = {
        "page": page,
        "item": page.endpoint,
        "volume": volume,
        "estimate": estimate,
        "prices": costs.prices(),
    }
    return render(request, "endpoints/detail.html", context)


def endpoint_live(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer 204 while the page is current (`v` is the version it shows), else the parts that change."""
    user = signed_in(request)
    version = Endpoint.objects.visible_to(user).filter(pk=pk).values_list("version", flat=True).first()
    if version is None:
        raise Http404
    if request.GET.get("v") == str(version):
        return HttpResponse(status=204)
    page = EndpointPage(_found(request, pk), user)
    return render(request, "endpoints/detail_live.html", {"page": page, "item": page.endpoint, "swap": True})


def policy_revision(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Show a revision of an endpoint's policy beside the one before it, or beside `against`."""
    endpoint = _found(request, pk)
    revisions = list(endpoint.policy_revisions.select_related("author", "approved_by", "restores"))
    shown = next((item for item in revisions if item.number == number), None)
    if shown is None:
        raise Http404
    against = number_in(request.GET.get("against", ""))
    if against is not None:
        other = next((item for item in revisions if item.number == against), None)
    else:
        other = next((item for item in revisions if item.number < number and item.status != "declined"), None)
    current = reading.current_revision(endpoint)
    proposing = shown.changes.select_related("request", "policy_revision").order_by("-pk").first()
    context = {
        "endpoint": endpoint,
        "revision": shown,
        "other": other,
        "others": [item for item in revisions if item.number != number],
        "difference": side_by_side(other.document, shown.document) if other else None,
        "current": current,
        "can_roll_back": (
            permissions.can_change_endpoint(request.user, endpoint)
            and endpoint.status not in GONE
            and (current is None or current.number != number)
            and shown.status != "proposed"
        ),
        "proposing": proposing,
        "meaning": meaning_of(proposing) if proposing else None,
        "compared": _compared_with(proposing, revisions),
    }
    return render(request, "endpoints/policy_revision.html", context)


def _compared_with(proposing: Change | None, revisions: list[PolicyRevision]) -> PolicyRevision | None:
    """Return the revision that a proposed one was compared with when it was submitted, as far as it is one."""
    if proposing is None or proposing.meaning is None or proposing.policy_revision is None:
        return None
    before, number = proposing.meaning["before_sha256"], proposing.policy_revision.number
    return next((item for item in revisions if item.number < number and item.document_sha256 == before), None)


def _found(request: HttpRequest, pk: int) -> Endpoint:
    rows = Endpoint.objects.visible_to(signed_in(request)).select_related("account", "owner_team")
    return get_object_or_404(rows, pk=pk)
