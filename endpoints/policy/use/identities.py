"""From CloudTrail's userIdentity to the principal of a request.

Source: CloudTrail user guide, “CloudTrail userIdentity element”.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
# The characters of names and paths (IAM API reference): others would make a policy that nobody can store or send.
_ARN = re.compile(r"arn:[a-z0-9-]+:(?:iam|sts)::[0-9]{12}:[!-~]+")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?", re.ASCII)
_UNAUTHENTICATED = ("WebIdentityUser", "SAMLUser")


class Identity(NamedTuple):
    """Who called: `principal` as a request has it, its role's ARN (else ""), and what is not known about it."""

    principal: str
    role: str = ""
    unsure: str = ""

    @property
    def account(self) -> str:
        """The caller's account; empty for services of AWS and for nobody."""
        if _ACCOUNT.fullmatch(self.principal):
            return self.principal
        parts = self.principal.split(":")
        return parts[4] if len(parts) > 5 else ""


def identity_of(element: Mapping[str, Any]) -> Identity | None:
    """Return who called; None if the element doesn't tell."""
    kind, arn, account = (_text(element, name) for name in ("type", "arn", "accountId"))
    if kind == "AWSService" or (not arn and not account and _text(element, "invokedBy")):
        service = _text(element, "invokedBy")
        return Identity(service) if _SERVICE.fullmatch(service) else None
    if kind in _UNAUTHENTICATED or account.lower() in ("anonymous", "anonymous_principal"):
        return Identity("*")
    if kind == "AssumedRole" and _ARN.fullmatch(arn):
        return Identity(arn, _issuer(element))
    if kind == "FederatedUser" and not arn and account:
        return Identity(account, unsure="The federated user is not named.")
    if _ARN.fullmatch(arn):
        return Identity(arn, arn if kind == "Role" or ":role/" in arn else "")
    if _ACCOUNT.fullmatch(account):
        return Identity(account, unsure="Only the caller's account is recorded.")
    return None


def _issuer(element: Mapping[str, Any]) -> str:
    """Return the role's ARN, with its path, of which a session's ARN doesn't tell."""
    context = element.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, dict) else None
    arn = _text(issuer, "arn") if isinstance(issuer, dict) else ""
    return arn if ":role/" in arn and _ARN.fullmatch(arn) else ""


def _text(element: Mapping[str, Any], name: str) -> str:
    value = element.get(name)
    return value if isinstance(value, str) else ""
