"""`manage.py seed_demo`: the sandbox's people, teams and accounts. Run again, it makes what is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from endpoints.models import Account, Membership, Role, RoleAssignment, Team, User
from endpoints.services.regions import ensure_regions
from portal.sandbox import demo, world


class Command(BaseCommand):
    """Make the demonstration's people, teams and accounts."""

    help = "Make the sandbox's demo users, teams and accounts; what is there already stays as it is."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing. Passwords of people who are there already are left alone."""
        teams = {
            name: Team.objects.get_or_create(name=name, defaults={"slug": slugify(name)})[0] for name in demo.TEAMS
        }
        accounts = {account.name: _account(account) for account in world.ACCOUNTS}
        # A hash takes a third of a second: one for all, since they share a password, and none where all are there.
        password = cache(lambda: make_password(demo.PASSWORD))
        for person in demo.USERS:
            _person(person, password, teams, accounts)


def _account(known: world.Account) -> Account:
    regions = sorted({vpc.region for vpc in world.VPCS if vpc.account == known})
    account, _ = Account.objects.get_or_create(
        account_id=known.id,
        defaults={
            "name": known.name,
            "role_arn": known.role_arn,
            "external_id": known.external_id,
            "regions": regions,
        },
    )
    ensure_regions(account=account, now=timezone.now())
    return account


def _person(
    known: demo.DemoUser, password: Callable[[], str], teams: dict[str, Team], accounts: dict[str, Account]
) -> None:
    administrator = Role.ADMINISTRATOR in known.roles
    desk = bool({Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR, Role.APPROVER} & set(known.roles))
    new: dict[str, Any] = {
        "password": password,  # Django calls it where somebody is made
        "first_name": known.username.replace("-", " ").capitalize(),
        "is_staff": desk,
        "is_superuser": administrator,
    }
    user, _ = User.objects.get_or_create(username=known.username, defaults=new)
    for team in known.teams:
        Membership.objects.get_or_create(user=user, team=teams[team])
    for role in known.roles:
        for account in [accounts[name] for name in known.approves] if role == Role.APPROVER else [None]:
            RoleAssignment.objects.get_or_create(user=user, role=role, account=account)
