"""What several views answer: that somebody else was faster, that AWS is read again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from endpoints.models import Account
from endpoints.services import refreshing
from endpoints.services.actors import person
from endpoints.services.errors import Conflict
from endpoints.views.listing import signed_in

INVALID = 422
CONFLICT = 409
WRITTEN = {
    "title": "Title",
    "justification": "Justification",
    "reason": "Reason",
    "policy_document": "Endpoint policy",
    "name": "Name",
    "tags": "Tags",
}
"""What people write into the forms that a conflict may end."""


def conflict(request: HttpRequest, error: Conflict, *, back: str) -> HttpResponse:
    """Return the page that says what happened, leads back to what it is now and holds what was written."""
    sent = {label: request.POST.get(name, "") for name, label in WRITTEN.items()}
    written = {label: text for label, text in sent.items() if text.strip()}
    return render(request, "409.html", {"exception": error, "url": back, "written": written}, status=CONFLICT)


def read_again(request: HttpRequest, *, account_id: int, region: str) -> None:
    """Have an account's region read again, and say so above the form, which keeps what was typed."""
    account = get_object_or_404(Account, pk=account_id)
    try:
        refreshing.ask(account=account, region=region, by=person(signed_in(request)), now=timezone.now())
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        messages.info(request, f"A worker reads {region} now. What you filled in is kept.")
