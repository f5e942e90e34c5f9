"""Finds statements that can never match: conditions that contradict each other, and negations that leave nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from endpoints.policy.globs import covers, overlap
from endpoints.policy.lint.conditions import date
from endpoints.policy.lint.model import Policy, Statement, Test

_COST = 30  # of comparing two short values


def check_never(policy: Policy, statement: Statement) -> None:
    """Report the first reason for which no request can match the statement."""
    if not statement.sound:
        return
    for nodes, negated, name in (
        (statement.actions, statement.not_action, "NotAction"),
        (statement.resources, statement.not_resource, "NotResource"),
    ):
        if negated and any(str(node.value) in ("*", "*:*") for node in nodes):
            policy.report.add(
                "statement-never", statement.node, f"{name} with * leaves nothing to match.", "Name what is left out."
            )
            return
    if statement.not_principal and statement.anyone:
        policy.report.add(
            "statement-never", statement.node, "NotPrincipal with * leaves nobody to match.", "Name who is left out."
        )
        return
    if len(statement.tests) > 1:
        _check_tests(policy, statement)


def _check_tests(policy: Policy, statement: Statement) -> None:
    by_key: dict[str, list[Test]] = defaultdict(list)
    for test in statement.tests:
        by_key[test.key].append(test)
    for tests in by_key.values():
        if len(tests) > 1 and (reason := _contradiction(policy, tests)):
            second, why = reason
            policy.report.add(
                "statement-never",
                second.node,
                f"No request can meet all conditions on {second.name}: {why}.",
                "Values of one key under one operator are alternatives; operators must all hold. Join or remove one.",
            )
            return


def _contradiction(policy: Policy, tests: list[Test]) -> tuple[Test, str] | None:
    """Return the test that contradicts one before it, and why."""
    absent = next((test for test in tests if _asks_absence(test)), None)
    certain = [test for test in tests if test.certain]
    if absent is not None and certain:
        return certain[0], "it must be absent and have a value"
    if sum(test.operator.name == "Null" for test in tests) > 1:
        asked = {text.lower() for test in tests if test.operator.name == "Null" for text in test.texts}
        if asked == {"true", "false"} and all(len(test.texts) == 1 for test in tests if test.operator.name == "Null"):
            return tests[-1], "it must be absent and present"
    for first, second in _pairs(certain):
        a, b = len(first.texts), len(second.texts)
        cost = _COST * a * b + 5 * (a * sum(map(len, second.texts)) + b * sum(map(len, first.texts)))
        if not policy.report.work.take(cost):
            return None
        if _disjoint(first, second):
            return second, f"{first.operator.name} and {second.operator.name} share no value"
    for positive in certain:
        for negative in tests:
            if negative.negated and not negative.operator.set_operator and _excluded(policy, positive, negative):
                return negative, f"{negative.operator.name} rules out all that {positive.operator.name} names"
    return None


def _asks_absence(test: Test) -> bool:
    return test.operator.name == "Null" and bool(test.texts) and all(text.lower() == "true" for text in test.texts)


def _pairs(tests: list[Test]) -> Iterable[tuple[Test, Test]]:
    return ((first, second) for number, first in enumerate(tests[:20]) for second in tests[number + 1 : 20])


class _Range(NamedTuple):
    """Numbers or instants: from `low` to `high`, each end itself included or not."""

    low: float
    high: float
    closed: tuple[bool, bool]


def _disjoint(first: Test, second: Test) -> bool:
    """Tell whether no value satisfies both of two positive tests."""
    if "${" in "".join((*first.texts, *second.texts)) or not first.texts or not second.texts:
        return False
    kinds = {first.operator.kind, second.operator.kind}
    if kinds <= {"string", "arn"}:
        a, b = _patterns(first), _patterns(second)
        return not any(overlap(x, y) for x in a for y in b)
    if kinds == {"boolean"}:
        return not {text.lower() for text in first.texts} & {text.lower() for text in second.texts}
    if kinds == {"address"}:
        return not any(_meet(x, y) for x in _networks(first) for y in _networks(second))
    if kinds in ({"number"}, {"date"}):
        return not any(_share(x, y) for x in _ranges(first) for y in _ranges(second))
    return False


def _patterns(test: Test) -> list[str]:
    """Return what a string or ARN test takes, as patterns; letter case is left aside, which finds less."""
    wild = test.operator.name in ("StringLike", "ArnLike", "ArnEquals")
    return [(text if wild else _literal(text)).lower() for text in test.texts]


def _networks(test: Test) -> list[IPv4Network | IPv6Network]:
    return [ip_network(text, strict=False) for text in test.texts]


def _meet(a: IPv4Network | IPv6Network, b: IPv4Network | IPv6Network) -> bool:
    return a.version == b.version and a.overlaps(b)


_BOUNDS: dict[str, Callable[[float], _Range]] = {
    "LessThan": lambda value: _Range(float("-inf"), value, (False, False)),
    "LessThanEquals": lambda value: _Range(float("-inf"), value, (False, True)),
    "GreaterThan": lambda value: _Range(value, float("inf"), (False, False)),
    "GreaterThanEquals": lambda value: _Range(value, float("inf"), (True, False)),
    "Equals": lambda value: _Range(value, value, (True, True)),
}


def _ranges(test: Test) -> list[_Range]:
    bound = _BOUNDS[test.operator.name.removeprefix("Numeric").removeprefix("Date")]
    return [bound(_number(text)) for text in test.texts]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = date(text)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):  # within a day of the years 1 and 9999
        return float(moment.year - 1970) * 31_556_952


def _share(a: _Range, b: _Range) -> bool:
    low, high = max(a.low, b.low), min(a.high, b.high)
    if low != high:
        return low < high
    return all(side.closed[0] or side.low < low for side in (a, b)) and all(
        side.closed[1] or side.high > high for side in (a, b)
    )


def _excluded(policy: Policy, positive: Test, negative: Test) -> bool:
    """Tell whether a negated test rules out every value that a positive one names, as written."""
    if not positive.texts or not negative.texts or positive.operator.kind not in ("string", "arn"):
        return False
    opposite = positive.operator.name.replace("Equals", "NotEquals").replace("Like", "NotLike")
    if opposite == negative.operator.name:
        return set(positive.texts) <= set(negative.texts)
    if (positive.operator.name, negative.operator.name) != ("StringEquals", "StringNotLike"):
        return False
    if "${" in "".join((*positive.texts, *negative.texts)):
        return False
    cost = 10 * len(positive.texts) * len(negative.texts) + sum(map(len, positive.texts)) * len(negative.texts)
    if not policy.report.work.take(cost):
        return False
    return all(any(covers(pattern, text) for pattern in negative.texts) for text in map(_literal, positive.texts))


def _literal(text: str) -> str:
    """Return a value that is compared exactly as a pattern: its wildcards are characters like others."""
    return text.replace("*", "\1").replace("?", "\2")
