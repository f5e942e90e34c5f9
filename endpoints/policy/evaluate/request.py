"""A request as policies see it, and who makes it.

Sources: IAM user guide, "IAM identifiers" (forms of ARNs) and "AWS global condition context keys" (which keys
follow from the caller and the resource).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Value: TypeAlias = "str | tuple[str, ...]"
Kind = Literal["anonymous", "root", "user", "role", "session", "federated", "service", "other"]

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?|[a-z0-9-]+\.(aws\.)?internal", re.ASCII)
_PRINCIPAL_TYPE: dict[Kind, str] = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "session": "AssumedRole",
    "federated": "FederatedUser",
}
_ARN_PARTS = 6
_LONGEST_SHOWN = 200


def cut(text: str) -> str:
    """Return a text at a length that a person can read."""
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True)
class Request:
    """One call to AWS.

    `principal` is the ARN of a user, role, session (`sts` assumed-role or federated-user) or root, an account id
    (which means its root), the name of a service such as `s3.amazonaws.com`, or `*` for an anonymous caller.
    `action` is `s3:GetObject`, in any letter case. `resource` is an ARN, or `*` for actions without one.
    `resource_account` is the account that owns the resource, where its ARN doesn't say (S3).
    `context` holds the condition keys, in any letter case; a tuple is a multi-valued key.

    Keys that follow from the rest are filled in unless the context names them: `aws:PrincipalArn` (for a session
    the ARN of its *role*), `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username` for a user,
    `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName` for a service, and `aws:ResourceAccount`.
    An anonymous caller has none of the principal's but `aws:PrincipalAccount`, which says "anonymous".
    """

    principal: str
    action: str
    resource: str
    resource_account: str | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    _facts: Facts | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def facts(self) -> Facts:
        """What all policies ask about this request, worked out once."""
        if self._facts is None:
            object.__setattr__(self, "_facts", _facts_of(self))
        assert self._facts is not None
        return self._facts


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, taken apart. Texts are empty where there is nothing to say."""

    kind: Kind
    text: str
    account: str = ""
    partition: str = ""
    name: str = ""
    """The user's name, or the role's, both without path; a session's is its role's."""
    role_arn: str = ""
    """For a role and its sessions. A session doesn't tell its role's path: it is missing here, unless
    `aws:PrincipalArn` in the request's context tells it."""
    path_known: bool = True
    """Whether `role_arn` has the role's path for certain."""

    @property
    def words(self) -> str:
        """Who calls, within a sentence."""
        return "an anonymous caller" if self.kind == "anonymous" else cut(self.text)

    @property
    def service_linked(self) -> bool:
        """Whether it is a role that a service made for itself (IAM user guide, "Service-linked roles")."""
        return bool(self.role_arn) and (
            ":role/aws-service-role/" in self.role_arn
            or (not self.path_known and self.name.startswith("AWSServiceRoleFor"))
        )

    @property
    def arn(self) -> str:
        """What `aws:PrincipalArn` is."""
        if self.kind == "root":
            return f"arn:{self.partition or 'aws'}:iam::{self.account}:root"
        return self.role_arn or (self.text if self.kind in ("user", "federated") else "")


class Facts:
    """A request prepared for many policies. Made by `Request.facts` only."""

    __slots__ = (
        *("account_assumed", "action", "caller", "context", "exempt"),
        *("request", "resource", "resource_account", "words"),
    )

    def __init__(self, request: Request, caller: Caller, context: dict[str, Value], account: str) -> None:
        self.request = request
        self.caller = caller
        self.context = context
        """By key in lower case. A key without any value is not in it."""
        self.action = request.action.lower()
        self.resource = request.resource
        self.resource_account = account
        """The owner of the resource: said, or in its ARN, or else taken to be the caller's account."""
        self.account_assumed = False
        self.exempt = caller.kind in ("anonymous", "service") or caller.service_linked
        """Whether some kinds of policy don't apply to the caller."""
        self.words = f"{cut(request.action)} on {cut(request.resource)} to {caller.words}"
        """What is asked, within a sentence."""


def caller_of(principal: str, principal_arn: str = "") -> Caller:
    """Take a principal apart. `principal_arn` is what the context says `aws:PrincipalArn` is.

    Never raises: what has no known form is of kind "other" and matches no principal but itself and `*`.
    """
    if principal == "*":
        return Caller("anonymous", principal)
    if _ACCOUNT.fullmatch(principal):
        return Caller("root", principal, account=principal)
    if _SERVICE.fullmatch(principal):
        return Caller("service", principal)
    parts = principal.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or parts[0] != "arn" or parts[2] not in ("iam", "sts"):
        return Caller("other", principal)
    _, partition, service, _, account, rest = parts
    kind, _, path = rest.partition("/")
    if service == "iam" and rest == "root":
        return Caller("root", principal, account, partition)
    if service == "iam" and kind == "user" and path:
        return Caller("user", principal, account, partition, path.rpartition("/")[2])
    if service == "iam" and kind == "role" and path:
        return Caller("role", principal, account, partition, path.rpartition("/")[2], principal)
    if service == "sts" and kind == "assumed-role" and "/" in path:
        name = path.partition("/")[0]
        head = f"arn:{partition}:iam::{account}:role/"
        told = principal_arn.startswith(head) and principal_arn[len(head) - 1 :].endswith("/" + name)
        role = principal_arn if told else head + name
        return Caller("session", principal, account, partition, name, role, path_known=told)
    if service == "sts" and kind == "federated-user" and path:
        return Caller("federated", principal, account, partition, path)
    return Caller("other", principal, account, partition)


def account_of(arn: str) -> str:
    """Return the account part of an ARN; empty where there is none, as for S3."""
    parts = arn.split(":", _ARN_PARTS - 1)
    return parts[4] if len(parts) == _ARN_PARTS and parts[0] == "arn" and _ACCOUNT.fullmatch(parts[4]) else ""


def _facts_of(request: Request) -> Facts:
    context = {name.lower(): value for name, given in request.context.items() if (value := _value(given)) is not None}
    told = context.get("aws:principalarn", "")
    caller = caller_of(request.principal, told if isinstance(told, str) else "")
    account = request.resource_account or account_of(request.resource)
    for name, value in _following(caller, account):
        if value:
            context.setdefault(name, value)
    facts = Facts(request, caller, context, account or caller.account)
    facts.account_assumed = not account
    return facts


def _value(given: object) -> Value | None:
    """Return a key's value as text; None where there is none. JSON's booleans and numbers mean their text."""
    if isinstance(given, str):
        return given
    if isinstance(given, (tuple, list, set, frozenset)):
        return tuple(text for one in given if isinstance(text := _value(one), str)) or None
    if given is None:
        return None
    return str(given).lower() if isinstance(given, bool) else str(given)


def _following(caller: Caller, resource_account: str) -> tuple[tuple[str, str], ...]:
    """Return the keys, in lower case, that follow from the caller and the resource's owner."""
    service = caller.text if caller.kind == "service" else ""
    # Every signed request says whether a service makes it: a Deny may ask for false without IfExists.
    is_service = "true" if service else "false" if caller.kind in _PRINCIPAL_TYPE else ""
    return (
        ("aws:principalarn", caller.arn),
        ("aws:principalaccount", "anonymous" if caller.kind == "anonymous" else caller.account),
        ("aws:principaltype", _PRINCIPAL_TYPE.get(caller.kind, "")),
        ("aws:username", caller.name if caller.kind == "user" else ""),
        ("aws:principalisawsservice", is_service),
        ("aws:principalservicename", service),
        ("aws:resourceaccount", resource_account),
    )
