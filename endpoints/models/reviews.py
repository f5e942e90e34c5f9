"""What reviewers decided, bound to exactly what they read."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Decision(models.TextChoices):
    """What a reviewer can say."""

    APPROVED = "approved", "Approved"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    REJECTED = "rejected", "Rejected"


class Review(models.Model):
    """One decision. Append-only; `requester` is repeated so that the database itself refuses a self-review.

    A request that needs two approvals has two in one round, by two people; the request's own columns hold it to that.
    """

    request = models.ForeignKey("endpoints.EndpointRequest", on_delete=models.PROTECT, related_name="reviews")
    round = models.PositiveIntegerField()
    requester = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=20, choices=Decision.choices)
    comment = models.TextField(blank=True, default="")
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reviewer=F("requester")), name="review_not_of_own_request"),
            models.CheckConstraint(
                condition=Q(decision=Decision.APPROVED) | ~Q(comment=""), name="review_refusal_says_why"
            ),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="review_decision_known"),
            models.UniqueConstraint(
                fields=["request", "round"],
                condition=~Q(decision=Decision.APPROVED),
                name="review_refuses_a_round_once",
            ),
            models.UniqueConstraint(
                fields=["request", "round", "reviewer"],
                condition=Q(decision=Decision.APPROVED),
                name="review_approves_a_round_once_each",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} by {self.reviewer}"
