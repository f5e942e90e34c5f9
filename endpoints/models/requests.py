"""What people ask for: a request with its changes and the automatic findings on them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from endpoints.domain import lifecycle
from endpoints.domain.hashing import sha256
from endpoints.domain.specs import EndpointSpec
from endpoints.domain.sums import Told

if TYPE_CHECKING:
    from endpoints.models.people import User

APPROVED_STATES = ("approved", "provisioning", "pending_acceptance", "available", "deleted", "failed")


class ChangeAction(models.TextChoices):
    """What a change does to one endpoint."""

    CREATE = "create", "Create"
    ADOPT = "adopt", "Adopt"
    MODIFY = "modify", "Modify"
    POLICY = "policy", "Change policy"
    RECREATE = "recreate", "Recreate"
    DELETE = "delete", "Delete"

    @property
    def is_new_here(self) -> bool:
        """Tell whether the portal manages the endpoint only from this change on."""
        return self in (ChangeAction.CREATE, ChangeAction.ADOPT)

    @property
    def creates(self) -> bool:
        """Tell whether AWS makes an endpoint for it."""
        return self in (ChangeAction.CREATE, ChangeAction.RECREATE)


class Relation(models.TextChoices):
    """How the policy that a change asks for relates to the one before it: the words of `policy.compare`."""

    EQUIVALENT = "equivalent", "Equivalent: same meaning"
    NARROWER = "narrower", "Narrower: allows less than before"
    WIDER = "wider", "Wider: allows more than before"
    INCOMPARABLE = "incomparable", "Gains and loses: allows more here and less there"
    UNDECIDED = "undecided", "Undecided: too complex to compare; read the text"

    @property
    def widens(self) -> bool:
        """Tell whether it lets something through that was held back, as far as can be known."""
        return self not in (Relation.EQUIVALENT, Relation.NARROWER)


class EndpointRequestQuerySet(models.QuerySet["EndpointRequest"]):
    """Requests as people look for them."""

    def visible_to(self, user: User) -> Self:
        """Return the requests a person may see: their teams', their accounts' as approver, or all."""
        from endpoints.models.visibility import requests_visible_to  # the rule stands beside its siblings

        return self.filter(requests_visible_to(user))

    def waiting_for(self, user: User) -> Self:
        """Return what this person may decide: submitted, in their accounts, not their own, not approved by them yet."""
        from endpoints.models.visibility import accounts_approved_by

        rows = self.filter(status="submitted", account__in=accounts_approved_by(user))
        return rows.exclude(requester=user).exclude(endorsed_by=user)


def is_endorsed() -> Exists:
    """Tell of rows of requests what `permissions.endorsement_stands` tells of one: whether a first approval counts."""
    from endpoints.models.people import Role, RoleAssignment

    holds = RoleAssignment.objects.filter(role=Role.APPROVER, user__is_active=True)
    return Exists(holds.filter(user=OuterRef("endorsed_by"), account=OuterRef("account")))


class EndpointRequest(models.Model):
    """A request: title, justification, owner team, and changes that are reviewed as one.

    `content_hash` covers everything that a reviewer reads; an approval holds only for the hash it names. Where
    `approvals_needed` is two, the first one endorses: the request waits on until somebody else approves the same hash.
    """

    account = models.ForeignKey("endpoints.Account", on_delete=models.PROTECT, related_name="requests")
    title = models.CharField(max_length=120)
    justification = models.TextField()
    owner_team = models.ForeignKey("endpoints.Team", on_delete=models.PROTECT, related_name="requests")
    requester = models.ForeignKey("endpoints.User", on_delete=models.PROTECT, related_name="requests")
    status = models.CharField(
        max_length=24, choices=lifecycle.REQUEST.choices(), default=lifecycle.REQUEST.initial, db_index=True
    )
    submission_key = models.UUIDField(unique=True, default=uuid.uuid4)
    round = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64)
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField()
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    endorsed_by = models.ForeignKey(
        "endpoints.User", on_delete=models.PROTECT, null=True, blank=True, related_name="endorsed_requests"
    )
    endorsed_at = models.DateTimeField(null=True, blank=True)
    endorsed_hash = models.CharField(max_length=64, null=True, blank=True)
    approved_by = models.ForeignKey(
        "endpoints.User", on_delete=models.PROTECT, null=True, blank=True, related_name="approved_requests"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_hash = models.CharField(max_length=64, null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    objects = EndpointRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "request"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(lifecycle.REQUEST.states)), name="request_status_known"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("requester")), name="request_not_self_approved"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True, approved_hash__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False, approved_hash__isnull=False),
                name="request_approval_who_when_what",
            ),
            models.CheckConstraint(
                condition=Q(approved_hash__isnull=True) | Q(approved_hash=F("content_hash")),
                name="request_approved_as_reviewed",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=APPROVED_STATES) | Q(approved_by__isnull=False),
                name="request_approved_states_need_approver",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed__gte=1, approvals_needed__lte=2), name="request_one_or_two_approvals"
            ),
            models.CheckConstraint(
                condition=Q(endorsed_by__isnull=True, endorsed_at__isnull=True, endorsed_hash__isnull=True)
                | Q(endorsed_by__isnull=False, endorsed_at__isnull=False, endorsed_hash__isnull=False),
                name="request_endorsement_who_when_what",
            ),
            models.CheckConstraint(
                condition=Q(endorsed_hash__isnull=True) | Q(endorsed_hash=F("content_hash")),
                name="request_endorsed_as_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(endorsed_by__isnull=True) | ~Q(endorsed_by=F("requester")), name="request_not_self_endorsed"
            ),
            models.CheckConstraint(
                condition=Q(endorsed_by__isnull=True) | Q(approved_by__isnull=True) | ~Q(endorsed_by=F("approved_by")),
                name="request_two_different_reviewers",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=APPROVED_STATES) | Q(approvals_needed=1) | Q(endorsed_by__isnull=False),
                name="request_approved_states_need_second",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "status", "-id"], name="request_by_account"),
            models.Index(fields=["owner_team", "-id"], name="request_by_team"),
            models.Index(fields=["requester", "-id"], name="request_by_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def get_absolute_url(self) -> str:
        """Return the request's page."""
        return reverse("request_detail", args=[self.pk])

    @property
    def reference(self) -> str:
        """Return the name that people use: REQ- and the number."""
        return f"REQ-{self.pk}"

    @property
    def state(self) -> lifecycle.State:
        """Return the status with its label, tone and meaning."""
        return lifecycle.REQUEST.states[self.status]


def content_hash(*, title: str, justification: str, owner_team: str, changes: list[dict[str, Any]]) -> str:
    """Return the SHA-256 of what a reviewer reads: the words, the owner and each change's exact spec."""
    return sha256({"title": title, "justification": justification, "owner_team": owner_team, "changes": changes})


class Change(models.Model):
    """What happens to one endpoint. Immutable: an edited request gets new changes in a new round.

    `base_generation` is the endpoint's generation that the requester saw; an approval against another one is refused.
    `base_spec` is what the endpoint should have been until then. `adopts` is the id of an endpoint that exists in AWS
    and that the portal takes over. `after` is the position of the change of the same round that must succeed first.
    `meaning` tells what its policy allows more and less than the one before, as `services.policy_meaning` kept it at
    submission; None where there was none before, or it stays.
    """

    request = models.ForeignKey(EndpointRequest, on_delete=models.PROTECT, related_name="changes")
    round = models.PositiveIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=1)
    action = models.CharField(max_length=12, choices=ChangeAction.choices)
    region = models.CharField(max_length=32)
    vpc_id = models.CharField(max_length=32)
    service_name = models.CharField(max_length=255)
    vpc_endpoint_type = models.CharField(max_length=24)
    spec: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    spec_hash = models.CharField(max_length=64)
    base_generation = models.PositiveIntegerField(null=True, blank=True)
    base_spec: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    adopts = models.CharField(max_length=32, blank=True, default="")
    after = models.PositiveSmallIntegerField(null=True, blank=True)
    endpoint = models.ForeignKey(
        "endpoints.Endpoint", on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    policy_revision = models.ForeignKey(
        "endpoints.PolicyRevision", on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    meaning: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["request", "round", "position"]
        constraints = [
            models.UniqueConstraint(fields=["request", "round", "position"], name="change_position_once"),
            models.CheckConstraint(condition=Q(action__in=ChangeAction.values), name="change_action_known"),
            models.CheckConstraint(
                condition=Q(action__in=[ChangeAction.CREATE, ChangeAction.ADOPT])
                | Q(endpoint__isnull=False, base_generation__isnull=False),
                name="change_names_its_endpoint",
            ),
            models.CheckConstraint(
                condition=Q(action=ChangeAction.ADOPT) ^ Q(adopts=""), name="change_adoption_names_what"
            ),
            models.CheckConstraint(
                condition=Q(after__isnull=True) | Q(after__lt=F("position")), name="change_after_an_earlier_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.service_name} in {self.vpc_id}"

    def desired(self) -> EndpointSpec:
        """Return the spec that this change asks for; for a deletion, the spec of what goes."""
        return EndpointSpec.from_dict(self.spec)

    def former(self) -> EndpointSpec | None:
        """Return what the endpoint should have been before this change, if it was managed then."""
        return EndpointSpec.from_dict(self.base_spec) if self.base_spec else None

    @property
    def kind(self) -> ChangeAction:
        """Return the action as what it is, not as text."""
        return ChangeAction(self.action)

    @property
    def relation(self) -> Relation | None:
        """Return how its policy relates to the one before; None where no policy changes."""
        if self.meaning is None:
            # Asked for before meanings were kept: nobody has compared them.
            return Relation.UNDECIDED if self.policy_revision_id else None
        return Relation(self.meaning["relation"])

    def told(self) -> Told:
        """Return what a sum of its request needs of it. Reads its operation, which lists load with the changes."""
        operation = getattr(self, "operation", None)
        return Told(self.action, self.vpc_id, operation.status if operation else "")

    def reviewed(self) -> dict[str, Any]:
        """Return what a reviewer reads of this change, as hashed in the request's `content_hash`."""
        return reviewed(
            action=self.kind,
            endpoint_id=self.endpoint_id,
            base_generation=self.base_generation,
            spec=self.spec,
            adopts=self.adopts,
            after=self.after,
        )


def reviewed(
    *,
    action: ChangeAction,
    endpoint_id: int | None,
    base_generation: int | None,
    spec: dict[str, Any],
    adopts: str,
    after: int | None,
) -> dict[str, Any]:
    """Return what a reviewer reads of one change, in the shape that `content_hash` covers.

    What only some actions have is left out of the others: their hash is what it was before these came to be.
    """
    extra = ({"adopts": adopts} if adopts else {}) | ({"after": after} if after is not None else {})
    endpoint = None if action.is_new_here else endpoint_id
    return {"action": str(action), "endpoint": endpoint, "base_generation": base_generation, "spec": spec} | extra


class Severity(models.TextChoices):
    """How much a finding weighs. A block stops submission."""

    BLOCK = "block", "Block"
    WARN = "warn", "Warning"
    INFO = "info", "Information"


class Check(models.Model):
    """An automatic finding on a change, with its cure, as it stood when the change was submitted."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="checks")
    rule = models.CharField(max_length=60)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    message = models.TextField()
    cure = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}"
