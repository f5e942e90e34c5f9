"""The server: what it answers to the wrong request, and to many at once."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from portal.sandbox.aws.control import SimControl
from portal.sandbox.aws.server import SimulatedAws
from tests.integration.sandbox.clients import Clients
from tests.unit.sandbox.network import code_of, error_of

POOL = Config(retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=16)


def ask(url: str, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, str]:
    """Send one request by hand; return status, content type and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.status, str(response.getheader("Content-Type")), response.read().decode()
    connection.close()
    return answer


def test_health_answers_a_plain_get(server: SimulatedAws) -> None:
    status, kind, body = ask(server.url, "GET", "/_sim/health")
    assert (status, kind) == (200, "application/json")
    assert json.loads(body)["status"] == "ok"


@pytest.mark.parametrize("path", ["/", "/moto-api/", "/moto-api/reset"])
def test_a_request_without_a_key_is_refused_in_xml(server: SimulatedAws, path: str) -> None:
    status, kind, body = ask(server.url, "POST", path, "Action=DescribeVpcs&Version=2016-11-15")
    assert status == 403
    assert "xml" in kind
    assert "<Code>MissingAuthenticationToken</Code>" in body


def test_an_action_that_does_not_exist_is_refused_in_xml(server: SimulatedAws) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ec2/aws4_request, Signature=x"
    headers = {"Authorization": scope, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    status, _, body = ask(server.url, "POST", "/", "Action=DoMagic&Version=2016-11-15", **headers)
    assert status == 400
    assert "<Code>InvalidAction</Code>" in body


def test_an_action_that_is_not_simulated_is_an_error_botocore_reads(aws: Clients) -> None:
    code, message = error_of(aws.client().describe_capacity_reservations)
    assert (code, "not simulated" in message) == ("InvalidAction", True)
    code, _ = error_of(aws.client("cloudtrail").lookup_events)
    assert code


def test_errors_carry_their_status_and_request_id(aws: Clients, sim: SimControl) -> None:
    with pytest.raises(ClientError) as caught:
        aws.client().describe_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])
    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 400
    assert metadata["RequestId"] == sim.calls()[-1]["request_id"]
    sim.add_fault(action="DescribeVpcs", kind="throttle")
    with pytest.raises(ClientError) as throttled:
        aws.client().describe_vpcs()
    assert throttled.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_other_services_of_moto_answer_too(aws: Clients) -> None:
    network = aws.network()
    aws.client("route53").create_hosted_zone(
        Name="sqs.us-east-1.amazonaws.com",
        CallerReference="x",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": "us-east-1", "VPCId": network.vpc},
    )
    assert code_of(lambda: network.interface("sqs", PrivateDnsEnabled=True)) == "InvalidParameter"
    assert aws.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_many_at_once_get_endpoints_and_addresses_of_their_own(aws: Clients, sim: SimControl) -> None:
    sim.set_quota("interface-per-vpc", 500)
    network = aws.network(POOL)

    def create(number: int) -> Any:
        return network.interface(ClientToken=f"t-{number}", SubnetIds=network.subnets)

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(create, range(60)))
    assert len({one["VpcEndpointId"] for one in made}) == 60
    interfaces = network.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert len({one["PrivateIpAddress"] for one in interfaces}) == len(interfaces) == 180


def test_one_token_from_many_at_once_makes_one_endpoint(aws: Clients) -> None:
    network = aws.network(POOL)
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda _: network.interface(ClientToken="same"), range(24)))
    assert len({one["VpcEndpointId"] for one in made}) == 1
    assert len(network.listed()) == 1


def test_one_route_is_given_to_one_of_many(aws: Clients) -> None:
    network = aws.network(POOL)

    def create(_: int) -> str:
        try:
            network.gateway("s3")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == ["RouteAlreadyExists"] * 7 + ["made"]
    assert len(network.listed()) == 1


def test_a_thousand_endpoints_are_listed_in_pages(aws: Clients, sim: SimControl) -> None:
    sim.set_quota("gateway-per-region", 2000)
    network = aws.network(POOL)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: network.gateway("s3", RouteTableIds=[]), range(1003)))
    first = network.ec2.describe_vpc_endpoints(MaxResults=1000)
    assert len(first["VpcEndpoints"]) == 1000
    second = network.ec2.describe_vpc_endpoints(MaxResults=1000, NextToken=first["NextToken"])
    assert len(second["VpcEndpoints"]) == 3
    assert len(network.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1000
