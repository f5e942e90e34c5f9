"""A VPC with what stands in it, as last read: what the checks reason over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from endpoints.domain.specs import EndpointSpec

GONE = frozenset({"deleted", "deleting", "failed", "rejected", "expired"})
"""AWS states in which an endpoint serves nobody."""


@dataclass(frozen=True, slots=True)
class Part:
    """One resource: its id, its name (may be empty), and its data as `endpoints.aws.inventory` reads it."""

    aws_id: str
    name: str
    data: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Return the name with the id, or the id alone."""
        return f"{self.name} ({self.aws_id})" if self.name else self.aws_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One VPC and what touches it; each mapping is by AWS id. `vpc` is None when the VPC isn't known.

    `former` is the spec of the endpoint that is changed, `own_id` its id in AWS: it can't stand in its own way.
    `replaced_id` is the endpoint that goes when the new one is available.
    `gateways` are internet, egress-only, NAT and VPN gateways, Direct Connect, transit attachments and peerings
    (`data["kind"]`); a transit attachment stands under its own id, so that `gateway_for` finds it by a route's target.
    `prefix_lists` are the region's. `connected` are endpoints to the same service in VPCs that this one is peered or
    attached to, whatever their account; `data` says `vpc_id`, `account_id` and `through`.
    `interfaces` are there only where they were asked for (`services.snapshots.snapshot_for`): a VPC has thousands.
    `read_at` is when all of it was last read (None: never), `stale` tells that it could not be read again since.
    """

    vpc: Part | None
    service: Part | None
    subnets: Mapping[str, Part] = field(default_factory=dict)
    route_tables: Mapping[str, Part] = field(default_factory=dict)
    security_groups: Mapping[str, Part] = field(default_factory=dict)
    endpoints: Mapping[str, Part] = field(default_factory=dict)
    network_acls: Mapping[str, Part] = field(default_factory=dict)
    gateways: Mapping[str, Part] = field(default_factory=dict)
    interfaces: Mapping[str, Part] = field(default_factory=dict)
    prefix_lists: Mapping[str, Part] = field(default_factory=dict)
    connected: Mapping[str, Part] = field(default_factory=dict)
    gateway_endpoints_in_region: int = 0
    prefix_list_id: str = ""
    read_at: datetime | None = None
    stale: bool = False
    former: EndpointSpec | None = None
    own_id: str = ""
    replaced_id: str = ""

    def added(self, spec: EndpointSpec, field: str) -> tuple[str, ...]:
        """Return the ids of a spec's list that the endpoint doesn't have yet: all of them for a new one."""
        had = set(getattr(self.former, field)) if self.former else set()
        return tuple(item for item in getattr(spec, field) if item not in had)

    def same_service(self, spec: EndpointSpec) -> list[Part]:
        """Return the other endpoints to the same service in the VPC that are of use."""
        return [
            part
            for part in self.endpoints.values()
            if part.data.get("service_name") == spec.service_name
            and part.data.get("state") not in GONE
            and part.aws_id != self.own_id
        ]

    def acl_of(self, subnet_id: str) -> Part | None:
        """Return the network ACL that guards a subnet: the one it is associated with, else the VPC's default one."""
        return _associated(self.network_acls, subnet_id, otherwise="is_default")

    def route_table_of(self, subnet_id: str) -> Part | None:
        """Return the route table that a subnet follows: the one it is associated with, else the VPC's main one."""
        return _associated(self.route_tables, subnet_id, otherwise="main")

    def gateway_for(self, target: str) -> Part | None:
        """Return the gateway that a route's target names; for a transit gateway, the VPC's attachment to it."""
        known = self.gateways.get(target)
        if known or not target.startswith("tgw-"):
            return known
        return next((part for part in self.gateways.values() if part.data.get("transit_gateway_id") == target), None)

    def interfaces_of(self, vpc_endpoint_id: str) -> list[Part]:
        """Return an endpoint's network interfaces, by subnet."""
        found = [part for part in self.interfaces.values() if part.data.get("vpc_endpoint_id") == vpc_endpoint_id]
        return sorted(found, key=lambda part: (part.data.get("subnet_id", ""), part.aws_id))

    def default_group(self) -> Part | None:
        """Return the VPC's default security group, which AWS attaches where none is chosen."""
        return next((part for part in self.security_groups.values() if part.name == "default"), None)

    def guarding_groups(self, spec: EndpointSpec) -> list[Part]:
        """Return the groups that will guard an Interface endpoint of this spec."""
        if spec.security_group_ids:
            return [self.security_groups[item] for item in spec.security_group_ids if item in self.security_groups]
        default = self.default_group()
        return [default] if default else []


def _associated(parts: Mapping[str, Part], subnet_id: str, *, otherwise: str) -> Part | None:
    explicit = next((part for part in parts.values() if subnet_id in part.data.get("subnet_ids", ())), None)
    return explicit or next((part for part in parts.values() if part.data.get(otherwise)), None)
