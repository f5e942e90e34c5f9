"""Pages of what moto lists by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.sandbox.aws import activate
from portal.sandbox.aws.filters import sealed
from tests.unit.sandbox.network import Network, client, code_of


@pytest.fixture
def network() -> Iterator[Network]:
    with activate():
        yield Network.build()


def test_pages_hold_everything_once_and_in_order(network: Network) -> None:
    made = [network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"] for _ in range(9)]
    everything = [one["RouteTableId"] for one in network.ec2.describe_route_tables()["RouteTables"]]
    pages = network.ec2.get_paginator("describe_route_tables").paginate(PaginationConfig={"PageSize": 5})
    sizes, found = [], []
    for page in pages:
        sizes.append(len(page["RouteTables"]))
        found += [one["RouteTableId"] for one in page["RouteTables"]]
        assert all(table["Routes"] for table in page["RouteTables"] if table["RouteTableId"] in made)
    assert found == everything
    assert sizes[:-1] == [5] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= 5


def test_a_page_that_aws_refuses_is_refused(network: Network) -> None:
    assert code_of(lambda: network.ec2.describe_route_tables(MaxResults=101)) == "InvalidParameterValue"


def test_a_token_of_ones_own_is_refused(network: Network) -> None:
    assert code_of(lambda: network.ec2.describe_subnets(MaxResults=5, NextToken="x")) == "InvalidNextToken"


def test_a_token_of_another_action_is_refused(network: Network) -> None:
    token = sealed("com.amazonaws.eu-west-1.s3")
    assert code_of(lambda: network.ec2.describe_subnets(MaxResults=5, NextToken=token)) == "InvalidNextToken"


def test_direct_connect_answers_for_gateways_that_exist(network: Network) -> None:
    there = client("directconnect")
    ask = there.describe_direct_connect_gateway_associations
    vpn = network.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    assert ask(associatedGatewayId=vpn)["directConnectGatewayAssociations"] == []
    assert code_of(lambda: ask(associatedGatewayId="vgw-0")) == "DirectConnectClientException"
