"""ClientToken and DryRun."""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.network import Network, client, code_of


def test_the_same_token_answers_with_the_same_endpoint(network: Network) -> None:
    first = network.interface(ClientToken="t-1")
    again = network.interface(ClientToken="t-1")
    assert again["VpcEndpointId"] == first["VpcEndpointId"]
    assert len(network.listed()) == 1


def test_a_replay_shows_the_state_of_now(network: Network) -> None:
    network.interface(ClientToken="t-1")
    assert network.interface(ClientToken="t-1")["State"] == "available"


def test_other_parameters_with_the_token_are_refused(network: Network) -> None:
    network.interface("sqs", ClientToken="t-1")
    assert code_of(lambda: network.interface("sns", ClientToken="t-1")) == "IdempotentParameterMismatch"


def test_other_tags_are_other_parameters(network: Network) -> None:
    network.interface(ClientToken="t-1")
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    assert (
        code_of(lambda: network.interface(ClientToken="t-1", TagSpecifications=tags)) == "IdempotentParameterMismatch"
    )


def test_a_refused_create_does_not_use_the_token_up(network: Network) -> None:
    def act() -> Any:
        return network.interface(ClientToken="t-1", SecurityGroupIds=["sg-0123456789abcdef0"])

    assert code_of(act) == "InvalidGroup.NotFound"
    assert network.interface(ClientToken="t-1")["State"] == "pending"


def test_tokens_are_per_region(network: Network) -> None:
    other = Network.build(region="eu-west-1")
    first = network.interface(ClientToken="t-1")
    second = other.interface(ClientToken="t-1")
    assert first["VpcEndpointId"] != second["VpcEndpointId"]


def test_without_a_token_two_calls_make_two(network: Network) -> None:
    network.interface()
    network.interface()
    assert len(network.listed()) == 2


def test_the_token_of_a_deleted_endpoint_makes_no_second_one(network: Network) -> None:
    made = network.interface(ClientToken="t-1")
    network.delete(made)
    assert network.listed() == []
    again = network.interface(ClientToken="t-1")
    assert (again["VpcEndpointId"], again["State"]) == (made["VpcEndpointId"], "deleted")
    assert network.listed() == []


def test_dry_run_changes_nothing(network: Network) -> None:
    made = network.gateway("s3")
    assert code_of(lambda: network.interface(DryRun=True)) == "DryRunOperation"
    assert code_of(lambda: network.modify(made, DryRun=True, RemoveRouteTableIds=[network.table])) == (
        "DryRunOperation"
    )
    assert (
        code_of(lambda: network.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]], DryRun=True))
        == "DryRunOperation"
    )
    assert network.listed() == [made["VpcEndpointId"]]
    assert len(network.endpoint_routes()) == 1


def test_dry_run_proves_permission_only(network: Network) -> None:
    assert code_of(lambda: network.interface(VpcId="vpc-0123456789abcdef0", DryRun=True)) == "DryRunOperation"


def test_describes_take_dry_run_too(aws: None) -> None:
    assert code_of(lambda: client().describe_vpc_endpoint_services(DryRun=True)) == "DryRunOperation"
