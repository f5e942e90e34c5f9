"""What stands in a region, as workers last read it: the forms and checks read these rows, never AWS."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.fields.json import KT


class InventoryKind(models.TextChoices):
    """What an item is."""

    VPC = "vpc", "VPC"
    SUBNET = "subnet", "Subnet"
    ROUTE_TABLE = "route_table", "Route table"
    SECURITY_GROUP = "security_group", "Security group"
    SERVICE = "service", "Endpoint service"
    PREFIX_LIST = "prefix_list", "Prefix list"
    VPC_ENDPOINT = "vpc_endpoint", "VPC endpoint"
    NETWORK_ACL = "network_acl", "Network ACL"
    NETWORK_INTERFACE = "network_interface", "Network interface"
    INTERNET_GATEWAY = "internet_gateway", "Internet gateway"
    EGRESS_ONLY_GATEWAY = "egress_only_gateway", "Egress-only internet gateway"
    NAT_GATEWAY = "nat_gateway", "NAT gateway"
    VPN_GATEWAY = "vpn_gateway", "VPN gateway"
    TRANSIT_ATTACHMENT = "transit_attachment", "Transit gateway attachment"
    PEERING = "peering", "VPC peering"
    DIRECT_CONNECT = "direct_connect", "Direct Connect gateway"


class InventoryItem(models.Model):
    """One resource of an account-region. `data` holds what the checks need of it, in snake_case.

    `digest` tells whether a later reading is the same, so that only what changed is written; empty: not known.
    `vpc_id` is empty for what belongs to the region, and for what joins VPCs: its `data["vpc_ids"]` name them.
    """

    account = models.ForeignKey("endpoints.Account", on_delete=models.CASCADE, related_name="inventory")
    region = models.CharField(max_length=32)
    kind = models.CharField(max_length=20, choices=InventoryKind.choices)
    aws_id = models.CharField(max_length=255)
    vpc_id = models.CharField(max_length=32, blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    digest = models.CharField(max_length=32, blank=True, default="", editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "kind", "aws_id"], name="inventory_item_once"),
        ]
        indexes = [
            models.Index(fields=["account", "region", "kind", "vpc_id"], name="inventory_by_vpc"),
            # What stands in a VPC whoever reads it: the VPCs that another one is connected to are other accounts', too.
            models.Index(fields=["vpc_id", "kind"], name="inventory_of_vpc", condition=~models.Q(vpc_id="")),
            models.Index(fields=["name"], name="inventory_vpc_name", condition=models.Q(kind="vpc")),  # the search's
            models.Index(
                KT("data__transit_gateway_id"),
                name="inventory_by_transit",
                condition=models.Q(kind="transit_attachment"),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Return the name with the id, or the id alone."""
        return f"{self.name} ({self.aws_id})" if self.name else self.aws_id
