"""Questions to the simulator that were kept, so that a link leads back to them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.urls import reverse


class SavedSimulation(models.Model):
    """One question, as `policy.question` has it, under an id that nobody guesses. The same question is kept once.

    `source` says where the endpoint policy was taken from; its text stands in the question, as it was then.
    `opened_at` is when somebody last looked, to the day: what nobody opens any more is swept away.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    source: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, unique=True)
    author = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="simulations")
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["author", "-created_at"], name="simulation_by_author")]

    def __str__(self) -> str:
        return f"Simulation {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the page with the question and its answer."""
        return reverse("simulation", args=[self.pk])
