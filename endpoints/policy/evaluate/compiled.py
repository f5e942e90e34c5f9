"""A whole policy, made ready to be asked about many requests, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from endpoints.policy.document import PolicyDocument
from endpoints.policy.evaluate import wording
from endpoints.policy.evaluate.forms import Effect, StatementForm, read_statements
from endpoints.policy.evaluate.principals import Grant
from endpoints.policy.evaluate.request import Request
from endpoints.policy.evaluate.statements import CompiledStatement


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy says about a request: Deny before Allow; None is neither, an implicit denial.

    `index` is that of the first statement that says so, counted from 0.
    """

    effect: Effect | None
    index: int | None = None
    sid: str | None = None
    words: str = field(default="", compare=False, repr=False)
    """The statement in a sentence: `Statement 0 ("Own")`."""


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
_MOST_KEPT = 1024
_LONGEST_KEPT = 128
"""IAM's longest action names have about 60 characters; longer ones come from whoever tries something."""


class CompiledPolicy:
    """An immutable policy. Asking it never raises."""

    __slots__ = ("_acting", "_by_action", "statements")

    def __init__(self, forms: tuple[StatementForm, ...]) -> None:
        self.statements = tuple(CompiledStatement(form) for form in forms)
        acting = [(one, _outcome(one.form)) for one in self.statements if one.form.never is None]
        acting.sort(key=lambda pair: pair[1].effect != "Deny")  # stable: the first Deny decides, then the first Allow
        self._acting = tuple(acting)
        self._by_action: dict[str, tuple[_Pair, ...]] = {}

    def _about(self, action: str) -> tuple[_Pair, ...]:
        """Return the statements that speak of an action, in lower case. They are kept: requests have few actions."""
        found = tuple(pair for pair in self._acting if pair[0].action is None or pair[0].action(action))
        if len(self._by_action) < _MOST_KEPT and len(action) <= _LONGEST_KEPT:
            self._by_action[action] = found
        return found

    def decide(self, request: Request, *, bounded: bool = False) -> Outcome:
        """Return what the policy says. `bounded`: the request's principal has a permissions boundary."""
        facts = request._facts or request.facts
        about = self._by_action.get(facts.action)
        for statement, outcome in self._about(facts.action) if about is None else about:
            if statement.matches_besides_action(facts, bounded):
                return outcome
        return NEITHER

    def grants(self, request: Request) -> tuple[GrantedBy, ...]:
        """Return every Allow that matches, the strongest way of naming the caller first."""
        facts = request.facts
        found = [
            GrantedBy(statement.grant(facts.caller), outcome)
            for statement, outcome in self._about(facts.action)
            if outcome.effect == "Allow" and statement.matches_besides_action(facts, False)
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


def _outcome(form: StatementForm) -> Outcome:
    name = f" ({wording.quoted(form.sid)})" if form.sid else ""
    return Outcome(form.effect, form.index, form.sid, f"Statement {form.index + 1}{name}")


def compile_policy(document: PolicyDocument, *, resource_policy: bool = False) -> CompiledPolicy:
    """Return the policy, ready to be asked. Never raises for a document that the parser gave.

    `resource_policy`: it belongs to a resource, so that a statement without Resource speaks of that one.
    """
    return CompiledPolicy(read_statements(document, resource_policy=resource_policy))
