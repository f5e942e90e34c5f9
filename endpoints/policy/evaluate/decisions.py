"""The policies that a request passes, and the shapes of what they decide together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from endpoints.policy.evaluate.compiled import CompiledPolicy, Outcome, StatementOutcome

PolicyKind = Literal[
    "service_control", "resource_control", "endpoint", "resource", "identity", "permissions_boundary", "session"
]
Answer = Literal["allowed", "explicit_deny", "implicit_deny"]
Policies = Sequence[CompiledPolicy]
Layer = tuple[PolicyKind, "int | None", Policies]


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
    layers: tuple[Layer, ...] = field(init=False, repr=False, compare=False)
    """What takes part, in the order in which an explicit deny is looked for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self._layers()))

    def _layers(self) -> Iterator[Layer]:
        yield from _levels("service_control", self.service_control_policies)
        yield from _levels("resource_control", self.resource_control_policies)
        if self.endpoint_policies is not None:
            yield "endpoint", None, self.endpoint_policies
        if self.resource_policy is not None:
            yield "resource", None, (self.resource_policy,)
        if self.identity_policies is not None:
            yield "identity", None, self.identity_policies
        if self.permissions_boundaries is not None:
            yield "permissions_boundary", None, self.permissions_boundaries
        if self.session_policies is not None:
            yield "session", None, self.session_policies


def _levels(kind: PolicyKind, levels: Sequence[Policies] | None) -> Iterator[Layer]:
    for level, policies in enumerate(levels or ()):
        yield kind, level, policies
    if levels is not None and not levels:
        yield kind, None, ()


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
