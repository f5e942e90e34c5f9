"""AWS accounts: the list, adding one, an account's page, its ExternalId, and having it checked."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from endpoints.forms.accounts import AccountFilter, AccountForm, ProtectionForm
from endpoints.forms.parts import add_problems
from endpoints.models import Account
from endpoints.models.visibility import accounts_visible_to
from endpoints.permissions import ADMINISTRATORS
from endpoints.services import accounts, refreshing
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from endpoints.views.answers import INVALID, conflict
from endpoints.views.listing import page_of, signed_in
from endpoints.views.present.account_page import AccountPage, latest_checks, status_of


def aws_account_list(request: HttpRequest) -> HttpResponse:
    """List the accounts that the person may see, each with how it stood at its last check."""
    user = signed_in(request)
    chosen = AccountFilter(request.GET)
    page = page_of(request, chosen.apply(accounts_visible_to(user)))
    found = list(page.object_list)
    checks = latest_checks(found)
    rows = [(item, checks.get(item.pk), status_of(checks.get(item.pk))) for item in found]
    context = {"filter": chosen, "page": page, "rows": rows, "can_add": ADMINISTRATORS.allows(user)}
    return render(request, "aws_accounts/list.html", context)


def aws_account_new(request: HttpRequest) -> HttpResponse:
    """Add an account."""
    form = AccountForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "aws_accounts/form.html", {"form": form})
    if form.is_valid():
        try:
            account = accounts.add(**form.cleaned_data, by=person(signed_in(request)), now=timezone.now())
        except Invalid as error:
            add_problems(form, error.problems)
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Added. Now set its role up as below, then check it.")
            return redirect(account)
    return render(request, "aws_accounts/form.html", {"form": form}, status=INVALID)


def aws_account_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an account: its last check, and the policies of its role."""
    page = AccountPage(_found(request, pk), signed_in(request))
    return render(request, "aws_accounts/detail.html", {"page": page, "item": page.account})


def aws_account_live(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer 204 while the page is current (`v` is the version it shows), else the parts that change."""
    page = AccountPage(_found(request, pk), signed_in(request))
    if request.GET.get("v") == page.version:
        return HttpResponse(status=204)
    return render(request, "aws_accounts/detail_live.html", {"page": page, "item": page.account, "swap": True})


def aws_account_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a worker check an account."""
    account = _found(request, pk)
    try:
        accounts.request_check(account=account, by=person(signed_in(request)), now=timezone.now())
    except Conflict as error:
        return conflict(request, error, back=account.get_absolute_url())
    return redirect(account)


def aws_account_refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a worker read a region of an account again."""
    account = _found(request, pk)
    region = request.POST.get("region", "")
    try:
        refreshing.ask(account=account, region=region, by=person(signed_in(request)), now=timezone.now())
    except Conflict as error:
        return conflict(request, error, back=account.get_absolute_url())
    return redirect(account)


def aws_account_protect(request: HttpRequest, pk: int) -> HttpResponse:
    """Protect an account, or stop protecting it."""
    account = _found(request, pk)
    form = ProtectionForm(request.POST)
    if not form.is_valid():
        error = Conflict("Say whether the account is to be protected: yes or no.")
        return conflict(request, error, back=account.get_absolute_url())
    protected = form.cleaned_data["protected"]
    accounts.protect(account=account, protected=protected, by=person(signed_in(request)), now=timezone.now())
    messages.success(request, "The account is protected now." if protected else "The account is no longer protected.")
    return redirect(account)


def aws_account_external_id(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what another ExternalId means, and make one."""
    account = _found(request, pk)
    if request.method != "POST":
        return render(request, "aws_accounts/external_id.html", {"item": account})
    accounts.renew_external_id(account=account, by=person(signed_in(request)), now=timezone.now())
    messages.warning(request, "There is a new ExternalId. Put the trust policy below into the role, then check.")
    return redirect(account)


def _found(request: HttpRequest, pk: int) -> Account:
    return get_object_or_404(accounts_visible_to(signed_in(request)), pk=pk)
