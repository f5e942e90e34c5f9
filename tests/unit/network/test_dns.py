"""What a name answers where that isn't known to the letter yet: addresses to be assigned, names of others' services."""

from __future__ import annotations

import pytest

from endpoints.network.after import after
from endpoints.network.hops import Outcome, Status
from endpoints.network.reachability import reach, source_of
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
