"""Which VPC has which service: one cell of the matrix, worked out of what is known of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from endpoints.network.bundles import TYPES


class State(StrEnum):
    """What a VPC has of a service, the surest first."""

    MANAGED = "managed"
    UNMANAGED = "unmanaged"
    ASKED = "asked"
    NEARBY = "nearby"
    MISSING = "missing"
    NOT_OFFERED = "not_offered"


WORDS = {
    State.MANAGED: "Managed by the portal",
    State.UNMANAGED: "In AWS, not managed",
    State.ASKED: "Asked for",
    State.NEARBY: "In a connected VPC",
    State.MISSING: "Missing",
    State.NOT_OFFERED: "Not offered in the region",
}
_SURENESS = tuple(State)
_ASKABLE = (State.MISSING, State.NEARBY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A service in a VPC. `kind` is the type of what is there, or of what to ask for where nothing is.

    `status` is the portal's own of a managed endpoint. `endpoint` and `request` are their ids here, for who may see
    them. `vpc_id` is the VPC that has it where it is `nearby`. `more` tells how many further ones there are, `besides`
    how many in which state.
    """

    state: State
    service: str
    service_name: str = ""
    kind: str = ""
    vpc_endpoint_id: str = ""
    status: str = ""
    private_dns_off: bool = False
    endpoint: int | None = None
    request: int | None = None
    vpc_id: str = ""
    more: int = 0
    besides: tuple[tuple[State, int], ...] = ()

    @property
    def askable(self) -> bool:
        """Tell whether the portal can be asked for it here."""
        return self.state in _ASKABLE and bool(self.kind)

    @property
    def words(self) -> str:
        """Return the state as people read it."""
        return WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as a region offers it: its full name, its types, and whether it has a private DNS name."""

    service_name: str
    types: tuple[str, ...]
    private_name: bool = False


NO_OFFER = Offer("", ())


def cell_of(wanted: str, there: Sequence[Cell], offer: Offer = NO_OFFER) -> Cell:
    """Return the cell of what a VPC has of a service or was asked for: the type that is wanted, then the surest."""
    best = there[0]
    if len(there) > 1:
        best = min(there, key=lambda item: (bool(wanted) and item.kind != wanted, _SURENESS.index(item.state)))
        others = Counter(item.state for item in there)
        others[best.state] -= 1
        besides = tuple((state, others[state]) for state in _SURENESS if others[state])
        best = replace(best, more=len(there) - 1, besides=besides)
    if best.private_dns_off and not (offer.private_name and best.kind == "Interface"):
        return replace(best, private_dns_off=False)  # nothing to switch on
    return best


def gap_of(service: str, wanted: str, offer: Offer = NO_OFFER, nearby: str = "") -> Cell:
    """Return the cell of a service that a VPC doesn't have; `nearby` is a VPC through which it is reached, if any."""
    kind = kind_of(wanted, offer.types)
    state = State.NOT_OFFERED if not kind else State.NEARBY if nearby else State.MISSING
    where = nearby if state is State.NEARBY else ""
    return Cell(state=state, service=service, service_name=offer.service_name, kind=kind, vpc_id=where)


def kind_of(wanted: str, offered: Collection[str]) -> str:
    """Return the type to ask for: the wanted one where it is offered, else Gateway, which is free, else Interface."""
    return next((item for item in (wanted, *TYPES) if item and item in offered), "")
