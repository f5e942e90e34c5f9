"""Deciding from the admin's list: a page shows what will happen, then the same services act as elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from endpoints import permissions
from endpoints.admin.base import ModelAdmin, pretty, who
from endpoints.forms.parts import WordsField
from endpoints.models import Change, EndpointRequest, User
from endpoints.models.requests import is_endorsed
from endpoints.services import reviews
from endpoints.services.actors import Who
from endpoints.services.errors import ServiceError

TEMPLATE = "admin/endpoints/endpointrequest/decide.html"


@dataclass(frozen=True, slots=True)
class Decision:
    """One of the three things that a reviewer can say."""

    action: str
    title: str
    button: str
    done: str
    comment_required: bool
    act: Callable[..., None]


APPROVE = Decision("approve_selected", "Approve requests", "Approve", "Approved", False, reviews.approve)
REQUEST_CHANGES = Decision(
    "request_changes_selected", "Request changes", "Request changes", "Changes requested", True, reviews.request_changes
)
REJECT = Decision("reject_selected", "Reject requests", "Reject", "Rejected", True, reviews.reject)


class CommentForm(forms.Form):
    """What the requester will read."""

    comment = WordsField(
        lines=True,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        max_length=reviews.MAX_COMMENT,
        required=False,
    )

    def __init__(self, data: Any = None, *, required: bool) -> None:
        super().__init__(data)
        self.fields["comment"].required = required
        self.fields["comment"].error_messages["required"] = "Say what is wrong, so that the requester can mend it."


def decide(
    desk: ModelAdmin, request: HttpRequest, queryset: QuerySet[EndpointRequest], decision: Decision
) -> TemplateResponse | None:
    """Show what was selected; once confirmed, decide on each. Return the page, or None to go back to the list."""
    if "confirm" not in request.POST:
        form = CommentForm(required=decision.comment_required)
        return _page(desk, request, decision, _loaded(queryset), form)
    form = CommentForm(request.POST, required=decision.comment_required)
    chosen = _loaded(_chosen(request))
    if not form.is_valid():
        return _page(desk, request, decision, chosen, form, status=422)
    for item in chosen:
        _decide_one(desk, request, decision, item, form.cleaned_data["comment"])
    return None


def why_not(user: User, item: EndpointRequest, decision: Decision) -> str:
    """Return why a person can't decide this on a request, or an empty text."""
    try:
        permissions.check_can_decide(user, item)
    except PermissionDenied as error:
        return str(error)
    if item.status == "submitted" and decision is APPROVE and item.endorsed_by_id == user.pk:
        return "You approved it already; a second reviewer must approve it too."
    return "" if item.status == "submitted" else f"It doesn't wait for a decision: it is “{item.state.label}”."


def _decide_one(
    desk: ModelAdmin, request: HttpRequest, decision: Decision, item: EndpointRequest, comment: str
) -> None:
    by: Who = who(request)
    read = request.POST.get(f"hash_{item.pk}", "")
    try:
        decision.act(request=item, content_hash=read, comment=comment, by=by, now=timezone.now())
    except (PermissionDenied, ServiceError) as error:
        desk.message_user(request, f"{item.reference} was not decided. {error}", messages.WARNING)
    else:
        half = decision is APPROVE and item.status == "submitted"
        done = "Approved, and waits for a second reviewer" if half else decision.done
        desk.message_user(request, f"{done}: {item}", messages.SUCCESS)


def _page(
    desk: ModelAdmin,
    request: HttpRequest,
    decision: Decision,
    items: Iterable[EndpointRequest],
    form: CommentForm,
    *,
    status: int = 200,
) -> TemplateResponse:
    user = who(request).person()
    rows = [(item, why_not(user, item, decision)) for item in items]
    # A form that comes back keeps the hashes that were read: what was edited meanwhile must not slip in.
    decided = [
        (item, request.POST.get(f"hash_{item.pk}") or item.content_hash, [pretty(c.spec) for c in _changes(item)])
        for item, reason in rows
        if not reason
    ]
    context = {
        **desk.admin_site.each_context(request),
        "title": decision.title,
        "opts": desk.opts,
        "decision": decision,
        "decided": decided,
        "skipped": [(item, reason) for item, reason in rows if reason],
        "form": form,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, TEMPLATE, context, status=status)


def _chosen(request: HttpRequest) -> QuerySet[EndpointRequest]:
    """Return what the confirmed page listed, also if it has left the list since: its conflict has to be told."""
    numbers = request.POST.getlist(ACTION_CHECKBOX_NAME)  # `Sturdy` has refused what are none
    return EndpointRequest.objects.visible_to(who(request).person()).filter(pk__in=numbers)


def _loaded(queryset: QuerySet[EndpointRequest]) -> QuerySet[EndpointRequest]:
    changes = Change.objects.filter(round=F("request__round")).prefetch_related("checks").order_by("position")
    plain = queryset.prefetch_related(None)  # the list has fetched less of the changes
    rows = plain.annotate(is_endorsed=is_endorsed())
    return rows.select_related("account", "owner_team", "requester", "endorsed_by").prefetch_related(
        Prefetch("changes", changes, to_attr="current_changes")
    )


def _changes(item: EndpointRequest) -> list[Change]:
    changes: list[Change] = item.current_changes  # type: ignore[attr-defined]  # prefetched by _loaded
    return changes
