"""CreateVpcEndpoint of type Gateway, and its routes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.sandbox.network import Network, code_of, error_of


def test_gateway_is_the_default_type(network: Network) -> None:
    made = network.ec2.create_vpc_endpoint(VpcId=network.vpc, ServiceName=network.service("s3"))
    assert made["VpcEndpoint"]["VpcEndpointType"] == "Gateway"


def test_it_adds_a_route_to_the_prefix_list(network: Network) -> None:
    made = network.gateway("s3")
    assert network.endpoint_routes() == {network.prefix_list("s3"): made["VpcEndpointId"]}
    assert network.read(made)["RouteTableIds"] == [network.table]
    assert network.read(made)["State"] == "available"


def test_no_route_table_is_legal(network: Network) -> None:
    made = network.gateway("s3", RouteTableIds=[])
    assert network.read(made)["RouteTableIds"] == []
    assert network.endpoint_routes() == {}


def test_one_route_per_service_and_table(network: Network) -> None:
    network.gateway("s3")
    code, message = error_of(lambda: network.gateway("s3"))
    assert code == "RouteAlreadyExists"
    assert network.table in message
    network.gateway("dynamodb")
    assert set(network.endpoint_routes()) == {network.prefix_list("s3"), network.prefix_list("dynamodb")}


def test_one_bad_table_leaves_the_good_one_untouched(network: Network) -> None:
    def act() -> Any:
        return network.gateway("s3", RouteTableIds=[network.table, "rtb-0123456789abcdef0"])

    assert code_of(act) == "InvalidRouteTableId.NotFound"
    assert network.endpoint_routes() == {}
    assert network.listed() == []


def test_a_table_of_another_vpc_is_refused(network: Network) -> None:
    other = Network.build(cidr="10.9.0.0/16")
    assert code_of(lambda: network.gateway(RouteTableIds=[other.table])) == "InvalidParameter"


@pytest.mark.parametrize(
    "params",
    [
        {"SubnetIds": ["subnet-0123456789abcdef0"]},
        {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
        {"PrivateDnsEnabled": True},
        {"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": False}},
    ],
)
def test_what_belongs_to_an_interface_is_refused(network: Network, params: dict[str, Any]) -> None:
    assert code_of(lambda: network.gateway(**params)) == "InvalidParameter"


def test_the_default_policy_has_the_old_version(network: Network) -> None:
    assert json.loads(network.gateway()["PolicyDocument"])["Version"] == "2008-10-17"


def test_a_quota_of_gateway_endpoints_holds_per_region(network: Network) -> None:
    from portal.sandbox.aws import scenes

    scenes.set_quota("gateway-per-region", 1, "123456789012", "us-east-1")
    network.gateway("s3")
    assert code_of(lambda: network.gateway("dynamodb")) == "VpcEndpointLimitExceeded"
    Network.build(region="eu-west-1").gateway("s3")


def test_the_quotas_are_aws_own_unless_set(network: Network) -> None:
    for _ in range(20):
        network.gateway("s3", RouteTableIds=[])
    assert code_of(lambda: network.gateway("s3", RouteTableIds=[])) == "VpcEndpointLimitExceeded"


def test_an_endpoints_route_cannot_be_deleted_by_hand(network: Network) -> None:
    network.gateway("s3")

    def act() -> Any:
        return network.ec2.delete_route(RouteTableId=network.table, DestinationPrefixListId=network.prefix_list("s3"))

    assert code_of(act) == "InvalidParameterValue"
    assert len(network.endpoint_routes()) == 1
