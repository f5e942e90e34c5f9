"""What a reading of a region gives, and what its parts know of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from endpoints.aws.gateway import Ec2Gateway

UNUSABLE = ("disassociating", "disassociated", "failing", "failed")
"""States of a CIDR association in which its range can't be used."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its kind (as `InventoryKind`), id, VPC, Name tag, and what the checks need of it.

    `vpc_id` is empty for what belongs to the region, and for what joins VPCs: its data name them.
    """

    kind: str
    aws_id: str
    vpc_id: str
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a region: the client, and by kind what it read before.

    `attributes` are the VPCs' DNS attributes as last known, and `turn` a number that rises from reading to reading.
    """

    client: Ec2Gateway
    attributes: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    turn: int = 0
    found: dict[str, list[Resource]] = field(default_factory=dict)


Section = Callable[[Reading], Iterator[Resource]]


def name_of(item: Mapping[str, Any]) -> str:
    """Return the Name tag, or an empty text."""
    return next((tag["Value"] for tag in item.get("Tags", ()) if tag["Key"] == "Name"), "")
