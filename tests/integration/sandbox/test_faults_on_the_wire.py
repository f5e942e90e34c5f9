"""Faults of the connection, as boto3 sees them."""

from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

from portal.sandbox.aws.control import SimControl
from tests.integration.sandbox.clients import Clients

TWICE = Config(retries={"total_max_attempts": 2, "mode": "standard"})
IMPATIENT = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=0.4)


def test_act_then_cut_without_a_token_makes_two(aws: Clients, sim: SimControl) -> None:
    network = aws.network(TWICE)
    sim.add_fault(action="CreateVpcEndpoint", kind="cut")
    network.interface()
    assert len(network.listed()) == 2
    assert sim.faults()[0]["fired"] == 1


def test_act_then_cut_with_a_token_makes_one(aws: Clients, sim: SimControl) -> None:
    network = aws.network(TWICE)
    sim.add_fault(action="CreateVpcEndpoint", kind="cut")
    made = network.interface(ClientToken="t-1")
    assert network.listed() == [made["VpcEndpointId"]]
    creates = [call for call in sim.calls() if call["action"] == "CreateVpcEndpoint"]
    assert [call["params"]["ClientToken"] for call in creates] == ["t-1", "t-1"]


def test_act_then_cut_is_a_closed_connection_to_who_does_not_retry(aws: Clients, sim: SimControl) -> None:
    network = aws.network()
    sim.add_fault(action="DeleteVpcEndpoints", kind="cut")
    made = network.interface()
    with pytest.raises(HTTPClientError):
        network.delete(made)
    assert network.listed() == []


def test_a_reset_before_the_act_leaves_nothing(aws: Clients, sim: SimControl) -> None:
    network = aws.network()
    sim.add_fault(action="CreateVpcEndpoint", kind="reset")
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        network.interface()
    assert network.listed() == []
    network.interface()


def test_the_answer_comes_after_the_clients_patience(aws: Clients, sim: SimControl) -> None:
    network = aws.network()
    patient = network.ec2
    rule = sim.add_fault(action="CreateVpcEndpoint", kind="delay", seconds=30)
    network.ec2 = aws.client(config=IMPATIENT)
    with pytest.raises(ReadTimeoutError):
        network.interface(ClientToken="t-1")
    network.ec2 = patient
    # It happened all the same, and others are served while the answer waits.
    again = network.interface(ClientToken="t-1")
    assert network.listed() == [again["VpcEndpointId"]]
    assert sim.faults() == [
        {
            "id": rule,
            "action": "CreateVpcEndpoint",
            "kind": "delay",
            "times": 1,
            "account": None,
            "region": None,
            "params": {"seconds": 30},
            "fired": 1,
        }
    ]


def test_a_refusal_is_retried_by_boto3_and_then_succeeds(aws: Clients, sim: SimControl) -> None:
    network = aws.network(TWICE)
    sim.add_fault(action="CreateVpcEndpoint", kind="refuse")
    network.interface()
    assert len(network.listed()) == 1
