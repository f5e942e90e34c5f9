"""Rules of security groups that a spec carries: one shape, one hash, the plan's calls, drift."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from endpoints.domain.actions import AuthorizeRule, CreateEndpoint, DeleteEndpoint, ModifyEndpoint, RevokeRule
from endpoints.domain.drift import Difference, accepted, differences
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import plan
from endpoints.domain.rules import MOST_RULES, GroupRule, ObservedRule
from endpoints.domain.specs import EndpointSpec, SpecError
from endpoints.domain.words import Names, explain, left_behind
from tests.unit.domain.test_plan import FULL, G_SPEC, I_SPEC, seen
from tests.unit.domain.test_specs import INTERFACE

GROUP = I_SPEC.security_group_ids[0]
RULE = GroupRule(
    group_id=GROUP, direction="ingress", from_port=443, to_port=443, cidr="10.0.0.0/16", description="HTTPS"
)
OTHER = replace(RULE, cidr="10.1.0.0/16")
CARRYING = replace(I_SPEC, group_rules=(RULE,))


def there(rule: GroupRule = RULE, *, ours: bool = True, shared: bool = False) -> ObservedRule:
    return ObservedRule(rule_id="sgr-1", rule=replace(rule, description="as AWS says"), ours=ours, shared=shared)


def same(a: str | None, b: str | None) -> bool:
    return (a or FULL) == (b or FULL)


def planned(
    desired: EndpointSpec | None, observed: ObservedEndpoint | None, *rules: ObservedRule
) -> tuple[object, ...]:
    return plan(desired=desired, observed=observed, same_policy=same, full_access=FULL, rules=rules)


def test_a_spec_without_rules_keeps_its_hash_and_one_with_them_has_one_whatever_their_order() -> None:
    assert "group_rules" not in I_SPEC.to_dict()
    assert CARRYING.sha256() != I_SPEC.sha256()
    both = replace(I_SPEC, group_rules=(OTHER, RULE))
    assert both.sha256() == replace(I_SPEC, group_rules=(RULE, OTHER)).sha256()
    assert EndpointSpec.from_dict(json.loads(json.dumps(both.to_dict()))) == both


@pytest.mark.parametrize(
    "wrong",
    [
        {"group_id": "sg-"},
        {"direction": "sideways"},
        {"protocol": "udp"},
        {"from_port": 0},
        {"from_port": 444},
        {"to_port": 65536},
        {"cidr": ""},
        {"prefix_list_id": "pl-6da54004"},
        {"cidr": "0.0.0.0/0"},
        {"cidr": "::/0"},
        {"cidr": "10.0.0.1/16"},
        {"cidr": "", "prefix_list_id": "s3"},
        {"cidr": "", "source_group_id": "default"},
        {"description": "<b>"},
        {"description": "x" * 256},
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as refusal:
        replace(I_SPEC, group_rules=(replace(RULE, **wrong),))
    assert set(refusal.value.problems) == {"group_rules"}


@pytest.mark.parametrize(
    "values",
    [
        [{"group_id": GROUP}],
        [{**CARRYING.to_dict()["group_rules"][0], "colour": "red"}],
        [{**CARRYING.to_dict()["group_rules"][0], "from_port": "443"}],
        [{**CARRYING.to_dict()["group_rules"][0], "from_port": True}],
        [{**CARRYING.to_dict()["group_rules"][0], "cidr": None}],
    ],
)
def test_json_of_another_shape_is_refused(values: list[dict[str, Any]]) -> None:
    with pytest.raises(SpecError, match="A rule"):
        EndpointSpec.from_dict({**INTERFACE, "group_rules": values})


def test_a_rule_stands_once_and_there_are_not_too_many() -> None:
    with pytest.raises(SpecError, match="twice"):
        replace(I_SPEC, group_rules=(RULE, replace(RULE, description="again")))
    many = tuple(replace(RULE, from_port=port, to_port=port) for port in range(1, MOST_RULES + 2))
    with pytest.raises(SpecError, match="at most"):
        replace(I_SPEC, group_rules=many)


def test_a_rule_is_added_after_its_endpoint_and_before_what_leads_to_it() -> None:
    assert planned(CARRYING, None) == (CreateEndpoint(CARRYING), AuthorizeRule(RULE))
    off = seen(I_SPEC, private_dns_enabled=False)
    added, changed = planned(replace(CARRYING, private_dns_enabled=True), off)
    assert added == AuthorizeRule(RULE)
    assert isinstance(changed, ModifyEndpoint)


@pytest.mark.parametrize("rule", [there(), there(ours=False), there(shared=True)])
def test_a_rule_that_is_there_is_not_added_whoever_made_it(rule: ObservedRule) -> None:
    assert planned(CARRYING, seen(I_SPEC), rule) == ()


def test_ours_goes_with_the_endpoint_and_theirs_and_anothers_stay() -> None:
    gone = RevokeRule(there().rule, "sgr-1")
    assert planned(None, seen(I_SPEC), there()) == (DeleteEndpoint("vpce-1"), gone)
    assert planned(None, None, there()) == (gone,)
    assert planned(None, seen(I_SPEC, state="deleting"), there()) == (gone,)
    for stays in (there(ours=False), there(shared=True)):
        assert planned(None, seen(I_SPEC), stays) == (DeleteEndpoint("vpce-1"),)


def test_what_is_no_longer_asked_for_goes_last() -> None:
    changed = replace(I_SPEC, group_rules=(OTHER,))
    assert planned(changed, seen(I_SPEC), there()) == (AuthorizeRule(OTHER), RevokeRule(there().rule, "sgr-1"))


def test_the_words_name_the_group_the_rule_and_its_end() -> None:
    names = Names({GROUP: "https"})
    (line,) = explain(AuthorizeRule(RULE), names)
    assert (
        line
        == f"Will add a rule to https ({GROUP}): allow TCP 443 in from 10.0.0.0/16. It is removed with the endpoint."
    )
    out = replace(RULE, direction="egress", cidr="", prefix_list_id="pl-6da54004")
    assert "TCP 443 out to the prefix list pl-6da54004" in explain(RevokeRule(out, "sgr-1"), names)[0]
    stays = left_behind([there(ours=False), there(shared=True), there()], names)
    assert [("was there before" in item, "another endpoint" in item) for item in stays] == [
        (True, False),
        (False, True),
    ]


def test_a_rule_that_is_gone_and_one_too_many_are_drift_that_can_be_accepted() -> None:
    lost = seen(I_SPEC)
    (found,) = differences(CARRYING, lost, same_policy=same)
    assert found == Difference("group_rules", (RULE.key,), ())
    assert accepted(CARRYING, lost, [found], is_full_access=lambda text: text == FULL) == I_SPEC
    more = seen(I_SPEC, group_rules=(there(OTHER),))
    (extra,) = differences(I_SPEC, more, same_policy=same)
    assert extra == Difference("group_rules", (), (OTHER.key,))
    kept = accepted(I_SPEC, more, [extra], is_full_access=lambda text: text == FULL)
    assert not differences(kept, more, same_policy=same)
    assert not differences(CARRYING, seen(I_SPEC, group_rules=(there(),)), same_policy=same)
    assert not differences(
        I_SPEC, seen(I_SPEC, group_rules=(there(ours=False), there(OTHER, shared=True))), same_policy=same
    )


def test_what_was_observed_survives_json() -> None:
    observed = seen(I_SPEC, group_rules=(there(),))
    assert ObservedEndpoint.from_dict(json.loads(json.dumps(observed.to_dict()))) == observed


def test_a_gateway_carries_rules_and_a_gateway_load_balancer_none() -> None:
    out = replace(RULE, direction="egress", cidr="", prefix_list_id="pl-6da54004")
    assert replace(G_SPEC, group_rules=(out,)).group_rules == (out,)
    with pytest.raises(SpecError, match="Gateway Load Balancer"):
        EndpointSpec.from_dict(
            {
                **INTERFACE,
                "vpc_endpoint_type": "GatewayLoadBalancer",
                "security_group_ids": [],
                "private_dns_enabled": False,
                "subnet_ids": INTERFACE["subnet_ids"][:1],
                "group_rules": CARRYING.to_dict()["group_rules"],
            }
        )
