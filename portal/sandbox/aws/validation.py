"""What CreateVpcEndpoint and ModifyVpcEndpoint refuse, with AWS's codes and words.

Every function either returns what it looked up or raises; none changes anything, so a refused call leaves no
trace.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from portal.sandbox.aws.errors import AwsError, invalid
from portal.sandbox.aws.iam import as_list
from portal.sandbox.aws.services import Service
from portal.sandbox.aws.store import Endpoint, Region

POLICY_LIMIT = 20_480
_TYPES = ("Gateway", "Interface", "GatewayLoadBalancer")
_SUBNETS_ONLY_FOR = "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints."
_TABLES_ONLY_FOR = "Route table IDs are only supported for Gateway type VPC Endpoint."
_ONLY_FOR = {
    "SubnetIds": _SUBNETS_ONLY_FOR,
    "AddSubnetIds": _SUBNETS_ONLY_FOR,
    "RemoveSubnetIds": _SUBNETS_ONLY_FOR,
    "RouteTableIds": _TABLES_ONLY_FOR,
    "AddRouteTableIds": _TABLES_ONLY_FOR,
    "RemoveRouteTableIds": _TABLES_ONLY_FOR,
}
_RECORD_TYPES = ("ipv4", "dualstack", "ipv6", "service-defined")


def vpc(backend: Any, vpc_id: str | None) -> Any:
    """Return the VPC; raises `MissingParameter` or `InvalidVpcId.NotFound`."""
    if not vpc_id:
        raise AwsError("MissingParameter", "The request must contain the parameter VpcId")
    if vpc_id not in backend.vpcs:
        raise AwsError("InvalidVpcId.NotFound", f"The Vpc Id {vpc_id} does not exist")
    return backend.vpcs[vpc_id]


def endpoint_type(text: str | None, service: Service) -> str:
    """Return the type, Gateway when none is given; raises `InvalidParameter` where the service has no such
    type."""
    wanted = next((name for name in _TYPES if name.lower() == (text or "Gateway").lower()), None)
    if wanted is None:
        raise invalid(f"Invalid Vpc Endpoint type: {text}")
    if wanted not in service.types:
        offered = ", ".join(service.types)
        raise invalid(f"Endpoint type ({wanted}) does not match available service types ([{offered}]).")
    return wanted


def wrong_type(parameter: str, kind: str) -> AwsError:
    """Return the refusal of a parameter that belongs to another type, in AWS's words where they are known."""
    if parameter in _ONLY_FOR:
        return invalid(_ONLY_FOR[parameter])
    return invalid(f"The parameter {parameter} is not supported for VPC endpoints of type {kind}.")


def fits_type(kind: str, params: Mapping[str, Any]) -> None:
    """Refuse parameters that belong to another type of endpoint."""
    wrong = {
        "Gateway": (
            "SubnetIds",
            "SecurityGroupIds",
            "SubnetConfigurations",
            "PrivateDnsEnabled",
            "DnsOptions",
        ),
        "Interface": ("RouteTableIds",),
        "GatewayLoadBalancer": ("RouteTableIds", "SecurityGroupIds", "PolicyDocument", "PrivateDnsEnabled"),
    }[kind]
    for name in wrong:
        value = params.get(name)
        if value and str(value).lower() != "false":
            raise wrong_type(name, kind)
    if kind == "GatewayLoadBalancer" and len(params.get("SubnetIds") or []) != 1:
        raise invalid("A Gateway Load Balancer endpoint takes exactly one subnet.")


def policy(document: str, kind: str, service_takes_policy: bool, service_name: str) -> None:
    """Refuse a policy that AWS would not take; raises `InvalidPolicyDocument` or `InvalidParameter`."""
    if not service_takes_policy:
        raise invalid(f"The service {service_name} does not support VPC endpoint policies.")
    if len(document) > POLICY_LIMIT:
        raise AwsError(
            "InvalidPolicyDocument",
            f"Policy document is too large: {len(document)} characters, the limit is {POLICY_LIMIT}.",
        )
    try:
        parsed = json.loads(document)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or not as_list(parsed.get("Statement")):
        raise AwsError("InvalidPolicyDocument", "Policy document must be well-formed JSON with a Statement.")
    for statement in as_list(parsed["Statement"]):
        _statement(statement, kind)


def _statement(statement: Any, kind: str) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise AwsError("InvalidPolicyDocument", "Each statement needs an Effect of Allow or Deny.")
    if "Action" not in statement and "NotAction" not in statement:
        raise AwsError("InvalidPolicyDocument", "Each statement needs an Action.")
    if "Resource" not in statement and "NotResource" not in statement:
        raise AwsError("InvalidPolicyDocument", "Each statement needs a Resource.")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise AwsError("InvalidPolicyDocument", "Each statement of an endpoint policy needs a Principal.")
    if kind == "Gateway" and statement.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        raise AwsError(
            "InvalidPolicyDocument",
            'The Principal of a gateway endpoint policy must be "*"; narrow it with the condition key '
            "aws:PrincipalArn.",
        )


def subnets(backend: Any, subnet_ids: Iterable[str], vpc_id: str, service: Service) -> list[Any]:
    """Return the subnets, all in the VPC and in the service's zones (a service of another region has none
    here)."""
    found = []
    for subnet_id in subnet_ids:
        subnet = next((group[subnet_id] for group in backend.subnets.values() if subnet_id in group), None)
        if subnet is None:
            raise AwsError("InvalidSubnetId.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        if subnet.vpc_id != vpc_id:
            raise invalid(f"Subnet {subnet_id} does not belong to VPC {vpc_id}")
        at_home = service.region == backend.region_name
        if at_home and subnet.availability_zone not in service.zone_names:
            raise invalid(
                f"The VPC endpoint service {service.name} does not support the availability zone of the "
                "subnet: "
                f"{subnet_id}."
            )
        found.append(subnet)
    return found


def one_per_zone(existing: Iterable[Any], added: Iterable[Any]) -> None:
    """Refuse a second subnet in a zone; raises `DuplicateSubnetsInSameZone`."""
    zones = {subnet.availability_zone for subnet in existing}
    for subnet in added:
        if subnet.availability_zone in zones:
            raise AwsError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet.id}",
            )
        zones.add(subnet.availability_zone)


def groups(backend: Any, group_ids: Iterable[str], vpc_id: str) -> list[str]:
    """Return the group ids; raises `InvalidGroup.NotFound` or `InvalidParameter` for another VPC's."""
    found = []
    for group_id in dict.fromkeys(group_ids):
        group = backend.groups.get(vpc_id, {}).get(group_id) or backend.get_security_group_from_id(group_id)
        if group is None:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if group.vpc_id != vpc_id:
            raise invalid(f"The security group {group_id} does not belong to VPC {vpc_id}")
        found.append(group_id)
    return found


def default_group(backend: Any, vpc_id: str) -> str:
    """Return the id of the VPC's default security group, which AWS attaches when none is named."""
    return next(str(group.id) for group in backend.groups[vpc_id].values() if group.name == "default")


def ip_address_type(text: str | None, service: Service, chosen: Iterable[Any]) -> str:
    """Return the address type, ipv4 by default; every subnet and the service must suit it."""
    kind = (text or "ipv4").lower()
    if kind not in ("ipv4", "dualstack", "ipv6"):
        raise invalid(f"Invalid value '{text}' for parameter IpAddressType.")
    if not set(("ipv4", "ipv6") if kind == "dualstack" else (kind,)) <= set(service.ip_address_types):
        raise invalid(f"The service {service.name} does not support the IP address type {kind}.")
    for subnet in chosen:
        # AWS takes subnets of IPv6 alone for ipv6, and those with both ranges for dualstack (PrivateLink guide).
        lacks_ipv6 = kind != "ipv4" and not subnet.ipv6_cidr_block_associations
        if lacks_ipv6 or (kind == "ipv6" and subnet.cidr_block):
            raise invalid(f"The subnet {subnet.id} does not support the IP address type {kind}.")
    return kind


def dns_options(
    given: Mapping[str, Any], ip_type: str, service: Service, private_dns: bool, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the complete DNS options of an interface endpoint.

    For S3 with private DNS, `PrivateDnsOnlyForInboundResolverEndpoint` is true unless it was set to false.
    """
    usual = "ipv6" if ip_type == "ipv6" else "ipv4"
    record = str(given.get("DnsRecordIpType") or before.get("DnsRecordIpType") or usual).lower()
    if record not in _RECORD_TYPES:
        raise invalid(f"Invalid value '{record}' for parameter DnsRecordIpType.")
    if record in ("dualstack", "ipv6") and ip_type == "ipv4":
        raise invalid(f"The DNS record IP type {record} needs the IP address type dualstack.")
    if record in ("dualstack", "ipv4") and ip_type == "ipv6":
        raise invalid(f"The DNS record IP type {record} needs the IP address type dualstack.")
    options: dict[str, Any] = {"DnsRecordIpType": record}
    name = "PrivateDnsOnlyForInboundResolverEndpoint"
    if given.get(name) is not None and service.short_name != "s3":
        raise invalid(f"{name} is not supported for the service {service.name}.")
    if service.short_name == "s3" and private_dns:
        value = given.get(name, before.get(name, True))
        options[name] = str(value).lower() == "true"
    return options


def private_dns(
    backend: Any, here: Region, the_vpc: Any, service: Service, options: Mapping[str, Any], own_id: str | None
) -> None:
    """Refuse private DNS where its prerequisites fail or its names are taken; raises `InvalidParameter`."""
    if not service.private_names:
        raise invalid(
            f"Private DNS can't be enabled because the service {service.name} does not provide a private DNS name."
        )
    if not (_is_true(the_vpc.enable_dns_support) and _is_true(the_vpc.enable_dns_hostnames)):
        raise invalid(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "
            "set to true "
            f"for {the_vpc.id}"
        )
    if options.get("PrivateDnsOnlyForInboundResolverEndpoint") and not any(
        one.type == "Gateway" and one.service_name == service.name for one in here.in_vpc(the_vpc.id)
    ):
        raise invalid(
            "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC "
            f"{the_vpc.id} must have a Gateway endpoint for the service."
        )
    for name in service.private_names:
        if _taken(here, the_vpc.id, service, own_id) or name.removeprefix("*.") in _hosted_zones(the_vpc.id):
            raise invalid(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{name} in the VPC {the_vpc.id}"
            )


def _taken(here: Region, vpc_id: str, service: Service, own_id: str | None) -> bool:
    return any(one.private_dns and one.id != own_id and one.service_name == service.name for one in here.in_vpc(vpc_id))


def _hosted_zones(vpc_id: str) -> set[str]:
    # Route 53 is loaded only when somebody made a zone in it: importing it for nothing would slow the start.
    if "moto.route53.models" not in sys.modules:
        return set()
    from moto.route53.models import route53_backends

    names = set()
    for account in list(route53_backends):
        for backend in list(route53_backends[account].values()):
            for zone in backend.zones.values():
                if zone.private_zone and any(one.get("vpc_id") == vpc_id for one in zone.vpcs):
                    names.add(zone.name.rstrip("."))
    return names


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def quota(here: Region, kind: str, vpc_id: str, limit: int) -> None:
    """Refuse one endpoint too many; raises `VpcEndpointLimitExceeded`."""
    if kind == "Gateway":
        held = sum(one.type == "Gateway" and one.alive for one in here.endpoints.values())
    else:
        held = sum(one.type != "Gateway" for one in here.in_vpc(vpc_id))
    if held >= limit:
        raise AwsError(
            "VpcEndpointLimitExceeded",
            f"The maximum number of VPC endpoints has been reached: {held} of {limit}.",
        )


def tags(specifications: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the tags for a new endpoint from TagSpecifications."""
    found: dict[str, str] = {}
    for specification in specifications:
        kind = specification.get("ResourceType")
        if kind != "vpc-endpoint":
            raise invalid(f"'{kind}' is not a valid taggable resource type for this operation.")
        for tag in specification.get("Tags") or []:
            key, value = str(tag.get("Key") or ""), str(tag.get("Value") or "")
            tag_allowed(key, value)
            if key in found:
                raise AwsError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
            found[key] = value
    if len(found) > 50:
        raise AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    return found


def tag_allowed(key: str, value: str) -> None:
    """Refuse a tag that is too long, or whose key is AWS's own; raises `InvalidParameterValue`."""
    if not key or len(key) > 127 or len(value) > 255:
        raise AwsError("InvalidParameterValue", f"Tag key or value is empty or too long: '{key}'.")
    if key.lower().startswith("aws:"):
        raise AwsError("InvalidParameterValue", f"Tag keys starting with 'aws:' are reserved for internal use: {key}")


def client_token(token: str) -> None:
    """Refuse a token that is longer than 64 characters or not ASCII."""
    if len(token) > 64 or not token.isascii():
        raise AwsError("InvalidParameterValue", "ClientToken must be at most 64 ASCII characters.")


def requester_managed(endpoint: Endpoint) -> AwsError:
    """Return the refusal to change or delete what an AWS service manages on the account's behalf."""
    return AwsError(
        "OperationNotPermitted",
        "Operation is not allowed for requester-managed VPC endpoints for the service "
        f"{endpoint.service_name}: {endpoint.id}",
    )


def changeable(endpoint: Endpoint) -> None:
    """Refuse a change of an endpoint that an AWS service manages, is being changed, goes away or never came."""
    if endpoint.requester_managed:
        raise requester_managed(endpoint)
    if endpoint.modifying and endpoint.state == "pending":
        raise AwsError("OperationInProgress", f"Another operation on the VPC endpoint {endpoint.id} is in progress.")
    if endpoint.state not in ("available", "pending", "pendingAcceptance"):
        raise AwsError(
            "IncorrectState",
            f"The VPC endpoint {endpoint.id} can't be modified in the state {endpoint.state}.",
        )
