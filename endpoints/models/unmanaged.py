"""Endpoints that AWS has and that no request of the portal stands behind, as the survey last saw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, OuterRef

from endpoints.domain.lifecycle import ENDPOINT, REQUEST
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.specs import short_service_name
from endpoints.models.endpoints import Endpoint
from endpoints.models.requests import Change

if TYPE_CHECKING:
    from endpoints.models.people import User


class UnmanagedEndpointQuerySet(models.QuerySet["UnmanagedEndpoint"]):
    """Unmanaged endpoints as people look for them."""

    def visible_to(self, user: User) -> Self:
        """Return those that a person may see and that haven't been taken over since they were seen."""
        from endpoints.models.visibility import unmanaged_visible_to

        here = {name: OuterRef(name) for name in ("account", "region", "vpc_endpoint_id")}
        managed = Endpoint.objects.filter(**here, status__in=ENDPOINT.live())
        return self.filter(unmanaged_visible_to(user)).exclude(Exists(managed))

    def with_open_adoption(self) -> Self:
        """Add `adoption`: the id of the request, if any, that waits to take it over."""
        asked = Change.objects.filter(
            adopts=OuterRef("vpc_endpoint_id"), request__account=OuterRef("account"), request__status__in=REQUEST.live()
        )
        return self.annotate(adoption=models.Subquery(asked.order_by("-pk").values("request")[:1]))


class UnmanagedEndpoint(models.Model):
    """One endpoint without a request. `data` is what `ObservedEndpoint.to_dict` gives.

    `operation` is the operation that its ownership tag names: the portal made it and knows no endpoint with its id (any
    more). It is no foreign key, since the row may be what was lost.
    """

    account = models.ForeignKey("endpoints.Account", on_delete=models.CASCADE, related_name="unmanaged_endpoints")
    region = models.CharField(max_length=32)
    vpc_endpoint_id = models.CharField(max_length=32)
    vpc_id = models.CharField(max_length=32)
    service_name = models.CharField(max_length=255)
    vpc_endpoint_type = models.CharField(max_length=24)
    name = models.CharField(max_length=255, blank=True, default="")
    aws_state = models.CharField(max_length=24)
    requester_managed = models.BooleanField(default=False)
    operation = models.UUIDField(null=True, blank=True)
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = UnmanagedEndpointQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "vpc_endpoint_id"], name="unmanaged_endpoint_once"),
        ]
        indexes = [models.Index(fields=["account", "region", "vpc_id"], name="unmanaged_endpoint_by_vpc")]

    def __str__(self) -> str:
        return f"{self.short_service} in {self.vpc_id}"

    @property
    def short_service(self) -> str:
        """Return the service without its region prefix."""
        return short_service_name(self.service_name)

    def observed_endpoint(self) -> ObservedEndpoint:
        """Return what AWS last said."""
        return ObservedEndpoint.from_dict(self.data)

    @property
    def managed_by(self) -> str:
        """Return who manages a requester-managed endpoint, as far as AWS tells: an account, or one of its services."""
        owner = self.data.get("owner_id", "")
        if owner and owner != self.account.account_id:
            return f"account {owner}"
        return f"an AWS service, for {self.short_service}"
