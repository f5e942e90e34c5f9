"""What stands in a region, as workers last read it: the forms and checks read these rows, never AWS."""

from __future__ import annotations

from typing import Any

from django.db import models


class InventoryKind(models.TextChoices):
    """What an item is."""

    VPC = "vpc", "VPC"
    SUBNET = "subnet", "Subnet"
    ROUTE_TABLE = "route_table", "Route table"
    SECURITY_GROUP = "security_group", "Security group"
    SERVICE = "service", "Endpoint service"
    PREFIX_LIST = "prefix_list", "Prefix list"
    VPC_ENDPOINT = "vpc_endpoint", "VPC endpoint"


class InventoryItem(models.Model):
    """One resource of an account-region. `data` holds what the checks need of it, in snake_case."""

    account = models.ForeignKey("endpoints.Account", on_delete=models.CASCADE, related_name="inventory")
    region = models.CharField(max_length=32)
    kind = models.CharField(max_length=20, choices=InventoryKind.choices)
    aws_id = models.CharField(max_length=255)
    vpc_id = models.CharField(max_length=32, blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "kind", "aws_id"], name="inventory_item_once"),
        ]
        indexes = [models.Index(fields=["account", "region", "kind", "vpc_id"], name="inventory_by_vpc")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Return the name with the id, or the id alone."""
        return f"{self.name} ({self.aws_id})" if self.name else self.aws_id
