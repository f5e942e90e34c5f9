"""DescribeVpcEndpoints: ids, filters, pages; tags changed in place."""

from __future__ import annotations

import time
from typing import Any

import pytest

from portal.sandbox.aws.store import STORE
from tests.unit.sandbox.network import Network, code_of, error_of


def test_an_id_that_does_not_exist_is_named(network: Network) -> None:
    made = network.interface()
    ids = [made["VpcEndpointId"], "vpce-0123456789abcdef0"]
    code, message = error_of(lambda: network.listed(VpcEndpointIds=ids))
    assert code == "InvalidVpcEndpointId.NotFound"
    assert "vpce-0123456789abcdef0" in message


def test_each_filter_finds_its_own(network: Network) -> None:
    gateway, interface = network.gateway("s3"), network.interface("sqs")
    one, two = gateway["VpcEndpointId"], interface["VpcEndpointId"]
    assert network.filtered("vpc-endpoint-type", "Gateway") == [one]
    assert network.filtered("vpc-endpoint-id", two) == [two]
    assert network.filtered("service-name", network.service("sqs")) == [two]
    assert network.filtered("service-name", "com.amazonaws.*.s*") == [one, two]
    assert network.filtered("vpc-id", network.vpc) == [one, two]
    assert network.filtered("vpc-id", "vpc-0") == []
    assert network.filtered("vpc-endpoint-state", "available") == [one, two]
    assert network.filtered("vpc-endpoint-state", "pending", "available") == [one, two]
    assert network.filtered("ip-address-type", "ipv4") == [one, two]
    assert network.filtered("service-region", "us-east-1") == [one, two]


@pytest.mark.parametrize("operation", ["describe_vpc_endpoints", "describe_security_groups"])
def test_more_filters_or_values_than_ec2_takes_are_refused(network: Network, operation: str) -> None:
    def ask(filters: int, values: int) -> str:
        one = {"Name": "vpc-id", "Values": [f"vpc-{number}" for number in range(values)]}
        return code_of(lambda: getattr(network.ec2, operation)(Filters=[one] * filters))

    getattr(network.ec2, operation)(Filters=[{"Name": "vpc-id", "Values": ["vpc-0"] * 200}])
    assert ask(1, 201) == "FilterLimitExceeded"
    assert ask(51, 1) == "FilterLimitExceeded"


@pytest.mark.parametrize("key", ["aws:reserved", "k" * 128])
def test_tags_that_a_creation_refuses_are_refused_later_too(network: Network, key: str) -> None:
    made = network.interface()
    later = {"Resources": [made["VpcEndpointId"]], "Tags": [{"Key": key, "Value": "b"}]}
    assert code_of(lambda: network.ec2.create_tags(**later)) == "InvalidParameterValue"


def test_filters_join_by_and(network: Network) -> None:
    network.gateway("s3")
    made = network.interface("sqs")
    filters = [
        {"Name": "vpc-id", "Values": [network.vpc]},
        {"Name": "vpc-endpoint-type", "Values": ["Interface"]},
    ]
    assert network.listed(Filters=filters) == [made["VpcEndpointId"]]


def test_tag_filters_follow_the_tags(network: Network) -> None:
    made = network.interface()
    network.ec2.create_tags(Resources=[made["VpcEndpointId"]], Tags=[{"Key": "team", "Value": "a"}])
    assert network.filtered("tag:team", "a", "b") == [made["VpcEndpointId"]]
    assert network.filtered("tag-key", "team") == [made["VpcEndpointId"]]
    network.ec2.create_tags(Resources=[made["VpcEndpointId"]], Tags=[{"Key": "team", "Value": "z"}])
    assert network.filtered("tag:team", "a") == []
    network.ec2.delete_tags(Resources=[made["VpcEndpointId"]], Tags=[{"Key": "team"}])
    assert network.read(made)["Tags"] == []


def test_a_filter_nobody_knows_is_refused(network: Network) -> None:
    assert code_of(lambda: network.filtered("colour", "red")) == "InvalidParameterValue"


def test_pages_hold_every_endpoint_once(network: Network) -> None:
    made = [network.gateway("s3", RouteTableIds=[])["VpcEndpointId"] for _ in range(7)]
    pages = list(network.ec2.get_paginator("describe_vpc_endpoints").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["VpcEndpoints"]) for page in pages] == [3, 3, 1]
    assert [one["VpcEndpointId"] for page in pages for one in page["VpcEndpoints"]] == made


def test_a_page_goes_on_where_it_ended_when_one_was_deleted(network: Network) -> None:
    made = [network.gateway("s3", RouteTableIds=[]) for _ in range(4)]
    first = network.ec2.describe_vpc_endpoints(MaxResults=2)
    network.delete(made[1])
    second = network.ec2.describe_vpc_endpoints(MaxResults=2, NextToken=first["NextToken"])
    assert [one["VpcEndpointId"] for one in second["VpcEndpoints"]] == [one["VpcEndpointId"] for one in made[2:]]
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"NextToken": "nonsense"}, "InvalidNextToken"),
        ({"MaxResults": 0}, "InvalidMaxResults"),
        (
            {"MaxResults": 5, "VpcEndpointIds": ["vpce-0123456789abcdef0"]},
            "InvalidParameterCombination",
        ),
    ],
)
def test_bad_pages_are_refused(network: Network, params: dict[str, Any], code: str) -> None:
    assert code_of(lambda: network.listed(**params)) == code


@pytest.mark.parametrize(("kind", "seconds"), [("interface", 4.0), ("gateway", 1.0)])
def test_states_take_the_time_of_their_type(network: Network, kind: str, seconds: float) -> None:
    STORE.pace = 1.0
    before = time.time()
    made = getattr(network, kind)()
    after = time.time()
    when, state = STORE.region("123456789012", "us-east-1").endpoints[made["VpcEndpointId"]].moves[0]
    assert state == "available"
    assert before + seconds <= when <= after + seconds


def test_interfaces_are_found_by_their_filters(network: Network) -> None:
    made = network.interface(SubnetIds=network.subnets)
    own = network.ec2.create_network_interface(SubnetId=network.subnets[0])["NetworkInterface"]

    def found(name: str, value: str) -> set[str]:
        answer = network.ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])
        return {one["NetworkInterfaceId"] for one in answer["NetworkInterfaces"]}

    managed = set(network.read(made)["NetworkInterfaceIds"])
    assert found("interface-type", "vpc_endpoint") == managed
    assert found("requester-managed", "true") == managed
    assert found("requester-managed", "false") == {own["NetworkInterfaceId"]}
    assert found("description", f"*{made['VpcEndpointId']}") == managed
    assert found("vpc-id", network.vpc) == managed | {own["NetworkInterfaceId"]}
    assert len(found("subnet-id", network.subnets[0])) == 2
    assert found("group-id", network.default_group()) >= managed
    network.interface("kms", SubnetIds=network.subnets)
    pages = list(network.ec2.get_paginator("describe_network_interfaces").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["NetworkInterfaces"]) for page in pages] == [5, 2]


def test_an_endpoints_address_avoids_everybody_elses(network: Network) -> None:
    network.ec2.create_network_interface(SubnetId=network.subnets[0], PrivateIpAddress="10.0.0.4")
    made = network.interface()
    assert network.interfaces_of(made)[0]["PrivateIpAddress"] == "10.0.0.5"


def test_vpc_attributes_read_as_set(network: Network) -> None:
    network.ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": False})

    def read(name: str) -> bool:
        answer = network.ec2.describe_vpc_attribute(VpcId=network.vpc, Attribute=name)
        return bool(answer[name[0].upper() + name[1:]]["Value"])

    assert read("enableDnsHostnames") is False
    assert read("enableDnsSupport") is True
