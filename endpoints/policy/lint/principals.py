"""Checks Principal and NotPrincipal of an endpoint policy."""

from __future__ import annotations

import re

from endpoints.policy import words
from endpoints.policy.lint.model import Statement, VpcEndpointType
from endpoints.policy.lint.report import Report, quoted
from endpoints.policy.nodes import Array, Member, Node, Object, Scalar

_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL_ARN = re.compile(
    r"arn:[a-z0-9-]+:(iam::[0-9]{12}:(root|(user|role)/([!-~]+/)?[\w+=,.@-]+)"
    r"|sts::[0-9]{12}:(assumed-role/[\w+=,.@-]+|federated-user)/[\w+=,.@-]+)",
    re.ASCII,
)  # IAM's users, roles and their paths, STS's sessions: what AWS finds nobody by, it refuses
_ROOT = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):root")
_UNIQUE_ID = re.compile(r"(AIDA|AROA)[A-Z0-9]{12,}")  # what AWS shows in place of a principal that was deleted


def check_principal(
    report: Report, statement: Statement, member: Member, vpc_endpoint_type: VpcEndpointType | None
) -> None:
    """Report what an endpoint of that type would refuse, or never match, as its principal; note who is meant."""
    value = member.value
    anyone = is_anyone(value)
    statement.named_principal = True
    statement.not_principal = member.name == "NotPrincipal"
    statement.anyone = anyone
    if vpc_endpoint_type == "Gateway" and (statement.not_principal or not anyone):
        report.add(
            "gateway-principal",
            member.key if statement.not_principal else value,
            f"A gateway endpoint takes no {member.name} but *.",
            'Write "Principal": "*" and narrow it with a Condition on aws:PrincipalArn.',
        )
        return
    if isinstance(value, Scalar) and value.value == "*":
        return
    if not isinstance(value, Object):
        report.add(
            "principal-form",
            value,
            f"{member.name} is * or an object.",
            'Write "*" or { "AWS": "111122223333" }.',
        )
        return
    if not value.members:
        report.add("principal-empty", value, f"{member.name} names nobody.", 'Write "*" or { "AWS": … }.')
    names: set[str] = set()
    for kind in value.members:
        names.update(_check_kind(report, kind))
    statement.principals = frozenset(names)
    statement.anyone = "AWS *" in names


def is_anyone(node: Node) -> bool:
    """Tell whether a principal is `"*"` or `{"AWS": "*"}`, which mean the same."""
    if isinstance(node, Object) and len(node.members) == 1 and node.members[0].name == "AWS":
        node = node.members[0].value
    if isinstance(node, Array) and len(node.items) == 1:
        node = node.items[0]
    return isinstance(node, Scalar) and node.value == "*"


def _check_kind(report: Report, kind: Member) -> list[str]:
    """Return the principals of one type, each with it; an account and its root are the same."""
    if kind.name not in words.PRINCIPAL_TYPES:
        meant = words.nearest(kind.name, words.PRINCIPAL_TYPES)
        cure = f'Write "{meant}".' if meant else f"Use one of {', '.join(words.PRINCIPAL_TYPES)}."
        report.add("principal-type", kind.key, f"{quoted(kind.name)} is no type of principal.", cure)
        return []
    if kind.name != "AWS":
        report.add(
            "principal-never",
            kind.key,
            f"Endpoint policies match accounts, roles, users and sessions; {kind.name} never matches.",
            'Use "AWS", or a Condition on aws:PrincipalIsAWSService.',
        )
    nodes = report.texts(kind)
    for node in nodes:
        if kind.name == "AWS":
            _check_aws(report, node)
    return [f"{kind.name} {_named(str(node.value))}" for node in nodes]


def _named(value: str) -> str:
    """Return a principal, an account's root as the account."""
    root = _ROOT.fullmatch(value)
    return root[1] if root else value


def _check_aws(report: Report, node: Scalar) -> None:
    value = str(node.value)
    if value == "*" or _ACCOUNT.fullmatch(value) or _UNIQUE_ID.fullmatch(value):
        return
    if "*" in value or "?" in value:
        report.add(
            "principal-wildcard",
            node,
            "A principal is named whole: a wildcard inside it is not allowed.",
            'Write "*" and narrow it with a Condition: { "ArnLike": { "aws:PrincipalArn": … } }.',
        )
    elif not _PRINCIPAL_ARN.fullmatch(value):
        report.add(
            "principal-arn",
            node,
            f"{quoted(value)} is no principal.",
            "Write a 12-digit account id or an ARN such as arn:aws:iam::111122223333:role/name.",
        )
