"""DescribeVpcEndpointServices and the prefix lists."""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.network import Network, client, code_of


def details(region: str = "us-east-1", **params: Any) -> list[Any]:
    """Return the services described."""
    found: list[Any] = client(region=region).describe_vpc_endpoint_services(**params)["ServiceDetails"]
    return found


def test_s3_and_dynamodb_are_both_gateway_and_interface(aws: None) -> None:
    for short in ("s3", "dynamodb"):
        found = details(ServiceNames=[f"com.amazonaws.us-east-1.{short}"])
        assert [one["ServiceType"][0]["ServiceType"] for one in found] == ["Gateway", "Interface"]
        assert "PrivateDnsName" not in found[0]
        assert found[1]["PrivateDnsName"]


def test_a_service_says_what_the_form_needs(aws: None) -> None:
    found = details(ServiceNames=["com.amazonaws.eu-west-1.secretsmanager"], region="eu-west-1")[0]
    assert found["Owner"] == "amazon"
    assert found["AvailabilityZones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert found["VpcEndpointPolicySupported"] is True
    assert found["AcceptanceRequired"] is False
    assert found["PrivateDnsName"] == "secretsmanager.eu-west-1.amazonaws.com"
    assert found["PrivateDnsNameVerificationState"] == "verified"
    assert found["BaseEndpointDnsNames"] == ["secretsmanager.eu-west-1.vpce.amazonaws.com"]
    assert found["SupportedIpAddressTypes"] == ["ipv4", "ipv6"]


def test_filters_and_names(aws: None) -> None:
    gateways = details(Filters=[{"Name": "service-type", "Values": ["Gateway"]}])
    assert [one["ServiceName"] for one in gateways] == [
        "com.amazonaws.us-east-1.dynamodb",
        "com.amazonaws.us-east-1.s3",
    ]
    named = details(Filters=[{"Name": "service-name", "Values": ["*.sqs"]}])
    assert [one["ServiceName"] for one in named] == ["com.amazonaws.us-east-1.sqs"]
    assert details(Filters=[{"Name": "owner", "Values": ["123456789012"]}]) == []


def test_an_unknown_name_is_refused(aws: None) -> None:
    assert code_of(lambda: details(ServiceNames=["com.amazonaws.us-east-1.nothing"])) == "InvalidServiceName"


def test_pages_hold_every_service_once(aws: None) -> None:
    everything = [(one["ServiceName"], str(one["ServiceType"])) for one in details()]
    paged = [
        (one["ServiceName"], str(one["ServiceType"]))
        for page in client().get_paginator("describe_vpc_endpoint_services").paginate(PaginationConfig={"PageSize": 50})
        for one in page["ServiceDetails"]
    ]
    assert paged == everything
    assert len(everything) > 200


def test_a_service_keeps_its_id(aws: None) -> None:
    first = {one["ServiceName"]: one["ServiceId"] for one in details()}
    assert first == {one["ServiceName"]: one["ServiceId"] for one in details()}


def test_a_service_without_policies_takes_none(network: Network) -> None:
    found = details(ServiceNames=[network.service("email-smtp")])[0]
    assert found["VpcEndpointPolicySupported"] is False
    policy = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
    assert code_of(lambda: network.interface("email-smtp", PolicyDocument=policy)) == "InvalidParameter"


def test_prefix_lists_are_the_same_in_every_account(aws: None) -> None:
    from portal.sandbox.aws import scenes

    key = scenes.add_account("999900001111")
    other = client(aws_access_key_id=key["access_key_id"], aws_secret_access_key=key["secret_access_key"])
    assert other.describe_prefix_lists()["PrefixLists"] == client().describe_prefix_lists()["PrefixLists"]
    assert [(one["PrefixListName"], one["PrefixListId"]) for one in other.describe_prefix_lists()["PrefixLists"]] == [
        ("com.amazonaws.us-east-1.dynamodb", "pl-02cd2c6b"),
        ("com.amazonaws.us-east-1.s3", "pl-63a5400a"),
    ]
    assert client(region="eu-west-1").describe_prefix_lists()["PrefixLists"][1]["PrefixListId"] == "pl-6da54004"


def test_managed_prefix_lists_are_paged_and_filtered(aws: None) -> None:
    ec2 = client()
    everything = ec2.describe_managed_prefix_lists()["PrefixLists"]
    pages = list(ec2.get_paginator("describe_managed_prefix_lists").paginate(PaginationConfig={"PageSize": 4}))
    assert [one["PrefixListId"] for page in pages for one in page["PrefixLists"]] == [
        one["PrefixListId"] for one in everything
    ]
    assert len(pages) > 1
    name = "com.amazonaws.us-east-1.s3"
    found = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
    assert [one["PrefixListId"] for one in found["PrefixLists"]] == ["pl-63a5400a"]
    entries = ec2.get_managed_prefix_list_entries(PrefixListId="pl-63a5400a")["Entries"]
    assert entries
    assert code_of(lambda: ec2.describe_prefix_lists(PrefixListIds=["pl-0"])) == ("InvalidPrefixListID.NotFound")
