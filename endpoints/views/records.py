"""What happened, and what the workers are at."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints.domain import lifecycle
from endpoints.forms.filters import EventFilter
from endpoints.models import Event, Operation
from endpoints.views.listing import page_of, signed_in
from endpoints.views.present import timeline

OPERATION_STATES = lifecycle.OPERATION.states
_URGENCY = ("failed", "waiting_acceptance", "queued", "running", "observing")


def event_list(request: HttpRequest) -> HttpResponse:
    """List the events that the person may see; auditors, operators and administrators see all."""
    user = signed_in(request)
    chosen = EventFilter(request.GET)
    page = page_of(request, chosen.apply(Event.objects.visible_to(user), user))
    rows = [(event, timeline.title_of(event)) for event in page.object_list]
    return render(request, "events/list.html", {"filter": chosen, "page": page, "rows": rows})


def operation_list(request: HttpRequest) -> HttpResponse:
    """List the workers' operations: what needs a person first, then what waits and runs; the ended on demand."""
    status = request.GET.get("status", "")
    rows = Operation.objects.select_related("request", "endpoint", "account")
    if status in OPERATION_STATES:
        rows = rows.filter(status=status)
    else:
        status = ""
        rows = rows.filter(status__in=lifecycle.OPERATION.live())
    order = [When(status=name, then=Value(rank)) for rank, name in enumerate(_URGENCY)]
    urgency = Case(*order, default=Value(len(_URGENCY)), output_field=IntegerField())
    page = page_of(request, rows.order_by(urgency, "next_attempt_at", "pk"))
    context = {"page": page, "states": OPERATION_STATES.values(), "chosen": status}
    return render(request, "operations/list.html", context)
