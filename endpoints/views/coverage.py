"""The matrix of VPCs and services, on a page and as a file."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static

from endpoints import permissions
from endpoints.domain import lifecycle
from endpoints.forms.coverage import CoverageFilter
from endpoints.network.coverage import Cell, State
from endpoints.services import bundles, catalogue, coverage
from endpoints.views.csv_files import csv_file
from endpoints.views.listing import signed_in
from endpoints.views.present.coverage import shown

PAGE_SIZE = 50
EXPORTED = 1000
"""VPCs in one file, at most."""


def coverage_matrix(request: HttpRequest) -> HttpResponse:
    """Show which VPCs have which services; `export=csv` gives the matrix as a file."""
    user = signed_in(request)
    chosen = CoverageFilter(request.GET, accounts=catalogue.accounts_for(user), bundles=bundles.every())
    rows = chosen.apply()
    if request.GET.get("export") == "csv":
        return _as_csv(coverage.matrix(list(rows[:EXPORTED]), columns=chosen.columns, user=user))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    found = coverage.matrix(list(page.object_list), columns=chosen.columns, user=user)
    can_ask = permissions.ENGINEERS.allows(user)
    context = {
        "filter": chosen,
        "page": page,
        "matrix": found,
        "most_columns": coverage.MOST_COLUMNS,
        "rows": shown(found.rows, can_ask=can_ask),
        "icons": static("portal/icons.svg"),
        "can_ask": can_ask,
        "stale": [
            (item, region) for item in chosen.accounts_shown for region in item.regions if region.inventory_error
        ],
    }
    return render(request, "coverage/matrix.html", context)


def _as_csv(found: coverage.Matrix) -> HttpResponse:
    columns = ("account", "region", "vpc_id", "vpc_name", *(item.service for item in found.columns))
    return csv_file("coverage.csv", columns, _lines(found))


def _lines(found: coverage.Matrix) -> Iterator[list[str]]:
    for row in found.rows:
        vpc = row.vpc
        yield [vpc.account.account_id, vpc.region, vpc.aws_id, vpc.name, *(_words(cell) for cell in row.cells)]


def _words(cell: Cell) -> str:
    """Return a cell as a word with what is there: state, type, id, and whether private DNS is off."""
    if cell.state in (State.MISSING, State.NOT_OFFERED):
        return str(cell.state)
    status = lifecycle.ENDPOINT.states[cell.status].value if cell.state is State.MANAGED else ""
    words = (str(cell.state), status, cell.kind, cell.vpc_endpoint_id or cell.vpc_id)
    return " ".join(word for word in (*words, "private-dns-off" if cell.private_dns_off else "") if word)
