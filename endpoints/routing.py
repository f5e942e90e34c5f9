"""Routes that declare, beside their path, who may use them by which method. A route without a rule can't be written.

`tests/integration/test_who_may.py` walks the URL map and fails on a route whose callback carries no rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from rest_framework.views import APIView

from endpoints.permissions import PUBLIC, Rule

View = Callable[..., HttpResponse]


def page(route: str, view: View, *, name: str, get: Rule | None = None, post: Rule | None = None) -> URLPattern:
    """Return a page's or fragment's route. Who isn't signed in is led to the login; who may not is told why."""
    rules = _by_method(get, post)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rule = rules.get(request.method or "")
        if rule is None:
            return _not_allowed(request, sorted(rules))
        if rule is not PUBLIC and not request.user.is_authenticated:
            return _to_login(request)
        if not rule.allows(request.user):
            raise PermissionDenied(rule.reason)
        return view(request, *args, **kwargs)

    guarded.rules = rules  # type: ignore[attr-defined]  # read by the test that walks the URL map
    return path(route, guarded, name=name)


def api(route: str, view: type[APIView], *, name: str, get: Rule | None = None, post: Rule | None = None) -> URLPattern:
    """Return a JSON route; `DeclaredRule` enforces the rules inside the view, so errors are problem+json.

    No route changes anything: what is posted is a question.
    """
    rules = _by_method(get, post)
    callback = view.as_view(declared_rules=rules)
    callback.rules = rules  # type: ignore[attr-defined]
    return path(route, callback, name=name)


def _by_method(get: Rule | None, post: Rule | None) -> Mapping[str, Rule]:
    rules: dict[str, Rule] = {}
    if get:
        rules |= {"GET": get, "HEAD": get}
    if post:
        rules["POST"] = post
    return rules


def _not_allowed(request: HttpRequest, methods: list[str]) -> HttpResponse:
    answer = HttpResponseNotAllowed(methods)
    if request.method not in ("GET", "POST"):
        return answer  # no browser's page asks so, and a program reads the status and "Allow"
    # What only takes forms hangs below the page with the form, which is where somebody who types the address wants to.
    answer.content = render_to_string("405.html", {"url": request.path.rsplit("/", 2)[0] + "/"}, request)
    return answer


def _to_login(request: HttpRequest) -> HttpResponse:
    login = resolve_url(settings.LOGIN_URL)
    if getattr(request, "htmx", False):
        # A fragment must not be replaced by the login page, nor a half-written form: app.js tells the person.
        return HttpResponse(status=401)
    if request.POST:
        return _give_back(request, "signed_out.html", status=401)
    return redirect_to_login(request.get_full_path(), login)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form with another session's token; what a page of the portal sent is given back, to be sent again.

    A browser says with each form which site it comes from. What another site sent is never offered to be sent again.
    """
    match = request.resolver_match
    own = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if not own or match is None or not hasattr(match.func, "rules"):
        return render(request, "403_csrf.html", status=403)
    if not request.user.is_authenticated or getattr(request, "htmx", False):
        return _to_login(request)
    return _give_back(request, "403_csrf.html", status=403)


def _give_back(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Return a page with what was sent, to be sent again: the session may have ended while it was written."""
    sent = [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
    return render(request, template, {"sent": sent, "files": bool(request.FILES)}, status=status)
