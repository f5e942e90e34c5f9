"""People, their teams, and the roles that say what they may do."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in. What they may do is in `RoleAssignment`, never in `is_superuser` alone."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Team(models.Model):
    """A team that owns requests and endpoints."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Role(models.TextChoices):
    """The five roles. An approver is one for named accounts; the others hold for the whole portal."""

    ENGINEER = "engineer", "Engineer"
    APPROVER = "approver", "Approver"
    OPERATOR = "operator", "Operator"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class RoleAssignment(models.Model):
    """A role that a person holds; for approvers, in one account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=20, choices=Role.choices)
    account = models.ForeignKey(
        "endpoints.Account", on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "account"], name="role_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(role=Role.APPROVER, account__isnull=False)
                | (~models.Q(role=Role.APPROVER) & models.Q(account__isnull=True)),
                name="role_approver_has_account",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_known"),
        ]

    def __str__(self) -> str:
        where = f" of {self.account}" if self.account_id else ""
        return f"{self.user}: {self.get_role_display()}{where}"
