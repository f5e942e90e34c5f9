"""What a request's changes do to the month's bill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from endpoints.domain.specs import EndpointSpec
from endpoints.forms.costs import VolumeForm
from endpoints.models.requests import ChangeAction
from endpoints.network.cost import ZERO, Estimate
from endpoints.services import costs

SAME_COST = (ChangeAction.POLICY, ChangeAction.ADOPT)
"""Changes after which AWS charges what it charged before."""


@dataclass(frozen=True, slots=True)
class ChangeCost:
    """One change: a month with it and a month without, each None where there is no endpoint."""

    label: str
    after: Estimate | None
    before: Estimate | None

    @property
    def difference(self) -> Decimal:
        """Return how much more a month costs; negative where it costs less."""
        return (self.after.total if self.after else ZERO) - (self.before.total if self.before else ZERO)


@dataclass(frozen=True, slots=True)
class RequestCost:
    """All changes of a request that cost or save something."""

    changes: tuple[ChangeCost, ...]

    @property
    def difference(self) -> Decimal:
        """Return how much more a month costs with all of it."""
        return sum((item.difference for item in self.changes), ZERO)

    @property
    def only(self) -> Estimate | None:
        """Return the estimate of the one new endpoint that is asked for; None where there is more to tell."""
        alone = self.changes[0] if len(self.changes) == 1 else None
        return alone.after if alone and alone.before is None else None

    @property
    def assumed(self) -> list[str]:
        """Return the regions of which some price is assumed."""
        found = [item for change in self.changes for item in (change.after, change.before) if item]
        return sorted({item.rates.region for item in found if item.assumed})


def cost_of(changes: Iterable[tuple[str, EndpointSpec, EndpointSpec | None]], gb: Decimal) -> RequestCost:
    """Return what changes cost, each given as its action, its spec and the endpoint's spec before."""
    found = []
    for action, spec, former in changes:
        if action in SAME_COST:
            continue
        words = f"{ChangeAction(action).label}: {spec.short_service} in {spec.vpc_id}"
        after = None if action == ChangeAction.DELETE else costs.estimate_for(spec, gb)
        before = costs.estimate_for(former, gb) if former and not ChangeAction(action).creates else None
        if action == ChangeAction.DELETE:
            before = costs.estimate_for(spec, gb)
        found.append(ChangeCost(words, after, before))
    return RequestCost(tuple(found))


def cost_card(changes: Iterable[tuple[str, EndpointSpec, EndpointSpec | None]], data: Any = None) -> dict[str, Any]:
    """Return what the card of costs shows of changes as `cost_of` takes them; `data` may name a volume of data."""
    volume = VolumeForm(data)
    return {"volume": volume, "cost": cost_of(changes, volume.volume), "prices": costs.prices()}
