"""The front door, and the search in the header."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from endpoints import permissions
from endpoints.forms.filters import REFERENCE, matching_endpoints, matching_requests
from endpoints.models import Endpoint, EndpointRequest, User
from endpoints.services import deadletters, reading
from endpoints.views.listing import signed_in

SHOWN = 10
LONGEST = 200


def home(request: HttpRequest) -> HttpResponse:
    """Lead approvers and operators to what waits for them, everybody else to the requests."""
    user = signed_in(request)
    if permissions.APPROVERS.allows(user) and EndpointRequest.objects.waiting_for(user).exists():
        return redirect("approval_queue")
    if permissions.can_operate(user) and deadletters.count():
        return redirect(f"{reverse('operation_list')}?show=person")
    return redirect("request_list")


def search(request: HttpRequest) -> HttpResponse:
    """Find requests and endpoints by reference, id, VPC, account, service or title; an exact hit is opened at once."""
    user = signed_in(request)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    if not text:
        return render(request, "search.html", {"text": text, "requests": [], "endpoints": []})
    exact = _exact(text, user)
    if exact:
        return redirect(exact)
    requests = reading.requests_with_current_changes().visible_to(user).filter(matching_requests(text))
    endpoints = Endpoint.objects.visible_to(user).filter(matching_endpoints(text))
    context = {
        "text": text,
        "requests": requests.order_by("-pk")[: SHOWN + 1],
        "endpoints": endpoints.select_related("account", "owner_team").order_by("-pk")[: SHOWN + 1],
        "shown": SHOWN,
    }
    return render(request, "search.html", context)


def _exact(text: str, user: User) -> EndpointRequest | Endpoint | None:
    match = REFERENCE.match(text)
    if match:
        return EndpointRequest.objects.visible_to(user).filter(pk=int(match["number"])).first()
    if text.startswith("vpce-"):
        return Endpoint.objects.visible_to(user).filter(vpc_endpoint_id=text).first()
    return None
