"""Private DNS: what it needs, what it conflicts with, and S3's trap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.network import Network, client, error_of

INBOUND = "PrivateDnsOnlyForInboundResolverEndpoint"


@pytest.mark.parametrize("attribute", ["EnableDnsSupport", "EnableDnsHostnames"])
def test_it_needs_both_attributes_of_the_vpc(network: Network, attribute: str) -> None:
    network.ec2.modify_vpc_attribute(VpcId=network.vpc, **{attribute: {"Value": False}})
    code, message = error_of(lambda: network.interface(PrivateDnsEnabled=True))
    assert code == "InvalidParameter"
    assert "enableDnsSupport and enableDnsHostnames" in message
    made = network.interface()
    code, _ = error_of(lambda: network.modify(made, PrivateDnsEnabled=True))
    assert code == "InvalidParameter"


def test_a_second_endpoint_with_the_same_name_conflicts(network: Network) -> None:
    first = network.interface(PrivateDnsEnabled=True)
    code, message = error_of(lambda: network.interface(PrivateDnsEnabled=True))
    assert code == "InvalidParameter"
    assert message == (
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
        f"sqs.us-east-1.amazonaws.com in the VPC {network.vpc}"
    )
    second = network.interface()
    assert error_of(lambda: network.modify(second, PrivateDnsEnabled=True))[0] == "InvalidParameter"
    network.delete(first)
    network.modify(second, PrivateDnsEnabled=True)
    assert network.read(second)["PrivateDnsEnabled"] is True


def test_a_private_hosted_zone_of_the_vpc_conflicts(network: Network) -> None:
    client("route53").create_hosted_zone(
        Name="sqs.us-east-1.amazonaws.com",
        CallerReference="x",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": "us-east-1", "VPCId": network.vpc},
    )
    code, message = error_of(lambda: network.interface(PrivateDnsEnabled=True))
    assert (code, "conflicting DNS domain" in message) == ("InvalidParameter", True)
    network.interface("sns", PrivateDnsEnabled=True)


def test_it_is_on_when_nothing_is_said_except_for_s3(network: Network) -> None:
    def silent(short: str) -> Any:
        return network.ec2.create_vpc_endpoint(
            VpcId=network.vpc, VpcEndpointType="Interface", ServiceName=network.service(short)
        )["VpcEndpoint"]

    assert silent("kms")["PrivateDnsEnabled"] is True
    assert silent("s3")["PrivateDnsEnabled"] is False


def test_s3_for_the_inbound_resolver_only_needs_a_gateway_endpoint(network: Network) -> None:
    code, message = error_of(lambda: network.interface("s3", PrivateDnsEnabled=True))
    assert (code, INBOUND in message) == ("InvalidParameter", True)
    made = network.interface("s3", PrivateDnsEnabled=True, DnsOptions={INBOUND: False})
    assert made["DnsOptions"][INBOUND] is False
    assert error_of(lambda: network.modify(made, DnsOptions={INBOUND: True}))[0] == "InvalidParameter"
    network.gateway("s3")
    network.modify(made, DnsOptions={INBOUND: True})
    assert network.read(made)["DnsOptions"][INBOUND] is True


def test_off_on_off_in_place(network: Network) -> None:
    made = network.interface()
    network.modify(made, PrivateDnsEnabled=True)
    assert "sqs.us-east-1.amazonaws.com" in str(network.read(made)["DnsEntries"])
    network.modify(made, PrivateDnsEnabled=False)
    assert network.read(made)["PrivateDnsEnabled"] is False
    assert "sqs.us-east-1.amazonaws.com" not in str(network.read(made)["DnsEntries"])
