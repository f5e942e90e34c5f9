"""Durable pieces of provisioning work: the queue is these rows, and Redis only wakes workers."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from endpoints.domain import lifecycle

IN_FLIGHT = ("observing", "waiting_acceptance")
NEEDS_PERSON = ("failed", "parked")
CLAIMABLE = ("queued", "running")
ROUTINE = ("delete",)
"""Actions that nobody waits for: they give way to all others."""
LIVE = ("queued", "running", "observing")
"""What goes on by itself, as long as workers and observers do."""
MAX_ATTEMPTS = 8
"""Tries before an operation needs a person. Throttles don't count: nothing was tried."""
OVERDUE = timedelta(minutes=5)
"""After how long past its time an operation that nobody takes up is shown to a person."""
STUCK = timedelta(minutes=30)
"""After how long in flight an operation is handed to a person."""


class Trouble(models.TextChoices):
    """Why an operation will not go on by itself: the dead letters."""

    FAILED = "failed", "Failed: needs a decision"
    WORN_OUT = "worn_out", "Gave up after many attempts"
    PARKED = "parked", "Parked by an operator"
    OVERDUE = "overdue", "Due, but nobody takes it up"
    STUCK = "stuck", "In flight for too long"


def _late() -> Q:
    """Return what should have gone on and hasn't: no worker takes it up, or no observer sees it end."""
    return (
        Q(status="queued", next_attempt_at__lt=Now() - OVERDUE)
        | Q(status="running", lease_expires_at__lt=Now() - OVERDUE)
        | Q(status="observing", in_flight_since__lt=Now() - STUCK)
    )


class OperationQuerySet(models.QuerySet["Operation"]):
    """Operations as workers look for them. Times are the database's clock, so a worker's clock can't mislead."""

    def due(self) -> Self:
        """Return what a worker may claim now: queued and due, or running with an expired lease."""
        return self.filter(
            Q(status="queued", next_attempt_at__lte=Now()) | Q(status="running", lease_expires_at__lt=Now())
        )

    def dead(self) -> Self:
        """Return the dead letters: what needs a person, since it will not go on by itself. Three partial indexes."""
        return self.filter(Q(status__in=NEEDS_PERSON) | _late())

    def late(self) -> Self:
        """Return the dead letters whose status doesn't tell: due and not taken up, or in flight for too long."""
        return self.filter(_late())

    def with_trouble(self) -> Self:
        """Add `trouble`: a value of `Trouble`, or an empty text where work goes on by itself."""
        words = [
            When(Q(status="failed", attempts__gte=MAX_ATTEMPTS), then=Value(Trouble.WORN_OUT.value)),
            When(Q(status="failed"), then=Value(Trouble.FAILED.value)),
            When(Q(status="parked"), then=Value(Trouble.PARKED.value)),
            When(_late() & Q(status="observing"), then=Value(Trouble.STUCK.value)),
            When(_late(), then=Value(Trouble.OVERDUE.value)),
        ]
        return self.annotate(trouble=Case(*words, default=Value(""), output_field=CharField()))


class Operation(models.Model):
    """One durable piece of provisioning work for one change.

    `client_token` is what AWS de-duplicates a create by (at most 64 ASCII characters); it is drawn with the row,
    so every attempt sends the same. `fence` rises with each claim: a worker that lost its lease can't write.
    `slot_action` is the AWS action of the call that was made last, at `called_at`, or of the one that has its turn at
    `slot_at` (see `services/turns.py`).
    `parked_at`, `parked_by` and `park_reason` on a running one ask its worker to park it at its next step.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    change = models.OneToOneField("endpoints.Change", on_delete=models.PROTECT, related_name="operation")
    request = models.ForeignKey("endpoints.EndpointRequest", on_delete=models.PROTECT, related_name="operations")
    endpoint = models.ForeignKey("endpoints.Endpoint", on_delete=models.PROTECT, related_name="operations")
    account = models.ForeignKey("endpoints.Account", on_delete=models.PROTECT, related_name="operations")
    region = models.CharField(max_length=32)
    action = models.CharField(max_length=12)
    status = models.CharField(max_length=24, choices=lifecycle.OPERATION.choices(), default=lifecycle.OPERATION.initial)
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
    in_flight_since = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    parked_by = models.CharField(max_length=150, blank=True, default="")
    park_reason = models.TextField(blank=True, default="")
    updated_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    trouble: str  # added by `with_trouble()`
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
            models.CheckConstraint(
                condition=Q(parked_at__isnull=True, parked_by="", park_reason="") & ~Q(status="parked")
                | Q(parked_at__isnull=False) & ~Q(parked_by="") & ~Q(park_reason=""),
                name="operation_parked_who_when_why",
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
            models.Index(fields=["status"], condition=Q(status__in=NEEDS_PERSON), name="operation_needs_person"),
            models.Index(fields=["in_flight_since"], condition=Q(status="observing"), name="operation_stuck"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"

    def get_absolute_url(self) -> str:
        """Return the operation's page."""
        return reverse("operation_detail", args=[self.pk])

    @property
    def park_asked(self) -> bool:
        """Tell whether an operator wants it parked and its worker hasn't come to it yet."""
        return self.status == "running" and self.parked_at is not None

    @property
    def state(self) -> lifecycle.State:
        """Return the status with its label, tone and meaning."""
        return lifecycle.OPERATION.states[self.status]

    @property
    def is_routine(self) -> bool:
        """Tell whether the operation gives way to urgent ones."""
        return self.action in ROUTINE


class AttemptOutcome(models.TextChoices):
    """How a worker's turn at an operation ended."""

    HANDED_OVER = "handed_over", "Handed over to the observer"
    POSTPONED = "postponed", "Postponed"
    THROTTLED = "throttled", "Throttled"
    REFUSED = "refused", "Refused"
    GAVE_UP = "gave_up", "Gave up"
    PARKED = "parked", "Parked"
    LEASE_LOST = "lease_lost", "Lease lost"
    WORKER_DIED = "worker_died", "No outcome: the worker died"


class OperationAttempt(models.Model):
    """One worker's turn at an operation, from its claim to its outcome. While it is open, `outcome` is empty.

    `fence` is the one that the claim raised; times are the database's clock.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="attempt_records")
    number = models.PositiveIntegerField()
    fence = models.PositiveBigIntegerField()
    worker = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=AttemptOutcome.choices, blank=True, default="")
    error_code = models.CharField(max_length=120, blank=True, default="")
    message = models.TextField(blank=True, default="")
    aws_request_id = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["operation"], condition=Q(finished_at__isnull=True), name="attempt_one_open_per_operation"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome="") | Q(finished_at__isnull=False) & ~Q(outcome=""),
                name="attempt_ended_when_how",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.operation_id}"


def client_token(operation_id: uuid.UUID) -> str:
    """Return the ClientToken of an operation: ASCII, at most 64 characters."""
    return f"portal-{operation_id.hex}"
