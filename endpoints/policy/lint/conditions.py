"""Checks the Condition of a statement: operators, keys and the form of their values."""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import ip_network

from endpoints.policy import words
from endpoints.policy.lint.model import Test
from endpoints.policy.lint.report import Report, quoted
from endpoints.policy.nodes import Array, Member, Node, Object, Scalar, value_text

# An identity provider's host and path stand before its keys: oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub.
_KEY = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?:/[^\s:]*)?:[^\s].*", re.DOTALL)
_ARN_COLONS = 5
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_NO_VARIABLES: frozenset[words.ValueKind] = frozenset({"number", "date", "binary", "address", "null"})


def check_condition(report: Report, condition: Node) -> list[Test]:
    """Report what is wrong in `{operator: {key: value or values}}`; return what of it is well formed."""
    tests: list[Test] = []
    if not isinstance(condition, Object):
        report.add("condition-type", condition, "Condition is an object.", 'Write { "StringEquals": { … } }.')
        return tests
    for member in condition.members:
        operator = words.operator(member.name)
        if operator is None:
            _report_operator(report, member)
        elif not isinstance(member.value, Object):
            report.add(
                "condition-type",
                member.value,
                f"{member.name} takes an object of keys.",
                'Write { "aws:PrincipalOrgID": "o-…" }.',
            )
        else:
            for key in member.value.members:
                if test := _check_key(report, operator, key):
                    tests.append(test)
    return tests


def _report_operator(report: Report, member: Member) -> None:
    if member.name.endswith("NullIfExists"):
        cure = 'Write "Null": a key that is absent is what it asks about.'
    elif meant := words.nearest_operator(member.name):
        cure = f'Write "{meant}".'
    else:
        cure = 'Use an operator such as "StringEquals" or "ArnLike".'
    report.add("operator-unknown", member.key, f"{quoted(member.name)} is no condition operator.", cure)


def _check_key(report: Report, operator: words.Operator, member: Member) -> Test | None:
    """Return the test, unless its key or a value is malformed."""
    blocks = report.blocks
    if not _KEY.fullmatch(member.name):
        report.add(
            "condition-key",
            member.key,
            f"{quoted(member.name)} is no condition key.",
            'Write it with its prefix, such as "aws:PrincipalOrgID" or "s3:prefix".',
        )
    _warn_of_key(report, operator, member)
    values = member.value.items if isinstance(member.value, Array) else (member.value,)
    if not values:
        report.add("condition-empty", member.value, "An empty list matches no value.", "Name the values.")
    scalars: list[Scalar] = []
    texts: list[str] = []
    for value in values:
        if isinstance(value, Scalar) and value.value is not None:
            scalars.append(value)
            texts.append(value_text(value))
            _check_value(report, operator, value, texts[-1])
        else:
            report.add(
                "condition-value",
                value,
                "A condition's value is a string, number, boolean, or a list of them.",
                "Write a string.",
            )
    if report.blocks > blocks:
        return None
    return Test(operator, member.name.lower(), member.name, member.key, tuple(scalars), tuple(texts))


def _warn_of_key(report: Report, operator: words.Operator, member: Member) -> None:
    name = member.name.lower()
    if name == "aws:sourceip" and not operator.if_exists and operator.name != "Null":
        # A set operator alone says what becomes of an absent key.
        every = operator.set_operator == "ForAllValues"
        always = every if operator.set_operator else "Not" in operator.name
        report.add(
            "source-ip",
            member.key,
            "Requests through an endpoint carry no aws:SourceIp, so this condition "
            + ("is always true." if always else "is never true."),
            "Use aws:VpcSourceIp for the address inside the VPC.",
        )
    if name == "aws:sourcevpce":
        report.add(
            "source-vpce",
            member.key,
            "In an endpoint's own policy, aws:SourceVpce is always this endpoint.",
            "Remove the condition; it belongs in a bucket policy or another resource policy.",
        )


def _check_value(report: Report, operator: words.Operator, node: Scalar, text: str) -> None:
    if "${" in text and operator.kind in _NO_VARIABLES:
        report.add(
            "condition-variable",
            node,
            f"{operator.name} does not replace variables.",
            "Write the value itself.",
        )
        return
    if operator.kind == "arn" and not _is_arn(text):
        report.add(
            "condition-arn",
            node,
            f"{quoted(text)} is no ARN of six parts; {operator.name} compares nothing else.",
            "Write one such as arn:aws:iam::111122223333:role/name, with * for what doesn't matter.",
        )
    cure = _cure_for(operator.kind, text)
    if cure is not None:
        report.add("condition-value", node, f"{quoted(text)} is no value for {operator.name}.", cure)


def _cure_for(kind: words.ValueKind, text: str) -> str | None:
    """Return how to write a value of that kind; None if the text is one."""
    if kind in ("boolean", "null") and text.lower() not in ("true", "false") and "${" not in text:
        return 'Write "true" or "false".'
    if kind == "number" and not _is_number(text):
        return "Write a number."
    if kind == "date" and not (_is_number(text) or _is_date(text)):
        return "Write a date as 2026-01-31T12:00:00Z, or seconds since 1970."
    if kind == "address" and not _is_network(text):
        return "Write an address or a range such as 10.0.0.0/16."
    return None


def _is_number(text: str) -> bool:
    return words.NUMBER.fullmatch(text.strip()) is not None


def date(text: str) -> datetime:
    """Return the instant that an ISO 8601 date names, which may be a month. Raises `ValueError`."""
    return datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text.upper())


def _is_date(text: str) -> bool:
    try:
        date(text)
    except ValueError:
        return False
    return True


def _is_arn(text: str) -> bool:
    """Tell whether it has an ARN's parts, or may have them once a variable is filled in; * is any ARN."""
    return text.count(":") >= _ARN_COLONS or "${" in text or bool(text and not text.strip("*"))


def _is_network(text: str) -> bool:
    if not text.partition("/")[2].isdecimal() and "/" in text:
        return False  # a mask such as 255.0.0.0 is no CIDR notation, which AWS wants
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
