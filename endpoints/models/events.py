"""The append-only record of who did what, chained so that a gap or a change shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from endpoints.models.people import User


class Channel(models.TextChoices):
    """From where something was done."""

    BROWSER = "browser", "Browser"
    ADMIN = "admin", "Admin"
    TOKEN = "token", "API token"
    WORKER = "worker", "Worker"
    COMMAND = "command", "Command line"


class EventQuerySet(models.QuerySet["Event"]):
    """Events as people look for them."""

    def visible_to(self, user: User) -> Self:
        """Return the events of the requests and endpoints that a person may see."""
        from endpoints.models.endpoints import Endpoint
        from endpoints.models.requests import EndpointRequest
        from endpoints.models.visibility import sees_all

        if sees_all(user):
            return self.all()
        return self.filter(
            Q(request_id__in=EndpointRequest.objects.visible_to(user).values("pk"))
            | Q(endpoint_id__in=Endpoint.objects.visible_to(user).values("pk"))
        )


class Event(models.Model):
    """One thing that happened. It holds no foreign key, so that no deletion can break it.

    `digest` is an HMAC-SHA256 over the previous digest of the same chain and this event's content, keyed from
    outside the database. A database trigger refuses UPDATE, DELETE and TRUNCATE.
    """

    chain = models.CharField(max_length=32)
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    verb = models.CharField(max_length=60)
    request_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    endpoint_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    summary = models.TextField(blank=True, default="")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["chain", "sequence"], name="event_sequence_once")]

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor}"
