"""A VPC with what stands in it, as last read: what the checks reason over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from endpoints.domain.specs import EndpointSpec


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
    """One VPC; each mapping is by AWS id. `vpc` is None when the VPC isn't known."""

    vpc: Part | None
    service: Part | None
    subnets: Mapping[str, Part] = field(default_factory=dict)
    route_tables: Mapping[str, Part] = field(default_factory=dict)
    security_groups: Mapping[str, Part] = field(default_factory=dict)
    endpoints: Mapping[str, Part] = field(default_factory=dict)
    prefix_list_id: str = ""

    def default_group(self) -> Part | None:
        """Return the VPC's default security group, which AWS attaches where none is chosen."""
        return next((part for part in self.security_groups.values() if part.name == "default"), None)

    def guarding_groups(self, spec: EndpointSpec) -> list[Part]:
        """Return the groups that will guard an Interface endpoint of this spec."""
        if spec.security_group_ids:
            return [self.security_groups[item] for item in spec.security_group_ids if item in self.security_groups]
        default = self.default_group()
        return [default] if default else []
