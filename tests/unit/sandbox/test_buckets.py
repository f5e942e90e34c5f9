"""Token buckets: sizes, refill, who shares one."""

from __future__ import annotations

import pytest

from portal.sandbox.aws.buckets import Buckets
from portal.sandbox.aws.store import STORE
from tests.unit.sandbox.network import Network, client, code_of


@pytest.mark.parametrize(
    ("action", "burst", "seconds_for_one"),
    [
        ("CreateVpcEndpoint", 4, 1 / 0.3),
        ("ModifyVpcEndpoint", 4, 1 / 0.3),
        ("DeleteVpcEndpoints", 4, 1 / 0.3),
        ("AcceptVpcEndpointConnections", 10, 1.0),
        ("RejectVpcEndpointConnections", 10, 1.0),
        ("CreateTags", 100, 0.1),
        ("DeleteTags", 100, 0.1),
        ("DescribeVpcEndpoints", 100, 0.05),
        ("DescribeNetworkInterfaces", 100, 0.05),
    ],
)
def test_each_action_has_its_burst_and_refill(action: str, burst: int, seconds_for_one: float) -> None:
    buckets = Buckets()

    def take(now: float) -> bool:
        return buckets.take(action, "a", "r", 1.0, now)

    assert all(take(0.0) for _ in range(burst))
    assert not take(0.0)
    assert not take(seconds_for_one * 0.99)
    assert take(seconds_for_one)
    assert not take(seconds_for_one)
    # An idle hour fills it, and no more than fills it.
    assert sum(take(3600.0) for _ in range(burst + 5)) == burst


def test_accounts_regions_and_actions_have_their_own() -> None:
    buckets = Buckets()
    for _ in range(4):
        buckets.take("CreateVpcEndpoint", "a", "r", 1.0, 0.0)
    assert not buckets.take("CreateVpcEndpoint", "a", "r", 1.0, 0.0)
    assert buckets.take("CreateVpcEndpoint", "b", "r", 1.0, 0.0)
    assert buckets.take("CreateVpcEndpoint", "a", "s", 1.0, 0.0)
    assert buckets.take("ModifyVpcEndpoint", "a", "r", 1.0, 0.0)


def test_the_rate_scales_both_and_zero_means_none() -> None:
    buckets = Buckets()
    assert sum(buckets.take("CreateVpcEndpoint", "a", "r", 10.0, 0.0) for _ in range(60)) == 40
    assert all(buckets.take("CreateVpcEndpoint", "b", "r", 0.0, 0.0) for _ in range(500))


def test_other_actions_have_none() -> None:
    buckets = Buckets()
    assert all(buckets.take("CreateVpc", "a", "r", 1.0, 0.0) for _ in range(500))


def test_the_fifth_create_in_a_row_is_throttled(network: Network) -> None:
    STORE.rate = 1.0
    for _ in range(4):
        network.gateway("s3", RouteTableIds=[])
    assert code_of(lambda: network.gateway("s3", RouteTableIds=[])) == "RequestLimitExceeded"
    assert len(network.listed()) == 4
    Network.build(client(region="eu-west-1"), region="eu-west-1").gateway("s3")


def test_a_refused_call_takes_its_token_too(network: Network) -> None:
    STORE.rate = 1.0
    for _ in range(4):
        assert code_of(lambda: network.gateway("nothing")) == "InvalidServiceName"
    assert code_of(lambda: network.gateway("s3")) == "RequestLimitExceeded"
