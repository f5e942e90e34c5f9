"""A whole policy, made ready to be asked about many requests, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from endpoints.policy.document import PolicyDocument
from endpoints.policy.evaluate import wording
from endpoints.policy.evaluate.forms import Effect, StatementForm, read_statements
from endpoints.policy.evaluate.principals import Grant
from endpoints.policy.evaluate.request import Request
from endpoints.policy.evaluate.statements import CompiledStatement, services


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy says about a request: Deny before Allow; None is neither, an implicit denial.

    `index` is that of the first statement that says so, counted from 0.
    """

    effect: Effect | None
    index: int | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class StatementOutcome:
    """What one statement says about a request. If it doesn't match, `element` is the first one that failed."""

    index: int
    sid: str | None
    effect: Effect | None
    matched: bool
    element: str | None
    why: str | None
    """In words, a sentence."""


@dataclass(frozen=True, slots=True)
class GrantedBy:
    """An Allow that matches, and how it names the caller."""

    grant: Grant
    outcome: Outcome


NEITHER = Outcome(None)
_Pair = tuple[CompiledStatement, Outcome]


class CompiledPolicy:
    """An immutable policy. Asking it never raises."""

    __slots__ = ("_by_service", "_everywhere", "statements")

    def __init__(self, forms: tuple[StatementForm, ...]) -> None:
        self.statements = tuple(CompiledStatement(form) for form in forms)
        acting = [
            (one, Outcome(one.form.effect, one.form.index, one.form.sid))
            for one in self.statements
            if one.form.never is None
        ]
        acting.sort(key=lambda pair: pair[1].effect != "Deny")  # stable: the first Deny decides, then the first Allow
        limits = [services(one.form) for one, _ in acting]
        named = {name for limit in limits if limit is not None for name in limit}
        self._everywhere: tuple[_Pair, ...] = tuple(
            pair for pair, limit in zip(acting, limits, strict=True) if limit is None
        )
        self._by_service: dict[str, tuple[_Pair, ...]] = {
            name: tuple(pair for pair, limit in zip(acting, limits, strict=True) if limit is None or name in limit)
            for name in named
        }

    def decide(self, request: Request, *, bounded: bool = False) -> Outcome:
        """Return what the policy says. `bounded`: the request's principal has a permissions boundary."""
        facts = request._facts or request.facts
        for statement, outcome in self._by_service.get(facts.service, self._everywhere):
            if statement.matches(facts, bounded=bounded):
                return outcome
        return NEITHER

    def grants(self, request: Request) -> tuple[GrantedBy, ...]:
        """Return every Allow that matches, the strongest way of naming the caller first."""
        facts = request.facts
        found = [
            GrantedBy(statement.grant(facts.caller), outcome)
            for statement, outcome in self._by_service.get(facts.service, self._everywhere)
            if outcome.effect == "Allow" and statement.matches(facts)
        ]
        return tuple(sorted(found, key=lambda one: -one.grant))

    def explain(self, request: Request, *, bounded: bool = False) -> tuple[StatementOutcome, ...]:
        """Return for each statement whether it matches and, if not, the first element that failed, in words."""
        facts = request.facts
        found: list[StatementOutcome] = []
        for statement in self.statements:
            form = statement.form
            failed = wording.first_failure(statement, facts, bounded=bounded)
            element, why = (None, None) if failed is None else failed
            found.append(StatementOutcome(form.index, form.sid, form.effect, failed is None, element, why))
        return tuple(found)


def compile_policy(document: PolicyDocument, *, resource_policy: bool = False) -> CompiledPolicy:
    """Return the policy, ready to be asked. Never raises for a document that the parser gave.

    `resource_policy`: it belongs to a resource, so that a statement without Resource speaks of that one.
    """
    return CompiledPolicy(read_statements(document, resource_policy=resource_policy))
