"""Sessions and clients: one assumed role per account, one pair of clients per account and region and process.

Clients are made lazily, after a worker has forked; sessions aren't thread-safe, clients are. Measured: the first
session with an EC2 client costs 262 ms and 24 MiB, another client 23 ms. Nearly all of the first is botocore's
description of EC2, which all sessions of a process therefore share. Each client holds 1.4 MiB all the same, and a
worker comes to every account-region in time: those that it used last are kept, and others made again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar

import boto3
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.loaders import Loader
from botocore.session import Session, get_session

from endpoints.aws.errors import translated
from endpoints.aws.gateway import Ec2Gateway
from endpoints.aws.probing import Prober

Service = Literal["ec2", "directconnect"]
_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")

SESSION_NAME = "endpoint-portal"
ROLE_SECONDS = 3600
MOST_GATEWAYS = 100
"""Account-regions whose clients one process keeps, each two at most."""
MOST_PROBERS = 10
"""Account-regions of which it keeps the four clients that a check needs."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to work: the role to assume in an account, and the region."""

    account_id: str
    region: str
    role_arn: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds and tries of one call. botocore's own default of 60 s each would outlive a worker's lease."""

    connect: float = 3
    read: float = 20
    read_attempts: int = 3

    @property
    def longest_call(self) -> float:
        """Return the longest that one wrapped call can take, in seconds, botocore's back-off included."""
        backoff: float = sum(min(2.0**attempt, 20.0) for attempt in range(self.read_attempts - 1))
        return (self.connect + self.read) * self.read_attempts + backoff


_lock = threading.RLock()
_gateways: dict[tuple[Target, Timeouts], Ec2Gateway] = {}
_probers: dict[tuple[Target, Timeouts], Prober] = {}
_sessions: dict[tuple[str, str], boto3.Session] = {}
_loader: Loader | None = None
_OWN = ("", "")


def forget_clients() -> None:
    """Drop every session and client of this process; the child of a fork must not use its parent's sockets."""
    global _lock
    _lock = threading.RLock()
    _gateways.clear()
    _probers.clear()
    _sessions.clear()


os.register_at_fork(after_in_child=forget_clients)


def read_descriptions() -> None:
    """Have botocore read its descriptions of what every worker calls, once and before workers are forked.

    The first call of each would wait for it (a quarter of a second), and each would hold them in memory of its own. The
    clients that are made for it ask nothing of anybody and are dropped.
    """
    with _lock:
        session = boto3.Session(botocore_session=_core())
        for service in ("ec2", "sts"):
            session.client(service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106  # no secret: nothing is called


def gateway_for(target: Target, timeouts: Timeouts | None = None) -> Ec2Gateway:
    """Return this process's gateway to one account and region. The role is assumed at its first call."""
    timeouts = timeouts or Timeouts()

    def made() -> Ec2Gateway:
        session = _session(target, timeouts)
        return Ec2Gateway(
            reads=_lazily("ec2", session, target.region, timeouts, attempts=timeouts.read_attempts),
            # Writes are tried once: the operation's row, not botocore, decides when to try again.
            writes=_lazily("ec2", session, target.region, timeouts, attempts=1),
            direct_connect=_direct_connect(session, target.region, timeouts),
        )

    with _lock:
        return _recent(_gateways, (target, timeouts), made, most=MOST_GATEWAYS)


def prober_for(target: Target, timeouts: Timeouts | None = None) -> Prober:
    """Return this process's prober of one account and region, which tries what the role may do."""
    timeouts = timeouts or Timeouts()

    def made() -> Prober:
        session, config = _session(target, timeouts), _config(timeouts, attempts=timeouts.read_attempts)
        return Prober(
            ec2=session.client("ec2", region_name=target.region, config=config),
            sts=session.client("sts", region_name=target.region, config=config),
            quotas=session.client("service-quotas", region_name=target.region, config=config),
            direct_connect=session.client("directconnect", region_name=target.region, config=config),
        )

    with _lock:
        return _recent(_probers, (target, timeouts), made, most=MOST_PROBERS)


def _recent(book: dict[_Key, _Kept], key: _Key, make: Callable[[], _Kept], *, most: int) -> _Kept:
    """Return what stands under a key, made where nothing does; beyond `most`, what was used longest ago is dropped.

    Who holds that goes on with it. Call it with `_lock` held.
    """
    found = book.pop(key) if key in book else make()
    book[key] = found  # at the end: a dict keeps the order
    while len(book) > most:
        del book[next(iter(book))]
    return found


def forget_role(target: Target) -> None:
    """Let this process assume a target's role anew at its next call: how it is now, not an hour ago.

    Who holds a client already goes on with it.
    """
    key = (target.role_arn, target.external_id)
    with _lock:
        _sessions.pop(key, None)
        for made in (_gateways, _probers):
            for known in [item for item in made if (item[0].role_arn, item[0].external_id) == key]:
                del made[known]


def _lazily(
    service: Service, session: boto3.Session, region: str, timeouts: Timeouts, *, attempts: int
) -> Callable[[], Any]:
    """Return what makes a client when it is first asked for, and the same one after that.

    A client of EC2 takes 20 to 30 ms of processor time; a worker that creates reads seldom, and an observer never
    writes. Only regions with a VPN or transit gateway ask Direct Connect.
    """

    @cache
    def made() -> Any:
        config = _config(timeouts, attempts=attempts)
        with _lock:
            return session.client(service, region_name=region, config=config)

    return made


def _direct_connect(session: boto3.Session, region: str, timeouts: Timeouts) -> Callable[[], Any]:
    """Return what makes a client of Direct Connect, or None in a region that botocore knows to be without it.

    Elsewhere a connection that fails is an error: "there is none" would be a guess.
    """
    made = _lazily("directconnect", session, region, timeouts, attempts=timeouts.read_attempts)

    def offered() -> Any:
        with _lock:
            partition = session.get_partition_for_region(region)
            known = session.get_available_regions("directconnect", partition_name=partition)
        return made() if region in known else None

    return offered


def _config(timeouts: Timeouts, *, attempts: int) -> Config:
    return Config(
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra=SESSION_NAME,
    )


def _session(target: Target, timeouts: Timeouts) -> boto3.Session:
    key = (target.role_arn, target.external_id)
    if key not in _sessions:
        core = _core()
        core.register("after-call", _renewed_when_refused(target))
        # botocore's own way to hand refreshable credentials to a session: the attribute is private, and its
        # contract is held by tests/integration/aws.
        core._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]
            refresh_using=_assume(target, timeouts), method="sts-assume-role"
        )
        _sessions[key] = boto3.Session(botocore_session=core)
    return _sessions[key]


_NO_LONGER_GOOD = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"}
    | {"RequestExpired", "ExpiredToken", "ExpiredTokenException"}
)


def _renewed_when_refused(target: Target) -> Callable[..., None]:
    """Return what lets a role be assumed anew after AWS has refused its credentials.

    They are good for an hour, as far as we know. But who makes the role again, or has a clock that was wrong, would
    see every retry fail until then.
    """

    def look(parsed: dict[str, Any], **_: Any) -> None:
        if parsed.get("Error", {}).get("Code") in _NO_LONGER_GOOD:
            forget_role(target)

    return look


def _core() -> Session:
    """Return a new session of botocore with the descriptions of services that this process has read before.

    They are data alone, without a socket or a credential, so `forget_clients` keeps them. Call it with `_lock` held.
    """
    global _loader
    core = get_session()
    if _loader is None:
        _loader = core.get_component("data_loader")
    else:
        core.register_component("data_loader", _loader)
    return core


def _own_session() -> boto3.Session:
    """Return the session with the portal's own credentials, as boto3 finds them; made once in a process.

    Not boto3's default session: that one is shared with whoever else uses it, and sessions aren't thread-safe.
    """
    with _lock:
        if _OWN not in _sessions:
            _sessions[_OWN] = boto3.Session(botocore_session=_core())
        return _sessions[_OWN]


def _assume(target: Target, timeouts: Timeouts) -> Callable[[], dict[str, Any]]:
    def refresh() -> dict[str, Any]:
        config = _config(timeouts, attempts=timeouts.read_attempts)
        with translated():
            sts = _own_session().client("sts", region_name=target.region, config=config)
            answer = sts.assume_role(
                RoleArn=target.role_arn,
                RoleSessionName=SESSION_NAME,
                ExternalId=target.external_id,
                DurationSeconds=ROLE_SECONDS,
            )
        credentials = answer["Credentials"]
        expiration: datetime = credentials["Expiration"]
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": expiration.isoformat(),
        }

    return refresh
