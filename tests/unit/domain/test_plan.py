"""The plan: a pure function of desired and observed, and the same sentences for reviewer and worker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endpoints.domain.actions import CreateEndpoint, DeleteEndpoint, ModifyEndpoint
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import plan
from endpoints.domain.specs import EndpointSpec
from endpoints.domain.words import Names, drops_connections, explain
from tests.unit.domain.test_specs import GATEWAY, INTERFACE

FULL = "the full access document"
G_SPEC, I_SPEC = EndpointSpec.from_dict(GATEWAY), EndpointSpec.from_dict(INTERFACE)


def seen(spec: EndpointSpec, **changes: object) -> ObservedEndpoint:
    found = ObservedEndpoint(
        vpc_endpoint_id="vpce-1",
        vpc_endpoint_type=str(spec.vpc_endpoint_type),
        vpc_id=spec.vpc_id,
        service_name=spec.service_name,
        state="available",
        policy_document=spec.policy_document,
        route_table_ids=spec.route_table_ids,
        subnet_ids=spec.subnet_ids,
        security_group_ids=spec.security_group_ids,
        private_dns_enabled=spec.private_dns_enabled,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def planned(desired: EndpointSpec | None, observed: ObservedEndpoint | None, **options: bool) -> tuple[object, ...]:
    return plan(
        desired=desired,
        observed=observed,
        same_policy=lambda a, b: (a or FULL) == (b or FULL),
        full_access=FULL,
        **options,
    )


@pytest.mark.parametrize("spec", [G_SPEC, I_SPEC])
def test_what_is_missing_is_created_and_what_is_as_desired_left_alone(spec: EndpointSpec) -> None:
    assert planned(spec, None) == (CreateEndpoint(spec),)
    assert planned(spec, seen(spec)) == ()


@pytest.mark.parametrize("state", ["deleted", "deleting"])
def test_what_is_going_counts_as_missing(state: str) -> None:
    assert planned(G_SPEC, seen(G_SPEC, state=state)) == (CreateEndpoint(G_SPEC),)
    assert planned(None, seen(G_SPEC, state=state)) == ()


def test_what_should_not_exist_is_deleted_once() -> None:
    assert planned(None, seen(G_SPEC)) == (DeleteEndpoint("vpce-1"),)
    assert planned(None, None) == ()


def test_order_alone_is_no_difference() -> None:
    spec = EndpointSpec.from_dict({**GATEWAY, "route_table_ids": ["rtb-00000000000000001", "rtb-00000000000000002"]})
    assert planned(spec, seen(spec, route_table_ids=spec.route_table_ids[::-1])) == ()


def test_all_differences_become_one_modify_call() -> None:
    observed = seen(I_SPEC, subnet_ids=("subnet-x",), security_group_ids=("sg-x",), private_dns_enabled=False)
    assert planned(replace(I_SPEC, policy_document="custom"), observed) == (
        ModifyEndpoint(
            vpc_endpoint_id="vpce-1",
            add_subnet_ids=I_SPEC.subnet_ids,
            remove_subnet_ids=("subnet-x",),
            add_security_group_ids=I_SPEC.security_group_ids,
            remove_security_group_ids=("sg-x",),
            private_dns_enabled=True,
            policy_document="custom",
        ),
    )


def test_full_access_is_a_reset_for_a_gateway_and_a_document_for_an_interface() -> None:
    assert planned(G_SPEC, seen(G_SPEC, policy_document="custom")) == (
        ModifyEndpoint(vpc_endpoint_id="vpce-1", reset_policy=True),
    )
    assert planned(I_SPEC, seen(I_SPEC, policy_document="custom")) == (
        ModifyEndpoint(vpc_endpoint_id="vpce-1", policy_document=FULL),
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vpc_id", "vpc-00000000000000009"),
        ("service_name", "com.amazonaws.eu-west-1.dynamodb"),
        ("vpc_endpoint_type", "Interface"),
    ],
)
def test_what_aws_cannot_change_is_replaced_new_before_old(field: str, value: str) -> None:
    new, old = planned(G_SPEC, seen(G_SPEC, **{field: value}))
    assert new == CreateEndpoint(G_SPEC, replaces="vpce-1", reasons=(field,))
    assert old == DeleteEndpoint("vpce-1", replaced=True)
    text = " ".join(line for action in (new, old) for line in explain(action))
    for part in ("can't change the", "takes the place of vpce-1", "after the new endpoint is available", "drop"):
        assert part in text


def test_who_drops_connections_is_told() -> None:
    assert drops_connections([CreateEndpoint(G_SPEC)])
    assert not drops_connections([CreateEndpoint(I_SPEC)])
    assert not drops_connections([ModifyEndpoint(vpc_endpoint_id="vpce-1", add_subnet_ids=("subnet-1",))])
    assert drops_connections([ModifyEndpoint(vpc_endpoint_id="vpce-1", remove_subnet_ids=("subnet-1",))])
    assert drops_connections([DeleteEndpoint("vpce-1")])


def test_no_group_in_the_spec_accepts_the_default_group_that_aws_attached() -> None:
    assert planned(replace(I_SPEC, security_group_ids=()), seen(I_SPEC, security_group_ids=("sg-default",))) == ()


@pytest.mark.parametrize(
    ("kind", "records"),
    [
        ("ipv4", "dualstack"),
        ("ipv4", "ipv6"),
        ("ipv4", "service-defined"),
        ("ipv6", "dualstack"),
        ("ipv6", "ipv4"),
    ],
)
def test_records_go_with_the_addresses_that_they_name_where_their_type_is_left_to_aws(kind: str, records: str) -> None:
    spec = replace(I_SPEC, ip_address_type=kind)
    observed = seen(spec, ip_address_type="dualstack", dns_record_ip_type=records)
    change = ModifyEndpoint(vpc_endpoint_id="vpce-1", ip_address_type=kind, dns_record_ip_type=kind)
    assert planned(spec, observed) == (change,)
    (kept,) = planned(spec, replace(observed, dns_record_ip_type=kind))
    assert kept == replace(change, dns_record_ip_type="")


def test_private_dns_waits_until_the_owner_has_accepted() -> None:
    observed = seen(I_SPEC, state="pendingacceptance", private_dns_enabled=False)
    assert planned(I_SPEC, observed, private_dns_allowed=False) == ()
    assert planned(I_SPEC, replace(observed, state="available")) == (
        ModifyEndpoint(vpc_endpoint_id="vpce-1", private_dns_enabled=True),
    )


def test_the_words_name_tables_and_warn_of_dropped_connections() -> None:
    names = Names({GATEWAY["route_table_ids"][0]: "private-a"})
    text = " ".join(explain(CreateEndpoint(G_SPEC), names))
    assert "route to the service's prefix list in private-a (rtb-" in text
    assert "connections" in text
    assert "drop" in text


def test_the_words_say_what_aws_does_without_a_group() -> None:
    text = " ".join(explain(CreateEndpoint(replace(I_SPEC, security_group_ids=()))))
    assert "default security group" in text
    assert "private DNS on" in text


def test_the_words_name_what_the_service_asks_for_and_what_it_does_not_take() -> None:
    service = frozenset({I_SPEC.service_name})
    plain = " ".join(explain(CreateEndpoint(I_SPEC)))
    partner = " ".join(explain(CreateEndpoint(I_SPEC), Names(ask_their_owner=service, without_policy=service)))
    assert "Will switch private DNS on" in plain
    assert "Will allow full access" in plain
    assert "owner has to accept the connection: nothing gets through before that." in partner
    assert "When the endpoint is available, will switch private DNS on" in partner
    assert "The service takes no endpoint policy: access through the endpoint is full." in partner
    assert "Will allow" not in partner


def test_the_words_of_a_deletion_name_its_consequence() -> None:
    alone = " ".join(explain(DeleteEndpoint("vpce-1")))
    for part in ("connections drop", "become public again", "clients without another way to the service lose it"):
        assert part in alone
    assert "public again until the new one's private DNS is on" in " ".join(
        explain(DeleteEndpoint("vpce-1", replaced=True))
    )


@pytest.mark.parametrize(
    ("kind", "alone", "after_another"),
    [
        ("Gateway", "Its routes go: open connections drop", "still open through the old one drop then."),
        ("GatewayLoadBalancer", "Routes that lead to it become blackholes", "have them lead to the new one before."),
    ],
)
def test_the_words_of_a_deletion_are_those_of_its_type(kind: str, alone: str, after_another: str) -> None:
    (deletion,) = planned(None, seen(G_SPEC, vpc_endpoint_type=kind))
    gone = " ".join(explain(deletion))  # type: ignore[arg-type]
    replaced = " ".join(explain(replace(deletion, replaced=True)))  # type: ignore[type-var, arg-type]
    assert alone in gone
    assert after_another in replaced
    assert "public again" not in gone + replaced


def test_the_words_of_what_is_taken_away_name_who_loses_the_service() -> None:
    tables = replace(G_SPEC, route_table_ids=())
    (action,) = planned(tables, seen(G_SPEC))
    assert "no other way to the service lose it" in " ".join(explain(action))  # type: ignore[arg-type]
    (action,) = planned(G_SPEC, seen(tables))
    assert "lose it" not in " ".join(explain(action))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "asked", "lost"),
    [("dualstack", "ipv4", "IPv6"), ("dualstack", "ipv6", "IPv4"), ("ipv4", "dualstack", "")],
)
def test_the_words_of_another_ip_address_type_name_the_addresses_that_go(before: str, asked: str, lost: str) -> None:
    (action,) = planned(replace(I_SPEC, ip_address_type=asked), seen(I_SPEC, ip_address_type=before))
    text = " ".join(explain(action))  # type: ignore[arg-type]
    assert (f"loses its {lost} addresses" in text) is bool(lost)
    assert drops_connections([action]) is bool(lost)  # type: ignore[list-item]


def test_the_words_of_a_modification_name_each_part() -> None:
    (action,) = planned(I_SPEC, seen(I_SPEC, subnet_ids=("subnet-x",), private_dns_enabled=False))
    text = " ".join(explain(action))  # type: ignore[arg-type]
    for part in ("place a network interface", "remove the network interface from subnet-x", "private DNS on"):
        assert part in text
