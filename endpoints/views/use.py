"""Evidence of use: an endpoint's recorded calls, and what they say about a policy that waits for review."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints import permissions
from endpoints.forms.parts import add_problems
from endpoints.forms.use import UseForm
from endpoints.models import Change, Endpoint, EndpointRequest, EndpointUse, UseRecord
from endpoints.services import use
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import CONFLICT, INVALID
from endpoints.views.listing import signed_in
from endpoints.views.present.use import change_use


def endpoint_use(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was recorded at an endpoint; take more."""
    endpoint = _endpoint(request, pk)
    if request.method != "POST":
        return _page(request, endpoint, UseForm())
    permissions.check_can_add_use(signed_in(request), endpoint)
    form = UseForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, endpoint, form, status=INVALID)
    by, now = person(signed_in(request)), timezone.now()
    try:
        for name, data in form.given():
            organization = form.cleaned_data["organization"]
            use.add(endpoint=endpoint, name=name, data=data, organization=organization, by=by, now=now)
    except Invalid as error:
        add_problems(form, error.problems)
        return _page(request, endpoint, form, status=INVALID)
    except Conflict as error:
        return _page(request, endpoint, form, message=str(error), status=CONFLICT)
    messages.success(request, "Uploaded. A worker reads it now.")
    return redirect("endpoint_use", endpoint.pk)


def endpoint_use_live(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer 204 while the page is current (`v` is the version it shows), else the part that changes."""
    endpoint = _endpoint(request, pk)
    context = _known(request, endpoint)
    if request.GET.get("v") == str(context["version"]):
        return HttpResponse(status=204)
    return render(request, "endpoints/use_live.html", context)


def use_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an upload, and what was read from it."""
    rows = UseRecord.objects.filter(endpoint__in=Endpoint.objects.visible_to(signed_in(request)))
    record = get_object_or_404(rows.select_related("endpoint__account").defer("upload", "requests"), pk=pk)
    use.remove(record=record, by=person(signed_in(request)), now=timezone.now())
    messages.success(request, "Removed.")
    return redirect("endpoint_use", record.endpoint_id)


def request_use(request: HttpRequest, pk: int, change: int) -> HttpResponse:
    """Answer 204 while a worker holds recorded use against a change, then what it found."""
    rows = EndpointRequest.objects.visible_to(signed_in(request))
    found = get_object_or_404(Change.objects.select_related("request"), pk=change, request__in=rows.filter(pk=pk))
    shown = change_use(found)
    if shown is None:
        raise Http404
    if shown.waits:
        return HttpResponse(status=204)
    return render(request, "parts/change_use.html", {"use": shown})


def _endpoint(request: HttpRequest, pk: int) -> Endpoint:
    rows = Endpoint.objects.visible_to(signed_in(request)).select_related("account", "owner_team")
    return get_object_or_404(rows, pk=pk)


def _known(request: HttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    user = signed_in(request)
    known = EndpointUse.objects.filter(endpoint=endpoint).first()
    records = endpoint.use_records.select_related("uploaded_by").defer("upload", "requests")
    return {
        "endpoint": endpoint,
        "use": known,
        "version": known.version if known else 0,
        "records": [(item, permissions.can_remove_use(user, item)) for item in records],
        "may_change": permissions.can_change_endpoint(user, endpoint),
    }


def _page(
    request: HttpRequest, endpoint: Endpoint, form: UseForm, *, message: str = "", status: int = 200
) -> HttpResponse:
    may_add = permissions.can_add_use(signed_in(request), endpoint)
    context = {"form": form, "message": message, "may_add": may_add, **_known(request, endpoint)}
    return render(request, "endpoints/use.html", context, status=status)
