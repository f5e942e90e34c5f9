"""What a test wants to have happened and AWS has no quick call for. Each raises ValueError for what does not
exist."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from portal.sandbox.aws import lifecycle
from portal.sandbox.aws.describe import default_policy
from portal.sandbox.aws.store import DEFAULT_QUOTAS, STORE, Endpoint, StaticKey

_STATES = (
    "pendingAcceptance",
    "pending",
    "available",
    "deleting",
    "deleted",
    "rejected",
    "failed",
    "expired",
    "partial",
)


def add_account(account: str) -> dict[str, Any]:
    """Hand out a key that may do everything in an account (12 digits)."""
    if len(account) != 12 or not account.isdigit():
        raise ValueError("an account id has 12 digits")
    access_key = f"AKIASIM0{account}"
    STORE.static_keys[access_key] = StaticKey(account, "admin")
    return {
        "access_key_id": access_key,
        "secret_access_key": hashlib.sha256(account.encode()).hexdigest()[:40],
    }


def set_quota(name: str, value: int, account: str | None, region: str | None) -> dict[str, Any]:
    """Set `interface-per-vpc` or `gateway-per-region`, everywhere or in one account (and region)."""
    if name not in DEFAULT_QUOTAS:
        raise ValueError(f"choose one of {', '.join(sorted(DEFAULT_QUOTAS))}")
    STORE.quotas[(name, account, region)] = value
    return {}


def expire_credentials(account: str | None) -> dict[str, Any]:
    """Let temporary credentials run out now, all or one account's; returns how many."""
    expired = [key for key in STORE.temporary_keys.values() if account in (None, key.account)]
    for key in expired:
        key.expires = time.time() - 1
    return {"expired": len(expired)}


def associate_direct_connect(account: str, region: str, gateway: str, direct_connect_gateway: str) -> dict[str, Any]:
    """Let a Direct Connect gateway reach a VPN gateway or a transit gateway."""
    STORE.direct_connect.setdefault((account, region, gateway), set()).add(direct_connect_gateway)
    return {}


def remove(endpoint_id: str) -> dict[str, Any]:
    """Delete an endpoint behind everybody's back, at once and without a trace."""
    endpoint, backend = _found(endpoint_id)
    here = STORE.region(endpoint.account, endpoint.region)
    lifecycle.enter(backend, here, endpoint, "deleted")
    lifecycle.enter(backend, here, endpoint, lifecycle.GONE)
    return {}


def set_state(endpoint_id: str, state: str, error: dict[str, str] | None) -> dict[str, Any]:
    """Put an endpoint into a state, where it stays; `error` is its LastError with Code and Message."""
    if state not in _STATES:
        raise ValueError(f"choose one of {', '.join(_STATES)}")
    endpoint, backend = _found(endpoint_id)
    here = STORE.region(endpoint.account, endpoint.region)
    endpoint.moves, endpoint.held_reads = [], 0
    lifecycle.enter(backend, here, endpoint, state)
    endpoint.last_error = {"Code": error["Code"], "Message": error["Message"]} if error else None
    return {}


def set_policy(endpoint_id: str, document: str | None) -> dict[str, Any]:
    """Change an endpoint's policy as somebody in the console would; None resets it to the default."""
    endpoint, _ = _found(endpoint_id)
    endpoint.policy = document or default_policy(endpoint.type)
    return {}


def set_requester_managed(endpoint_id: str, managed: bool) -> dict[str, Any]:
    """Let an AWS service manage an endpoint on the account's behalf: nobody else may change or delete it then."""
    endpoint, _ = _found(endpoint_id)
    endpoint.requester_managed = managed
    return {}


def populate(like: str, count: int, vpc_ids: Sequence[str] = ()) -> dict[str, Any]:
    """Put `count` more endpoints like this one beside it, without its places: a large region in a moment.

    `vpc_ids` are the VPCs that they stand in by turns, in place of its own. They hold no quota's place and no
    interface; returns their ids.
    """
    from moto.ec2.utils import random_vpc_ep_id

    model, backend = _found(like)
    here = STORE.region(model.account, model.region)
    made = []
    for number in range(count):
        one = replace(
            model,
            id=random_vpc_ep_id(),
            sequence=STORE.next_sequence(),
            vpc_id=vpc_ids[number % len(vpc_ids)] if vpc_ids else model.vpc_id,
            route_table_ids=[],
            interfaces={},
            group_ids=list(model.group_ids),
            dns_options=dict(model.dns_options),
            moves=[],
        )
        here.add(one)
        backend.tags[one.id].update({"Name": f"{one.type} {one.sequence}"})
        made.append(one.id)
    return {"vpc_endpoint_ids": made}


def _found(endpoint_id: str) -> tuple[Endpoint, Any]:
    from moto.ec2.models import ec2_backends

    endpoint = STORE.find(endpoint_id)
    if endpoint is None:
        raise ValueError(f"there is no endpoint {endpoint_id}")
    return endpoint, ec2_backends[endpoint.account][endpoint.region]
