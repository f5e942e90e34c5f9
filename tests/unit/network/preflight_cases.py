"""For each rule of the preflight, VPCs and specs that break it: the rule, its severity, the spec, the VPC."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from endpoints.domain.specs import EndpointSpec
from endpoints.network.snapshot import Snapshot
from tests.unit.network.wishes import (
    ADDRESSED,
    BACK,
    G_SPEC,
    GOOD,
    GROUP,
    I_SPEC,
    IN,
    IN_443,
    LETS_IN,
    OPEN,
    OUT,
    PREFIX_LIST,
    RANGES,
    S3_INBOUND,
    SUBNET,
    TABLE,
    acl,
    closed_groups,
    entry,
    existing,
    fixed,
    gateways,
    group,
    guarded,
    part,
    service,
    subnet,
    zoned,
)

CASES: list[tuple[str, str, EndpointSpec, Snapshot]] = [
    ("vpc-unknown", "block", I_SPEC, replace(GOOD, vpc=None)),
    ("service-unknown", "block", I_SPEC, replace(GOOD, service=None)),
    ("service-type", "block", I_SPEC, replace(GOOD, service=service(types=["Gateway"]))),
    ("other-vpc", "block", I_SPEC, replace(GOOD, subnets={})),
    ("other-vpc", "block", I_SPEC, replace(GOOD, security_groups={})),
    ("other-vpc", "block", G_SPEC, replace(GOOD, route_tables={})),
    (
        "one-subnet-per-zone",
        "block",
        replace(I_SPEC, subnet_ids=(SUBNET, "subnet-00000000000000002")),
        replace(
            GOOD,
            subnets={
                SUBNET: subnet(),
                "subnet-00000000000000002": part("subnet-00000000000000002", availability_zone="eu-west-1a"),
            },
        ),
    ),
    ("zone-not-served", "block", I_SPEC, replace(GOOD, subnets={SUBNET: subnet("eu-west-1c")})),
    ("no-subnet", "warn", replace(I_SPEC, subnet_ids=()), GOOD),
    ("no-route-table", "warn", replace(G_SPEC, route_table_ids=()), GOOD),
    ("no-free-address", "block", I_SPEC, replace(GOOD, subnets={SUBNET: subnet(free=0)})),
    (
        "private-dns-attributes",
        "block",
        I_SPEC,
        replace(GOOD, vpc=part("vpc-1", enable_dns_support=True, enable_dns_hostnames=False)),
    ),
    ("private-dns-none", "block", I_SPEC, replace(GOOD, service=service(private_dns_name=""))),
    ("private-dns-conflict", "block", I_SPEC, replace(GOOD, endpoints=existing(private_dns_enabled=True))),
    ("private-dns-off", "info", replace(I_SPEC, private_dns_enabled=False), GOOD),
    ("exists-already", "warn", I_SPEC, replace(GOOD, endpoints=existing())),
    (
        "route-exists",
        "block",
        G_SPEC,
        replace(
            GOOD,
            route_tables={TABLE: part(TABLE, routes=[{"destination": PREFIX_LIST, "target": "vpce-9"}])},
        ),
    ),
    ("outbound-closed", "warn", G_SPEC, replace(GOOD, security_groups={GROUP: group([IN], [])})),
    ("inbound-closed", "warn", I_SPEC, replace(GOOD, security_groups={GROUP: group([], [OUT])})),
    (
        "inbound-partial",
        "info",
        I_SPEC,
        replace(GOOD, security_groups={GROUP: group([{**IN, "cidrs": ["10.0.1.0/24"]}], [OUT])}),
    ),
    (
        "default-group",
        "info",
        replace(I_SPEC, security_group_ids=()),
        replace(GOOD, security_groups={GROUP: group([IN], [OUT], name="default")}),
    ),
    ("acceptance", "info", I_SPEC, replace(GOOD, service=service(acceptance_required=True))),
    (
        "no-policy",
        "block",
        replace(I_SPEC, policy_document="{}"),
        replace(GOOD, service=service(policy_supported=False)),
    ),
    ("always-full-access", "info", I_SPEC, replace(GOOD, service=service(policy_supported=False))),
    (
        "part-unknown",
        "warn",
        I_SPEC,
        replace(GOOD, subnets={}, former=I_SPEC),
    ),
    (
        "address-type-service",
        "block",
        replace(I_SPEC, ip_address_type="dualstack"),
        replace(GOOD, service=service(ip_address_types=["ipv4"])),
    ),
    (
        "address-type-subnet",
        "block",
        replace(I_SPEC, ip_address_type="dualstack"),
        replace(GOOD, subnets={SUBNET: part(SUBNET, cidr_block="10.0.0.0/24", ipv6_cidr_blocks=[])}),
    ),
    (
        "fixed-address-type",
        "block",
        replace(I_SPEC, ip_address_type="ipv6", subnet_configurations=(fixed("10.0.0.9"),)),
        GOOD,
    ),
    ("fixed-address-outside", "block", replace(I_SPEC, subnet_configurations=(fixed("10.0.1.9"),)), ADDRESSED),
    ("fixed-address-reserved", "block", replace(I_SPEC, subnet_configurations=(fixed("10.0.0.3"),)), ADDRESSED),
    ("fixed-address-reserved", "block", replace(I_SPEC, subnet_configurations=(fixed("10.0.0.255"),)), ADDRESSED),
    ("inbound-only", "block", S3_INBOUND, GOOD),
    ("inventory-stale", "warn", I_SPEC, replace(GOOD, stale=True, read_at=datetime(2026, 1, 2, tzinfo=UTC))),
    ("inventory-stale", "warn", G_SPEC, replace(GOOD, stale=True)),
    ("shared-subnet", "block", I_SPEC, replace(GOOD, subnets={SUBNET: part(SUBNET, owner_id="999900001111")})),
    (
        "shared-route-table",
        "block",
        G_SPEC,
        replace(GOOD, route_tables={TABLE: part(TABLE, owner_id="999900001111", main=True)}),
    ),
    ("few-addresses", "info", I_SPEC, replace(GOOD, subnets={SUBNET: subnet(free=1)})),
    (
        "private-dns-unverified",
        "block",
        I_SPEC,
        replace(GOOD, service=service(private_dns_verification="pendingVerification")),
    ),
    (
        "exists-nearby",
        "info",
        I_SPEC,
        replace(GOOD, connected={"vpce-9": part("vpce-9", vpc_id="vpc-9", account_id="1", through="pcx-1")}),
    ),
    ("gateway-free", "info", I_SPEC, GOOD),
    (
        "route-table-unused",
        "info",
        G_SPEC,
        replace(GOOD, route_tables={"rtb-9": part("rtb-9", main=True), TABLE: part(TABLE)}),
    ),
    ("quota-groups", "warn", replace(I_SPEC, security_group_ids=tuple(f"sg-{n:08}" for n in range(6))), GOOD),
    ("quota-gateway", "warn", G_SPEC, replace(GOOD, gateway_endpoints_in_region=20)),
    ("quota-gateway-vpc", "block", G_SPEC, replace(GOOD, endpoints=gateways(255))),
    ("acl-inbound", "warn", I_SPEC, guarded(BACK)),
    ("acl-inbound", "warn", I_SPEC, guarded(BACK, IN_443, {**IN_443, "rule_number": 90, "action": "deny"})),
    ("acl-return", "warn", I_SPEC, guarded(IN_443)),
    ("acl-return", "warn", I_SPEC, guarded(IN_443, {**BACK, "to_port": 443, "from_port": 443})),
    ("acl-partial", "info", I_SPEC, guarded(IN_443, {**BACK, "from_port": 32768})),
    ("acl-partial", "info", I_SPEC, guarded({**IN_443, "cidr": "10.0.0.0/17"}, BACK)),
    ("acl-outbound", "warn", G_SPEC, guarded(IN_443, BACK)),
    (
        "acl-return",
        "warn",
        G_SPEC,
        guarded(*(entry(n, egress=True, ports=(443, 443), cidr=cidr) for n, cidr in enumerate(RANGES))),
    ),
    (
        "acl-partial",
        "info",
        G_SPEC,
        guarded({**OPEN[0]}, entry(1, egress=True, ports=(443, 443), cidr=RANGES[0])),
    ),
    (
        "acl-clients",
        "info",
        I_SPEC,
        replace(
            GOOD,
            subnets={**GOOD.subnets, SUBNET: part(SUBNET, availability_zone="eu-west-1a", cidr_block="10.0.0.0/24")},
            network_acls={**GOOD.network_acls, "acl-guard": acl(IN_443, BACK, subnets=("subnet-2",))},
        ),
    ),
    # Names of zones differ between accounts; ids don't.
    (
        "one-subnet-per-zone",
        "block",
        replace(I_SPEC, subnet_ids=(SUBNET, "subnet-00000000000000002")),
        replace(
            GOOD,
            subnets={
                SUBNET: zoned(SUBNET, "eu-west-1a", "euw1-az1"),
                "subnet-00000000000000002": zoned("subnet-00000000000000002", "eu-west-1b", "euw1-az1"),
            },
        ),
    ),
    (
        "zone-not-served",
        "block",
        I_SPEC,
        replace(
            GOOD,
            service=service(availability_zone_ids=["euw1-az2"]),
            subnets={SUBNET: zoned(SUBNET, "eu-west-1a", "euw1-az1")},
        ),
    ),
    # The groups' outbound rules hold a part of the service's ranges only.
    (
        "outbound-closed",
        "warn",
        G_SPEC,
        replace(GOOD, security_groups={GROUP: group([IN], [{**OUT, "cidrs": RANGES[:1]}])}),
    ),
    (
        "inbound-partial",
        "info",
        replace(I_SPEC, ip_address_type="dualstack"),
        replace(
            GOOD,
            vpc=part(
                "vpc-1",
                cidr_blocks=["10.0.0.0/16"],
                ipv6_cidr_blocks=["2001:db8::/56"],
                enable_dns_support=True,
                enable_dns_hostnames=True,
            ),
        ),
    ),
    ("rule-carried", "info", replace(I_SPEC, group_rules=(LETS_IN,)), closed_groups()),
    ("rule-not-offered", "block", replace(I_SPEC, group_rules=(replace(LETS_IN, cidr="10.9.0.0/16"),)), GOOD),
    (
        "quota",
        "warn",
        I_SPEC,
        replace(
            GOOD,
            endpoints={
                f"vpce-{number}": part(f"vpce-{number}", vpc_endpoint_type="Interface", state="available")
                for number in range(50)
            },
        ),
    ),
]
