"""Routes of gateway endpoints: destination the service's prefix list, target the endpoint."""

from __future__ import annotations

from typing import Any

from portal.sandbox.aws.errors import AwsError, invalid
from portal.sandbox.aws.store import Endpoint


def find_table(backend: Any, route_table_id: str, vpc_id: str) -> Any:
    """Return a route table of the endpoint's VPC; raises `InvalidRouteTableId.NotFound` or
    `InvalidParameter`."""
    table = backend.route_tables.get(route_table_id)
    if table is None:
        raise AwsError("InvalidRouteTableId.NotFound", f"The routeTable ID '{route_table_id}' does not exist")
    if table.vpc_id != vpc_id:
        raise invalid(f"Route table {route_table_id} does not belong to VPC {vpc_id}")
    return table


def check_free(table: Any, prefix_list_id: str) -> None:
    """Refuse a table that leads to the prefix list already."""
    if any(route.destination_prefix_list_id == prefix_list_id for route in table.routes):
        raise AwsError(
            "RouteAlreadyExists",
            f"route table {table.id} already has a route with destination-prefix-list-id {prefix_list_id}",
        )


def add(backend: Any, endpoint: Endpoint, route_table_id: str) -> None:
    """Add the endpoint's route to a table."""
    from moto.ec2.models.route_tables import Route

    table = backend.route_tables[route_table_id]
    prefix_list = backend.managed_prefix_lists[endpoint.prefix_list_id]
    route = Route(  # type: ignore[abstract]  # moto makes them the same way
        table, None, None, destination_prefix_list=prefix_list, vpc_endpoint_id=endpoint.id
    )
    table._routes[route.id] = route
    endpoint.route_table_ids.append(route_table_id)


def remove(backend: Any, endpoint: Endpoint, route_table_id: str) -> None:
    """Remove the endpoint's route from a table, if both are still there."""
    if route_table_id in endpoint.route_table_ids:
        endpoint.route_table_ids.remove(route_table_id)
    table = backend.route_tables.get(route_table_id)
    if table is None:
        return
    for route_id, route in list(table._routes.items()):
        if route.vpc_endpoint_id == endpoint.id:
            del table._routes[route_id]
