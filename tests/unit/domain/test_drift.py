"""Drift: what differs is what the plan would repair, and what is there is a spec that needs no repair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.domain.drift import Difference, accepted, differences, spec_of
from endpoints.domain.observed import NetworkInterface, ObservedEndpoint
from endpoints.domain.plan import plan
from endpoints.domain.specs import EndpointSpec, SpecError, SubnetConfiguration
from tests.unit.domain.test_plan import FULL, G_SPEC, I_SPEC, seen

S3 = replace(I_SPEC, service_name="com.amazonaws.eu-west-1.s3")
SUBNET = I_SPEC.subnet_ids[0]


def same(a: str | None, b: str | None) -> bool:
    return (a or FULL) == (b or FULL)


def interface(address: str) -> NetworkInterface:
    return NetworkInterface(
        network_interface_id="eni-1",
        subnet_id=SUBNET,
        availability_zone="eu-west-1a",
        private_ip_address=address,
        status="in-use",
    )


observations = st.fixed_dictionaries(
    {
        "route_table_ids": st.sampled_from([(), G_SPEC.route_table_ids, ("rtb-00000000000000009",)]),
        "policy_document": st.sampled_from([None, FULL, "custom"]),
        "tags": st.sampled_from([(), (("Name", "a"),), (("team", "x"), ("portal:operation", "1"))]),
    }
)
interface_observations = st.fixed_dictionaries(
    {
        "subnet_ids": st.sampled_from([(), I_SPEC.subnet_ids, ("subnet-00000000000000009",)]),
        "security_group_ids": st.sampled_from([("sg-00000000000000009",), I_SPEC.security_group_ids]),
        "private_dns_enabled": st.booleans(),
        "private_dns_only_for_inbound_resolver_endpoint": st.booleans(),
        "ip_address_type": st.sampled_from(["ipv4", "dualstack"]),
        "dns_record_ip_type": st.sampled_from(["ipv4", "dualstack"]),
        "policy_document": st.sampled_from([None, FULL, "custom"]),
        "network_interfaces": st.sampled_from([(), (interface("10.0.0.5"),), (interface("10.0.0.6"),)]),
        "tags": st.sampled_from([(), (("Name", "a"),), (("team", "x"),)]),
    }
)
wishes = st.fixed_dictionaries(
    {
        "security_group_ids": st.sampled_from([(), I_SPEC.security_group_ids]),
        "private_dns_enabled": st.booleans(),
        "policy_document": st.sampled_from([None, "custom"]),
        "ip_address_type": st.sampled_from(["", "ipv4", "dualstack"]),
        "subnet_configurations": st.sampled_from([(), (SubnetConfiguration(subnet_id=SUBNET, ipv4="10.0.0.5"),)]),
        "tags": st.sampled_from([(), (("team", "x"),)]),
        "name": st.sampled_from(["", "a"]),
    }
)


def agrees(spec: EndpointSpec, observed: ObservedEndpoint) -> None:
    left = plan(desired=spec, observed=observed, same_policy=same, full_access=FULL)
    assert bool(left) == bool(differences(spec, observed, same_policy=same))


@given(st.sampled_from([I_SPEC, S3]), wishes, interface_observations)
def test_there_is_drift_exactly_where_the_plan_would_act(
    base: EndpointSpec, wish: dict[str, Any], now: dict[str, Any]
) -> None:
    spec = replace(base, **wish)
    agrees(spec, seen(spec, **now))


@given(observations)
def test_the_same_holds_for_a_gateway(now: dict[str, Any]) -> None:
    agrees(replace(G_SPEC, tags=(("team", "x"),)), seen(G_SPEC, **now))


@given(st.sampled_from([I_SPEC, S3]), interface_observations)
def test_what_is_there_as_a_spec_needs_no_repair(base: EndpointSpec, now: dict[str, Any]) -> None:
    observed = seen(base, **now)
    if observed.dns_record_ip_type == "dualstack" and observed.ip_address_type == "ipv4":
        return  # AWS doesn't have such endpoints
    spec = spec_of(observed, account_id=base.account_id, region=base.region, is_full_access=lambda text: text == FULL)
    assert differences(spec, observed, same_policy=same) == ()


@given(st.sampled_from([I_SPEC, S3]), wishes, interface_observations)
def test_accepting_what_is_leaves_nothing_to_repair(
    base: EndpointSpec, wish: dict[str, Any], now: dict[str, Any]
) -> None:
    spec = replace(base, **wish)
    observed = seen(spec, **now)
    if observed.dns_record_ip_type == "dualstack" and observed.ip_address_type == "ipv4":
        return  # AWS doesn't have such endpoints
    found = differences(spec, observed, same_policy=same)
    taken = accepted(spec, observed, found, is_full_access=lambda text: text == FULL)
    assert differences(taken, observed, same_policy=same) == ()
    if not found:
        assert taken == spec


def test_accepting_keeps_what_was_left_to_others() -> None:
    spec = replace(I_SPEC, security_group_ids=(), tags=(("team", "a"), ("gone", "1")), name="mine")
    observed = seen(
        spec, security_group_ids=("sg-00000000000000009",), tags=(("Name", "other"), ("team", "b"), ("x", "y"))
    )
    found = differences(spec, observed, same_policy=same)
    taken = accepted(spec, observed, found, is_full_access=lambda text: text == FULL)
    assert (taken.security_group_ids, taken.tags, taken.name) == ((), (("team", "b"),), "other")


def test_a_difference_names_the_field_and_both_sides() -> None:
    observed = seen(I_SPEC, private_dns_enabled=False, tags=(("team", "b"),))
    spec = replace(I_SPEC, tags=(("team", "a"),))
    assert differences(spec, observed, same_policy=same) == (
        Difference("private_dns_enabled", desired=True, observed=False),
        Difference("tags.team", "a", "b"),
    )


def test_what_the_portal_does_not_manage_is_refused_with_the_reason() -> None:
    with pytest.raises(SpecError, match="type Tunnel"):
        spec_of(
            seen(G_SPEC, vpc_endpoint_type="Tunnel"),
            account_id=G_SPEC.account_id,
            region=G_SPEC.region,
            is_full_access=lambda _: False,
        )
