"""What it takes to read a large region: `python -m bench.inventory`.

A region with 100 VPCs, 2,000 subnets, 3,000 network interfaces and 1,000 endpoints, read by one worker from the
simulated AWS with AWS's own token buckets. The floor is one call a page, and two attribute calls per VPC, which no
other call gives; the peer asks for each resource by itself, as `terraform refresh` does. Then the same again, where
nothing changed; and a VPC's snapshot for the checks.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
from botocore.httpsession import URLLib3Session

from bench import stage

VPCS, SUBNETS, INTERFACES, ENDPOINTS = 100, 2000, 3000, 1000
PAGE, SMALL_PAGE = 1000, 100
ASKED = 50


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext
        from django.utils import timezone

        from endpoints.models import AccountRegion, InventoryItem
        from endpoints.services import inventory, regions
        from endpoints.services.snapshots import snapshot_for
        from tests import aws

        with stage.simulated_aws(1) as (control, url):
            control.set_rate(0)
            world = aws.build(url, control)
            populate(world, control)
            account = aws.stored_account()
            regions.ensure_regions(account=account, now=timezone.now())
            row = AccountRegion.objects.get(account=account)
            control.set_rate(1)

            def read() -> tuple[Counter[str], float, int]:
                AccountRegion.objects.update(inventory_due_at=timezone.now() - timedelta(seconds=1))
                control.clear_calls()
                began = time.perf_counter()
                with CaptureQueriesContext(connection) as queries:
                    done = inventory.refresh(account_region_id=row.pk, now=timezone.now())
                seconds = time.perf_counter() - began
                if not done:
                    raise RuntimeError(AccountRegion.objects.get(pk=row.pk).inventory_error)
                calls = Counter(call["action"] for call in control.calls() if call["service"] == "ec2")
                written = sum(item["sql"].startswith(("INSERT", "DELETE")) for item in queries.captured_queries)
                return calls, seconds, written

            with on_the_wire() as wire:
                calls, seconds, _ = read()
                first_wire, wire[0] = wire[0], 0.0
                _, quick, written = read()
                second_wire = wire[0]
            rows = InventoryItem.objects.filter(account=account)
            kinds = Counter(rows.values_list("kind", flat=True))
            expected = {"vpc": VPCS, "subnet": SUBNETS, "network_interface": INTERFACES, "vpc_endpoint": ENDPOINTS}
            short = {kind: count for kind, count in expected.items() if kinds[kind] < count}
            if short or written:
                raise RuntimeError(f"Too few rows of {short}, or {written} writes where nothing changed.")
            spec = world.interface_spec()
            times = []
            for _ in range(ASKED):
                began = time.perf_counter()
                snapshot_for(spec, account=account)
                times.append(time.perf_counter() - began)
    attributes = calls["DescribeVpcAttribute"]
    pages = {
        "DescribeRouteTables": -(-kinds["route_table"] // SMALL_PAGE),
        "DescribePrefixLists": 1,
        **{
            action: -(-max(kinds[kind], 1) // PAGE)
            for action, kind in (
                ("DescribeVpcs", "vpc"),
                ("DescribeSubnets", "subnet"),
                ("DescribeSecurityGroups", "security_group"),
                ("DescribeNetworkAcls", "network_acl"),
                ("DescribeNetworkInterfaces", "network_interface"),
                ("DescribeVpcEndpoints", "vpc_endpoint"),
                ("DescribeVpcEndpointServices", "service"),
                ("DescribeInternetGateways", "internet_gateway"),
                ("DescribeEgressOnlyInternetGateways", "egress_only_gateway"),
                ("DescribeNatGateways", "nat_gateway"),
                ("DescribeVpnGateways", "vpn_gateway"),
                ("DescribeTransitGatewayVpcAttachments", "transit_attachment"),
                ("DescribeVpcPeeringConnections", "peering"),
            )
        },
    }
    listed = sum(calls.values()) - attributes
    one_by_one = sum(count for kind, count in kinds.items() if kind != "service") + attributes
    stage.show("inventory_calls_for_pages", listed, "calls", floor=sum(pages.values()), one_by_one=one_by_one)
    stage.show("inventory_calls_for_vpc_attributes", attributes, "calls", floor=2 * kinds["vpc"])
    stage.show("inventory_seconds_first", seconds, "s", rows=sum(kinds.values()), waiting_for_aws=first_wire)
    stage.show("inventory_seconds_unchanged", quick, "s", statements_that_write=written, waiting_for_aws=second_wire)
    stage.show("snapshot_of_a_vpc_median", statistics.median(times) * 1000, "ms", limit=60)


@contextmanager
def on_the_wire() -> Iterator[list[float]]:
    """Count the seconds that this process waits for answers of AWS: the simulated one shares its processors."""
    spent = [0.0]
    original = URLLib3Session.send

    def send(self: URLLib3Session, request: Any) -> Any:
        began = time.perf_counter()
        try:
            return original(self, request)
        finally:
            spent[0] += time.perf_counter() - began

    URLLib3Session.send = send  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        URLLib3Session.send = original  # type: ignore[method-assign]


def populate(world: Any, control: Any) -> None:
    """Fill the region up, by AWS's own calls and as fast as they are answered."""

    def client() -> Any:
        return boto3.client("ec2", region_name="eu-west-1", endpoint_url=world.url, **world.keys)

    ec2 = client()
    with ThreadPoolExecutor(4) as pool:
        ids = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(1, VPCS)]

        def fill(place: tuple[int, str]) -> list[str]:
            number, vpc = place
            return [
                ec2.create_subnet(
                    VpcId=vpc, CidrBlock=f"10.{number}.{n}.0/24", AvailabilityZone=f"eu-west-1{'abc'[n % 3]}"
                )["Subnet"]["SubnetId"]
                for n in range(SUBNETS // VPCS + 1)
            ]

        subnets = [one for made in pool.map(fill, enumerate(ids, start=1)) for one in made]
        wanted = [subnets[n % len(subnets)] for n in range(INTERFACES)]
        list(pool.map(lambda subnet: ec2.create_network_interface(SubnetId=subnet), wanted))
    made = ec2.create_vpc_endpoint(
        VpcId=world.vpc_id,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-west-1.sqs",
        SubnetIds=world.subnet_ids,
        SecurityGroupIds=[world.security_group_id],
    )["VpcEndpoint"]["VpcEndpointId"]
    control.populate(made, ENDPOINTS, ids)


if __name__ == "__main__":
    main()
