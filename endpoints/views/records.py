"""What happened: the record of events."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints.forms.filters import EventFilter
from endpoints.models import Event
from endpoints.views.listing import page_of, signed_in
from endpoints.views.present import timeline


def event_list(request: HttpRequest) -> HttpResponse:
    """List the events that the person may see; auditors, operators and administrators see all."""
    user = signed_in(request)
    chosen = EventFilter(request.GET)
    page = page_of(request, chosen.apply(Event.objects.visible_to(user), user))
    rows = [(event, timeline.title_of(event)) for event in page.object_list]
    return render(request, "events/list.html", {"filter": chosen, "page": page, "rows": rows})
