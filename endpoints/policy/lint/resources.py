"""Checks resources: the form of their account, and whether the listed actions act on them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from endpoints.policy.globs import is_wild
from endpoints.policy.lint.actions import Named, Reach
from endpoints.policy.lint.model import Policy, Statement
from endpoints.policy.lint.report import Report, listed
from endpoints.policy.nodes import Scalar
from endpoints.policy.reference import ResourceType, WrittenArn

_ACCOUNT = re.compile(r"[0-9]{12}|aws|\*|\?{12}|")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_OVERLAP_COST = 20
_MANY = 400  # a wildcard over more types than that says nothing that could be wrong


def check_accounts(policy: Policy, statement: Statement) -> None:
    """Report ARNs whose account part is neither an id nor one wildcard."""
    for node in statement.resources:
        check_account(policy, node, str(node.value))


def check_account(policy: Policy, node: Scalar, text: str) -> None:
    """Report an ARN, of a resource or a condition, whose account part is neither an id nor one wildcard."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or "${" in "".join(parts[:5]):
        return
    account = parts[4]
    if _ACCOUNT.fullmatch(account):
        return
    if is_wild(account):
        policy.report.add(
            "arn-account",
            node,
            f"The account part {account[:40]} mixes characters and wildcards.",
            "Write the whole account id, or * alone.",
        )
    else:
        policy.report.add(
            "arn-account", node, f"{account[:40]} is no account id: one has 12 digits.", "Write the whole account id."
        )


def check_resources(policy: Policy, statement: Statement, reach: Reach) -> None:
    """Report resources that no listed action acts on, and actions that act on none of the resources."""
    if not statement.sound or reach.whole or statement.not_resource or not reach.entries:
        return
    texts = [_pattern(str(node.value), variables=policy.variables) for node in statement.resources]
    if any(not text.strip("*") or not text.startswith("arn:") for text in texts):
        return  # all resources, or a variable that stands for a whole ARN
    types = _types(reach.entries)
    if len(types) > _MANY:
        return
    hit: set[tuple[str, str]] = set()
    unmatched: list[Scalar] = []
    for node, text in zip(statement.resources, texts, strict=True):
        found = _matched(policy.report, types, text)
        if found is None:
            return
        hit |= found
        if not found:
            unmatched.append(node)
    if types:
        for node in unmatched:
            _report_resource(policy.report, node, reach.entries)
    if not types or len(unmatched) < len(statement.resources):
        _check_entries(policy.report, reach.entries, hit)


def _pattern(text: str, *, variables: bool) -> str:
    """Return a resource as a pattern; a variable may stand for anything, `${*}` for the character."""
    if "${" not in text or not variables:
        return text
    return _VARIABLE.sub(lambda match: "?" if match[1] in ("*", "?", "$") else "*", text)


def _types(entries: Iterable[Named]) -> dict[tuple[str, str], ResourceType]:
    return {
        (entry.service.prefix, name): entry.service.types[name]
        for entry in entries
        for action in entry.actions
        for name in action.types
    }


def _matched(report: Report, types: dict[tuple[str, str], ResourceType], text: str) -> set[tuple[str, str]] | None:
    """Return the types that the resource may be of; None when telling would take too long."""
    arn = WrittenArn.of(text)
    service = text.split(":", 3)[2] if text.count(":") > 2 else ""
    candidates = [(key, kind) for key, kind in types.items() if kind.service == service]
    if not report.work.take((_OVERLAP_COST + 3 * len(text)) * len(candidates)):
        return None
    return {key for key, kind in candidates if kind.may_be(arn)}


def _report_resource(report: Report, node: Scalar, entries: list[Named]) -> None:
    names = [str(entry.node.value) for entry in entries]
    report.add(
        "resource-unmatched",
        node,
        f"{listed(names)} {'act' if len(names) > 1 else 'acts'} on no such resource.",
        f"Write an ARN such as {_example(_types(entries).values(), str(node.value))}.",
    )


def _example(types: Iterable[ResourceType], like: str) -> str:
    """Return the ARN, of those that fit, that is most like the one that was written."""
    arns = [_readable(kind.arn) for kind in types]
    return max(arns, key=lambda arn: (_alike(arn, like), -len(arn)))


def _alike(first: str, second: str) -> int:
    """Return how many characters two texts begin with alike."""
    shorter = min(len(first), len(second))
    return next((at for at in range(shorter) if first[at] != second[at]), shorter)


def _check_entries(report: Report, entries: list[Named], hit: set[tuple[str, str]]) -> None:
    for entry in entries:
        types = {(entry.service.prefix, name) for action in entry.actions for name in action.types}
        if types & hit:
            continue
        name = str(entry.node.value)
        if not types:
            message = f"{name} acts on no resource in particular: only Resource * covers it."
            cure = 'Give it a statement of its own with "Resource": "*".'
        else:
            arn = _example((entry.service.types[name] for _, name in types), "arn:aws:" + entry.service.prefix)
            message = f"{name} acts on none of the resources of this statement."
            cure = f"Add a resource such as {arn}, or remove the action."
        report.add("action-unmatched", entry.node, message, cure)


def _readable(arn: str) -> str:
    """Return an ARN of the reference as one writes it: `arn:aws:s3:::BucketName`."""
    return _VARIABLE.sub(lambda match: "aws" if match[1] == "Partition" else match[1], arn)
