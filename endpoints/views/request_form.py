"""Asking for an endpoint: the form, the fragment that reloads what depends on a choice, the review, the submission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from endpoints.forms.parts import add_problems
from endpoints.forms.request import RequestForm, Values, read_values, settled, values_of
from endpoints.models import Change, EndpointRequest
from endpoints.services import checks, reading, requests
from endpoints.services.actors import person
from endpoints.services.choices import Choices, read_choices
from endpoints.services.drafts import Draft
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import INVALID, conflict
from endpoints.views.listing import signed_in
from endpoints.views.present import facts

Submit = Callable[[RequestForm], EndpointRequest]


@dataclass(frozen=True, slots=True)
class Asking:
    """What differs between a new request and an edited one."""

    initial: Values
    submit: Submit
    edited: EndpointRequest | None = None


def request_new(request: HttpRequest) -> HttpResponse:
    """Ask for a new endpoint. A link may fill in fields."""

    def submit(form: RequestForm) -> EndpointRequest:
        return requests.submit(draft=form.draft(), by=person(user), now=timezone.now(), submission_key=form.key())

    user = signed_in(request)
    return _ask(request, Asking(initial=read_values(request.GET), submit=submit))


def edit_creation(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a request for a new endpoint; the form starts with what was asked for."""

    def submit(form: RequestForm) -> EndpointRequest:
        return requests.resubmit(request=edited, draft=form.draft(), by=person(user), now=timezone.now())

    user = signed_in(request)
    return _ask(request, Asking(initial=values_of(edited, change), submit=submit, edited=edited))


def request_new_fields(request: HttpRequest) -> HttpResponse:
    """Return the fields that depend on account, region, VPC, service and type. The page picks what it swaps."""
    values = read_values(request.GET)
    choices = _choices(values)
    form = RequestForm(initial=settled(values, choices), choices=choices, user=signed_in(request))
    return render(request, "requests/form_fields.html", {"form": form})


def _ask(request: HttpRequest, asking: Asking) -> HttpResponse:
    action = request.POST.get("action", "review") if request.method == "POST" else ""
    if action in ("", "update", "edit"):
        values = read_values(request.POST) if action else asking.initial
        choices = _choices(values)
        form = RequestForm(initial=settled(values, choices), choices=choices, user=signed_in(request))
        return _form_page(request, asking, form)
    return _judge(request, asking, send=action == "submit")


def _judge(request: HttpRequest, asking: Asking, *, send: bool) -> HttpResponse:
    choices = _choices(read_values(request.POST))
    form = RequestForm(request.POST, choices=choices, user=signed_in(request))
    if not form.is_valid():
        return _form_page(request, asking, form, status=INVALID)
    draft = form.draft()
    found = checks.findings_for(draft.changes[0], account=draft.account)
    add_problems(form, checks.blocks(found))
    if form.errors:
        return _form_page(request, asking, form, status=INVALID)
    if not send:
        return _review_page(request, asking, form, draft, found)
    try:
        made = asking.submit(form)
    except Invalid as error:
        add_problems(form, error.problems)
        return _form_page(request, asking, form, status=INVALID)
    except Conflict as error:
        return conflict(request, error, back=asking.edited.get_absolute_url() if asking.edited else request.path)
    return redirect(made)


def _choices(values: Values) -> Choices:
    return read_choices(
        account=values.get("account", ""), region=values.get("region", ""), vpc_id=values.get("vpc_id", "")
    )


def _form_page(request: HttpRequest, asking: Asking, form: RequestForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "edited": asking.edited, "team_missing": not form.fields["owner_team"].queryset.exists()}  # type: ignore[attr-defined]
    return render(request, "requests/form.html", context, status=status)


def _review_page(
    request: HttpRequest, asking: Asking, form: RequestForm, draft: Draft, found: list[checks.Finding]
) -> HttpResponse:
    change = draft.changes[0]
    known = reading.known_of(draft.account.pk, change.spec.region, change.spec)
    context: dict[str, Any] = {
        "form": form,
        "edited": asking.edited,
        "draft": draft,
        "spec": change.spec,
        "facts": facts.facts_of(change.spec, known.names),
        "plan": reading.plan_in_words(action=change.action, spec=change.spec, endpoint=None, names=known.names),
        "findings": found,
        "key": form.key(),
    }
    return render(request, "requests/form_review.html", context)
