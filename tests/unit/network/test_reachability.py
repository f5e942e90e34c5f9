"""Each hop, with a VPC that breaks it and one that doesn't; what the answer says to do, and what then happens."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest

from endpoints.network.after import NEW, after
from endpoints.network.dns import ENDPOINT_NAME
from endpoints.network.hops import Outcome, Status
from endpoints.network.reachability import PolicyAnswer, UnknownSource, reach, source_of
from endpoints.network.reachers import who_can_reach
from tests.unit.network import packets
from tests.unit.network.packets import World
from tests.unit.network.test_packets import sent
from tests.unit.network.vpc import (
    ALL,
    APP,
    BOTH,
    END,
    NAT,
    SG_APP,
    SG_END,
    SG_OPEN,
    TABLE,
    acl,
    ask,
    entry,
    good,
    main_routes,
    rule,
    snapshot,
    spec,
)
from tests.unit.network.worlds import S3, SERVICE, client_of


@pytest.mark.parametrize("service", [SERVICE, S3])
def test_a_good_vpc_reaches_privately(service: str) -> None:
    verdict = ask(good(), service)
    assert verdict.outcome is Outcome.PRIVATE
    assert verdict.broken is None
    assert {item.status for item in verdict.hops} == {Status.OK}
    assert set(sent(good(), client_of(good(), "eni-app"), service)) <= {"vpce-sqs", "vpce-s3"}


def _private_dns_off(world: World) -> None:
    world["endpoints"]["vpce-sqs"]["private_dns_enabled"] = False


def _hostnames_off(world: World) -> None:
    world["vpc"]["enable_dns_hostnames"] = False


def _no_subnets(world: World) -> None:
    world["endpoints"]["vpce-sqs"]["subnet_ids"] = []
    del world["interfaces"]["eni-sqs"]


def _no_endpoint(world: World) -> None:
    del world["endpoints"]["vpce-sqs"], world["interfaces"]["eni-sqs"]


def _pending(world: World) -> None:
    world["endpoints"]["vpce-sqs"]["state"] = "pending"


def _egress_shut(world: World) -> None:
    world["security_groups"][SG_APP]["egress"] = [rule(cidrs=["10.0.0.0/24"])]


def _ingress_shut(world: World) -> None:
    world["security_groups"][SG_END]["ingress"] = [rule(cidrs=["10.0.2.0/24"])]


def _ingress_shut_and_another_open(world: World) -> None:
    _ingress_shut(world)
    world["security_groups"][SG_OPEN] = {"ingress": [rule(cidrs=["10.0.0.0/16"])], "egress": []}


def _ingress_other_port(world: World) -> None:
    world["security_groups"][SG_END]["ingress"] = [rule(cidrs=["0.0.0.0/0"], from_port=80, to_port=80)]


def _acl_out(world: World) -> None:
    acl(world, APP, entry(90, "deny", egress=True, ports=(443, 443)), *BOTH)


def _acl_in(world: World) -> None:
    acl(world, END, BOTH[1], entry(90, "allow", egress=False, cidr="10.0.2.0/24"))


def _acl_answers_out(world: World) -> None:
    acl(world, END, BOTH[0], entry(100, "allow", egress=True, ports=(443, 443)))


def _acl_answers_in(world: World) -> None:
    acl(world, APP, BOTH[1], entry(100, "allow", egress=False, ports=(443, 443)))


Break = Callable[[World], None]
BROKEN: list[tuple[Break, str, str, str, str]] = [
    (_private_dns_off, "route", "modify", "Switch private DNS", "private_dns_enabled"),
    (_hostnames_off, "route", "outside", "enableDnsHostnames", "--enable-dns-hostnames"),
    (_no_subnets, "dns", "modify", "subnets", "endpoint_id"),
    (_no_endpoint, "route", "request", "Interface endpoint to sqs", "service_name"),
    (_pending, "state", "outside", "Wait", ""),
    (_egress_shut, "group-out", "outside", SG_APP, f"authorize-security-group-egress --group-id {SG_APP}"),
    (_ingress_shut, "group-in", "modify", SG_END, f"authorize-security-group-ingress --group-id {SG_END}"),
    (_ingress_other_port, "group-in", "modify", SG_END, "group_rules"),
    (_ingress_shut_and_another_open, "group-in", "modify", SG_OPEN, "security_group_ids"),
    (_acl_out, "acl-source-out", "outside", "acl-1", "--egress --rule-number 89 --protocol tcp --port-range From=443"),
    (_acl_in, "acl-endpoint-in", "outside", "acl-1", "--cidr-block 10.0.0.0/24"),
    (_acl_answers_out, "acl-endpoint-back", "outside", "1024 to 65535", "--port-range From=1024,To=65535"),
    (_acl_answers_in, "acl-source-back", "outside", "1024 to 65535", "--cidr-block 10.0.1.0/24"),
]


@pytest.mark.parametrize(
    ("spoil", "key", "act", "words", "line"), BROKEN, ids=lambda item: getattr(item, "__name__", "")
)
def test_the_first_broken_hop_is_named_with_its_cure(spoil: Break, key: str, act: str, words: str, line: str) -> None:
    world = good()
    spoil(world)
    verdict = ask(world)
    assert verdict.outcome is Outcome.BROKEN
    assert verdict.broken is not None
    assert verdict.broken.key == key
    assert verdict.cure is not None
    assert verdict.cure.act == act
    assert words in verdict.cure.text
    assert line in verdict.cure.command or line in verdict.cure.fields
    assert verdict.broken.reason in verdict.summary
    if packets.names(world, SERVICE):
        assert set(sent(world, client_of(world, "eni-app"), SERVICE)) == {"dropped"}


def test_without_private_dns_traffic_goes_through_nat_and_not_privately() -> None:
    world = good()
    _private_dns_off(world)
    main_routes(world, NAT)
    verdict = ask(world)
    assert verdict.outcome is Outcome.PUBLIC
    assert "not privately" in verdict.summary
    assert [item.key for item in verdict.hops if item.status is Status.WARNING] == ["dns"]
    assert verdict.cure is not None
    assert verdict.cure.fields == {"endpoint_id": "vpce-sqs", "private_dns_enabled": "on"}
    assert "nat-1" in verdict.path


def test_the_endpoints_own_names_answer_without_private_dns() -> None:
    world = good()
    _private_dns_off(world)
    assert ask(world, resolve=ENDPOINT_NAME).outcome is Outcome.PRIVATE


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        ({"state": "failed"}, "is failed"),
        ({"connectivity": "private"}, "private NAT gateway"),
        ({"subnet_id": APP}, "again"),
    ],
)
def test_a_nat_gateway_that_leads_nowhere_breaks_the_route(gateway: dict[str, str], words: str) -> None:
    world = good()
    _no_endpoint(world)
    main_routes(world, NAT)
    assert ask(world).outcome is Outcome.PUBLIC
    world["gateways"]["nat-1"] |= gateway
    verdict = ask(world)
    assert verdict.broken is not None
    assert verdict.broken.key == "route"
    assert words in verdict.broken.reason


def test_a_regional_nat_gateway_follows_its_own_route_table_and_meets_no_acl() -> None:
    world = good()
    _no_endpoint(world)
    main_routes(world, NAT)
    world["network_acls"]["acl-0"]["is_default"] = False
    world["network_acls"]["acl-0"]["subnet_ids"] = [APP]
    world["network_acls"]["acl-shut"] = {"is_default": True, "subnet_ids": [], "entries": []}
    world["gateways"]["nat-1"] |= {"subnet_id": "", "route_table_id": "rtb-nat"}
    assert ask(world).outcome is Outcome.UNKNOWN, "its route table wasn't read"
    local = world["route_tables"][TABLE]["routes"][0]
    table = {"main": False, "subnet_ids": [], "routes": [local, {"destination": "0.0.0.0/0", "target": "igw-1"}]}
    world["route_tables"]["rtb-nat"] = table
    verdict = ask(world)
    assert verdict.outcome is Outcome.PUBLIC
    assert not [item.key for item in verdict.hops if "nat" in item.key]
    table["routes"].pop()
    shut = ask(world).broken
    assert shut is not None
    assert "route table of the NAT gateway nat-1, rtb-nat, leads no further" in shut.reason


@pytest.mark.parametrize("target", ["tgw-1", "vgw-1", "eni-9"])
def test_what_lies_beyond_the_vpc_is_not_guessed(target: str) -> None:
    world = good()
    _no_endpoint(world)
    main_routes(world, {"destination": "0.0.0.0/0", "target": target})
    verdict = ask(world)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "isn't read" in next(item.reason for item in verdict.hops if item.key == "route")


def test_a_gateway_endpoint_serves_the_tables_it_is_in_and_a_more_specific_route_wins() -> None:
    world = good()
    main_routes(world)
    verdict = ask(world, S3)
    assert verdict.broken is not None
    assert verdict.broken.key == "route"
    assert verdict.cure is not None
    assert verdict.cure.fields == {"endpoint_id": "vpce-s3", "route_table_ids": (TABLE,)}
    main_routes(
        world,
        {"destination": "pl-s3", "target": "vpce-s3"},
        {"destination": "52.218.0.0/18", "target": "nat-1"},
    )
    partly = ask(world, S3)
    assert partly.outcome is Outcome.PARTLY
    main_routes(world, {"destination": "pl-s3", "target": "vpce-s3", "state": "blackhole"})
    assert "gone" in (ask(world, S3).broken or partly.hops[0]).reason


def test_a_gateway_needs_an_outbound_rule_to_the_prefix_list() -> None:
    world = good()
    world["security_groups"][SG_APP]["egress"] = [rule(cidrs=["10.0.0.0/16"])]
    verdict = ask(world, S3)
    assert verdict.cure is not None
    assert "PrefixListIds=[{PrefixListId=pl-s3}]" in verdict.cure.command
    assert verdict.cure.act == "modify"
    assert verdict.cure.fields["group_rules"] == (f"{SG_APP} egress tcp 443-443 pl-s3",)
    world["security_groups"][SG_APP]["egress"] = [rule(prefix_lists=["pl-s3"])]
    assert ask(world, S3).outcome is Outcome.PRIVATE


def test_a_prefix_list_whose_ranges_are_not_known_still_leads_to_its_endpoint() -> None:
    world = good()
    world["prefix_lists"]["pl-s3"]["cidrs"] = []
    assert ask(world, S3).outcome is Outcome.PRIVATE


def test_acls_do_not_see_what_stays_in_a_subnet() -> None:
    world = good()
    world["interfaces"]["eni-app"] |= {"subnet_id": END, "private_ip": "10.0.1.10"}
    acl(world, END)
    verdict = ask(world)
    assert verdict.outcome is Outcome.PRIVATE
    assert verdict.hops[-2].status is Status.SKIPPED


def test_a_subnet_names_whose_clients_get_in() -> None:
    world = good()
    verdict = ask(world, source=APP)
    assert verdict.outcome is Outcome.PARTLY
    assert f"Only clients in {SG_APP} pass" in " ".join(item.reason for item in verdict.hops)
    world["security_groups"][SG_END] = {"ingress": [rule(cidrs=["10.0.0.0/24"])], "egress": [ALL]}
    assert ask(world, source=APP).outcome is Outcome.PRIVATE
    world["security_groups"][SG_END]["ingress"] = [rule(cidrs=["10.0.0.0/25"])]
    half = ask(world, source=APP)
    assert half.outcome is Outcome.PARTLY
    assert "Not for every address" in " ".join(item.reason for item in half.hops)


def test_ephemeral_ports_of_which_only_some_pass_are_told() -> None:
    world = good()
    acl(world, END, BOTH[0], entry(100, "allow", egress=True, ports=(32768, 60999)))
    verdict = ask(world)
    assert verdict.outcome is Outcome.PARTLY
    assert "32768 to 60999 alone" in next(item.reason for item in verdict.hops if item.key == "acl-endpoint-back")


def test_ipv6_is_judged_by_ipv6_rules() -> None:
    world = good()
    world["endpoints"]["vpce-sqs"]["ip_address_type"] = "dualstack"
    world["interfaces"]["eni-sqs"]["ipv6_addresses"] = ["2001:db8:1::20"]
    world["interfaces"]["eni-app"]["ipv6_addresses"] = ["2001:db8::10"]
    world["security_groups"][SG_APP]["egress"] = [ALL, ALL | {"cidrs": ["::/0"]}]
    world["route_tables"][TABLE]["routes"].append({"destination": "2001:db8::/32", "target": "local"})
    partly = ask(world)
    assert partly.outcome is Outcome.PARTLY  # the ACL has no rule for IPv6
    world["network_acls"]["acl-0"]["entries"] += [
        entry(101, "allow", egress=False, cidr="::/0"),
        entry(101, "allow", egress=True, cidr="::/0"),
    ]
    assert ask(world).outcome is Outcome.PRIVATE


def test_the_cure_of_an_acl_names_the_port_and_the_range_that_were_asked_about() -> None:
    world = good()
    world["security_groups"][SG_END]["ingress"] = [ALL]
    _acl_in(world)
    cure = ask(world, port=8443).cure
    assert cure is not None
    assert cure.text == "Have acl-1 let TCP 8443 in from 10.0.0.0/24."
    assert "From=8443,To=8443" in cure.command


def test_nobody_is_told_to_wait_for_what_is_being_deleted() -> None:
    world = good()
    world["endpoints"]["vpce-sqs"]["state"] = "deleting"
    verdict = ask(world, resolve=ENDPOINT_NAME, endpoint_id="vpce-sqs")
    assert verdict.broken is not None
    assert "is being deleted" in verdict.broken.reason
    assert verdict.cure is not None
    assert verdict.cure.act == "request"


@pytest.mark.parametrize(
    ("allowed", "outcome"), [(True, Outcome.PRIVATE), (False, Outcome.BROKEN), (None, Outcome.UNKNOWN)]
)
def test_the_policy_is_the_last_hop(allowed: bool | None, outcome: Outcome) -> None:
    verdict = ask(good(), policy=lambda part: PolicyAnswer(allowed, f"{part.aws_id} was asked"))
    assert verdict.outcome is outcome
    assert verdict.hops[-1].key == "policy"


def test_an_instance_stands_for_its_interface_and_others_are_unknown() -> None:
    assert ask(good(), source="i-app").outcome is Outcome.PRIVATE
    with pytest.raises(UnknownSource):
        ask(good(), source="i-none")


def test_before_and_after_a_new_interface_endpoint() -> None:
    world = good()
    _no_endpoint(world)
    before = snapshot(world)
    wanted = spec(subnet_ids=[END], security_group_ids=[SG_END], private_dns_enabled=True)
    then = after(before, wanted)
    source = source_of(then, "eni-app")
    assert reach(before, source, SERVICE).outcome is Outcome.BROKEN
    verdict = reach(then, source, SERVICE)
    assert verdict.outcome is Outcome.PRIVATE
    assert verdict.endpoint_ids == (NEW,)
    assert "to be assigned" in verdict.addresses[0]
    # Which address it will be isn't known: rules that speak of half of them can't be judged.
    world["security_groups"][SG_APP]["egress"] = [rule(cidrs=["10.0.1.0/25"])]
    then = after(snapshot(world), wanted)
    assert reach(then, source_of(then, "eni-app"), SERVICE).outcome is Outcome.UNKNOWN


def test_before_and_after_a_change_of_route_tables_groups_and_a_deletion() -> None:
    world = good()
    main_routes(world)
    before = snapshot(world, S3)
    wanted = spec(service_name=S3, vpc_endpoint_type="Gateway", route_table_ids=[TABLE])
    then = after(before, wanted, endpoint_id="vpce-s3")
    assert reach(before, source_of(before, "eni-app"), S3).outcome is Outcome.BROKEN
    assert reach(then, source_of(then, "eni-app"), S3).outcome is Outcome.PRIVATE
    gone = after(then, None, endpoint_id="vpce-s3")
    assert reach(gone, source_of(gone, "eni-app"), S3).outcome is Outcome.BROKEN

    world = good()
    _ingress_shut_and_another_open(world)
    asked = ask(world).cure
    assert asked is not None
    changed = spec(
        subnet_ids=[END],
        security_group_ids=list(asked.fields["security_group_ids"]),
        private_dns_enabled=True,
    )
    then = after(snapshot(world), changed, endpoint_id="vpce-sqs")
    assert then.interfaces["eni-sqs"].data["private_ip"] == "10.0.1.20"
    assert reach(then, source_of(then, "eni-app"), SERVICE).outcome is Outcome.PRIVATE


def test_a_gateway_that_is_changed_keeps_its_routes_where_its_prefix_list_was_not_read() -> None:
    world = good()
    world["prefix_lists"] = {}
    main_routes(world, {"destination": "pl-s3", "target": "vpce-s3"})
    before = replace(snapshot(world, S3), prefix_list_id="")
    wanted = spec(service_name=S3, vpc_endpoint_type="Gateway", route_table_ids=[TABLE], name="renamed")
    then = after(before, wanted, endpoint_id="vpce-s3")
    assert then.route_tables[TABLE].data["routes"] == before.route_tables[TABLE].data["routes"]
    assert after(before, None).route_tables == before.route_tables, "what AWS doesn't have has no routes to lose"


def test_asking_changes_nothing() -> None:
    world = good()
    kept = deepcopy(world)
    ask(world)
    after(snapshot(world), spec(subnet_ids=[APP]))
    who_can_reach(snapshot(world), snapshot(world).endpoints["vpce-sqs"])
    assert world == kept
