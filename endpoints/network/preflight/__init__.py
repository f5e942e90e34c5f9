"""Preflight: what can be known about a change before AWS is called. Each rule is a function; `RULES` names them all.

The traps are those of the AWS PrivateLink guide ("Access an AWS service using an interface VPC endpoint",
"Gateway endpoints") and of the EC2 API's errors for CreateVpcEndpoint; `catalogue` gives each its source.
"""

from __future__ import annotations

from collections.abc import Iterable

from endpoints.domain.specs import EndpointSpec
from endpoints.network.preflight import guards, names, offers, placement, routes
from endpoints.network.preflight.findings import Finding, Rule
from endpoints.network.remedies import possible_rules, with_rules
from endpoints.network.snapshot import Snapshot

__all__ = ["POLICY_RULES", "RULES", "Finding", "Rule", "check", "possible_rules"]

RULES: tuple[Rule, ...] = (
    offers.vpc_known,
    offers.read_lately,
    offers.service_offers_type,
    placement.parts_belong_to_vpc,
    placement.not_shared,
    placement.one_subnet_per_zone,
    placement.zones_served,
    placement.has_placement,
    placement.free_addresses,
    placement.few_addresses,
    names.private_dns_possible,
    names.private_dns_off,
    offers.exists_already,
    offers.exists_nearby,
    offers.gateway_is_free,
    routes.routes_free,
    routes.tables_followed,
    guards.outbound_allowed,
    guards.inbound_allowed,
    guards.rules_carried,
    guards.default_group_used,
    guards.groups_within_quota,
    guards.acls_open,
    guards.clients_acls_open,
    offers.needs_acceptance,
    offers.policy_supported,
    offers.within_quota,
    placement.address_type_suits,
    placement.fixed_addresses_fit,
    names.inbound_only_possible,
)
POLICY_RULES: tuple[Rule, ...] = (offers.policy_supported,)
"""The rules that hold for a change of policy as well."""


def check(spec: EndpointSpec, snapshot: Snapshot, rules: Iterable[Rule] | None = None) -> tuple[Finding, ...]:
    """Return what the rules find, blocks first; all rules, those on a new endpoint, when none are named.

    The VPC is judged as it is with the rules of security groups that the spec carries.
    """
    snapshot = with_rules(snapshot, spec.group_rules)
    found = [finding for rule in rules or RULES for finding in rule(spec, snapshot)]
    order = {"block": 0, "warn": 1, "info": 2}
    return tuple(sorted(found, key=lambda item: order[item.severity]))
