"""The words of the policy language: element names, versions and condition operators.

From the IAM user guide's "JSON policy elements" reference; the operator table also says what its values are.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

VERSIONS = ("2012-10-17", "2008-10-17")
"""Newest first. Without one, AWS reads a document as 2008-10-17, in which `${…}` is literal text."""

POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"),
    "Condition",
)
EFFECTS = ("Allow", "Deny")
PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
SET_OPERATORS = ("ForAllValues", "ForAnyValue")

NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
"""How a condition's value writes a number: an integer or decimal."""

ValueKind = Literal["string", "number", "date", "boolean", "binary", "address", "arn", "null"]

OPERATORS: dict[str, ValueKind] = {
    **dict.fromkeys(
        (
            *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
            *("StringLike", "StringNotLike"),
        ),
        "string",
    ),
    **dict.fromkeys(
        (
            *("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals"),
            *("NumericGreaterThan", "NumericGreaterThanEquals"),
        ),
        "number",
    ),
    **dict.fromkeys(
        (
            *("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals"),
            *("DateGreaterThan", "DateGreaterThanEquals"),
        ),
        "date",
    ),
    "Bool": "boolean",
    "BinaryEquals": "binary",
    "IpAddress": "address",
    "NotIpAddress": "address",
    **dict.fromkeys(("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"), "arn"),
    "Null": "null",
}


class Operator(NamedTuple):
    """A condition operator taken apart: `ForAnyValue:StringLikeIfExists` has all three parts."""

    set_operator: str | None
    name: str
    if_exists: bool

    @property
    def kind(self) -> ValueKind:
        """What its values are."""
        return OPERATORS[self.name]


def operator(text: str) -> Operator | None:
    """Take an operator apart; None for a word that is none. `Null` takes no IfExists."""
    head, colon, tail = text.rpartition(":")
    if colon and head not in SET_OPERATORS:
        return None
    if_exists = tail.endswith("IfExists")
    name = tail.removesuffix("IfExists")
    if name not in OPERATORS or (name == "Null" and (if_exists or colon)):
        return None
    return Operator(head or None, name, if_exists)


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """Return the known word that the given one most likely means, letter case aside."""
    from difflib import get_close_matches  # seldom needed, and slow to import

    lowered = {name.lower(): name for name in known}
    found = get_close_matches(word[:64].lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def nearest_operator(word: str) -> str | None:
    """Return the operator that a misspelt one most likely means, with its set operator and IfExists."""
    head, colon, tail = word[:128].rpartition(":")
    suffix = "IfExists" if tail.lower().endswith("ifexists") else ""
    name = nearest(tail[: len(tail) - len(suffix)], tuple(OPERATORS))
    set_operator = nearest(head, SET_OPERATORS) if colon else None
    if name is None or (colon and set_operator is None):
        return None
    if name == "Null":
        return name
    return (f"{set_operator}:" if set_operator else "") + name + suffix
