"""One packet there and one back, step by step through tables and rules, as AWS's guides tell it.

Slow and plain on purpose, and knows nothing of `endpoints.network`: it is what reachability is held against. A world
is a dict of dicts by id: vpc, subnets, route_tables, security_groups, network_acls, gateways, endpoints, interfaces,
prefix_lists, service. A client is a dict of subnet_id, ip, groups and public.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

World = dict[str, Any]


class Beyond(Exception):  # it isn't an error: what lies there can't be seen
    """The packet leaves what the world describes."""


class Dropped(Exception):  # the way in which a packet ends
    """The packet is gone."""


def names(world: World, service: str) -> list[tuple[str, str]]:
    """Return the addresses that the service's name has in the VPC with the interface each belongs to ("" public)."""
    vpc = world["vpc"]
    for endpoint_id, endpoint in world["endpoints"].items():
        if endpoint["service_name"] != service or endpoint["vpc_endpoint_type"] != "Interface":
            continue
        if endpoint["state"] in ("rejected", "failed", "deleted", "pendingacceptance"):
            continue
        if not endpoint["private_dns_enabled"] or endpoint.get("private_dns_only_for_inbound_resolver_endpoint"):
            continue
        if vpc["enable_dns_support"] and vpc["enable_dns_hostnames"]:
            mine = [(k, v) for k, v in world["interfaces"].items() if v.get("vpc_endpoint_id") == endpoint_id]
            return [(v["private_ip"], k) for k, v in mine]
    return []


def connects(world: World, client: dict[str, Any], address: str, interface_id: str, ports: tuple[int, int, int]) -> str:
    """Return what carries a TCP connection: an endpoint's id or "internet"; raise Dropped or Beyond.

    `ports` are the service's, the client's, and the one that a NAT gateway would choose.
    """
    port, client_port, nat_port = ports
    if not any(
        egress_rule_allows(world, world["security_groups"][g], address, interface_id, port) for g in client["groups"]
    ):
        raise Dropped("outbound rules of the client")
    if interface_id:
        return _to_interface(world, client, address, interface_id, port, client_port)
    return _to_public(world, client, address, port, client_port, nat_port)


def _to_interface(
    world: World, client: dict[str, Any], address: str, interface_id: str, port: int, client_port: int
) -> str:
    interface = world["interfaces"][interface_id]
    here, there = client["subnet_id"], interface["subnet_id"]
    if world["endpoints"][interface["vpc_endpoint_id"]]["state"] != "available":
        raise Dropped("state of the endpoint")
    if route(world, here, address) != "local":
        filter_packet(world, here, True, address, port)
        filter_packet(world, here, False, address, client_port)
        raise Beyond
    if here != there:
        filter_packet(world, here, True, address, port)
        filter_packet(world, there, False, client["ip"], port)
    groups = [world["security_groups"][g] for g in interface["group_ids"]]
    if not any(ingress_rule_allows(world, group, client, port) for group in groups):
        raise Dropped("inbound rules of the endpoint")
    if here != there:
        filter_packet(world, there, True, client["ip"], client_port)
        filter_packet(world, here, False, address, client_port)
    return str(interface["vpc_endpoint_id"])


def _to_public(world: World, client: dict[str, Any], address: str, port: int, client_port: int, nat_port: int) -> str:
    here = client["subnet_id"]
    target = route(world, here, address)
    if target.startswith("nat-"):
        nat = world["gateways"][target]
        there = nat["subnet_id"]
        if nat["state"] != "available":
            raise Dropped("state of the NAT gateway")
        if here != there:
            filter_packet(world, here, True, address, port)
            filter_packet(world, there, False, client["ip"], port)
        onward = route(world, there, address)
        if onward.startswith("nat-"):
            raise Dropped("from one NAT gateway to the next")
        if onward.startswith("igw-") and nat["connectivity"] == "private":
            raise Dropped("no public address")
        filter_packet(world, there, True, address, port)
        filter_packet(world, there, False, address, nat_port)
        if here != there:
            filter_packet(world, there, True, client["ip"], client_port)
            filter_packet(world, here, False, address, client_port)
        return _leave(world, onward, public=True)
    filter_packet(world, here, True, address, port)
    filter_packet(world, here, False, address, client_port)
    return _leave(world, target, public=client["public"])


def _leave(world: World, target: str, *, public: bool) -> str:
    if target.startswith("vpce-"):
        if world["endpoints"][target]["state"] != "available":
            raise Dropped("state of the endpoint")
        return target
    if target.startswith("igw-"):
        if not public:
            raise Dropped("no public address")
        return "internet"
    if target.startswith(("pcx-", "eigw-")):
        raise Dropped("no way on")
    raise Beyond


def route(world: World, subnet_id: str, address: str) -> str:
    """Return the target of the most specific route."""
    tables = list(world["route_tables"].values())
    named = [table for table in tables if subnet_id in table["subnet_ids"]]
    table = named[0] if named else next(table for table in tables if table["main"])
    matching = []
    for number, item in enumerate(table["routes"]):
        listed = world["prefix_lists"].get(item["destination"])
        for cidr in listed["cidrs"] if listed else [item["destination"]]:
            if ip_address(address) in ip_network(cidr):
                learned = item.get("origin") == "EnableVgwRoutePropagation"
                matching.append((ip_network(cidr).prefixlen, not learned, not listed, -number, item))
    if any(entry[4]["target"] == "local" for entry in matching):
        matching = [entry for entry in matching if entry[1]]  # what is learned never beats the local route
    if not matching:
        raise Dropped("no route")
    chosen = max(matching, key=lambda entry: entry[:4])[4]
    if chosen.get("state") == "blackhole":
        raise Dropped("blackhole")
    return str(chosen["target"])


def filter_packet(world: World, subnet_id: str, egress: bool, remote: str, port: int) -> None:
    """Let a packet through the subnet's network ACL, or raise Dropped."""
    own = [item for item in world["network_acls"].values() if subnet_id in item["subnet_ids"]]
    acl = own[0] if own else next(item for item in world["network_acls"].values() if item["is_default"])
    for entry in sorted(acl["entries"], key=lambda item: item["rule_number"]):
        if entry["egress"] != egress or entry["protocol"] not in ("-1", "6"):
            continue
        if entry["protocol"] == "6" and not entry["from_port"] <= port <= entry["to_port"]:
            continue
        if ip_address(remote) in ip_network(entry["cidr"]):
            if entry["action"] == "allow":
                return
            raise Dropped(f"rule {entry['rule_number']} of an ACL")
    raise Dropped("the last rule of an ACL")


def _about(rule: dict[str, Any], port: int) -> bool:
    return rule["protocol"] == "-1" or (rule["protocol"] == "tcp" and rule["from_port"] <= port <= rule["to_port"])


def _ranges(world: World, rule: dict[str, Any]) -> list[str]:
    listed = [cidr for item in rule["prefix_lists"] for cidr in world["prefix_lists"][item]["cidrs"]]
    return [*rule["cidrs"], *listed]


def egress_rule_allows(world: World, group: dict[str, Any], address: str, interface_id: str, port: int) -> bool:
    """Tell whether a group of the client has an outbound rule for the packet."""
    peers = world["interfaces"][interface_id]["group_ids"] if interface_id else []
    return any(
        _about(rule, port)
        and (
            any(ip_address(address) in ip_network(cidr) for cidr in _ranges(world, rule))
            or any(item in peers for item in rule["groups"])
        )
        for rule in group["egress"]
    )


def ingress_rule_allows(world: World, group: dict[str, Any], client: dict[str, Any], port: int) -> bool:
    """Tell whether a group of the endpoint has an inbound rule for the packet."""
    return any(
        _about(rule, port)
        and (
            any(ip_address(client["ip"]) in ip_network(cidr) for cidr in _ranges(world, rule))
            or any(item in client["groups"] for item in rule["groups"])
        )
        for rule in group["ingress"]
    )
