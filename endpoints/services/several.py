"""Asking for several endpoints at once: which ones, and what can be chosen for each. Read from the inventory."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from endpoints.domain.specs import short_service_name
from endpoints.models import Account, InventoryItem, User
from endpoints.models.inventory import InventoryKind
from endpoints.network.bundles import Bundle, Member
from endpoints.network.coverage import Cell, State
from endpoints.network.snapshot import Part
from endpoints.services import coverage
from endpoints.services.choices import OFFERED_TYPES, AccountChoice, Choices, read_several
from endpoints.services.drafts import MAX_CHANGES
from endpoints.services.snapshots import Place, nearby, rows_of

MOST_VPCS = 200
"""VPCs of a region that a form lists; the matrix pages through more."""


_KEY = re.compile(
    r"\A(?P<account>[0-9]{1,9})/(?P<region>[a-z0-9-]{1,32})/(?P<vpc>vpc-[0-9a-f]{1,17})"
    r"/(?P<service>[a-zA-Z0-9._-]{3,255})/(?P<kind>[A-Za-z]{1,24})\Z"
)


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint to ask for: a service in a VPC. `account` is our primary key, `kind` the type to begin with."""

    account: int
    region: str
    vpc_id: str
    service_name: str
    kind: str

    @classmethod
    def read(cls, key: str) -> Self | None:
        """Return the target that a key names; None where it is none."""
        found = _KEY.match(key)
        if found is None or found["kind"] not in OFFERED_TYPES:
            return None
        return cls(int(found["account"]), found["region"], found["vpc"], found["service"], found["kind"])

    @property
    def key(self) -> str:
        """Return what names it in forms."""
        return f"{self.account}/{self.region}/{self.vpc_id}/{self.service_name}/{self.kind}"

    @property
    def place(self) -> Place:
        """Return the region and the VPC."""
        return self.region, self.vpc_id

    @property
    def short(self) -> str:
        """Return the service's short name."""
        return short_service_name(self.service_name)


@dataclass(frozen=True, slots=True)
class Asked:
    """A target's number in a form, by which its fields are named, and whether it is ticked."""

    number: int
    ticked: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to ask for: targets with whether each is ticked, and in words what can't be asked for, and why."""

    targets: Mapping[Target, bool]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What can be chosen for targets of one account."""

    account: Account | None
    choice: AccountChoice | None
    choices: Mapping[Place, Choices]
    connected: Mapping[tuple[str, str, str], Mapping[str, Part]]
    there: Mapping[str, Mapping[str, Sequence[Cell]]] = field(default_factory=dict)

    def has(self, target: Target) -> Sequence[Cell]:
        """Return what the VPC has of a target's service, or was asked for."""
        return self.there.get(target.vpc_id, {}).get(target.short, ())


def offered(*, targets: Collection[Target], user: User) -> Offered:
    """Return what can be chosen for targets of one account. Seven queries, however many targets there are."""
    pk = next((item.account for item in targets), 0)
    places, names = {item.place for item in targets}, {item.service_name for item in targets}
    rows = rows_of(account=pk, places=places, services=names)
    choices, choice = read_several(account=pk, rows=rows)
    return Offered(
        account=Account.objects.filter(pk=pk, is_active=True).first(),
        choice=choice,
        choices=choices,
        connected=nearby(rows, names),
        there=coverage.there(vpc_ids={vpc_id for _, vpc_id in places}, user=user),
    )


def vpcs_of(*, account: int, region: str, only: Collection[str] = ()) -> list[InventoryItem]:
    """Return the VPCs of an account-region, by name; those of some ids where they are named. One query."""
    rows = InventoryItem.objects.filter(account=account, region=region, kind=InventoryKind.VPC)
    if only:
        rows = rows.filter(aws_id__in=only)
    return list(rows.select_related("account").order_by("name", "aws_id")[:MOST_VPCS])


def proposed(*, bundle: Bundle, vpcs: Sequence[InventoryItem], user: User) -> Proposal:
    """Return what to ask for so that VPCs have a bundle. Six queries.

    What a VPC has already or was asked for, and what is optional, isn't ticked, and is left out first where there is
    more than one request takes.
    """
    found = coverage.matrix(vpcs, columns=bundle.members, user=user)
    ranked: list[tuple[int, int, Target]] = []
    lacking: dict[str, dict[str, None]] = defaultdict(dict)
    for row in found.rows:
        for member, cell in zip(found.columns, row.cells, strict=True):
            if cell.state is State.NOT_OFFERED:
                lacking[row.vpc.region][member.service] = None
            elif cell.kind in OFFERED_TYPES:
                name, kind = cell.service_name, cell.kind
                target = Target(row.vpc.account_id, row.vpc.region, row.vpc.aws_id, name, kind)
                ranked.append((_rank(member, cell), len(ranked), target))
    notes = [f"Not offered in {region}, and left out: {', '.join(names)}." for region, names in lacking.items()]
    kept = sorted(ranked)[:MAX_CHANGES]
    if too_many := _left_out(ranked, kept):
        notes.append(too_many)
    return Proposal({target: rank == 0 for rank, _, target in sorted(kept, key=lambda item: item[1])}, tuple(notes))


def _rank(member: Member, cell: Cell) -> int:
    """Return 0 for what should be asked for, and higher the less it should."""
    return (0 if not member.optional else 1) if cell.askable else 2


def _left_out(ranked: Sequence[tuple[int, int, Target]], kept: Sequence[tuple[int, int, Target]]) -> str:
    needed = sum(rank == 0 for rank, *_ in ranked) - sum(rank == 0 for rank, *_ in kept)
    if needed:
        return f"One request takes {MAX_CHANGES} endpoints: {needed} more are needed. Ask for them in another request."
    if len(ranked) > len(kept):
        return f"One request takes {MAX_CHANGES} endpoints: optional ones, and those that are there, are left out."
    return ""


def read(keys: Iterable[str]) -> dict[Target, int]:
    """Return the targets that keys name, each once with its number; what is no key is left out.

    A form writes the number before the key and a colon. Where none stands, it is the place in the list.
    """
    found: dict[Target, int] = {}
    for position, text in enumerate(keys):
        number, _, key = text.rpartition(":")
        target = Target.read(key)
        if target is not None and target not in found:
            given = int(number) if number.isdecimal() and len(number) < 4 else position
            found[target] = given if given not in found.values() else max(found.values()) + 1
    return found


def by_account(targets: Iterable[Target]) -> dict[int, list[Target]]:
    """Return targets by account: a request is about one."""
    found: dict[int, list[Target]] = defaultdict(list)
    for target in targets:
        found[target.account].append(target)
    return found
