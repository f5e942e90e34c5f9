"""A policy as the linter's rules read it: statements with their well-formed parts, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from endpoints.policy.lint.report import Report
from endpoints.policy.nodes import Object, Scalar
from endpoints.policy.words import Operator

VpcEndpointType = Literal["Gateway", "Interface"]


class Test(NamedTuple):
    """One key of a Condition under its operator: `key` in small letters, `node` where it stands."""

    operator: Operator
    key: str
    name: str
    node: Scalar
    values: tuple[Scalar, ...]
    texts: tuple[str, ...]

    @property
    def negated(self) -> bool:
        """Whether the operator asks for a value to be none of the list."""
        return "Not" in self.operator.name

    @property
    def certain(self) -> bool:
        """Whether it is false on an absent key: a positive operator without IfExists or a set operator."""
        operator = self.operator
        return not (self.negated or operator.if_exists or operator.set_operator or operator.name == "Null")


@dataclass(slots=True)
class Statement:
    """The parts of a statement that are well formed. `sound` says that nothing in it was refused.

    `anyone` is true for the principal `*` and for a missing one; `actions` hold nodes, whose letter case is as written.
    """

    node: Object
    number: int
    sid: str = ""
    effect: str = ""
    anyone: bool = True
    named_principal: bool = False
    principals: frozenset[str] = frozenset()
    not_principal: bool = False
    actions: Sequence[Scalar] = ()
    not_action: bool = False
    resources: Sequence[Scalar] = ()
    not_resource: bool = False
    tests: list[Test] = field(default_factory=list)
    sound: bool = True

    @property
    def label(self) -> str:
        """How a sentence names it."""
        return f"“{self.sid[:40]}”" if self.sid else f"statement {self.number}"


@dataclass(slots=True)
class Policy:
    """One document under the linter, with what is known of its endpoint.

    `prefixes` are those of the service that the endpoint leads to, empty where it isn't known. `variables` says that
    its Version has them. `at_endpoint` is false for what may be an identity policy.
    """

    report: Report
    statements: list[Statement]
    variables: bool
    vpc_endpoint_type: VpcEndpointType | None = None
    prefixes: frozenset[str] = frozenset()
    service_name: str = ""
    protected: bool = False
    takes_policy: bool = True
    at_endpoint: bool = field(init=False)

    def __post_init__(self) -> None:
        """Tell whether it is an endpoint's policy for certain: the caller says so, or it names a Principal."""
        named = any(item.named_principal for item in self.statements)
        self.at_endpoint = self.vpc_endpoint_type is not None or named
