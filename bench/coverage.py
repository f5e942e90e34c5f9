"""The matrix of 200 VPCs and 60 services: `python -m bench.coverage`.

Four accounts with two regions each. Half of the cells have an endpoint in AWS, of which half are managed; there are 300
open requests, and half of the VPCs hang on a transit gateway. The peer is the floor: the same queries, bare, with
their rows fetched and nothing made of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench import stage

ACCOUNTS, REGIONS, VPCS, SERVICES = 4, ("eu-west-1", "us-east-1"), 200, 60
OPEN = 300
TIMES = 15
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}'


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from endpoints.models import InventoryItem, User
        from endpoints.network.bundles import Member
        from endpoints.services import coverage

        _fill()
        columns = [Member(f"svc{number}", "Interface") for number in range(SERVICES)]
        person = User.objects.get(username="bench-engineer")

        def whole() -> coverage.Matrix:
            rows = InventoryItem.objects.filter(kind="vpc").select_related("account").order_by("account", "aws_id")
            rows.count()  # as the page's paginator asks
            return coverage.matrix(list(rows), columns=columns, user=User.objects.get(pk=person.pk))

        with CaptureQueriesContext(connection) as captured:
            found = whole()
        cells = sum(len(row.cells) for row in found.rows)
        if cells != VPCS * SERVICES:
            raise RuntimeError(f"The matrix has {cells} cells.")
        # The person and what they may see are read once for a page, whatever it shows.
        texts = [one["sql"] for one in captured if not _is_of_person(one["sql"])]

        def bare() -> None:
            with connection.cursor() as cursor:
                for text in texts:
                    cursor.execute(text)
                    cursor.fetchall()

        whole_ms, bare_ms = _median(whole), _median(bare)
    stage.show(
        "coverage_matrix_200_by_60",
        whole_ms,
        "ms",
        at_most=300,
        bare_queries_ms=round(bare_ms, 1),
        states={state: sum(cell.state == state for row in found.rows for cell in row.cells) for state in _states()},
    )
    stage.show("coverage_matrix_queries", len(texts), "queries", at_most=8)


def _is_of_person(sql: str) -> bool:
    return any(f'FROM "endpoints_{name}"' in sql for name in ("user", "roleassignment", "membership"))


def _states() -> list[Any]:
    from endpoints.network.coverage import State

    return list(State)


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _fill() -> None:
    """Write the accounts, the inventory, the managed endpoints and the open requests."""
    from django.utils import timezone

    from endpoints.models import Change, Endpoint, EndpointRequest, InventoryItem
    from tests import factories as make

    now = timezone.now()
    team, person = make.make_team(), make.make_engineer("bench-engineer")
    items, managed, changes = [], [], []
    number = 0
    for one in range(ACCOUNTS):
        account = make.make_account(f"bench-{one}", regions=REGIONS)
        InventoryItem.objects.filter(account=account, kind="vpc").delete()
        for region in REGIONS:
            here: dict[str, Any] = {"account": account, "region": region}
            items += [
                InventoryItem(
                    **here,
                    kind="service",
                    aws_id=f"com.amazonaws.{region}.svc{service}",
                    data={"types": ["Interface"], "private_dns_name": f"svc{service}.aws"},
                )
                for service in range(SERVICES)
            ]
            for _ in range(VPCS // ACCOUNTS // len(REGIONS)):
                vpc_id = f"vpc-{number:017x}"
                vpc = {"owner_id": account.account_id, "cidr_block": "10.0.0.0/16"}
                items.append(InventoryItem(**here, kind="vpc", aws_id=vpc_id, vpc_id=vpc_id, data=vpc))
                if number % 4 < 2:
                    tgw = {"kind": "transit", "state": "available", "transit_gateway_id": f"tgw-{region}"}
                    items.append(
                        InventoryItem(
                            **here, kind="transit_attachment", aws_id=f"att-{number}", vpc_id=vpc_id, data=tgw
                        )
                    )
                for service in range(number % 2, SERVICES, 2):
                    aws_id = f"vpce-{number:08x}{service:09x}"
                    name = f"com.amazonaws.{region}.svc{service}"
                    data = {
                        "service_name": name,
                        "vpc_endpoint_type": "Interface",
                        "state": "available",
                        "private_dns_enabled": True,
                        "policy_document": POLICY,
                        "subnet_ids": [f"subnet-{number}{zone}" for zone in "abc"],
                    }
                    items.append(InventoryItem(**here, kind="vpc_endpoint", aws_id=aws_id, vpc_id=vpc_id, data=data))
                    if service % 4 < 2:
                        managed.append(
                            Endpoint(
                                **here,
                                vpc_id=vpc_id,
                                service_name=name,
                                vpc_endpoint_type="Interface",
                                vpc_endpoint_id=aws_id,
                                owner_team=team,
                                desired={"private_dns_enabled": True, "policy_document": POLICY},
                                status="available",
                                created_at=now,
                                updated_at=now,
                            )
                        )
                number += 1
    InventoryItem.objects.bulk_create(items, batch_size=1000)
    Endpoint.objects.bulk_create(managed, batch_size=1000)
    asked = EndpointRequest.objects.create(
        account_id=items[0].account_id,
        title="Bench",
        justification="Bench",
        owner_team=team,
        requester=person,
        content_hash="0" * 64,
        created_at=now,
        submitted_at=now,
        updated_at=now,
    )
    for position in range(1, OPEN + 1):
        vpc, service = position % VPCS, (2 * (position // VPCS) + 1 + position) % SERVICES
        changes.append(
            Change(
                request=asked,
                position=position,
                action="create",
                region=REGIONS[0],
                vpc_id=f"vpc-{vpc:017x}",
                service_name=f"com.amazonaws.{REGIONS[0]}.svc{service}",
                vpc_endpoint_type="Interface",
                spec={},
                spec_hash="0" * 64,
            )
        )
    Change.objects.bulk_create(changes)


if __name__ == "__main__":
    main()
