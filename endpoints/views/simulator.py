"""The simulator: would this request be allowed, by which policy, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints.forms import simulator as forms
from endpoints.forms.simulator import SimulatorForm
from endpoints.models import Endpoint, EndpointRequest, SavedSimulation, User
from endpoints.policy import question
from endpoints.policy.global_keys import GLOBAL_KEYS
from endpoints.policy.question import Question
from endpoints.services import simulations, suggestions
from endpoints.services.actors import person
from endpoints.services.errors import Conflict
from endpoints.services.simulations import Source
from endpoints.views.answers import INVALID
from endpoints.views.listing import signed_in
from endpoints.views.present import simulation as present

OFFERED = 200
"""Endpoints offered in the field's list; any other can be typed."""
_ASKED = ("principal", "action", "resource")


@dataclass(frozen=True, slots=True)
class About:
    """Where an endpoint policy came from, as far as the person who looks may see it."""

    endpoint: Endpoint | None = None
    revision: int | None = None
    request: EndpointRequest | None = None


def simulator(request: HttpRequest) -> HttpResponse:
    """Ask: by a form, which leads to an address of its own, or in the address itself, which may name less than all."""
    user = signed_in(request)
    if request.method == "POST":
        return _asked(request, user)
    about = _named(request.GET, user)
    if not all(request.GET.get(name) for name in _ASKED):
        rows = forms.read_rows(request.GET)
        return _page(request, SimulatorForm(initial=_initial(request.GET), user=user, rows=rows), about)
    form = SimulatorForm(_initial(request.GET), user=user, rows=forms.read_rows(request.GET))
    if not form.is_valid():
        return _page(request, form, about, status=INVALID)
    return _page(request, form, about, asked=form.question())


def simulation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a question that was kept, with its answer. Whoever has the link and may sign in reads it."""
    user = signed_in(request)
    saved = get_object_or_404(SavedSimulation.objects.select_related("author"), pk=pk)
    simulations.opened(simulation=saved, now=timezone.now())
    values, rows = present.values_of(saved.question)
    about = _about(Source(**saved.source), user)
    form = SimulatorForm(initial=values | _taken_again(about, values), user=user, rows=rows)
    return _page(request, form, about, asked=saved.question, saved=saved)


def simulator_actions(request: HttpRequest) -> HttpResponse:
    """Return the actions that begin with what is typed, for the field's list."""
    found = suggestions.actions_like(request.GET.get("action", "")[:200])
    return render(request, "simulator/actions.html", {"actions": found})


def _asked(request: HttpRequest, user: User) -> HttpResponse:
    form = SimulatorForm(request.POST, user=user)
    if not form.is_valid():
        return _page(request, form, About(), status=INVALID)
    asked = form.question()
    try:
        saved = simulations.save(question=asked, source=form.source, by=person(user), now=timezone.now())
    except Conflict as error:
        return _page(request, form, _about(form.source, user), asked=asked, message=str(error))
    return redirect(f"{saved.get_absolute_url()}#answer")


def _initial(query: QueryDict) -> dict[str, Any]:
    """Return the form's values that an address names. What it takes the policy from follows from what it names."""
    values: dict[str, Any] = {name: query[name] for name in SimulatorForm.base_fields if name in query}
    if "policy_from" not in values:
        named = (forms.REQUEST, forms.ENDPOINT)
        values["policy_from"] = next((name for name in named if values.get(name)), forms.TEXT)
    return values


def _named(query: QueryDict, user: User) -> About:
    """Return what an address names. Raises Http404 for what the person may not see, as its own page does."""
    names = {name: str(query.get(name, "")) for name in ("endpoint", "request", "revision")}
    endpoint = forms.find_endpoint(user, names["endpoint"]) if names["endpoint"] else None
    asked = forms.find_request(user, names["request"]) if names["request"] else None
    if (names["endpoint"] and endpoint is None) or (names["request"] and asked is None):
        raise Http404
    revision = names["revision"]
    return About(endpoint, int(revision) if revision.isdecimal() and len(revision) < 10 else None, asked)


def _about(source: Source, user: User) -> About:
    endpoint = Endpoint.objects.visible_to(user).filter(pk=source.endpoint).first() if source.endpoint else None
    asked = EndpointRequest.objects.visible_to(user).filter(pk=source.request).first() if source.request else None
    return About(endpoint, source.revision if endpoint else None, asked)


def _taken_again(about: About, values: dict[str, Any]) -> dict[str, Any]:
    """Return where the form takes the policy from: where it was taken, as long as that still gives the same text."""
    text = values.get("endpoint_policy")
    if about.request is not None:
        taken = simulations.policy_of_request(request=about.request)
        same = taken is not None and taken.text == text
        return {"policy_from": forms.REQUEST, "request": about.request.reference} if same else {}
    if about.endpoint is None:
        return {}
    named = {"policy_from": forms.ENDPOINT, "endpoint": about.endpoint.vpc_endpoint_id or str(about.endpoint.pk)}
    taken = simulations.policy_of_endpoint(endpoint=about.endpoint)
    return named | ({} if taken and taken.text == text else {"revision": about.revision})


def _page(
    request: HttpRequest,
    form: SimulatorForm,
    about: About,
    *,
    asked: Question | None = None,
    saved: SavedSimulation | None = None,
    message: str = "",
    status: int = 200,
) -> HttpResponse:
    endpoints = Endpoint.objects.visible_to(signed_in(request)).exclude(vpc_endpoint_id=None).order_by("-pk")
    context = {
        "form": form,
        "about": about,
        "answer": present.shown(asked, question.answer(asked)) if asked is not None else None,
        "saved": saved,
        "link": request.build_absolute_uri(saved.get_absolute_url()) if saved else "",
        "message": message,
        "endpoints": endpoints.only("pk", "vpc_endpoint_id", "name", "service_name", "vpc_id")[:OFFERED],
        "actions": suggestions.actions_of(about.endpoint),
        "keys": [key.name for key in GLOBAL_KEYS.values()],
    }
    return render(request, "simulator/page.html", context, status=status)
