"""The dimensions of actions and of resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from endpoints.policy.compare import globs
from endpoints.policy.compare.automaton import Letters, Shape
from endpoints.policy.compare.dimension import Atoms, Dimension
from endpoints.policy.compare.globs import Glob
from endpoints.policy.compare.limits import Budget, UndecidedError
from endpoints.policy.compare.strings import Texts
from endpoints.policy.evaluate.forms import PatternsForm

_ACTION = re.compile(r"[a-z0-9-]+:[a-z0-9]+", re.ASCII)
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789"
_ACTION_SHAPE: Shape = (
    Letters(1, None, frozenset(_NAME + "-"), "xqzjwvkyuhbfgmnopdlrtscieaj0123456789-"),
    ":",
    Letters(1, None, frozenset(_NAME), "xqzjwvkyuhbfgmnopdlrtscieaj0123456789"),
)
_RESOURCE_SHAPE: Shape = (Letters(1, None),)
_ACCOUNT_DIGITS = 12
_MOST_VARIABLE = 8


def actions(atoms: Atoms, budget: Budget) -> Dimension[str]:
    """Return the classes of actions, in lower case. An action is a service, a colon and a name."""
    forms = _forms(atoms)
    negated = _negated(forms)
    texts = Texts([[globs.like(template) for template in form.templates] for form in forms])
    dimension: Dimension[str] = Dimension(atoms, lambda action: texts.signature(action) ^ negated)
    found = texts.explore(_ACTION_SHAPE, budget, _finish_action, _is_action)
    for signature, text in found.items():
        dimension.add(signature ^ negated, text)
    return dimension


def _finish_action(prefix: str) -> str:
    if ":" not in prefix:
        return f"{prefix or 'x'}:x"
    return prefix + "x" if prefix.endswith(":") else prefix


def _is_action(text: str) -> bool:
    return _ACTION.fullmatch(text) is not None


def resources(
    atoms: Atoms, context: dict[str, str], *, unknown: bool, accounts: Sequence[str], budget: Budget
) -> Dimension[str]:
    """Return the classes of resources.

    `context` says what variables stand for; with `unknown`, an entry with variables may match any text that fits
    round them, or not. With `accounts` the classes also agree on which of these, or which other, their ARN names.
    """
    forms = _forms(atoms)
    negated = _negated(forms)
    reading = _Reading.of(forms, context, unknown=unknown)
    extra = [[_in_account(account)] for account in accounts]
    if accounts:
        extra.append([_in_account(None)])
    texts = Texts([*reading.groups, *extra])
    known = (1 << len(forms)) - 1

    def mask(signature: int, varying: int) -> int:
        found = signature & known
        for number, atoms_of in enumerate(reading.varying):
            if varying >> number & 1:
                found |= atoms_of
        accounts_of = signature >> len(reading.groups)
        return (found ^ negated) | accounts_of << len(forms)

    dimension: Dimension[str] = Dimension(atoms, lambda text: mask(texts.signature(text), 0) if text else None)
    found = texts.explore(_RESOURCE_SHAPE, budget, _finish_resource, bool)
    for signature, text in found.items():
        possible = signature >> len(forms) & (1 << len(reading.varying)) - 1
        for varying in _subsets(possible):
            dimension.add(mask(signature, varying), text)
        budget.cells(len(dimension.masks))
    return dimension


@dataclass(frozen=True, slots=True)
class _Reading:
    """The patterns of all atoms, then those with variables whose values are unknown; `varying` says which atoms each
    of these belongs to."""

    groups: list[list[Glob]]
    varying: list[int]

    @classmethod
    def of(cls, forms: Sequence[PatternsForm], context: dict[str, str], *, unknown: bool) -> _Reading:
        groups: list[list[Glob]] = []
        varying: dict[str, tuple[int, Glob]] = {}
        for number, form in enumerate(forms):
            group: list[Glob] = []
            for template in form.templates:
                if template.variable and unknown:
                    before = varying.get(template.written, (0, ()))[0]
                    varying[template.written] = (before | 1 << number, globs.like(template))
                elif (known := globs.resolved(template, context)) is not None:
                    group.append(globs.like(known))
            groups.append(group)
        if len(varying) > _MOST_VARIABLE:
            raise UndecidedError("Too many resources are written with variables.")
        groups += [[glob] for _, glob in varying.values()]
        return cls(groups, [atoms for atoms, _ in varying.values()])


def _subsets(bits: int) -> Iterable[int]:
    """Yield every set of some of the bits, the empty one first."""
    subset = 0
    while True:
        yield subset
        subset = (subset - bits) & bits
        if not subset:
            return


def _in_account(account: str | None) -> Glob:
    """Return the pattern of ARNs that name the account; of those that name any, for None."""
    digits = tuple(account) if account is not None else ("0123456789",) * _ACCOUNT_DIGITS
    head = (*"arn:", *(globs.STAR_IN_FIELD, ":") * 3)
    return (*head, *digits, ":", globs.STAR)


def _finish_resource(prefix: str) -> str:
    if not prefix:
        return "arn:aws:s3:::example-bucket/example-object"
    return prefix + "example"


def _forms(atoms: Atoms) -> list[PatternsForm]:
    return [atom.subject for atom in atoms.found if isinstance(atom.subject, PatternsForm)]


def _negated(forms: Sequence[PatternsForm]) -> int:
    return sum(1 << number for number, form in enumerate(forms) if form.negated)
