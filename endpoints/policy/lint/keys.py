"""Checks condition keys against AWS's reference: that they exist, that the actions carry them, and their type."""

from __future__ import annotations

import itertools
import re

from endpoints.policy import reference
from endpoints.policy.global_keys import SYSTEM_IDENTIFIERS, ConditionKey
from endpoints.policy.globs import is_wild
from endpoints.policy.lint.actions import Reach
from endpoints.policy.lint.model import Policy, Statement, Test
from endpoints.policy.lint.report import listed, quoted
from endpoints.policy.lint.resources import check_account
from endpoints.policy.words import ValueKind

_CHARACTERS = re.compile(r"\$\{[*?$]\}")
_WILD = re.compile(r"[*?]+")
_NEEDED = 6
_ASKED_BY = 8  # services whose keys a statement may borrow; no statement that means something names more
_NOUN: dict[ValueKind, str] = {
    "string": "a string",
    "number": "a number",
    "date": "a date",
    "boolean": "true or false",
    "binary": "binary",
    "address": "an address",
    "arn": "an ARN",
}
_OPERATOR: dict[ValueKind, str] = {
    "string": "StringEquals",
    "number": "NumericEquals",
    "date": "DateLessThan",
    "boolean": "Bool",
    "binary": "BinaryEquals",
    "address": "IpAddress",
    "arn": "ArnLike",
}


def check_tests(policy: Policy, statement: Statement, reach: Reach) -> None:
    """Report what is odd about the keys of a statement's Condition, their operators and values."""
    asked_by = reach.prefixes[:_ASKED_BY]
    for test in statement.tests:
        if policy.report.full:
            return
        key = reference.condition_key(test.key, asked_by)
        if key is None:
            _unknown(policy, test, asked_by)
        else:
            _check_carried(policy, reach, test, key)
            _check_set(policy, statement, test, key)
            _check_kind(policy, test, key)
        if policy.at_endpoint:
            _check_identifier(policy, test)
            _check_wildcards(policy, test)
        if test.operator.name.startswith(("StringEquals", "StringNotEquals")):
            _check_equals(policy, test)
        elif test.operator.kind == "arn" and policy.at_endpoint:
            for node, text in zip(test.values, test.texts, strict=True):
                check_account(policy, node, text)


def _unknown(policy: Policy, test: Test, asked_by: tuple[str, ...]) -> None:
    if "." in test.key.partition(":")[0]:
        return  # of an identity provider, which has keys of its own
    meant = reference.nearest_key(test.key, asked_by) if policy.report.guesses.take(1) else None
    cure = f'Write "{meant}".' if meant else "See the condition keys of the service in AWS's guide."
    policy.report.add("key-unknown", test.node, f"AWS knows no condition key {quoted(test.name)}.", cure)


def _check_carried(policy: Policy, reach: Reach, test: Test, key: ConditionKey) -> None:
    """Report a key of a service that the listed actions don't carry."""
    if reach.whole or not reach.entries or reference.global_key(test.key) or test.key.startswith("aws:"):
        return
    name = key.name.lower()
    without = []
    for entry in reach.entries:
        if not policy.report.work.take(10 * len(entry.actions)):
            return
        if not any(name in entry.service.keys_of(action) for action in entry.actions):
            without.append(str(entry.node.value))
    if len(without) == len(reach.entries):
        message = f"{listed(without)} {'carry' if len(without) > 1 else 'carries'} no {test.name}."
        cure = "Use a key of these actions, or give the actions that carry it a statement of their own."
        policy.report.add("key-not-carried", test.node, message, cure)
    elif without and test.certain:
        message = f"{listed(without)} {'carry' if len(without) > 1 else 'carries'} no {test.name}: never matched here."
        cure = (
            f"Give {'them' if len(without) > 1 else 'it'} a statement of {'their' if len(without) > 1 else 'its'} own."
        )
        policy.report.add("key-partial", test.node, message, cure)


def _check_set(policy: Policy, statement: Statement, test: Test, key: ConditionKey) -> None:
    """Report a set operator that is missing, not needed, or true of requests without the key."""
    operator = test.operator
    if operator.name == "Null":
        return
    if key.many and not operator.set_operator:
        policy.report.add(
            "set-operator-missing",
            test.node,
            f"{key.name} comes with several values; without a set operator it does not match.",
            f'Write "ForAnyValue:{operator.name}".',
        )
    elif operator.set_operator and not key.many:
        note = ", and ForAllValues is true where it is absent" if operator.set_operator == "ForAllValues" else ""
        policy.report.add(
            "set-operator-single",
            test.node,
            f"{test.name} has one value{note}.",
            f'Write "{operator.name}".',
        )
    elif operator.set_operator == "ForAllValues" and statement.effect == "Allow" and not _present(statement, test.key):
        policy.report.add(
            "for-all-values",
            test.node,
            f"ForAllValues is true of requests without {test.name}, so this allows them too.",
            f'Add "Null": {{ "{key.name}": "false" }} to the Condition.',
        )


def _present(statement: Statement, key: str) -> bool:
    return any(
        other.operator.name == "Null" and other.key == key and [text.lower() for text in other.texts] == ["false"]
        for other in statement.tests
    )


def _check_kind(policy: Policy, test: Test, key: ConditionKey) -> None:
    """Report an operator of another type than the key's. ARNs are strings too."""
    kind = test.operator.kind
    if kind == "null" or kind in key.kinds:
        return
    if {kind, key.kinds[0]} == {"string", "arn"} and (kind == "string" or test.key.endswith("arn")):
        return
    if kind == "number" and test.key in SYSTEM_IDENTIFIERS and policy.at_endpoint:
        return  # said by another rule
    wanted = _OPERATOR[key.kinds[0]]
    policy.report.add(
        "operator-type",
        test.node,
        f"{test.name} is {_NOUN[key.kinds[0]]}; {test.operator.name} compares {_NOUN[kind]}.",
        f"Use an operator such as {wanted}.",
    )


def _check_identifier(policy: Policy, test: Test) -> None:
    """Report wildcards and numeric operators on an identifier that AWS makes up."""
    if test.key not in SYSTEM_IDENTIFIERS:
        return
    if test.operator.kind == "number":
        policy.report.add(
            "identifier-wildcard",
            test.node,
            f"{test.name} is an identifier; endpoint policies take no numeric operator on it.",
            "Use StringEquals.",
        )
    elif "Like" in test.operator.name:
        for node, text in zip(test.values, test.texts, strict=True):
            if is_wild(_CHARACTERS.sub("", text)):
                policy.report.add(
                    "identifier-wildcard",
                    node,
                    f"{test.name} takes no wildcards in an endpoint policy.",
                    "Write the whole id with StringEquals; list several ids if several are meant.",
                )


def _check_wildcards(policy: Policy, test: Test) -> None:
    """Report a wildcard that has fewer than six characters on both sides."""
    if test.operator.name not in ("StringLike", "StringNotLike") or test.key in SYSTEM_IDENTIFIERS:
        return
    for node, text in zip(test.values, test.texts, strict=True):
        pieces = [len(piece) for piece in _WILD.split(_CHARACTERS.sub("c", text))]
        if any(max(before, after) < _NEEDED for before, after in itertools.pairwise(pieces)):
            policy.report.add(
                "wildcard-short",
                node,
                f"A wildcard of {quoted(text)} has fewer than six characters before and after it.",
                "Write more of the value beside the wildcard, or remove the condition.",
            )


def _check_equals(policy: Policy, test: Test) -> None:
    """Report wildcards that an exact comparison takes literally."""
    for node, text in zip(test.values, test.texts, strict=True):
        if is_wild(_CHARACTERS.sub("", text)):
            wanted = test.operator.name.replace("IgnoreCase", "").replace("Equals", "Like")
            policy.report.add(
                "equals-wildcard",
                node,
                f"{test.operator.name} takes the wildcard in {quoted(text)} literally.",
                f'Use "{wanted}" if it is meant as one.',
            )
