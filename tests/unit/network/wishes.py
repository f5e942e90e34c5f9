"""A good VPC and two specs that fit it, and the pieces by which a case breaks them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec, SubnetConfiguration
from endpoints.network.snapshot import Part, Snapshot
from tests.unit.domain.test_specs import GATEWAY, INTERFACE

G_SPEC, I_SPEC = EndpointSpec.from_dict(GATEWAY), EndpointSpec.from_dict(INTERFACE)
SUBNET, TABLE, GROUP = I_SPEC.subnet_ids[0], G_SPEC.route_table_ids[0], I_SPEC.security_group_ids[0]
PREFIX_LIST = "pl-6da54004"
OUT = {"protocol": "-1", "cidrs": ["0.0.0.0/0"], "groups": [], "prefix_lists": []}
IN = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidrs": ["10.0.0.0/16"], "groups": [], "prefix_lists": []}


def part(aws_id: str, name: str = "", **data: Any) -> Part:
    return Part(aws_id, name, data)


def service(**data: Any) -> Part:
    return part(
        "com.amazonaws.eu-west-1.secretsmanager",
        **{
            "types": ["Gateway", "Interface"],
            "availability_zones": ["eu-west-1a", "eu-west-1b"],
            "private_dns_name": "secretsmanager.eu-west-1.amazonaws.com",
            "policy_supported": True,
            "acceptance_required": False,
            **data,
        },
    )


def subnet(zone: str = "eu-west-1a", free: int = 200) -> Part:
    return part(SUBNET, "private-a", availability_zone=zone, available_ip_address_count=free)


def group(ingress: list[dict[str, Any]], egress: list[dict[str, Any]], name: str = "https") -> Part:
    return part(GROUP, name, ingress=ingress, egress=egress)


def entry(number: int, *, egress: bool, ports: tuple[int, int], cidr: str, action: str = "allow") -> dict[str, Any]:
    first, last = ports
    rest = {"protocol": "6", "cidr": cidr, "from_port": first, "to_port": last}
    return {"rule_number": number, "egress": egress, "action": action, **rest}


def acl(*entries: dict[str, Any], subnets: tuple[str, ...] = (), name: str = "guard") -> Part:
    return part(f"acl-{name}", name, is_default=not subnets, subnet_ids=list(subnets), entries=list(entries))


EVERYTHING = {"protocol": "-1", "cidr": "0.0.0.0/0", "from_port": None, "to_port": None, "action": "allow"}
OPEN = [{**EVERYTHING, "rule_number": 100, "egress": way} for way in (False, True)]
IN_443 = entry(100, egress=False, ports=(443, 443), cidr="10.0.0.0/16")
BACK = entry(100, egress=True, ports=(1024, 65535), cidr="10.0.0.0/16")
RANGES = ["52.218.0.0/17", "3.5.64.0/21"]

GOOD = Snapshot(
    vpc=part("vpc-1", cidr_blocks=["10.0.0.0/16"], enable_dns_support=True, enable_dns_hostnames=True),
    service=service(),
    subnets={SUBNET: subnet(), "subnet-2": part("subnet-2", availability_zone="eu-west-1b")},
    route_tables={TABLE: part(TABLE, "private", main=True, routes=[{"destination": "10.0.0.0/16", "target": "local"}])},
    security_groups={GROUP: group([IN], [OUT])},
    network_acls={"acl-default": acl(*OPEN, name="default")},
    prefix_lists={PREFIX_LIST: part(PREFIX_LIST, cidrs=RANGES, complete=True)},
    prefix_list_id=PREFIX_LIST,
)


def guarded(*entries: dict[str, Any]) -> Snapshot:
    """Return the good VPC with another ACL round the endpoint's, or the Gateway's clients', subnet."""
    return replace(GOOD, network_acls={**GOOD.network_acls, "acl-guard": acl(*entries, subnets=(SUBNET,))})


def gateways(count: int) -> dict[str, Part]:
    return {f"vpce-{n}": part(f"vpce-{n}", vpc_endpoint_type="Gateway", state="available") for n in range(count)}


def zoned(aws_id: str, zone: str, zone_id: str) -> Part:
    return part(aws_id, availability_zone=zone, availability_zone_id=zone_id)


def existing(**data: Any) -> dict[str, Part]:
    base = {"service_name": I_SPEC.service_name, "vpc_endpoint_type": "Interface", "state": "available"}
    return {"vpce-9": part("vpce-9", "shared", **{**base, **data})}


def fixed(address: str) -> SubnetConfiguration:
    return SubnetConfiguration(subnet_id=SUBNET, ipv4=address)


ADDRESSED = replace(GOOD, subnets={SUBNET: part(SUBNET, availability_zone="eu-west-1a", cidr_block="10.0.0.0/24")})
S3_INBOUND = replace(I_SPEC, service_name=G_SPEC.service_name, private_dns_only_for_inbound_resolver_endpoint=True)
LETS_IN = GroupRule(group_id=GROUP, direction="ingress", from_port=443, to_port=443, cidr="10.0.0.0/16")


def closed_groups() -> Snapshot:
    """Return the good VPC with a group that lets nobody in on TCP 443, and out to nobody."""
    return replace(GOOD, security_groups={GROUP: group([], [])})
