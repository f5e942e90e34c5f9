"""Asking for several endpoints at once: choosing them, the form with a card for each, the review, the submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from endpoints.forms.bundles import ChooserForm
from endpoints.forms.costs import VolumeForm, gb_of
from endpoints.forms.parts import add_problems
from endpoints.forms.several import Card, SeveralForm, title_for
from endpoints.forms.several_again import sent_for
from endpoints.models import Account, Change, EndpointRequest
from endpoints.models.requests import ChangeAction
from endpoints.network.bundles import Bundle
from endpoints.services import bundles, checks, costs, reading, requests, several
from endpoints.services.actors import person
from endpoints.services.choices import active_accounts
from endpoints.services.drafts import MAX_CHANGES
from endpoints.services.errors import Conflict, Invalid
from endpoints.services.several import Asked, Target
from endpoints.views.answers import INVALID, conflict
from endpoints.views.listing import signed_in
from endpoints.views.present import facts
from endpoints.views.present.costs import cost_of

CHOOSE = "choose"
TOO_MANY = "One request takes {} endpoints: the other {} are left out. Ask for them in another request."


def request_several(request: HttpRequest) -> HttpResponse:
    """Ask for several endpoints: GET chooses a bundle and VPCs, POST takes a selection or the form."""
    if request.method != "POST":
        return _propose(request)
    targets = _read(request.POST)
    by_account = several.by_account(targets)
    if not targets:
        return _propose(request, message="Tick at least one service that a VPC lacks.", status=INVALID)
    if len(by_account) > 1:
        return _one_account(request, by_account)
    if request.POST.get("action") == CHOOSE:
        return _chosen(request, list(targets))
    return _answer(request, targets)


def edit_several(request: HttpRequest, edited: EndpointRequest, changes: Sequence[Change]) -> HttpResponse:
    """Edit a request for several endpoints; the form starts with what was asked for."""
    if request.method == "POST":
        return _answer(request, _read(request.POST), edited)
    data = sent_for(edited, changes)
    return _page(request, _form(request, _read(data), data=data), edited=edited)


def _answer(
    request: HttpRequest, targets: Mapping[Target, Asked], edited: EndpointRequest | None = None
) -> HttpResponse:
    action = request.POST.get("action", "review")
    form = _form(request, targets, data=request.POST, judged=action not in ("update", "edit"))
    if action in ("update", "edit"):
        return _page(request, form, edited=edited)
    return _judge(request, form, edited, send=action == "submit")


def several_live(request: HttpRequest) -> HttpResponse:
    """Return what the checks say to some cards as they are filled in, what each costs, and what all cost together.

    `only` names a card by its number, or all of a VPC by its id; `body` asks for the card's fields as well, where
    another type was chosen.
    """
    targets = _read(request.POST)
    only = request.POST.get("only", "")
    asked = [item for item, known in targets.items() if only in (str(known.number), item.vpc_id)]
    if not asked or len(several.by_account(targets)) > 1:
        return HttpResponse("Load the page again.", status=INVALID)
    beside = [item for item in targets if item.place in {one.place for one in asked}]
    offered = several.offered(targets=beside, user=signed_in(request))
    form = SeveralForm(request.POST, targets, offered=offered, user=signed_in(request))
    form.look()
    context = {
        "several": form,
        "cards": [card for card in form.cards if card.target in asked],
        "body": "body" in request.POST,
        "swap": True,
    }
    return render(request, "requests/several_live.html", context)


def _read(data: QueryDict) -> dict[Target, Asked]:
    """Return the targets that a form sent, no more than a request takes; of a selection all."""
    found = several.read(data.getlist("t"))
    if data.get("action") == CHOOSE:
        return {target: Asked(number) for target, number in found.items()}
    kept = list(found.items())[:MAX_CHANGES]
    return {target: Asked(number, f"t{number}-on" in data) for target, number in kept}


def _form(
    request: HttpRequest,
    targets: Mapping[Target, Asked],
    *,
    data: QueryDict | None = None,
    judged: bool = False,
    title: str = "",
    bundle: Bundle | None = None,
) -> SeveralForm:
    """Return the form for targets with what was sent of it; without that, with defaults."""
    data = QueryDict() if data is None else data
    user = signed_in(request)
    offered = several.offered(targets=targets.keys(), user=user)
    if gone := {item.vpc_id for item in targets if item.place not in offered.choices}:
        names = ", ".join(sorted(gone))
        messages.warning(request, f"The portal no longer looks into {names}: what was chosen there is left out.")
    if name := data.get("bundle"):
        bundle = next((item for item in bundles.every() if item.id == name), None)
    return SeveralForm(data, targets, offered=offered, user=user, judged=judged, title=title, bundle=bundle)


def _propose(request: HttpRequest, *, message: str = "", status: int = 200) -> HttpResponse:
    """Show the choice of a bundle and VPCs, or the form for what was chosen there."""
    known = bundles.every()
    form = ChooserForm(request.GET, accounts=active_accounts(), bundles=known)
    account = form.chosen_account
    form.offer(several.vpcs_of(account=account.pk, region=form.chosen_region) if account else [])
    if "vpc" in request.GET and form.is_valid() and form.chosen_bundle and account:
        chosen = [item for item in form.vpcs if item.aws_id in form.selected]
        asked = several.proposed(bundle=form.chosen_bundle, vpcs=chosen, user=signed_in(request))
        if asked.targets:
            title = title_for(asked.targets, form.chosen_bundle, chosen)
            numbered = {item: Asked(number, asked.targets[item]) for number, item in enumerate(asked.targets)}
            form_of_all = _form(request, numbered, title=title, bundle=form.chosen_bundle)
            return _page(request, form_of_all, notes=asked.notes)
        message = " ".join(asked.notes)
    elif "go" in request.GET or "vpc" in request.GET:
        form.is_valid()
        status = INVALID
    else:
        form.errors.clear()
    context = {"form": form, "bundle": form.chosen_bundle, "message": message}
    return render(request, "requests/several_choose.html", context, status=status)


def _chosen(request: HttpRequest, targets: Sequence[Target]) -> HttpResponse:
    """Show the form for what was ticked in the matrix."""
    kept = {item: Asked(number) for number, item in enumerate(targets[:MAX_CHANGES])}
    notes = [TOO_MANY.format(MAX_CHANGES, len(targets) - MAX_CHANGES)] if len(targets) > MAX_CHANGES else []
    form = _form(request, kept, title=title_for(kept, None, ()))
    return _page(request, form, notes=notes)


def _one_account(request: HttpRequest, by_account: Mapping[int, Sequence[Target]]) -> HttpResponse:
    """Say that a request is about one account, and let the person go on with each."""
    known = Account.objects.filter(pk__in=by_account, is_active=True).order_by("name")
    context = {"parts": [(account, by_account[account.pk]) for account in known]}
    return render(request, "requests/several_accounts.html", context, status=INVALID)


def _judge(request: HttpRequest, form: SeveralForm, edited: EndpointRequest | None, *, send: bool) -> HttpResponse:
    if not form.is_valid() or form.account is None:
        return _page(request, form, edited=edited, status=INVALID)
    draft = form.draft()
    if not form.judge(checks.findings_of(draft, besides=edited)):
        return _page(request, form, edited=edited, status=INVALID)
    if not send:
        return _review(request, form, edited)
    by, now = person(signed_in(request)), timezone.now()
    try:
        if edited:
            made = requests.resubmit(request=edited, draft=draft, by=by, now=now)
        else:
            made = requests.submit(draft=draft, by=by, now=now, submission_key=form.key())
    except Invalid as error:
        add_problems(form.shared, error.problems)
        return _page(request, form, edited=edited, status=INVALID)
    except Conflict as error:
        return conflict(request, error, back=edited.get_absolute_url() if edited else request.path)
    return redirect(made)


def _page(
    request: HttpRequest,
    form: SeveralForm,
    *,
    edited: EndpointRequest | None = None,
    notes: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    form.look()
    context: dict[str, Any] = {
        "several": form,
        "edited": edited,
        "problems": list(form.problems()),
        "notes": notes,
        "prices": costs.prices(),
        "team_missing": not form.shared.fields["owner_team"].queryset.exists(),  # type: ignore[attr-defined]
    }
    return render(request, "requests/several.html", context, status=status)


def _review(request: HttpRequest, form: SeveralForm, edited: EndpointRequest | None) -> HttpResponse:
    draft = form.draft()
    names = {
        region: reading.known_of(
            draft.account.pk, region, *(item.spec for item in draft.changes if item.spec.region == region)
        ).names
        for region in {item.spec.region for item in draft.changes}
    }
    shown = [_reviewed(card, names) for card in form.ticked if card.form.spec]
    volume = VolumeForm(gb_of(form.shared["gb"].value()))
    sent = [(name, value) for name, values in request.POST.lists() for value in values if name not in _NOT_CARRIED]
    context: dict[str, Any] = {
        "several": form,
        "edited": edited,
        "draft": draft,
        "changes": shown,
        "vpcs": len({item.spec.vpc_id for item in draft.changes}),
        "sent": sent,
        "key": form.key(),
        "volume": volume,
        "cost": cost_of([(item.action, item.spec, None) for item in draft.changes], volume.volume),
        "prices": costs.prices(),
    }
    return render(request, "requests/several_review.html", context)


_NOT_CARRIED = ("csrfmiddlewaretoken", "action", "submission_key")


def _reviewed(card: Card, names: Mapping[str, Any]) -> dict[str, Any]:
    spec = card.form.spec
    assert spec is not None, "only what is valid is reviewed"
    here = names[spec.region]
    return {
        "card": card,
        "spec": spec,
        "facts": facts.facts_of(spec, here),
        "plan": reading.plan_in_words(action=ChangeAction.CREATE, spec=spec, endpoint=None, names=here),
    }
