"""The engine against another AWS double, plain moto: it may use nothing that only our own simulation has."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.utils import timezone

from endpoints.aws.sessions import forget_clients
from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import Account, AccountRegion, Endpoint, EndpointRequest, Operation
from endpoints.services import inventory, observation, provisioning, regions, survey
from tests import factories, workers

pytestmark = pytest.mark.django_db
REGION = "eu-west-1"
ACCOUNT = "123456789012"


@pytest.fixture
def moto_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run plain moto in a process of its own, without our strict layer, and point this process's boto3 at it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        workers.until(lambda: _listens(port), "moto")
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        forget_clients()
        yield url
    finally:
        forget_clients()
        workers.kill(process)


@pytest.fixture
def account(moto_url: str) -> Account:
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=moto_url)
    vpn_gateway_id = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"], VpnGatewayId=vpn_gateway_id)
    account = Account.objects.create(
        account_id=ACCOUNT,
        name="plain",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/EndpointPortal",
        external_id="any",
        regions=[REGION],
    )
    regions.ensure_regions(account=account, now=timezone.now())
    region = AccountRegion.objects.get(account=account)
    inventory.refresh(account_region_id=region.pk, now=timezone.now())
    region.refresh_from_db()
    assert region.inventory_error == ""
    return account


def work(request: EndpointRequest) -> str:
    region = AccountRegion.objects.get(account=request.account)
    for _ in range(5):
        for operation in Operation.objects.due():
            provisioning.run(operation_id=operation.pk)
        observation.observe(account_region_id=region.pk)
    request.refresh_from_db()
    return request.status


def test_endpoints_are_created_repoliced_and_deleted(account: Account, moto_url: str) -> None:
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=moto_url)
    vpcs = ec2.describe_vpcs()["Vpcs"]
    vpc_id = vpcs[0]["VpcId"]
    tables = ec2.describe_route_tables()["RouteTables"]
    subnets = ec2.describe_subnets()["Subnets"]
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    gateway = EndpointSpec(
        account_id=ACCOUNT,
        region=REGION,
        vpc_id=vpc_id,
        service_name=f"com.amazonaws.{REGION}.s3",
        vpc_endpoint_type=EndpointType.GATEWAY,
        route_table_ids=(tables[0]["RouteTableId"],),
    )
    group = next(item for item in ec2.describe_security_groups()["SecurityGroups"] if item["VpcId"] == vpc_id)
    rule = GroupRule(
        group_id=group["GroupId"], direction="ingress", from_port=443, to_port=443, cidr=vpcs[0]["CidrBlock"]
    )
    interface = EndpointSpec(
        account_id=ACCOUNT,
        region=REGION,
        vpc_id=vpc_id,
        service_name=f"com.amazonaws.{REGION}.secretsmanager",
        vpc_endpoint_type=EndpointType.INTERFACE,
        subnet_ids=tuple(item["SubnetId"] for item in subnets[:2]),
        group_rules=(rule,),
    )

    created = factories.approved(factories.submitted(account, engineer, gateway, interface), approver)
    assert work(created) == "available", Operation.objects.values_list("last_error", flat=True)
    endpoint = Endpoint.objects.get(vpc_endpoint_type="Gateway")
    AccountRegion.objects.update(survey_due_at=None)
    found = survey.survey(account_region_id=AccountRegion.objects.get().pk, now=timezone.now())
    assert found is not None, AccountRegion.objects.get().survey_error
    assert found.endpoints == 2
    changed = factories.approved(factories.policy_change(endpoint, engineer, factories.READ_ONLY), approver)
    assert work(changed) == "available"
    deleted = factories.approved(factories.deletion(endpoint, engineer), approver)
    assert work(deleted) == "deleted"

    assert ranges(ec2, group["GroupId"]) == [vpcs[0]["CidrBlock"]]
    gone = factories.approved(
        factories.deletion(Endpoint.objects.get(vpc_endpoint_type="Interface"), engineer), approver
    )
    assert work(gone) == "deleted"
    assert ranges(ec2, group["GroupId"]) == []

    held = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert [item["VpcEndpointType"] for item in held if item["State"] != "deleted"] == []


def ranges(ec2: Any, group_id: str) -> list[str]:
    """Return the ranges that a group lets in."""
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return [item["CidrIpv4"] for item in found["SecurityGroupRules"] if not item["IsEgress"] and "CidrIpv4" in item]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
