"""Points to go back to: a test's world is built once, and everything that happened to it since is gone."""

from __future__ import annotations

from portal.sandbox.aws.control import SimControl
from tests.integration.sandbox.clients import Clients


def vpcs(aws: Clients) -> list[str]:
    return sorted(item["VpcId"] for item in aws.client().describe_vpcs()["Vpcs"])


def test_all_that_happened_since_is_undone(aws: Clients, sim: SimControl) -> None:
    kept = aws.client().create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    before = vpcs(aws)
    sim.keep_point("one")
    aws.client().delete_vpc(VpcId=kept)
    aws.client().create_vpc(CidrBlock="10.8.0.0/16")
    sim.add_fault(action="DescribeVpcs", kind="throttle")
    for _ in range(2):  # as often as one likes
        assert sim.go_back("one")
        assert (vpcs(aws), sim.faults()) == (before, [])
        aws.client().create_vpc(CidrBlock="10.9.0.0/16")


def test_a_point_that_was_never_kept_changes_nothing(aws: Clients, sim: SimControl) -> None:
    aws.client().create_vpc(CidrBlock="10.7.0.0/16")
    before = vpcs(aws)
    assert not sim.go_back("nowhere")
    assert vpcs(aws) == before


def test_it_tells_whether_anything_was_touched_since(aws: Clients, sim: SimControl) -> None:
    sim.keep_point("one")
    aws.client().describe_vpcs()
    sim.clear_calls()
    assert not sim.health()["touched"]
    sim.set_quota("gateway-per-region", 3)
    assert sim.health()["touched"]
    sim.go_back("one")
    assert not sim.health()["touched"]
    aws.client().create_vpc(CidrBlock="10.8.0.0/16")
    assert sim.health()["touched"]
