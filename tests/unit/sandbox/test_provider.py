"""Services that accounts provide: who may use them, who accepts."""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.network import PROVIDER, Network, Provided, client, code_of, error_of


def test_an_endpoint_waits_for_the_owner_then_becomes_available(provided: Provided) -> None:
    made = provided.endpoint()
    assert made["State"] == "pendingAcceptance"
    assert provided.consumer.read(made)["State"] == "pendingAcceptance"
    assert provided.connections() == [(made["VpcEndpointId"], "123456789012", "pendingAcceptance")]
    assert provided.decide("accept", made["VpcEndpointId"]) == []
    assert provided.consumer.read(made)["State"] == "available"
    assert provided.connections() == [(made["VpcEndpointId"], "123456789012", "available")]


def test_a_rejected_endpoint_stays_rejected(provided: Provided) -> None:
    made = provided.endpoint()
    assert provided.decide("reject", made["VpcEndpointId"]) == []
    assert provided.consumer.read(made)["State"] == "rejected"
    assert provided.decide("accept", made["VpcEndpointId"])[0]["Error"]["Code"] == "InvalidState"
    assert provided.consumer.read(made)["State"] == "rejected"


def test_an_accepted_endpoint_can_be_rejected_later(provided: Provided) -> None:
    made = provided.endpoint()
    provided.decide("accept", made["VpcEndpointId"])
    provided.decide("reject", made["VpcEndpointId"])
    assert provided.consumer.read(made)["State"] == "rejected"


def test_without_acceptance_it_goes_straight_through(provided: Provided) -> None:
    provided.provider.modify_vpc_endpoint_service_configuration(ServiceId=provided.service_id, AcceptanceRequired=False)
    made = provided.endpoint()
    assert made["State"] == "pending"
    assert provided.consumer.read(made)["State"] == "available"


def test_an_unknown_connection_is_unsuccessful(provided: Provided) -> None:
    failed = provided.decide("accept", "vpce-0123456789abcdef0")
    assert failed[0]["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"


def test_only_the_owner_decides(provided: Provided) -> None:
    made = provided.endpoint()

    def act() -> Any:
        return provided.consumer.ec2.accept_vpc_endpoint_connections(
            ServiceId=provided.service_id, VpcEndpointIds=[made["VpcEndpointId"]]
        )

    assert code_of(act) == "InvalidVpcEndpointServiceId.NotFound"
    assert provided.consumer.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"] == []


def test_private_dns_comes_after_acceptance(provided: Provided) -> None:
    code, message = error_of(lambda: provided.endpoint(PrivateDnsEnabled=True))
    assert code == "InvalidParameter"
    assert "after the endpoint connection is accepted" in message
    made = provided.endpoint()
    assert code_of(lambda: provided.consumer.modify(made, PrivateDnsEnabled=True)) == "InvalidParameter"
    provided.decide("accept", made["VpcEndpointId"])
    provided.consumer.modify(made, PrivateDnsEnabled=True)
    assert provided.consumer.read(made)["DnsEntries"][-1]["DnsName"] == "ledger.partner.example"


def test_who_is_not_allowed_does_not_see_the_service(provided: Provided) -> None:
    provided.provider.modify_vpc_endpoint_service_permissions(
        ServiceId=provided.service_id, RemoveAllowedPrincipals=["arn:aws:iam::123456789012:root"]
    )
    assert code_of(provided.endpoint) == "InvalidServiceName"
    found = provided.consumer.ec2.describe_vpc_endpoint_services(Filters=[{"Name": "owner", "Values": [PROVIDER]}])
    assert found["ServiceDetails"] == []


def test_the_service_says_that_it_asks_for_acceptance(provided: Provided) -> None:
    found = provided.consumer.ec2.describe_vpc_endpoint_services(ServiceNames=[provided.name])
    detail = found["ServiceDetails"][0]
    assert detail["AcceptanceRequired"] is True
    assert detail["Owner"] == PROVIDER
    assert detail["VpcEndpointPolicySupported"] is False
    assert detail["PrivateDnsName"] == "ledger.partner.example"


def test_connections_are_filtered(provided: Provided) -> None:
    first, second = provided.endpoint(), provided.endpoint(SubnetIds=provided.consumer.subnets[1:2])
    provided.decide("accept", first["VpcEndpointId"])
    waiting = provided.connections(Filters=[{"Name": "vpc-endpoint-state", "Values": ["pendingAcceptance"]}])
    assert [one[0] for one in waiting] == [second["VpcEndpointId"]]
    by_service = provided.connections(Filters=[{"Name": "service-id", "Values": [provided.service_id]}])
    assert len(by_service) == 2


def test_a_service_with_connections_cannot_be_deleted(provided: Provided) -> None:
    made = provided.endpoint()

    def act() -> Any:
        return provided.provider.delete_vpc_endpoint_service_configurations(ServiceIds=[provided.service_id])

    assert code_of(act) == "ExistingVpcEndpointConnections"
    provided.consumer.delete(made)
    provided.consumer.listed()
    assert provided.connections() == []
    act()


def test_another_region_is_served_where_the_provider_supports_it(provided: Provided) -> None:
    far = Network.build(region="eu-west-1")
    params = {"ServiceName": provided.name, "ServiceRegion": "us-east-1"}
    code, message = error_of(lambda: far.interface(**params))
    assert (code, "eu-west-1" in message) == ("InvalidParameter", True)
    provided.provider.modify_vpc_endpoint_service_configuration(
        ServiceId=provided.service_id, AddSupportedRegions=["eu-west-1"]
    )
    made = far.interface(**params)
    assert (made["State"], made["ServiceRegion"]) == ("pendingAcceptance", "us-east-1")
    assert provided.connections(Filters=[{"Name": "vpc-endpoint-region", "Values": ["eu-west-1"]}]) == [
        (made["VpcEndpointId"], "123456789012", "pendingAcceptance")
    ]
    provided.decide("accept", made["VpcEndpointId"])
    assert far.read(made)["State"] == "available"


def test_a_gateway_load_balancer_endpoint_has_one_subnet_and_no_policy(network: Network) -> None:
    balancer = client("elbv2").create_load_balancer(Name="inspect", Type="gateway", Subnets=network.subnets)[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    name = network.ec2.create_vpc_endpoint_service_configuration(
        GatewayLoadBalancerArns=[balancer], AcceptanceRequired=False
    )["ServiceConfiguration"]["ServiceName"]
    kind = {"ServiceName": name, "VpcEndpointType": "GatewayLoadBalancer", "VpcId": network.vpc}
    assert code_of(lambda: network.ec2.create_vpc_endpoint(**kind, SubnetIds=network.subnets)) == ("InvalidParameter")
    assert code_of(lambda: network.interface(ServiceName=name)) == "InvalidParameter"
    made = network.ec2.create_vpc_endpoint(**kind, SubnetIds=network.subnets[:1])["VpcEndpoint"]
    read = network.read(made)
    assert (read["State"], read["Groups"], read["DnsEntries"]) == ("available", [], [])
    assert "PolicyDocument" not in read
    assert network.interfaces_of(made)[0]["InterfaceType"] == "gateway_load_balancer_endpoint"
    assert network.delete(made) == []
