"""Who grants: the identity's policies, the resource's, or both; and what limits the grant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from endpoints.policy.evaluate.compiled import NEITHER, Outcome
from endpoints.policy.evaluate.decisions import Chain, DecidedBy, PolicyKind
from endpoints.policy.evaluate.principals import Grant
from endpoints.policy.evaluate.request import Facts

NAMES: dict[PolicyKind, str] = {
    "service_control": "service control policies",
    "resource_control": "resource control policies",
    "endpoint": "endpoint policy",
    "resource": "resource's policy",
    "identity": "identity's policies",
    "permissions_boundary": "permissions boundary",
    "session": "session policy",
}
LIMITS: frozenset[PolicyKind] = frozenset({"service_control", "resource_control", "endpoint"})
"""What must allow, whoever grants."""
_LIMITS_OF_GRANT: tuple[PolicyKind, ...] = ("permissions_boundary", "session")


@dataclass(slots=True)
class Finding:
    """What the policies of one kind, or of one level, say together; `index` is that of the policy that says it."""

    kind: PolicyKind
    level: int | None = None
    index: int | None = None
    outcome: Outcome = NEITHER

    @property
    def allows(self) -> bool:
        return self.outcome.effect == "Allow"

    def decided_by(self) -> DecidedBy:
        return _decided_by(self.kind, self.index, self.outcome.index, self.outcome.sid, self.level)


_decided_by = lru_cache(maxsize=512)(DecidedBy)
"""The same few decide about many requests."""


@dataclass(slots=True)
class Granted:
    """Either `missing` is what should have allowed, or `by` is what granted; neither if no such policy takes part."""

    by: Finding | None = None
    missing: Finding | None = None
    why: str = ""
    """A sentence, where what is missing needs one of its own."""
    note: str = ""
    """A sentence, after a blank, about what was taken for granted."""


def granted(facts: Facts, chain: Chain, findings: Mapping[PolicyKind, Finding]) -> Granted:
    """Return who grants a request that nothing denies and no limit stops."""
    if facts.caller.kind in ("anonymous", "service"):
        return _to_stranger(chain, findings)
    if facts.resource_account != facts.caller.account:
        return _across_accounts(facts, findings)
    return _within_account(facts, chain, findings)


def _to_stranger(chain: Chain, findings: Mapping[PolicyKind, Finding]) -> Granted:
    """Only the resource's policy can grant to who has no identity in IAM."""
    resource = findings.get("resource")
    if resource is None:
        return Granted() if chain.identity_policies is None else _missing("resource", findings)
    return Granted(by=resource) if resource.allows else Granted(missing=resource)


def _across_accounts(facts: Facts, findings: Mapping[PolicyKind, Finding]) -> Granted:
    """Both accounts must allow, each by its own policies."""
    identity, resource = findings.get("identity"), findings.get("resource")
    note = ""
    if resource is None and identity is not None:
        if _by_resource_only(facts):
            return _missing("resource", findings)
        note = " The resource is in another account, whose policy must allow it too; it was not given."
    for one in (identity, resource):
        if one is not None and not one.allows:
            return Granted(missing=one)
    return _limited(Granted(by=identity or resource, note=note), findings)


def _within_account(facts: Facts, chain: Chain, findings: Mapping[PolicyKind, Finding]) -> Granted:
    """One of both must allow. How the resource's policy names the caller says what else is needed."""
    identity, resource = findings.get("identity"), findings.get("resource")
    note = ""
    if facts.account_assumed and facts.resource != "*" and (identity or resource):
        note = " The resource's account is not said, and is taken to be the caller's."
    grants = chain.resource_policy.grants(facts.request) if chain.resource_policy and resource else ()
    strongest = grants[0] if grants else None
    if resource is not None and strongest is not None:
        by = Finding("resource", None, 0, strongest.outcome)
        if strongest.grant is Grant.DIRECT:
            return Granted(by=by, note=note)
        if strongest.grant is Grant.ROLE or identity is None:
            return _limited(Granted(by=by, note=note), findings)
    if identity is None:
        return Granted(missing=resource, note=note) if resource is not None else _limited(Granted(), findings)
    if strongest is None and _by_resource_only(facts):
        return _missing("resource", findings, note)
    if identity.allows:
        return _limited(Granted(by=identity, note=note), findings)
    return _neither(findings, strongest is not None, note)


def _limited(grant: Granted, findings: Mapping[PolicyKind, Finding]) -> Granted:
    """Return the grant, or what keeps it from being used."""
    for kind in _LIMITS_OF_GRANT:
        found = findings.get(kind)
        if found is not None and not found.allows:
            return Granted(missing=found, note=grant.note)
    return grant


def _neither(findings: Mapping[PolicyKind, Finding], delegated: bool, note: str) -> Granted:
    why = ""
    if delegated:
        why = "The resource's policy leaves it to the account, and no statement of the identity's policies allows it."
    elif "resource" in findings:
        why = "Neither the identity's policies nor the resource's policy allow it."
    return Granted(missing=findings["identity"], why=why, note=note)


def _missing(kind: PolicyKind, findings: Mapping[PolicyKind, Finding], note: str = "") -> Granted:
    """Return that the resource's policy had to allow, whether or not there is one."""
    found = findings.get(kind)
    why = "Here the resource's own policy must allow, and none was given." if found is None else ""
    return Granted(missing=found or Finding(kind), why=why, note=note)


def _by_resource_only(facts: Facts) -> bool:
    """Tell whether the identity's policies alone never suffice: for KMS keys and for the trust of a role."""
    parts = facts.resource.split(":", 5)
    if len(parts) < 6:
        return False
    if parts[2] == "kms":
        return parts[5].startswith("key/")
    return parts[2] == "iam" and parts[5].startswith("role/") and facts.action.startswith("sts:assumerole")
