"""The dimension of resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from endpoints.policy.compare import examples, globs
from endpoints.policy.compare.automaton import Letters, Machine, Shape
from endpoints.policy.compare.callers import USERNAME
from endpoints.policy.compare.dimension import Atoms, Dimension
from endpoints.policy.compare.globs import STAR, STAR_IN_FIELD, Glob
from endpoints.policy.compare.lazy import Formulas
from endpoints.policy.compare.limits import Budget, UndecidedError
from endpoints.policy.compare.patterns import Located, forms_of, negated
from endpoints.policy.compare.strings import Texts
from endpoints.policy.evaluate.forms import PatternsForm
from endpoints.policy.evaluate.patterns import Test, Variable, any_of
from endpoints.policy.evaluate.request import account_of

_SHAPE: Shape = (Letters(1, None),)
_MOST_VARIABLE = 8
_ATTEMPT = 20  # the part of the limits that listing all cells may cost, where one can do without
_MOST_LEARNT = 2
_DIGITS: Glob = ("0123456789",) * 12
_FOURTH: Glob = (*"arn:", *(STAR_IN_FIELD, ":") * 3)
_FIFTH: Glob = (*_FOURTH, STAR_IN_FIELD, ":")


def resources(
    atoms: Atoms, context: dict[str, str], *, unknown: bool, accounts: Sequence[str], budget: Budget
) -> Dimension[str] | Formulas:
    """Return the classes of resources; where they are too many to list, a dimension that needs no list.

    `context` says what variables stand for; with `unknown`, an entry with variables may match any text that fits
    round them, or not. With `accounts` the classes also agree on which of these, or which other, their ARN names; what
    can't be an ARN, because an account stands behind the place of the account, is no resource then.
    """
    forms = forms_of(atoms)
    reading = _Reading.of(forms, context, unknown=unknown)
    texts = Texts([*reading.groups, *_of_accounts(accounts)])
    located = Located(_tests(forms, context, accounts), negated(forms))
    found = _listed(texts, budget, retry=not accounts and not reading.varying)
    if found is not None:
        return _Cells(Dimension(atoms, located), reading, accounts, budget).filled(found)
    formulas = Formulas(atoms, Machine(reading.groups), _SHAPE, negated(forms), located, budget)
    formulas.learn(_like_the_patterns(forms, context))
    return formulas


def _tests(forms: Sequence[PatternsForm], context: dict[str, str], accounts: Sequence[str]) -> list[Test]:
    tests = [
        any_of([one for template in form.templates if (one := globs.resolved(template, context)) is not None])
        for form in forms
    ]
    return [*tests, *map(_account_test, (*accounts, None) if accounts else ())]


def _listed(texts: Texts, budget: Budget, *, retry: bool) -> dict[int, str] | None:
    """Return the signatures of resources; None if they are too many, and another way remains."""
    if not retry:
        return texts.explore(_SHAPE, budget, _finish, bool)
    steps = budget.limits.steps // _ATTEMPT
    attempt = budget.share(steps, budget.limits.cells // _ATTEMPT if texts.wild else budget.limits.cells)
    try:
        return texts.explore(_SHAPE, attempt, _finish, bool)
    except UndecidedError:
        return None
    finally:
        budget.spend(max(0, steps - attempt.steps))


def _like_the_patterns(forms: Sequence[PatternsForm], context: dict[str, str]) -> Iterator[str]:
    """Yield texts that match the patterns one by one."""
    for form in forms:
        for template in form.templates[:_MOST_LEARNT]:
            resolved = globs.resolved(template, context)
            if resolved is not None:
                yield examples.filled(resolved) or "x"
    yield _finish("")


@dataclass(frozen=True, slots=True)
class _Reading:
    """The patterns of all atoms, then those with variables whose values are unknown; `varying` says which atoms each
    of these belongs to, and `of_users`, a bit each, which of them match nothing for callers that are no users."""

    groups: list[list[Glob]]
    varying: list[int]
    of_users: int

    def atoms(self, varying: int) -> int:
        """Return the atoms that hold if these entries with variables match."""
        found = 0
        for number, atoms in enumerate(self.varying):
            if varying >> number & 1:
                found |= atoms
        return found

    @classmethod
    def of(cls, forms: Sequence[PatternsForm], context: dict[str, str], *, unknown: bool) -> _Reading:
        groups: list[list[Glob]] = []
        varying: dict[str, tuple[int, Glob]] = {}
        of_users = 0
        for number, form in enumerate(forms):
            group: list[Glob] = []
            for template in form.templates:
                if template.variable and unknown:
                    before = varying.get(template.written, (0, ()))[0]
                    varying[template.written] = (before | 1 << number, globs.like(template))
                    if any(isinstance(part, Variable) and _is_username(part) for part in template.parts):
                        of_users |= 1 << list(varying).index(template.written)
                elif (known := globs.resolved(template, context)) is not None:
                    group.append(globs.like(known))
            groups.append(group)
        groups += [[glob] for _, glob in varying.values()]
        return cls(groups, [atoms for atoms, _ in varying.values()], of_users)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Makes cells of signatures: those of the atoms, of entries with variables, and of accounts, in this order."""

    dimension: Dimension[str]
    reading: _Reading
    accounts: Sequence[str]
    budget: Budget

    def filled(self, found: dict[int, str]) -> Dimension[str]:
        """Return the dimension with a cell for each way in which a signature's entries with variables may match."""
        forms = forms_of(self.dimension.atoms)
        flipped = negated(forms)
        known = (1 << len(forms)) - 1
        groups = len(self.reading.groups)
        for signature, text in found.items():
            accounts = signature >> groups
            if self.accounts and accounts >> len(self.accounts) + 1:
                continue  # an account stands where none can
            possible = signature >> len(forms) & (1 << len(self.reading.varying)) - 1
            if possible.bit_count() > _MOST_VARIABLE:
                raise UndecidedError("Too many resources with variables overlap.")
            for varying in _subsets(possible):
                mask = (signature & known | self.reading.atoms(varying)) ^ flipped | accounts << len(forms)
                self._add(mask, text, of_users=bool(varying & self.reading.of_users))
            self.budget.cells(len(self.dimension.masks))
        return self.dimension

    def _add(self, mask: int, text: str, *, of_users: bool) -> None:
        new = self.dimension.add(mask, text)
        if not of_users:
            self.dimension.users &= ~self.dimension.of_mask(mask)
        elif new:
            self.dimension.users |= self.dimension.of_mask(mask)


def _is_username(variable: Variable) -> bool:
    return variable.key == USERNAME and variable.default is None


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
    digits = tuple(account) if account is not None else _DIGITS
    return (*_FOURTH, *digits, ":", STAR)


def _of_accounts(accounts: Sequence[str]) -> list[list[Glob]]:
    """Return groups of ARNs: by each of the accounts, by any, and those with an account behind its place."""
    if not accounts:
        return []
    misplaced: list[Glob] = [(*_FIFTH, *_DIGITS, ":", STAR), (*_FIFTH, STAR, ":", *_DIGITS, ":", STAR)]
    return [*([_in_account(account)] for account in accounts), [_in_account(None)], misplaced]


def _account_test(account: str | None) -> Test:
    if account is None:
        return lambda text: bool(account_of(text))
    return lambda text: account_of(text) == account


def _finish(prefix: str) -> str:
    if not prefix:
        return "arn:aws:s3:::example-bucket/example-object"
    return prefix + "example"
