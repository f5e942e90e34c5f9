"""Durable pieces of provisioning work: the queue is these rows, and Redis only wakes workers."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from endpoints.domain import lifecycle

IN_FLIGHT = ("observing", "waiting_acceptance")
CLAIMABLE = ("queued", "running")
ROUTINE = ("delete",)
"""Actions that nobody waits for: they give way to all others."""


class OperationQuerySet(models.QuerySet["Operation"]):
    """Operations as workers look for them. Times are the database's clock, so a worker's clock can't mislead."""

    def due(self) -> Self:
        """Return what a worker may claim now: queued and due, or running with an expired lease."""
        return self.filter(
            Q(status="queued", next_attempt_at__lte=Now()) | Q(status="running", lease_expires_at__lt=Now())
        )


class Operation(models.Model):
    """One durable piece of provisioning work for one change.

    `client_token` is what AWS de-duplicates a create by (at most 64 ASCII characters); it is drawn with the row,
    so every attempt sends the same. `fence` rises with each claim: a worker that lost its lease can't write.
    `slot_action` is the AWS action of the call that was made last, at `called_at`, or of the one that has its turn at
    `slot_at` (see `services/turns.py`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    change = models.OneToOneField("endpoints.Change", on_delete=models.PROTECT, related_name="operation")
    request = models.ForeignKey("endpoints.EndpointRequest", on_delete=models.PROTECT, related_name="operations")
    endpoint = models.ForeignKey("endpoints.Endpoint", on_delete=models.PROTECT, related_name="operations")
    account = models.ForeignKey("endpoints.Account", on_delete=models.PROTECT, related_name="operations")
    region = models.CharField(max_length=32)
    action = models.CharField(max_length=12)
    status = models.CharField(max_length=24, choices=lifecycle.OPERATION.choices(), default=lifecycle.OPERATION.initial)
    generation = models.PositiveIntegerField(default=1)
    client_token = models.CharField(max_length=64, unique=True)
    intent: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    intent_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=80, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    throttles = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    slot_at = models.DateTimeField(null=True, blank=True)
    slot_action = models.CharField(max_length=40, blank=True, default="")
    last_error_code = models.CharField(max_length=120, blank=True, default="")
    last_error = models.TextField(blank=True, default="")
    last_cure = models.TextField(blank=True, default="")
    aws_request_id = models.CharField(max_length=80, blank=True, default="")
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=list(lifecycle.OPERATION.states)), name="operation_status_known"
            ),
            models.CheckConstraint(
                condition=(Q(lease_expires_at__isnull=True) & Q(lease_owner=""))
                | (Q(lease_expires_at__isnull=False) & ~Q(lease_owner="")),
                name="operation_lease_who_until",
            ),
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(status__in=[value for value in lifecycle.OPERATION.live() if value != "failed"]),
                name="operation_one_at_a_time_per_endpoint",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status="queued"), name="operation_due"),
            models.Index(fields=["account", "region", "slot_action", "called_at"], name="operation_called"),
            models.Index(fields=["lease_expires_at"], condition=Q(status="running"), name="operation_expired"),
            models.Index(fields=["account", "region"], condition=Q(status__in=IN_FLIGHT), name="operation_in_flight"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"

    @property
    def state(self) -> lifecycle.State:
        """Return the status with its label, tone and meaning."""
        return lifecycle.OPERATION.states[self.status]

    @property
    def is_routine(self) -> bool:
        """Tell whether the operation gives way to urgent ones."""
        return self.action in ROUTINE


def client_token(operation_id: uuid.UUID, generation: int) -> str:
    """Return the ClientToken of an operation's generation: ASCII, at most 64 characters."""
    return f"portal-{operation_id.hex}-{generation}"
