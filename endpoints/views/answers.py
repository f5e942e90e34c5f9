"""Answers that several views give: what to say when somebody else was faster."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from endpoints.services.errors import Conflict

INVALID = 422
CONFLICT = 409


def conflict(request: HttpRequest, error: Conflict, *, back: str) -> HttpResponse:
    """Return the page that says what happened and leads back to what it is now."""
    return render(request, "409.html", {"exception": error, "url": back}, status=CONFLICT)
