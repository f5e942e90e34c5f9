"""Checks the policy as a whole: what it lets through in the end, and whether its endpoint takes it."""

from __future__ import annotations

import re

from endpoints.policy.document import MAX_CHARACTERS, minified
from endpoints.policy.global_keys import BOUNDARY_KEYS
from endpoints.policy.lint.model import Policy, Statement, Test
from endpoints.policy.nodes import Node, Scalar

_NEAR = 0.9
_ACCOUNT = re.compile(r"[0-9]{12}")
_NAME = re.compile(r"[^*?${/:]{3,}")  # a bucket's name or so much of one that it isn't anybody's


def check_whole(policy: Policy) -> None:
    """Report what the document as a whole lets through, and what keeps it from being used."""
    report, document = policy.report, policy.report.document
    statements = document.root.get("Statement")
    if not policy.takes_policy:
        report.add(
            "policy-not-taken",
            document.root,
            f"{policy.service_name or 'This service'} takes no endpoint policy; access through it is always full.",
            "Choose full access.",
        )
    # The minified text is no longer than the text, and seldom asked for.
    if len(document.text) > _NEAR * MAX_CHARACTERS and (size := len(minified(document))) > _NEAR * MAX_CHARACTERS:
        report.add(
            "size-near",
            document.root,
            f"The policy has {size:,} of {MAX_CHARACTERS:,} characters.",
            "Join statements, or use wildcards in place of long lists.",
        )
    if statements is None or not policy.statements:
        return
    if all(item.effect == "Deny" for item in policy.statements):
        report.add(
            "nothing-allowed",
            statements,
            "No statement allows anything.",
            "Add a statement with Allow, or all is denied.",
        )
    if allows_everything(policy.statements):
        _report_full(policy, statements)
    elif policy.at_endpoint:
        _check_boundary(policy)


def allows_everything(statements: list[Statement]) -> bool:
    """Tell whether one statement allows anyone anything, and none denies."""
    return any(item.effect == "Allow" and item.sound and _everything(item) for item in statements) and not any(
        item.effect == "Deny" for item in statements
    )


def _everything(item: Statement) -> bool:
    return (
        item.anyone
        and not (item.not_principal or item.not_action or item.not_resource or item.tests)
        and _has_star(item.actions, ("*", "*:*"))
        and _has_star(item.resources, ("*",))
    )


def _has_star(nodes: object, stars: tuple[str, ...]) -> bool:
    return any(isinstance(node, Scalar) and node.value in stars for node in nodes)  # type: ignore[attr-defined]


def _report_full(policy: Policy, place: Node) -> None:
    if policy.protected:
        policy.report.add(
            "protected-full-access",
            place,
            "This account is protected: no endpoint of it gets full access.",
            "Name the principals, actions or resources that the workload needs.",
        )
    else:
        policy.report.add(
            "full-access",
            place,
            "This policy lets anyone do anything through the endpoint.",
            "Name the principals, actions or resources that the workload needs, if you can.",
        )


# --- The boundary of one's own -----------------------------------------------------------------
def _check_boundary(policy: Policy) -> None:
    """Report each Allow for anyone on anything of anybody's, unless a Deny draws the boundary for all."""
    if any(_denies_others(item) for item in policy.statements):
        return
    for item in policy.statements:
        if item.effect != "Allow" or not item.named_principal or not item.anyone or not item.sound:
            continue
        if any(_bounds(test) for test in item.tests) or _own_resources(item):
            continue
        effect = item.node.get("Effect")
        policy.report.add(
            "boundary-missing",
            effect or item.node,
            "Anyone's credentials and anyone's resources: nothing keeps this within your organisation or accounts.",
            'Add "StringEquals": { "aws:PrincipalOrgID": "o-…", "aws:ResourceOrgID": "o-…" } to its Condition.',
        )


def _bounds(test: Test) -> bool:
    """Tell whether a test lets only one's own pass: a positive operator on a key that says whose something is."""
    if test.key not in BOUNDARY_KEYS or test.negated or test.operator.if_exists:
        return False
    if test.operator.name == "Null" or not test.texts:
        return False
    return all(_is_ours(test, text) for text in test.texts)


def _is_ours(test: Test, text: str) -> bool:
    """Tell whether a value of such a key stands for one's own, as far as can be told: not for anybody's."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"  # aws:PrincipalIsAWSService false is everybody else
    if test.key == "aws:principalarn":
        return _ACCOUNT.search(text) is not None  # a role's name alone is one of any account
    return bool(text.strip("*?"))


def _own_resources(item: Statement) -> bool:
    """Tell whether all resources are named: their account, or as the names of buckets are unique, their bucket."""
    if item.not_resource:
        return False
    return bool(item.resources) and all(_is_named(str(node.value)) for node in item.resources)


def _is_named(text: str) -> bool:
    parts = text.split(":", 5)
    if len(parts) < 6:
        return False
    if _ACCOUNT.fullmatch(parts[4]) or ":${aws:PrincipalAccount}:" in text:
        return True
    return parts[4] in ("", "aws") and parts[2] == "s3" and _NAME.match(parts[5]) is not None


def _denies_others(item: Statement) -> bool:
    """Tell whether a statement denies everything to all but one's own."""
    if item.effect != "Deny" or not item.sound or not item.anyone or item.not_principal:
        return False
    # What it spares must be named: NotAction and NotResource do that.
    actions = item.not_action or _has_star(item.actions, ("*", "*:*"))
    resources = item.not_resource or _has_star(item.resources, ("*",))
    return actions and resources and any(test.negated and test.key in BOUNDARY_KEYS for test in item.tests)
