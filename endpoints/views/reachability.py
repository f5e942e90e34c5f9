"""Reachability's pages: from here to a service, who reaches an endpoint, before and after a request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from endpoints.forms.reachability import ReachabilityForm
from endpoints.models import Change, Endpoint, EndpointRequest, User
from endpoints.network.picture import Picture, draw
from endpoints.network.reachers import Reacher, Reachers
from endpoints.network.snapshot import Snapshot
from endpoints.network.sources import UnknownSource
from endpoints.services import catalogue, reachability, requests
from endpoints.services.choices import Choices, read_choices
from endpoints.services.reachability import Compared, Comparison
from endpoints.views.answers import INVALID
from endpoints.views.listing import signed_in
from endpoints.views.present.reachability import CureLink, Links, Mark, outcome_of, reacher_mark, shown

OFFERED = 200
"""How many interfaces are offered to choose from; any other is found by its id."""


def reachability_page(request: HttpRequest) -> HttpResponse:
    """Answer how a subnet, an instance or an interface reaches a service; every answer has its own address."""
    user = signed_in(request)
    choices = _choices(request, user)
    form = ReachabilityForm(request.GET, choices=choices)
    valid = form.is_valid()
    context: dict[str, Any] = {"form": form, "choices": choices, "sources": []}
    if choices.vpc is not None and choices.account is not None:
        snapshot = reachability.snapshot_of(
            account_id=choices.account.pk,
            region=choices.region,
            vpc_id=choices.vpc.aws_id,
            service_name=str(form.cleaned_data.get("service_name") or ""),
        )
        context |= {"snapshot": snapshot, "sources": _sources(snapshot)}
        if valid and form.asks:
            context |= _answered(form, choices, snapshot, user)
    template = "network/reachability_form.html" if getattr(request, "htmx", False) else "network/reachability.html"
    return render(request, template, context, status=INVALID if form.errors else 200)


def _choices(request: HttpRequest, user: User) -> Choices:
    """Return what there is to choose from, in the accounts into whose network the person may look."""
    accounts = catalogue.accounts_for(user)
    asked, region, vpc_id = (request.GET.get(name, "") for name in ("account", "region", "vpc_id"))
    chosen = next((item for item in accounts if str(item.pk) == asked), accounts[0] if accounts else None)
    if chosen is None:
        return Choices(accounts=())
    return replace(read_choices(account=str(chosen.pk), region=region, vpc_id=vpc_id), accounts=accounts)


def _answered(form: ReachabilityForm, choices: Choices, snapshot: Snapshot, user: User) -> dict[str, Any]:
    values = form.cleaned_data
    try:
        found = reachability.answer(
            snapshot=snapshot,
            source_id=values["source"].strip(),
            service_name=values["service_name"],
            group_ids=values["group"],
            resolve=values["resolve"],
            call=form.call,
        )
    except UnknownSource:
        form.add_error("source", "This VPC, as it was last read, doesn't have it. Choose one of the list.")
        return {}
    assert choices.account is not None, "an answer needs a VPC"
    links = Links(user, account=choices.account.pk, region=choices.region, verdicts=[found.verdict])
    return {
        "answer": shown(found.verdict, links),
        "picture": draw(snapshot, found.verdict, service_name=values["service_name"]),
    }


def _sources(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return what can be chosen as a source, each with its words."""
    subnets = sorted(snapshot.subnets.values(), key=lambda part: part.label)
    found = [(part.aws_id, f"{part.name or 'subnet'} {part.data.get('cidr_block', '')}") for part in subnets]
    for part in reachability.clients(snapshot)[:OFFERED]:
        words = f"{part.name or part.data.get('description') or 'interface'} {part.data.get('private_ip', '')}"
        found.append((str(part.data.get("instance_id") or part.aws_id), words))
    return found


@dataclass(frozen=True, slots=True)
class ReacherGroup:
    """Subnets that can, or can't for the same reason."""

    mark: Mark
    reason: str
    cure: CureLink | None
    subnets: list[Reacher]


def endpoint_reach(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who in the VPC can reach an endpoint, and who can't and why."""
    user = signed_in(request)
    rows = Endpoint.objects.visible_to(user).select_related("account", "owner_team")
    endpoint = get_object_or_404(rows, pk=pk)
    snapshot, found = reachability.reachers_of(endpoint)
    groups = _groups(found, endpoint, user) if found else []
    context = {"item": endpoint, "snapshot": snapshot, "found": found, "groups": groups}
    if found and found.subnets:
        best = max(found.subnets, key=lambda item: (item.outcome == "can", item.outcome == "some"))
        context["picture"] = draw(snapshot, best.verdict, service_name=endpoint.service_name)
    return render(request, "network/reachers.html", context)


def _groups(found: Reachers, endpoint: Endpoint, user: User) -> list[ReacherGroup]:
    verdicts = [item.verdict for item in found.subnets]
    links = Links(user, account=endpoint.account_id, region=endpoint.region, verdicts=verdicts)
    return [
        ReacherGroup(
            reacher_mark(outcome),
            reason,
            links.cure(items[0].cure) if outcome != "can" else None,
            items,
        )
        for outcome, reason, items in found.grouped()
    ]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One subnet before and after a change."""

    item: Compared
    before: Mark
    after: Mark


@dataclass(frozen=True, slots=True)
class ComparedChange:
    """A change with what it makes of reachability, and the pictures before and after of its most telling subnet."""

    change: Change
    comparison: Comparison
    rows: list[ComparedRow]
    before: Picture
    after: Picture

    @property
    def before_id(self) -> str:
        """Return the first picture's id on the page."""
        return f"before-{self.change.pk}"

    @property
    def after_id(self) -> str:
        """Return the second picture's id on the page."""
        return f"after-{self.change.pk}"

    @property
    def before_label(self) -> str:
        """Return what the first picture's parts are called by."""
        return f"Before, {self.change.get_action_display()} {self.change.pk}: "

    @property
    def after_label(self) -> str:
        """Return what the second picture's parts are called by."""
        return f"After, {self.change.get_action_display()} {self.change.pk}: "


COMPARED_CHANGES = 5
"""Changes that are compared at once: each is worked out from its VPC, and drawn twice."""


def request_reach(request: HttpRequest, pk: int) -> HttpResponse:
    """Show which subnets reach the services of a request before it and after it: a page, or its part for one."""
    rows = EndpointRequest.objects.visible_to(signed_in(request))
    found = get_object_or_404(rows.select_related("account", "owner_team"), pk=pk)
    compared = []
    page = Paginator(requests.current_changes(found), COMPARED_CHANGES).get_page(request.GET.get("page"))
    for change in page.object_list:
        comparison = reachability.compare(change)
        if comparison is not None and comparison.subnets:
            compared.append(_compared(change, comparison))
    fragment = getattr(request, "htmx", False)
    template = "network/compared_changes.html" if fragment else "network/compared.html"
    return render(request, template, {"item": found, "compared": compared, "page": page})


def _compared(change: Change, comparison: Comparison) -> ComparedChange:
    rows = [ComparedRow(item, outcome_of(item.before), outcome_of(item.after)) for item in comparison.subnets]
    shown = comparison.telling
    name = comparison.service_name
    return ComparedChange(
        change,
        comparison,
        rows,
        draw(comparison.before, shown.before, service_name=name),
        draw(comparison.after, shown.after, service_name=name),
    )
