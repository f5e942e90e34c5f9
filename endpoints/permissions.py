"""Who may do what: rules in pairs. `check_can_x` raises `PermissionDenied` with the reason, `can_x` answers.

Routes name a `Rule` beside their path (`endpoints/routing.py`); what concerns one object is checked again by the
service that acts on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from endpoints.models import Bundle, Endpoint, EndpointRequest, Role, RoleAssignment, Team, User, UseRecord
from endpoints.models.visibility import SEES_ALL

Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that a person holds, read once per request."""

    names: frozenset[str]
    approver_of: frozenset[int]
    teams: frozenset[int]


NONE = Roles(frozenset(), frozenset(), frozenset())


def roles_of(user: Person) -> Roles:
    """Return a person's roles. Two queries, then remembered on the object, which lives for one request."""
    if not isinstance(user, User) or not user.is_active:
        return NONE
    known: Roles | None = user.__dict__.get("_portal_roles")
    if known is None:
        rows = list(user.role_assignments.values_list("role", "account_id"))
        known = Roles(
            names=frozenset(role for role, _ in rows),
            approver_of=frozenset(account for role, account in rows if role == Role.APPROVER and account),
            teams=frozenset(user.memberships.values_list("team_id", flat=True)),
        )
        user.__dict__["_portal_roles"] = known
    return known


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of a person: `allows` answers; `reason` tells somebody who may not."""

    name: str
    allows: Callable[[Person], bool]
    reason: str


def _any_role(*roles: Role) -> Callable[[Person], bool]:
    return lambda user: bool(roles_of(user).names & set(roles))


PUBLIC = Rule("public", lambda user: True, "")
SIGNED_IN = Rule("signed in", lambda user: user.is_authenticated and user.is_active, "Sign in first.")
ANY_ROLE = Rule(
    "any role", lambda user: bool(roles_of(user).names), "You have no role in the portal yet. Ask an administrator."
)
ENGINEERS = Rule("engineers", _any_role(Role.ENGINEER), "Only engineers ask for changes. Ask an administrator.")
APPROVERS = Rule("approvers", _any_role(Role.APPROVER), "Only approvers of an account decide on its requests.")
AUDITORS = Rule(
    "auditors",
    _any_role(Role.AUDITOR, Role.OPERATOR, Role.ADMINISTRATOR),
    "Only auditors, operators and administrators read the whole record.",
)
OPERATORS = Rule(
    "operators", _any_role(Role.OPERATOR, Role.ADMINISTRATOR), "Only operators and administrators work on operations."
)
REQUESTERS_OR_OPERATORS = Rule(
    "engineers or operators",
    _any_role(Role.ENGINEER, Role.OPERATOR, Role.ADMINISTRATOR),
    "Only the requester and operators may do this.",
)
ACCOUNT_READERS = Rule(
    "approvers, operators, auditors or administrators",
    _any_role(Role.APPROVER, Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR),
    "Only approvers, operators, auditors and administrators look at accounts.",
)
CHANGERS = Rule(
    "engineers, approvers, operators or administrators",
    _any_role(Role.ENGINEER, Role.APPROVER, Role.OPERATOR, Role.ADMINISTRATOR),
    "Only engineers, approvers, operators and administrators do this.",
)
ADMINISTRATORS = Rule(
    "administrators", _any_role(Role.ADMINISTRATOR), "Only administrators add accounts and renew their ExternalId."
)
RULES = (
    PUBLIC,
    SIGNED_IN,
    ANY_ROLE,
    ENGINEERS,
    APPROVERS,
    AUDITORS,
    OPERATORS,
    REQUESTERS_OR_OPERATORS,
    ACCOUNT_READERS,
    CHANGERS,
    ADMINISTRATORS,
)


def _deny(reason: str) -> None:
    raise PermissionDenied(reason)


def _answers(check: Callable[..., None], *args: Any) -> bool:
    try:
        check(*args)
    except PermissionDenied:
        return False
    return True


def check_can_request(user: Person, team: Team | None) -> None:
    """Refuse who may not ask for changes in a team's name."""
    roles = roles_of(user)
    if Role.ENGINEER not in roles.names:
        _deny(ENGINEERS.reason)
    if team is None or team.pk not in roles.teams:
        _deny("You can only ask in the name of a team that you belong to.")


def check_can_change_endpoint(user: Person, endpoint: Endpoint) -> None:
    """Refuse who may not ask for a change of an endpoint: only engineers of the team that owns it."""
    roles = roles_of(user)
    if Role.ENGINEER not in roles.names or endpoint.owner_team_id not in roles.teams:
        _deny("Only engineers of the team that owns this endpoint can ask for a change of it.")


def can_change_endpoint(user: Person, endpoint: Endpoint) -> bool:
    """Tell whether a person may ask for a change of an endpoint."""
    return _answers(check_can_change_endpoint, user, endpoint)


def check_can_edit_bundle(user: Person, bundle: Bundle) -> None:
    """Refuse who may not edit or remove a bundle: only engineers of the team that owns it."""
    roles = roles_of(user)
    if Role.ENGINEER not in roles.names or bundle.owner_team_id not in roles.teams:
        _deny("Only engineers of the team that owns this bundle edit it. Make one of your own.")


def can_edit_bundle(user: Person, bundle: Bundle) -> bool:
    """Tell whether a person may edit or remove a bundle."""
    return _answers(check_can_edit_bundle, user, bundle)


def can_see(user: Person, *, account: int, team: int, requester: int | None = None) -> bool:
    """Tell whether a person may see an endpoint or a request, by ids: `models.visibility` for rows read already."""
    roles = roles_of(user)
    if user.is_superuser or roles.names & set(SEES_ALL):
        return True
    own = requester is not None and requester == user.pk
    return own or team in roles.teams or account in roles.approver_of


def check_can_decide(user: Person, request: EndpointRequest) -> None:
    """Refuse who may not review a request: only approvers of its account, and never its requester."""
    if user.pk == request.requester_id:
        _deny("You asked for this yourself; somebody else has to decide.")
    if request.account_id not in roles_of(user).approver_of:
        _deny("Only approvers of this account decide on its requests.")


def can_decide(user: Person, request: EndpointRequest) -> bool:
    """Tell whether a person may review a request."""
    return _answers(check_can_decide, user, request)


def endorsement_stands(request: EndpointRequest) -> bool:
    """Tell whether a request has a first approval of somebody who may still decide on it.

    Who no longer approves for the account, or was switched off, is not one of the two people that it takes.
    """
    return request.endorsed_by is not None and can_decide(request.endorsed_by, request)


def check_can_edit(user: Person, request: EndpointRequest) -> None:
    """Refuse who may not edit or withdraw a request: only its requester, who still has to be an engineer."""
    if user.pk != request.requester_id or Role.ENGINEER not in roles_of(user).names:
        _deny("Only the requester can do this.")


def can_edit(user: Person, request: EndpointRequest) -> bool:
    """Tell whether a person may edit or withdraw a request."""
    return _answers(check_can_edit, user, request)


def check_can_retry(user: Person, request: EndpointRequest) -> None:
    """Refuse who may not retry what failed: the requester, operators and administrators may."""
    if roles_of(user).names & {Role.OPERATOR, Role.ADMINISTRATOR}:
        return
    check_can_edit(user, request)


def can_retry(user: Person, request: EndpointRequest) -> bool:
    """Tell whether a person may retry what failed."""
    return _answers(check_can_retry, user, request)


def check_can_add_use(user: Person, endpoint: Endpoint) -> None:
    """Refuse who may not add evidence of an endpoint's use: its team, its account's approvers and operators may."""
    roles = roles_of(user)
    if roles.names & {Role.OPERATOR, Role.ADMINISTRATOR} or endpoint.account_id in roles.approver_of:
        return
    if Role.ENGINEER not in roles.names or endpoint.owner_team_id not in roles.teams:
        _deny("Only engineers of the team that owns this endpoint, its account's approvers and operators add evidence.")


def can_add_use(user: Person, endpoint: Endpoint) -> bool:
    """Tell whether a person may add evidence of an endpoint's use."""
    return _answers(check_can_add_use, user, endpoint)


def check_can_remove_use(user: Person, record: UseRecord) -> None:
    """Refuse who may not remove evidence: who uploaded it, operators and administrators may."""
    if user.pk != record.uploaded_by_id and not OPERATORS.allows(user):
        _deny("Only who uploaded it and operators remove it.")


def can_remove_use(user: Person, record: UseRecord) -> bool:
    """Tell whether a person may remove evidence."""
    return _answers(check_can_remove_use, user, record)


def check_can_operate(user: Person) -> None:
    """Refuse who may not work on operations: operators and administrators may."""
    if not OPERATORS.allows(user):
        _deny(OPERATORS.reason)


def can_operate(user: Person) -> bool:
    """Tell whether a person may work on operations."""
    return _answers(check_can_operate, user)


def check_can_administer(user: Person) -> None:
    """Refuse who may not edit people, teams, roles and accounts: only administrators.

    A superuser may while no administrator exists, since somebody has to appoint the first.
    """
    if Role.ADMINISTRATOR in roles_of(user).names:
        return
    if not (user.is_active and user.is_superuser) or _an_administrator_exists():
        _deny("Only administrators edit people, teams, roles and accounts.")


def can_administer(user: Person) -> bool:
    """Tell whether a person may edit people, teams, roles and accounts."""
    return _answers(check_can_administer, user)


def check_can_check_accounts(user: Person) -> None:
    """Refuse who may not have an account checked: operators and administrators may."""
    if not OPERATORS.allows(user):
        _deny("Only operators and administrators have an account checked.")


def can_check_accounts(user: Person) -> bool:
    """Tell whether a person may have an account checked."""
    return _answers(check_can_check_accounts, user)


def check_can_refresh_inventory(user: Person) -> None:
    """Refuse who may not have AWS read again: whoever asks for, decides on or operates changes may."""
    if not CHANGERS.allows(user):
        _deny(CHANGERS.reason)


def can_refresh_inventory(user: Person) -> bool:
    """Tell whether a person may have AWS read again."""
    return _answers(check_can_refresh_inventory, user)


def _an_administrator_exists() -> bool:
    return RoleAssignment.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True).exists()
