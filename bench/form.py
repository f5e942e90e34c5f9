"""The dependent parts of the request form, on a big region: `python -m bench.form`.

100 VPCs, 2,000 subnets, 3,000 network interfaces, 1,000 endpoints and 250 services. Another VPC is chosen each time, as
somebody does who looks through them. The peer is the floor of any signed-in answer: a page that isn't there.
"""

from __future__ import annotations

import statistics
import time
import warnings
from typing import Any

from bench import stage

VPCS, SUBNETS, INTERFACES, ENDPOINTS, SERVICES = 100, 20, 30, 10, 250


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from django.db import connection
        from django.urls import reverse

        from tests import factories as make
        from tests.integration.browsers import browser

        account = make.make_account("bench")
        vpc_ids = _fill(account)
        warnings.filterwarnings("ignore", "No directory at")  # no static files are collected, and none are asked for
        client = browser(make.make_engineer("bench-engineer"))
        client.defaults["SERVER_NAME"] = "localhost"
        spec = make.interface_spec(account)
        place = {"account": account.pk, "region": spec.region, "service_name": spec.service_name}

        def ask(vpc_id: str, **more: Any) -> str:
            answer = client.get(reverse("request_new_fields"), {**place, "vpc_id": vpc_id, **more})
            if answer.status_code != 200:
                raise RuntimeError(f"The form answers {answer.status_code}.")
            return answer.content.decode()

        first = ask(vpc_ids[0])
        if first.count('name="subnet_ids"') < SUBNETS:
            raise RuntimeError("The form doesn't offer the subnets of a VPC.")
        live = {"vpc_endpoint_type": "Interface", "subnet_ids": [_own("subnet", 0, 0)], "private_dns_enabled": "on"}
        for more in ({}, live):
            ask(vpc_ids[0], **more)  # what is loaded once for each process is not the form's
        queries: list[str] = []

        def count(execute: Any, sql: str, *rest: Any) -> Any:
            queries.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(count):
            ask(vpc_ids[1])
        fields = _median(lambda number: ask(vpc_ids[number]))
        checks = _median(
            lambda number: ask(vpc_ids[number], **{**live, "subnet_ids": [_own("subnet", number, 0)]}, only="fields")
        )
        floor = _median(lambda _: client.get(reverse("request_withdraw", args=[1])))
    size = {"vpcs": VPCS, "subnets": VPCS * SUBNETS, "refusal_ms": round(floor, 1)}
    stage.show("form_dependent_parts", fields, "ms", at_most=60, live_checks_ms=round(checks, 1), **size)
    stage.show("form_dependent_parts_queries", len(queries), "queries", at_most=6)


def _median(ask: Any) -> float:
    taken = []
    for number in range(VPCS):
        started = time.perf_counter()
        ask(number)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _own(prefix: str, vpc: int, number: int) -> str:
    return f"{prefix}-{vpc:05x}{number:012x}"


def _fill(account: Any) -> list[str]:
    """Put the region's VPCs and services beside the one that is there; return the VPCs' ids."""
    from endpoints.models import InventoryItem

    known = {item.name: item for item in InventoryItem.objects.filter(account=account)}
    rows: list[InventoryItem] = []

    def like(name: str, aws_id: str, vpc_id: str = "", label: str = "", **data: Any) -> None:
        model = known[name]
        rows.append(
            InventoryItem(
                account=account,
                region=model.region,
                kind=model.kind,
                aws_id=aws_id,
                vpc_id=vpc_id,
                name=label or aws_id,
                data={**model.data, **data},
            )
        )

    def own(kind: str, prefix: str, vpc: int, number: int, data: dict[str, Any]) -> None:
        rows.append(
            InventoryItem(
                account=account,
                region=known["main"].region,
                kind=kind,
                aws_id=_own(prefix, vpc, number),
                vpc_id=_own("vpc", vpc, 0),
                data=data,
            )
        )

    secrets = InventoryItem.objects.get(account=account, aws_id__endswith=".secretsmanager")
    known["service"] = secrets
    for number in range(SERVICES):
        like("service", secrets.aws_id.replace("secretsmanager", f"svc{number}"))
    for vpc in range(VPCS):
        vpc_id = _own("vpc", vpc, 0)
        like("main", vpc_id, vpc_id, f"workload-{vpc}")
        for number in range(SUBNETS):
            zone = "abc"[number % 3]
            data = {"availability_zone": f"{secrets.region}{zone}", "cidr_block": f"10.0.{number}.0/24"}
            like("private-a", _own("subnet", vpc, number), vpc_id, f"private-{number}", **data)
        for name, prefix in (("default", "sg"), ("https", "sg"), ("private", "rtb"), ("public", "rtb")):
            like(name, _own(prefix, vpc, len(name)), vpc_id)
        for number in range(INTERFACES):
            address = f"10.0.{number % SUBNETS}.{20 + number}"
            own(
                "network_interface",
                "eni",
                vpc,
                number,
                {"subnet_id": _own("subnet", vpc, number % SUBNETS), "private_ip": address, "group_ids": []},
            )
        for number in range(ENDPOINTS):
            data = {
                "service_name": secrets.aws_id.replace("secretsmanager", f"svc{number}"),
                "vpc_endpoint_type": "Interface",
                "state": "available",
                "subnet_ids": [_own("subnet", vpc, number)],
                "security_group_ids": [_own("sg", vpc, 7)],
                "route_table_ids": [],
                "private_dns_enabled": True,
            }
            own("vpc_endpoint", "vpce", vpc, number, data)
    InventoryItem.objects.bulk_create(rows, batch_size=1000)
    return [_own("vpc", vpc, 0) for vpc in range(VPCS)]


if __name__ == "__main__":
    main()
