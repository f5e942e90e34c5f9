"""The dimension of principals.

`aws:PrincipalArn` and the other keys that AWS derives from the caller are no dimensions of their own: conditions on
them are judged together with Principal and NotPrincipal, on callers that could exist. Which callers to look at follows
from the texts of the policies; what holds for one is left to the evaluator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from endpoints.policy.compare import globs
from endpoints.policy.compare.automaton import Letters, Shape
from endpoints.policy.compare.dimension import Atoms, Dimension
from endpoints.policy.compare.examples import ACCOUNTS
from endpoints.policy.compare.globs import Glob
from endpoints.policy.compare.judge import Judge
from endpoints.policy.compare.limits import Budget
from endpoints.policy.compare.strings import Texts
from endpoints.policy.evaluate.forms import ConditionForm
from endpoints.policy.evaluate.patterns import Template, Variable, Wild
from endpoints.policy.evaluate.principals import Entry, PrincipalForm
from endpoints.policy.evaluate.request import Facts, Request, Value, caller_of

ARN, ACCOUNT, TYPE, USERNAME = "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username"
IS_SERVICE, SERVICE_NAME = "aws:principalisawsservice", "aws:principalservicename"
DERIVED = frozenset({ARN, ACCOUNT, TYPE, USERNAME, IS_SERVICE, SERVICE_NAME})
"""Condition keys, in lower case, that follow from who calls."""

FactsTest = Callable[[Facts], bool]

_ID = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])", re.ASCII)
_PARTITION = re.compile(r"arn:(aws[a-z-]*):", re.ASCII)
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-")
_DIGITS = frozenset("0123456789")
_FRESH = "xeqzjwvkyuhbfgmnopdlrtsciaXQZJWVKYUHBFGMNOPDLRTSCIEA0123456789-_.=+,@"
_PLACE = Letters(1, None, _NAME, _FRESH)
_PATH = Letters(0, None, _NAME | {"/"}, _FRESH)
_ANY_ACCOUNT = Letters(12, 12, _DIGITS, "1234567890")
_MOST_FILLED = 3
_SERVICES = ("cloudtrail.amazonaws.com", "logging.s3.amazonaws.com", "config.amazonaws.com")


@dataclass(frozen=True, slots=True)
class Who:
    """A caller: the request's principal, and keys that the request has to name besides."""

    principal: str
    context: tuple[tuple[str, str], ...] = ()


ANONYMOUS = Who("*")


def session(role: str) -> Who:
    """Return a session of a role, given the role's ARN."""
    _, partition, _, _, account, rest = role.split(":", 5)
    path, _, name = rest.removeprefix("role/").rpartition("/")
    told = (("aws:PrincipalArn", role),) if path else ()
    return Who(f"arn:{partition}:sts::{account}:assumed-role/{name}/session", told)


SOMEONE = session(f"arn:aws:iam::{ACCOUNTS[0]}:role/example-role")


def callers(
    atoms: Atoms,
    tests: Mapping[int, FactsTest],
    context: Mapping[str, Value],
    *,
    unknown: bool,
    only: Who | None,
    budget: Budget,
) -> Dimension[Who]:
    """Return the classes of callers.

    `tests` are those of Principal elements, by their atoms' bits; `only` restricts them to one caller. `context` are
    keys that are the same in every request, in lower case. With `unknown`, what depends on variables may hold or not.
    """
    free = sum(1 << number for number, atom in enumerate(atoms.found) if unknown and _varies(atom.subject))

    judge = Judge(atoms.found, free)

    def locate(who: Who) -> int:
        facts = _facts(who) if not context else _facts_in(who, context)
        mask = judge.mask(facts.context)
        for bit, test in tests.items():
            if test(facts):
                mask |= bit
        return mask

    dimension: Dimension[Who] = Dimension(atoms, locate)
    cost = 2 + len(tests) + len(judge)
    source = [only] if only is not None else _candidates(atoms, context, unknown, budget)
    for who in dict.fromkeys(source):
        budget.spend(cost)
        mask = locate(who)
        dimension.add(mask, who)
        if ":user/" in who.principal:
            dimension.users |= dimension.of_mask(mask)
    budget.cells(len(dimension.masks))
    dimension.free(free, budget)
    return dimension


@lru_cache(maxsize=2048)
def _facts(who: Who) -> Facts:
    """Return what a request of a caller says, when nothing else is known of it."""
    return _facts_in(who, {})


def _facts_in(who: Who, context: Mapping[str, Value]) -> Facts:
    return Request(who.principal, "x:x", "*", context={**context, **dict(who.context)}).facts


def _candidates(atoms: Atoms, context: Mapping[str, Value], unknown: bool, budget: Budget) -> Iterable[Who]:
    if not atoms.found and not unknown:
        return (SOMEONE,)
    return _Candidates(atoms, context, budget, various=unknown).all()


def _varies(subject: object) -> bool:
    return isinstance(subject, ConditionForm) and any(
        isinstance(value.content, Template) and value.content.variable for value in subject.values
    )


@dataclass(slots=True)
class _Candidates:
    """Callers such that each that could exist is like one of them to every atom."""

    atoms: Atoms
    context: Mapping[str, Value]
    budget: Budget
    entries: list[Entry] = field(default_factory=list)
    conditions: list[ConditionForm] = field(default_factory=list)
    various: bool = False
    """Whether accounts fall apart into kinds of callers."""
    by_name: bool = False
    """Whether a role, its sessions, and sessions that don't tell the role's path may be different callers."""

    def all(self) -> Iterator[Who]:
        """Yield them, the likeliest first."""
        for atom in self.atoms.found:
            if isinstance(atom.subject, PrincipalForm):
                self.entries += atom.subject.entries
                self.various = self.various or atom.subject.negated
            elif isinstance(atom.subject, ConditionForm):
                self.conditions.append(atom.subject)
        by_key = {condition.key for condition in self.conditions}
        arns = [entry.text for entry in self.entries if entry.kind == "arn"]
        self.by_name = self.various or bool(arns)
        self.various = self.various or bool(by_key - {ACCOUNT, IS_SERVICE, SERVICE_NAME})
        accounts = self._accounts()
        partitions = self._partitions()
        yield from self._found(arns, accounts, partitions)

    def _found(self, arns: list[str], accounts: list[str], partitions: list[str]) -> Iterator[Who]:
        for account in accounts:
            for partition in partitions:
                yield from self._ordinary(partition, account)
        for text in (*self._filled(accounts[-1]), *arns):
            yield from self._of(text)
        if any(condition.key in (ARN, USERNAME) and condition.operator.name != "Null" for condition in self.conditions):
            for text in self._explored(arns, accounts, partitions):
                yield from self._of(text)
        yield ANONYMOUS
        services = [entry.text for entry in self.entries if entry.kind == "service" and entry.text != "*"]
        services += [value.written for one in self.conditions if one.key == SERVICE_NAME for value in one.values]
        fresh = next((name for name in _SERVICES if name not in services), "x.amazonaws.com")
        yield from (Who(name) for name in (*services, fresh) if caller_of(name).kind == "service")
        for entry in self.entries:
            if entry.kind in ("federated", "canonical") and entry.text != "*":
                yield Who(entry.text)

    def _ordinary(self, partition: str, account: str) -> Iterator[Who]:
        role = f"arn:{partition}:iam::{account}:role/example-role"
        yield session(role)
        if self.various:
            yield Who(f"arn:{partition}:iam::{account}:user/example-user")
            yield Who(role)
            yield Who(f"arn:{partition}:iam::{account}:root")
            yield Who(f"arn:{partition}:sts::{account}:federated-user/example-user")

    def _of(self, arn: str) -> Iterator[Who]:
        """Yield who has this ARN: for a role its sessions, too."""
        caller = caller_of(arn)
        if caller.kind == "role":
            yield session(arn)
            if self.by_name:
                yield Who(session(arn).principal)
                yield Who(arn)
        elif caller.kind == "session":
            yield Who(arn)
            role = f"arn:{caller.partition}:iam::{caller.account}:role/{caller.name}"
            yield from (session(role), Who(role))
        elif caller.kind in ("user", "root", "federated"):
            yield Who(arn)

    def _filled(self, account: str) -> Iterator[str]:
        """Yield the ARNs of conditions with something likely in place of wildcards and variables."""
        for condition in self.conditions:
            if condition.key == ARN:
                for value in condition.values[:_MOST_FILLED]:
                    if isinstance(value.content, Template):
                        text = "".join(_likely(part, self.context) for part in value.content.parts)
                        head = text.split(":", 5)
                        if len(head) > 5 and not _ID.fullmatch(head[4]):
                            head[4] = account
                        if len(head) > 2 and head[1] == "example":
                            head[1] = "aws"
                        yield ":".join(head)

    def _written(self) -> Iterator[str]:
        for condition in self.conditions:
            yield from (value.written for value in condition.values)

    def _accounts(self) -> list[str]:
        """Return every account that a policy tells apart from others, and one that none does."""
        found = dict.fromkeys(
            match for text in (*(entry.text for entry in self.entries), *self._written()) for match in _ID.findall(text)
        )
        for condition in self.conditions:
            if condition.key == ACCOUNT and condition.operator.kind in ("number", "date"):
                for value in condition.values:
                    near = int(value.content) if not isinstance(value.content, Template | tuple) else 0  # type: ignore[arg-type]
                    found.update(dict.fromkeys(f"{max(0, near + step):012d}" for step in (-1, 0, 1)))
        found.update(dict.fromkeys(self._odd_accounts(list(found))))
        found[next(one for one in chain(ACCOUNTS, _more_accounts()) if one not in found)] = None
        return list(found)

    def _odd_accounts(self, known: list[str]) -> Iterator[str]:
        """Yield accounts that differ to patterns which cut through the digits of one."""
        groups = [
            [_of_account(glob) for glob in self._globs(condition)]
            for condition in self.conditions
            if condition.key == ACCOUNT
        ]
        groups += [self._globs(condition) for condition in self.conditions if condition.key == ARN]
        if all(_whole_account(glob) for group in groups for glob in group):
            return
        groups += [[_of_account(tuple(account))] for account in known]
        texts = Texts(groups)
        for shape in _shapes("aws", None, paths=True):
            for text in texts.explore(shape, self.budget, str, bool).values():
                yield text.split(":", 5)[4]

    def _partitions(self) -> list[str]:
        """Return the partitions to look at: one that no pattern names, too, if some pattern names none."""
        texts = [entry.text for entry in self.entries] + list(self._written())
        named = dict.fromkeys(match for text in texts for match in _PARTITION.findall(text))
        partitions = list(dict.fromkeys(("aws", *named)))
        open_ended = any(
            condition.key == ARN and any(not _PARTITION.match(value.written) for value in condition.values)
            for condition in self.conditions
        )
        if open_ended and named:
            partitions.append(next(name for name in ("aws-cn", "aws-us-gov", "aws-x") if name not in partitions))
        return partitions

    def _explored(self, arns: list[str], accounts: list[str], partitions: list[str]) -> Iterator[str]:
        """Yield ARNs so that each that could exist matches the same patterns as one of them."""
        groups = [self._globs(condition) for condition in self.conditions if condition.key == ARN]
        names = [
            [
                (*"arn:", globs.STAR_IN_FIELD, *":iam::", globs.STAR_IN_FIELD, *":user/", *glob)
                for glob in self._globs(one)
            ]
            for one in self.conditions
            if one.key == USERNAME
        ]
        texts = Texts([*groups, *names, *([tuple(arn)] for arn in arns)])
        for partition in partitions:
            for account in accounts:
                for shape in _shapes(partition, account, paths=not names):
                    yield from texts.explore(shape, self.budget, str, bool).values()

    def _globs(self, condition: ConditionForm) -> list[Glob]:
        context = {key: value for key, value in self.context.items() if isinstance(value, str)}
        return list(text_globs(condition, context))


def text_globs(condition: ConditionForm, context: dict[str, str]) -> Iterator[Glob]:
    """Yield the patterns of a condition's values, as far as they are texts."""
    operator = condition.operator
    for value in condition.values:
        content = value.content
        if isinstance(content, bool) and operator.kind == "boolean":
            yield tuple(globs.cases(one) for one in str(content))
        if not isinstance(content, Template):
            continue
        if operator.kind == "arn":
            filled = globs.arn_resolved(content, context)
            glob = None if filled is None else globs.arn(filled)
            if glob is not None:
                yield glob
        elif (filled := globs.resolved(content, context)) is not None:
            folds = operator.kind == "boolean" or operator.name.endswith("IgnoreCase")
            yield globs.any_case(filled) if folds else globs.like(filled)


def _likely(part: str | Wild | Variable, context: Mapping[str, Value]) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Variable):
        return part.value(context) or "example"
    return "x" if part is Wild.ONE else "example"


def _more_accounts() -> Iterator[str]:
    return (f"{number:012d}" for number in range(100_000_000_000, 100_000_100_000))


def _of_account(glob: Glob) -> Glob:
    """Return the pattern of ARNs whose account matches a pattern."""
    return (*"arn:", globs.STAR_IN_FIELD, ":", globs.STAR_IN_FIELD, ":", ":", *glob, ":", globs.STAR)


def _whole_account(glob: Glob) -> bool:
    """Tell whether a pattern of ARNs takes accounts as a whole: any, or one."""
    if all(isinstance(item, str) for item in glob):
        return True
    colons = [number for number, item in enumerate(glob) if item == ":"]
    if len(colons) < 5:
        return False
    field_of = glob[colons[3] + 1 : colons[4]]
    return field_of in ((globs.STAR,), (globs.STAR_IN_FIELD,)) or (
        len(field_of) == 12 and all(isinstance(item, str) for item in field_of)
    )


def _shapes(partition: str, account: str | None, *, paths: bool) -> Iterator[Shape]:
    """Yield the shapes of the ARNs that callers have."""
    for service, kind in (("iam", "role/"), ("iam", "user/"), ("sts", "federated-user/")):
        path = (_PATH,) if paths and service == "iam" else ()
        yield (*_head(partition, service, account), f":{kind}", *path, _PLACE)
    yield (*_head(partition, "iam", account), ":root")


def _head(partition: str, service: str, account: str | None) -> Shape:
    if account is not None:
        return (f"arn:{partition}:{service}::{account}",)
    return (f"arn:{partition}:{service}::", _ANY_ACCOUNT)
