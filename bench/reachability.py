"""A reachability answer on a big region: `python -m bench.reachability`.

100 VPCs, 2,000 subnets, 3,000 interfaces and 1,000 endpoints, as the inventory reads them. Each VPC is asked from each
of its subnets and from each client in it. The figure is the answer alone, over a snapshot that was read.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench.stage import show
from endpoints.network.reachability import reach, source_of
from endpoints.network.reachers import who_can_reach
from endpoints.network.snapshot import Part, Snapshot

VPCS, SUBNETS, INTERFACES, ENDPOINTS = 100, 20, 30, 10
S3 = "com.amazonaws.eu-west-1.s3"
LISTED = [f"52.{218 + number // 8}.{number % 8 * 32}.0/19" for number in range(24)]
ALL = {"protocol": "-1", "from_port": None, "to_port": None, "cidrs": ["0.0.0.0/0"], "groups": [], "prefix_lists": []}


def main() -> None:
    """Measure and print."""
    worlds = [snapshot_of(number) for number in range(VPCS)]
    from_subnets, from_interfaces, whole = [], [], []
    for snapshot in worlds:
        services = ["com.amazonaws.eu-west-1.svc0", S3]
        for source_id in snapshot.subnets:
            from_subnets += [timed(snapshot, source_id, name) for name in services]
        for part in snapshot.interfaces.values():
            if part.data["interface_type"] == "interface":
                from_interfaces += [timed(snapshot, part.aws_id, name) for name in services]
    for snapshot in worlds[:20]:
        started = time.perf_counter()
        who_can_reach(snapshot, snapshot.endpoints["vpce-0"])
        whole.append(time.perf_counter() - started)
    both = from_subnets + from_interfaces
    show(
        "reachability_answer",
        milliseconds(statistics.median(both)),
        "ms",
        at_most=5,
        answers=len(both),
        worst=milliseconds(max(both)),
        from_a_subnet=milliseconds(statistics.median(from_subnets)),
        from_an_interface=milliseconds(statistics.median(from_interfaces)),
        who_can_reach_an_endpoint=milliseconds(statistics.median(whole)),
    )


def timed(snapshot: Snapshot, source_id: str, service_name: str) -> float:
    """Return the seconds that an answer takes."""
    started = time.perf_counter()
    reach(snapshot, source_of(snapshot, source_id), service_name)
    return time.perf_counter() - started


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds, to three digits."""
    return round(seconds * 1000, 3)


def snapshot_of(vpc: int) -> Snapshot:
    """Return one VPC of the region."""
    subnets = {
        f"subnet-{number}": Part(f"subnet-{number}", f"private-{number}", _subnet(number)) for number in range(SUBNETS)
    }
    groups = {f"sg-{number}": Part(f"sg-{number}", f"group-{number}", _group(number)) for number in range(30)}
    endpoints, interfaces = {}, {}
    for number in range(ENDPOINTS):
        aws_id = f"vpce-{number}"
        data: dict[str, Any] = {
            "service_name": f"com.amazonaws.eu-west-1.svc{number}",
            "vpc_endpoint_type": "Interface",
            "state": "available",
            "private_dns_enabled": True,
            "subnet_ids": [f"subnet-{number}", f"subnet-{(number + 7) % SUBNETS}"],
            "security_group_ids": ["sg-0"],
            "route_table_ids": [],
        }
        if number == ENDPOINTS - 1:
            data |= {"service_name": S3, "vpc_endpoint_type": "Gateway", "subnet_ids": [], "private_dns_enabled": False}
        endpoints[aws_id] = Part(aws_id, f"endpoint-{number}", data)
        for subnet_id in data["subnet_ids"][:2]:
            eni = f"eni-{aws_id}-{subnet_id}"
            interfaces[eni] = Part(eni, "", _interface(subnet_id, 250, ["sg-0"], "vpc_endpoint", aws_id))
    for number in range(INTERFACES - len(interfaces)):
        eni = f"eni-{number}"
        interfaces[eni] = Part(
            eni, "", _interface(f"subnet-{number}", 10 + number, [f"sg-{number + 1}"], "interface", "")
        )
    lists = {"pl-s3": Part("pl-s3", S3, {"service_name": S3, "cidrs": LISTED})}
    return Snapshot(
        vpc=Part(f"vpc-{vpc}", "", {"cidr_blocks": ["10.0.0.0/16"]}),
        service=Part("com.amazonaws.eu-west-1.svc0", "", {"private_dns_name": "svc0.eu-west-1.amazonaws.com"}),
        subnets=subnets,
        route_tables={f"rtb-{number}": Part(f"rtb-{number}", "", _table(number)) for number in range(10)},
        security_groups=groups,
        network_acls={f"acl-{number}": Part(f"acl-{number}", "", _acl(number)) for number in range(4)},
        gateways={"nat-1": Part("nat-1", "", {"kind": "nat", "state": "available", "subnet_id": "subnet-19"})},
        endpoints=endpoints,
        interfaces=interfaces,
        prefix_lists=lists,
        prefix_list_id="",
    )


def _subnet(number: int) -> dict[str, Any]:
    return {"cidr_block": f"10.0.{number}.0/24", "availability_zone": f"eu-west-1{'abc'[number % 3]}"}


def _group(number: int) -> dict[str, Any]:
    into = {**ALL, "protocol": "tcp", "from_port": 443, "to_port": 443, "cidrs": [f"10.0.{i}.0/24" for i in range(18)]}
    return {"ingress": [into], "egress": [ALL] if number % 3 else [{**into, "cidrs": ["10.0.0.0/16"]}]}


def _table(number: int) -> dict[str, Any]:
    routes = [
        {"destination": "10.0.0.0/16", "target": "local"},
        {"destination": "0.0.0.0/0", "target": "nat-1"},
        *({"destination": f"10.{other}.0.0/16", "target": "tgw-1"} for other in range(1, 20)),
    ]
    if number % 2:
        routes.append({"destination": "pl-s3", "target": f"vpce-{ENDPOINTS - 1}"})
    own = [f"subnet-{item}" for item in range(SUBNETS) if item % 10 == number]
    return {"main": number == 0, "subnet_ids": own, "routes": routes}


def _acl(number: int) -> dict[str, Any]:
    entries = [
        {
            "rule_number": 100 + 10 * rule,
            "egress": egress,
            "action": "allow",
            "protocol": "6",
            "cidr": f"10.0.{rule}.0/24" if rule < 19 else "0.0.0.0/0",
            "from_port": 0 if rule < 19 else 443 * egress,
            "to_port": 65535,
        }
        for egress in (False, True)
        for rule in range(20)
    ]
    return {
        "is_default": number == 0,
        "subnet_ids": [f"subnet-{item}" for item in range(SUBNETS) if number and item % 4 == number],
        "entries": entries,
    }


def _interface(subnet_id: str, number: int, groups: list[str], kind: str, endpoint_id: str) -> dict[str, Any]:
    return {
        "subnet_id": subnet_id,
        "private_ip": f"10.0.{subnet_id.removeprefix('subnet-')}.{number}",
        "group_ids": groups,
        "interface_type": kind,
        "vpc_endpoint_id": endpoint_id,
    }


if __name__ == "__main__":
    main()
