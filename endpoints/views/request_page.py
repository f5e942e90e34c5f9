"""A request's page, its live fragment, and what people do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints import permissions
from endpoints.forms.changes import ReviewForm
from endpoints.forms.costs import VolumeForm
from endpoints.forms.parts import add_problems
from endpoints.forms.several_again import fits
from endpoints.models import Change, EndpointRequest, Operation
from endpoints.models.requests import ChangeAction
from endpoints.services import costs, requests, reviews
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import CONFLICT, INVALID, conflict
from endpoints.views.endpoint_changes import edit_deletion, edit_policy
from endpoints.views.endpoint_modify import edit_modification
from endpoints.views.listing import signed_in
from endpoints.views.present.costs import cost_of
from endpoints.views.present.marks import live_mark
from endpoints.views.present.request_page import EDITABLE, RequestPage
from endpoints.views.repairs import edit_about_drift, edit_recreation
from endpoints.views.request_form import edit_creation, edit_replacement
from endpoints.views.several import edit_several
from endpoints.views.unmanaged import edit_adoption

DECISIONS = {"approve": reviews.approve, "request_changes": reviews.request_changes, "reject": reviews.reject}


def _edit_in_place(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a modification in its form.

    One that restores what was approved, or accepts what AWS has, has nothing to choose there: its policy would be lost.
    """
    before = change.base_spec or {}
    from_drift = change.spec == before or change.spec.get("policy_document") != before.get("policy_document")
    return (edit_about_drift if from_drift else edit_modification)(request, edited, change)


EDITS: dict[str, Callable[[HttpRequest, EndpointRequest, Change], HttpResponse]] = {
    ChangeAction.POLICY: edit_policy,
    ChangeAction.ADOPT: edit_adoption,
    ChangeAction.MODIFY: _edit_in_place,
    ChangeAction.RECREATE: edit_recreation,
    ChangeAction.DELETE: edit_deletion,
}
HALF = "Approved: 1 of 2. Nothing happens until a second reviewer approves it too."
SAID = {"approve": "Approved.", "request_changes": "Sent back to the requester.", "reject": "Rejected."}


def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a request."""
    return _page(request, _found(request, pk))


def request_live(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer 204 while the page is current (`v` is the version it shows), else the parts that change."""
    user = signed_in(request)
    late = Exists(Operation.objects.late().filter(request=OuterRef("pk"), change__round=OuterRef("round")))
    row = EndpointRequest.objects.visible_to(user).filter(pk=pk).values_list("version", late).first()
    if row is None:
        raise Http404
    if request.GET.get("v") == live_mark(*row):
        return HttpResponse(status=204)
    page = RequestPage(_found(request, pk), user)
    return render(request, "requests/detail_live.html", {"page": page, "item": page.request, "swap": True})


def request_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a request that was sent back or failed, in the form it was made with."""
    found = _found(request, pk)
    permissions.check_can_edit(signed_in(request), found)
    if found.status not in EDITABLE:
        error = Conflict(f"This request is “{found.state.label}”; it can't be edited now.")
        return conflict(request, error, back=found.get_absolute_url())
    # A form is always at an address that names its round; what programs send without one is about the current round.
    unsaid = str(found.round) if request.method == "POST" else ""
    if request.GET.get("round", unsaid) != str(found.round):
        return _earlier_round(request, found)
    return _form_of(request, found)


def _earlier_round(request: HttpRequest, found: EndpointRequest) -> HttpResponse:
    """Lead to the form of the round that stands. What was sent from an earlier round's would overwrite it unseen."""
    current = f"{request.path}?round={found.round}"
    if request.method != "POST":
        return redirect(current)
    error = Conflict("This request was submitted again after you opened this form, and has come back since.")
    return conflict(request, error, back=current)


def _form_of(request: HttpRequest, found: EndpointRequest) -> HttpResponse:
    changes = requests.current_changes(found)
    if len(changes) == 2 and changes[1].after and changes[1].action == ChangeAction.DELETE:
        return edit_replacement(request, found, changes[0], changes[1])
    if len(changes) > 1 and not RequestPage(found, signed_in(request)).can_edit:
        error = Conflict("A part of this request is done already; it can't be edited. Retry or withdraw it.")
        return conflict(request, error, back=found.get_absolute_url())
    if len(changes) > 1 and fits(found, changes):
        return edit_several(request, found, changes)
    if len(changes) != 1:
        error = Conflict("These changes together can't be edited here. Withdraw the request and ask again.")
        return conflict(request, error, back=found.get_absolute_url())
    if changes[0].action == ChangeAction.CREATE:
        return edit_creation(request, found, changes[0])
    edit = EDITS.get(changes[0].action)
    if edit is None:
        error = Conflict("This kind of request can't be edited. Withdraw it and ask again.")
        return conflict(request, error, back=found.get_absolute_url())
    return edit(request, found, changes[0])


def request_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request back."""
    found = _found(request, pk)
    try:
        requests.withdraw(request=found, by=person(signed_in(request)), now=timezone.now())
    except Conflict as error:
        return _page(request, _found(request, pk), error=error, status=CONFLICT)
    messages.success(request, "Withdrawn.")
    return redirect(found)


def request_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Have what failed tried again."""
    found = _found(request, pk)
    try:
        requests.retry(request=found, by=person(signed_in(request)), now=timezone.now())
    except Conflict as error:
        return _page(request, _found(request, pk), error=error, status=CONFLICT)
    messages.success(request, "A worker tries again now.")
    return redirect(found)


def request_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide on a request, exactly as it was read."""
    found = _found(request, pk)
    user = signed_in(request)
    permissions.check_can_decide(user, found)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=INVALID)
    values = form.cleaned_data
    decide = DECISIONS[values["decision"]]
    try:
        decide(
            request=found,
            content_hash=values["content_hash"],
            comment=values["comment"],
            by=person(user),
            now=timezone.now(),
        )
    except Invalid as error:
        add_problems(form, error.problems)
        return _page(request, found, form=form, status=INVALID)
    except Conflict as error:
        return _page(request, _found(request, pk), form=form, error=error, status=CONFLICT)
    half = values["decision"] == "approve" and found.status == "submitted"
    messages.success(request, HALF if half else SAID[values["decision"]])
    return redirect(found)


def _found(request: HttpRequest, pk: int) -> EndpointRequest:
    rows = EndpointRequest.objects.visible_to(signed_in(request))
    return get_object_or_404(
        rows.select_related("account", "owner_team", "requester", "approved_by", "endorsed_by"), pk=pk
    )


def _page(
    request: HttpRequest,
    found: EndpointRequest,
    *,
    form: ReviewForm | None = None,
    error: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    page = RequestPage(found, signed_in(request))
    # After a conflict the decision is bound anew to what the page shows now; the comment is kept.
    current = {"content_hash": found.content_hash, "comment": form["comment"].value() or "" if form else ""}
    shown = form if form is not None and error is None else ReviewForm(initial=current)
    volume = VolumeForm(request.GET)
    cost = cost_of([(item.change.action, item.spec, item.former) for item in page.changes], volume.volume)
    context: dict[str, Any] = {"page": page, "item": found, "form": shown, "error": error}
    context |= {"volume": volume, "cost": cost, "prices": costs.prices()}
    return render(request, "requests/detail.html", context, status=status)
