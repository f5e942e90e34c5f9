"""The strict simulated AWS for tests of the engine: a server process, a member account, and a small VPC."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from django.conf import settings
from django.utils import timezone

from endpoints.aws.sessions import forget_clients
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import Account, AccountRegion, InventoryItem
from endpoints.policy import role
from endpoints.services import inventory, regions
from portal.sandbox import world
from portal.sandbox.aws.control import SimControl

REGION = "eu-west-1"
MEMBER = "555566667777"
PROVIDER = "666677778888"
EXTERNAL_ID = "external-id-of-the-tests"
ROLE = "EndpointPortal"


@dataclass(frozen=True)
class World:
    """The VPC that `build` makes, by AWS ids, and the ways to steer the simulation."""

    url: str
    control: SimControl
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_id: str
    route_table_ids: tuple[str, ...]
    keys: dict[str, str]
    account_id: str = MEMBER

    def ec2(self) -> Any:
        """Return a client with full rights in the member account."""
        return _client(self.url, **self.keys)

    def endpoints(self) -> list[dict[str, Any]]:
        """Return what AWS holds in the region, deleted ones left out."""
        found = self.ec2().describe_vpc_endpoints()["VpcEndpoints"]
        return [item for item in found if item["State"] not in ("deleted", "deleting")]

    def calls(self, action: str) -> list[dict[str, Any]]:
        """Return the recorded calls of one action."""
        return [call for call in self.control.calls() if call["action"] == action]

    def gateway_spec(self, **fields: Any) -> EndpointSpec:
        """Return a Gateway endpoint to S3."""
        return self._spec(
            {
                "service_name": f"com.amazonaws.{REGION}.s3",
                "vpc_endpoint_type": EndpointType.GATEWAY,
                "route_table_ids": self.route_table_ids[:1],
                **fields,
            }
        )

    def interface_spec(self, **fields: Any) -> EndpointSpec:
        """Return an Interface endpoint to Secrets Manager."""
        return self._spec(
            {
                "service_name": f"com.amazonaws.{REGION}.secretsmanager",
                "vpc_endpoint_type": EndpointType.INTERFACE,
                "subnet_ids": self.subnet_ids,
                "security_group_ids": (self.security_group_id,),
                "private_dns_enabled": True,
                **fields,
            }
        )

    def _spec(self, fields: dict[str, Any]) -> EndpointSpec:
        return EndpointSpec(**{"account_id": self.account_id, "region": REGION, "vpc_id": self.vpc_id, **fields})


@cache
def _client(url: str, **keys: str) -> Any:
    """Return the client of EC2 at this address with these keys: making one takes longer than most of its calls."""
    return boto3.client("ec2", region_name=REGION, endpoint_url=url, **keys)


@contextmanager
def running(*, rate: float = 0, pace: float = 0, quiet: bool = False) -> Iterator[str]:
    """Run the simulated AWS as a process of its own and give its URL; it replaces parts of moto while it runs.

    A `quiet` one doesn't tell of the connections that its faults cut.
    """
    command = [sys.executable, "-m", "portal.sandbox.aws", "--port", "0", "--pace", str(pace), "--rate", str(rate)]
    errors = subprocess.DEVNULL if quiet else None
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    try:
        assert line.startswith("Simulated AWS on "), f"The simulated AWS did not start: {line!r}"
        yield line.split()[-1]
    finally:
        server.terminate()
        server.wait(timeout=20)


def environment(url: str) -> dict[str, str]:
    """Return the variables that lead boto3 to the simulated AWS at this address, as the portal's own account."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": world.AWS_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": world.AWS_SECRET_ACCESS_KEY,
    }


_worlds: dict[str, World] = {}
_read: dict[str, list[dict[str, Any]]] = {}


@pytest.fixture(scope="session")
def simulated_aws() -> Iterator[str]:
    """Run the simulated AWS for the whole session and return its URL.

    States end at once and nothing throttles, until a test says otherwise.
    """
    with running() as url:
        yield url


@pytest.fixture
def aws(simulated_aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a fresh world; this process's boto3 and that of its children work there.

    It is built once; later tests go back to that point.
    """
    control = SimControl(simulated_aws)
    if control.go_back("fresh"):
        fresh = _worlds[simulated_aws]
    else:
        control.reset()
        control.set_pace(0)
        control.set_rate(0)
        fresh = _worlds[simulated_aws] = build(simulated_aws, control)
        control.keep_point("fresh")
    for name, value in environment(simulated_aws).items():
        monkeypatch.setenv(name, value)
    forget_clients()
    yield fresh
    forget_clients()
    assert os.environ["AWS_ENDPOINT_URL"] == simulated_aws


class Provider:
    """Another account with an endpoint service that wants to accept each connection."""

    def __init__(self, aws: World) -> None:
        made = aws.control.add_account(PROVIDER)
        keys = {"aws_access_key_id": made.access_key_id, "aws_secret_access_key": made.secret_access_key}
        self.ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=aws.url, **keys)
        vpc_id = self.ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self.ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.50.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("abc")
        ]
        balancers = boto3.client("elbv2", region_name=REGION, endpoint_url=aws.url, **keys)
        balancer = balancers.create_load_balancer(Name="partner", Type="network", Scheme="internal", Subnets=subnets)[
            "LoadBalancers"
        ][0]["LoadBalancerArn"]
        service = self.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[balancer], AcceptanceRequired=True, PrivateDnsName="ledger.partner.example"
        )["ServiceConfiguration"]
        self.service_id, self.service_name = service["ServiceId"], service["ServiceName"]
        self.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=self.service_id, AddAllowedPrincipals=[f"arn:aws:iam::{MEMBER}:root"]
        )

    def decide(self, verb: str, vpc_endpoint_id: str | None) -> None:
        """Accept or reject a connection."""
        act = getattr(self.ec2, f"{verb}_vpc_endpoint_connections")
        answer = act(ServiceId=self.service_id, VpcEndpointIds=[vpc_endpoint_id])
        assert answer["Unsuccessful"] == []


def build(url: str, control: SimControl, account_id: str = MEMBER) -> World:
    """Make a member account's role and a VPC with three subnets, a group and two route tables."""
    made = control.add_account(account_id)
    keys = {"aws_access_key_id": made.access_key_id, "aws_secret_access_key": made.secret_access_key}
    make_role(url, keys, account_id)
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=url, **keys)
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc_id, **{attribute: {"Value": True}})
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("abc")
    ]
    group = ec2.create_security_group(VpcId=vpc_id, GroupName="https", Description="HTTPS from the VPC")["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    tables = [ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"] for _ in range(2)]
    control.clear_calls()
    return World(
        url=url,
        control=control,
        vpc_id=vpc_id,
        subnet_ids=tuple(subnet["SubnetId"] for subnet in subnets),
        security_group_id=group,
        route_table_ids=tuple(tables),
        keys=keys,
        account_id=account_id,
    )


def external_id(account_id: str) -> str:
    """Return the ExternalId that an account's role asks for: no two accounts share one."""
    return EXTERNAL_ID if account_id == MEMBER else f"{EXTERNAL_ID}-{account_id}"


def make_role(url: str, keys: dict[str, str], account_id: str) -> None:
    iam = boto3.client("iam", region_name=REGION, endpoint_url=url, **keys)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{world.TOOLING_ACCOUNT_ID}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id(account_id)}},
            }
        ],
    }
    # Exactly what the portal prints for its role: whatever the tests do, they do with these permissions.
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(
        RoleName=ROLE, PolicyName="portal", PolicyDocument=json.dumps(role.permission_policy(account_id=account_id))
    )


def stored_account(account_id: str = MEMBER) -> Account:
    """Return a member account as the portal knows it before it was ever read."""
    return Account.objects.create(
        account_id=account_id,
        name="member" if account_id == MEMBER else f"member-{account_id}",
        role_arn=f"arn:aws:iam::{account_id}:role/{ROLE}",
        external_id=external_id(account_id),
        regions=[REGION],
    )


def member_account(account_id: str = MEMBER) -> Account:
    """Return a member account as the portal knows it, with its inventory read from the simulated AWS."""
    account = stored_account(account_id)
    now = timezone.now()
    regions.ensure_regions(account=account, now=now)
    region = AccountRegion.objects.get(account=account)
    url = os.environ["AWS_ENDPOINT_URL"]
    fresh = account_id == MEMBER and url in _worlds and not SimControl(url).health()["touched"]
    if fresh and url in _read:  # twenty calls would answer the same as for the test before
        InventoryItem.objects.bulk_create(InventoryItem(account=account, **row) for row in _read[url])
        pause = timedelta(seconds=settings.PORTAL_INVENTORY_SECONDS)
        AccountRegion.objects.filter(pk=region.pk).update(inventory_at=now, inventory_due_at=now + pause)
        return account
    assert inventory.refresh(account_region_id=region.pk, now=now), region.inventory_error
    if fresh:
        names = ("region", "kind", "aws_id", "vpc_id", "name", "data", "digest")
        _read[url] = list(InventoryItem.objects.filter(account=account).values(*names))
    return account
