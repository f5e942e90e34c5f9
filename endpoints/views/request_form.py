"""Asking for an endpoint: the form, the fragment that reloads what depends on a choice, the review, the submission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints.domain.observed import BEYOND_RETRY
from endpoints.domain.specs import EndpointType
from endpoints.forms.parts import CUSTOM, add_problems
from endpoints.forms.request import RequestForm, Values, read_values, settled, spec_values, values_of
from endpoints.forms.templates import CHOOSE, FILL, Chooser, Place
from endpoints.models import Change, Endpoint, EndpointRequest
from endpoints.models.requests import ChangeAction
from endpoints.services import checks, reading, requests
from endpoints.services.actors import person
from endpoints.services.choices import Choices, read_choices
from endpoints.services.drafts import ChangeDraft, Draft
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import CONFLICT, INVALID, conflict, read_again
from endpoints.views.endpoint_changes import owned
from endpoints.views.listing import signed_in
from endpoints.views.present import facts
from endpoints.views.present.costs import cost_card
from endpoints.views.present.endpoint_page import DELETABLE
from endpoints.views.present.request_page import REPEATABLE

Submit = Callable[[Draft, UUID], EndpointRequest]


@dataclass(frozen=True, slots=True)
class Asking:
    """What differs between a new request, an edited one, and one for an endpoint that takes another's place."""

    initial: Values
    submit: Submit
    edited: EndpointRequest | None = None
    replaces: Endpoint | None = None

    def draft(self, form: RequestForm) -> Draft:
        """Return what the services take: the new endpoint and, after it, the deletion of the one it replaces."""
        draft = form.draft()
        if self.replaces is None:
            return draft
        old = ChangeDraft(
            action=ChangeAction.DELETE,
            spec=self.replaces.desired_spec(),
            endpoint=self.replaces,
            base_generation=form.cleaned_data["base_generation"],
            after=1,
        )
        return replace(draft, changes=(*draft.changes, old))


def request_new(request: HttpRequest) -> HttpResponse:
    """Ask for a new endpoint. A link may fill in fields, or name a request to start from."""
    initial = _like(request, request.GET["like"]) if "like" in request.GET else read_values(request.GET)
    return _ask(request, Asking(initial=initial, submit=_new(request)))


def _like(request: HttpRequest, number: str) -> Values:
    """Return the values of a request for one new endpoint that came to nothing."""
    if not (number.isdecimal() and len(number) < 10):
        raise Http404
    seen = EndpointRequest.objects.visible_to(signed_in(request)).filter(status__in=REPEATABLE)
    found = get_object_or_404(seen, pk=int(number))
    changes = requests.current_changes(found)
    if [change.action for change in changes] != [ChangeAction.CREATE]:
        raise Http404
    return values_of(found, changes[0])


def endpoint_replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for an endpoint that takes the place of one that AWS can't change in place: new before old."""
    old = owned(request, pk)
    if refusal := _irreplaceable(old):
        return conflict(request, Conflict(refusal), back=old.get_absolute_url())
    initial = spec_values(old.desired_spec(), old.account_id) | {
        "title": f"Replace {old.short_service} in {old.vpc_id}",
        "owner_team": str(old.owner_team_id),
        "base_generation": old.generation,
    }
    return _ask(request, Asking(initial=initial, submit=_new(request), replaces=old))


def edit_replacement(request: HttpRequest, edited: EndpointRequest, new: Change, deletion: Change) -> HttpResponse:
    """Edit a request for a replacement."""
    old = owned(request, deletion.endpoint_id or 0)
    initial = values_of(edited, new) | {"base_generation": old.generation}
    return _ask(request, Asking(initial=initial, submit=_again(request, edited), edited=edited, replaces=old))


def _irreplaceable(old: Endpoint) -> str:
    if old.vpc_endpoint_id is None:
        return "AWS hasn't made this endpoint, so there is nothing to replace. Edit the request that asked for it."
    if old.status not in DELETABLE:
        return f"This endpoint is “{old.state.label}”; it can't be replaced now."
    return ""


def _new(request: HttpRequest) -> Submit:
    def submit(draft: Draft, key: UUID) -> EndpointRequest:
        return requests.submit(draft=draft, by=person(user), now=timezone.now(), submission_key=key)

    user = signed_in(request)
    return submit


def _again(request: HttpRequest, edited: EndpointRequest) -> Submit:
    def submit(draft: Draft, key: UUID) -> EndpointRequest:
        return requests.resubmit(request=edited, draft=draft, by=person(user), now=timezone.now())

    user = signed_in(request)
    return submit


def edit_creation(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a request for a new endpoint; the form starts with what was asked for."""

    return _ask(request, Asking(initial=values_of(edited, change), submit=_again(request, edited), edited=edited))


def request_new_fields(request: HttpRequest) -> HttpResponse:
    """Return the fields that depend on account, region, VPC, service and type. The page picks what it swaps."""
    values = read_values(request.GET)
    choices = _choices(values)
    form = RequestForm(initial=settled(values, choices), choices=choices, user=signed_in(request))
    context: dict[str, Any] = {"form": form, "live": form.live()}
    if "only" in request.GET:
        return render(request, "requests/form_fields.html", context)
    context["chooser"] = Chooser(_place(form), request.GET)
    return render(request, "requests/form_fields_live.html", context)


def _ask(request: HttpRequest, asking: Asking) -> HttpResponse:
    action = request.POST.get("action", "review") if request.method == "POST" else ""
    if action in ("", "update", "edit", "refresh"):
        values = read_values(request.POST) if action else asking.initial
        choices = _choices(values)
        if action == "refresh" and choices.account:
            read_again(request, account_id=choices.account.pk, region=choices.region)
            choices = _choices(values)
        form = RequestForm(initial=settled(values, choices), choices=choices, user=signed_in(request))
        return _form_page(request, asking, form)
    if action in (CHOOSE, FILL):
        return _from_template(request, asking, fill=action == FILL)
    return _judge(request, asking, send=action == "submit")


def _from_template(request: HttpRequest, asking: Asking, *, fill: bool) -> HttpResponse:
    """Show the form once more with a template's fields, or with the policy that the template gives."""
    values = read_values(request.POST)
    choices = _choices(values)
    found = settled(values, choices) | {"access": CUSTOM}
    form = RequestForm(initial=found, choices=choices, user=signed_in(request))
    chooser = Chooser(_place(form), request.POST, existing=str(asking.initial.get("policy_document", "")))
    made = chooser.fill(found["policy_document"]) if fill else None
    if made is not None:
        form.initial["policy_document"] = made
    status = INVALID if chooser.errors or chooser.asks_to_replace else 200
    return _form_page(request, asking, form, status=status, chooser=chooser)


def _place(form: RequestForm) -> Place:
    account = form.offered.account
    service, kind = (str(form[name].value() or "") for name in ("service_name", "vpc_endpoint_type"))
    return Place(service, kind, form.offered.region, account.account_id if account else "")


def _judge(request: HttpRequest, asking: Asking, *, send: bool) -> HttpResponse:
    choices = _choices(read_values(request.POST))
    form = RequestForm(request.POST, choices=choices, user=signed_in(request))
    if not form.is_valid():
        return _form_page(request, asking, form, status=INVALID)
    if asking.replaces and form.cleaned_data["base_generation"] != asking.replaces.generation:
        return _changed_meanwhile(request, asking, form, asking.replaces)
    draft = asking.draft(form)
    found = checks.findings_of(draft, besides=asking.edited)[0]
    add_problems(form, {**checks.blocks(found), **_no_need(asking.replaces, draft)})
    if form.errors:
        return _form_page(request, asking, form, status=INVALID)
    if not send:
        return _review_page(request, asking, form, draft, found)
    try:
        made = asking.submit(draft, form.key())
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


def _no_need(old: Endpoint | None, draft: Draft) -> dict[str, str]:
    """Return the problem of a replacement that AWS could make in place; another one helps where AWS ended the first."""
    if old is None or old.aws_state in (*BEYOND_RETRY, "failed") or old.status == "failed":
        return {}
    new, before = draft.changes[0].spec, old.desired_spec()
    fixed = ["vpc_endpoint_type", "vpc_id", "service_name", "region", "service_region"]
    if new.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER:
        fixed += ["subnet_ids", "ip_address_type"]
    if any(getattr(new, name) != getattr(before, name) for name in fixed):
        return {}
    return {
        "": "Type, VPC and service stay as they are: AWS can change the rest in place. Use Modify or Change policy."
    }


def _changed_meanwhile(request: HttpRequest, asking: Asking, form: RequestForm, old: Endpoint) -> HttpResponse:
    """Show what was typed once more, bound to the endpoint as it is now."""
    values = read_values(request.POST) | {"base_generation": old.generation}
    again = RequestForm(initial=settled(values, form.offered), choices=form.offered, user=signed_in(request))
    message = "The endpoint was changed after you opened this form. What you wrote is kept: look again, then go on."
    return _form_page(request, asking, again, status=CONFLICT, message=message)


def _form_page(
    request: HttpRequest,
    asking: Asking,
    form: RequestForm,
    status: int = 200,
    message: str = "",
    chooser: Chooser | None = None,
) -> HttpResponse:
    context = {
        "chooser": chooser or Chooser(_place(form), request.POST),
        "form": form,
        "live": form.live(only_offers=asking.replaces is not None),
        "edited": asking.edited,
        "replaces": asking.replaces,
        "message": message,
        "team_missing": not form.fields["owner_team"].queryset.exists(),  # type: ignore[attr-defined]
    }
    return render(request, "requests/form.html", context, status=status)


def _review_page(
    request: HttpRequest, asking: Asking, form: RequestForm, draft: Draft, found: list[checks.Finding]
) -> HttpResponse:
    change = draft.changes[0]
    known = reading.known_of(draft.account.pk, change.spec.region, change.spec)
    context: dict[str, Any] = {
        "form": form,
        "edited": asking.edited,
        "replaces": asking.replaces,
        "old_plan": _old_plan(asking.replaces),
        "draft": draft,
        "spec": change.spec,
        "facts": facts.facts_of(change.spec, known.names),
        "plan": reading.plan_in_words(action=change.action, spec=change.spec, endpoint=None, names=known.names),
        "findings": found,
        "key": form.key(),
        **cost_card([(item.action, item.spec, None) for item in draft.changes], request.POST),
    }
    return render(request, "requests/form_review.html", context)


def _old_plan(old: Endpoint | None) -> tuple[str, ...]:
    """Return in words what becomes of the endpoint that is replaced."""
    if old is None:
        return ()
    spec = old.desired_spec()
    names = reading.known_of(old.account_id, old.region, spec).names
    return reading.plan_in_words(action=ChangeAction.DELETE, spec=spec, endpoint=old, names=names, replaced=True)
