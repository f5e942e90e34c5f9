"""The numbered policy documents of an endpoint. A revision's document never changes; a rollback is a new revision."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from endpoints.domain import lifecycle

CURRENT_STATES = ("applied", "in_effect")


class PolicyRevision(models.Model):
    """One policy document of one endpoint, as its author wrote it, with who and when at each step.

    `is_default` marks full access asked for without a document: `document` then holds what is sent to AWS.
    """

    endpoint = models.ForeignKey("endpoints.Endpoint", on_delete=models.PROTECT, related_name="policy_revisions")
    number = models.PositiveIntegerField()
    document = models.TextField()
    document_sha256 = models.CharField(max_length=64)
    is_default = models.BooleanField(default=False)
    author = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="policy_revisions")
    reason = models.TextField()
    restores = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="restored_by")
    status = models.CharField(
        max_length=12, choices=lifecycle.POLICY_REVISION.choices(), default=lifecycle.POLICY_REVISION.initial
    )
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        "endpoints.User", on_delete=models.PROTECT, null=True, blank=True, related_name="approved_policy_revisions"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    in_effect_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        ordering = ["endpoint", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "number"], name="policy_revision_number_once"),
            models.UniqueConstraint(
                fields=["endpoint"], condition=Q(status__in=CURRENT_STATES), name="policy_revision_one_current"
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(lifecycle.POLICY_REVISION.states)), name="policy_revision_status_known"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="policy_revision_approved_who_when",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("author")),
                name="policy_revision_not_self_approved",
            ),
        ]
        indexes = [
            models.Index(fields=["applied_at"], condition=Q(status="applied"), name="policy_revision_taking_effect"),
        ]

    def __str__(self) -> str:
        return f"Revision {self.number}"

    @property
    def state(self) -> lifecycle.State:
        """Return the status with its label, tone and meaning."""
        return lifecycle.POLICY_REVISION.states[self.status]
