"""Checks the variables in resources and conditions: their form, and that a request can fill them in."""

from __future__ import annotations

import re

from endpoints.policy import reference
from endpoints.policy.lint.model import Policy, Statement
from endpoints.policy.lint.report import quoted
from endpoints.policy.nodes import Scalar

_WHOLE = re.compile(r"\$\{([^}]*)(\}?)")
_CHARACTER = ("*", "?", "$")
_INSIDE = re.compile(r"(?P<key>[^\s,']+)\s*(?:,\s*'[^']*')?")


def check_variables(policy: Policy, statement: Statement) -> None:
    """Report variables that can't be read, and those of no key or of a key with several values.

    Where the Version has none, nothing is said here.
    """
    if not policy.variables:
        return
    for node in statement.resources:
        _check(policy, node, str(node.value))
    for test in statement.tests:
        if test.operator.kind in ("string", "arn", "boolean"):
            for node, text in zip(test.values, test.texts, strict=True):
                _check(policy, node, text)


def _check(policy: Policy, node: Scalar, text: str) -> None:
    if "${" not in text:
        return
    for match in _WHOLE.finditer(text):
        if policy.report.full:
            return
        inside = match[1]
        if match[2] and inside in _CHARACTER:
            continue
        form = _INSIDE.fullmatch(inside)
        if not match[2] or form is None:
            policy.report.add(
                "variable-form",
                node,
                f"{quoted(match[0])} is no variable.",
                "Write ${aws:PrincipalAccount}, or ${aws:PrincipalTag/team, 'none'} with a default.",
            )
        else:
            _check_key(policy, node, form["key"])


def _check_key(policy: Policy, node: Scalar, name: str) -> None:
    key = reference.condition_key(name)
    if key is None and "." in name.partition(":")[0]:
        return  # of an identity provider
    if key is None:
        meant = reference.nearest_key(name) if policy.report.guesses.take(1) else None
        cure = f"Write ${{{meant}}}." if meant else "Write a condition key, such as ${aws:PrincipalAccount}."
        policy.report.add("variable-unknown", node, f"AWS knows no key {quoted(name)} to fill in.", cure)
    elif key.many:
        policy.report.add(
            "variable-unknown",
            node,
            f"{key.name} has several values, and a variable takes one.",
            "Use a key with one value.",
        )
