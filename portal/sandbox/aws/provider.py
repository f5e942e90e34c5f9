"""The provider's side: connections of endpoints to a service, accepted or rejected by its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portal.sandbox.aws import filters, lifecycle, services
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.describe import dns_entries
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import STORE, Endpoint


def describe_connections(call: Context) -> dict[str, Any]:
    """DescribeVpcEndpointConnections: the endpoints of every service the caller owns."""
    rows = []
    for service in services.custom_services(call.region):
        if service.owner == call.account:
            for endpoint in _connected(service.id):
                rows.append(_view(call, service, endpoint))
    chosen = filters.select(rows, filters.parse(call.items("Filters")), _FILTERS, lambda _: {})
    shown, token = filters.page(chosen, call.params, lambda row: str(row["VpcEndpointId"]), limit=1000)
    return {"VpcEndpointConnections": shown, "NextToken": token}


def accept(call: Context) -> dict[str, Any]:
    """AcceptVpcEndpointConnections: from `pendingAcceptance` by `pending` to `available`."""
    return _each(call, frozenset({"pendingAcceptance"}), _accept_one)


def reject(call: Context) -> dict[str, Any]:
    """RejectVpcEndpointConnections: a connection that waits or works becomes `rejected`, for good."""
    return _each(call, frozenset({"pendingAcceptance", "pending", "available"}), _reject_one)


def _accept_one(endpoint: Endpoint) -> None:
    lifecycle.start_pending(STORE.region(endpoint.account, endpoint.region), endpoint)


def _reject_one(endpoint: Endpoint) -> None:
    endpoint.moves = []
    endpoint.private_dns = False
    endpoint.state = "rejected"


def _each(call: Context, states: frozenset[str], act: Callable[[Endpoint], None]) -> dict[str, Any]:
    service = services.owned(call.text("ServiceId") or "", account=call.account, region=call.region)
    known = {endpoint.id: endpoint for endpoint in _connected(service.id)}
    failed = []
    for endpoint_id in call.items("VpcEndpointIds"):
        endpoint = known.get(endpoint_id)
        if endpoint is None:
            failed.append(_item(endpoint_id, "InvalidVpcEndpointId.NotFound", "does not exist"))
        elif endpoint.state not in states:
            failed.append(_item(endpoint_id, "InvalidState", f"is in the state {endpoint.state}"))
        else:
            act(endpoint)
    return {"Unsuccessful": failed}


def _item(endpoint_id: str, code: str, what: str) -> dict[str, Any]:
    message = f"The Vpc Endpoint Id '{endpoint_id}' {what}"
    return {"ResourceId": endpoint_id, "Error": {"Code": code, "Message": message}}


def _connected(service_id: str) -> list[Endpoint]:
    from moto.ec2.models import ec2_backends

    found = []
    for endpoint_id, (account, region) in list(STORE.connections.get(service_id, {}).items()):
        here = STORE.region(account, region)
        lifecycle.settle(ec2_backends[account][region], here)
        if endpoint_id in here.endpoints:
            found.append(here.endpoints[endpoint_id])
    return found


def _view(call: Context, service: services.Service, endpoint: Endpoint) -> dict[str, Any]:
    from moto.ec2.models import ec2_backends

    consumer = Context(call.action, endpoint.account, endpoint.region, {}, call.principal)
    tags = ec2_backends[endpoint.account][endpoint.region].tags.get(endpoint.id, {})
    return {
        "ServiceId": service.id,
        "VpcEndpointId": endpoint.id,
        "VpcEndpointOwner": endpoint.account,
        "VpcEndpointState": endpoint.state,
        "VpcEndpointRegion": endpoint.region,
        "CreationTimestamp": endpoint.created,
        "DnsEntries": dns_entries(consumer, endpoint),
        "NetworkLoadBalancerArns": list(service.load_balancers),
        "IpAddressType": endpoint.ip_address_type,
        "VpcEndpointConnectionId": endpoint.id.replace("vpce-", "vpce-con-"),
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def before_delete_service(call: Context) -> None:
    """Refuse to delete a service that has endpoints."""
    for service_id in call.items("ServiceIds"):
        if any(endpoint.alive and endpoint.state != "rejected" for endpoint in _connected(service_id)):
            raise AwsError(
                "ExistingVpcEndpointConnections",
                f"Service {service_id} has existing active VPC Endpoint connections!",
            )


_FILTERS: dict[str, filters.Getter[dict[str, Any]]] = {
    "ip-address-type": lambda row: row["IpAddressType"],
    "service-id": lambda row: row["ServiceId"],
    "vpc-endpoint-id": lambda row: row["VpcEndpointId"],
    "vpc-endpoint-owner": lambda row: row["VpcEndpointOwner"],
    "vpc-endpoint-region": lambda row: row["VpcEndpointRegion"],
    "vpc-endpoint-state": lambda row: row["VpcEndpointState"],
}
