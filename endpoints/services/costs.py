"""What endpoints cost: one of them, and all that a person sees, by team and by account. Read only, never from AWS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Func, IntegerField, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from endpoints.domain import lifecycle
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import Endpoint, UnmanagedEndpoint, User
from endpoints.network.cost import (
    DEFAULT_GB,
    ZERO,
    Estimate,
    PriceBook,
    estimate,
    price_book,
    shared_data,
    zones_of,
)

__all__ = ["DEFAULT_GB", "CostRow", "Estimate", "Totals", "estimate_for", "prices", "totals"]

UNMANAGED = "Unmanaged"
"""Who pays for an endpoint that no request stands behind, in the table of teams."""
_GONE = ("deleted", "deleting", "failed", "expired")


def prices() -> PriceBook:
    """Return the prices that this deployment reckons with."""
    return price_book(settings.PORTAL_PRICES)


def estimate_for(spec: EndpointSpec, gb: Decimal = DEFAULT_GB) -> Estimate:
    """Return what a month of an endpoint of this spec costs with `gb` of data."""
    rates = prices().rates(spec.region)
    return estimate(kind=str(spec.vpc_endpoint_type), zones=zones_of(spec), gb=gb, rates=rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """A month of some endpoints in USD: those of one team, account, region and type, or several of these together."""

    team: str = ""
    account: str = ""
    account_id: str = ""
    region: str = ""
    kind: str = ""
    endpoints: int = 0
    zones: int = 0
    hours: Decimal = ZERO
    data: Decimal = ZERO
    nat_data: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Return hours and data together."""
        return self.hours + self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all endpoints cost that a person sees, with `gb` of data through each."""

    gb: Decimal
    rows: tuple[CostRow, ...]
    assumed: tuple[str, ...]
    """The regions of which some price is assumed from the base region."""

    @property
    def all(self) -> CostRow:
        """Return everything together."""
        return _together(self.rows)

    def by_team(self) -> list[CostRow]:
        """Return one row per team, the dearest first."""
        return _grouped(self.rows, lambda row: (row.team,), "team")

    def by_account(self) -> list[CostRow]:
        """Return one row per account, the dearest first."""
        return _grouped(self.rows, lambda row: (row.account, row.account_id), "account", "account_id")


def totals(*, user: User, gb: Decimal = DEFAULT_GB) -> Totals:
    """Return the costs of what a person sees. Two queries and those of `visible_to`, however many endpoints there are.

    An endpoint costs from its creation in AWS to its deletion there, whatever its state. Data tiers count all
    Interface endpoints of an account in a region, here those that the person sees.
    """
    groups = [*_managed(user), *_unmanaged(user)]
    book = prices()
    by_place: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        by_place[group["account_id"], group["region"]].append(group)
    rows: list[CostRow] = []
    for (_, region), found in by_place.items():
        rates = book.rates(region)
        metered = [group for group in found if group["kind"] == EndpointType.INTERFACE]
        shares = shared_data([gb * group["endpoints"] for group in metered], rates.interface_data)
        data = {id(group): share for group, share in zip(metered, shares, strict=True)}
        for group in found:
            volume = gb * group["endpoints"]
            one = estimate(kind=group["kind"], zones=group["zones"], gb=volume, rates=rates)
            rows.append(
                CostRow(**group, hours=one.hours, data=data.get(id(group), one.data), nat_data=one.nat_data or ZERO)
            )
    rows.sort(key=lambda row: (row.team, row.account, row.region, row.kind))
    guessed = {group["region"] for group in groups if book.rates(group["region"]).assumed_for(group["kind"])}
    return Totals(gb=gb, rows=tuple(rows), assumed=tuple(sorted(guessed)))


def _managed(user: User) -> Iterable[dict[str, Any]]:
    there = [name for name in lifecycle.ENDPOINT.live() if name != "missing"]
    rows = Endpoint.objects.visible_to(user).filter(vpc_endpoint_id__isnull=False, status__in=there)
    zones = Coalesce(_length("observed__subnet_ids"), _length("desired__subnet_ids"), 0)
    return _sums(rows, F("owner_team__name"), zones)


def _unmanaged(user: User) -> Iterable[dict[str, Any]]:
    rows = UnmanagedEndpoint.objects.visible_to(user).exclude(aws_state__in=_GONE)
    known = rows.filter(vpc_endpoint_type__in=[item.value for item in EndpointType])
    return _sums(known, Value(UNMANAGED), Coalesce(_length("data__subnet_ids"), 0))


def _sums(rows: QuerySet[Any], team: Any, zones: Any) -> Iterable[dict[str, Any]]:
    found = rows.order_by().values("region", "account__name", "account__account_id", "vpc_endpoint_type")
    summed = found.annotate(team=team).annotate(endpoints=Count("pk"), zones=Sum(zones))
    for row in summed:
        yield {
            "team": row["team"],
            "account": row["account__name"],
            "account_id": row["account__account_id"],
            "region": row["region"],
            "kind": row["vpc_endpoint_type"],
            "endpoints": row["endpoints"],
            # A Gateway endpoint has no network interface, whatever AWS lists.
            "zones": 0 if row["vpc_endpoint_type"] == EndpointType.GATEWAY else row["zones"],
        }


def _length(path: str) -> Func:
    return Func(F(path), function="jsonb_array_length", output_field=IntegerField())


def _grouped(rows: Iterable[CostRow], key: Callable[[CostRow], Any], *kept: str) -> list[CostRow]:
    groups: dict[Any, list[CostRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    found = [_together(group, **{name: getattr(group[0], name) for name in kept}) for group in groups.values()]
    return sorted(found, key=lambda row: (-row.total, row.team, row.account))


def _together(rows: Iterable[CostRow], **words: str) -> CostRow:
    rows = list(rows)
    return CostRow(
        **words,
        endpoints=sum(row.endpoints for row in rows),
        zones=sum(row.zones for row in rows),
        hours=sum((row.hours for row in rows), ZERO),
        data=sum((row.data for row in rows), ZERO),
        nat_data=sum((row.nat_data for row in rows), ZERO),
    )
