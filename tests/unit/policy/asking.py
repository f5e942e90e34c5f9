"""Short words for tests that ask policies about requests. Not tests themselves."""

from __future__ import annotations

import json
from typing import Any

from endpoints.policy.document import parse
from endpoints.policy.evaluate import Chain, CompiledPolicy, Request, compile_policy, evaluate
from endpoints.policy.lint import lint

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/bob"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1"
OBJECT = "arn:aws:s3:::bucket/key"
NEW, OLD = "2012-10-17", "2008-10-17"


def allow(**elements: Any) -> dict[str, Any]:
    """Return a statement that allows everything but for the elements given; None leaves one out."""
    return statement("Allow", **elements)


def deny(**elements: Any) -> dict[str, Any]:
    """Return a statement that denies everything but for the elements given."""
    return statement("Deny", **elements)


def statement(effect: str, **elements: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"}
    for name in elements:
        found.pop(name.removeprefix("Not"), None)
    return {**found, **{name: value for name, value in elements.items() if value is not None}}


def text(*statements: Any, version: str | None = NEW) -> str:
    return json.dumps({**({"Version": version} if version else {}), "Statement": list(statements)})


def policy(*statements: Any, version: str | None = NEW) -> CompiledPolicy:
    return compile_policy(parse(text(*statements, version=version)))


def resource_policy(*statements: Any) -> CompiledPolicy:
    return compile_policy(parse(text(*statements)), resource_policy=True)


def request(
    principal: str = USER,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    *,
    account: str | None = ACCOUNT,
    **context: Any,
) -> Request:
    """Return a request. A context key's colon is written as two underscores: `aws__PrincipalOrgID`."""
    return Request(principal, action, resource, account, {key.replace("__", ":"): one for key, one in context.items()})


def effect(made: CompiledPolicy, asked: Request) -> str | None:
    return made.decide(asked).effect


def holds(operator: str, values: Any, *, version: str | None = NEW, key: str = "x:key", **context: Any) -> bool:
    """Tell whether an Allow with one condition matches a request; its key is `x__key`."""
    made = policy(allow(Condition={operator: {key: values}}), version=version)
    return effect(made, request(**context)) == "Allow"


def decided(asked: Request, **kinds: Any) -> tuple[str, str | None]:
    """Return the decision of a chain and the kind of policy that decided."""
    found = evaluate(asked, Chain(**kinds), explain=True)
    return found.decision, found.decided_by.policy if found.decided_by else None


def rules(document: str, *, kind: Any = "Interface") -> set[str]:
    """Return the rules that find something in a text."""
    return {found.rule for found in lint(document, vpc_endpoint_type=kind)}
