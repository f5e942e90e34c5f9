"""Fault rules in process: matching, counting, and those about new endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from portal.sandbox.aws.calls import CALLS
from portal.sandbox.aws.faults import FAULTS
from portal.sandbox.aws.store import STORE
from tests.unit.sandbox.network import Network, client, code_of, error_of


def test_throttling_fires_as_often_as_asked_and_counts(network: Network) -> None:
    rule = FAULTS.add(action="DescribeVpcEndpoints", kind="throttle", times=2)
    assert code_of(network.listed) == "RequestLimitExceeded"
    assert code_of(network.listed) == "RequestLimitExceeded"
    assert network.listed() == []
    assert rule.fired == 2


def test_an_error_is_answered_and_nothing_done(network: Network) -> None:
    FAULTS.add(
        action="CreateVpcEndpoint",
        kind="error",
        params={"code": "InternalError", "message": "broken", "status": 500},
    )
    assert error_of(network.interface) == ("InternalError", "broken")
    assert network.listed() == []


def test_refusing_is_unavailable_and_nothing_is_done(network: Network) -> None:
    FAULTS.add(action="CreateVpcEndpoint", kind="refuse")
    assert code_of(network.interface) == "Unavailable"
    assert network.listed() == []


@pytest.mark.parametrize(("kind", "made"), [("reset", 0), ("cut", 1)])
def test_a_connection_breaks_before_or_after_the_act(network: Network, kind: str, made: int) -> None:
    FAULTS.add(action="CreateVpcEndpoint", kind=kind)
    with pytest.raises(ConnectionClosedError):
        network.interface()
    assert len(network.listed()) == made


def test_a_rule_matches_account_and_region_and_action(network: Network) -> None:
    FAULTS.add(action="*", kind="throttle", times=None, region="eu-west-1")
    FAULTS.add(action="*", kind="throttle", times=None, account="000000000001")
    assert network.listed() == []
    assert code_of(client(region="eu-west-1").describe_vpcs) == "RequestLimitExceeded"
    assert code_of(client("sts", region="eu-west-1").get_caller_identity) == "RequestLimitExceeded"


def test_a_new_endpoint_is_not_found_at_first(network: Network) -> None:
    FAULTS.add(action="CreateVpcEndpoint", kind="not_found", params={"reads": 2})
    made = network.interface()
    assert code_of(lambda: network.read(made)) == "InvalidVpcEndpointId.NotFound"
    assert network.listed() == []
    assert network.read(made)["State"] == "available"
    assert network.listed() == [made["VpcEndpointId"]]


def test_what_is_not_found_yet_cannot_be_modified(network: Network) -> None:
    FAULTS.add(action="CreateVpcEndpoint", kind="not_found", params={"reads": 1})
    made = network.interface()
    assert code_of(lambda: network.modify(made, ResetPolicy=True)) == "InvalidVpcEndpointId.NotFound"


def test_a_state_is_held_for_some_reads(network: Network) -> None:
    FAULTS.add(action="CreateVpcEndpoint", kind="hold", params={"reads": 3})
    made = network.interface()
    assert [network.read(made)["State"] for _ in range(4)] == ["pending"] * 3 + ["available"]


def test_pending_ends_in_failed_with_its_reason(network: Network) -> None:
    FAULTS.add(action="CreateVpcEndpoint", kind="fail", params={"code": "Internal", "message": "no capacity"})
    made = network.interface()
    assert made["State"] == "pending"
    read = network.read(made)
    assert read["State"] == "failed"
    assert read["LastError"] == {"Code": "Internal", "Message": "no capacity"}
    assert network.delete(made) == []


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of"):
        FAULTS.add(action="*", kind="explode")


def test_calls_are_recorded_with_their_outcome(network: Network) -> None:
    CALLS.clear()
    made = network.interface(ClientToken="t-1")
    code_of(lambda: network.interface("sns", ClientToken="t-1"))
    first, second = CALLS.shown()
    assert second["number"] == first["number"] + 1
    assert (first["action"], first["account"], first["region"], first["service"]) == (
        "CreateVpcEndpoint",
        "123456789012",
        "us-east-1",
        "ec2",
    )
    assert (first["status"], first["error"]) == (200, None)
    assert first["params"]["SubnetIds"] == network.subnets[:1]
    assert first["params"]["ClientToken"] == "t-1"
    assert (second["status"], second["error"]) == (400, "IdempotentParameterMismatch")
    answer = network.ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert CALLS.shown()[-1]["request_id"] == answer["ResponseMetadata"]["RequestId"]


def test_a_refused_call_is_recorded_too(network: Network) -> None:
    CALLS.clear()
    FAULTS.add(action="DescribeVpcs", kind="throttle")
    code_of(network.ec2.describe_vpcs)
    recorded: dict[str, Any] = CALLS.shown()[0]
    assert (recorded["status"], recorded["error"]) == (503, "RequestLimitExceeded")


def test_an_action_that_is_not_simulated_says_so(aws: None) -> None:
    code, message = error_of(client().describe_capacity_reservations)
    assert (code, "not simulated" in message) == ("InvalidAction", True)


def test_scenes_happen_behind_everybodys_back(network: Network) -> None:
    from portal.sandbox.aws import scenes

    gateway, interface = network.gateway(), network.interface()
    scenes.remove(gateway["VpcEndpointId"])
    assert network.endpoint_routes() == {}
    assert network.listed() == [interface["VpcEndpointId"]]
    scenes.set_state(interface["VpcEndpointId"], "failed", {"Code": "X", "Message": "y"})
    assert network.read(interface)["LastError"] == {"Code": "X", "Message": "y"}
    scenes.set_policy(interface["VpcEndpointId"], '{"Statement":[]}')
    assert network.read(interface)["PolicyDocument"] == '{"Statement":[]}'
    assert STORE.find("vpce-0123456789abcdef0") is None
    with pytest.raises(ValueError, match="no endpoint"):
        scenes.remove("vpce-0123456789abcdef0")
