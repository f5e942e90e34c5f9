"""A VPC in which everything works, as a world of `packets.py`; what spoils it, and what is asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from endpoints.domain.specs import EndpointSpec
from endpoints.network.hops import Verdict
from endpoints.network.reachability import reach, source_of
from endpoints.network.snapshot import Snapshot
from tests.unit.network.packets import World
from tests.unit.network.worlds import S3, SERVICE, snapshot_of

APP = "subnet-0000000a"
END = "subnet-0000000e"
PUB = "subnet-0000000b"
SG_APP = "sg-0000000a"
SG_END = "sg-0000000e"
SG_OPEN = "sg-0000000f"
TABLE = "rtb-0000000a"
ALL = {"protocol": "-1", "from_port": None, "to_port": None, "cidrs": ["0.0.0.0/0"], "groups": [], "prefix_lists": []}


def rule(**values: Any) -> dict[str, Any]:
    https = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidrs": [], "groups": [], "prefix_lists": []}
    return https | values


def entry(
    number: int, action: str, *, egress: bool, ports: tuple[int, int] | None = None, **more: Any
) -> dict[str, Any]:
    first, last = ports or (None, None)
    base = {"rule_number": number, "egress": egress, "action": action, "protocol": "6" if ports else "-1"}
    return base | {"cidr": "0.0.0.0/0", "from_port": first, "to_port": last} | more


def good() -> World:
    """A VPC in which a client reaches SQS by an Interface endpoint and S3 by a Gateway endpoint."""
    return {
        "vpc": {"cidr_blocks": ["10.0.0.0/16"], "enable_dns_support": True, "enable_dns_hostnames": True},
        "subnets": {
            APP: {"cidr_block": "10.0.0.0/24", "availability_zone": "eu-west-1a"},
            END: {"cidr_block": "10.0.1.0/24", "availability_zone": "eu-west-1a"},
            PUB: {"cidr_block": "10.0.2.0/24", "availability_zone": "eu-west-1b", "map_public_ip": True},
        },
        "route_tables": {
            TABLE: {
                "main": True,
                "subnet_ids": [],
                "routes": [
                    {"destination": "10.0.0.0/16", "target": "local"},
                    {"destination": "pl-s3", "target": "vpce-s3"},
                ],
            },
            "rtb-pub": {
                "main": False,
                "subnet_ids": [PUB],
                "routes": [
                    {"destination": "10.0.0.0/16", "target": "local"},
                    {"destination": "0.0.0.0/0", "target": "igw-1"},
                ],
            },
        },
        "security_groups": {
            SG_APP: {"ingress": [], "egress": [ALL]},
            SG_END: {"ingress": [rule(groups=[SG_APP])], "egress": []},
        },
        "network_acls": {
            "acl-0": {
                "is_default": True,
                "subnet_ids": [],
                "entries": [entry(100, "allow", egress=False), entry(100, "allow", egress=True)],
            },
        },
        "gateways": {
            "igw-1": {"kind": "internet", "state": "available"},
            "nat-1": {"kind": "nat", "subnet_id": PUB, "state": "available", "connectivity": "public"},
        },
        "endpoints": {
            "vpce-sqs": {
                "service_name": SERVICE,
                "vpc_endpoint_type": "Interface",
                "state": "available",
                "private_dns_enabled": True,
                "subnet_ids": [END],
                "security_group_ids": [SG_END],
                "route_table_ids": [],
            },
            "vpce-s3": {
                "service_name": S3,
                "vpc_endpoint_type": "Gateway",
                "state": "available",
                "private_dns_enabled": False,
                "subnet_ids": [],
                "route_table_ids": [TABLE],
            },
        },
        "interfaces": {
            "eni-sqs": {
                "subnet_id": END,
                "private_ip": "10.0.1.20",
                "group_ids": [SG_END],
                "vpc_endpoint_id": "vpce-sqs",
                "interface_type": "vpc_endpoint",
            },
            "eni-app": {
                "subnet_id": APP,
                "private_ip": "10.0.0.10",
                "group_ids": [SG_APP],
                "interface_type": "interface",
                "instance_id": "i-app",
                "public_ip": "",
            },
        },
        "prefix_lists": {"pl-s3": {"service_name": S3, "cidrs": ["52.218.0.0/17", "3.5.64.0/21"]}},
    }


def ask(world: World, service: str = SERVICE, source: str = "eni-app", **how: Any) -> Verdict:
    snapshot = replace(snapshot_of(world, service), prefix_list_id="pl-s3" if service == S3 else "")
    return reach(snapshot, source_of(snapshot, source), service, **how)


def main_routes(world: World, *routes: dict[str, Any]) -> None:
    local = world["route_tables"][TABLE]["routes"][0]
    world["route_tables"][TABLE]["routes"] = [local, *routes]


def acl(world: World, subnet_id: str, *entries: dict[str, Any]) -> None:
    world["network_acls"]["acl-1"] = {"is_default": False, "subnet_ids": [subnet_id], "entries": list(entries)}


BOTH = (entry(100, "allow", egress=False), entry(100, "allow", egress=True))
NAT = {"destination": "0.0.0.0/0", "target": "nat-1"}


def spec(**values: Any) -> EndpointSpec:
    base = {"account_id": "123456789012", "region": "eu-west-1", "vpc_id": "vpc-00000001", "service_name": SERVICE}
    return EndpointSpec.from_dict(base | {"vpc_endpoint_type": "Interface"} | values)


def snapshot(world: World, service: str = SERVICE) -> Snapshot:
    return replace(snapshot_of(world, service), prefix_list_id="pl-s3" if service == S3 else "")
