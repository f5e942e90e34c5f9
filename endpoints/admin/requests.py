"""Requests, their changes and checks; and the list of what waits for a decision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from endpoints import permissions
from endpoints.admin import decisions
from endpoints.admin.base import ReadOnlyAdmin, ReadOnlyInline, pretty, sees_all
from endpoints.models import Change, Check, EndpointRequest, Review

REFERENCE = re.compile(r"\A\s*REQ-(?P<number>[0-9]{1,18})\s*\Z", re.IGNORECASE)


class WaitingFilter(admin.SimpleListFilter):
    """What waits for a decision, unless something else is asked for."""

    title = "decision"
    parameter_name = "decision"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        searches = any(name not in ("p", "o", "all", "e") for name in request.GET if request.GET[name])
        self.fallback = "all" if searches else "waiting"
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the two lists."""
        return [("waiting", "Waiting for a decision"), ("all", "All requests")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the list that was chosen."""
        return queryset.filter(status="submitted") if (self.value() or self.fallback) == "waiting" else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Return the links, without Django's own "All"."""
        for value, label in self.lookup_choices:
            yield {
                "selected": (self.value() or self.fallback) == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }


class ChangeInline(ReadOnlyInline):
    """The changes of every round, with their findings."""

    model = Change
    fields = ("round", "position", "action", "region", "vpc_id", "service_name", "asked", "findings", "endpoint")
    readonly_fields = ("asked", "findings")
    ordering = ("-round", "position")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the changes with what the page shows of them."""
        return super().get_queryset(request).select_related("endpoint", "request").prefetch_related("checks")

    @admin.display(description="Spec")
    def asked(self, change: Change) -> SafeString | str:
        """Return the spec that is reviewed."""
        return pretty(change.spec)

    @admin.display(description="Findings")
    def findings(self, change: Change) -> str:
        """Return what the checks found."""
        return "\n".join(f"{check}. {check.cure}".strip() for check in change.checks.all()) or "-"


class ReviewInline(ReadOnlyInline):
    """What was decided."""

    model = Review
    fields = ("round", "decision", "reviewer", "comment", "content_hash", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the reviews with their reviewers."""
        return super().get_queryset(request).select_related("reviewer")


@admin.register(EndpointRequest)
class RequestAdmin(ReadOnlyAdmin):
    """Requests. Approvers without a further role see those that wait in their accounts."""

    actions = ("approve_selected", "request_changes_selected", "reject_selected")
    list_display = ("reference", "title", "status", "account", "owner_team", "requester", "regions", "submitted_at")
    list_display_links = ("reference", "title")
    list_filter = (WaitingFilter, "status", "account", "owner_team")
    list_select_related = ("account", "owner_team", "requester")
    search_fields = ("title", "justification", "requester__username", "changes__vpc_id", "changes__service_name")
    search_help_text = "REQ-12, words of the title or justification, a user name, a VPC or a service."
    inlines = (ChangeInline, ReviewInline)
    fields = (
        *("reference", "title", "justification", "account", "owner_team", "requester", "status", "round"),
        *("content_hash", "created_at", "submitted_at", "approvals_needed", "endorsed_by", "endorsed_at"),
        *("endorsed_hash", "approved_by", "approved_at", "approved_hash"),
        *("closed_at", "updated_at", "version"),
    )
    readonly_fields = ("reference",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let approvers in beside those who see all; `get_queryset` says to what."""
        return sees_all(request) or bool(permissions.roles_of(request.user).approver_of)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the decisions to those who approve for some account; seeing all lets nobody decide."""
        return super().get_actions(request) if permissions.roles_of(request.user).approver_of else {}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return all requests, or those that wait in the accounts of an approver."""
        changes = Change.objects.filter(round=F("request__round")).order_by("position")
        rows = super().get_queryset(request).prefetch_related(Prefetch("changes", changes, to_attr="current_changes"))
        if sees_all(request):
            return rows
        return rows.filter(status="submitted", account__in=permissions.roles_of(request.user).approver_of)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a request by its reference, or by words."""
        if match := REFERENCE.match(search_term):
            return queryset.filter(pk=int(match["number"])), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="Regions")
    def regions(self, item: EndpointRequest) -> str:
        """Return the regions of the changes."""
        changes: list[Change] = item.current_changes  # type: ignore[attr-defined]  # prefetched
        return ", ".join(sorted({change.region for change in changes}))

    @admin.action(description="Approve…")
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Approve what is selected, after a page that lists it."""
        return decisions.decide(self, request, queryset, decisions.APPROVE)

    @admin.action(description="Request changes…")
    def request_changes_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Send back what is selected, after a page that asks why."""
        return decisions.decide(self, request, queryset, decisions.REQUEST_CHANGES)

    @admin.action(description="Reject…")
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Turn down what is selected, after a page that asks why."""
        return decisions.decide(self, request, queryset, decisions.REJECT)


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """Changes: one endpoint each."""

    list_display = ("request", "round", "position", "action", "service_name", "vpc_id", "region", "endpoint")
    list_filter = ("action", "vpc_endpoint_type", "region", "request__account")
    list_select_related = ("request", "endpoint")
    ordering = ("-id",)
    search_fields = ("=request__id", "request__title", "vpc_id", "service_name", "spec_hash")
    fields = (
        *("request", "round", "position", "action", "region", "vpc_id", "service_name", "vpc_endpoint_type"),
        *("asked", "spec_hash", "base_generation", "endpoint", "policy_revision", "means"),
    )
    readonly_fields = ("asked", "means")

    @admin.display(description="Spec")
    def asked(self, change: Change) -> SafeString | str:
        """Return the spec that is reviewed."""
        return pretty(change.spec)

    @admin.display(description="Meaning of the policy")
    def means(self, change: Change) -> SafeString | str:
        """Return what the policy gains and loses."""
        return pretty(change.meaning)


@admin.register(Check)
class CheckAdmin(ReadOnlyAdmin):
    """Automatic findings."""

    list_display = ("severity", "rule", "message", "change")
    list_filter = ("severity", "rule")
    list_select_related = ("change",)
    ordering = ("-id",)
    search_fields = ("rule", "message", "=change__request__id")
