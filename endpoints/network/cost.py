"""What an endpoint costs in a month, and what a NAT gateway would take for the same data. Exact decimals, in USD.

Prices stand in `data/prices.json`, dated and with their sources; a deployment may name a file of its own
(`PORTAL_PRICES`). A price that a region's entry lacks is assumed from the base region, and said to be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from endpoints.domain.specs import EndpointSpec, EndpointType

PRICES = Path(__file__).parent / "data" / "prices.json"
DEFAULT_GB = Decimal(100)
"""The volume that an estimate begins with, in GB a month: nobody knows it before."""
MAX_GB = Decimal(100_000_000)
CENT = Decimal("0.01")
ZERO = Decimal(0)

NAMES: Mapping[str, str] = {
    "interface_hour": "an Interface endpoint's hour",
    "interface_data": "an Interface endpoint's data",
    "load_balancer_hour": "a Gateway Load Balancer endpoint's hour",
    "load_balancer_gb": "a Gateway Load Balancer endpoint's data",
    "nat_hour": "a NAT gateway's hour",
    "nat_gb": "a NAT gateway's data",
}
"""The prices of a region, as people call them."""


class PricesError(ValueError):
    """A file of prices that can't be used; the text says which part and why."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price per GB for the part of a month's volume below `up_to_gb`; None has no upper edge."""

    up_to_gb: Decimal | None
    usd_per_gb: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A region's prices in USD. `assumed` names those (keys of NAMES) that are the base region's."""

    region: str
    base_region: str
    hours_per_month: int
    interface_hour: Decimal
    interface_data: tuple[Tier, ...]
    load_balancer_hour: Decimal
    load_balancer_gb: Decimal
    nat_hour: Decimal
    nat_gb: Decimal
    assumed: frozenset[str] = frozenset()

    def hour_of(self, kind: str) -> Decimal:
        """Return what an endpoint of a type costs per AZ and hour."""
        if kind == EndpointType.GATEWAY:
            return ZERO
        return self.load_balancer_hour if kind == EndpointType.GATEWAY_LOAD_BALANCER else self.interface_hour

    @property
    def interface_month(self) -> Decimal:
        """Return what an Interface endpoint costs in one AZ and month, without its data."""
        return self.interface_hour * self.hours_per_month

    def tiers_of(self, kind: str) -> tuple[Tier, ...]:
        """Return what data through an endpoint of a type costs."""
        if kind == EndpointType.GATEWAY:
            return (Tier(None, ZERO),)
        if kind == EndpointType.GATEWAY_LOAD_BALANCER:
            return (Tier(None, self.load_balancer_gb),)
        return self.interface_data

    def assumed_for(self, kind: str) -> tuple[str, ...]:
        """Return in words which of the prices that an estimate of this type uses are assumed."""
        used = {
            EndpointType.GATEWAY: ("nat_gb",),
            EndpointType.GATEWAY_LOAD_BALANCER: ("load_balancer_hour", "load_balancer_gb"),
        }.get(EndpointType(kind), ("interface_hour", "interface_data", "nat_gb"))
        return tuple(NAMES[name] for name in used if name in self.assumed)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices, with their date and sources."""

    as_of: date
    sources: tuple[str, ...]
    base_region: str
    hours_per_month: int
    regions: Mapping[str, Mapping[str, Any]]

    def rates(self, region: str) -> Rates:
        """Return a region's prices; what its entry lacks is the base region's."""
        base, own = self.regions[self.base_region], self.regions.get(region, {})
        return Rates(
            region=region,
            base_region=self.base_region,
            hours_per_month=self.hours_per_month,
            assumed=frozenset(NAMES) - set(own),
            **{name: own.get(name, base[name]) for name in NAMES},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A month of one endpoint: `zones` network interfaces, and a volume of data. USD, not rounded.

    `nat_data` is what a NAT gateway takes for the same data; its hours aren't counted, since other traffic may need it.
    It is None where no NAT gateway could take the endpoint's place.
    """

    kind: str
    zones: int
    gb: Decimal
    rates: Rates
    hours: Decimal
    data: Decimal
    nat_data: Decimal | None

    @property
    def total(self) -> Decimal:
        """Return hours and data together."""
        return self.hours + self.data

    @property
    def saved(self) -> Decimal | None:
        """Return how much less than the NAT gateway's data it costs in a month; negative where it costs more."""
        return None if self.nat_data is None else self.nat_data - self.total

    @property
    def free(self) -> bool:
        """Tell whether AWS charges nothing for endpoints of this type."""
        return self.kind == EndpointType.GATEWAY

    @property
    def assumed(self) -> tuple[str, ...]:
        """Return in words which of its prices are assumed from the base region."""
        return self.rates.assumed_for(self.kind)


def to_cent(amount: Decimal) -> Decimal:
    """Return an amount to the cent, a half up: the same on pages, in files and in JSON."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def tiered(gb: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """Return what a month's volume costs: each part at its tier's price. Raises ValueError below zero."""
    if gb < 0:
        raise ValueError("A volume can't be negative.")
    cost, below = ZERO, ZERO
    for tier in tiers:
        edge = gb if tier.up_to_gb is None else min(gb, tier.up_to_gb)
        if edge > below:
            cost += (edge - below) * tier.usd_per_gb
            below = edge
    return cost


def estimate(*, kind: str, zones: int, gb: Decimal, rates: Rates) -> Estimate:
    """Return a month of an endpoint of `kind` with network interfaces in `zones` AZs and `gb` of data."""
    return Estimate(
        kind=kind,
        zones=zones,
        gb=gb,
        rates=rates,
        hours=rates.hour_of(kind) * zones * rates.hours_per_month,
        data=tiered(gb, rates.tiers_of(kind)),
        nat_data=None if kind == EndpointType.GATEWAY_LOAD_BALANCER else gb * rates.nat_gb,
    )


def zones_of(spec: EndpointSpec) -> int:
    """Return in how many AZs a spec has a network interface: AWS takes one subnet per AZ."""
    return 0 if spec.is_gateway else len(spec.subnet_ids)


def shared_data(volumes: Sequence[Decimal], tiers: Sequence[Tier]) -> list[Decimal]:
    """Return each one's part of what their data costs together: tiers count all Interface endpoints of a region."""
    total = sum(volumes, ZERO)
    if not total:
        return [ZERO for _ in volumes]
    cost = tiered(total, tiers)
    return [cost * volume / total for volume in volumes]


# --- The file ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def price_book(path: str = "") -> PriceBook:
    """Return the prices of a file, or the portal's own. Raises PricesError."""
    try:
        found = json.loads(Path(path or PRICES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PricesError(f"The prices in {path or PRICES} can't be read: {error}") from error
    try:
        return _book(found)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PricesError(f"The prices in {path or PRICES} aren't as they should be: {error}") from error


_PARTS = (
    ("as_of", str, "a text"),
    ("sources", list, "a list"),
    ("base_region", str, "a text"),
    ("regions", dict, "an object"),
)


def _book(found: Any) -> PriceBook:
    if not isinstance(found, dict):
        raise PricesError("write an object")
    for name, kind, words in _PARTS:
        if not isinstance(found.get(name), kind):
            raise PricesError(f"{name} is missing or isn't {words}")
    if found.get("currency", "USD") != "USD":
        raise PricesError("the currency must be USD")
    regions = {name: _region(name, prices) for name, prices in found["regions"].items()}
    base = found["base_region"]
    missing = set(NAMES) - set(regions.get(base, {}))
    if missing:
        raise PricesError(f"the base region {base} lacks {', '.join(sorted(missing))}")
    hours = found.get("hours_per_month", 730)
    if not isinstance(hours, int) or isinstance(hours, bool) or hours < 1:
        raise PricesError(f"hours_per_month is {hours!r}: write a whole number above zero")
    return PriceBook(
        as_of=date.fromisoformat(found["as_of"]),
        sources=tuple(str(item) for item in found["sources"]),
        base_region=base,
        hours_per_month=hours,
        regions=regions,
    )


def _region(region: str, prices: Any) -> Mapping[str, Any]:
    if not isinstance(prices, dict):
        raise PricesError(f"{region} isn't an object")
    unknown = set(prices) - set(NAMES)
    if unknown:
        raise PricesError(f"{region} has {', '.join(sorted(unknown))}, which nobody reads")
    return {
        name: _tiers(region, value) if name == "interface_data" else _price(region, name, value)
        for name, value in prices.items()
    }


def _tiers(region: str, values: Any) -> tuple[Tier, ...]:
    needed = {"up_to_gb", "usd_per_gb"}
    if not isinstance(values, list) or not all(isinstance(item, dict) and needed <= set(item) for item in values):
        raise PricesError(f"interface_data of {region} is {values!r}: write tiers of up_to_gb and usd_per_gb")
    tiers = []
    for item in values:
        edge = item["up_to_gb"]
        upper = None if edge is None else _price(region, "up_to_gb", edge)
        tiers.append(Tier(upper, _price(region, "interface_data", item["usd_per_gb"])))
    edges = [tier.up_to_gb for tier in tiers]
    if not edges or edges[-1] is not None or None in edges[:-1]:
        raise PricesError(f"the last tier of {region}, and no other, has up_to_gb null")
    if any(low >= high for low, high in pairwise(edge for edge in edges if edge is not None)):
        raise PricesError(f"the tiers of {region} must rise")
    return tuple(tiers)


def _price(region: str, name: str, value: Any) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        raise PricesError(f"{name} of {region} is {value!r}: write a decimal number") from None
    if not price.is_finite() or price < 0:
        raise PricesError(f"{name} of {region} is {value!r}: write a number that is not negative")
    return price
