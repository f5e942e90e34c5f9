"""A stocked VPC made complete for reachability: a network ACL, a client, a Gateway endpoint that misses its table."""

from __future__ import annotations

from typing import Any

from endpoints.models import Account, Endpoint, InventoryItem
from tests import factories
from tests.factories import REGION, aws_id

S3, SECRETS = f"com.amazonaws.{REGION}.s3", f"com.amazonaws.{REGION}.secretsmanager"
FREE = {"action": "allow", "protocol": "-1", "cidr": "0.0.0.0/0", "from_port": None, "to_port": None}


def vpc_of(account: Account) -> str:
    """Return the stocked VPC's id."""
    return aws_id("vpc", account, REGION, "main")


def add(account: Account, kind: str, identity: str, name: str = "", *, vpc_id: str | None = None, **data: Any) -> None:
    """Add a row to the inventory."""
    own = vpc_of(account) if vpc_id is None else vpc_id
    InventoryItem.objects.create(
        account=account, region=REGION, kind=kind, aws_id=identity, vpc_id=own, name=name, data=data
    )


def complete(account: Account) -> str:
    """Add what reachability needs; return the id of a client's interface in private-a, which is in the group https."""
    entries = [{"rule_number": 100, "egress": egress, **FREE} for egress in (False, True)]
    InventoryItem.objects.filter(account=account, kind="network_acl").delete()
    add(account, "network_acl", aws_id("acl", account, REGION, "all"), is_default=True, subnet_ids=[], entries=entries)
    client = aws_id("eni", account, REGION, "client")
    add(
        account,
        "network_interface",
        client,
        "batch",
        subnet_id=aws_id("subnet", account, REGION, "private-a"),
        private_ip="10.0.0.10",
        private_ips=["10.0.0.10"],
        group_ids=[aws_id("sg", account, REGION, "https")],
        interface_type="interface",
        instance_id=aws_id("i", account, REGION, "client"),
        public_ip="",
    )
    return client


def read_back(endpoint: Endpoint, **data: Any) -> None:
    """Let the inventory have an endpoint as its spec says, in the state that AWS gives it."""
    spec, account = endpoint.desired_spec(), endpoint.account
    aws = str(endpoint.vpc_endpoint_id)
    values = {
        "service_name": spec.service_name,
        "vpc_endpoint_type": str(spec.vpc_endpoint_type),
        "state": "available",
        "private_dns_enabled": spec.private_dns_enabled,
        "subnet_ids": list(spec.subnet_ids),
        "route_table_ids": list(spec.route_table_ids),
        "security_group_ids": list(spec.security_group_ids),
        "policy_document": spec.policy_document,
        **data,
    }
    add(account, "vpc_endpoint", aws, spec.name, **values)
    for number, subnet_id in enumerate(spec.subnet_ids):
        add(
            account,
            "network_interface",
            f"{aws.replace('vpce', 'eni')}{number}",
            subnet_id=subnet_id,
            private_ip=f"10.0.{number}.200",
            private_ips=[f"10.0.{number}.200"],
            group_ids=list(spec.security_group_ids),
            interface_type="vpc_endpoint",
            vpc_endpoint_id=aws,
        )


def available(account: Account, engineer: Any, approver: Any, *specs: Any) -> list[Endpoint]:
    """Return endpoints that were asked for, approved and made, and that the inventory has."""
    made = factories.available(factories.approved(factories.submitted(account, engineer, *specs), approver))
    for endpoint in made:
        read_back(endpoint)
    return list(made)
