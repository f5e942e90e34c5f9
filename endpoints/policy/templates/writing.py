"""How templates write statements and the requests that prove them, and who "we" are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from types import MappingProxyType

from endpoints.policy.evaluate.request import Request
from endpoints.policy.templates.kinds import ACCOUNT, ORGANISATION, ROLE, Place
from endpoints.policy.templates.model import Expected, Json, Parameter, ParameterError, Problem, Statement, Values

PRIVATELINK = "AWS PrivateLink guide, “Control access to VPC endpoints using endpoint policies”"
GLOBAL_KEYS = "IAM user guide, “AWS global condition context keys”"

OUR_ORGANISATION = Parameter(
    "organization",
    "Our organisation",
    "The AWS Organizations id, such as o-exampleorgid. Left out, the accounts count.",
    ORGANISATION,
    ("o-exampleorgid",),
    required=False,
)
OUR_ACCOUNTS = Parameter(
    "accounts",
    "Our accounts",
    "Whose principals may use the endpoint, if no organisation is given. Left out: the endpoint's own account.",
    ACCOUNT,
    ("111122223333",),
    many=True,
    required=False,
)
OUR_ROLES = Parameter(
    "roles",
    "Only these roles",
    "Left out, every principal of ours. Their sessions count as the role.",
    ROLE,
    ("payments-app",),
    many=True,
    required=False,
)
WHO = (OUR_ORGANISATION, OUR_ACCOUNTS, OUR_ROLES)
"""The parameters that say who may use the endpoint."""

_STRANGER = 999988887777
AWS_OWNER = "444455556666"
"""Stands for an account of AWS in requests."""
_AWS_ORGANISATION = "o-awsitself000"
_STRANGE_ORGANISATION = "o-strangers000"

NOTHING: Mapping[str, str] = MappingProxyType({})

Condition = Mapping[str, Mapping[str, "str | Sequence[str]"]]


def allow(sid: str, actions: Sequence[str], resources: Sequence[str], condition: Condition | None = None) -> Statement:
    """Return a statement that allows; one value stands without a list."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": short(actions),
        "Resource": short(resources),
    }
    if condition:
        statement["Condition"] = {
            operator: {key: short(values) for key, values in keys.items()} for operator, keys in condition.items()
        }
    return statement


def short(values: str | Sequence[str]) -> Json:
    """Return one value by itself, and several as a list."""
    if isinstance(values, str):
        return values
    return values[0] if len(values) == 1 else [*values]


def our_principals(values: Values, place: Place) -> dict[str, dict[str, str | Sequence[str]]]:
    """Return the condition that lets only our principals through.

    Raises ParameterError for a role of an account that isn't ours: both conditions together would let nobody through.
    """
    condition: dict[str, dict[str, str | Sequence[str]]] = {"StringEquals": {}}
    if organisation := values.one("organization"):
        condition["StringEquals"]["aws:PrincipalOrgID"] = organisation
    else:
        condition["StringEquals"]["aws:PrincipalAccount"] = our_accounts(values, place)
    if roles := values.all("roles"):
        if not values.one("organization"):
            _refuse_strange(roles, our_accounts(values, place))
        condition["ArnEquals"] = {"aws:PrincipalArn": roles}
    return condition


def _refuse_strange(roles: Sequence[str], accounts: Sequence[str]) -> None:
    for role in roles:
        account = role.split(":")[4]
        if account not in accounts:
            message = f"The role {role} is in account {account}, which isn't one of ours."
            raise ParameterError((Problem("roles", message, "Add the account to ours, or name a role of ours."),))


def our_resources(values: Values, place: Place) -> dict[str, str | Sequence[str]]:
    """Return the keys of a StringEquals that holds for our resources only."""
    if organisation := values.one("organization"):
        return {"aws:ResourceOrgID": organisation}
    return {"aws:ResourceAccount": our_accounts(values, place)}


def our_accounts(values: Values, place: Place) -> tuple[str, ...]:
    """Return the accounts whose principals are ours when no organisation is given."""
    return values.all("accounts") or (place.account,)


def stranger(values: Values, place: Place) -> str:
    """Return an account that is neither ours nor trusted."""
    known = {*our_accounts(values, place), *values.all("trusted_accounts")}
    return next(account for number in count(_STRANGER) if (account := str(number)) not in known)


# --- Requests --------------------------------------------------------------------------------------------------
def by_us(values: Values, place: Place, action: str, resource: str, more: Mapping[str, str] = NOTHING) -> Request:
    """Return a request that one of our principals makes to a resource of ours."""
    account = our_accounts(values, place)[0]
    organisation = values.one("organization") or "o-exampleorgid"
    context = {"aws:PrincipalOrgID": organisation, "aws:ResourceOrgID": organisation}
    role = values.one("roles")
    if role:
        account = role.split(":")[4]
        context["aws:PrincipalArn"] = role
    name = role.rpartition("/")[2] if role else "payments-app"
    principal = f"arn:{place.partition}:sts::{account}:assumed-role/{name}/i-0123456789abcdef0"
    return _request(principal, action, resource, account, {**context, **more})


def by_stranger(values: Values, place: Place, action: str, resource: str, more: Mapping[str, str] = NOTHING) -> Request:
    """Return a request that somebody else's principal makes to a resource of ours."""
    organisation = values.one("organization") or "o-exampleorgid"
    context = {"aws:PrincipalOrgID": _STRANGE_ORGANISATION, "aws:ResourceOrgID": organisation}
    principal = f"arn:{place.partition}:iam::{stranger(values, place)}:user/mallory"
    owner = our_accounts(values, place)[0]
    return _request(principal, action, resource, owner, {**context, **more})


def to_stranger(values: Values, place: Place, action: str, resource: str) -> Request:
    """Return a request that one of our principals makes to somebody else's resource."""
    request = by_us(values, place, action, resource)
    context = {**request.context, "aws:ResourceOrgID": _STRANGE_ORGANISATION}
    return Request(request.principal, action, resource, stranger(values, place), context)


def to_aws(values: Values, place: Place, action: str, resource: str, owner: str = AWS_OWNER) -> Request:
    """Return a request that one of our principals makes to a resource that AWS owns."""
    request = by_us(values, place, action, resource)
    context = {**request.context, "aws:ResourceOrgID": _AWS_ORGANISATION}
    return Request(request.principal, action, resource, owner, context)


def by_nobody(action: str, resource: str, owner: str, more: Mapping[str, str] = NOTHING) -> Request:
    """Return a request without credentials, as a package manager makes them."""
    return Request("*", action, resource, owner, more)


def yes(request: Request, why: str) -> Expected:
    """Expect the request to be allowed."""
    return Expected(request, True, why)


def no(request: Request, why: str) -> Expected:
    """Expect the request to be denied."""
    return Expected(request, False, why)


def _request(principal: str, action: str, resource: str, owner: str, context: dict[str, str]) -> Request:
    parts = resource.split(":")
    told = parts[4] if len(parts) > 4 and parts[4].isdigit() else owner
    return Request(principal, action, resource, told, context)
