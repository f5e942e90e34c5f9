"""DeleteVpcEndpoints, and what waits for it."""

from __future__ import annotations

import pytest

from portal.sandbox.aws.store import STORE
from tests.unit.sandbox.network import Network, code_of


def test_it_succeeds_and_names_what_it_could_not_delete(network: Network) -> None:
    made = network.interface()
    failed = network.delete(made, {"VpcEndpointId": "vpce-0123456789abcdef0"})
    assert failed == [
        {
            "ResourceId": "vpce-0123456789abcdef0",
            "Error": {
                "Code": "InvalidVpcEndpoint.NotFound",
                "Message": "The Vpc Endpoint 'vpce-0123456789abcdef0' does not exist",
            },
        }
    ]
    assert network.listed() == []


def test_interfaces_and_routes_go_with_it(network: Network) -> None:
    first, second = network.interface(SubnetIds=network.subnets), network.gateway()
    assert network.delete(first, second) == []
    assert network.listed() == []
    assert network.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert network.endpoint_routes() == {}


def test_it_is_deleting_then_deleted_then_gone(network: Network) -> None:
    made = network.interface()
    network.read(made)
    STORE.pace = 1000.0
    network.delete(made)
    assert network.read(made)["State"] == "deleting"
    here = STORE.region("123456789012", "us-east-1")
    endpoint = here.endpoints[made["VpcEndpointId"]]
    endpoint.moves[0] = (0.0, "deleted")
    assert network.read(made)["State"] == "deleted"
    assert network.delete(made)[0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    endpoint.moves[0] = (0.0, "gone")
    assert code_of(lambda: network.read(made)) == "InvalidVpcEndpointId.NotFound"


def test_deleting_twice_is_no_failure_while_it_goes(network: Network) -> None:
    made = network.interface()
    STORE.pace = 1000.0
    network.delete(made)
    assert network.delete(made) == []


@pytest.mark.parametrize("state", ["deleting", "deleted"])
def test_what_goes_away_cannot_be_modified(network: Network, state: str) -> None:
    made = network.interface()
    STORE.pace = 1000.0
    network.delete(made)
    STORE.region("123456789012", "us-east-1").endpoints[made["VpcEndpointId"]].state = state
    expected = {"deleting": "IncorrectState", "deleted": "InvalidVpcEndpointId.NotFound"}[state]
    assert code_of(lambda: network.modify(made, AddSubnetIds=network.subnets[1:])) == expected


def test_a_group_in_use_cannot_be_deleted_before_the_endpoint_is_gone(network: Network) -> None:
    group = network.group("used")
    made = network.interface(SecurityGroupIds=[group])
    assert code_of(lambda: network.ec2.delete_security_group(GroupId=group)) == "DependencyViolation"
    STORE.pace = 1000.0
    network.delete(made)
    assert code_of(lambda: network.ec2.delete_security_group(GroupId=group)) == "DependencyViolation"
    STORE.region("123456789012", "us-east-1").endpoints[made["VpcEndpointId"]].moves[0] = (0.0, "deleted")
    network.ec2.delete_security_group(GroupId=group)


def test_a_subnet_and_a_vpc_in_use_cannot_be_deleted(network: Network) -> None:
    made = network.interface()
    subnet = network.subnets[0]
    assert code_of(lambda: network.ec2.delete_subnet(SubnetId=subnet)) == "DependencyViolation"
    assert code_of(lambda: network.ec2.delete_vpc(VpcId=network.vpc)) == "DependencyViolation"
    network.delete(made)
    network.ec2.delete_subnet(SubnetId=subnet)


def test_an_interface_of_an_endpoint_is_not_for_others_to_touch(network: Network) -> None:
    made = network.interface()
    interface = made["NetworkInterfaceIds"][0]
    assert code_of(lambda: network.ec2.delete_network_interface(NetworkInterfaceId=interface)) == (
        "InvalidNetworkInterface.InUse"
    )
    assert (
        code_of(
            lambda: network.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=interface, Groups=[network.group("x")]
            )
        )
        == "OperationNotPermitted"
    )


def test_a_deleted_route_table_leaves_the_endpoint(network: Network) -> None:
    made = network.gateway()
    network.ec2.delete_route_table(RouteTableId=network.table)
    assert network.read(made)["RouteTableIds"] == []


def test_tags_of_an_endpoint_that_is_not_there_are_refused(network: Network) -> None:
    def act() -> None:
        network.ec2.create_tags(Resources=["vpce-0123456789abcdef0"], Tags=[{"Key": "a", "Value": "b"}])

    assert code_of(act) == "InvalidVpcEndpointId.NotFound"
