"""The endpoint services of a region, what they are for, and which VPCs have them. Read from the inventory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT

from endpoints.models import AccountRegion, InventoryItem, User
from endpoints.models.inventory import InventoryKind
from endpoints.models.visibility import accounts_whose_network_is_visible_to
from endpoints.network.purposes import matching, purpose_of
from endpoints.network.snapshot import GONE
from endpoints.services.choices import AccountChoice, Service, active_accounts

PREFIXES = ("com.amazonaws.{}.", "cn.com.amazonaws.{}.")


@dataclass(frozen=True, slots=True)
class Use:
    """An endpoint that leads to a service already, in its VPC. The VPC's name may be empty."""

    vpc_id: str
    vpc_name: str
    vpc_endpoint_id: str
    vpc_endpoint_type: str
    private_dns: bool

    @property
    def vpc(self) -> str:
        """Return the VPC's name with the id, or the id alone."""
        return f"{self.vpc_name} ({self.vpc_id})" if self.vpc_name else self.vpc_id


@dataclass(frozen=True, slots=True)
class Entry:
    """A service as the catalogue shows it. `purpose` is empty where nobody has written one down."""

    service: Service
    purpose: str
    uses: tuple[Use, ...]


def accounts_for(user: User) -> tuple[AccountChoice, ...]:
    """Return the active accounts in whose network a person may look, with their regions."""
    visible = set(accounts_whose_network_is_visible_to(user).values_list("pk", flat=True))
    return tuple(item for item in active_accounts() if item.pk in visible)


def services_in(account: int, region: str) -> QuerySet[InventoryItem]:
    """Return the services that an account-region is offered."""
    return InventoryItem.objects.filter(account=account, region=region, kind=InventoryKind.SERVICE)


def searched(rows: QuerySet[InventoryItem], text: str, regions: Iterable[str]) -> QuerySet[InventoryItem]:
    """Return the services whose name, private DNS name or purpose a text is about."""
    text = text.strip()
    shorts = matching(text)
    full = [prefix.format(region) + short for region in regions for short in shorts for prefix in PREFIXES]
    named = Q(aws_id__icontains=text) | Q(data__private_dns_name__icontains=text)
    return rows.filter(named | Q(aws_id__in=full))


def entries(rows: Iterable[InventoryItem]) -> list[Entry]:
    """Return services, each with the VPCs that have it. Two queries."""
    rows = list(rows)
    uses = uses_of(rows)
    return [
        Entry(Service(row.aws_id, row.name, row.data), purpose_of(row.aws_id), tuple(uses[place_of(row, row.aws_id)]))
        for row in rows
    ]


def place_of(row: InventoryItem, service_name: str) -> tuple[int, str, str]:
    """Return the account, the region and the service's name: a key of `uses_of`."""
    return row.account_id, row.region, service_name


def uses_of(rows: Iterable[InventoryItem]) -> dict[tuple[int, str, str], list[Use]]:
    """Return the endpoints that lead to services, by `place_of`. Two queries, also for many accounts and regions."""
    rows = list(rows)
    found: dict[tuple[int, str, str], list[Use]] = defaultdict(list)
    if not rows:
        return found
    here = InventoryItem.objects.filter(
        account__in={row.account_id for row in rows}, region__in={row.region for row in rows}
    )
    endpoints = here.filter(kind=InventoryKind.VPC_ENDPOINT).annotate(service=KT("data__service_name"))
    there = list(endpoints.filter(service__in={row.aws_id for row in rows}).order_by("vpc_id", "aws_id"))
    vpcs = here.filter(kind=InventoryKind.VPC, aws_id__in={item.vpc_id for item in there})
    names = dict(vpcs.values_list("aws_id", "name"))
    for item in there:
        if str(item.data.get("state", "")).lower() not in GONE:
            kind, private = item.data.get("vpc_endpoint_type", ""), bool(item.data.get("private_dns_enabled"))
            use = Use(item.vpc_id, names.get(item.vpc_id, ""), item.aws_id, kind, private)
            found[place_of(item, item.data["service_name"])].append(use)
    return found


def read_at(rows: Iterable[InventoryItem]) -> dict[tuple[int, str], datetime | None]:
    """Return when the regions of rows were read last, by account and region. One query."""
    known = AccountRegion.objects.filter(account__in={row.account_id for row in rows})
    return {(item.account_id, item.region): item.inventory_at for item in known}
