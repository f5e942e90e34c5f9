"""Drift: where AWS has something else than what was approved, field by field, from when to when."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q


class DriftQuerySet(models.QuerySet["Drift"]):
    """Drift as people and workers look for it."""

    def open(self) -> Self:
        """Return what still differs."""
        return self.filter(resolved_at__isnull=True)


class Drift(models.Model):
    """One field of an endpoint, by botocore's name in snake_case, as approved and as observed.

    `desired` and `observed` are the values of `domain.drift.Difference` as JSON. A row is open until AWS is seen to be
    as approved again; then `resolved_at` says when, and the row stays as history.
    """

    endpoint = models.ForeignKey("endpoints.Endpoint", on_delete=models.PROTECT, related_name="drifts")
    field = models.CharField(max_length=160)
    desired: models.JSONField[Any, Any] = models.JSONField(null=True)
    observed: models.JSONField[Any, Any] = models.JSONField(null=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = DriftQuerySet.as_manager()

    class Meta:
        ordering = ["endpoint", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "field"], condition=Q(resolved_at__isnull=True), name="drift_open_once_per_field"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.endpoint_id}"
