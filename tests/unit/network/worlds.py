"""Random VPCs, from a seed: small, and full of near misses. And a VPC's dicts as the snapshot that the portal reads."""

from __future__ import annotations

from random import Random
from typing import Any

from endpoints.network.snapshot import Part, Snapshot
from tests.unit.network.packets import World

SERVICE, S3 = "com.amazonaws.eu-west-1.sqs", "com.amazonaws.eu-west-1.s3"
LISTED = ["52.218.0.0/17", "3.5.64.0/21"]
SUBNETS = ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/26", "10.1.0.0/24"]
PORTS = [(0, 65535), (443, 443), (1024, 65535), (32768, 60999), (1, 1023), (440, 450), (1024, 2000)]
INSIDE = [*SUBNETS, "10.0.0.0/16", "10.0.0.0/25", "10.0.1.128/25", "10.0.0.10/32", "10.0.1.20/32"]
OUTSIDE = ["0.0.0.0/0", *LISTED, "52.218.0.0/18", "52.0.0.0/8", "3.5.64.0/23"]


def world_of(seed: int) -> World:
    """Return the world of a seed."""
    rng = Random(seed)
    groups = [f"sg-{number}" for number in range(rng.randint(1, 4))]
    subnet_ids = [f"subnet-{number}" for number in range(rng.randint(2, 4))]
    made: World = {
        "vpc": {
            "cidr_blocks": ["10.0.0.0/16", "10.1.0.0/16"],
            "enable_dns_support": rng.random() < 0.95,
            "enable_dns_hostnames": rng.random() < 0.95,
        },
        "subnets": {
            item: {"cidr_block": SUBNETS[number], "availability_zone": f"eu-west-1{'abc'[number % 3]}"}
            for number, item in enumerate(subnet_ids)
        },
        "prefix_lists": {
            "pl-s3": {"service_name": S3, "cidrs": LISTED},
            "pl-own": {"cidrs": ["10.0.1.0/25", "52.218.64.0/18"]},
        },
        "security_groups": {item: _group(rng, groups) for item in groups},
        "network_acls": _acls(rng, subnet_ids),
        "gateways": {
            "nat-1": {
                "kind": "nat",
                "subnet_id": rng.choice(subnet_ids),
                "state": "available" if rng.random() < 0.9 else "deleting",
                "connectivity": "public" if rng.random() < 0.9 else "private",
            },
            "igw-1": {"kind": "internet", "state": "available"},
        },
        "endpoints": {},
        "interfaces": {},
    }
    made["endpoints"] = _endpoints(rng, subnet_ids)
    made["route_tables"] = _tables(rng, subnet_ids, [key for key in made["endpoints"] if key.startswith("vpce-g")])
    for endpoint_id, endpoint in made["endpoints"].items():
        for number, subnet_id in enumerate(endpoint["subnet_ids"]):
            made["interfaces"][f"eni-{endpoint_id}-{number}"] = {
                "subnet_id": subnet_id,
                "private_ip": _address(made, subnet_id, 20 + number),
                "group_ids": rng.sample(groups, rng.randint(1, min(2, len(groups)))),
                "vpc_endpoint_id": endpoint_id,
                "interface_type": "vpc_endpoint",
            }
    for number in range(rng.randint(1, 3)):
        subnet_id = rng.choice(subnet_ids)
        made["interfaces"][f"eni-c{number}"] = {
            "subnet_id": subnet_id,
            "private_ip": _address(made, subnet_id, 10 + number),
            "group_ids": rng.sample(groups, rng.randint(1, min(2, len(groups)))),
            "interface_type": "interface",
            "public_ip": rng.choice(["", "", "198.51.100.7"]),
        }
    return made


def snapshot_of(world: World, service_name: str) -> Snapshot:
    """Return a world as the portal reads it."""
    kinds = ("subnets", "route_tables", "security_groups", "network_acls", "gateways", "interfaces", "prefix_lists")
    parts = {kind: {key: Part(key, "", data) for key, data in world[kind].items()} for kind in (*kinds, "endpoints")}
    types = ["Gateway", "Interface"] if service_name == S3 else ["Interface"]
    name = f"{service_name.rsplit('.', 1)[1]}.eu-west-1.amazonaws.com"
    return Snapshot(
        vpc=Part("vpc-1", "", world["vpc"]),
        service=Part(service_name, "", {"types": types, "private_dns_name": name}),
        **parts,
    )


def client_of(world: World, interface_id: str) -> dict[str, Any]:
    """Return one of the world's clients."""
    data = world["interfaces"][interface_id]
    return {
        "subnet_id": data["subnet_id"],
        "ip": data["private_ip"],
        "groups": data["group_ids"],
        "public": bool(data["public_ip"]),
    }


def _address(world: World, subnet_id: str, number: int) -> str:
    return str(world["subnets"][subnet_id]["cidr_block"]).rsplit(".", 1)[0] + f".{number}"


def _group(rng: Random, groups: list[str]) -> dict[str, Any]:
    free = {
        "protocol": "-1",
        "from_port": None,
        "to_port": None,
        "cidrs": ["0.0.0.0/0"],
        "groups": [],
        "prefix_lists": [],
    }
    out = [free] if rng.random() < 0.6 else [_rule(rng, groups, [*INSIDE, *OUTSIDE]) for _ in range(rng.randint(0, 3))]
    into = [free] if rng.random() < 0.3 else [_rule(rng, groups, INSIDE) for _ in range(rng.randint(0, 3))]
    return {"egress": out, "ingress": into}


def _rule(rng: Random, groups: list[str], ranges: list[str]) -> dict[str, Any]:
    first, last = rng.choice(PORTS[:3] if rng.random() < 0.8 else PORTS)
    kind = rng.choice(["cidrs", "cidrs", "groups", "prefix_lists"])
    return {
        "protocol": rng.choice(["tcp", "tcp", "tcp", "-1", "udp"]),
        "from_port": first,
        "to_port": last,
        "cidrs": [rng.choice(ranges) for _ in range(rng.randint(1, 2))] if kind == "cidrs" else [],
        "groups": [rng.choice(groups)] if kind == "groups" else [],
        "prefix_lists": [rng.choice(["pl-s3", "pl-own"])] if kind == "prefix_lists" else [],
    }


def _acls(rng: Random, subnet_ids: list[str]) -> dict[str, Any]:
    free = [_entry(100, egress, "allow", "0.0.0.0/0") for egress in (False, True)]
    made: dict[str, Any] = {"acl-0": {"is_default": True, "subnet_ids": [], "entries": free}}
    for number in range(rng.choice([0, 0, 1, 2])):
        entries = []
        for egress in (False, True):
            numbers = rng.sample(range(1, 200), rng.randint(1, 4))
            entries += [_random_entry(rng, item, egress) for item in numbers]
            if rng.random() < 0.5:
                entries.append(_entry(300, egress, "allow", "0.0.0.0/0"))
            entries.append(_entry(32767, egress, "deny", "0.0.0.0/0"))
        rng.shuffle(entries)
        taken = {item for acl in made.values() for item in acl["subnet_ids"]}
        own = [item for item in subnet_ids if item not in taken and rng.random() < 0.5]
        made[f"acl-{number + 1}"] = {"is_default": False, "subnet_ids": own, "entries": entries}
    return made


def _random_entry(rng: Random, number: int, egress: bool) -> dict[str, Any]:
    entry = _entry(number, egress, rng.choice(["allow", "allow", "deny"]), rng.choice([*INSIDE, *OUTSIDE, "0.0.0.0/0"]))
    protocol = rng.choice(["6", "6", "6", "-1", "17"])
    first, last = rng.choice(PORTS)
    ports = {"from_port": None, "to_port": None} if protocol == "-1" else {"from_port": first, "to_port": last}
    return entry | {"protocol": protocol} | ports


def _entry(number: int, egress: bool, action: str, cidr: str) -> dict[str, Any]:
    return {
        "rule_number": number,
        "egress": egress,
        "action": action,
        "protocol": "-1",
        "cidr": cidr,
        "from_port": None,
        "to_port": None,
    }


def _endpoints(rng: Random, subnet_ids: list[str]) -> dict[str, Any]:
    made = {}
    for number, service in enumerate((SERVICE, S3)):
        if rng.random() < 0.7:
            made[f"vpce-i{number}"] = {
                "service_name": service,
                "vpc_endpoint_type": "Interface",
                "state": rng.choice(["available"] * 9 + ["pending", "rejected", "pendingacceptance"]),
                "private_dns_enabled": rng.random() < 0.8,
                "private_dns_only_for_inbound_resolver_endpoint": service == S3 and rng.random() < 0.5,
                "subnet_ids": rng.sample(subnet_ids, rng.randint(0, 2) if rng.random() < 0.3 else 1),
                "route_table_ids": [],
            }
    if rng.random() < 0.7:
        state = rng.choice(["available"] * 6 + ["pending"])
        made["vpce-g"] = {
            "service_name": S3,
            "vpc_endpoint_type": "Gateway",
            "state": state,
            "private_dns_enabled": False,
            "subnet_ids": [],
            "route_table_ids": [],
        }
    return made


def _tables(rng: Random, subnet_ids: list[str], gateways: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    left = list(subnet_ids)
    for number in range(rng.randint(1, 3)):
        routes = [{"destination": item, "target": "local"} for item in ("10.0.0.0/16", "10.1.0.0/16")]
        for endpoint_id in gateways:
            if rng.random() < 0.6:
                routes.append({"destination": "pl-s3", "target": endpoint_id})
        if rng.random() < 0.7:
            routes.append(
                {"destination": "0.0.0.0/0", "target": rng.choice(["igw-1", "nat-1", "nat-1", "tgw-1", "pcx-1"])}
            )
        if rng.random() < 0.3:
            target = rng.choice(["igw-1", "nat-1", "tgw-1", "eni-9"])
            destination = rng.choice(["52.218.0.0/18", "52.218.0.0/17", "52.0.0.0/8", "10.0.1.20/32", "10.0.1.0/24"])
            routes.append({"destination": destination, "target": target})
        if rng.random() < 0.2:
            destination = rng.choice(["0.0.0.0/0", "52.218.0.0/17", "52.0.0.0/8", "10.0.1.0/24", "10.0.0.0/16"])
            routes.append({"destination": destination, "target": "vgw-1", "origin": "EnableVgwRoutePropagation"})
        for item in routes[2:]:
            item["state"] = "blackhole" if rng.random() < 0.07 else "active"
        rng.shuffle(routes)
        own = [item for item in left if number and rng.random() < 0.5]
        left = [item for item in left if item not in own]
        made[f"rtb-{number}"] = {"main": number == 0, "subnet_ids": own, "routes": routes}
    return made
