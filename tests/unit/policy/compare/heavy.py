"""Policies that fill the 20,480 characters: such as large organizations write, and such as only an attacker would."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from endpoints.policy.document import MAX_CHARACTERS, PolicyDocument, parse

Statement = dict[str, Any]
Pair = tuple[PolicyDocument, PolicyDocument]
ANYTHING: Statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
READ: Statement = {**ANYTHING, "Action": ["s3:GetObject", "s3:ListBucket"]}


def statements(make: Callable[[int], Statement], first: int = 0) -> PolicyDocument:
    """Return a policy of as many statements as fit, the first of them that of a number."""
    made: list[Statement] = []
    size = 50
    for number in range(first, first + MAX_CHARACTERS):
        statement = make(number)
        size += len(_text(statement)) + 1
        if size > MAX_CHARACTERS:
            break
        made.append(statement)
    return _document(made)


def values(make: Callable[[int], str], put: Callable[[list[str]], Statement], first: int = 0) -> PolicyDocument:
    """Return a policy of one statement with a list of as many texts as fit; `put` makes the statement of the list."""
    made: list[str] = []
    size = len(_text(put([]))) + 50
    for number in range(first, first + MAX_CHARACTERS):
        text = make(number)
        size += len(json.dumps(text)) + 1
        if size > MAX_CHARACTERS:
            break
        made.append(text)
    return _document([put(made)])


def _document(made: list[Statement]) -> PolicyDocument:
    return parse(_text({"Version": "2012-10-17", "Statement": made}))


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def when(operator: str, key: str, value: object, **more: object) -> Statement:
    """Return a statement for everything under one condition."""
    return {**ANYTHING, "Condition": {operator: {key: value}}, **more}


# --- As large organizations write them ------------------------------------------------------------------------------


def _role(number: int) -> str:
    return f"arn:aws:iam::{100_000_000_000 + number % 40}:role/team-{number}"


def _team(number: int) -> Statement:
    return {
        **READ,
        "Sid": f"Team{number}",
        "Resource": [f"arn:aws:s3:::team-{number}", f"arn:aws:s3:::team-{number}/*"],
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::111122223333:role/team-{number}"}},
    }


def _guarded(number: int) -> Statement:
    return _team(number) if number else when("Bool", "aws:SecureTransport", "false", Effect="Deny")


def _middle(number: int) -> Statement:
    return {**_team(number), "Resource": [f"arn:aws:s3:::*-team-{number}/*"]}


def _tables(number: int) -> Statement:
    tables = [f"arn:aws:dynamodb:*:*:table/team-{number}", f"arn:aws:dynamodb:*:*:table/team-{number}-*"]
    return {**_team(number), "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": tables}


def _tagged(number: int) -> Statement:
    names = {"aws:PrincipalTag/Team": f"team-{number}", "s3:prefix": f"home/{number}"}
    return {**ANYTHING, "Condition": {"StringEquals": names}}


def _lists(make: Callable[[int], str], put: Callable[[list[str]], Statement]) -> Pair:
    """Return a long list, and the same with a few entries exchanged at its ends."""
    return values(make, put), values(make, put, 3)


def large() -> Iterator[tuple[str, Pair]]:
    """Yield pairs as large as can be, of the forms that large policies have."""
    yield (
        "buckets",
        _lists(lambda number: f"arn:aws:s3:::company-data-{number}/*", lambda found: {**READ, "Resource": found}),
    )
    yield "actions", _lists(lambda number: f"s3:Get{number}", lambda found: {**READ, "Action": found})
    yield "principals", _lists(_role, lambda found: {**READ, "Principal": {"AWS": found}})
    yield "roles", _lists(_role, lambda found: when("ArnLike", "aws:PrincipalArn", found))
    yield (
        "role wildcards",
        _lists(
            lambda number: f"arn:aws:iam::*:role/team-{number}-*",
            lambda found: when("ArnLike", "aws:PrincipalArn", found),
        ),
    )
    for name, make in (("teams", _team), ("tags", _tagged), ("tables", _tables), ("shared middles", _middle)):
        yield name, (statements(make), statements(make, 1))
    yield "teams and a Deny", (statements(_team), statements(_guarded))
    yield "unlike each other", (statements(_team), statements(_tagged))


# --- As only an attacker would --------------------------------------------------------------------------------------


def _keyed(number: int) -> Statement:
    return when("StringLike", f"aws:PrincipalTag/{number}", "*a*", Resource=f"arn:aws:s3:::{number % 3}*")


def _chained(number: int) -> Statement:
    both = {f"aws:PrincipalTag/{number}": "*a*", f"aws:PrincipalTag/{number + 1}": "b"}
    return {**ANYTHING, "Effect": "Deny" if number % 2 else "Allow", "Condition": {"StringLike": both}}


def _sets(number: int) -> Statement:
    some, each = {"x:y": f"*{number}*"}, {"x:y": f"*{number % 9}*"}
    return {**ANYTHING, "Condition": {"ForAnyValue:StringLike": some, "ForAllValues:StringLike": each}}


def _negated(number: int) -> Statement:
    letter = chr(97 + number % 26)
    effect = "Deny" if number % 3 == 0 else "Allow"
    return {"Effect": effect, "Principal": "*", "NotAction": f"s3:*{letter}*", "NotResource": f"arn:aws:s3:::*{number}"}


def _networks(number: int) -> Statement:
    effect = "Deny" if number % 2 else "Allow"
    return when("NotIpAddress", "aws:VpcSourceIp", f"10.{number % 256}.0.0/{8 + number % 24}", Effect=effect)


def _accounts(number: int) -> Statement:
    pieces = {"aws:PrincipalArn": f"arn:aws:iam::*{number}*", "aws:PrincipalAccount": f"*{number}"}
    return {**ANYTHING, "Condition": {"StringLike": pieces}}


def _questions(number: int) -> str:
    return "?" * (number % 50) + "*" + "?" * (number % 31) + str(number)


_MAKERS: dict[str, Callable[[int], Statement]] = {
    "the same for anyone": lambda number: {**_tables(number), "Condition": {}},
    "crossing stars": lambda number: {**ANYTHING, "Resource": f"arn:aws:s3:::*{number % 7}*{number % 5}*{number}*"},
    "a key each": _keyed,
    "keys and Denies": _chained,
    "sets": _sets,
    "not, not": _negated,
    "variables": lambda number: {**ANYTHING, "Resource": f"arn:aws:s3:::${{aws:PrincipalTag/{number}}}/*"},
    "one variable": lambda number: {**ANYTHING, "Resource": f"arn:aws:s3:::{number}/${{aws:username}}/*"},
    "numbers": lambda number: when("NumericLessThan", "a:b", str(number)),
    "pieces of accounts": _accounts,
    "networks": _networks,
}


def hostile() -> Iterator[tuple[str, Pair]]:
    """Yield pairs that are made to cost as much as they can."""
    for name, make in _MAKERS.items():
        yield name, (statements(make), statements(make, 1))
    yield "question marks", _lists(_questions, lambda found: when("StringLike", "x:y", found))
    long = "arn:aws:s3:::" + "*a" * 9_000
    yield "one long pattern", tuple(_document([{**ANYTHING, "Resource": text}]) for text in (long, f"{long}*"))  # type: ignore[misc]
    text = "arn:aws:s3:::" + "a" * 18_000
    yield "one long text", tuple(_document([{**ANYTHING, "Resource": one}]) for one in (text, f"{text}*"))  # type: ignore[misc]
    for seed in range(2):
        chance = random.Random(seed)
        yield f"noise {seed}", (statements(_noise(chance)), statements(_noise(chance)))


_NOISY = ("StringLike", "StringNotLike", "ForAnyValue:StringLike", "ArnLike", "StringEqualsIfExists")
_NOISY_KEYS = ("aws:PrincipalArn", "aws:PrincipalTag/a", "aws:TagKeys", "x:y")


def _noise(chance: random.Random) -> Callable[[int], Statement]:
    def texts(head: str = "") -> list[str]:
        return [
            head + "".join(chance.choice("ab*?/:-") for _ in range(chance.randint(1, 25)))
            for _ in range(chance.randint(1, 3))
        ]

    def make(number: int) -> Statement:
        made = {
            "Effect": chance.choice(("Allow", "Deny")),
            chance.choice(("Action", "NotAction")): texts("s3:"),
            chance.choice(("Resource", "NotResource")): texts("arn:aws:s3:::"),
        }
        condition = {chance.choice(_NOISY): {chance.choice(_NOISY_KEYS): texts()}}
        return {**made, "Condition": condition} if chance.random() < 0.5 else made

    return make
