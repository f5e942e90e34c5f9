"""The dimensions of actions and of resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from endpoints.policy.compare import examples, globs
from endpoints.policy.compare.automaton import Letters, Machine, Shape
from endpoints.policy.compare.dimension import Atoms, Dimension
from endpoints.policy.compare.globs import STAR, STAR_IN_FIELD, Glob
from endpoints.policy.compare.lazy import Formulas
from endpoints.policy.compare.limits import Budget, UndecidedError
from endpoints.policy.compare.strings import Texts
from endpoints.policy.evaluate.forms import PatternsForm
from endpoints.policy.evaluate.patterns import Test, any_of
from endpoints.policy.evaluate.request import account_of

_ACTION = re.compile(r"[a-z0-9-]+:[a-z0-9]+", re.ASCII)
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789"
_ACTION_SHAPE: Shape = (
    Letters(1, None, frozenset(_NAME + "-"), "xqzjwvkyuhbfgmnopdlrtscieaj0123456789-"),
    ":",
    Letters(1, None, frozenset(_NAME), "xqzjwvkyuhbfgmnopdlrtscieaj0123456789"),
)
_RESOURCE_SHAPE: Shape = (Letters(1, None),)
_MOST_VARIABLE = 8
_MOST_LEARNT = 2


def actions(atoms: Atoms, budget: Budget) -> Dimension[str]:
    """Return the classes of actions, in lower case. An action is a service, a colon and a name."""
    forms = _forms(atoms)
    negated = _negated(forms)
    texts = Texts([[globs.like(template) for template in form.templates] for form in forms])
    dimension: Dimension[str] = Dimension(atoms, _Located([any_of(form.templates) for form in forms], negated))
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
) -> Dimension[str] | Formulas:
    """Return the classes of resources; where they are too many to list, a dimension that needs no list.

    `context` says what variables stand for; with `unknown`, an entry with variables may match any text that fits
    round them, or not. With `accounts` the classes also agree on which of these, or which other, their ARN names; what
    can't be an ARN, because an account stands behind the place of the account, is no resource then.
    """
    forms = _forms(atoms)
    negated = _negated(forms)
    reading = _Reading.of(forms, context, unknown=unknown)
    extra = [[_in_account(account)] for account in accounts]
    if accounts:
        extra += [[_in_account(None)], [(*_FIFTH, *_DIGITS, ":", STAR), (*_FIFTH, STAR, ":", *_DIGITS, ":", STAR)]]
    texts = Texts([*reading.groups, *extra])
    known = (1 << len(forms)) - 1

    def mask(signature: int, varying: int) -> int:
        found = signature & known
        for number, atoms_of in enumerate(reading.varying):
            if varying >> number & 1:
                found |= atoms_of
        accounts_of = signature >> len(reading.groups)
        return (found ^ negated) | accounts_of << len(forms)

    tests = [
        any_of([one for template in form.templates if (one := globs.resolved(template, context)) is not None])
        for form in forms
    ]
    tests += map(_account_test, (*accounts, None) if accounts else ())
    located = _Located(tests, negated)
    found = _listed(texts, budget, retry=not accounts and not reading.varying)
    if found is None:
        formulas = Formulas(atoms, Machine(reading.groups), _RESOURCE_SHAPE, negated, located, budget)
        formulas.learn(_like_the_patterns(forms, context))
        return formulas
    dimension: Dimension[str] = Dimension(atoms, located)
    misplaced = 1 << (len(reading.groups) + len(accounts) + 1) if accounts else 0
    for signature, text in found.items():
        if signature & misplaced:
            continue
        possible = signature >> len(forms) & (1 << len(reading.varying)) - 1
        if possible.bit_count() > _MOST_VARIABLE:
            raise UndecidedError("Too many resources with variables overlap.")
        for varying in _subsets(possible):
            dimension.add(mask(signature, varying), text)
        budget.cells(len(dimension.masks))
    return dimension


def _listed(texts: Texts, budget: Budget, *, retry: bool) -> dict[int, str] | None:
    """Return the signatures of resources; None if they are too many, and another way remains."""
    if not retry:
        return texts.explore(_RESOURCE_SHAPE, budget, _finish_resource, bool)
    attempt = budget.share(budget.limits.steps // 8, budget.limits.cells // 8 if texts.wild else budget.limits.cells)
    try:
        return texts.explore(_RESOURCE_SHAPE, attempt, _finish_resource, bool)
    except UndecidedError:
        return None
    finally:
        budget.spend(max(0, budget.limits.steps // 8 - attempt.steps))


def _like_the_patterns(forms: Sequence[PatternsForm], context: dict[str, str]) -> Iterator[str]:
    """Yield texts that match the patterns one by one."""
    for form in forms:
        for template in form.templates[:_MOST_LEARNT]:
            resolved = globs.resolved(template, context)
            if resolved is not None:
                yield examples.filled(resolved) or "x"
    yield _finish_resource("")


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


_DIGITS: Glob = ("0123456789",) * 12
_FOURTH: Glob = (*"arn:", *(STAR_IN_FIELD, ":") * 3)
_FIFTH: Glob = (*_FOURTH, STAR_IN_FIELD, ":")


def _in_account(account: str | None) -> Glob:
    """Return the pattern of ARNs that name the account; of those that name any, for None."""
    digits = tuple(account) if account is not None else _DIGITS
    return (*_FOURTH, *digits, ":", STAR)


class _Located:
    """Gives the mask of one text by the evaluator's own tests, which are quicker for it than the automaton."""

    def __init__(self, tests: Sequence[Test], negated: int) -> None:
        self._tests = tests
        self._negated = negated

    def __call__(self, text: str) -> int:
        found = self._negated
        for number, test in enumerate(self._tests):
            if test(text):
                found ^= 1 << number
        return found


def _account_test(account: str | None) -> Test:
    if account is None:
        return lambda text: bool(account_of(text))
    return lambda text: account_of(text) == account


def _finish_resource(prefix: str) -> str:
    if not prefix:
        return "arn:aws:s3:::example-bucket/example-object"
    return prefix + "example"


def _forms(atoms: Atoms) -> list[PatternsForm]:
    return [atom.subject for atom in atoms.found if isinstance(atom.subject, PatternsForm)]


def _negated(forms: Sequence[PatternsForm]) -> int:
    return sum(1 << number for number, form in enumerate(forms) if form.negated)
