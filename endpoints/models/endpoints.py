"""VPC endpoints under management: what each should be and what AWS says it is, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from endpoints.domain import lifecycle
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.specs import EndpointSpec, short_service_name

if TYPE_CHECKING:
    from endpoints.models.people import User


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    """Endpoints as people look for them."""

    def visible_to(self, user: User) -> Self:
        """Return the endpoints a person may see."""
        from endpoints.models.visibility import endpoints_visible_to

        return self.filter(endpoints_visible_to(user))

    def drifted(self) -> Self:
        """Return those of which AWS has something else than what was approved."""
        return self.filter(_open_drift())

    def with_drift(self) -> Self:
        """Add `drifted`: whether AWS has something else than what was approved."""
        return self.annotate(drifted=_open_drift())


def _open_drift() -> models.Exists:
    from endpoints.models.drift import Drift

    return models.Exists(Drift.objects.open().filter(endpoint=models.OuterRef("pk")))


class Endpoint(models.Model):
    """One endpoint: `desired` with its generation, `observed`, our `status` and AWS's `aws_state`.

    `observed_at` is when AWS was last noted to have it so; the survey doesn't write where nothing is new.
    `absent_since` is when a complete listing first lacked it: one listing may lag behind, a second one counts.
    """

    account = models.ForeignKey("endpoints.Account", on_delete=models.PROTECT, related_name="endpoints")
    region = models.CharField(max_length=32)
    vpc_id = models.CharField(max_length=32)
    service_name = models.CharField(max_length=255)
    vpc_endpoint_type = models.CharField(max_length=24)
    vpc_endpoint_id = models.CharField(max_length=32, null=True, blank=True)
    owner_team = models.ForeignKey("endpoints.Team", on_delete=models.PROTECT, related_name="endpoints")
    name = models.CharField(max_length=120, blank=True, default="")
    desired: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    generation = models.PositiveIntegerField(default=1)
    observed: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    absent_since = models.DateTimeField(null=True, blank=True)
    status = models.CharField(
        max_length=24, choices=lifecycle.ENDPOINT.choices(), default=lifecycle.ENDPOINT.initial, db_index=True
    )
    aws_state = models.CharField(max_length=24, blank=True, default="")
    last_error_code = models.CharField(max_length=120, blank=True, default="")
    last_error = models.TextField(blank=True, default="")
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField()
    available_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "vpc_endpoint_id"],
                condition=Q(vpc_endpoint_id__isnull=False) & ~Q(status__in=lifecycle.ENDPOINT.ended()),
                name="endpoint_managed_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(lifecycle.ENDPOINT.states)), name="endpoint_status_known"
            ),
            models.CheckConstraint(
                condition=Q(observed__isnull=True, observed_at__isnull=True)
                | Q(observed__isnull=False, observed_at__isnull=False),
                name="endpoint_observed_what_when",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "region", "vpc_id"], name="endpoint_by_vpc"),
            models.Index(fields=["owner_team", "-id"], name="endpoint_by_team"),
        ]

    def __str__(self) -> str:
        return f"{self.short_service} in {self.vpc_id}"

    def get_absolute_url(self) -> str:
        """Return the endpoint's page."""
        return reverse("endpoint_detail", args=[self.pk])

    @property
    def short_service(self) -> str:
        """Return the service without its region prefix."""
        return short_service_name(self.service_name)

    @property
    def state(self) -> lifecycle.State:
        """Return the status with its label, tone and meaning."""
        return lifecycle.ENDPOINT.states[self.status]

    def desired_spec(self) -> EndpointSpec:
        """Return what the endpoint should be."""
        return EndpointSpec.from_dict(self.desired)

    def observed_endpoint(self) -> ObservedEndpoint | None:
        """Return what AWS last said, if anything."""
        return ObservedEndpoint.from_dict(self.observed) if self.observed else None
