"""What a name answers where that isn't known to the letter yet: addresses to be assigned, names of others' services."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endpoints.network.after import after
from endpoints.network.hops import Outcome, Status
from endpoints.network.reachability import ENDPOINT_NAME, SERVICE_NAME, reach, source_of
from tests.unit.network.packets import World
from tests.unit.network.vpc import (
    ALL,
    APP,
    END,
    NAT,
    PUB,
    SG_APP,
    SG_END,
    TABLE,
    entry,
    good,
    main_routes,
    rule,
    snapshot,
    spec,
)

PARTNER = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"


def dual() -> World:
    """A VPC with both kinds of addresses, open to both, without an endpoint to SQS."""
    world = good()
    del world["endpoints"]["vpce-sqs"], world["interfaces"]["eni-sqs"]
    for number, subnet_id in enumerate((APP, END, PUB)):
        world["subnets"][subnet_id]["ipv6_cidr_blocks"] = [f"2001:db8:0:{number}::/64"]
    world["interfaces"]["eni-app"]["ipv6_addresses"] = ["2001:db8::10"]
    world["security_groups"][SG_APP]["egress"] = [ALL, ALL | {"cidrs": ["::/0"]}]
    world["route_tables"][TABLE]["routes"].append({"destination": "2001:db8::/56", "target": "local"})
    world["network_acls"]["acl-0"]["entries"] += [entry(101, "allow", egress=way, cidr="::/0") for way in (False, True)]
    return world


@pytest.mark.parametrize(
    ("kind", "words", "by_ipv4_alone"),
    [
        ("ipv4", ["an address"], Outcome.PRIVATE),
        ("dualstack", ["an address", "an IPv6 address"], Outcome.PARTLY),
        ("ipv6", ["an IPv6 address"], Outcome.BROKEN),
    ],
)
def test_a_new_endpoint_of_each_address_type_is_judged_by_the_addresses_that_it_will_have(
    kind: str, words: list[str], by_ipv4_alone: Outcome
) -> None:
    wanted = spec(subnet_ids=[END], security_group_ids=[SG_END], private_dns_enabled=True, ip_address_type=kind)
    world = dual()
    then = after(snapshot(world), wanted)
    verdict = reach(then, source_of(then, "eni-app"), wanted.service_name)
    assert verdict.outcome is Outcome.PRIVATE, verdict
    assert verdict.addresses == tuple(f"{item} to be assigned in {END}" for item in words)
    world["security_groups"][SG_APP]["egress"] = [rule(cidrs=["0.0.0.0/0"])]
    then = after(snapshot(world), wanted)
    assert reach(then, source_of(then, "eni-app"), wanted.service_name).outcome is by_ipv4_alone


@pytest.mark.parametrize(
    ("records", "resolve", "versions"),
    [
        ("ipv4", SERVICE_NAME, [4]),
        ("ipv6", SERVICE_NAME, [6]),
        ("dualstack", SERVICE_NAME, [4, 6]),
        ("service-defined", SERVICE_NAME, [4]),
        ("service-defined", ENDPOINT_NAME, [4, 6]),
        ("", SERVICE_NAME, [4, 6]),
    ],
)
def test_a_name_answers_with_the_records_of_its_type_whatever_other_addresses_there_are(
    records: str, resolve: str, versions: list[int]
) -> None:
    world = dual()
    wanted = spec(subnet_ids=[END], security_group_ids=[SG_END], private_dns_enabled=True, ip_address_type="dualstack")
    then = after(snapshot(world), replace(wanted, dns_record_ip_type=records))
    words = {4: "an address", 6: "an IPv6 address"}
    both = reach(then, source_of(then, "eni-app"), wanted.service_name, resolve=resolve)
    assert both.outcome is Outcome.PRIVATE
    assert both.addresses == tuple(f"{words[item]} to be assigned in {END}" for item in versions)
    world["interfaces"]["eni-app"]["private_ip"] = ""
    then = after(snapshot(world), replace(wanted, dns_record_ip_type=records))
    by_ipv6 = reach(then, source_of(then, "eni-app"), wanted.service_name, resolve=resolve)
    assert by_ipv6.outcome is (Outcome.PRIVATE if 6 in versions else Outcome.BROKEN)
    if 6 not in versions:
        assert f"'s IPv6 address: the type of its DNS records is {records}." in by_ipv6.summary
        assert by_ipv6.cure is not None
        assert by_ipv6.cure.text == "Choose the type of DNS records dualstack."


def test_a_change_keeps_the_types_that_are_left_to_aws() -> None:
    world = dual()
    world["endpoints"]["vpce-sqs"] = {
        **good()["endpoints"]["vpce-sqs"],
        "ip_address_type": "dualstack",
        "dns_record_ip_type": "dualstack",
    }

    def kinds(**asked: str) -> tuple[str, str]:
        wanted = spec(subnet_ids=[END], security_group_ids=[SG_END], private_dns_enabled=True, **asked)
        data = after(snapshot(world), wanted, endpoint_id="vpce-sqs").endpoints["vpce-sqs"].data
        return data["ip_address_type"], data["dns_record_ip_type"]

    assert kinds() == ("dualstack", "dualstack")
    assert kinds(dns_record_ip_type="ipv4") == ("dualstack", "ipv4")
    assert kinds(ip_address_type="ipv4") == ("ipv4", "")


def test_whether_a_partners_name_has_public_addresses_is_not_guessed() -> None:
    world = good()
    main_routes(world, NAT)
    asked = snapshot(world, PARTNER)
    verdict = reach(asked, source_of(asked, "eni-app"), PARTNER)
    assert verdict.outcome is Outcome.UNKNOWN
    dns = next(item for item in verdict.hops if item.key == "dns")
    assert dns.status is Status.UNKNOWN
    assert "only its owner knows" in dns.reason
    assert dns.cure is not None
    assert dns.cure.act == "request"
    main_routes(world)
    shut = snapshot(world, PARTNER)
    assert reach(shut, source_of(shut, "eni-app"), PARTNER).outcome is Outcome.BROKEN
