"""Makes accounts for tests, with the inventory that a worker would have read there: VPCs with their parts, services."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from endpoints.models import Account, AccountRegion, InventoryItem

REGION = "eu-west-1"
_numbers = itertools.count(1)


def make_account(name: str = "payments-prod", *, regions: tuple[str, ...] = (REGION,), **fields: Any) -> Account:
    """Return an account with an inventory of one VPC per region (see `stock`)."""
    number = next(_numbers)
    account_id = fields.pop("account_id", f"{number:012d}")
    account = Account.objects.create(
        name=f"{name}-{number}" if Account.objects.filter(name=name).exists() else name,
        account_id=account_id,
        role_arn=f"arn:aws:iam::{account_id}:role/EndpointPortal",
        external_id=f"external-{number}",
        regions=list(regions),
        **fields,
    )
    for region in regions:
        stock(account, region)
    return account


def aws_id(prefix: str, account: Account, region: str, name: str) -> str:
    """Return a stable id of AWS's form for a named resource of an account and region."""
    return f"{prefix}-{uuid.uuid5(uuid.NAMESPACE_URL, f'{account.account_id}/{region}/{name}').hex[:17]}"


def stock(account: Account, region: str = REGION) -> str:
    """Fill a region's inventory: one VPC, three private subnets and a second one in zone a, groups, tables, services.

    Return the VPC's id.
    """
    vpc_id = aws_id("vpc", account, region, "main")

    def item(kind: str, prefix: str, name: str, **data: Any) -> InventoryItem:
        own = "" if kind in ("service", "prefix_list") else vpc_id
        identity = vpc_id if kind == "vpc" else aws_id(prefix, account, region, name)
        return InventoryItem(
            account=account, region=region, kind=kind, aws_id=identity, vpc_id=own, name=name, data=data
        )

    def service(short: str, *types: str, **data: Any) -> InventoryItem:
        found = item("service", "", "", **{**_SERVICE, **data, "types": list(types)})
        found.aws_id = f"com.amazonaws.{region}.{short}"
        found.data["availability_zones"] = [f"{region}{letter}" for letter in "abc"]
        if "private_dns_name" not in data:
            found.data["private_dns_name"] = f"{short}.{region}.amazonaws.com"
        return found

    everywhere = {"protocol": "-1", "from_port": None, "to_port": None, "cidrs": ["0.0.0.0/0"]}
    https = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidrs": ["10.0.0.0/16"]}
    rest: dict[str, Any] = {"groups": [], "prefix_lists": []}
    rows = [
        item(
            "vpc",
            "vpc",
            "main",
            cidr_block="10.0.0.0/16",
            cidr_blocks=["10.0.0.0/16"],
            is_default=False,
            owner_id=account.account_id,
            enable_dns_support=True,
            enable_dns_hostnames=True,
        ),
        item("security_group", "sg", "default", description="default", ingress=[], egress=[{**everywhere, **rest}]),
        item(
            "security_group",
            "sg",
            "https",
            description="HTTPS from the VPC",
            ingress=[{**https, **rest}],
            egress=[{**everywhere, **rest}],
        ),
        item("prefix_list", "pl", f"com.amazonaws.{region}.s3"),
        service("s3", "Gateway", "Interface"),
        service("secretsmanager", "Interface"),
        service("partner", "Interface", acceptance_required=True, policy_supported=False, private_dns_name=""),
    ]
    for number, name in enumerate(["private-a", "private-b", "private-c", "other-a"]):
        zone = name[-1]
        rows.append(
            item(
                "subnet",
                "subnet",
                name,
                availability_zone=f"{region}{zone}",
                availability_zone_id=f"euw1-az{'abc'.index(zone) + 1}",
                cidr_block=f"10.0.{number}.0/24",
                available_ip_address_count=251,
                owner_id=account.account_id,
            )
        )
    for name in ("private", "public"):
        routes = [{"destination": "10.0.0.0/16", "target": "local"}]
        rows.append(item("route_table", "rtb", name, main=name == "public", subnet_ids=[], routes=routes))
    InventoryItem.objects.bulk_create(rows)
    now = timezone.now()
    AccountRegion.objects.create(
        account=account, region=region, inventory_at=now, inventory_due_at=now + timedelta(hours=1)
    )
    return vpc_id


def another_vpc(account: Account, name: str, region: str = REGION) -> str:
    """Add a VPC like the stocked one, whose parts are named after it; return its id."""
    main, vpc_id = aws_id("vpc", account, region, "main"), aws_id("vpc", account, region, name)
    for row in InventoryItem.objects.filter(account=account, region=region, vpc_id=main).exclude(kind="vpc_endpoint"):
        row.pk, row.vpc_id, prefix = None, vpc_id, row.aws_id.partition("-")[0]
        row.aws_id = vpc_id if row.kind == "vpc" else aws_id(prefix, account, region, f"{name} {row.aws_id}")
        row.name = name if row.kind == "vpc" else row.name
        row.save()
    return vpc_id


def offer(account: Account, *shorts: str, region: str = REGION, types: tuple[str, ...] = ("Interface",)) -> None:
    """Let AWS offer further services of its own in a region."""
    InventoryItem.objects.bulk_create(
        InventoryItem(
            account=account,
            region=region,
            kind="service",
            aws_id=f"com.amazonaws.{region}.{short}",
            data={
                **_SERVICE,
                "types": list(types),
                "availability_zones": [f"{region}{letter}" for letter in "abc"],
                "private_dns_name": f"{short}.{region}.amazonaws.com",
            },
        )
        for short in shorts
    )


_SERVICE = {"owner": "amazon", "policy_supported": True, "acceptance_required": False}
