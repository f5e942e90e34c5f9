"""An endpoint as code: all formats on a page to be copied, each of them to be downloaded."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from endpoints.domain.export import Exported, formats
from endpoints.domain.specs import SpecError
from endpoints.models import Endpoint, UnmanagedEndpoint
from endpoints.services import adoption
from endpoints.services.errors import Conflict
from endpoints.views.answers import conflict
from endpoints.views.listing import signed_in


def endpoint_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an endpoint as approved in every format; `download` names one to be saved as a file."""
    endpoint = get_object_or_404(Endpoint.objects.visible_to(signed_in(request)), pk=pk)
    there = not endpoint.state.terminal and endpoint.status != "missing"
    item = Exported(endpoint.desired_spec(), (endpoint.vpc_endpoint_id or "") if there else "")
    return _export(request, item, {"what": endpoint, "item": endpoint, "drifted": endpoint.drifts.open().exists()})


def unmanaged_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an endpoint that no request stands behind, as AWS has it."""
    rows = UnmanagedEndpoint.objects.visible_to(signed_in(request)).select_related("account")
    row = get_object_or_404(rows, pk=pk)
    try:
        item = Exported(adoption.spec_for(row), row.vpc_endpoint_id)
    except SpecError as error:
        told = Conflict(f"{row.vpc_endpoint_id} can't be written down as code: {error}")
        return conflict(request, told, back=request.path.rsplit("/", 3)[0] + "/")
    return _export(request, item, {"what": row, "row": row})


def _export(request: HttpRequest, item: Exported, context: dict[str, Any]) -> HttpResponse:
    known = formats()
    if "download" in request.GET:
        chosen = known.get(request.GET["download"])
        if chosen is None:
            raise Http404
        name = chosen.filename(item)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        return HttpResponse(chosen.write(item), content_type="text/plain; charset=utf-8", headers=headers)
    written = [(found, found.write(item)) for found in known.values()]
    return render(request, "endpoints/export.html", {**context, "exported": item, "written": written})
