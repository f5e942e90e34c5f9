"""The VPC as it will be: a snapshot after an approved change, to be asked the same as the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec
from endpoints.network.remedies import with_rules
from endpoints.network.snapshot import Part, Snapshot

NEW = "vpce-new"
"""The id of an endpoint that AWS has yet to make."""


def after(
    snapshot: Snapshot, spec: EndpointSpec | None, *, endpoint_id: str = "", revoked: Iterable[GroupRule] = ()
) -> Snapshot:
    """Return the snapshot with an endpoint as its spec says, available.

    `endpoint_id` is the one that is changed; without it, the endpoint is new. No spec means that it is deleted.
    The rules of security groups that it carries are there then, and those that are `revoked` are not.
    Addresses that AWS chooses are "to be assigned": an answer then holds for each that the subnet has.
    """
    snapshot = with_rules(snapshot, spec.group_rules if spec else (), revoked)
    if spec is None:
        return _without(snapshot, endpoint_id)
    aws_id = endpoint_id or NEW
    name = spec.name or ("" if endpoint_id else "the new endpoint")
    former = snapshot.endpoints.get(aws_id)
    had = former.data if former else {}
    part = Part(aws_id, name, {**had, **_data(snapshot, spec), **_kinds(spec, had)})
    return replace(
        snapshot,
        endpoints={**snapshot.endpoints, aws_id: part},
        interfaces=_interfaces(snapshot, spec, part),
        route_tables=_routed(snapshot, aws_id, spec.route_table_ids if spec.is_gateway else ()),
    )


def of_this_request(number: int) -> str:
    """Return the name of a new endpoint of the request in question, by its number there."""
    return f"number {number} of this request"


def beside(snapshot: Snapshot, others: Iterable[tuple[str, EndpointSpec]]) -> Snapshot:
    """Return the snapshot with other new endpoints, each given with the name that findings tell it by.

    Each takes an address in every subnet that it is placed in. The rules of security groups that they carry don't
    count: those go with them, so that whoever needs one carries it, too.
    """
    for name, spec in others:
        same = spec.service_name == (snapshot.service.aws_id if snapshot.service else "")
        # The prefix list that is known is that of the service in question: routes of another one are in nobody's way.
        routed = replace(spec, group_rules=(), route_table_ids=spec.route_table_ids if same else ())
        snapshot = after(snapshot, routed, endpoint_id=name)
        taken = {item: _one_less(snapshot.subnets[item]) for item in spec.subnet_ids if item in snapshot.subnets}
        counted = snapshot.gateway_endpoints_in_region + spec.is_gateway
        snapshot = replace(snapshot, subnets={**snapshot.subnets, **taken}, gateway_endpoints_in_region=counted)
    return snapshot


def _one_less(subnet: Part) -> Part:
    free = subnet.data.get("available_ip_address_count")
    left = {} if free is None else {"available_ip_address_count": max(0, free - 1)}
    return Part(subnet.aws_id, subnet.name, {**subnet.data, **left})


def _data(snapshot: Snapshot, spec: EndpointSpec) -> Mapping[str, Any]:
    groups = [part.aws_id for part in snapshot.guarding_groups(spec)]
    return {
        "service_name": spec.service_name,
        "vpc_endpoint_type": str(spec.vpc_endpoint_type),
        "state": "available",
        "private_dns_enabled": spec.private_dns_enabled,
        "private_dns_only_for_inbound_resolver_endpoint": spec.private_dns_only_for_inbound_resolver_endpoint,
        "subnet_ids": list(spec.subnet_ids),
        "route_table_ids": list(spec.route_table_ids),
        "security_group_ids": list(spec.security_group_ids) or groups,
        "policy_document": spec.policy_document,
    }


def _kinds(spec: EndpointSpec, had: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the types of addresses and records: where they are left to AWS, those that the endpoint had."""
    addresses = spec.ip_address_type or had.get("ip_address_type") or "ipv4"
    kept = had.get("dns_record_ip_type", "") if addresses == had.get("ip_address_type") else ""
    return {"ip_address_type": addresses, "dns_record_ip_type": spec.dns_record_ip_type or kept}


def _without(snapshot: Snapshot, endpoint_id: str) -> Snapshot:
    if not endpoint_id:
        return snapshot
    return replace(
        snapshot,
        endpoints={key: part for key, part in snapshot.endpoints.items() if key != endpoint_id},
        interfaces={key: part for key, part in snapshot.interfaces.items() if not _is_of(part, endpoint_id)},
        route_tables=_routed(snapshot, endpoint_id, ()),
    )


def _is_of(part: Part, endpoint_id: str) -> bool:
    return bool(endpoint_id) and part.data.get("vpc_endpoint_id") == endpoint_id


def _interfaces(snapshot: Snapshot, spec: EndpointSpec, endpoint: Part) -> dict[str, Part]:
    """Return the interfaces of the VPC: those of the endpoint that stay with its groups, and those that are made."""
    found = {key: part for key, part in snapshot.interfaces.items() if not _is_of(part, endpoint.aws_id)}
    if spec.is_gateway:
        return found
    groups = endpoint.data["security_group_ids"]
    stay = {
        str(part.data.get("subnet_id")): part for part in snapshot.interfaces.values() if _is_of(part, endpoint.aws_id)
    }
    for subnet_id in spec.subnet_ids:
        former = stay.get(subnet_id)
        fixed = spec.fixed_addresses.get(subnet_id, "")
        moved = former is None or bool(fixed and fixed != former.data.get("private_ip"))
        data: dict[str, Any] = {
            "interface_type": "vpc_endpoint",
            "vpc_endpoint_id": endpoint.aws_id,
            "subnet_id": subnet_id,
            **(former.data if former else {}),
            "group_ids": groups,
            **({"private_ip": fixed, "private_ips": [fixed] if fixed else [], "ipv6_addresses": []} if moved else {}),
        }
        aws_id = former.aws_id if former else f"{endpoint.aws_id} in {subnet_id}"
        found[aws_id] = Part(aws_id, former.name if former else "", data)
    return found


def _routed(snapshot: Snapshot, endpoint_id: str, table_ids: tuple[str, ...]) -> dict[str, Part]:
    """Return the route tables with routes to the endpoint in those that are named and in no other."""
    found = {}
    for key, part in snapshot.route_tables.items():
        named = key in table_ids
        routes = [item for item in part.data.get("routes", ()) if named or item.get("target") != endpoint_id]
        led = any(item.get("target") == endpoint_id for item in routes)
        if named and not led and snapshot.prefix_list_id:
            routes.append({"destination": snapshot.prefix_list_id, "target": endpoint_id, "state": "active"})
        found[key] = Part(part.aws_id, part.name, {**part.data, "routes": routes})
    return found
