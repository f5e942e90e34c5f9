"""ModifyVpcEndpoint: what changes, what it changes elsewhere, and what it refuses whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.sandbox.aws.store import STORE
from tests.unit.sandbox.network import Network, code_of, error_of

NARROW = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]})


def test_route_tables_move_with_their_routes(network: Network) -> None:
    other = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    made = network.gateway("s3")
    network.modify(made, AddRouteTableIds=[other], RemoveRouteTableIds=[network.table])
    assert network.read(made)["RouteTableIds"] == [other]
    assert network.endpoint_routes() == {}
    assert network.endpoint_routes(other) == {network.prefix_list("s3"): made["VpcEndpointId"]}


def test_all_route_tables_and_the_policy_go_in_one_call(network: Network) -> None:
    made = network.gateway("s3", PolicyDocument=NARROW)
    network.modify(made, RemoveRouteTableIds=[network.table], ResetPolicy=True)
    read = network.read(made)
    assert read["RouteTableIds"] == []
    assert json.loads(read["PolicyDocument"])["Statement"][0]["Action"] == "*"
    assert network.endpoint_routes() == {}


def test_a_table_that_leads_there_already_is_refused(network: Network) -> None:
    network.gateway("s3")
    second = network.gateway("s3", RouteTableIds=[])
    assert code_of(lambda: network.modify(second, AddRouteTableIds=[network.table])) == "RouteAlreadyExists"


def test_deleting_after_a_change_takes_the_routes_along(network: Network) -> None:
    other = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    made = network.gateway("s3", RouteTableIds=[])
    network.modify(made, AddRouteTableIds=[network.table, other])
    network.delete(made)
    assert network.listed() == []
    assert network.endpoint_routes() == network.endpoint_routes(other) == {}


def test_subnets_come_and_go_with_their_interfaces(network: Network) -> None:
    made = network.interface()
    network.modify(made, AddSubnetIds=network.subnets[1:], RemoveSubnetIds=network.subnets[:1])
    read = network.read(made)
    assert read["SubnetIds"] == network.subnets[1:]
    assert {one["SubnetId"] for one in network.interfaces_of(made)} == set(network.subnets[1:])
    assert len(network.ec2.describe_network_interfaces()["NetworkInterfaces"]) == 2


def test_a_freed_address_can_be_given_again(network: Network) -> None:
    fixed = [{"SubnetId": network.subnets[0], "Ipv4": "10.0.0.99"}]
    made = network.interface(SubnetConfigurations=fixed)
    network.modify(made, RemoveSubnetIds=[network.subnets[0]])
    again = network.interface("kms", SubnetConfigurations=fixed)
    assert network.interfaces_of(again)[0]["PrivateIpAddress"] == "10.0.0.99"


def test_a_fixed_address_changes_in_place(network: Network) -> None:
    made = network.interface()
    network.modify(made, SubnetConfigurations=[{"SubnetId": network.subnets[0], "Ipv4": "10.0.0.88"}])
    assert [one["PrivateIpAddress"] for one in network.interfaces_of(made)] == ["10.0.0.88"]


def test_a_second_subnet_in_a_zone_is_refused_unless_the_first_leaves(network: Network) -> None:
    other = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1a")[
        "Subnet"
    ]["SubnetId"]
    made = network.interface()
    assert code_of(lambda: network.modify(made, AddSubnetIds=[other])) == "DuplicateSubnetsInSameZone"
    network.modify(made, AddSubnetIds=[other], RemoveSubnetIds=network.subnets[:1])
    assert network.read(made)["SubnetIds"] == [other]


def test_groups_change_on_the_interfaces_too(network: Network) -> None:
    one, two = network.group("one"), network.group("two")
    made = network.interface()
    network.modify(made, AddSecurityGroupIds=[one, two], RemoveSecurityGroupIds=[network.default_group()])
    assert [group["GroupId"] for group in network.read(made)["Groups"]] == [one, two]
    assert [group["GroupId"] for group in network.interfaces_of(made)[0]["Groups"]] == [one, two]


def test_the_last_group_cannot_leave(network: Network) -> None:
    made = network.interface()
    code, message = error_of(lambda: network.modify(made, RemoveSecurityGroupIds=[network.default_group()]))
    assert code == "InvalidParameter"
    assert "at least one security group" in message
    assert len(network.read(made)["Groups"]) == 1


def test_subnets_groups_and_private_dns_change_in_one_call(network: Network) -> None:
    one, two = network.group("one"), network.group("two")
    made = network.interface(SecurityGroupIds=[one, two])
    network.modify(made, AddSubnetIds=network.subnets[1:], RemoveSecurityGroupIds=[two], PrivateDnsEnabled=True)
    read = network.read(made)
    assert len(read["SubnetIds"]) == 3
    assert [group["GroupId"] for group in read["Groups"]] == [one]
    assert read["PrivateDnsEnabled"] is True
    assert read["DnsEntries"][-1]["DnsName"] == "sqs.us-east-1.amazonaws.com"


def test_a_refused_change_changes_nothing(network: Network) -> None:
    made = network.interface()
    before = network.read(made)

    def act() -> Any:
        return network.modify(
            made,
            AddSubnetIds=network.subnets[1:],
            AddSecurityGroupIds=["sg-0123456789abcdef0"],
            PolicyDocument=NARROW,
        )

    assert code_of(act) == "InvalidGroup.NotFound"
    assert network.read(made) == before
    assert len(network.ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_the_policy_is_kept_as_it_was_written(network: Network) -> None:
    text = '{ "Statement":[ {"Principal":"*","Effect":"Allow","Resource":"*","Action":["sqs:*"]} ] }'
    made = network.interface(PolicyDocument=text)
    assert network.read(made)["PolicyDocument"] == text
    network.modify(made, PolicyDocument=NARROW)
    assert network.read(made)["PolicyDocument"] == NARROW


def test_a_policy_change_does_not_leave_available(network: Network) -> None:
    made = network.interface()
    STORE.pace = 1000.0
    assert network.read(made)["State"] == "available"
    network.modify(made, PolicyDocument=NARROW)
    assert network.read(made)["State"] == "available"


def test_a_change_of_the_network_is_pending_and_blocks_the_next(network: Network) -> None:
    made = network.interface()
    assert network.read(made)["State"] == "available"
    STORE.pace = 1000.0
    network.modify(made, AddSubnetIds=network.subnets[1:2])
    assert network.read(made)["State"] == "pending"
    assert code_of(lambda: network.modify(made, AddSubnetIds=network.subnets[2:])) == "OperationInProgress"


@pytest.mark.parametrize(
    "changes",
    [
        {"AddSubnetIds": ["subnet-0123456789abcdef0"]},
        {"AddSecurityGroupIds": ["sg-0123456789abcdef0"]},
        {"PrivateDnsEnabled": True},
    ],
)
def test_a_gateway_takes_nothing_of_an_interface(network: Network, changes: dict[str, Any]) -> None:
    made = network.gateway()
    assert code_of(lambda: network.modify(made, **changes)) == "InvalidParameter"


def test_an_interface_takes_no_route_tables(network: Network) -> None:
    made = network.interface()
    assert code_of(lambda: network.modify(made, AddRouteTableIds=[network.table])) == "InvalidParameter"


def test_what_does_not_exist_has_the_spelling_of_modify(network: Network) -> None:
    gone = {"VpcEndpointId": "vpce-0123456789abcdef0"}
    code, message = error_of(lambda: network.modify(gone, ResetPolicy=True))
    assert code == "InvalidVpcEndpointId.NotFound"
    assert message == "The Vpc Endpoint Id 'vpce-0123456789abcdef0' does not exist"


def test_a_policy_and_a_reset_exclude_each_other(network: Network) -> None:
    made = network.gateway()
    assert code_of(lambda: network.modify(made, PolicyDocument=NARROW, ResetPolicy=True)) == (
        "InvalidParameterCombination"
    )
