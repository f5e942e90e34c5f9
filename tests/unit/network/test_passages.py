"""How much of a flow gets through, held against each single packet of it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.network.passages import EPHEMERAL, HTTPS, Passage, through_acl, through_rules

BLOCK = "10.0.0.0/28"
ADDRESSES = [str(address) for address in ipaddress.ip_network(BLOCK)]
PORTS = (440, 445)
CIDRS = st.sampled_from(
    ["10.0.0.0/28", "10.0.0.0/29", "10.0.0.8/29", "10.0.0.4/32", "10.0.1.0/24", "::/0", "0.0.0.0/0"]
)
RANGES = st.tuples(st.integers(438, 447), st.integers(438, 447)).map(sorted)


@st.composite
def entries(draw: Any) -> list[dict[str, Any]]:
    count = draw(st.integers(0, 6))
    numbers = draw(st.permutations(range(count)))
    made = []
    for number in numbers:
        first, last = draw(st.one_of(RANGES, st.just((None, None))))
        made.append(
            {
                "rule_number": number,
                "egress": draw(st.booleans()),
                "action": draw(st.sampled_from(["allow", "deny"])),
                "protocol": draw(st.sampled_from(["-1", "6", "17"])),
                "cidr": draw(CIDRS),
                "from_port": first,
                "to_port": last,
            }
        )
    return made


def speaks_of(rule: dict[str, Any], cidr: str, address: str, port: int) -> bool:
    """Tell whether a rule is about one TCP packet."""
    network = ipaddress.ip_network(cidr)
    if rule["protocol"] not in ("-1", "6") or ipaddress.ip_address(address) not in network:
        return False
    return rule["protocol"] == "-1" or rule["from_port"] is None or rule["from_port"] <= port <= rule["to_port"]


def summed(passed: list[bool]) -> Passage:
    return Passage.ALL if all(passed) else Passage.PART if any(passed) else Passage.NONE


@given(entries(), st.booleans())
def test_an_acl_lets_through_what_it_lets_through_packet_by_packet(acl: list[dict[str, Any]], egress: bool) -> None:
    def passes(address: str, port: int) -> bool:
        for rule in sorted((item for item in acl if item["egress"] is egress), key=lambda item: item["rule_number"]):
            if speaks_of(rule, rule["cidr"], address, port):
                return bool(rule["action"] == "allow")
        return False

    packets = [passes(address, port) for address in ADDRESSES for port in range(PORTS[0], PORTS[1] + 1)]
    assert through_acl({"entries": acl}, egress=egress, block=BLOCK, ports=PORTS) is summed(packets)


@given(entries())
def test_rules_of_groups_let_through_whatever_one_of_them_allows(rules: list[dict[str, Any]]) -> None:
    group = [{**rule, "cidrs": [rule["cidr"]]} for rule in rules]
    packets = [
        any(speaks_of(rule, rule["cidr"], address, port) for rule in rules)
        for address in ADDRESSES
        for port in range(PORTS[0], PORTS[1] + 1)
    ]
    assert through_rules(group, block=BLOCK, ports=PORTS) is summed(packets)


@pytest.mark.parametrize("block", ["", "nonsense", "10.0.0.0/33"])
def test_what_is_no_block_gets_nowhere(block: str) -> None:
    everything = {"protocol": "-1", "cidrs": ["0.0.0.0/0", "bad"]}
    assert through_rules([everything], block=block, ports=HTTPS) is Passage.NONE


def test_ipv6_is_not_let_in_by_rules_for_ipv4() -> None:
    rule = {"protocol": "-1", "cidrs": ["0.0.0.0/0"]}
    assert through_rules([rule], block="2001:db8::/56", ports=EPHEMERAL) is Passage.NONE
    assert through_rules([{**rule, "cidrs": ["::/0"]}], block="2001:db8::/56", ports=EPHEMERAL) is Passage.ALL
