"""What the overlay remembers: endpoints, tokens, credentials and settings, behind one lock.

moto keeps VPCs, subnets, route tables, groups and interfaces; endpoints are kept here. Everything in `Store`
except the lock is plain data and can be pickled beside moto's backends (see `state.py`).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Every read and change of moto's backends and of the store happens under this lock: moto itself has none.
LOCK = threading.RLock()

PENDING_SECONDS = {"Interface": 4.0, "Gateway": 1.0, "GatewayLoadBalancer": 8.0}
MODIFY_SECONDS = 1.0
DELETING_SECONDS = 2.0
DELETED_LISTED_SECONDS = 60.0

DEFAULT_QUOTAS = {"interface-per-vpc": 50, "gateway-per-region": 20, "rules-per-group": 60}
HOLDS_NOTHING = frozenset({"deleting", "deleted"})


@dataclass
class Endpoint:
    """One VPC endpoint. `state` is spelled as on the wire (lowerCamelCase); times are seconds since the
    epoch."""

    id: str
    sequence: int
    account: str
    region: str
    vpc_id: str
    service_name: str
    type: str
    state: str
    created: datetime
    policy: str | None = None
    route_table_ids: list[str] = field(default_factory=list)
    interfaces: dict[str, str] = field(default_factory=dict)  # subnet id -> network interface id
    group_ids: list[str] = field(default_factory=list)
    private_dns: bool = False
    ip_address_type: str = "ipv4"
    dns_options: dict[str, Any] = field(default_factory=dict)
    dns_label: str = ""
    service_region: str = ""
    prefix_list_id: str | None = None
    moves: list[tuple[float, str]] = field(default_factory=list)  # (when, next state)
    hidden_reads: int = 0
    held_reads: int = 0
    failure: dict[str, str] | None = None  # what LastError will say when `pending` ends
    last_error: dict[str, str] | None = None
    modifying: bool = False
    requester_managed: bool = False

    @property
    def alive(self) -> bool:
        """True while it takes part in quotas and conflicts."""
        return self.state not in HOLDS_NOTHING


@dataclass
class Region:
    """The endpoints of one account in one region, indexed."""

    account: str
    region: str
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    by_vpc: dict[str, dict[str, Endpoint]] = field(default_factory=dict)
    moving: dict[str, Endpoint] = field(default_factory=dict)
    tokens: dict[str, tuple[str, Endpoint]] = field(default_factory=dict)
    managed_interfaces: dict[str, str] = field(default_factory=dict)  # interface id -> endpoint id
    cursors: dict[str, int] = field(default_factory=dict)  # subnet id -> next offset to try

    def add(self, endpoint: Endpoint) -> None:
        """Index a new endpoint."""
        self.endpoints[endpoint.id] = endpoint
        self.by_vpc.setdefault(endpoint.vpc_id, {})[endpoint.id] = endpoint

    def drop(self, endpoint: Endpoint) -> None:
        """Forget an endpoint that is no longer listed. Its token still answers with its last state."""
        self.endpoints.pop(endpoint.id, None)
        self.by_vpc.get(endpoint.vpc_id, {}).pop(endpoint.id, None)
        self.moving.pop(endpoint.id, None)

    def in_vpc(self, vpc_id: str) -> list[Endpoint]:
        """Return the endpoints of a VPC that are not going away."""
        return [endpoint for endpoint in self.by_vpc.get(vpc_id, {}).values() if endpoint.alive]

    def schedule(self, endpoint: Endpoint, *steps: tuple[float, str]) -> None:
        """Plan the next states: each step is (seconds from now, state)."""
        now = time.time()
        endpoint.moves = [(now + seconds, state) for seconds, state in steps]
        self.moving[endpoint.id] = endpoint


@dataclass
class StaticKey:
    """A long-lived access key that may do everything in its account."""

    account: str
    user_name: str


@dataclass
class TemporaryKey:
    """What AssumeRole handed out; `expires` in seconds since the epoch."""

    account: str
    role_arn: str
    role_id: str
    session_name: str
    session_token: str
    expires: float
    session_policy: str | None = None


@dataclass
class Store:
    """All of the overlay's memory. There is one, `STORE`, as moto's backends are one per process.

    `touched` tells whether something may have changed since the last point that one can go back to.
    """

    pace: float = 1.0
    rate: float = 1.0
    sequence: int = 0
    seeded: bool = False
    touched: bool = True
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)
    static_keys: dict[str, StaticKey] = field(default_factory=dict)
    temporary_keys: dict[str, TemporaryKey] = field(default_factory=dict)
    quotas: dict[tuple[str, str | None, str | None], int] = field(default_factory=dict)
    # (account, region, VPN or transit gateway) -> the Direct Connect gateways that reach it
    direct_connect: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    connections: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)  # service id -> endpoints

    def region(self, account: str, region: str) -> Region:
        """Return the region's memory, empty at first."""
        key = (account, region)
        if key not in self.regions:
            self.regions[key] = Region(account, region)
        return self.regions[key]

    def next_sequence(self) -> int:
        """Return the next number of the order of creation."""
        self.sequence += 1
        return self.sequence

    def quota(self, name: str, account: str, region: str) -> int:
        """Return a quota: the nearest of account and region, account, everywhere, AWS's default."""
        for key in ((name, account, region), (name, account, None), (name, None, None)):
            if key in self.quotas:
                return self.quotas[key]
        return DEFAULT_QUOTAS[name]

    def seconds(self, normal: float) -> float:
        """Return a duration at the current pace."""
        return normal * self.pace

    def find(self, endpoint_id: str) -> Endpoint | None:
        """Return an endpoint of any account and region."""
        for region in self.regions.values():
            if endpoint_id in region.endpoints:
                return region.endpoints[endpoint_id]
        return None

    def clear(self) -> None:
        """Forget everything but pace and rate."""
        fresh = Store(pace=self.pace, rate=self.rate)
        self.__dict__.update(fresh.__dict__)


STORE = Store()
