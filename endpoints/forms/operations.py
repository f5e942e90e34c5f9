"""The forms of the operators' pages: which operations to list, and what to do with one."""

from __future__ import annotations

from django import forms
from django.db.models import Case, IntegerField, QuerySet, Value, When

from endpoints.domain import lifecycle
from endpoints.forms.filters import REFERENCE, Filter
from endpoints.forms.parts import WordsField
from endpoints.models import Account, Operation, User
from endpoints.models.operations import OperationQuerySet
from endpoints.models.requests import ChangeAction
from endpoints.services.operations import LONGEST_REASON

PERSON, DUE, ALL = "person", "due", "all"


class OperationFilter(Filter):
    """Which operations to list; what needs a person comes first, the newest trouble before older."""

    PLAIN = (("status", "status"), ("account", "account"), ("region", "region"), ("action", "action"))

    show = forms.ChoiceField(
        label="Show",
        choices=[
            ("", "All that aren't over"),
            (PERSON, "Needs a person"),
            (DUE, "Due now"),
            (ALL, "Also what is over"),
        ],
    )
    status = forms.ChoiceField(label="Status", choices=[("", "Any status"), *lifecycle.OPERATION.choices()])
    action = forms.ChoiceField(label="Action", choices=[("", "Any action"), *ChangeAction.choices])
    account = forms.ModelChoiceField(
        label="Account", queryset=Account.objects.order_by("name"), empty_label="Any account"
    )
    region = forms.CharField(label="Region", max_length=32)
    request = forms.CharField(label="Request", max_length=24)

    def clean_request(self) -> int | None:
        """Return the request's number."""
        text = self.cleaned_data["request"]
        match = REFERENCE.match(text) or REFERENCE.match(f"REQ-{text}")
        if text and not match:
            raise forms.ValidationError("Write a request as REQ-12.")
        return int(match["number"]) if match else None

    def apply(self, rows: OperationQuerySet, user: User) -> QuerySet[Operation]:
        """Return the operations asked for, each with its `trouble`, in order."""
        values = self.cleaned_data
        show = values.get("show")
        if show == PERSON:
            rows = rows.dead()
        elif show == DUE:
            rows = rows.due()
        elif show != ALL and not values.get("status"):
            rows = rows.filter(status__in=lifecycle.OPERATION.live())
        if values.get("request"):
            rows = rows.filter(request=values["request"])
        trouble_first = Case(When(trouble="", then=Value(1)), default=Value(0), output_field=IntegerField())
        return self.narrow(rows.with_trouble()).order_by(trouble_first, "-updated_at", "pk")


class ActForm(forms.Form):
    """An act on an operation, bound to the version of it that the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)


class ParkForm(ActForm):
    """Parking, with the reason."""

    reason = WordsField(
        lines=True,
        label="Why",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": " "}),  # portal.css asks whether something is written
        help_text="The requester and the other operators read it.",
        error_messages={"required": "Say why: the requester and the other operators read it."},
    )
