"""What an answer about reachability is made of: hops, each with its verdict, reason, evidence and cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from endpoints.network.flows import Block
from endpoints.network.snapshot import Part

HTTPS = 443


class Status(StrEnum):
    """What a hop does with the traffic: all of it passes, a part, none, or it can't be told."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    BROKEN = "broken"
    SKIPPED = "skipped"


class Outcome(StrEnum):
    """Where the traffic gets."""

    PRIVATE = "private"
    PUBLIC = "public"
    PARTLY = "partly"
    UNKNOWN = "unknown"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Cure:
    """What to do. `act` is `request`, `modify` or `policy` (the portal's forms, prefilled with `fields`), or
    `outside`: somebody with access to AWS does it, for example by `command`, a line of the AWS CLI."""

    text: str
    act: str = "outside"
    fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop: `key` names it for programs, `title` for people; `evidence` is the rule or route that decided."""

    key: str
    title: str
    status: Status
    reason: str
    evidence: tuple[str, ...] = ()
    cure: Cure | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: where traffic gets, in one sentence, and the hops in order.

    `endpoint_ids` are the endpoints that lead to the service, `addresses` what the name answered, `path` the ids that
    the traffic passes, for the picture.
    """

    outcome: Outcome
    summary: str
    hops: tuple[Hop, ...]
    endpoint_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def broken(self) -> Hop | None:
        """Return the first broken hop, or None."""
        return next((item for item in self.hops if item.status is Status.BROKEN), None)

    @property
    def cure(self) -> Cure | None:
        """Return the cure of the first broken hop, or else of the first hop that has one."""
        first = self.broken
        if first is not None:
            return first.cure
        return next((item.cure for item in self.hops if item.cure is not None), None)

    @property
    def reaches(self) -> bool:
        """Tell whether any traffic is known to get to the service."""
        return self.outcome in (Outcome.PRIVATE, Outcome.PUBLIC, Outcome.PARTLY)


@dataclass(frozen=True, slots=True)
class Source:
    """Where traffic comes from: addresses of one subnet, guarded by `group_ids`.

    `group_ids` is None where clients may be in any group of the VPC. `public` tells whether they have public
    addresses; None is "not known".
    """

    kind: str
    part: Part
    subnet: Part
    blocks: tuple[Block, ...]
    group_ids: tuple[str, ...] | None
    public: bool | None = None

    @property
    def label(self) -> str:
        """Return the source's name with its id."""
        return self.part.label

    @property
    def within(self) -> str:
        """Return whose traffic it is, within a sentence."""
        return f"clients in {self.label}" if self.kind == "subnet" else self.label


@dataclass(frozen=True, slots=True, eq=False)
class Client:
    """One way in which a client may be guarded.

    `everything` tells that it stands for the client that has all groups: if it can't, nobody can. `alike` are the
    groups that it stands for one by one, since no rule treats them differently.
    """

    group_ids: tuple[str, ...]
    everything: bool = False
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Addresses that the name answered and that every rule treats alike.

    `interface` is None for public addresses; `certain` is False while nobody knows which address it will be.
    """

    version: int
    at: int
    label: str
    endpoint_id: str = ""
    interface: Part | None = None
    subnet_id: str = ""
    group_ids: tuple[str, ...] | None = ()
    prefix_list_id: str = ""
    certain: bool = True

    @property
    def private(self) -> bool:
        """Tell whether it is an endpoint's network interface."""
        return self.interface is not None

    @property
    def block(self) -> Block:
        """Return one address of it, as good as any."""
        return Block(self.version, self.at, self.at)
