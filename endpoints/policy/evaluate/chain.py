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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from endpoints.policy.evaluate.compiled import NEITHER, CompiledPolicy, Outcome, StatementOutcome
from endpoints.policy.evaluate.request import Request

PolicyKind = Literal[
    "service_control", "resource_control", "endpoint", "resource", "identity", "permissions_boundary", "session"
]
Answer = Literal["allowed", "explicit_deny", "implicit_deny"]
Policies = Sequence[CompiledPolicy]


@dataclass(frozen=True, slots=True)
class Chain:
    """The policies of each kind. None: this kind doesn't take part. Statements of one kind (or level) count together.

    Levels of control policies run from the organisation's root to the account. The resource's policy is to be
    compiled with `resource_policy=True`.
    """

    endpoint_policies: Policies | None = None
    identity_policies: Policies | None = None
    resource_policy: CompiledPolicy | None = None
    permissions_boundaries: Policies | None = None
    session_policies: Policies | None = None
    service_control_policies: Sequence[Policies] | None = None
    resource_control_policies: Sequence[Policies] | None = None


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """The kind of policy that decided, which of its policies (counted from 0; for control policies `level` is that of
    the list), and its statement. Without one, the kind as a whole has no statement that allows."""

    policy: PolicyKind
    index: int | None = None
    statement: int | None = None
    sid: str | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one policy of the chain says, with all its statements."""

    policy: PolicyKind
    index: int
    level: int | None
    outcome: Outcome
    statements: tuple[StatementOutcome, ...]
    takes_part: bool
    """False if the caller is none that this kind of policy applies to."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, what decided it, and why in a sentence. `decided_by` is None only if no policy takes part."""

    decision: Answer
    decided_by: DecidedBy | None
    reason: str
    steps: tuple[Step, ...] = ()
    """Filled when an explanation was asked for."""


def evaluate(request: Request, chain: Chain, *, explain: bool = False) -> Decision:
    """Decide about a request. Never raises; `explain` adds the steps."""
    raise NotImplementedError


_ = (NEITHER, Any)
