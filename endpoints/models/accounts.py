"""AWS accounts, and what is known about each of their regions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from endpoints.domain.specs import ACCOUNT_ID, REGION


class Account(models.Model):
    """An AWS account that the portal works in, by assuming a role. It holds an ARN and an external id, never a key."""

    account_id = models.CharField(
        max_length=12, unique=True, validators=[RegexValidator(ACCOUNT_ID, "An account id has twelve digits.")]
    )
    name = models.CharField(max_length=80, unique=True)
    role_arn = models.CharField(max_length=2048)
    external_id = models.CharField(max_length=1224)
    regions = ArrayField(models.CharField(max_length=32, validators=[RegexValidator(REGION)]))
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(account_id__regex=r"^[0-9]{12}$"), name="account_id_digits"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"


class AccountRegion(models.Model):
    """One account in one region: when it was last read, and who reads it now.

    The lease lets one observer at a time describe what is in flight there; the survey, which looks at everything and
    takes longer, has a lease of its own, so that neither waits for the other.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="account_regions")
    region = models.CharField(max_length=32)
    inventory_at = models.DateTimeField(null=True, blank=True)
    inventory_due_at = models.DateTimeField()
    inventory_error = models.TextField(blank=True, default="")
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
