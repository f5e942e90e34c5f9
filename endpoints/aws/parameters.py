"""From specs and actions to the exact parameters of EC2's calls. Names are botocore's (EC2 API 2016-11-15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from endpoints.domain.actions import ModifyEndpoint
from endpoints.domain.specs import EndpointSpec, SubnetConfiguration


def create_parameters(spec: EndpointSpec, *, client_token: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the exact, JSON-able parameters of CreateVpcEndpoint for a spec; what is empty is left out."""
    parameters: dict[str, Any] = {
        "ClientToken": client_token,
        "VpcId": spec.vpc_id,
        "ServiceName": spec.service_name,
        "VpcEndpointType": str(spec.vpc_endpoint_type),
        "TagSpecifications": [
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    }
    given = {
        "PolicyDocument": spec.policy_document,
        "ServiceRegion": spec.service_region,
        "RouteTableIds": list(spec.route_table_ids),
        "SubnetIds": list(spec.subnet_ids),
        "SecurityGroupIds": list(spec.security_group_ids),
        "IpAddressType": spec.ip_address_type,
        "SubnetConfigurations": _fixed(spec.subnet_configurations),
    }
    parameters |= {name: value for name, value in given.items() if value}
    if spec.has_network_interfaces:
        parameters["PrivateDnsEnabled"] = spec.private_dns_enabled
        inbound = spec.private_dns_only_for_inbound_resolver_endpoint if _s3_private_dns(spec) else None
        if options := _dns_options(spec.dns_record_ip_type, inbound):
            parameters["DnsOptions"] = options
    return parameters


def _s3_private_dns(spec: EndpointSpec) -> bool:
    # Left out, AWS takes it as true and then refuses where the VPC has no S3 Gateway endpoint. For any other service
    # AWS refuses the field itself.
    return spec.private_dns_enabled and spec.short_service == "s3"


_MODIFY_LISTS = {
    "add_route_table_ids": "AddRouteTableIds",
    "remove_route_table_ids": "RemoveRouteTableIds",
    "add_subnet_ids": "AddSubnetIds",
    "remove_subnet_ids": "RemoveSubnetIds",
    "add_security_group_ids": "AddSecurityGroupIds",
    "remove_security_group_ids": "RemoveSecurityGroupIds",
}


def modify_parameters(action: ModifyEndpoint) -> dict[str, Any]:
    """Return the parameters of the one ModifyVpcEndpoint call of an action."""
    parameters: dict[str, Any] = {"VpcEndpointId": action.vpc_endpoint_id}
    for attribute, name in _MODIFY_LISTS.items():
        if values := getattr(action, attribute):
            parameters[name] = list(values)
    if action.subnet_configurations:
        parameters["SubnetConfigurations"] = _fixed(action.subnet_configurations)
    if action.ip_address_type:
        parameters["IpAddressType"] = action.ip_address_type
    options = _dns_options(action.dns_record_ip_type, action.private_dns_only_for_inbound_resolver_endpoint)
    if options:
        parameters["DnsOptions"] = options
    if action.private_dns_enabled is not None:
        parameters["PrivateDnsEnabled"] = action.private_dns_enabled
    if action.policy_document is not None:
        parameters["PolicyDocument"] = action.policy_document
    if action.reset_policy:
        parameters["ResetPolicy"] = True
    return parameters


def _fixed(configurations: Iterable[SubnetConfiguration]) -> list[dict[str, str]]:
    return [{"SubnetId": item.subnet_id, "Ipv4": item.ipv4} for item in configurations]


def _dns_options(record_type: str, inbound_only: bool | None) -> dict[str, Any]:
    options: dict[str, Any] = {"DnsRecordIpType": record_type} if record_type else {}
    if inbound_only is not None:
        options["PrivateDnsOnlyForInboundResolverEndpoint"] = inbound_only
    return options
