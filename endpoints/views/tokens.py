"""A person's API tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from endpoints.forms.parts import add_problems
from endpoints.forms.tokens import RevokeForm, TokenForm
from endpoints.services import tokens
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import CONFLICT, INVALID
from endpoints.views.listing import signed_in


@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    """List one's tokens, make one (shown in this answer only), or end one."""
    if request.method != "POST":
        return _page(request, TokenForm())
    return _revoke(request) if "token_key" in request.POST else _create(request)


def _create(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=INVALID)
    by = person(signed_in(request))
    try:
        token = tokens.create(days=form.cleaned_data["days"], by=by, now=timezone.now())
    except Invalid as error:
        add_problems(form, error.problems)
        return _page(request, form, status=INVALID)
    return _page(request, TokenForm(), token=token)


def _revoke(request: HttpRequest) -> HttpResponse:
    form = RevokeForm(request.POST)
    if not form.is_valid():
        return _page(request, TokenForm(), message="Choose one of your tokens.", status=INVALID)
    by = person(signed_in(request))
    try:
        tokens.revoke(token_key=form.cleaned_data["token_key"], by=by, now=timezone.now())
    except Conflict as error:
        return _page(request, TokenForm(), message=str(error), status=CONFLICT)
    messages.success(request, "Revoked. Whoever uses it is turned away from now on.")
    return redirect("token_list")


def _page(
    request: HttpRequest, form: TokenForm, *, token: str = "", message: str = "", status: int = 200
) -> HttpResponse:
    by = person(signed_in(request))
    context = {"form": form, "token": token, "message": message, "tokens": tokens.of(by, now=timezone.now())}
    return render(request, "tokens/list.html", context, status=status)
