"""Routes to a Gateway endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from endpoints.domain.specs import EndpointSpec
from endpoints.network.preflight.findings import Finding
from endpoints.network.snapshot import Snapshot


def tables_followed(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A route table that no subnet follows carries nobody's traffic."""
    followed = {table.aws_id for item in snapshot.subnets if (table := snapshot.route_table_of(item))}
    for item in snapshot.added(spec, "route_table_ids"):
        part = snapshot.route_tables.get(item)
        if part and item not in followed and not part.data.get("main"):
            message = f"No subnet follows {part.label}: nobody's traffic takes its routes."
            cure = "Choose the route tables of the clients' subnets."
            yield Finding("route-table-unused", "info", "route_table_ids", message, cure)


def routes_free(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A route table takes one route per prefix list; a new one drops open connections."""
    for item in spec.route_table_ids:
        part = snapshot.route_tables.get(item)
        for route in part.data.get("routes", ()) if part else ():
            own = bool(snapshot.own_id) and route.get("target") == snapshot.own_id
            if snapshot.prefix_list_id and route.get("destination") == snapshot.prefix_list_id and part and not own:
                message = f"{part.label} already routes {spec.short_service} to {route.get('target')}."
                cure = "Leave this route table out."
                yield Finding("route-exists", "block", "route_table_ids", message, cure)
    if snapshot.former:
        changed = set(snapshot.former.route_table_ids) ^ set(spec.route_table_ids)
        which, when = "route tables that are added or taken out", "changed"
    else:
        changed, which, when = set(spec.route_table_ids), "chosen route tables", "created"
    if changed:
        message = f"Open TCP connections to the service through the {which} drop once when it is {when}."
        yield Finding(
            "connections-drop", "warn", "route_table_ids", message, "Have it done when that is harmless for clients."
        )
