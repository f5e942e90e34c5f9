"""The dimension of one condition key: absent, one value, or several.

Which values to look at follows from the policies' own: texts by their patterns, numbers, dates and addresses by the
places between which no policy tells one from another. Whether a condition holds for one is left to the evaluator.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from itertools import count, pairwise

from endpoints.policy.compare import examples
from endpoints.policy.compare.automaton import Letters, Shape
from endpoints.policy.compare.callers import text_globs
from endpoints.policy.compare.dimension import Atoms, Dimension
from endpoints.policy.compare.globs import Glob
from endpoints.policy.compare.judge import Judge
from endpoints.policy.compare.limits import Budget, UndecidedError
from endpoints.policy.compare.strings import Texts
from endpoints.policy.evaluate.forms import ConditionForm
from endpoints.policy.evaluate.patterns import Template
from endpoints.policy.evaluate.request import Value

TEXT: Shape = (Letters(1, None),)
_MOST_FIRST = 3
_TEXT_KINDS = frozenset({"string", "arn", "boolean"})


def values_of(
    key: str,
    atoms: Atoms,
    context: Mapping[str, Value],
    *,
    unknown: bool,
    single: bool,
    budget: Budget,
) -> Dimension[Value | None]:
    """Return the classes of values of a key, given in lower case; None stands for its absence.

    A key that `context` has keeps that value. A `single` key has never several values.
    """
    conditions = [atom.subject for atom in atoms.found if isinstance(atom.subject, ConditionForm)]
    free = sum(1 << number for number, one in enumerate(conditions) if unknown and _varies(one))
    judge = Judge(atoms.found, free)
    others = {name: value for name, value in context.items() if name != key}

    def locate(value: Value | None) -> int:
        asked = others if value is None or value == () else {**others, key: value}
        return judge.mask(asked)

    dimension: Dimension[Value | None] = Dimension(atoms, locate)
    cost = 1 + len(judge)
    if key in context:
        dimension.add(locate(context[key] or None), context[key] or None)
    else:
        fixed = {name: value for name, value in context.items() if isinstance(value, str)}
        for value in _candidates(key, conditions, fixed, budget):
            budget.spend(cost)
            dimension.add(locate(value), value)
            budget.cells(len(dimension.masks))
        if not single and any(one.operator.set_operator for one in conditions):
            _add_several(dimension, budget, cost)
    dimension.free(free, budget)
    return dimension


def _varies(condition: ConditionForm) -> bool:
    return any(isinstance(value.content, Template) and value.content.variable for value in condition.values)


def _add_several(dimension: Dimension[Value | None], budget: Budget, cost: int) -> None:
    """Add every class of several values: what holds for all of a set follows from what holds for its parts."""
    singles = [value for value in dimension.values if isinstance(value, str) and value]
    reached: list[tuple[str, ...]] = []
    seen: set[int] = set()
    waiting: list[tuple[str, ...]] = [(value,) for value in singles]
    while waiting:
        value = waiting.pop(0)
        budget.spend(cost)
        mask = dimension.locate(value)
        if mask is None or mask in seen:
            continue
        seen.add(mask)
        reached.append(value)
        budget.cells(len(reached))
        waiting += [(*value, more) for more in singles if more not in value]
    for value in (*reached, ("",)):
        mask = dimension.locate(value)
        if mask is not None:
            dimension.add(mask, value)


def _candidates(
    key: str, conditions: Sequence[ConditionForm], context: dict[str, str], budget: Budget
) -> Iterator[Value | None]:
    """Yield values so that every other is like one of them to all conditions, the likeliest first."""
    kinds = {one.operator.kind for one in conditions} - {"null"}
    groups = [list(text_globs(one, context)) for one in conditions if one.operator.kind in _TEXT_KINDS]
    typed = kinds - _TEXT_KINDS
    if typed and any(not isinstance(item, str) for group in groups for glob in group for item in glob):
        raise UndecidedError(f"Conditions on {key} compare it both as text with wildcards and as another type.")
    yield from _texts_first(key, groups, conditions)
    named = {"".join(str(item)[0] for item in glob) for group in groups for glob in group} if typed else set()
    if named and "binary" in typed:
        raise UndecidedError(f"Conditions on {key} compare it both as text and as bytes.")
    for kind in sorted(typed):
        # Dates may be written as numbers, so that both are cut at the places of either.
        alike = {"number", "date"} if kind in ("number", "date") else {kind}
        wanted = [one for one in conditions if one.operator.kind in alike]
        for value in _BY_KIND[kind]([value.content for one in wanted for value in one.values]):
            yield value
            if value in named:
                yield _otherwise(value, named)
    if not typed:
        yield from Texts(groups).explore(TEXT, budget, _finish, bool).values()
    else:
        yield from sorted(named)
        yield next(text for text in _fresh() if text not in named)
    yield None
    yield ""


def _otherwise(value: str, named: set[str]) -> str:
    """Return a number, date or address in a spelling that no condition names: white space round it says nothing."""
    while value in named:
        value += " "
    return value


def _fresh() -> Iterator[str]:
    return (f"example{'x' * number}" for number in count())


def _texts_first(key: str, groups: Sequence[Sequence[Glob]], conditions: Sequence[ConditionForm]) -> Iterator[str]:
    """Yield likely values: the policies' own, wildcards filled in, and examples of such a key."""
    for one in conditions:
        for value in one.values[:_MOST_FIRST]:
            if isinstance(value.content, Template):
                text = "".join(part if isinstance(part, str) else "example" for part in value.content.parts)
                if text:
                    yield text
            elif isinstance(value.content, bool):
                yield str(value.content).lower()
    yield from examples.values(key)


def _finish(prefix: str) -> str:
    return prefix + "example"


# --- Values with an order -------------------------------------------------------------------------------------------


def _numbers(contents: Iterable[object]) -> Iterator[str]:
    yield from map(_written, _points(contents))


def _dates(contents: Iterable[object]) -> Iterator[str]:
    for number in _points(contents):
        try:
            at = datetime.fromtimestamp(int(number), UTC)
        except (ValueError, OverflowError, OSError):
            at = None
        if at is not None and number == int(number):
            yield at.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield _written(number)


def _points(contents: Iterable[object]) -> Iterator[Decimal]:
    """Yield the numbers that policies name, and one before, between and after them."""
    named = sorted({one for one in contents if isinstance(one, Decimal)})
    if not named:
        return
    yield min(named[0] - 1, named[0].next_minus())
    for number, following in pairwise(named):
        yield number
        middle = (number + following) / 2
        yield number + 1 if number < number + 1 < following else middle
    yield named[-1]
    yield max(named[-1] + 1, named[-1].next_plus())


def _written(number: Decimal) -> str:
    text = f"{number:f}"
    return text if len(text) <= 200 else str(number)


def _addresses(contents: Iterable[object]) -> Iterator[str]:
    """Yield the first address of every range, and the first behind it, of both versions."""
    starts: dict[IPv4Address | IPv6Address, None] = {}
    behind: dict[IPv4Address | IPv6Address, None] = {}
    for one in contents:
        first, last = getattr(one, "network_address", None), getattr(one, "broadcast_address", None)
        if first is None or last is None:
            continue
        starts[first + 1 if last > first + 1 else first] = None
        starts[first] = None
        if int(last) + 1 < 1 << last.max_prefixlen:
            behind[last + 1] = None
    yield from map(str, starts)
    yield from map(str, behind)
    yield from ("203.0.113.10", "2001:db8::1", "0.0.0.0", "::")  # noqa: S104 - an address in a policy, not to bind


def _bytes(contents: Iterable[object]) -> Iterator[str]:
    for one in contents:
        if isinstance(one, bytes):
            yield base64.b64encode(one).decode()
    yield from ("ZXhhbXBsZQ==", "eA==")


_BY_KIND: dict[str, Callable[[Iterable[object]], Iterator[str]]] = {
    "number": _numbers,
    "date": _dates,
    "address": _addresses,
    "binary": _bytes,
}
