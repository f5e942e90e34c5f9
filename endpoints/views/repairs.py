"""Asking for what the survey suggests about a managed endpoint: restore what was approved, accept what is, recreate.

Each is one page: what will happen, and why it is asked for. The request is reviewed like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from endpoints.domain.drift import accepted
from endpoints.domain.lifecycle import ENDPOINT
from endpoints.domain.specs import EndpointSpec, SpecError
from endpoints.forms.parts import add_problems, submission_key
from endpoints.forms.repairs import RepairForm
from endpoints.models import Account, Change, Endpoint, EndpointRequest, Team
from endpoints.models.requests import ChangeAction
from endpoints.services import checks, drifts, reading, requests
from endpoints.services.actors import person
from endpoints.services.drafts import ChangeDraft, Draft
from endpoints.services.errors import Conflict, Invalid
from endpoints.services.policies import same_policy
from endpoints.views.answers import CONFLICT, INVALID, conflict
from endpoints.views.endpoint_changes import owned
from endpoints.views.listing import signed_in
from endpoints.views.present.drift import DriftPart
from endpoints.views.present.facts import facts_of

MEANWHILE = "It was changed after you opened this page. What you wrote is kept: look at it once more, then go on."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What differs between these pages. `team` takes the valid form to the owner's team."""

    account: Account
    change: ChangeDraft
    template: str
    back: str
    initial: dict[str, Any]
    team: Callable[[Any], Team]
    make_form: Callable[..., RepairForm] = RepairForm
    edited: EndpointRequest | None = None
    context: dict[str, Any] = field(default_factory=dict)


def endpoint_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask that AWS be brought back to what was approved."""
    endpoint = owned(request, pk)
    title = f"Restore {endpoint.short_service} in {endpoint.vpc_id} to what was approved"
    why = "AWS has something else than what was approved; nobody asked for it."
    return _about_drift(request, endpoint, endpoint.desired_spec(), {"title": title, "justification": why}, "restore")


def endpoint_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask that what AWS has be approved as it is."""
    endpoint = owned(request, pk)
    observed = endpoint.observed_endpoint()
    found = drifts.differences_of(endpoint, observed) if observed else ()
    if observed is None or not found:
        return _nothing_differs(request, endpoint)
    try:
        spec = accepted(endpoint.desired_spec(), observed, found, is_full_access=lambda text: same_policy(text, None))
    except SpecError as error:
        told = Conflict(f"What AWS has can't be written as a request: {error}. Restore what was approved instead.")
        return conflict(request, told, back=endpoint.get_absolute_url())
    title = f"Accept what was changed on {endpoint.short_service} in {endpoint.vpc_id}"
    why = "It was changed outside of the portal, and the change is wanted."
    return _about_drift(request, endpoint, spec, {"title": title, "justification": why}, "accept")


def endpoint_recreate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask that an endpoint which was deleted outside of the portal be made again."""
    endpoint = owned(request, pk)
    initial = {
        "title": f"Recreate {endpoint.short_service} in {endpoint.vpc_id}",
        "justification": "It was deleted outside of the portal and is still needed.",
    }
    return _recreation(request, endpoint, initial, None)


def edit_about_drift(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit the words of a request to restore what was approved, or to accept what AWS has."""
    endpoint = owned(request, change.endpoint_id or 0)
    begun = edited.status == "failed"  # then its own approval raised the generation
    if endpoint.generation != (change.base_generation or 0) + begun:
        told = Conflict(
            "The endpoint was changed after this was asked for, and this would undo it. Withdraw this request; where "
            "AWS still differs, the endpoint's page offers to restore or to accept it."
        )
        return conflict(request, told, back=edited.get_absolute_url())
    words = {"title": edited.title, "justification": edited.justification}
    template = "endpoints/drift_request.html"
    return ask(request, _asking(endpoint, ChangeAction.MODIFY, change.desired(), words, template, edited))


def edit_recreation(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit the words of a request for a recreation."""
    endpoint = owned(request, change.endpoint_id or 0)
    return _recreation(request, endpoint, {"title": edited.title, "justification": edited.justification}, edited)


def _about_drift(
    request: HttpRequest, endpoint: Endpoint, spec: EndpointSpec, initial: dict[str, Any], act: str
) -> HttpResponse:
    if endpoint.status not in ENDPOINT.transitions["update"].sources:
        told = Conflict(f"This endpoint is “{endpoint.state.label}”; no change of it can be asked for now.")
        return conflict(request, told, back=endpoint.get_absolute_url())
    part = DriftPart(endpoint)
    if not part.rows:
        return _nothing_differs(request, endpoint)
    asking = _asking(endpoint, ChangeAction.MODIFY, spec, initial, "endpoints/drift_request.html", None)
    asking.context.update({"act": act, "drift": part})
    return ask(request, asking)


def _nothing_differs(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    told = Conflict("AWS is as approved by now: there is nothing to restore or to accept.")
    return conflict(request, told, back=endpoint.get_absolute_url())


def _recreation(
    request: HttpRequest, endpoint: Endpoint, initial: dict[str, Any], edited: EndpointRequest | None
) -> HttpResponse:
    unmade = endpoint.status in ENDPOINT.transitions["recreate"].sources and endpoint.vpc_endpoint_id is None
    if endpoint.status != "missing" and not unmade:
        told = Conflict(f"This endpoint is “{endpoint.state.label}”; only one that is gone from AWS can be recreated.")
        return conflict(request, told, back=endpoint.get_absolute_url())
    spec = endpoint.desired_spec()
    return ask(request, _asking(endpoint, ChangeAction.RECREATE, spec, initial, "endpoints/recreate.html", edited))


def _asking(
    endpoint: Endpoint,
    action: ChangeAction,
    spec: EndpointSpec,
    initial: dict[str, Any],
    template: str,
    edited: EndpointRequest | None,
) -> Asking:
    return Asking(
        account=endpoint.account,
        change=ChangeDraft(action=action, spec=spec, endpoint=endpoint, base_generation=endpoint.generation),
        template=template,
        back=(edited or endpoint).get_absolute_url(),
        initial=initial,
        team=lambda form: endpoint.owner_team,
        edited=edited,
        context={"endpoint": endpoint},
    )


def ask(request: HttpRequest, asking: Asking) -> HttpResponse:
    """Show what is asked for, or submit it. What was looked at and what is submitted are one, or the page says so."""
    fresh = {**asking.initial, "seen": asking.change.spec.sha256(), "submission_key": str(submission_key(""))}
    if request.method != "POST":
        return _show(request, asking, asking.make_form(initial=fresh))
    form = asking.make_form(request.POST)
    if not form.is_valid():
        return _show(request, asking, form, status=INVALID)
    if form.cleaned_data["seen"] != fresh["seen"]:
        kept = asking.make_form(initial={**form.data.dict(), "seen": fresh["seen"]})  # type: ignore[attr-defined]
        return _show(request, asking, kept, status=CONFLICT, message=MEANWHILE)
    draft = Draft(
        account=asking.account,
        title=form.cleaned_data["title"],
        justification=form.cleaned_data["justification"],
        owner_team=asking.team(form),
        changes=(asking.change,),
    )
    by, now = person(signed_in(request)), timezone.now()
    try:
        if asking.edited:
            made = requests.resubmit(request=asking.edited, draft=draft, by=by, now=now)
        else:
            made = requests.submit(draft=draft, by=by, now=now, submission_key=form.key())
    except Invalid as error:
        add_problems(form, error.problems)
        return _show(request, asking, form, status=INVALID)
    except Conflict as error:
        return conflict(request, error, back=asking.back)
    return redirect(made)


def _show(
    request: HttpRequest, asking: Asking, form: RepairForm, *, status: int = 200, message: str = ""
) -> HttpResponse:
    change = asking.change
    known = reading.known_of(asking.account.pk, change.spec.region, change.spec)
    context = {
        "form": form,
        "edited": asking.edited,
        "message": message,
        "back": asking.back,
        "spec": change.spec,
        "facts": facts_of(change.spec, known.names),
        "plan": reading.plan_in_words(
            action=change.action, spec=change.spec, endpoint=change.endpoint, names=known.names
        ),
        "findings": checks.findings_for(change, account=asking.account),
        **asking.context,
    }
    return render(request, asking.template, context, status=status)
