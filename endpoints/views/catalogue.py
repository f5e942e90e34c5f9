"""The catalogue of endpoint services."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints import permissions
from endpoints.forms.catalogue import CatalogueFilter
from endpoints.services import catalogue, costs
from endpoints.views.listing import page_of, signed_in


def service_list(request: HttpRequest) -> HttpResponse:
    """List a region's services: what each is for, what it takes, and which VPCs have it."""
    user = signed_in(request)
    chosen = CatalogueFilter(request.GET, catalogue.accounts_for(user))
    page = page_of(request, chosen.apply())
    region = chosen.chosen_region
    context = {
        "filter": chosen,
        "page": page,
        "entries": catalogue.entries(page.object_list),
        "can_ask": permissions.ENGINEERS.allows(user),
        "rates": costs.prices().rates(region.region) if region else None,
    }
    return render(request, "services/list.html", context)
