"""Every condition operator, made into a test of a request's keys.

Source: IAM user guide, "Condition operators" and "Conditions with multiple context keys or values".

- A key that is absent: a positive operator is false, a negated one true, `…IfExists` true. A key whose list of values
  is empty counts as absent.
- `ForAllValues` is true on absent and on empty data, `ForAnyValue` false on absent; `IfExists` changes neither.
- A key with a list of values, even of one, matches no operator without `ForAllValues` or `ForAnyValue`.
- A value of the request that isn't of the operator's kind (no number, no address) equals nothing: positive operators
  are false, negated ones true. Neither is an IPv4 address ever in an IPv6 range.
- A value whose variable has no value in the request equals nothing.
"""

from __future__ import annotations

import operator as comparing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeAlias

from endpoints.policy import words
from endpoints.policy.evaluate import patterns, values
from endpoints.policy.evaluate.forms import ConditionForm
from endpoints.policy.evaluate.patterns import Template
from endpoints.policy.evaluate.request import Value

Context: TypeAlias = Mapping[str, Value]
Holds: TypeAlias = Callable[[Context], bool]
_One: TypeAlias = Callable[[str], bool]
_OneIn: TypeAlias = Callable[[str, Context], bool]

_COMPARE: tuple[tuple[str, Callable[[Decimal, Decimal], bool]], ...] = (
    ("LessThanEquals", comparing.le),
    ("GreaterThanEquals", comparing.ge),
    ("LessThan", comparing.lt),
    ("GreaterThan", comparing.gt),
    ("Equals", comparing.eq),
)
_ARN_COLONS = 5


def compile_condition(form: ConditionForm) -> Holds:
    """Return the test of whether a condition holds, given a request's keys in lower case."""
    if form.operator.name == "Null":
        return _null(form)
    fixed = [
        value.content for value in form.values if not (isinstance(value.content, Template) and value.content.variable)
    ]
    one = _one_of(form.operator.name, fixed)
    varying = [value.content for value in form.values if isinstance(value.content, Template) and value.content.variable]
    if varying:
        return _with_variables(form, one, _varying(form.operator.name, varying))
    return _without_variables(form, one)


def _null(form: ConditionForm) -> Holds:
    key = form.key
    wanted = frozenset(value.content for value in form.values)
    return lambda context: (key not in context) in wanted


def _without_variables(form: ConditionForm, one: _One) -> Holds:
    key, negated = form.key, form.negated
    if form.operator.set_operator is not None:
        return _of_set(form, lambda value, context: one(value))
    absent = negated or form.operator.if_exists

    def holds(context: Context) -> bool:
        value = context.get(key)
        if value is None:
            return absent
        return value.__class__ is str and one(value) is not negated

    return holds


def _with_variables(form: ConditionForm, one: _One, varying: _OneIn) -> Holds:
    key, negated = form.key, form.negated

    def either(value: str, context: Context) -> bool:
        return one(value) or varying(value, context)

    if form.operator.set_operator is not None:
        return _of_set(form, either)
    absent = negated or form.operator.if_exists

    def holds(context: Context) -> bool:
        value = context.get(key)
        if value is None:
            return absent
        return isinstance(value, str) and either(value, context) is not negated

    return holds


def _of_set(form: ConditionForm, either: _OneIn) -> Holds:
    key, negated = form.key, form.negated
    every = form.operator.set_operator == words.SET_OPERATORS[0]

    def holds(context: Context) -> bool:
        found = context.get(key)
        if found is None:
            return every
        several = (found,) if isinstance(found, str) else found
        if every:
            return not any(several) or all(either(value, context) is not negated for value in several)
        return any(either(value, context) is not negated for value in several)

    return holds


# --- One value of the request against those of the policy ----------------------------------------------------------


def _one_of(name: str, contents: Sequence[Any]) -> _One:
    """Return the test of whether a value is equal to, like, in, less than… one of the policy's."""
    kind = words.OPERATORS[name]
    if not contents:
        return lambda value: False
    if kind == "string":
        return _string(name, contents)
    if kind == "arn":
        return _arns(contents)
    if kind in ("number", "date"):
        return _ordered(name, values.number if kind == "number" else values.instant, contents)
    if kind == "address":
        return _addresses(contents)
    read: Callable[[str], object] = values.boolean if kind == "boolean" else values.binary
    wanted = frozenset(contents)
    return lambda value: read(value) in wanted


def _string(name: str, templates: Sequence[Template]) -> _One:
    if name.endswith("IgnoreCase"):
        lowered = frozenset((template.constant or "").lower() for template in templates)
        return lambda value: value.lower() in lowered
    return patterns.any_of(templates)


def _ordered(name: str, read: Callable[[str], Decimal | None], wanted: Sequence[Decimal]) -> _One:
    compare = next(compare for end, compare in _COMPARE if name.endswith(end))

    def test(value: str) -> bool:
        found = read(value)
        return found is not None and any(compare(found, one) for one in wanted)

    return test


def _addresses(networks: Sequence[IPv4Network | IPv6Network]) -> _One:
    ranges = tuple((one.version, int(one.network_address), int(one.broadcast_address)) for one in networks)

    def test(value: str) -> bool:
        found = values.address(value)
        if found is None:
            return False
        number, version = int(found), found.version
        return any(of == version and first <= number <= last for of, first, last in ranges)

    return test


def _arns(templates: Sequence[Template]) -> _One:
    tests = tuple(_arn(template) for template in templates)

    def test(value: str) -> bool:
        parts = value.split(":", _ARN_COLONS)
        return len(parts) > _ARN_COLONS and any(one(parts) for one in tests)

    return test


def _arn(template: Template) -> Callable[[list[str]], bool]:
    """Return the test of an ARN's six fields. A lone `*` stands for any ARN."""
    if template.anything:
        return lambda parts: parts[0] == "arn"
    fields = [
        (number, patterns.matcher([part for part in one.parts if not isinstance(part, patterns.Variable)]))
        for number, one in enumerate(patterns.fields(template))
        if not one.anything
    ]
    # The resource tells most apart, the word "arn" nothing.
    fields.reverse()
    return lambda parts: all(test(parts[number]) for number, test in fields)


# --- Values with variables -----------------------------------------------------------------------------------------


def _varying(name: str, templates: Sequence[Template]) -> _OneIn:
    kind = words.OPERATORS[name]
    if kind == "arn":
        return lambda value, context: any(_arn_in(template, value, context) for template in templates)
    if kind == "boolean" or name.endswith("IgnoreCase"):
        return lambda value, context: any(_same_letters(template, value, context) for template in templates)
    return lambda value, context: any(patterns.matches(template, value, context) for template in templates)


def _same_letters(template: Template, value: str, context: Context) -> bool:
    resolved = template.resolved(context)
    return resolved is not None and (resolved.constant or "").lower() == value.lower()


def _arn_in(template: Template, value: str, context: Context) -> bool:
    """Tell whether a value matches an ARN with variables. A variable's value stays within its field, unless the
    variable stands for several: `${aws:PrincipalArn}`."""
    parts = value.split(":", _ARN_COLONS)
    if len(parts) <= _ARN_COLONS:
        return False
    found = patterns.fields(template)
    if len(found) <= _ARN_COLONS:
        resolved = template.resolved(context)
        found = () if resolved is None else patterns.fields(resolved)
    return len(found) > _ARN_COLONS and all(
        patterns.matches(one, part, context) for one, part in zip(found, parts, strict=True)
    )
