"""What the tests of the simulation stand on: a VPC, and short ways to ask for endpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from portal.sandbox.aws import scenes

REGION = "us-east-1"
# One attempt: what a test counts must not be what botocore retried.
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


@cache
def client(name: str = "ec2", region: str = REGION, **more: Any) -> Any:
    """Return a client that asks once. It is made once: 30 ms for each test would be a third of their time."""
    keys = {"aws_access_key_id": "FOOBARKEY", "aws_secret_access_key": "FOOBARSECRET", **more}
    return _session().client(name, region_name=region, config=ONCE, **keys)  # type: ignore[call-overload]


@cache
def _session() -> boto3.Session:
    # One for all tests: each new one reads EC2's model again, which takes longer than the test.
    return boto3.Session()


def error_of(act: Callable[[], Any]) -> tuple[str, str]:
    """Return code and message of the error that an act ends with."""
    with pytest.raises(ClientError) as caught:
        act()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def code_of(act: Callable[[], Any]) -> str:
    """Return the code of the error that an act ends with."""
    return error_of(act)[0]


@dataclass
class Network:
    """A VPC with subnets a, b and c, in one region of the account of `ec2`."""

    ec2: Any
    vpc: str
    subnets: list[str]
    table: str
    cidr: str = "10.0.0.0/16"
    made: list[str] = field(default_factory=list)

    @classmethod
    def build(cls, ec2: Any = None, cidr: str = "10.0.0.0/16", region: str = REGION) -> Network:
        """Make one, with the DNS attributes that private DNS needs."""
        ec2 = ec2 or client(region=region)
        vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        start = cidr.rsplit(".", 2)[0]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"{start}.{n}.0/24", AvailabilityZone=f"{region}{zone}")["Subnet"][
                "SubnetId"
            ]
            for n, zone in enumerate("abc")
        ]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        return cls(ec2, vpc, subnets, table, cidr)

    @property
    def region(self) -> str:
        """The region it is in."""
        return str(self.ec2.meta.region_name)

    def service(self, short: str) -> str:
        """Return the full name of one of AWS's services here."""
        return f"com.amazonaws.{self.region}.{short}"

    def interface(self, short: str = "sqs", **more: Any) -> Any:
        """Create an interface endpoint in subnet a, without private DNS unless asked."""
        params: dict[str, Any] = {
            "VpcId": self.vpc,
            "VpcEndpointType": "Interface",
            "ServiceName": self.service(short),
            "SubnetIds": self.subnets[:1],
            "PrivateDnsEnabled": False,
            **more,
        }
        return self.ec2.create_vpc_endpoint(**params)["VpcEndpoint"]

    def gateway(self, short: str = "s3", **more: Any) -> Any:
        """Create a gateway endpoint on the route table."""
        params: dict[str, Any] = {
            "VpcId": self.vpc,
            "VpcEndpointType": "Gateway",
            "ServiceName": self.service(short),
            "RouteTableIds": [self.table],
            **more,
        }
        return self.ec2.create_vpc_endpoint(**params)["VpcEndpoint"]

    def modify(self, endpoint: Any, **changes: Any) -> None:
        """Modify an endpoint."""
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], **changes)

    def read(self, endpoint: Any) -> Any:
        """Return an endpoint as described now."""
        found = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
        return found["VpcEndpoints"][0]

    def listed(self, **params: Any) -> list[str]:
        """Return the ids of the endpoints listed."""
        return [one["VpcEndpointId"] for one in self.ec2.describe_vpc_endpoints(**params)["VpcEndpoints"]]

    def filtered(self, name: str, *values: str) -> list[str]:
        """Return the ids of the endpoints that a filter lists."""
        return self.listed(Filters=[{"Name": name, "Values": list(values)}])

    def delete(self, *endpoints: Any) -> Any:
        """Delete endpoints and return what was unsuccessful."""
        ids = [one["VpcEndpointId"] for one in endpoints]
        return self.ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"]

    def group(self, name: str) -> str:
        """Make a security group."""
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        return str(made["GroupId"])

    def default_group(self) -> str:
        """Return the VPC's default security group."""
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return str(self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    def interfaces_of(self, endpoint: Any) -> list[Any]:
        """Return an endpoint's network interfaces."""
        ids = self.read(endpoint)["NetworkInterfaceIds"]
        if not ids:
            return []
        found: list[Any] = self.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
        return found

    def endpoint_routes(self, table: str | None = None) -> dict[str, str]:
        """Return prefix list -> endpoint of a table's endpoint routes."""
        found = self.ec2.describe_route_tables(RouteTableIds=[table or self.table])["RouteTables"][0]
        return {
            route["DestinationPrefixListId"]: route["GatewayId"]
            for route in found["Routes"]
            if "DestinationPrefixListId" in route
        }

    def prefix_list(self, short: str) -> str:
        """Return the id of a service's prefix list."""
        filters = [{"Name": "prefix-list-name", "Values": [self.service(short)]}]
        return str(self.ec2.describe_prefix_lists(Filters=filters)["PrefixLists"][0]["PrefixListId"])


PROVIDER = "999900001111"


@dataclass
class Provided:
    """A service with acceptance, its provider's client and a consumer's network."""

    provider: Any
    consumer: Network
    service_id: str
    name: str

    def endpoint(self, **more: Any) -> Any:
        """Create the consumer's endpoint."""
        return self.consumer.interface(ServiceName=self.name, **more)

    def decide(self, verb: str, *ids: str) -> list[Any]:
        """Accept or reject and return what was unsuccessful."""
        act = getattr(self.provider, f"{verb}_vpc_endpoint_connections")
        unsuccessful: list[Any] = act(ServiceId=self.service_id, VpcEndpointIds=list(ids))["Unsuccessful"]
        return unsuccessful

    def connections(self, **params: Any) -> list[tuple[str, str, str]]:
        """Return (endpoint, owner, state) of the provider's connections."""
        found = self.provider.describe_vpc_endpoint_connections(**params)["VpcEndpointConnections"]
        return [(one["VpcEndpointId"], one["VpcEndpointOwner"], one["VpcEndpointState"]) for one in found]

    @classmethod
    def build(cls, network: Network, *, gateway: bool = False) -> Provided:
        """Make a service of another account that the network's account may ask for.

        It is an Interface service with a private DNS name, or one of a Gateway Load Balancer.
        """
        key = scenes.add_account(PROVIDER)
        keys = {"aws_access_key_id": key["access_key_id"], "aws_secret_access_key": key["secret_access_key"]}
        provider = client(**keys)
        home = Network.build(provider, cidr="10.50.0.0/16")
        kind: dict[str, Any] = {"Type": "gateway"} if gateway else {"Type": "network", "Scheme": "internal"}
        balancer = client("elbv2", **keys).create_load_balancer(Name="ledger", Subnets=home.subnets, **kind)
        arns = [balancer["LoadBalancers"][0]["LoadBalancerArn"]]
        configuration: dict[str, Any] = (
            {"GatewayLoadBalancerArns": arns}
            if gateway
            else {"NetworkLoadBalancerArns": arns, "PrivateDnsName": "ledger.partner.example"}
        )
        service = provider.create_vpc_endpoint_service_configuration(AcceptanceRequired=True, **configuration)[
            "ServiceConfiguration"
        ]
        provider.modify_vpc_endpoint_service_permissions(
            ServiceId=service["ServiceId"], AddAllowedPrincipals=["arn:aws:iam::123456789012:root"]
        )
        return cls(provider, network, service["ServiceId"], service["ServiceName"])
