"""Changing an endpoint in place: a form with its values, what changes, the submission."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse

from endpoints.domain.specs import EndpointSpec
from endpoints.domain.words import drops_connections
from endpoints.forms.modify import LISTS, RULES, ModifyForm
from endpoints.forms.options import is_on
from endpoints.models import Change, Endpoint, EndpointRequest
from endpoints.models.requests import ChangeAction
from endpoints.services import reading
from endpoints.services.choices import read_choices
from endpoints.services.drafts import Draft
from endpoints.services.errors import Conflict
from endpoints.views.answers import conflict, read_again
from endpoints.views.endpoint_changes import Asking, ask, owned, owned_before
from endpoints.views.present.costs import cost_card
from endpoints.views.present.endpoint_page import ENDED_IN_AWS, UPDATABLE
from endpoints.views.present.facts import deltas_of


def endpoint_modify(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an endpoint's subnets, groups, route tables, DNS, addresses or tags. A link may fill in fields."""
    endpoint = owned(request, pk)
    former = endpoint.desired_spec()
    words = {"title": f"Change {endpoint.short_service} in {endpoint.vpc_id}"}
    values = ModifyForm.values_of(former)
    asked = linked(request)
    # A link names the rule that cures something: what the endpoint carries already stays.
    asked |= {RULES: list(dict.fromkeys([*values[RULES], *request.GET.getlist(RULES)]))}
    return _modify(request, endpoint, former, values | asked | words, None)


def linked(request: HttpRequest) -> dict[str, Any]:
    """Return the fields that a link fills in; the form judges them when it is sent."""
    found: dict[str, Any] = {name: request.GET.getlist(name) for name in LISTS if name in request.GET}
    if "private_dns_enabled" in request.GET:
        found["private_dns_enabled"] = is_on(request.GET["private_dns_enabled"])
    return found


def edit_modification(request: HttpRequest, edited: EndpointRequest, change: Change) -> HttpResponse:
    """Edit a request for a change in place; the form starts with what was asked for."""
    endpoint = owned_before(request, change)
    words = {"title": edited.title, "justification": edited.justification}
    asked, current = ModifyForm.values_of(change.desired()), endpoint.desired_spec()
    if before := change.former():
        # Another change may have come since: only what this one asked to change is set, the rest is as it is now.
        was, now = ModifyForm.values_of(before), ModifyForm.values_of(current)
        asked = now | {name: value for name, value in asked.items() if value != was.get(name)}
    return _modify(request, endpoint, current, asked | words, edited)


def why_not(endpoint: Endpoint) -> str:
    """Return why an endpoint can't be changed in place now, or an empty text."""
    if endpoint.aws_state in ENDED_IN_AWS:
        return f"AWS reports it as {endpoint.aws_state}: it can't be used any more. Replace it, or have it deleted."
    if endpoint.status not in UPDATABLE:
        return f"This endpoint is “{endpoint.state.label}”; it can't be changed now."
    if endpoint.vpc_endpoint_id is None:
        return "AWS hasn't made it. Edit the request that asked for it instead."
    return ""


def _modify(
    request: HttpRequest,
    endpoint: Endpoint,
    former: EndpointSpec,
    initial: dict[str, Any],
    edited: EndpointRequest | None,
) -> HttpResponse:
    if request.POST.get("action") == "refresh":
        read_again(request, account_id=endpoint.account_id, region=endpoint.region)
    choices = read_choices(account=str(endpoint.account_id), region=endpoint.region, vpc_id=endpoint.vpc_id)
    here = choices.account is not None and choices.account.pk == endpoint.account_id
    refusal = why_not(endpoint)
    if not (here and choices.region == endpoint.region):
        refusal = "Its account or region is switched off in the portal. Ask an administrator."
    if refusal:
        return conflict(request, Conflict(refusal), back=endpoint.get_absolute_url())
    asking = Asking(
        endpoint=endpoint,
        template="endpoints/modify_form.html",
        checks="endpoints/modify_form_checks.html",
        form=partial(ModifyForm, endpoint=endpoint, former=former, choices=choices),
        make=lambda form: form.draft(endpoint),
        initial=initial,
        edited=edited,
        review=lambda draft, _: ("endpoints/modify_review.html", _review(request, endpoint, former, draft)),
    )
    return ask(request, asking)


def _review(request: HttpRequest, endpoint: Endpoint, former: EndpointSpec, draft: Draft) -> dict[str, Any]:
    spec = draft.changes[0].spec
    names = reading.known_of(endpoint.account_id, endpoint.region, former, spec).names
    change: dict[str, Any] = {"action": ChangeAction.MODIFY, "spec": spec, "endpoint": endpoint, "former": former}
    return {
        "deltas": deltas_of(former, spec, names),
        "plan": reading.plan_in_words(names=names, **change),
        "drops": drops_connections(reading.planned(**change)),
        **cost_card([(ChangeAction.MODIFY, spec, former)], request.POST),
    }
