"""DescribeVpcEndpoints, and an endpoint as AWS shows it."""

from __future__ import annotations

import json
from typing import Any

from portal.sandbox.aws import filters, services
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import Endpoint

# The full-access policies AWS attaches when none is given; their shapes differ (EC2 API, observed by the
# engines).
_STATEMENT = [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]
_DEFAULT_GATEWAY = json.dumps({"Version": "2008-10-17", "Statement": _STATEMENT})
_DEFAULT_INTERFACE = json.dumps({"Statement": _STATEMENT})
# Hosted zones of AWS's own endpoint names, one for each region on AWS; one stands for all here.
_PUBLIC_ZONE = "Z7HUB22UULQXV"
_PRIVATE_ZONE = "Z0PRIVATE0SIMULATED0"


def default_policy(kind: str) -> str | None:
    """Return the full-access default of a type; None for one that takes no policy."""
    return {"Gateway": _DEFAULT_GATEWAY, "Interface": _DEFAULT_INTERFACE}.get(kind)


def not_found(endpoint_id: str) -> AwsError:
    """Return the spelling of describe and modify."""
    return AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")


def describe(call: Context) -> dict[str, Any]:
    """DescribeVpcEndpoints: ids, filters, pages of at most 1,000. Counts as a read for the faults that count
    reads."""
    ids = call.items("VpcEndpointIds")
    if ids and call.params.get("MaxResults") is not None:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter vpcEndpointIds cannot be used with the parameter maxResults",
        )
    here = call.here
    found = []
    for endpoint_id in ids:
        endpoint = here.endpoints.get(endpoint_id)
        if endpoint is None or not _seen(endpoint):
            raise not_found(endpoint_id)
        found.append(endpoint)
    if not ids:
        found = [endpoint for endpoint in list(here.endpoints.values()) if _seen(endpoint)]
    tags = call.backend.tags
    chosen = filters.select(
        found, filters.parse(call.items("Filters")), _FILTERS, lambda one: dict(tags.get(one.id, {}))
    )
    shown, token = filters.page(chosen, call.params, lambda one: f"{one.sequence:012d}", limit=1000)
    return {"VpcEndpoints": [view(call, endpoint) for endpoint in shown], "NextToken": token}


def _seen(endpoint: Endpoint) -> bool:
    if endpoint.hidden_reads > 0:
        endpoint.hidden_reads -= 1
        return False
    if endpoint.held_reads > 0:
        endpoint.held_reads -= 1
    return True


def view(call: Context, endpoint: Endpoint) -> dict[str, Any]:
    """Return one `VpcEndpoint`."""
    shown: dict[str, Any] = {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": endpoint.type,
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "ServiceRegion": endpoint.service_region,
        "State": endpoint.state,
        "RouteTableIds": list(endpoint.route_table_ids),
        "SubnetIds": list(endpoint.interfaces),
        "Groups": _groups(call, endpoint),
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": endpoint.requester_managed,
        "NetworkInterfaceIds": list(endpoint.interfaces.values()),
        "DnsEntries": dns_entries(call, endpoint),
        "CreationTimestamp": endpoint.created,
        "Tags": [{"Key": k, "Value": v} for k, v in call.backend.tags.get(endpoint.id, {}).items()],
        "OwnerId": endpoint.account,
    }
    if endpoint.policy is not None:
        shown["PolicyDocument"] = endpoint.policy
    if endpoint.type != "Gateway":
        shown["IpAddressType"] = endpoint.ip_address_type
        shown["DnsOptions"] = endpoint.dns_options
    if endpoint.last_error:
        shown["LastError"] = endpoint.last_error
        shown["FailureReason"] = endpoint.last_error["Message"]
    return shown


def _groups(call: Context, endpoint: Endpoint) -> list[dict[str, str]]:
    known = call.backend.groups.get(endpoint.vpc_id, {})
    return [{"GroupId": one, "GroupName": known[one].name} for one in endpoint.group_ids if one in known]


def dns_entries(call: Context, endpoint: Endpoint) -> list[dict[str, str]]:
    """Return the names an interface endpoint answers to: regional, one for each zone, private."""
    if endpoint.type != "Interface" or endpoint.state in (
        "pendingAcceptance",
        "rejected",
        "failed",
        "deleted",
    ):
        return []
    try:
        service = services.find(endpoint.service_name, account=endpoint.account, region=endpoint.service_region)
    except AwsError:
        return []
    star = "*." if service.short_name in ("s3", "ecr.dkr", "execute-api") else ""
    label = f"{star}{endpoint.id}-{endpoint.dns_label}"
    names = [f"{label}.{service.dns_base}"]
    for zone in sorted(_zones(call, endpoint)):
        names.append(f"{label}-{zone}.{service.dns_base}")
    entries = [{"DnsName": name, "HostedZoneId": _PUBLIC_ZONE} for name in names]
    if endpoint.private_dns:
        entries += [{"DnsName": name, "HostedZoneId": _PRIVATE_ZONE} for name in service.private_names]
    return entries


def _zones(call: Context, endpoint: Endpoint) -> set[str]:
    enis = call.backend.enis
    return {enis[one].subnet.availability_zone for one in endpoint.interfaces.values() if one in enis}


_FILTERS: dict[str, filters.Getter[Endpoint]] = {
    "ip-address-type": lambda one: one.ip_address_type,
    "service-name": lambda one: one.service_name,
    "service-region": lambda one: one.service_region,
    "vpc-id": lambda one: one.vpc_id,
    "vpc-endpoint-id": lambda one: one.id,
    "vpc-endpoint-state": lambda one: one.state,
    "vpc-endpoint-type": lambda one: one.type,
}
