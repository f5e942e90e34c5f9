"""States over time. Nothing runs in the background: what is due happens at the start of the next call."""

from __future__ import annotations

import time
from typing import Any

from portal.sandbox.aws import interfaces, routes
from portal.sandbox.aws.store import (
    DELETED_LISTED_SECONDS,
    DELETING_SECONDS,
    MODIFY_SECONDS,
    PENDING_SECONDS,
    STORE,
    Endpoint,
    Region,
)

GONE = "gone"  # not a state of AWS: the endpoint is no longer listed


def start_pending(here: Region, endpoint: Endpoint) -> None:
    """Begin `pending`; it ends `available`, or `failed` where a fault says so."""
    endpoint.state = "pending"
    outcome = "failed" if endpoint.failure else "available"
    here.schedule(endpoint, (STORE.seconds(PENDING_SECONDS[endpoint.type]), outcome))


def start_modifying(here: Region, endpoint: Endpoint) -> None:
    """Show `pending` for a moment after a change of an available interface endpoint."""
    endpoint.state = "pending"
    endpoint.modifying = True
    here.schedule(endpoint, (STORE.seconds(MODIFY_SECONDS), "available"))


def start_deleting(here: Region, endpoint: Endpoint) -> None:
    """Begin `deleting`; later `deleted`, listed for a while, then gone."""
    endpoint.state = "deleting"
    endpoint.held_reads = 0
    leaves = STORE.seconds(DELETING_SECONDS)
    here.schedule(endpoint, (leaves, "deleted"), (leaves + STORE.seconds(DELETED_LISTED_SECONDS), GONE))


def settle(backend: Any, here: Region) -> None:
    """Let everything due in a region happen."""
    if not here.moving:
        return
    now = time.time()
    for endpoint in list(here.moving.values()):
        while endpoint.moves and endpoint.moves[0][0] <= now and not endpoint.held_reads:
            enter(backend, here, endpoint, endpoint.moves.pop(0)[1])
        if not endpoint.moves:
            here.moving.pop(endpoint.id, None)


def enter(backend: Any, here: Region, endpoint: Endpoint, state: str) -> None:
    """Put an endpoint into a state, with what that state brings."""
    if state == GONE:
        here.drop(endpoint)
        backend.tags.pop(endpoint.id, None)
        return
    endpoint.state = state
    endpoint.modifying = False
    if state == "failed":
        endpoint.last_error = endpoint.failure
    if state == "deleted":
        release(backend, here, endpoint)


def release(backend: Any, here: Region, endpoint: Endpoint) -> None:
    """Give back what an endpoint holds: interfaces, routes, its connection to a service."""
    for subnet_id in list(endpoint.interfaces):
        interfaces.detach(backend, here, endpoint, subnet_id)
    for route_table_id in list(endpoint.route_table_ids):
        routes.remove(backend, endpoint, route_table_id)
    for connections in STORE.connections.values():
        connections.pop(endpoint.id, None)
