"""Endpoints that nobody asked the portal for: the list, and asking to take one over."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from endpoints import permissions
from endpoints.domain.specs import SpecError
from endpoints.forms.repairs import AdoptForm, UnmanagedFilter
from endpoints.models import Change, EndpointRequest, UnmanagedEndpoint
from endpoints.models.requests import ChangeAction
from endpoints.services import adoption, reading
from endpoints.services.drafts import ChangeDraft
from endpoints.services.errors import Conflict
from endpoints.views.answers import conflict
from endpoints.views.listing import page_of, signed_in
from endpoints.views.present.unmanaged import row_of
from endpoints.views.repairs import Asking, ask


def unmanaged_list(request: HttpRequest) -> HttpResponse:
    """List the endpoints that AWS has and that no request stands behind."""
    user = signed_in(request)
    chosen = UnmanagedFilter(request.GET)
    rows = UnmanagedEndpoint.objects.visible_to(user).with_open_adoption().select_related("account")
    page = page_of(request, chosen.apply(rows))
    can_adopt = permissions.ENGINEERS.allows(user)
    context = {"filter": chosen, "page": page, "rows": [row_of(item, can_adopt=can_adopt) for item in page.object_list]}
    return render(request, "endpoints/unmanaged.html", context)


def unmanaged_adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to take over an endpoint as it is; the page shows every value and the policy."""
    row = get_object_or_404(UnmanagedEndpoint.objects.visible_to(signed_in(request)).select_related("account"), pk=pk)
    initial = {
        "title": f"Adopt {row.name or row.short_service} in {row.vpc_id}",
        "justification": "It exists already and is in use; the portal should manage it.",
    }
    return _adopt(request, row, initial, None)


def edit_adoption(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a request for an adoption; it asks for what AWS has now."""
    row = UnmanagedEndpoint.objects.select_related("account").filter(
        account=edited.account, region=change.region, vpc_endpoint_id=change.adopts
    )
    found = row.first()
    if found is None:
        told = Conflict(f"AWS has no {change.adopts} any more. Withdraw this request.")
        return conflict(request, told, back=edited.get_absolute_url())
    words = {"title": edited.title, "justification": edited.justification, "owner_team": edited.owner_team_id}
    return _adopt(request, found, words, edited)


def _adopt(
    request: HttpRequest, row: UnmanagedEndpoint, initial: Mapping[str, object], edited: EndpointRequest | None
) -> HttpResponse:
    reason = adoption.refusal(row)
    try:
        spec = adoption.spec_for(row)
    except SpecError as error:
        spec, reason = None, reason or str(error)
    if reason or spec is None:
        told = Conflict(f"{row.vpc_endpoint_id} can't be adopted. {reason}")
        return conflict(request, told, back=request.path.rsplit("/", 3)[0] + "/")
    known = reading.known_of(row.account_id, row.region, spec)
    asking = Asking(
        account=row.account,
        change=ChangeDraft(action=ChangeAction.ADOPT, spec=spec, adopts=row.vpc_endpoint_id),
        template="endpoints/adopt.html",
        back=edited.get_absolute_url() if edited else request.path.rsplit("/", 3)[0] + "/",
        initial=dict(initial),
        team=lambda form: form.cleaned_data["owner_team"],
        make_form=partial(AdoptForm, user=signed_in(request)),
        edited=edited,
        context={"row": row, "known": known},
    )
    return ask(request, asking)
