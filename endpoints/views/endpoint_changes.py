"""Asking for a change of an endpoint: another policy, a rollback, its deletion. Each is reviewed as a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints import permissions
from endpoints.forms.changes import ChangeFields, DeleteForm, PolicyChangeForm, RollbackForm, policy_values
from endpoints.forms.parts import CUSTOM, add_problems, submission_key
from endpoints.forms.templates import CHOOSE, FILL, Chooser, Place
from endpoints.models import Change, Endpoint, EndpointRequest, EndpointUse, PolicyRevision
from endpoints.models.requests import ChangeAction
from endpoints.policy.diff import side_by_side
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.services import checks, policy_meaning, reading, requests
from endpoints.services.actors import person
from endpoints.services.drafts import Draft
from endpoints.services.errors import Conflict, Invalid
from endpoints.services.policies import same_policy
from endpoints.services.usage import usage_of
from endpoints.views.answers import CONFLICT, INVALID, conflict
from endpoints.views.listing import signed_in
from endpoints.views.present.endpoint_page import DELETABLE, GONE
from endpoints.views.present.meaning import shown


@dataclass(frozen=True, slots=True)
class Asking:
    """What differs between the changes. `form` makes the form, and `make` turns the valid form into a draft.

    `review`, where there is a second step, returns its template and what it shows beside the form. `place` is where a
    policy is written for, so that templates can be offered. `checks` is the fragment that says what the checks say to
    what is typed so far.
    """

    endpoint: Endpoint
    template: str
    form: Callable[..., ChangeFields]
    make: Callable[[Any], Draft]
    initial: dict[str, Any]
    edited: EndpointRequest | None = None
    review: Callable[[Draft, list[checks.Finding]], tuple[str, dict[str, Any]]] | None = None
    context: dict[str, Any] = field(default_factory=dict)
    place: Place | None = None
    checks: str = ""


def endpoint_policy_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose another policy: write it, look at the difference, submit."""
    endpoint = owned(request, pk)
    current = reading.current_revision(endpoint)
    document = endpoint.desired_spec().policy_document
    suggestion = _suggestion(endpoint) if request.GET.get("suggest") == "use" else {}
    values = policy_values(suggestion.get("text") or document)
    asking = _policy_asking(endpoint, current, values)
    asking.context["suggestion"] = suggestion.get("lines")
    return _unless_gone(request, asking)


def _suggestion(endpoint: Endpoint) -> dict[str, Any]:
    """Return the smallest policy for what was recorded, with its explanation; nothing where none was worked out."""
    use = EndpointUse.objects.filter(endpoint=endpoint).first()
    return use.suggestion if use else {}


def edit_policy(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a proposed policy change, or a rollback, which then is a change like any other."""
    endpoint = owned_before(request, change)
    values = policy_values(change.desired().policy_document) | {
        "title": edited.title,
        "reason": change.policy_revision.reason if change.policy_revision else edited.justification,
    }
    asking = _policy_asking(endpoint, reading.current_revision(endpoint), values, edited=edited, change=change)
    return _unless_gone(request, asking)


def policy_rollback(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Go back to an earlier revision: its document becomes a new revision, with a reason."""
    endpoint = owned(request, pk)
    revision = get_object_or_404(endpoint.policy_revisions, number=number)
    current = reading.current_revision(endpoint)
    back = endpoint.get_absolute_url()
    if current and current.pk == revision.pk:
        error = Conflict(f"Revision {number} is the one in force; there is nothing to go back to.")
        return conflict(request, error, back=back)
    asking = Asking(
        endpoint=endpoint,
        template="endpoints/rollback.html",
        form=RollbackForm,
        make=lambda form: form.draft(endpoint, restores=revision),
        initial={"title": f"Roll back the policy of {endpoint.short_service} to revision {number}"},
        context={"revision": revision, **_rollback_preview(endpoint, current, revision)},
    )
    return _unless_gone(request, asking)


def endpoint_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for an endpoint's deletion; the page says what goes with it."""
    endpoint = owned(request, pk)
    return _deletion(request, endpoint, {"title": f"Delete {endpoint.short_service} in {endpoint.vpc_id}"}, None)


def edit_deletion(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a request for a deletion."""
    endpoint = owned(request, change.endpoint_id or 0)
    return _deletion(request, endpoint, {"title": edited.title, "justification": edited.justification}, edited)


def owned(request: HttpRequest, pk: int) -> Endpoint:
    """Return an endpoint that the person sees. Raises PermissionDenied when it isn't theirs to change."""
    user = signed_in(request)
    rows = Endpoint.objects.visible_to(user).select_related("account", "owner_team")
    endpoint = get_object_or_404(rows, pk=pk)
    permissions.check_can_change_endpoint(user, endpoint)
    return endpoint


def owned_before(request: HttpRequest, change: Change) -> Endpoint:
    """Return the endpoint of a change that is edited, as it was before it. Raises as `owned` does.

    What failed is the endpoint's spec until the request is submitted again.
    """
    endpoint = owned(request, change.endpoint_id or 0)
    if endpoint.desired == change.spec and change.base_spec:
        endpoint.desired = change.base_spec
    return endpoint


def _policy_asking(
    endpoint: Endpoint,
    current: PolicyRevision | None,
    values: dict[str, Any],
    *,
    edited: EndpointRequest | None = None,
    change: Change | None = None,
) -> Asking:
    proposed = change.policy_revision if change else None

    def make(form: PolicyChangeForm) -> Draft:
        # A rollback that was edited into something else doesn't restore anything any more.
        restores = proposed.restores if proposed else None
        same = restores is not None and (form.asked_document() or FULL_ACCESS) == restores.document
        return form.draft(endpoint, restores=restores if same else None)

    return Asking(
        endpoint=endpoint,
        template="endpoints/policy_form.html",
        form=PolicyChangeForm,
        make=make,
        initial={"title": f"Change the policy of {endpoint.short_service} in {endpoint.vpc_id}", **values},
        edited=edited,
        review=lambda draft, found: ("endpoints/policy_review.html", _policy_review(endpoint, current, draft)),
        context={"current": current},
        place=place_of(endpoint),
    )


def place_of(endpoint: Endpoint) -> Place:
    """Return what templates ask of an endpoint."""
    return Place(endpoint.service_name, endpoint.vpc_endpoint_type, endpoint.region, endpoint.account.account_id)


def _deletion(
    request: HttpRequest, endpoint: Endpoint, initial: dict[str, Any], edited: EndpointRequest | None
) -> HttpResponse:
    spec = endpoint.desired_spec()
    known = reading.known_of(endpoint.account_id, endpoint.region, spec)
    plan = reading.plan_in_words(action=ChangeAction.DELETE, spec=spec, endpoint=endpoint, names=known.names)
    usage = usage_of(endpoint, signed_in(request), besides=edited)
    asking = Asking(
        endpoint=endpoint,
        template="endpoints/delete.html",
        form=partial(DeleteForm, in_use=usage.in_use),
        make=lambda form: form.draft(endpoint),
        initial=initial,
        edited=edited,
        context={"plan": plan, "usage": usage},
    )
    if endpoint.status not in DELETABLE:
        error = Conflict(f"This endpoint is “{endpoint.state.label}”; its deletion can't be asked for now.")
        return conflict(request, error, back=endpoint.get_absolute_url())
    return ask(request, asking)


def _unless_gone(request: HttpRequest, asking: Asking) -> HttpResponse:
    endpoint = asking.endpoint
    if endpoint.status in GONE:
        error = Conflict(f"This endpoint is “{endpoint.state.label}”; its policy can't be changed any more.")
        return conflict(request, error, back=endpoint.get_absolute_url())
    return ask(request, asking)


def ask(request: HttpRequest, asking: Asking) -> HttpResponse:
    """Show the form, judge what it sends, show it once more where there is a second step, submit."""
    fresh = {**asking.initial, "base_generation": asking.endpoint.generation, "submission_key": submission_key("")}
    if request.method != "POST":
        return _show(request, asking, asking.form(initial=fresh))
    action = request.POST.get("action", "review" if asking.review else "submit")
    form = asking.form(request.POST)
    if asking.place and action in (CHOOSE, FILL):
        return _from_template(request, asking, {**fresh, **form.typed(request.POST)}, fill=action == FILL)
    if action == "check" and asking.checks:
        return render(request, asking.checks, {"form": asking.form(initial={**fresh, **form.typed(request.POST)})})
    if action in ("edit", "refresh"):
        return _show(request, asking, asking.form(initial={**fresh, **form.typed(request.POST)}))
    if not form.is_valid():
        return _show(request, asking, form, status=INVALID)
    if form.cleaned_data["base_generation"] != asking.endpoint.generation:
        return _changed_meanwhile(request, asking, form)
    draft = asking.make(form)
    found = checks.findings_for(draft.changes[0], account=draft.account)
    add_problems(form, {**checks.blocks(found), **form.unchanged(draft)})
    if form.errors:
        return _show(request, asking, form, status=INVALID)
    if asking.review and action != "submit":
        template, shown = asking.review(draft, found)
        context = {"form": form, "endpoint": asking.endpoint, "edited": asking.edited, "draft": draft, **shown}
        return render(request, template, {**context, "findings": found})
    return _submit(request, asking, form, draft)


def _from_template(request: HttpRequest, asking: Asking, values: dict[str, Any], *, fill: bool) -> HttpResponse:
    """Show the form once more with a template's fields, or with the policy that the template gives."""
    assert asking.place is not None
    chooser = Chooser(asking.place, request.POST, existing=asking.initial.get("policy_document", ""))
    made = chooser.fill(str(values.get("policy_document", ""))) if fill else None
    values |= {"access": CUSTOM} | ({"policy_document": made} if made is not None else {})
    status = INVALID if chooser.errors or chooser.asks_to_replace else 200
    return _show(request, asking, asking.form(initial=values), status=status, chooser=chooser)


def _submit(request: HttpRequest, asking: Asking, form: ChangeFields, draft: Draft) -> HttpResponse:
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
        return conflict(request, error, back=(asking.edited or asking.endpoint).get_absolute_url())
    return redirect(made)


def _changed_meanwhile(request: HttpRequest, asking: Asking, form: ChangeFields) -> HttpResponse:
    """Show what was typed once more, bound to the endpoint as it is now."""
    values = {**form.typed(request.POST), "base_generation": asking.endpoint.generation}
    message = "The endpoint was changed after you opened this form. What you wrote is kept: look again, then go on."
    return _show(request, asking, asking.form(initial=values), status=CONFLICT, message=message)


def _show(
    request: HttpRequest,
    asking: Asking,
    form: ChangeFields,
    *,
    status: int = 200,
    message: str = "",
    chooser: Chooser | None = None,
) -> HttpResponse:
    if chooser is None and asking.place:
        chooser = Chooser(asking.place, request.POST)
    context = {
        "chooser": chooser,
        "form": form,
        "endpoint": asking.endpoint,
        "edited": asking.edited,
        "message": message,
        **asking.context,
    }
    return render(request, asking.template, context, status=status)


def _rollback_preview(endpoint: Endpoint, current: PolicyRevision | None, revision: PolicyRevision) -> dict[str, Any]:
    meaning = policy_meaning.between(endpoint.desired_spec().policy_document, revision.document)
    return {
        "current": current,
        "difference": side_by_side(current.document if current else FULL_ACCESS, revision.document),
        "meaning": shown(meaning),
        "second_reviewer": policy_meaning.needed_for(endpoint.account, [meaning]) > 1,
    }


def _policy_review(endpoint: Endpoint, current: PolicyRevision | None, draft: Draft) -> dict[str, Any]:
    change = draft.changes[0]
    known = reading.known_of(endpoint.account_id, endpoint.region, change.spec)
    before = current.document if current else FULL_ACCESS
    meaning = policy_meaning.meaning_of(change)
    return {
        "meaning": shown(meaning) if meaning else None,
        "second_reviewer": policy_meaning.needed_for(draft.account, [meaning]) > 1,
        "current": current,
        "difference": side_by_side(before, change.spec.policy_document or FULL_ACCESS),
        "same_meaning": same_policy(before, change.spec.policy_document),
        "plan": reading.plan_in_words(action=change.action, spec=change.spec, endpoint=endpoint, names=known.names),
    }
