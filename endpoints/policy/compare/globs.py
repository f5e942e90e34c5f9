"""Patterns as lists of items, the form that the automaton reads.

An item is the string of the characters it accepts, or one of four wildcards. What a `*` may cross depends on where
it stands (facts 21, 30, 31): in a Resource and in StringLike it crosses everything, in ArnLike no colon of the first
five fields.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from endpoints.policy.evaluate.patterns import Template, Variable, Wild, fields

ONE: Final = 0
ONE_IN_FIELD: Final = 1
STAR: Final = 2
STAR_IN_FIELD: Final = 3

Item: TypeAlias = "str | int"
Glob: TypeAlias = tuple[Item, ...]

_ARN_FIELDS = 6


def like(template: Template) -> Glob:
    """Return a pattern of Resource, Action or StringLike. A variable that is left in it stands for any text."""
    items: list[Item] = []
    for part in template.parts:
        if isinstance(part, str):
            items += part
        elif part is Wild.ONE:
            items.append(ONE)
        elif not items or items[-1] != STAR:
            items.append(STAR)
    return tuple(items)


def any_case(template: Template) -> Glob:
    """Return a pattern without wildcards, to be matched in any letter case."""
    items: list[Item] = []
    for part in template.parts:
        if isinstance(part, str):
            items += map(cases, part)
        else:
            items.append(STAR)
    return tuple(items)


def cases(character: str) -> str:
    """Return the characters that are this one in another case; the Kelvin sign is a K to `str.lower`."""
    found = {character, character.lower(), character.upper()}
    if "k" in found:
        found.add("\u212a")
    return "".join(sorted(one for one in found if len(one) == 1))


def arn(template: Template) -> Glob | None:
    """Return a pattern of ArnLike; None if it can match nothing."""
    if template.anything:
        return (*"arn:", *_field_stars(4), STAR)
    found = fields(template)
    if len(found) != _ARN_FIELDS:
        return (STAR,) if template.variable else None
    items: list[Item] = []
    for number, one in enumerate(found):
        last = number == _ARN_FIELDS - 1
        for part in one.parts:
            if isinstance(part, str):
                if not last and ":" in part:
                    return None
                items += part
            elif part is Wild.ONE:
                items.append(ONE if last else ONE_IN_FIELD)
            else:
                items.append(STAR if last else STAR_IN_FIELD)
        if not last:
            items.append(":")
    return tuple(items)


def _field_stars(count: int) -> tuple[Item, ...]:
    return (STAR_IN_FIELD, ":") * count


def resolved(template: Template, context: dict[str, str]) -> Template | None:
    """Return the pattern with its variables' values; None if one has none."""
    return template if not template.variable else template.resolved(context)


def arn_resolved(template: Template, context: dict[str, str]) -> Template | None:
    """Return an ARN pattern with its variables' values, each of which stays within its field."""
    if not template.variable:
        return template
    found = fields(template)
    if len(found) != _ARN_FIELDS:
        return template.resolved(context)
    parts: list[str | Wild | Variable] = []
    for number, one in enumerate(found):
        values = one.resolved(context)
        if values is None:
            return None
        if number < _ARN_FIELDS - 1 and any(isinstance(part, str) and ":" in part for part in values.parts):
            return None
        parts += [*values.parts, ":"] if number < _ARN_FIELDS - 1 else values.parts
    return Template(tuple(parts), template.written)
