"""CreateVpcEndpoint of type Interface."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest

from tests.unit.sandbox.network import Network, client, code_of, error_of


def test_it_answers_as_aws_does(network: Network) -> None:
    made = network.interface("secretsmanager", SubnetIds=network.subnets, PrivateDnsEnabled=True)
    assert made["State"] == "pending"
    read = network.read(made)
    assert read["State"] == "available"
    assert read["VpcEndpointType"] == "Interface"
    assert read["OwnerId"] == "123456789012"
    assert read["RequesterManaged"] is False
    assert read["SubnetIds"] == network.subnets
    assert read["RouteTableIds"] == []
    assert read["IpAddressType"] == "ipv4"
    assert read["DnsOptions"] == {"DnsRecordIpType": "ipv4"}
    assert read["CreationTimestamp"] == made["CreationTimestamp"]
    assert "LastError" not in read


def test_without_a_group_it_is_in_the_default_group_of_the_vpc(network: Network) -> None:
    made = network.interface()
    assert made["Groups"] == [{"GroupId": network.default_group(), "GroupName": "default"}]
    assert [group["GroupId"] for group in network.interfaces_of(made)[0]["Groups"]] == [network.default_group()]


def test_its_interfaces_are_in_the_groups_named(network: Network) -> None:
    groups = [network.group("one"), network.group("two")]
    made = network.interface(SecurityGroupIds=groups)
    assert [group["GroupId"] for group in made["Groups"]] == groups
    assert [group["GroupId"] for group in network.interfaces_of(made)[0]["Groups"]] == groups


def test_its_interfaces_are_managed_by_aws(network: Network) -> None:
    made = network.interface()
    interface = network.interfaces_of(made)[0]
    assert interface["RequesterManaged"] is True
    assert interface["InterfaceType"] == "vpc_endpoint"
    assert interface["Description"] == f"VPC Endpoint Interface {made['VpcEndpointId']}"
    assert interface["Status"] == "in-use"
    assert interface["Attachment"]["InstanceOwnerId"] == "amazon-aws"
    assert interface["VpcId"] == network.vpc


def test_addresses_are_unique_inside_their_subnet_and_never_reserved(network: Network) -> None:
    small = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.200.0/28", AvailabilityZone="us-east-1a")[
        "Subnet"
    ]["SubnetId"]
    block = ipaddress.ip_network("10.0.200.0/28")
    reserved = {str(block[n]) for n in (0, 1, 2, 3, 15)}
    found = []
    for short in ("sqs", "sns", "kms", "ssm", "ec2", "sts", "logs", "events", "monitoring", "lambda", "ecs"):
        made = network.interface(short, SubnetIds=[small])
        found.append(network.interfaces_of(made)[0]["PrivateIpAddress"])
    assert len(set(found)) == 11
    assert all(ipaddress.ip_address(address) in block for address in found)
    assert not reserved & set(found)
    assert code_of(lambda: network.interface("eks", SubnetIds=[small])) == "InsufficientFreeAddressesInSubnet"


def test_a_refused_create_leaves_nothing_behind(network: Network) -> None:
    def act() -> Any:
        return network.interface(SubnetIds=[network.subnets[0], "subnet-0123456789abcdef0"])

    assert code_of(act) == "InvalidSubnetId.NotFound"
    assert network.listed() == []
    assert network.ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_no_subnet_is_legal(network: Network) -> None:
    made = network.interface(SubnetIds=[])
    assert network.read(made)["NetworkInterfaceIds"] == []


def test_two_subnets_in_one_zone_are_refused(network: Network) -> None:
    other = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1a")[
        "Subnet"
    ]["SubnetId"]
    code, message = error_of(lambda: network.interface(SubnetIds=[network.subnets[0], other]))
    assert code == "DuplicateSubnetsInSameZone"
    assert other in message


def test_a_zone_without_the_service_is_refused(network: Network) -> None:
    code, message = error_of(lambda: network.interface("email-smtp", SubnetIds=[network.subnets[2]]))
    assert code == "InvalidParameter"
    assert "does not support the availability zone of the subnet" in message


@pytest.mark.parametrize("what", ["subnet", "group"])
def test_what_belongs_to_another_vpc_is_refused(network: Network, what: str) -> None:
    other = Network.build(cidr="10.9.0.0/16")
    more: dict[str, Any] = (
        {"SubnetIds": other.subnets[:1]} if what == "subnet" else {"SecurityGroupIds": [other.group("x")]}
    )
    code, message = error_of(lambda: network.interface(**more))
    assert code == "InvalidParameter"
    assert network.vpc in message


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"VpcId": "vpc-0123456789abcdef0"}, "InvalidVpcId.NotFound"),
        ({"ServiceName": "com.amazonaws.us-east-1.nothing"}, "InvalidServiceName"),
        ({"ServiceName": "com.amazonaws.eu-west-1.sqs"}, "InvalidServiceName"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"RouteTableIds": ["rtb-0123456789abcdef0"]}, "InvalidParameter"),
        ({"IpAddressType": "ipv6"}, "InvalidParameter"),
        ({"IpAddressType": "dualstack"}, "InvalidParameter"),  # the subnet has no IPv6 block
        ({"DnsOptions": {"DnsRecordIpType": "dualstack"}}, "InvalidParameter"),
        ({"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": False}}, "InvalidParameter"),
        ({"ClientToken": "x" * 65}, "InvalidParameterValue"),
        ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": []}]}, "InvalidParameter"),
        ({"ServiceRegion": "eu-west-1"}, "InvalidParameter"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(network: Network, params: dict[str, Any], code: str) -> None:
    assert code_of(lambda: network.interface(**params)) == code
    assert network.listed() == []


def test_a_service_without_that_type_says_which_it_has(network: Network) -> None:
    code, message = error_of(lambda: network.gateway("sqs"))
    assert code == "InvalidParameter"
    assert message == "Endpoint type (Gateway) does not match available service types ([Interface])."


def test_tags_are_there_from_the_first_read(network: Network) -> None:
    tags = [{"Key": "Name", "Value": "queues"}, {"Key": "team", "Value": "data"}]
    made = network.interface(TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}])
    assert made["Tags"] == tags
    assert network.filtered("tag:team", "data") == [made["VpcEndpointId"]]


def test_reserved_tag_keys_are_refused_and_nothing_is_made(network: Network) -> None:
    tags = [{"Key": "aws:mine", "Value": "x"}]

    def act() -> Any:
        return network.interface(TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}])

    assert code_of(act) == "InvalidParameterValue"
    assert network.listed() == []


def test_the_default_policy_has_no_version(network: Network) -> None:
    policy = json.loads(network.interface()["PolicyDocument"])
    assert policy == {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


def test_dns_names_are_regional_zonal_and_private(network: Network) -> None:
    made = network.interface("ecr.api", SubnetIds=network.subnets[:2], PrivateDnsEnabled=True)
    names = [entry["DnsName"] for entry in network.read(made)["DnsEntries"]]
    first = names[0].split(".")[0]
    assert first.startswith(made["VpcEndpointId"] + "-")
    assert names == [
        f"{first}.api.ecr.us-east-1.vpce.amazonaws.com",
        f"{first}-us-east-1a.api.ecr.us-east-1.vpce.amazonaws.com",
        f"{first}-us-east-1b.api.ecr.us-east-1.vpce.amazonaws.com",
        "api.ecr.us-east-1.amazonaws.com",
    ]
    assert all(entry["HostedZoneId"] for entry in made["DnsEntries"])


def test_a_fixed_address_is_given(network: Network) -> None:
    subnet = network.subnets[0]
    made = network.interface(SubnetConfigurations=[{"SubnetId": subnet, "Ipv4": "10.0.0.77"}])
    assert network.interfaces_of(made)[0]["PrivateIpAddress"] == "10.0.0.77"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.0.3", "InvalidParameter"),
        ("10.0.0.255", "InvalidParameter"),
        ("10.0.1.9", "InvalidParameter"),
        ("10.0.0.50", "InvalidIPAddress.InUse"),
    ],
)
def test_an_address_the_subnet_cannot_give_is_refused(network: Network, address: str, code: str) -> None:
    subnet = network.subnets[0]
    network.interface("kms", SubnetConfigurations=[{"SubnetId": subnet, "Ipv4": "10.0.0.50"}])

    def act() -> Any:
        return network.interface(SubnetConfigurations=[{"SubnetId": subnet, "Ipv4": address}])

    assert code_of(act) == code


def test_dualstack_needs_subnets_that_have_ipv6(network: Network) -> None:
    vpc = network.ec2.create_vpc(CidrBlock="10.7.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = network.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
    subnet = network.ec2.create_subnet(
        VpcId=vpc["VpcId"],
        CidrBlock="10.7.0.0/24",
        Ipv6CidrBlock=block["Ipv6CidrBlock"].replace("/56", "/64"),
        AvailabilityZone="us-east-1a",
    )["Subnet"]["SubnetId"]
    made = network.interface(
        VpcId=vpc["VpcId"],
        SubnetIds=[subnet],
        IpAddressType="dualstack",
        DnsOptions={"DnsRecordIpType": "dualstack"},
    )
    assert made["IpAddressType"] == "dualstack"
    assert made["DnsOptions"] == {"DnsRecordIpType": "dualstack"}
    ipv6 = {"VpcId": vpc["VpcId"], "SubnetIds": [subnet], "IpAddressType": "ipv6"}
    assert code_of(lambda: network.interface(**ipv6)) == "InvalidParameter"


def test_a_quota_of_interface_endpoints_holds_per_vpc(network: Network) -> None:
    from portal.sandbox.aws import scenes

    scenes.set_quota("interface-per-vpc", 2, None, None)
    network.interface("sqs")
    network.interface("sns")
    assert code_of(lambda: network.interface("kms")) == "VpcEndpointLimitExceeded"
    other = Network.build(cidr="10.9.0.0/16")
    other.interface("kms")


def test_accounts_and_regions_do_not_see_each_other(network: Network) -> None:
    network.interface()
    assert client(region="eu-west-1").describe_vpc_endpoints()["VpcEndpoints"] == []
