"""Bundles: the list, and those that a team makes, edits and removes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints import permissions
from endpoints.forms.bundles import BundleForm, lines_of
from endpoints.forms.parts import add_problems
from endpoints.models import Bundle
from endpoints.network.bundles import bundle_book
from endpoints.services import bundles
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import CONFLICT, INVALID, conflict
from endpoints.views.listing import page_of, signed_in


def bundle_list(request: HttpRequest) -> HttpResponse:
    """List the portal's own bundles and those of teams."""
    user = signed_in(request)
    page = page_of(request, Bundle.objects.select_related("owner_team"))
    own = [(item, item.as_bundle(), permissions.can_edit_bundle(user, item)) for item in page.object_list]
    context = {"book": bundle_book(), "page": page, "own": own, "can_ask": permissions.ENGINEERS.allows(user)}
    return render(request, "bundles/list.html", context)


def bundle_new(request: HttpRequest) -> HttpResponse:
    """Make a bundle."""
    user = signed_in(request)
    if request.method != "POST":
        return _page(request, BundleForm(user=user))
    form = BundleForm(request.POST, user=user)
    if form.is_valid():
        values = form.cleaned_data
        try:
            bundles.make(
                name=values["name"],
                purpose=values["purpose"],
                members=values["members"],
                owner_team=values["owner_team"],
                by=person(user),
                now=timezone.now(),
            )
        except Invalid as error:
            add_problems(form, error.problems)
        else:
            messages.success(request, f"“{values['name']}” can be asked for now, by everybody.")
            return redirect("bundle_list")
    return _page(request, form, status=INVALID)


def bundle_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a team's bundle."""
    user, bundle = signed_in(request), _found(request, pk)
    if request.method != "POST":
        first = {"name": bundle.name, "purpose": bundle.purpose, "version": bundle.version}
        form = BundleForm(initial={**first, "members": lines_of(bundle.as_bundle().members)}, user=user, bundle=bundle)
        return _page(request, form, bundle=bundle)
    form = BundleForm(request.POST, user=user, bundle=bundle)
    if not form.is_valid():
        return _page(request, form, bundle=bundle, status=INVALID)
    values = form.cleaned_data
    try:
        bundles.edit(
            bundle=bundle,
            version=values["version"] or 0,
            name=values["name"],
            purpose=values["purpose"],
            members=values["members"],
            by=person(user),
            now=timezone.now(),
        )
    except Invalid as error:
        add_problems(form, error.problems)
        return _page(request, form, bundle=bundle, status=INVALID)
    except Conflict as error:
        # What was typed is kept, bound to the bundle as it is now: sent again, it takes the other one's place.
        again = BundleForm(initial={**request.POST.dict(), "version": bundle.version}, user=user, bundle=bundle)
        return _page(request, again, bundle=bundle, message=str(error), status=CONFLICT)
    messages.success(request, "Saved. Requests that were made with it stay as they are.")
    return redirect("bundle_list")


def bundle_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a team's bundle."""
    bundle = _found(request, pk)
    try:
        bundles.remove(bundle=bundle, by=person(signed_in(request)), now=timezone.now())
    except Conflict as error:
        return conflict(request, error, back=request.path.removesuffix("remove/"))
    messages.success(request, f"“{bundle.name}” is removed. Endpoints that were made with it stay.")
    return redirect("bundle_list")


def _found(request: HttpRequest, pk: int) -> Bundle:
    bundle = get_object_or_404(Bundle.objects.select_related("owner_team"), pk=pk)
    permissions.check_can_edit_bundle(signed_in(request), bundle)
    return bundle


def _page(
    request: HttpRequest, form: BundleForm, *, bundle: Bundle | None = None, message: str = "", status: int = 200
) -> HttpResponse:
    return render(request, "bundles/form.html", {"form": form, "bundle": bundle, "message": message}, status=status)
