"""What the admin's pages share: who sees, who edits, and that every edit goes through a service.

Django's own model permissions play no part, so `is_superuser` opens nothing here by itself but reading.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, ValidationError
from django.db import IntegrityError
from django.db.models import Field
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from endpoints import permissions
from endpoints.forms.parts import WordsField
from endpoints.models import User
from endpoints.models.events import Channel
from endpoints.models.visibility import SEES_ALL
from endpoints.services import administration
from endpoints.services.actors import Who, person

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    StackedInline = admin.StackedInline[Any, Any]
else:  # Django's classes can't be subscripted when the program runs
    ModelAdmin = admin.ModelAdmin
    StackedInline = admin.StackedInline


def who(request: HttpRequest) -> Who:
    """Return the person at the desk, as the actor of a service."""
    assert isinstance(request.user, User), "the admin lets only people in"
    return person(request.user, Channel.ADMIN)


def sees_all(request: HttpRequest) -> bool:
    """Tell whether a person reads everything; the same rule as `visibility.sees_all`, from the remembered roles."""
    user = request.user
    if not isinstance(user, User):
        return False
    return user.is_superuser or bool(permissions.roles_of(user).names & set(SEES_ALL))


def pretty(value: Any) -> SafeString | str:
    """Return a JSON value laid out for reading."""
    if value is None:
        return "-"
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


class Readable:
    """Seen by those who see all; changed by nobody, superusers included."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell who reads it."""
        return sees_all(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell who finds it on the first page."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds it by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes it by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes it."""
        return False


class Chooser(AutocompleteSelect):
    """Shows a form again that came with something that is no row's number, on which Django's own crashes."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        """Return the options of what is chosen."""
        known = [text for text in value if not text or fits(self.field.target_field, text)]
        return super().optgroups(name, known, attrs)


class Editable(Readable):
    """Read by those who see all, edited by administrators."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field of a relation."""
        desk: Any = self
        if db_field.name in desk.get_autocomplete_fields(request):
            kwargs["widget"] = Chooser(db_field, desk.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]  # the admin's

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell who reads it."""
        return sees_all(request) or may_edit(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell who adds one."""
        return may_edit(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell who changes one."""
        return may_edit(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell who removes one."""
        return may_edit(request)


def may_edit(request: HttpRequest) -> bool:
    """Tell whether a person edits people, teams, roles and accounts; asked once per request."""
    user = request.user
    known: bool | None = user.__dict__.get("_portal_may_edit")
    if known is None:
        known = isinstance(user, User) and permissions.can_administer(user)
        user.__dict__["_portal_may_edit"] = known
    return known


def fits(field: Field[Any, Any], text: str) -> bool:
    """Tell whether a text can be a field's value."""
    try:
        field.to_python(text)
    except ValidationError:
        return False
    return True


class Sturdy(ModelAdmin):
    """Refuses what no page of the admin offers, where Django would crash on it."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list; lead to the whole one from filters that the database can't take: NUL, or year 10,000."""
        if any("\x00" in text for _, texts in request.GET.lists() for text in texts):
            raise IncorrectLookupParameters
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            raise IncorrectLookupParameters from error

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return what a page, a deletion or a history is about, or None; the database can't be asked for a NUL."""
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Return what words find, in the list and where a field suggests rows; nothing has a NUL in it."""
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """Refuse a selection that no list offers, such as a number of 5,000 digits."""
        if not all(fits(self.opts.pk, text) for text in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("What is selected is nothing of this list.")
        return super().response_action(request, queryset, *args, **kwargs)


class ReadOnlyAdmin(Readable, Sturdy):
    """A list and a page for something that is only read."""

    list_per_page = 50
    show_full_result_count = False
    actions: Any = None


class ReadOnlyInline(Readable, StackedInline):
    """What belongs to a page's object; whoever may see the page sees it."""

    extra = 0
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The page has decided."""
        return True


class EditableAdmin(Editable, Sturdy):
    """A list and a form for something that administrators edit, through `services.administration`."""

    list_per_page = 50
    show_full_result_count = False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the form, or what came of it. A double click saves once: its second half meets the constraint."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            self.message_user(request, "Nothing was saved: the same was saved at the same moment.", messages.WARNING)
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return a field's form; the name of a team or an account is read by everybody."""
        if db_field.name == "name":
            kwargs["form_class"] = WordsField
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save what the form holds."""
        administration.save(item=obj, by=who(request), now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove one."""
        administration.remove(item=obj, by=who(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Remove those selected, one by one, each with its event."""
        for obj in queryset:
            self.delete_model(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save and remove what stands in the page's tables."""
        items = formset.save(commit=False)
        for item in formset.deleted_objects:
            administration.remove(item=item, by=who(request), now=timezone.now())
        for item in items:
            administration.save(item=item, by=who(request), now=timezone.now())
        formset.save_m2m()


class EditableInline(Editable, StackedInline):
    """Memberships or roles on the page of a person or team. In Django's tables fields have no labels; here they do."""

    extra = 0
