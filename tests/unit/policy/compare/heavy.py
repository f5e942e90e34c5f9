"""Policies that fill the 20,480 characters: such as large organizations write, and such as only an attacker would."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from endpoints.policy.document import MAX_CHARACTERS, PolicyDocument, parse

Statement = dict[str, Any]
ANYTHING: Statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def filled(make: Callable[[int], Statement], first: int = 0) -> PolicyDocument:
    """Return a policy of as many statements as fit, the first of them that of a number."""
    statements: list[Statement] = []
    size = 50
    for number in range(first, first + 5000):
        made = make(number)
        size += len(json.dumps(made, separators=(",", ":"))) + 1
        if size > MAX_CHARACTERS:
            break
        statements.append(made)
    return _document(statements)


def listing(make: Callable[[int], str], name: str, statement: Statement, first: int = 0) -> PolicyDocument:
    """Return a policy of one statement, one of whose lists has as many texts as fit."""
    texts: list[str] = []
    size = len(json.dumps(statement)) + 60
    for number in range(first, first + 20_000):
        size += len(json.dumps(make(number))) + 1
        if size > MAX_CHARACTERS:
            break
        texts.append(make(number))
    return _document([{**statement, name: texts}])


def _document(statements: list[Statement]) -> PolicyDocument:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def large() -> Iterator[tuple[str, PolicyDocument, PolicyDocument]]:
    """Yield pairs as large as can be, of the forms that large policies have, each with what was changed."""
    allow = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}

    def bucket(number: int) -> str:
        return f"arn:aws:s3:::company-data-{number}/*"

    yield "buckets", listing(bucket, "Resource", allow), listing(bucket, "Resource", allow, 3)

    def role(number: int) -> str:
        return f"arn:aws:iam::{100_000_000_000 + number % 40}:role/team-{number}"

    condition = {**allow, "Condition": {}}
    arns = [role(number) for number in range(420)]
    yield (
        "roles",
        _document([{**condition, "Condition": {"ArnLike": {"aws:PrincipalArn": arns}}}]),
        _document([{**condition, "Condition": {"ArnLike": {"aws:PrincipalArn": arns[5:]}}}]),
    )
    wild = [f"arn:aws:iam::*:role/team-{number}-*" for number in range(450)]
    yield (
        "role wildcards",
        _document([{**condition, "Condition": {"ArnLike": {"aws:PrincipalArn": wild}}}]),
        _document([{**condition, "Condition": {"ArnLike": {"aws:PrincipalArn": wild[2:]}}}]),
    )
    yield (
        "principals",
        _document([{**allow, "Principal": {"AWS": arns}}]),
        _document([{**allow, "Principal": {"AWS": arns[5:]}}]),
    )

    def team(number: int) -> Statement:
        return {
            "Sid": f"Team{number}",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::team-{number}", f"arn:aws:s3:::team-{number}/*"],
            "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::111122223333:role/team-{number}"}},
        }

    yield "teams", filled(team), filled(team, 1)

    def denied(number: int) -> Statement:
        return (
            team(number)
            if number
            else {**ANYTHING, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        )

    yield "teams and a Deny", filled(team), filled(denied)

    def middle(number: int) -> Statement:
        return {**team(number), "Resource": [f"arn:aws:s3:::*-team-{number}/*"]}

    yield "shared middles", filled(middle), filled(middle, 1)

    def tag(number: int) -> Statement:
        return {
            **ANYTHING,
            "Condition": {"StringEquals": {"aws:PrincipalTag/Team": f"team-{number}", "s3:prefix": f"home/{number}"}},
        }

    yield "tags", filled(tag), filled(tag, 1)


def hostile() -> Iterator[tuple[str, PolicyDocument, PolicyDocument]]:
    """Yield pairs that are made to cost as much as they can."""

    def stars(number: int) -> Statement:
        return {**ANYTHING, "Resource": f"arn:aws:s3:::*{number % 7}*{number % 5}*{number}*"}

    yield "crossing stars", filled(stars), filled(stars, 1)

    def keyed(number: int) -> Statement:
        return {
            **ANYTHING,
            "Condition": {"StringLike": {f"aws:PrincipalTag/{number}": "*a*", f"aws:PrincipalTag/{number + 1}": "b"}},
        }

    yield "a key each", filled(keyed), filled(keyed, 2)

    def keyed_denies(number: int) -> Statement:
        return {**keyed(number), "Effect": "Deny" if number % 2 else "Allow"}

    yield "keys and Denies", filled(keyed_denies), filled(keyed_denies, 2)

    def sets(number: int) -> Statement:
        return {
            **ANYTHING,
            "Condition": {
                "ForAnyValue:StringLike": {"x:y": f"*{number}*"},
                "ForAllValues:StringLike": {"x:y": f"*{number % 9}*"},
            },
        }

    yield "sets", filled(sets), filled(sets, 1)

    def questions(number: int) -> str:
        return "?" * (number % 50) + "*" + "?" * (number % 31) + str(number)

    values = [questions(number) for number in range(400)]
    yield (
        "question marks",
        _document([{**ANYTHING, "Condition": {"StringLike": {"x:y": values}}}]),
        _document([{**ANYTHING, "Condition": {"StringLike": {"x:y": values[1:]}}}]),
    )
    long = "*a" * 9_000
    yield (
        "one long pattern",
        _document([{**ANYTHING, "Resource": f"arn:aws:s3:::{long}"}]),
        _document([{**ANYTHING, "Resource": f"arn:aws:s3:::{long}*"}]),
    )
    yield (
        "a long text",
        _document([{**ANYTHING, "Resource": "arn:aws:s3:::" + "a" * 18_000}]),
        _document([{**ANYTHING, "Resource": "arn:aws:s3:::" + "a" * 17_999 + "*"}]),
    )

    def names(number: int) -> Statement:
        return (
            {**ANYTHING, "NotAction": f"s3:*{chr(97 + number % 26)}*{chr(97 + number // 26 % 26)}*", "Action": None}
            if False
            else {
                "Effect": "Deny" if number % 3 == 0 else "Allow",
                "Principal": "*",
                "NotAction": f"s3:*{chr(97 + number % 26)}*",
                "NotResource": f"arn:aws:s3:::*{number}",
            }
        )

    yield "not, not", filled(names), filled(names, 3)

    def variables(number: int) -> Statement:
        return {**ANYTHING, "Resource": f"arn:aws:s3:::${{aws:PrincipalTag/{number}}}/*"}

    yield "variables", filled(variables), filled(variables, 1)

    def one_variable(number: int) -> Statement:
        return {**ANYTHING, "Resource": f"arn:aws:s3:::{number}/${{aws:username}}/*"}

    yield "one variable", filled(one_variable), filled(one_variable, 1)

    def numbers(number: int) -> Statement:
        return {
            **ANYTHING,
            "Condition": {"NumericLessThan": {"a:b": str(number)}, "NumericGreaterThan": {"a:c": str(-number)}},
        }

    yield "numbers", filled(numbers), filled(numbers, 1)

    def networks(number: int) -> Statement:
        return {
            **ANYTHING,
            "Effect": "Deny" if number % 2 else "Allow",
            "Condition": {"NotIpAddress": {"aws:VpcSourceIp": f"10.{number % 256}.0.0/{8 + number % 24}"}},
        }

    yield "networks", filled(networks), filled(networks, 1)

    def accounts(number: int) -> Statement:
        return {
            **ANYTHING,
            "Condition": {
                "StringLike": {"aws:PrincipalArn": f"arn:aws:iam::*{number}*", "aws:PrincipalAccount": f"*{number}"}
            },
        }

    yield "pieces of accounts", filled(accounts), filled(accounts, 1)

    for seed in range(6):
        chance = random.Random(seed)
        yield f"noise {seed}", filled(_noise(chance)), filled(_noise(chance))


def _noise(chance: random.Random) -> Callable[[int], Statement]:
    def text() -> str:
        return "".join(chance.choice("ab*?/:-") for _ in range(chance.randint(1, 25)))

    def make(number: int) -> Statement:
        condition = {
            chance.choice(
                ("StringLike", "StringNotLike", "ForAnyValue:StringLike", "ArnLike", "StringEqualsIfExists")
            ): {
                chance.choice(("aws:PrincipalArn", "aws:PrincipalTag/a", "aws:TagKeys", "x:y")): [
                    text() for _ in range(chance.randint(1, 3))
                ]
            }
        }
        made = {
            "Effect": chance.choice(("Allow", "Deny")),
            chance.choice(("Action", "NotAction")): [f"s3:{text()}" for _ in range(chance.randint(1, 3))],
            chance.choice(("Resource", "NotResource")): [f"arn:aws:s3:::{text()}" for _ in range(chance.randint(1, 3))],
        }
        return {**made, "Condition": condition} if chance.random() < 0.5 else made

    return make
