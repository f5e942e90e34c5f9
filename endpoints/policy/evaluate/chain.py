"""All policies that a request passes, together.

Sources: IAM user guide, "Policy evaluation logic" with its pages on one account, across accounts, and resource-based
policies with permissions boundaries and session policies; AWS Organizations user guide, "SCP evaluation" and "RCP
evaluation"; KMS developer guide, "Key policies".

- An explicit deny anywhere decides.
- A kind of policy that is missing doesn't take part; one that is there without any policy allows nothing.
- Endpoint policies, service control policies and resource control policies only limit; each level of the last two
  must allow. Service control policies don't apply to anonymous callers, AWS services and service-linked roles.
- In one account the identity's or the resource's policy must allow, across accounts both. KMS keys and the trust of
  roles always need the resource's. A grant of a resource to the account leaves it to the identity's policies.
- Permissions boundary and session policies limit what the identity's policies grant, and what a resource grants to
  the role; not what it grants, in the same account, to the user, to the session, or to anyone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from endpoints.policy.evaluate import granting, wording
from endpoints.policy.evaluate.compiled import CompiledPolicy
from endpoints.policy.evaluate.decisions import Chain, DecidedBy, Decision, PolicyKind, Step
from endpoints.policy.evaluate.granting import Finding
from endpoints.policy.evaluate.request import Caller, Facts, Request

_OF_IDENTITY: frozenset[PolicyKind] = frozenset({"identity", "permissions_boundary", "session", "service_control"})
_NAMES = granting.NAMES


def evaluate(request: Request, chain: Chain, *, explain: bool = False) -> Decision:
    """Decide about a request. Never raises; `explain` adds the steps, and to an implicit denial the nearest miss."""
    facts = request._facts or request.facts
    bounded = chain.permissions_boundaries is not None and takes_part("permissions_boundary", facts.caller)
    decision = _decide(request, facts, chain, bounded)
    if not explain:
        return decision
    steps = tuple(_steps(request, chain, bounded))
    return Decision(decision.decision, decision.decided_by, decision.reason + _nearest(decision, steps), steps)


def _decide(request: Request, facts: Facts, chain: Chain, bounded: bool) -> Decision:
    caller = facts.caller
    findings: list[Finding] = []
    stopped: Finding | None = None
    for kind, level, policies in chain.layers:
        if facts.exempt and not takes_part(kind, caller):
            continue
        finding = _ask(kind, level, policies, request, bounded)
        effect = finding.outcome.effect
        if effect == "Deny":
            return _denied(finding, facts)
        if effect is None and stopped is None and kind in granting.LIMITS:
            stopped = finding  # unless a policy further on denies it outright
        findings.append(finding)
    if stopped is not None:
        return _not_allowed(stopped, facts)
    # An endpoint policy alone, most of the time. Of exempt callers some policies that were given have been left out.
    if len(findings) == 1 and findings[0].kind in granting.LIMITS and not facts.exempt:
        return _allowed(findings[0], facts)
    return _granted_or_not(facts, chain, findings)


def takes_part(kind: PolicyKind, caller: Caller) -> bool:
    """Tell whether a kind of policy applies to such a caller at all.

    Anonymous callers and AWS services have no identity with policies. Control policies don't reach service-linked
    roles (Organizations user guide).
    """
    if caller.kind in ("anonymous", "service"):
        return kind not in _OF_IDENTITY
    return not (kind in ("service_control", "resource_control") and caller.service_linked)


def _ask(
    kind: PolicyKind, level: int | None, policies: Sequence[CompiledPolicy], request: Request, bounded: bool
) -> Finding:
    """Ask the policies of one kind, or of one level: the first Deny, else the first Allow."""
    found = Finding(kind, level)
    for index, policy in enumerate(policies):
        outcome = policy.decide(request, bounded=bounded)
        if outcome.effect == "Deny" or (found.index is None and outcome.effect is not None):
            found.index, found.outcome = index, outcome
            if outcome.effect == "Deny":
                break
    return found


def _denied(finding: Finding, facts: Facts) -> Decision:
    what = f"{finding.outcome.words} of the {_NAMES[finding.kind]} denies {facts.words}."
    return Decision("explicit_deny", finding.decided_by(), what)


def _granted_or_not(facts: Facts, chain: Chain, findings: list[Finding]) -> Decision:
    grant = granting.granted(facts, chain, {one.kind: one for one in findings})
    if grant.missing is not None:
        decided = _not_allowed(grant.missing, facts)
        return Decision(decided.decision, decided.decided_by, f"{grant.why or decided.reason}{grant.note}")
    if not findings:
        return Decision("implicit_deny", None, "No policy takes part, and what no policy allows is denied.")
    by = grant.by or next((one for one in findings if one.kind == "endpoint"), findings[0])
    others = ", and nothing else stands against it." if len(findings) > 1 else "."
    return _allowed(by, facts, others + grant.note)


def _allowed(finding: Finding, facts: Facts, more: str = ".") -> Decision:
    reason = f"{finding.outcome.words} of the {_NAMES[finding.kind]} allows {facts.words}{more}"
    return Decision("allowed", finding.decided_by(), reason)


def _not_allowed(finding: Finding, facts: Facts) -> Decision:
    level = "" if finding.level is None else f" at level {finding.level + 1}"
    what = f"No statement of the {_NAMES[finding.kind]}{level} allows {facts.words}."
    return Decision("implicit_deny", DecidedBy(finding.kind, level=finding.level), what)


# --- Explaining ------------------------------------------------------------------------------------------------------


def _steps(request: Request, chain: Chain, bounded: bool) -> Iterator[Step]:
    caller = request.facts.caller
    for kind, level, policies in chain.layers:
        for index, policy in enumerate(policies):
            outcome = policy.decide(request, bounded=bounded)
            statements = policy.explain(request, bounded=bounded)
            yield Step(kind, index, level, outcome, statements, takes_part(kind, caller))


_ORDER = ("Statement", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")


def _nearest(decision: Decision, steps: Sequence[Step]) -> str:
    """Return, after an implicit denial, which Allow came nearest and where it failed; empty if there is none."""
    by = decision.decided_by
    if decision.decision != "implicit_deny" or by is None:
        return ""
    missed = [
        (step, one)
        for step in steps
        if step.policy == by.policy and step.level == by.level
        for one in step.statements
        if one.effect == "Allow" and one.element is not None
    ]
    if not missed:
        return ""
    step, nearest = max(missed, key=lambda pair: _ORDER.index(pair[1].element or ""))
    policy = f" of policy {step.index + 1}" if len({one.index for one, _ in missed}) > 1 else ""
    sid = f" ({wording.quoted(nearest.sid)})" if nearest.sid else ""
    return (
        f" Statement {nearest.index + 1}{sid}{policy} comes nearest and fails at its {nearest.element}: {nearest.why}"
    )
