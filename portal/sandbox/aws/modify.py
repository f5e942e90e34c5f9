"""ModifyVpcEndpoint: everything is checked against the outcome before anything changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from portal.sandbox.aws import interfaces, lifecycle, routes, services, validation
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.create import address_for, fixed_addresses
from portal.sandbox.aws.describe import default_policy, not_found
from portal.sandbox.aws.errors import AwsError, invalid
from portal.sandbox.aws.services import Service
from portal.sandbox.aws.store import Endpoint

_NETWORK = (
    "AddSubnetIds",
    "RemoveSubnetIds",
    "AddSecurityGroupIds",
    "RemoveSecurityGroupIds",
    "PrivateDnsEnabled",
    "IpAddressType",
    "DnsOptions",
    "SubnetConfigurations",
)
_ROUTES = ("AddRouteTableIds", "RemoveRouteTableIds")


@dataclass
class _Plan:
    """What a call will change, once everything is found to be in order."""

    policy: str | None = None
    add_tables: list[str] = field(default_factory=list)
    remove_tables: list[str] = field(default_factory=list)
    add_subnets: list[tuple[Any, str]] = field(default_factory=list)
    remove_subnets: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    private_dns: bool = False
    ip_address_type: str = "ipv4"
    dns_options: dict[str, Any] = field(default_factory=dict)


def modify_vpc_endpoint(call: Context) -> dict[str, Any]:
    """Change an endpoint in place. An interface endpoint whose network changed is `pending` for a moment.

    Removing what is not attached changes nothing; adding a subnet or a route table twice is refused.
    """
    endpoint_id = call.text("VpcEndpointId") or ""
    endpoint = call.here.endpoints.get(endpoint_id)
    if endpoint is None or endpoint.state == "deleted" or endpoint.hidden_reads > 0:
        raise not_found(endpoint_id)
    validation.changeable(endpoint)
    _fits_type(call, endpoint)
    service = services.find(endpoint.service_name, account=endpoint.account, region=endpoint.service_region)
    plan = _Plan()
    _plan_policy(call, endpoint, service, plan)
    if endpoint.type == "Gateway":
        _plan_routes(call, endpoint, plan)
    else:
        _plan_network(call, endpoint, service, plan)
    _apply(call, endpoint, plan)
    return {"Return": True}


def _fits_type(call: Context, endpoint: Endpoint) -> None:
    wrong = _NETWORK if endpoint.type == "Gateway" else _ROUTES
    for name in wrong:
        if call.params.get(name) not in (None, [], {}):
            raise validation.wrong_type(name, endpoint.type)


def _plan_policy(call: Context, endpoint: Endpoint, service: Service, plan: _Plan) -> None:
    document, reset = call.text("PolicyDocument"), call.flag("ResetPolicy")
    plan.policy = endpoint.policy
    if document and reset:
        raise AwsError(
            "InvalidParameterCombination", "PolicyDocument and ResetPolicy can't be used in the same request."
        )
    if document:
        validation.policy(document, endpoint.type, service.policy_supported, service.name)
        plan.policy = document
    elif reset:
        plan.policy = default_policy(endpoint.type)


def _plan_routes(call: Context, endpoint: Endpoint, plan: _Plan) -> None:
    plan.remove_tables = [one for one in call.items("RemoveRouteTableIds") if one in endpoint.route_table_ids]
    plan.add_tables = list(dict.fromkeys(call.items("AddRouteTableIds")))
    for table_id in plan.add_tables:
        table = routes.find_table(call.backend, table_id, endpoint.vpc_id)
        if table_id not in plan.remove_tables:
            routes.check_free(table, str(endpoint.prefix_list_id))


def _plan_network(call: Context, endpoint: Endpoint, service: Service, plan: _Plan) -> None:
    _plan_groups(call, endpoint, plan)
    kept = _plan_subnets(call, endpoint, service, plan)
    chosen = kept + [subnet for subnet, _ in plan.add_subnets]
    plan.ip_address_type = validation.ip_address_type(
        call.text("IpAddressType") or endpoint.ip_address_type, service, chosen
    )
    asked = call.flag("PrivateDnsEnabled")
    plan.private_dns = endpoint.private_dns if asked is None else asked
    plan.dns_options = validation.dns_options(
        call.params.get("DnsOptions") or {},
        plan.ip_address_type,
        service,
        plan.private_dns,
        endpoint.dns_options,
    )
    if asked and endpoint.state == "pendingAcceptance":
        raise invalid(
            f"Private DNS can only be enabled after the endpoint connection is accepted by the owner of {service.name}."
        )
    if plan.private_dns and (not endpoint.private_dns or plan.dns_options != endpoint.dns_options):
        the_vpc = call.backend.vpcs[endpoint.vpc_id]
        validation.private_dns(call.backend, call.here, the_vpc, service, plan.dns_options, endpoint.id)


def _plan_groups(call: Context, endpoint: Endpoint, plan: _Plan) -> None:
    added = validation.groups(call.backend, call.items("AddSecurityGroupIds"), endpoint.vpc_id)
    removed = set(call.items("RemoveSecurityGroupIds"))
    plan.groups = [one for one in dict.fromkeys([*endpoint.group_ids, *added]) if one not in removed or one in added]
    if endpoint.type == "Interface" and not plan.groups:
        raise invalid(f"The VPC endpoint {endpoint.id} must have at least one security group.")


def _plan_subnets(call: Context, endpoint: Endpoint, service: Service, plan: _Plan) -> list[Any]:
    fixed = fixed_addresses(call)
    plan.remove_subnets = [one for one in call.items("RemoveSubnetIds") if one in endpoint.interfaces]
    # A fixed address for a subnet that is there already replaces its interface.
    moved = [one for one in fixed if one in endpoint.interfaces and one not in plan.remove_subnets]
    wanted = validation.subnets(
        call.backend, [*dict.fromkeys(call.items("AddSubnetIds")), *moved], endpoint.vpc_id, service
    )
    plan.remove_subnets += moved
    kept = [
        call.backend.enis[interface_id].subnet
        for subnet_id, interface_id in endpoint.interfaces.items()
        if subnet_id not in plan.remove_subnets
    ]
    validation.one_per_zone(kept, wanted)
    plan.add_subnets = [(subnet, address_for(call, subnet, fixed.get(subnet.id))) for subnet in wanted]
    return kept


def _apply(call: Context, endpoint: Endpoint, plan: _Plan) -> None:
    backend, here = call.backend, call.here
    endpoint.policy = plan.policy
    for table_id in plan.remove_tables:
        routes.remove(backend, endpoint, table_id)
    for table_id in plan.add_tables:
        routes.add(backend, endpoint, table_id)
    if endpoint.type == "Gateway":
        return
    endpoint.group_ids = plan.groups
    endpoint.private_dns = plan.private_dns
    endpoint.ip_address_type = plan.ip_address_type
    endpoint.dns_options = plan.dns_options
    for subnet_id in plan.remove_subnets:
        interfaces.detach(backend, here, endpoint, subnet_id)
    for subnet, address in plan.add_subnets:
        interfaces.attach(backend, here, endpoint, subnet, address)
    interfaces.set_groups(backend, endpoint)
    if endpoint.state == "available" and any(call.params.get(name) is not None for name in _NETWORK):
        lifecycle.start_modifying(here, endpoint)
