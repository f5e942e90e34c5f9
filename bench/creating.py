"""Creations for the pacing benches: asked for, approved, and read back from AWS's own record. Not a bench itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from endpoints.aws.pacing import CREATE, Bucket
from endpoints.models import EndpointRequest, User
from portal.sandbox.aws.control import SimControl
from tests import aws, factories

PER_REQUEST = 10
QUOTA = 5000
SIZE = Bucket("", "", CREATE).size


def bound(calls: int, scale: float) -> float:
    """Return the seconds that so many creations take at the least in one account-region, whoever makes them."""
    return (calls - SIZE.burst * scale) / (SIZE.rate * scale)


def world(control: SimControl, url: str, account_id: str = aws.MEMBER) -> aws.World:
    """Make an account with a VPC that may hold many endpoints."""
    control.set_quota("interface-per-vpc", QUOTA, account=account_id)
    return aws.build(url, control, account_id)


@dataclass
class Asked:
    """Creations in one account and region that wait for review."""

    account_id: str
    requests: list[EndpointRequest]
    approver: User
    approved_at: float = 0

    def approve(self) -> None:
        """Approve them all; the time counts from when the first is approved."""
        for request in self.requests:
            factories.approved(request, self.approver)
            self.approved_at = self.approved_at or datetime.now(UTC).timestamp()


def ask(made: aws.World, count: int, *, a_request: int = PER_REQUEST) -> Asked:
    """Submit so many creations in a world's account, several to a request."""
    account = aws.member_account(made.account_id)
    engineer = factories.make_engineer(f"engineer-{made.account_id}")
    specs = [
        made.interface_spec(private_dns_enabled=False, subnet_ids=made.subnet_ids[number % 3 :][:1])
        for number in range(count)
    ]
    requests = [
        factories.submitted(account, engineer, *specs[start : start + a_request])
        for start in range(0, count, a_request)
    ]
    return Asked(made.account_id, requests, factories.make_approver(account, f"approver-{made.account_id}"))


@dataclass(frozen=True)
class Made:
    """What AWS recorded of CreateVpcEndpoint in one account."""

    done: int
    throttled: int
    last_at: float

    @property
    def share_throttled(self) -> float:
        """Return the share of calls that AWS refused for speed."""
        return self.throttled / (self.done + self.throttled)


def made_in(calls: Iterable[dict[str, Any]], account_id: str) -> Made:
    """Return what the record says of one account. Raises RuntimeError for any error but a throttle."""
    mine = [call for call in calls if call["action"] == CREATE and call["account"] == account_id]
    errors = [call["error"] for call in mine if call["error"]]
    if other := set(errors) - {"RequestLimitExceeded"}:
        raise RuntimeError(f"AWS refused creations: {sorted(other)}")
    done = [datetime.fromisoformat(call["started"]).timestamp() for call in mine if not call["error"]]
    return Made(done=len(done), throttled=len(errors), last_at=max(done))
