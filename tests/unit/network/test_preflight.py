"""Each preflight rule, with a VPC that breaks it and one that doesn't."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec
from endpoints.network import preflight
from endpoints.network.after import beside
from endpoints.network.preflight import guards, names, offers, placement, routes
from endpoints.network.preflight.catalogue import CATALOGUE
from endpoints.network.snapshot import Part, Snapshot
from endpoints.services import coming
from tests.unit.network.preflight_cases import CASES
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
    S3_INBOUND,
    SUBNET,
    TABLE,
    acl,
    closed_groups,
    existing,
    fixed,
    group,
    guarded,
    part,
    service,
    subnet,
)


@pytest.mark.parametrize(("rule", "severity", "spec", "snapshot"), CASES, ids=[case[0] for case in CASES])
def test_a_vpc_that_breaks_the_rule_is_found_with_its_cure(
    rule: str, severity: str, spec: EndpointSpec, snapshot: Snapshot
) -> None:
    found = [item for item in preflight.check(spec, snapshot) if item.rule == rule]
    assert found, f"{rule} was not found"
    assert found[0].severity == severity
    assert found[0].cure


@pytest.mark.parametrize("spec", [G_SPEC, I_SPEC])
def test_a_good_vpc_has_nothing_against_it(spec: EndpointSpec) -> None:
    serious = {item.rule for item in preflight.check(spec, GOOD) if item.severity != "info"}
    assert serious <= {"connections-drop"}


# Found in a good VPC as well: what they say is true of each such endpoint.
ALWAYS = {"connections-drop", "gateway-free", "single-zone"}
MODULES = (guards, names, offers, placement, routes, coming)  # the last asks the database: tests/integration/services


def test_every_rule_stands_in_the_catalogue_with_its_severity_and_has_a_case() -> None:
    source = "".join(inspect.getsource(module) for module in MODULES)
    known = {item.rule: item.severity for item in CATALOGUE}
    assert len(known) == len(CATALOGUE)
    unwritten = {rule for rule in known if f'"{rule}"' not in source}
    assert not unwritten
    named = {line.split('"')[1] for line in source.split("Finding(")[1:] if '"' in line[:60]}
    assert named <= known.keys() | {"warn", "block"}
    assert known.keys() - {case[0] for case in CASES} <= {"connections-drop", "single-zone", "asked-too"}
    assert {case[0]: case[1] for case in CASES}.items() <= known.items()


@pytest.mark.parametrize(("rule", "severity", "spec", "snapshot"), CASES, ids=[case[0] for case in CASES])
def test_the_same_request_in_a_good_vpc_does_not_break_the_rule(
    rule: str, severity: str, spec: EndpointSpec, snapshot: Snapshot
) -> None:
    good = G_SPEC if spec.is_gateway else I_SPEC
    found = {item.rule for item in preflight.check(good, GOOD)}
    assert rule not in found or rule in ALWAYS


def test_a_good_gateway_and_a_service_without_one_are_not_told_that_gateways_are_free() -> None:
    assert "gateway-free" not in rules(G_SPEC, GOOD)
    assert "gateway-free" not in rules(I_SPEC, replace(GOOD, service=service(types=["Interface"])))
    gateway = existing(service_name=I_SPEC.service_name, vpc_endpoint_type="Gateway")
    assert "gateway-free" not in rules(I_SPEC, replace(GOOD, endpoints=gateway))


def rules(spec: EndpointSpec, snapshot: Snapshot) -> set[str]:
    return {item.rule for item in preflight.check(spec, snapshot)}


def test_the_prefix_lists_own_id_is_named_in_the_cure() -> None:
    snapshot = replace(GOOD, security_groups={GROUP: group([IN], [])})
    (finding,) = [item for item in preflight.check(G_SPEC, snapshot) if item.rule == "outbound-closed"]
    assert finding.cure == f"Add an outbound rule for TCP 443 to the prefix list {PREFIX_LIST}."
    assert [(item.group_id, item.prefix_list_id) for item in finding.offers] == [(GROUP, PREFIX_LIST)]


def test_ranges_that_hold_all_of_the_services_let_out() -> None:
    rule = {**IN, "cidrs": ["52.0.0.0/8", "3.5.0.0/16"]}
    assert "outbound-closed" not in rules(G_SPEC, replace(GOOD, security_groups={GROUP: group([IN], [rule])}))


@pytest.mark.parametrize(
    ("cidrs", "complete", "found"), [(["0.0.0.0/0"], True, False), (["52.218.0.0/17"], True, True), ([], False, False)]
)
def test_a_prefix_list_of_ones_own_lets_out_to_what_it_holds(cidrs: list[str], complete: bool, found: bool) -> None:
    lists = {**GOOD.prefix_lists, "pl-1": part("pl-1", cidrs=cidrs, complete=complete)}
    rule = {**IN, "cidrs": [], "prefix_lists": ["pl-1"]}
    snapshot = replace(GOOD, prefix_lists=lists, security_groups={GROUP: group([IN], [rule])})
    assert ("outbound-closed" in rules(G_SPEC, snapshot)) is found


def test_two_rules_for_halves_of_the_vpc_let_all_of_it_in() -> None:
    halves = [{**IN, "cidrs": [cidr]} for cidr in ("10.0.0.0/17", "10.0.128.0/17")]
    assert "inbound-partial" not in rules(I_SPEC, replace(GOOD, security_groups={GROUP: group(halves, [OUT])}))


@pytest.mark.parametrize(
    ("cidrs", "complete", "found"),
    [
        (["10.0.0.0/16"], True, set()),
        (["10.0.0.0/17"], True, {"inbound-partial"}),
        (["10.1.0.0/16"], True, {"inbound-closed"}),
        ([], False, set()),
    ],
)
def test_a_prefix_list_lets_in_whom_it_holds(cidrs: list[str], complete: bool, found: set[str]) -> None:
    lists: Mapping[str, Part] = {"pl-1": part("pl-1", cidrs=cidrs, complete=complete)}
    rule = {**IN, "cidrs": [], "prefix_lists": ["pl-1"]}
    snapshot = replace(GOOD, prefix_lists=lists, security_groups={GROUP: group([rule], [OUT])})
    assert {item for item in rules(I_SPEC, snapshot) if item.startswith("inbound")} == found


def test_a_group_that_lets_in_others_alone_lets_nobody_of_the_vpc_in() -> None:
    others = [{**IN, "cidrs": ["192.168.0.0/16"]}, {**IN, "cidrs": ["10.1.0.0/16"]}]
    snapshot = replace(GOOD, security_groups={GROUP: group(others, [OUT])})
    (finding,) = [item for item in preflight.check(I_SPEC, snapshot) if item.rule.startswith("inbound")]
    assert (finding.rule, finding.severity) == ("inbound-closed", "warn")
    assert "Nobody in the VPC" in finding.message
    assert [item.content for item in finding.offers] == [LETS_IN]


def test_an_acl_is_read_in_the_order_of_its_numbers_up_to_the_first_that_fits() -> None:
    denied = {**IN_443, "action": "deny", "rule_number": 200}
    assert not {item for item in rules(I_SPEC, guarded(denied, IN_443, BACK)) if item.startswith("acl-")}


@pytest.mark.parametrize("spec", [I_SPEC, replace(I_SPEC, ip_address_type="ipv6")])
def test_nothing_is_said_of_ranges_that_are_not_known(spec: EndpointSpec) -> None:
    snapshot = replace(guarded(), vpc=part("vpc-1", enable_dns_support=True, enable_dns_hostnames=True))
    assert not {item for item in rules(spec, snapshot) if item.startswith(("acl-in", "acl-re", "acl-pa", "inbound-pa"))}


@pytest.mark.parametrize(("kind", "found"), [("", False), ("dualstack", False), ("ipv6", True)])
def test_an_acl_of_clients_is_judged_by_the_addresses_that_the_endpoint_has(kind: str, found: bool) -> None:
    ranges = {"cidr_block": "10.0.0.0/24", "ipv6_cidr_blocks": ["2001:db8::/64"]}
    subnets = {SUBNET: part(SUBNET, availability_zone="eu-west-1a", **ranges), "subnet-2": part("subnet-2", **ranges)}
    lists = {**GOOD.network_acls, "acl-guard": acl(*OPEN, subnets=("subnet-2",))}
    snapshot = replace(GOOD, subnets=subnets, network_acls=lists)
    assert ("acl-clients" in rules(replace(I_SPEC, ip_address_type=kind), snapshot)) is found


def test_a_region_lists_its_own_services_alone() -> None:
    far = replace(I_SPEC, service_name="com.amazonaws.us-east-1.secretsmanager", service_region="us-east-1")
    unlisted = replace(GOOD, service=None)
    assert "service-unknown" not in rules(far, unlisted)
    assert "service-unknown" in rules(replace(far, service_region=far.region), unlisted)


def test_more_than_sixteen_groups_are_refused() -> None:
    many = replace(I_SPEC, security_group_ids=tuple(f"sg-{n:08}" for n in range(17)))
    (finding,) = [item for item in preflight.check(many, GOOD) if item.rule == "quota-groups"]
    assert finding.severity == "block"


def test_blocks_come_first() -> None:
    found = preflight.check(replace(I_SPEC, security_group_ids=()), replace(GOOD, vpc=None, service=None))
    severities = [item.severity for item in found]
    assert severities == sorted(severities, key=["block", "warn", "info"].index)


def test_a_rule_for_all_traffic_lets_https_in() -> None:
    snapshot = replace(GOOD, security_groups={GROUP: group([{**OUT, "cidrs": ["10.0.0.0/8"]}], [OUT])})
    assert not [item for item in preflight.check(I_SPEC, snapshot) if item.rule.startswith("inbound")]


def test_a_rule_to_the_prefix_list_lets_out() -> None:
    rule = {**IN, "cidrs": [], "prefix_lists": [PREFIX_LIST]}
    snapshot = replace(GOOD, security_groups={GROUP: group([IN], [rule])})
    assert not [item for item in preflight.check(G_SPEC, snapshot) if item.rule == "outbound-closed"]


def problems(spec: EndpointSpec, snapshot: Snapshot) -> set[str]:
    return {item.rule for item in preflight.check(spec, snapshot) if item.severity != "info"}


def test_an_endpoint_does_not_stand_in_its_own_way() -> None:
    own = replace(GOOD, endpoints=existing(private_dns_enabled=True), former=I_SPEC, own_id="vpce-9")
    assert problems(I_SPEC, own) == set()
    off = replace(own, former=replace(I_SPEC, private_dns_enabled=False))
    assert problems(I_SPEC, off) == set()
    another = existing(private_dns_enabled=True) | {"vpce-8": part("vpce-8", **existing()["vpce-9"].data)}
    assert problems(I_SPEC, replace(off, endpoints=another)) == set()
    assert problems(I_SPEC, replace(off, own_id="vpce-8")) == {"private-dns-conflict"}
    full = {f"vpce-{number}": part("x", vpc_endpoint_type="Interface", state="available") for number in range(50)}
    assert problems(I_SPEC, replace(own, endpoints=full)) == set()
    routes = {TABLE: part(TABLE, routes=[{"destination": PREFIX_LIST, "target": "vpce-9"}])}
    assert problems(G_SPEC, replace(GOOD, route_tables=routes, former=G_SPEC, own_id="vpce-9")) == set()


def test_a_change_of_route_tables_says_that_connections_drop_and_another_does_not() -> None:
    former = replace(G_SPEC, route_table_ids=())
    assert "connections-drop" in problems(G_SPEC, replace(GOOD, former=former))
    assert "connections-drop" not in problems(replace(G_SPEC, name="other"), replace(GOOD, former=G_SPEC))


def test_what_is_there_already_needs_no_room_and_no_zone() -> None:
    snapshot = replace(GOOD, subnets={SUBNET: subnet("eu-west-1c", free=0)})
    assert problems(I_SPEC, snapshot) == {"no-free-address", "zone-not-served"}
    assert problems(I_SPEC, replace(snapshot, former=I_SPEC)) == set()


def test_what_is_there_already_keeps_its_addresses_and_whom_it_answers() -> None:
    ipv4 = {"availability_zone": "eu-west-1a", "cidr_block": "10.0.0.0/24", "ipv6_cidr_blocks": []}
    snapshot = replace(GOOD, service=service(ip_address_types=["ipv4"]), subnets={SUBNET: part(SUBNET, **ipv4)})
    both = replace(I_SPEC, ip_address_type="dualstack")
    assert problems(both, snapshot) == {"address-type-service", "address-type-subnet"}
    assert problems(both, replace(snapshot, former=I_SPEC)) == {"address-type-service", "address-type-subnet"}
    assert problems(replace(both, name="other"), replace(snapshot, former=both)) == set()
    none = replace(both, subnet_ids=())
    assert problems(both, replace(snapshot, former=none)) == {"address-type-subnet"}

    assert problems(S3_INBOUND, GOOD) == {"inbound-only"}
    whole = replace(S3_INBOUND, private_dns_only_for_inbound_resolver_endpoint=False)
    assert problems(S3_INBOUND, replace(GOOD, former=whole)) == {"inbound-only"}
    assert problems(replace(S3_INBOUND, name="other"), replace(GOOD, former=S3_INBOUND)) == set()


def test_gateways_of_the_same_request_count_for_the_regions_quota() -> None:
    nineteen = replace(GOOD, gateway_endpoints_in_region=19)
    assert "quota-gateway" not in rules(G_SPEC, nineteen)
    other = replace(G_SPEC, service_name="com.amazonaws.eu-west-1.dynamodb")
    assert "quota-gateway" in rules(G_SPEC, beside(nineteen, [("another", other)]))
    assert "quota-gateway" not in rules(G_SPEC, beside(nineteen, [("another", I_SPEC)]))


def test_the_replaced_endpoint_is_named_where_it_holds_the_private_name() -> None:
    snapshot = replace(GOOD, endpoints=existing(private_dns_enabled=True), replaced_id="vpce-9")
    (conflict,) = [item for item in preflight.check(I_SPEC, snapshot) if item.severity == "block"]
    assert conflict.rule == "private-dns-conflict"
    assert "old endpoint" in conflict.message
    assert "when the old one is gone" in conflict.cure


@pytest.mark.parametrize(
    ("offered", "refused"),
    [
        (["ipv4"], {"dualstack", "ipv6"}),
        (["ipv4", "ipv6"], set()),
        (["ipv6"], {"ipv4", "dualstack"}),
        (["dualstack", "ipv4"], {"ipv6"}),  # a double of AWS may list it
    ],
)
def test_a_service_that_takes_both_versions_takes_dualstack_which_aws_never_lists(
    offered: list[str], refused: set[str]
) -> None:
    snapshot = replace(GOOD, service=service(ip_address_types=offered))
    kinds = ("", "ipv4", "dualstack", "ipv6")
    found = {kind for kind in kinds if "address-type-service" in rules(replace(I_SPEC, ip_address_type=kind), snapshot)}
    assert found == refused


@pytest.mark.parametrize(
    ("ranges", "refused"),
    [
        ({"cidr_block": "10.0.0.0/24", "ipv6_cidr_blocks": []}, {"dualstack", "ipv6"}),
        ({"cidr_block": "10.0.0.0/24", "ipv6_cidr_blocks": ["2001:db8::/64"]}, {"ipv6"}),
        ({"cidr_block": "", "ipv6_cidr_blocks": ["2001:db8::/64"]}, {"", "ipv4", "dualstack"}),
    ],
)
def test_ipv6_takes_subnets_of_ipv6_alone_and_dualstack_those_with_both(ranges: Any, refused: set[str]) -> None:
    snapshot = replace(GOOD, subnets={SUBNET: part(SUBNET, availability_zone="eu-west-1a", **ranges)})
    kinds = ("", "ipv4", "dualstack", "ipv6")
    found = {kind for kind in kinds if "address-type-subnet" in rules(replace(I_SPEC, ip_address_type=kind), snapshot)}
    assert found == refused


@pytest.mark.parametrize(("free", "found"), [(0, "no-free-address"), (1, "few-addresses")])
def test_aws_counts_ipv4_addresses_alone_and_an_ipv6_endpoint_takes_none(free: int, found: str) -> None:
    ranges = {"cidr_block": "", "ipv6_cidr_blocks": ["2001:db8::/64"], "available_ip_address_count": free}
    snapshot = replace(GOOD, subnets={SUBNET: part(SUBNET, availability_zone="eu-west-1a", **ranges)})
    assert found not in rules(replace(I_SPEC, ip_address_type="ipv6"), snapshot)
    assert found in rules(I_SPEC, snapshot)


def test_an_address_in_its_subnet_and_an_s3_gateway_are_fine() -> None:
    assert problems(replace(I_SPEC, subnet_configurations=(fixed("10.0.0.4"),)), ADDRESSED) == set()
    gateway = existing(service_name=G_SPEC.service_name, vpc_endpoint_type="Gateway")
    assert problems(S3_INBOUND, replace(GOOD, endpoints=gateway)) == set()


LETS_OUT = GroupRule(group_id=GROUP, direction="egress", from_port=443, to_port=443, prefix_list_id=PREFIX_LIST)


@pytest.mark.parametrize(
    ("spec", "rule", "found"), [(I_SPEC, LETS_IN, "inbound-closed"), (G_SPEC, LETS_OUT, "outbound-closed")]
)
def test_a_rule_that_cures_is_offered_and_once_it_is_carried_nothing_is_found(
    spec: EndpointSpec, rule: GroupRule, found: str
) -> None:
    (before,) = [item for item in preflight.check(spec, closed_groups()) if item.rule == found]
    assert [item.content for item in before.offers] == [rule]
    after = preflight.check(replace(spec, group_rules=before.offers), closed_groups())
    assert {item.rule for item in after if item.offers} == {"rule-carried"}
    assert not [item for item in after if item.severity == "block"]


@pytest.mark.parametrize(
    ("spec", "forged"),
    [
        (I_SPEC, {"group_id": "sg-0000000000000000f"}),
        (I_SPEC, {"from_port": 22, "to_port": 22}),
        (I_SPEC, {"direction": "egress"}),
        (G_SPEC, {}),
    ],
)
def test_no_other_rule_can_be_carried(spec: EndpointSpec, forged: dict[str, Any]) -> None:
    asked = replace(spec, group_rules=(replace(LETS_IN, **forged),))
    assert "rule-not-offered" in {item.rule for item in preflight.check(asked, closed_groups())}


def test_a_change_keeps_a_rule_whatever_became_of_its_group() -> None:
    asked = replace(I_SPEC, group_rules=(LETS_IN,))
    lost = replace(closed_groups(), security_groups={}, former=asked, own_id="vpce-1")
    assert "rule-not-offered" not in {item.rule for item in preflight.check(asked, lost)}


def test_a_group_that_lets_the_vpc_in_is_better_than_a_new_rule() -> None:
    other = Part("sg-00000000000000002", "open", {"ingress": [IN], "egress": []})
    snapshot = replace(GOOD, security_groups={GROUP: group([], []), other.aws_id: other})
    (finding,) = [item for item in preflight.check(I_SPEC, snapshot) if item.rule == "inbound-closed"]
    assert "open (sg-00000000000000002)" in finding.cure
    assert finding.offers == ()
