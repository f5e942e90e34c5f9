"""The matrix of VPCs and services, from the inventory, the portal's endpoints and open requests; never from AWS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q
from django.db.models.fields.json import KT

from endpoints import permissions
from endpoints.domain import lifecycle
from endpoints.domain.specs import EndpointType, short_service_name
from endpoints.models import Change, Endpoint, InventoryItem, User
from endpoints.models.inventory import InventoryKind
from endpoints.models.requests import ChangeAction
from endpoints.network.bundles import Member, full_names
from endpoints.network.coverage import NO_OFFER, Cell, Offer, State, cell_of, gap_of
from endpoints.network.snapshot import GONE, Part
from endpoints.services.snapshots import Ways, attachments, seen_from

MOST_COLUMNS = 60
MOST_JOINS = 5000
"""Peerings and attachments, and endpoints behind them, that are read for one matrix."""


@dataclass(frozen=True, slots=True)
class Row:
    """A VPC with its cells, in the order of the columns."""

    vpc: InventoryItem
    cells: tuple[Cell, ...]

    @property
    def key(self) -> str:
        """Return what names the VPC in addresses and forms."""
        return f"{self.vpc.account_id}/{self.vpc.region}/{self.vpc.aws_id}"

    @property
    def shared_by(self) -> str:
        """Return the account that shares the VPC with this one, or an empty text."""
        owner = str(self.vpc.data.get("owner_id", ""))
        return owner if owner != self.vpc.account.account_id else ""

    @property
    def missing(self) -> int:
        """Return how many services can be asked for here."""
        return sum(cell.askable for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """VPCs and services. `left_out` is how many columns were too many."""

    columns: tuple[Member, ...]
    rows: tuple[Row, ...]
    left_out: int = 0


@dataclass(slots=True)
class _Known:
    """What VPCs have, by VPC id and short name."""

    there: dict[str, dict[str, list[Cell]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    holders: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Of a service: the region of each VPC that has an Interface endpoint to it which serves."""


def matrix(
    vpcs: Sequence[InventoryItem],
    *,
    columns: Sequence[Member],
    user: User,
    and_in_use: bool = False,
    most: int = MOST_COLUMNS,
) -> Matrix:
    """Return what VPCs have of services. At most six queries, however many there are.

    `vpcs` are rows of the inventory with their accounts. Without columns, or where those in use are asked for as well,
    the services that the VPCs have come first.
    """
    known = _known({vpc.aws_id for vpc in vpcs}, user)
    first = _in_use(known) if and_in_use or not columns else []
    shorts = {item.service for item in first}
    chosen = [*first, *(item for item in columns if item.service not in shorts)]
    shown = tuple(chosen[:most])
    offers = _offers(vpcs, shown)
    near = _nearby(vpcs, shown, known)
    gaps: dict[tuple[int, str, str, str], Cell] = {}  # most are the same for each VPC of an account-region
    rows = []
    for vpc in vpcs:
        there, offered = known.there.get(vpc.aws_id, {}), offers.get((vpc.account_id, vpc.region), {})
        through, cells = near.get(vpc.aws_id, {}), []
        for column in shown:
            short, offer = column.service, offered.get(column.service, NO_OFFER)
            if found := there.get(short):
                cells.append(cell_of(column.kind, found, offer))
                continue
            key = (vpc.account_id, vpc.region, short, through.get(short, ""))
            if key not in gaps:
                gaps[key] = gap_of(short, column.kind, offer, key[-1])
            cells.append(gaps[key])
        rows.append(Row(vpc, tuple(cells)))
    return Matrix(shown, tuple(rows), len(chosen) - len(shown))


def _in_use(known: _Known) -> list[Member]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for services in known.there.values():
        for short, cells in services.items():
            kinds[short] |= {cell.kind for cell in cells}
    return [Member(short, kinds[short].pop() if len(kinds[short]) == 1 else "") for short in sorted(kinds)]


# --- What is there ----------------------------------------------------------------------------------------------------


def there(*, vpc_ids: Collection[str], user: User) -> Mapping[str, Mapping[str, Sequence[Cell]]]:
    """Return what VPCs have or were asked for, by their ids and services' short names. Three queries."""
    return _known(set(vpc_ids), user).there


def _known(ids: set[str], user: User) -> _Known:
    """Return what VPCs have: by the portal, in AWS, and asked for. Three queries.

    A VPC that accounts share has what any of them reads there.
    """
    known = _Known()
    in_aws = {item[0]: item for item in _in_aws(ids)}
    ours: set[str] = set()
    for row in _managed(ids):
        pk, account, team, vpc_id, name, kind, aws_id, status, dns = row
        seen = in_aws.get(aws_id)
        ours.add(aws_id)
        cell = Cell(
            state=State.MANAGED,
            service=short_service_name(name),
            service_name=name,
            kind=kind,
            vpc_endpoint_id=aws_id or "",
            status=status,
            private_dns_off=(seen[5] if seen else dns) != "true",
            endpoint=pk if permissions.can_see(user, account=account, team=team) else None,
        )
        known.there[vpc_id][cell.service].append(cell)
    for aws_id, vpc_id, region, name, kind, private_dns in in_aws.values():
        short = short_service_name(name)
        if kind == EndpointType.INTERFACE:
            known.holders[short][vpc_id] = region
        if aws_id not in ours:
            known.there[vpc_id][short].append(
                Cell(
                    state=State.UNMANAGED,
                    service=short,
                    service_name=name,
                    kind=kind,
                    vpc_endpoint_id=aws_id,
                    private_dns_off=private_dns != "true",
                )
            )
    for request, account, team, requester, vpc_id, name, kind in _asked(ids):
        visible = permissions.can_see(user, account=account, team=team, requester=requester)
        cell = Cell(
            state=State.ASKED,
            service=short_service_name(name),
            service_name=name,
            kind=kind,
            request=request if visible else None,
        )
        known.there[vpc_id][cell.service].append(cell)
    return known


def _in_aws(vpc_ids: Collection[str]) -> Iterable[tuple[str, str, str, str, str, str]]:
    """Return id, VPC, region, service, type and private DNS of the endpoints that AWS has and that are of use."""
    rows = InventoryItem.objects.filter(kind=InventoryKind.VPC_ENDPOINT, vpc_id__in=vpc_ids, account__is_active=True)
    facts = {name: KT(f"data__{name}") for name in ("service_name", "vpc_endpoint_type", "private_dns_enabled")}
    rows = rows.annotate(**facts, aws_state=KT("data__state"))
    columns = ("aws_id", "vpc_id", "region", *facts, "aws_state")
    for *values, state in rows.order_by("aws_id").values_list(*columns):
        if str(state).lower() not in GONE:
            yield tuple(values)


def _managed(vpc_ids: Collection[str]) -> Iterable[tuple[int, int, int, str, str, str, str, str, str]]:
    rows = Endpoint.objects.filter(vpc_id__in=vpc_ids, status__in=lifecycle.ENDPOINT.live())
    columns = (
        "pk",
        "account",
        "owner_team",
        "vpc_id",
        "service_name",
        "vpc_endpoint_type",
        "vpc_endpoint_id",
        "status",
    )
    dns = rows.annotate(dns=KT("desired__private_dns_enabled"))
    return dns.order_by("pk").values_list(*columns, "dns")


def _asked(vpc_ids: Collection[str]) -> Iterable[tuple[int, int, int, int, str, str, str]]:
    """Return the new endpoints that open requests ask for and that nobody has approved yet."""
    rows = Change.objects.filter(
        vpc_id__in=vpc_ids,
        action__in=(ChangeAction.CREATE, ChangeAction.ADOPT),
        endpoint=None,
        round=F("request__round"),
        request__status__in=lifecycle.REQUEST.live(),
    )
    who = ("request", "request__account", "request__owner_team", "request__requester")
    return rows.order_by("pk").values_list(*who, "vpc_id", "service_name", "vpc_endpoint_type")


# --- What could be there ----------------------------------------------------------------------------------------------


def _offers(vpcs: Sequence[InventoryItem], columns: Iterable[Member]) -> dict[tuple[int, str], dict[str, Offer]]:
    """Return by account and region what is offered of the columns. One query."""
    regions = {vpc.region for vpc in vpcs}
    names = {name for column in columns for region in regions for name in full_names(column.service, region)}
    rows = InventoryItem.objects.filter(
        account__in={vpc.account_id for vpc in vpcs}, region__in=regions, kind=InventoryKind.SERVICE, aws_id__in=names
    )
    found: dict[tuple[int, str], dict[str, Offer]] = defaultdict(dict)
    columns_of = ("account_id", "region", "aws_id", "data__types", "data__private_dns_name")
    for account, region, name, types, private in rows.values_list(*columns_of):
        found[account, region][short_service_name(name)] = Offer(name, tuple(types or ()), bool(private))
    return found


def _nearby(vpcs: Sequence[InventoryItem], columns: Iterable[Member], known: _Known) -> dict[str, dict[str, str]]:
    """Return by VPC and service a VPC that it is connected to and that has an Interface endpoint. Two queries."""
    ways, members = _ways(vpcs)
    reach = {
        vpc_id: {*way.peers, *(other for transit in way.transits for other in members.get(transit, ()))} - {vpc_id}
        for vpc_id, way in ways.items()
    }
    others = {item for found in reach.values() for item in found} - {vpc.aws_id for vpc in vpcs}
    shorts = [column.service for column in columns]
    regions = {vpc.aws_id: vpc.region for vpc in vpcs}
    names = {name for short in shorts for region in set(regions.values()) for name in full_names(short, region)}
    holders = {short: dict(known.holders.get(short, {})) for short in shorts}
    if others:
        rows = InventoryItem.objects.annotate(service=KT("data__service_name")).filter(
            kind=InventoryKind.VPC_ENDPOINT,
            vpc_id__in=others,
            account__is_active=True,
            service__in=names,
            data__vpc_endpoint_type=EndpointType.INTERFACE.value,
            data__state="available",
        )
        for vpc_id, region, name in rows.order_by("pk").values_list("vpc_id", "region", "service")[:MOST_JOINS]:
            holders[short_service_name(name)][vpc_id] = region
    return {
        vpc_id: {
            short: other
            for short in shorts
            if holders[short]
            and (other := next((one for one in holders[short] if one in found and holders[short][one] == here), ""))
        }
        for vpc_id, found in reach.items()
        if found and (here := regions[vpc_id])
    }


def _ways(vpcs: Sequence[InventoryItem]) -> tuple[dict[str, Ways], dict[str, set[str]]]:
    """Return what leads from VPCs into others, and by transit gateway the VPCs that are attached to it. One query."""
    own = {vpc.aws_id: vpc for vpc in vpcs}
    ours = attachments().filter(vpc_id__in=own).values("transit")
    peerings = Q(
        kind=InventoryKind.PEERING, account__in={vpc.account_id for vpc in vpcs}, region__in={v.region for v in vpcs}
    )
    rows = InventoryItem.objects.annotate(transit=KT("data__transit_gateway_id")).filter(
        peerings | Q(kind=InventoryKind.TRANSIT_ATTACHMENT, data__state="available", transit__in=ours)
    )
    parts: dict[str, list[Part]] = defaultdict(list)
    members: dict[str, set[str]] = defaultdict(set)
    for row in rows.order_by("pk")[:MOST_JOINS]:
        if row.kind == InventoryKind.TRANSIT_ATTACHMENT:
            members[row.transit].add(row.vpc_id)
        for vpc_id in {row.vpc_id, *row.data.get("vpc_ids", ())} & set(own):
            parts[vpc_id].append(Part(row.aws_id, row.name, seen_from(row.data, vpc_id)))
    return {vpc_id: Ways.of(found, own[vpc_id].region) for vpc_id, found in parts.items()}, members
