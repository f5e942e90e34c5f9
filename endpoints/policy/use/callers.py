"""Who made a request, as an endpoint policy names callers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from endpoints.policy.evaluate import Request
from endpoints.policy.use.generalise import literal

Kind = Literal["arn", "account", "service", "anonymous"]


@dataclass(frozen=True, slots=True, order=True)
class Caller:
    """A role, user or other ARN; an account; the services of AWS; or anybody.

    `organization` is set if the caller's requests carry it, so that a condition may ask for it.
    """

    kind: Kind
    name: str = ""
    organization: str = ""

    @property
    def mixes(self) -> str:
        """Callers with the same value can stand in one statement of any type of endpoint."""
        return f"{self.kind} {self.organization}"

    def of_account(self) -> Caller:
        """Return the account of a caller that is named by its ARN; others as they are."""
        return replace(self, kind="account", name=self.name.split(":")[4]) if self.kind == "arn" else self


def caller_of(request: Request, organization: str | None) -> Caller:
    """Return who made the request: the role of a session, without the session's name."""
    caller = request.facts.caller
    member = organization or ""
    if member and request.facts.context.get("aws:principalorgid") != organization:
        member = ""
    if caller.kind == "anonymous":
        return Caller("anonymous")
    if caller.kind == "service":
        return Caller("service")
    if caller.kind == "root" and request.principal == caller.account:
        return Caller("account", caller.account, member)
    return Caller("arn", caller.arn or request.principal, member)


def principal_and_condition(callers: Sequence[Caller], vpc_endpoint_type: str) -> tuple[Any, dict[str, Any]]:
    """Return a statement's Principal and Condition for callers that mix.

    An Interface endpoint takes ARNs and accounts as Principal, a Gateway endpoint only `*` (AWS PrivateLink guide).
    """
    first = callers[0]
    names = sorted(caller.name for caller in callers)
    condition: dict[str, Any] = {}
    if first.kind == "service":
        return "*", {"Bool": {"aws:PrincipalIsAWSService": "true"}}
    if first.kind == "anonymous":
        return "*", {}
    if first.organization:
        condition["StringEquals"] = {"aws:PrincipalOrgID": first.organization}
    value = names[0] if len(names) == 1 else names
    if vpc_endpoint_type == "Interface":
        return {"AWS": value}, condition
    if first.kind == "account":
        condition.setdefault("StringEquals", {})["aws:PrincipalAccount"] = value
    else:
        # A path may hold a star, which would be a wildcard here.
        arns = [literal(name) for name in names]
        condition["ArnEquals"] = {"aws:PrincipalArn": arns[0] if len(arns) == 1 else arns}
    return "*", condition
