"""People, teams, memberships and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from endpoints.admin.base import EditableAdmin, EditableInline, who
from endpoints.models import Membership, Role, RoleAssignment, Team, User
from endpoints.services import administration

if TYPE_CHECKING:
    _UserAdmin = DjangoUserAdmin[User]
else:
    _UserAdmin = DjangoUserAdmin


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]  # can't be subscripted when the program runs
    """A role; for approvers with its account."""

    class Meta:
        model = RoleAssignment
        fields = ("user", "role", "account")

    def clean(self) -> dict[str, Any]:
        """Say in words what the database's constraint asks for."""
        values = super().clean() or self.cleaned_data
        approver, account = values.get("role") == Role.APPROVER, values.get("account")
        if "role" in values and approver and not account:
            self.add_error("account", "Choose the account that this person approves for.")
        elif "role" in values and not approver and account:
            self.add_error("account", "Leave this empty: only approvers have an account, other roles hold everywhere.")
        return values


class MembershipInline(EditableInline):
    """Teams of a person, or members of a team."""

    model = Membership
    autocomplete_fields = ("user", "team")


class RoleInline(EditableInline):
    """Roles of a person."""

    model = RoleAssignment
    form = RoleForm
    fields = (("role", "account"),)
    autocomplete_fields = ("account",)


@admin.register(Team)
class TeamAdmin(EditableAdmin):
    """Teams with their members."""

    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Suggest a short name for a new team; who only reads has no field to fill."""
        return dict(self.prepopulated_fields) if self.has_change_permission(request, obj) else {}


@admin.register(Membership)
class MembershipAdmin(EditableAdmin):
    """Who belongs where."""

    list_display = ("user", "team")
    list_filter = ("team",)
    list_select_related = ("user", "team")
    ordering = ("team__name", "user__username")
    search_fields = ("user__username", "team__name")
    autocomplete_fields = ("user", "team")


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(EditableAdmin):
    """Who may do what."""

    form = RoleForm
    list_display = ("user", "role", "account")
    list_filter = ("role", "account")
    list_select_related = ("user", "account")
    ordering = ("user__username", "role")
    search_fields = ("user__username", "account__name", "account__account_id")
    autocomplete_fields = ("user", "account")


class _CreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta(AdminUserCreationForm.Meta):
        model = User


class _ChangeForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta(UserChangeForm.Meta):
        model = User


@admin.register(User)
class UserAdmin(EditableAdmin, _UserAdmin):
    """People are switched off, never deleted: requests and events name them."""

    add_form = _CreationForm
    form = _ChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "role_assignments__role", "memberships__team")
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    inlines = (RoleInline, MembershipInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the name that events carry, and who is a superuser: `createsuperuser` makes those."""
        return ("is_superuser", "last_login", "date_joined", *(("username",) if obj else ()))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Give roles and teams to a person that exists."""
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a person."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password, and record that it was set."""
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                user = get_object_or_404(User, pk=id)
                administration.password_set(user=user, by=who(request), now=timezone.now())
        return response
