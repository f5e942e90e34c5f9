"""DeleteVpcEndpoints, and what may not be deleted while an endpoint uses it."""

from __future__ import annotations

from typing import Any

from portal.sandbox.aws import lifecycle, validation
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError


def delete_vpc_endpoints(call: Context) -> dict[str, Any]:
    """Delete each endpoint; the ones that do not exist are listed in `Unsuccessful` of a successful
    answer."""
    failed = []
    for endpoint_id in call.items("VpcEndpointIds"):
        endpoint = call.here.endpoints.get(endpoint_id)
        if endpoint is None or endpoint.state == "deleted":
            message = f"The Vpc Endpoint '{endpoint_id}' does not exist"
            failed.append(_unsuccessful(endpoint_id, AwsError("InvalidVpcEndpoint.NotFound", message)))
        elif endpoint.requester_managed:
            failed.append(_unsuccessful(endpoint_id, validation.requester_managed(endpoint)))
        elif endpoint.state != "deleting":
            lifecycle.start_deleting(call.here, endpoint)
    return {"Unsuccessful": failed}


def _unsuccessful(endpoint_id: str, error: AwsError) -> dict[str, Any]:
    return {"ResourceId": endpoint_id, "Error": {"Code": error.code, "Message": error.message}}


def before_delete_security_group(call: Context) -> None:
    """Refuse while an interface of an endpoint is in the group."""
    group_id = call.text("GroupId")
    for interface_id in call.here.managed_interfaces:
        if any(group.id == group_id for group in call.backend.enis[interface_id].group_set):
            raise AwsError("DependencyViolation", f"resource {group_id} has a dependent object")


def before_delete_subnet(call: Context) -> None:
    """Refuse while an interface of an endpoint is in the subnet."""
    subnet_id = call.text("SubnetId")
    for interface_id in call.here.managed_interfaces:
        if call.backend.enis[interface_id].subnet.id == subnet_id:
            raise AwsError("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


def before_delete_vpc(call: Context) -> None:
    """Refuse while the VPC has endpoints."""
    vpc_id = call.text("VpcId") or ""
    if any(endpoint.state != "deleted" for endpoint in call.here.by_vpc.get(vpc_id, {}).values()):
        raise AwsError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def before_delete_route_table(call: Context) -> None:
    """Take the table off the endpoints that routed through it."""
    table_id = call.text("RouteTableId")
    table = call.backend.route_tables.get(table_id)
    if table is not None and not table._associations:
        for endpoint in call.here.endpoints.values():
            if table_id in endpoint.route_table_ids:
                endpoint.route_table_ids.remove(table_id)


def before_delete_route(call: Context) -> None:
    """Refuse to delete an endpoint's route by hand: it goes with ModifyVpcEndpoint."""
    prefix_list_id = call.text("DestinationPrefixListId")
    table = call.backend.route_tables.get(call.text("RouteTableId"))
    for route in table.routes if table is not None and prefix_list_id else []:
        if route.destination_prefix_list_id == prefix_list_id and route.vpc_endpoint_id:
            raise AwsError(
                "InvalidParameterValue",
                f"cannot remove VPC endpoint route {route.vpc_endpoint_id} in route table {table.id}",
            )


def before_touch_interface(call: Context) -> None:
    """Refuse to delete or change an interface that belongs to an endpoint."""
    interface_id = call.text("NetworkInterfaceId")
    if interface_id in call.here.managed_interfaces:
        if call.action == "DeleteNetworkInterface":
            raise AwsError("InvalidNetworkInterface.InUse", f"Network interface '{interface_id}' is currently in use.")
        raise AwsError("OperationNotPermitted", f"You do not have permission to manage '{interface_id}'.")


def before_tag(call: Context) -> None:
    """Refuse to tag an endpoint that does not exist, or with what a creation refuses (moto would not look)."""
    for resource_id in call.items("Resources"):
        if str(resource_id).startswith("vpce-") and not str(resource_id).startswith("vpce-svc-"):
            endpoint = call.here.endpoints.get(resource_id)
            if endpoint is None or endpoint.hidden_reads > 0:
                raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{resource_id}' does not exist")
            for tag in call.items("Tags"):
                validation.tag_allowed(str(tag.get("Key") or ""), str(tag.get("Value") or ""))
