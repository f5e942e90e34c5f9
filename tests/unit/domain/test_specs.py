"""Specs: what fits together, what is refused, and one hash for one meaning."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.domain.specs import EndpointSpec, EndpointType, SpecError, short_service_name

GATEWAY: dict[str, Any] = {
    "account_id": "123456789012",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "service_name": "com.amazonaws.eu-west-1.s3",
    "vpc_endpoint_type": "Gateway",
    "route_table_ids": ["rtb-0123456789abcdef0"],
}
INTERFACE: dict[str, Any] = {
    **{key: value for key, value in GATEWAY.items() if key != "route_table_ids"},
    "vpc_endpoint_type": "Interface",
    "service_name": "com.amazonaws.eu-west-1.secretsmanager",
    "subnet_ids": ["subnet-0123456789abcdef0"],
    "security_group_ids": ["sg-0123456789abcdef0"],
    "private_dns_enabled": True,
}


@pytest.mark.parametrize("values", [GATEWAY, INTERFACE])
def test_a_spec_survives_the_way_through_json(values: dict[str, Any]) -> None:
    spec = EndpointSpec.from_dict(values)
    assert EndpointSpec.from_dict(spec.to_dict()) == spec
    assert EndpointSpec.from_dict(spec.to_dict()).sha256() == spec.sha256()


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("account_id", "12", "twelve digits"),
        ("region", "Europe", "eu-west-1"),
        ("vpc_id", "vpc-xyz", "Choose a VPC"),
        ("vpc_id", "vpc-0123456789abcdef0\n", "Choose a VPC"),
        ("service_name", "s3; drop", "Choose a service"),
        ("vpc_endpoint_type", "Tunnel", "Gateway, Interface or GatewayLoadBalancer"),
        ("route_table_ids", ["sg-0123456789abcdef0"], "rtb-"),
        ("route_table_ids", ["rtb-0123456789abcdef0"] * 2, "twice"),
        ("subnet_ids", ["subnet-0123456789abcdef0"], "leave subnets empty"),
        ("security_group_ids", ["sg-0123456789abcdef0"], "no security group"),
        ("private_dns_enabled", True, "no private DNS"),
        ("colour", "red", "not part of a spec"),
        ("policy_document", "\x00", "NUL"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field_with_the_cure(field: str, value: Any, cure: str) -> None:
    with pytest.raises(SpecError) as refusal:
        EndpointSpec.from_dict({**GATEWAY, field: value})
    assert cure in refusal.value.problems[field]


def test_an_interface_endpoint_takes_no_route_tables() -> None:
    with pytest.raises(SpecError) as refusal:
        EndpointSpec.from_dict({**INTERFACE, "route_table_ids": ["rtb-0123456789abcdef0"]})
    assert set(refusal.value.problems) == {"route_table_ids"}


@pytest.mark.parametrize(
    ("records", "refused_by"),
    [
        ("ipv4", {"ipv6"}),
        ("ipv6", {"", "ipv4"}),
        ("dualstack", {"", "ipv4", "ipv6"}),
        ("service-defined", set()),
        ("", set()),
    ],
)
def test_dns_records_need_the_addresses_that_they_name(records: str, refused_by: set[str]) -> None:
    refused = set()
    for kind in ("", "ipv4", "dualstack", "ipv6"):
        try:
            EndpointSpec.from_dict({**INTERFACE, "ip_address_type": kind, "dns_record_ip_type": records})
        except SpecError:
            refused.add(kind)
    assert refused == refused_by


def test_a_missing_field_is_named() -> None:
    with pytest.raises(SpecError) as refusal:
        EndpointSpec.from_dict({"region": "eu-west-1"})
    assert set(refusal.value.problems) >= {"vpc_id", "service_name"}


@given(st.text().filter(lambda text: "\x00" not in text))
def test_any_other_policy_text_changes_the_hash(text: str) -> None:
    plain = EndpointSpec.from_dict(GATEWAY)
    custom = EndpointSpec.from_dict({**GATEWAY, "policy_document": text + "x"})
    assert custom.sha256() != plain.sha256()


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("com.amazonaws.eu-west-1.s3", "s3"),
        ("com.amazonaws.us-gov-west-1.ecr.api", "ecr.api"),
        ("com.amazonaws.s3-global.accesspoint", "s3-global.accesspoint"),
        ("cn.com.amazonaws.cn-north-1.sqs", "sqs"),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-0123", "vpce.eu-west-1.vpce-svc-0123"),
    ],
)
def test_the_short_name_leaves_out_the_region(name: str, short: str) -> None:
    assert short_service_name(name) == short


def test_type_is_awss_word() -> None:
    assert str(EndpointType.INTERFACE) == "Interface"
