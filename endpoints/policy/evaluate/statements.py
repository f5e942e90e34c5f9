"""One statement, made ready to be asked about many requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from endpoints.policy.evaluate import patterns
from endpoints.policy.evaluate.forms import PatternsForm, StatementForm
from endpoints.policy.evaluate.operators import compile_condition
from endpoints.policy.evaluate.patterns import Template
from endpoints.policy.evaluate.principals import Grant, PrincipalSet
from endpoints.policy.evaluate.request import Caller, Facts

FactsTest: TypeAlias = Callable[[Facts], bool]


class CompiledStatement:
    """A statement's elements as tests. `form` is what they were made from."""

    __slots__ = ("_conditions", "_negated_principal", "_principals", "_resource", "action", "form")

    def __init__(self, form: StatementForm) -> None:
        self.form = form
        self.action: Callable[[str], bool] | None = None if form.actions is None else _action(form.actions)
        """Whether it speaks of an action, given in lower case; None if of every one."""
        self._resource = None if form.resources is None else _resource(form.resources)
        self._principals = None if form.principal is None else PrincipalSet(form.principal)
        self._negated_principal = form.principal is not None and form.principal.negated
        self._conditions = tuple(compile_condition(one) for one in form.conditions)

    def matches_besides_action(self, facts: Facts, bounded: bool) -> bool:
        """Tell whether the statement speaks of a request whose action is known to match.

        `bounded`: the request's principal has a permissions boundary.
        """
        if self._resource is not None and not self._resource(facts):
            return False
        if self._principals is not None and not self.matches_principal(facts.caller, bounded):
            return False
        context = facts.context
        for holds in self._conditions:  # noqa: SIM110 - a loop is a third quicker than all() over a generator
            if not holds(context):
                return False
        return True

    # --- Element by element, for explanations -----------------------------------------------------------------------
    def matches_principal(self, caller: Caller, bounded: bool) -> bool:
        """Tell whether the Principal or NotPrincipal speaks of a caller.

        With Deny, NotPrincipal leaves alone only a caller all of whose parts are named, and never one that has a
        permissions boundary (IAM user guide, "NotPrincipal"). With Allow, naming any part of it excludes it.
        """
        if self._principals is None:
            return True
        if not self._negated_principal:
            return self._principals.grant(caller) is not Grant.NONE
        if self.form.effect == "Deny":
            return bounded or not self._principals.excepts(caller)
        return self._principals.grant(caller) is Grant.NONE

    def matches_resource(self, facts: Facts) -> bool:
        """Tell whether the Resource or NotResource speaks of the request's."""
        return self._resource is None or self._resource(facts)

    def holds(self, facts: Facts, number: int) -> bool:
        """Tell whether one condition holds, by its place in the form."""
        return self._conditions[number](facts.context)

    def grant(self, caller: Caller) -> Grant:
        """Return in which way the statement names a caller that it speaks of."""
        if self._principals is None or self._negated_principal:
            return Grant.DIRECT
        return self._principals.grant(caller)


def _action(form: PatternsForm) -> Callable[[str], bool]:
    one = patterns.any_of(form.templates)
    return (lambda action: not one(action)) if form.negated else one


def _resource(form: PatternsForm) -> FactsTest | None:
    """Return the test; None where every resource passes."""
    fixed = [template for template in form.templates if not template.variable]
    varying = [template for template in form.templates if template.variable]
    if not form.negated and any(template.anything for template in fixed):
        return None
    one = patterns.any_of(fixed) if fixed else _nothing
    if varying:
        return _with_variables(one, varying, form.negated)
    if form.negated:
        return lambda facts: not one(facts.resource)
    return lambda facts: one(facts.resource)


def _nothing(text: str) -> bool:
    return False


def _with_variables(one: Callable[[str], bool], varying: list[Template], negated: bool) -> FactsTest:
    def test(facts: Facts) -> bool:
        found = one(facts.resource) or any(
            _head(template, facts.resource) and patterns.matches(template, facts.resource, facts.context)
            for template in varying
        )
        return found is not negated

    return test


def _head(template: Template, text: str) -> bool:
    """Tell, quickly, whether a text starts as a pattern does."""
    first = template.parts[0]
    return not isinstance(first, str) or text.startswith(first)
