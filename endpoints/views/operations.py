"""The operators' view of the workers' work: the list, an operation's page, and what they do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints import permissions
from endpoints.forms.operations import PERSON, ActForm, OperationFilter, ParkForm
from endpoints.forms.parts import add_problems
from endpoints.models import Operation
from endpoints.services import deadletters, operations
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import CONFLICT, INVALID
from endpoints.views.listing import page_of, signed_in
from endpoints.views.present.operation_page import OperationPage, mark_of


def operation_list(request: HttpRequest) -> HttpResponse:
    """List the workers' operations: what needs a person first, the newest trouble before older."""
    user = signed_in(request)
    chosen = OperationFilter(request.GET)
    rows = chosen.apply(Operation.objects.select_related("request", "endpoint", "account", "change"), user)
    context = {
        "filter": chosen,
        "page": page_of(request, rows),
        "dead": deadletters.count(),
        "only_dead": chosen.cleaned_data.get("show") == PERSON,
        "may_act": permissions.can_operate(user),
    }
    return render(request, "operations/list.html", context)


def operation_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an operation."""
    return _page(request, pk)


def operation_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer 204 while the page is current (`v` is the state that it shows), else the parts that change."""
    mark = mark_of(pk)
    if mark is None:
        raise Http404
    if request.GET.get("v") == mark:
        return HttpResponse(status=204)
    page = OperationPage(_found(pk), signed_in(request))
    context = {
        **_context(request, page),
        "form": ParkForm(),
        "swap": True,
        "park_shown": request.GET.get("park") == "1",  # somebody may be writing a reason: the form is left alone
    }
    return render(request, "operations/detail_live.html", context)


def operation_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have an operation taken up now."""
    return _act(request, pk, operations.retry_now, "A worker takes it up now.")


def operation_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a parked operation back into the queue."""
    return _act(request, pk, operations.resume, "Resumed: a worker takes it up now.")


def operation_park(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an operation out of the queue, with the reason."""
    found, form = _found(pk), ParkForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, form=form, status=INVALID)
    try:
        operations.park(operation=found, by=person(signed_in(request)), now=timezone.now(), **form.cleaned_data)
    except Invalid as error:
        add_problems(form, error.problems)
        return _page(request, pk, form=form, status=INVALID)
    except Conflict as error:
        return _page(request, pk, form=form, error=error, status=CONFLICT)
    asked = found.status == "running"
    messages.success(request, "Its worker parks it at its next step." if asked else "Parked.")
    return redirect(found)


def _act(request: HttpRequest, pk: UUID, act: Callable[..., None], said: str) -> HttpResponse:
    found, form = _found(pk), ActForm(request.POST)
    if not form.is_valid():
        error = Conflict("The form didn't say what you saw.")
        return _page(request, pk, error=error, status=CONFLICT)
    try:
        act(operation=found, by=person(signed_in(request)), now=timezone.now(), **form.cleaned_data)
    except Conflict as error:
        return _page(request, pk, error=error, status=CONFLICT)
    messages.success(request, said)
    return redirect(found)


def _found(pk: UUID) -> Operation:
    rows = Operation.objects.with_trouble().select_related(
        "change", "request__account", "request__owner_team", "request__requester", "endpoint__account", "account"
    )
    return get_object_or_404(rows, pk=pk)


def _context(request: HttpRequest, page: OperationPage) -> dict[str, Any]:
    return {"page": page, "item": page.operation, "attempts": page_of(request, page.attempts)}


def _page(
    request: HttpRequest,
    pk: UUID,
    *,
    form: ParkForm | None = None,
    error: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    page = OperationPage(_found(pk), signed_in(request))
    # After a conflict the reason is kept, for another try on what the page shows now.
    kept = ParkForm(initial={"reason": form["reason"].value() or ""}) if form and error else form
    context = {**_context(request, page), "form": kept or ParkForm(), "error": error}
    return render(request, "operations/detail.html", context, status=status)
