"""AWS accounts, and what is known about each of their regions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from endpoints.domain.specs import ACCOUNT_ID, REGION

LATE = 3
"""After how many times the usual pause between readings an inventory counts as stale."""


class Account(models.Model):
    """An AWS account that the portal works in, by assuming a role. It holds an ARN and an external id, never a key.

    In a protected one no endpoint has full access, and a policy that allows more needs two reviewers.
    """

    account_id = models.CharField(
        max_length=12, unique=True, validators=[RegexValidator(ACCOUNT_ID, "An account id has twelve digits.")]
    )
    name = models.CharField(max_length=80, unique=True)
    role_arn = models.CharField(max_length=2048)
    external_id = models.CharField(max_length=1224)
    external_id_at = models.DateTimeField(null=True, blank=True)
    regions = ArrayField(models.CharField(max_length=32, validators=[RegexValidator(REGION)]))
    is_active = models.BooleanField(default=True)
    protected = models.BooleanField(
        default=False,
        help_text="No endpoint with full access, and a second reviewer for a policy that allows more than before.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(account_id__regex=r"^[0-9]{12}$"), name="account_id_digits"),
            models.UniqueConstraint(fields=["external_id"], name="account_external_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"

    def get_absolute_url(self) -> str:
        """Return the address of the account's page."""
        return reverse("aws_account_detail", args=[self.pk])


class AccountRegion(models.Model):
    """One account in one region: when it was last read, and who reads it now.

    The lease lets one observer at a time describe what is in flight there; the survey, which looks at everything and
    takes longer, has a lease of its own, so that neither waits for the other; so has the reading of the inventory.
    `inventory_asked_at` is when a person last asked for that reading. While `inventory_error` says something, the
    inventory's rows are older than the last attempt.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="account_regions")
    region = models.CharField(max_length=32)
    inventory_at = models.DateTimeField(null=True, blank=True)
    inventory_due_at = models.DateTimeField()
    inventory_error = models.TextField(blank=True, default="")
    inventory_asked_at = models.DateTimeField(null=True, blank=True)
    inventory_lease_expires_at = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=80, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    survey_due_at = models.DateTimeField(null=True, blank=True)
    surveyed_at = models.DateTimeField(null=True, blank=True)
    survey_error = models.TextField(blank=True, default="")
    survey_lease_owner = models.CharField(max_length=80, blank=True, default="")
    survey_lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["account__name", "region"]
        constraints = [models.UniqueConstraint(fields=["account", "region"], name="account_region_once")]
        indexes = [models.Index(fields=["inventory_due_at"], name="account_region_due")]

    def __str__(self) -> str:
        return f"{self.account} {self.region}"

    @staticmethod
    def late(path: str = "") -> Q:
        """Return the filter for rows whose inventory is older than it should be; `path` leads to them from others."""
        limit = Now() - timedelta(seconds=LATE * settings.PORTAL_INVENTORY_SECONDS)
        failed, never = ~Q(**{f"{path}inventory_error": ""}), Q(**{f"{path}inventory_at__isnull": True})
        return failed | never | Q(**{f"{path}inventory_at__lt": limit})

    @staticmethod
    def being_read(path: str = "") -> Q:
        """Return the filter for rows whose inventory a worker reads now, or is to read as soon as it can."""
        return Q(**{f"{path}inventory_due_at__lte": Now()}) | Q(**{f"{path}inventory_lease_expires_at__gt": Now()})


class AccountCheckQuerySet(models.QuerySet["AccountCheck"]):
    """Checks as workers look for them."""

    def due(self) -> AccountCheckQuerySet:
        """Return the checks that no worker has done or holds."""
        return self.filter(finished_at=None).filter(Q(lease_expires_at=None) | Q(lease_expires_at__lte=Now()))


class AccountCheck(models.Model):
    """One look at whether the portal may do in an account what it needs; in one region, or in all of them.

    The row is the queue: asked for by a person, done by a worker, read by the pages. `findings` are
    `policy.role_check.Finding`s, written as they are found; `version` rises with each writing.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="checks")
    region = models.CharField(max_length=32, blank=True, default="")
    requested_by = models.CharField(max_length=150)
    at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    findings: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, blank=True)

    objects = AccountCheckQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region"], condition=Q(finished_at=None), name="account_check_open_once"
            ),
        ]
        indexes = [models.Index(fields=["at"], condition=Q(finished_at=None), name="account_check_due")]

    def __str__(self) -> str:
        return f"{self.account}, checked for {self.requested_by}"
