"""Evidence of use: recorded calls through an endpoint, and what they say about a policy."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class EndpointUseQuerySet(models.QuerySet["EndpointUse"]):
    """What workers look for."""

    def due(self) -> EndpointUseQuerySet:
        """Return the endpoints with something to work out that no worker holds."""
        return self.filter(asked__gt=F("done")).filter(Q(lease_expires_at=None) | Q(lease_expires_at__lte=Now()))


class EndpointUse(models.Model):
    """What recorded calls come to at one endpoint. The row is the queue: `asked` rises with each thing that is new.

    A worker reads what was uploaded, replays it against the policies that wait for review, and suggests a policy:
    `suggestion` holds `text` and `lines`, or `why_not`.
    """

    endpoint = models.OneToOneField("endpoints.Endpoint", on_delete=models.CASCADE, related_name="use")
    asked = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    suggestion: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)

    objects = EndpointUseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["endpoint"], condition=Q(asked__gt=F("done")), name="endpoint_use_due")]

    def __str__(self) -> str:
        return f"Use of {self.endpoint}"

    @property
    def waits(self) -> bool:
        """Tell whether a worker has something to do."""
        return self.asked > self.done


class UseStatus(models.TextChoices):
    """What became of an upload."""

    WAITING = "waiting", "Waiting for a worker"
    READ = "read", "Read"
    REFUSED = "refused", "Not read"


class UseRecord(models.Model):
    """One upload of recorded events. `upload` is kept only until a worker has read it.

    `requests` are the different requests that AWS allowed, as `policy.use.kept` packs them. `stopped` says why reading
    ended early, `skipped` names some of the places that could not be used.
    """

    endpoint = models.ForeignKey("endpoints.Endpoint", on_delete=models.CASCADE, related_name="use_records")
    vpc_endpoint_id = models.CharField(max_length=32)
    organization = models.CharField(max_length=34, blank=True, default="")
    name = models.CharField(max_length=120)
    uploaded_by = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="use_records")
    at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=UseStatus.choices, default=UseStatus.WAITING)
    upload = models.BinaryField(null=True, blank=True)
    requests = models.BinaryField(null=True, blank=True)
    events = models.PositiveIntegerField(default=0)
    through = models.PositiveIntegerField(default=0)
    elsewhere = models.PositiveIntegerField(default=0)
    denied = models.PositiveIntegerField(default=0)
    different = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    skipped: models.JSONField[list[str], list[str]] = models.JSONField(default=list, blank=True)
    stopped = models.TextField(blank=True, default="")
    first = models.CharField(max_length=40, blank=True, default="")
    last = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=UseStatus.WAITING, upload__isnull=False)
                | (~Q(status=UseStatus.WAITING) & Q(upload__isnull=True)),
                name="use_record_upload_until_read",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} by {self.uploaded_by}"


class UseReplay(models.Model):
    """What the recorded use says about the policy of one change: what `services.use` writes into `result`."""

    change = models.OneToOneField("endpoints.Change", on_delete=models.CASCADE, related_name="use_replay")
    at = models.DateTimeField()
    result: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()

    def __str__(self) -> str:
        return f"Recorded use against {self.change}"
