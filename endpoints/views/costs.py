"""What endpoints cost: all that a person sees, and the estimate that follows a form's choices."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints.domain.specs import REGION, EndpointType
from endpoints.forms.costs import ACCOUNT, CostsForm, VolumeForm
from endpoints.network.cost import estimate, to_cent
from endpoints.services import costs
from endpoints.views.csv_files import Cell, csv_file
from endpoints.views.listing import PAGE_SIZE, signed_in

COLUMNS = (
    "team",
    "account",
    "account_id",
    "region",
    "type",
    "endpoints",
    "interfaces",
    "hours_usd",
    "data_usd",
    "total_usd",
    "nat_data_usd",
    "gb_per_endpoint",
    "prices_as_of",
    "prices_assumed",
)


def cost_totals(request: HttpRequest) -> HttpResponse:
    """Show what a month costs, by team or by account; `export=csv` gives every part of it as a file."""
    chosen = CostsForm(request.GET)
    found = costs.totals(user=signed_in(request), gb=chosen.volume)
    if request.GET.get("export") == "csv":
        return csv_file("costs.csv", COLUMNS, _lines(found))
    by_account = chosen.grouping == ACCOUNT
    rows = found.by_account() if by_account else found.by_team()
    context = {
        "form": chosen,
        "totals": found,
        "by_account": by_account,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "prices": costs.prices(),
    }
    return render(request, "costs/list.html", context)


def _lines(found: costs.Totals) -> Iterator[list[Cell]]:
    as_of = costs.prices().as_of.isoformat()
    for row in found.rows:
        money = [to_cent(value) for value in (row.hours, row.data, row.total, row.nat_data)]
        assumed = "yes" if row.region in found.assumed else "no"
        place = [row.team, row.account, row.account_id, row.region, row.kind]
        yield [*place, row.endpoints, row.zones, *money, found.gb, as_of, assumed]


def request_new_cost(request: HttpRequest) -> HttpResponse:
    """Return the estimate for what a form has chosen so far: region, type and subnets, and a volume. No query."""
    kind, region = request.GET.get("vpc_endpoint_type", ""), request.GET.get("region", "")
    volume = VolumeForm(request.GET)
    known = kind in set(EndpointType) and REGION.match(region)
    found = None
    if known and not volume.errors:
        zones = 0 if kind == EndpointType.GATEWAY else len(set(request.GET.getlist("subnet_ids")))
        found = estimate(kind=kind, zones=zones, gb=volume.volume, rates=costs.prices().rates(region))
    return render(request, "costs/estimate.html", {"estimate": found, "prices": costs.prices(), "volume": volume})
