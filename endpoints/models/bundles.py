"""Bundles that teams make: services that their workloads need together."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from endpoints.network import bundles


class Bundle(models.Model):
    """A team's own bundle, for everybody to use. `members` are those of `network.bundles.Member`, in order."""

    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=300, blank=True, default="")
    members: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField()
    owner_team = models.ForeignKey("endpoints.Team", on_delete=models.PROTECT, related_name="bundles")
    creator = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="bundles")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="bundle_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="bundle_has_a_name"),
            models.CheckConstraint(condition=~Q(members=[]), name="bundle_has_members"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the page where it is edited."""
        return reverse("bundle_edit", args=[self.pk])

    def as_bundle(self) -> bundles.Bundle:
        """Return it as the pure package has it."""
        members = tuple(bundles.Member(**item) for item in self.members)
        return bundles.Bundle(id=str(self.pk), title=self.name, purpose=self.purpose, members=members)
