"""Whether an answer holds whatever a request leaves unsaid.

The evaluator takes a key that a request doesn't name for absent, as AWS does. Who asks about a call that wasn't made
can't name all that AWS will: a caller's organization, say. What then decides is told, in place of a wrong answer.
"""

from __future__ import annotations

from collections.abc import Collection

from endpoints.policy.evaluate.compiled import CompiledPolicy
from endpoints.policy.evaluate.patterns import Variable
from endpoints.policy.evaluate.request import Facts, Request
from endpoints.policy.evaluate.statements import CompiledStatement


def deciding_keys(policy: CompiledPolicy, request: Request, *, absent: Collection[str] = ()) -> tuple[str, ...]:
    """Return the keys of conditions and variables by which the policy may decide otherwise than for the request as is.

    Those are keys that the request doesn't name; `absent` are some, in lower case, that it surely doesn't have. None
    where the answer holds whatever their values are.
    """
    facts = request.facts
    sure: set[str | None] = set()
    asked: dict[str | None, list[str]] = {"Allow": [], "Deny": []}
    for statement in policy.statements:
        keys = _unsaid(statement, facts, absent)
        if keys is None:
            continue
        if keys:
            asked[statement.form.effect] += keys
        else:
            sure.add(statement.form.effect)
    if "Deny" in sure or not ("Allow" in sure or asked["Allow"]):
        return ()
    found = asked["Deny"] if "Allow" in sure else [*asked["Allow"], *asked["Deny"]]
    return tuple(dict.fromkeys(found))


def _unsaid(statement: CompiledStatement, facts: Facts, absent: Collection[str]) -> list[str] | None:
    """Return the keys that the request leaves unsaid and a statement asks for; None where it can't match anyway."""
    form = statement.form
    if form.never is not None or (statement.action is not None and not statement.action(facts.action)):
        return None
    keys = _of_resources(statement, facts)
    if keys is None or not statement.matches_principal(facts.caller, False):
        return None
    for number, condition in enumerate(form.conditions):
        if condition.key not in facts.context and condition.key not in absent:
            keys.append(condition.written_key)
        elif not statement.holds(facts, number):
            return None
    return keys


def _of_resources(statement: CompiledStatement, facts: Facts) -> list[str] | None:
    """Return the keys of variables by whose values the resource may match otherwise; None where it can't match."""
    matched, form = statement.matches_resource(facts), statement.form.resources
    if form is None or matched is not form.negated:
        return [] if matched else None
    # A pattern without its variable's value matches nothing; with it, it may match.
    parts = (part for template in form.templates for part in template.parts)
    keys = [part.key for part in parts if isinstance(part, Variable) and part.value(facts.context) is None]
    return keys or ([] if matched else None)
