"""Who sees what, as filters: one rule for requests and one for endpoints, used by pages, JSON and admin alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from endpoints.models.accounts import Account
from endpoints.models.people import Role, RoleAssignment

if TYPE_CHECKING:
    from endpoints.models.people import User

SEES_ALL = (Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR)


def accounts_approved_by(user: User) -> QuerySet[Account]:
    """Return the accounts in which a person is an approver."""
    return Account.objects.filter(role_assignments__user=user, role_assignments__role=Role.APPROVER)


def accounts_visible_to(user: User) -> QuerySet[Account]:
    """Return the accounts whose page a person reads: those they approve for, or all."""
    return Account.objects.all() if sees_all(user) else accounts_approved_by(user)


def sees_all(user: User) -> bool:
    """Tell whether a person's role looks at everything: operator, auditor, administrator or superuser."""
    return user.is_superuser or RoleAssignment.objects.filter(user=user, role__in=SEES_ALL).exists()


def requests_visible_to(user: User) -> Q:
    """Return the filter for requests: one's own, one's teams', one's accounts' as approver, or all."""
    if sees_all(user):
        return Q()
    return (
        Q(requester=user)
        | Q(owner_team__in=user.memberships.values("team"))
        | Q(account__in=accounts_approved_by(user).values("pk"))
    )


def endpoints_visible_to(user: User) -> Q:
    """Return the filter for endpoints: one's teams', one's accounts' as approver, or all."""
    if sees_all(user):
        return Q()
    return Q(owner_team__in=user.memberships.values("team")) | Q(account__in=accounts_approved_by(user).values("pk"))


def accounts_whose_network_is_visible_to(user: User) -> QuerySet[Account]:
    """Return the active accounts in whose VPCs and services a person may look.

    Engineers look into every one, since the form offers them all; others into those they approve for, or all.
    """
    active = Account.objects.filter(is_active=True)
    if sees_all(user) or RoleAssignment.objects.filter(user=user, role=Role.ENGINEER).exists():
        return active
    return active.filter(pk__in=accounts_approved_by(user).values("pk"))


def unmanaged_visible_to(user: User) -> Q:
    """Return the filter for unmanaged endpoints, which no team owns: one's accounts' as approver, or all.

    Engineers see those of every account that they can ask in, since adopting is asking.
    """
    if sees_all(user):
        return Q()
    if RoleAssignment.objects.filter(user=user, role=Role.ENGINEER).exists():
        return Q(account__is_active=True) | Q(account__in=accounts_approved_by(user).values("pk"))
    return Q(account__in=accounts_approved_by(user).values("pk"))
