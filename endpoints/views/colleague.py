"""Why a colleague may not create endpoints, and the policy that lets them; the portal's own beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints.forms.colleague import ColleagueForm
from endpoints.policy import role
from endpoints.policy.colleague import Explained, Level, Permissions, permissions
from endpoints.policy.spans import Span, spans
from endpoints.services import catalogue
from endpoints.services.choices import AccountChoice
from endpoints.views.answers import INVALID
from endpoints.views.listing import signed_in

Lines = list[tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class Part:
    """One account's policy: for the colleague, None where no chosen VPC is there, and for the portal."""

    account: AccountChoice
    found: Permissions | None
    portal: str

    @property
    def statements(self) -> list[tuple[Explained, Lines]]:
        """Return the colleague's statements, each with its text."""
        return [(item, _lines(item.text)) for item in self.found.statements] if self.found else []

    @property
    def lines(self) -> Lines:
        """Return the colleague's whole policy."""
        return _lines(self.found.text) if self.found else []

    @property
    def portal_lines(self) -> Lines:
        """Return the policy of the portal's role."""
        return _lines(self.portal)


def _lines(text: str) -> Lines:
    return [spans(line) for line in text.splitlines()]


def permissions_page(request: HttpRequest) -> HttpResponse:
    """Explain, and answer what the form asks for."""
    form = ColleagueForm(request.GET, accounts=catalogue.accounts_for(signed_in(request)))
    valid = form.is_bound and form.is_valid()
    parts = []
    if valid:
        level = Level(form.cleaned_data["level"])
        for account, scope in form.scopes():
            partition = role.partition_of([item.region for item in account.regions])
            own = role.permission_policy(account_id=account.account_id, partition=partition)
            parts.append(Part(account, permissions(level, scope) if scope else None, json.dumps(own, indent=2)))
    context = {"form": form, "parts": parts, "statements": role.STATEMENTS}
    return render(request, "permissions/page.html", context, status=200 if valid or not form.is_bound else INVALID)
