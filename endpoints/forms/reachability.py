"""What is asked about reachability: a GET form, so that every answer has its own address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from endpoints.network.reachability import ENDPOINT_NAME, SERVICE_NAME
from endpoints.services.choices import Choices
from endpoints.services.reachability import Call

LONGEST = 2048
"""Characters of a principal, an action or a resource: the longest ARN that IAM takes."""


class ReachabilityForm(forms.Form):
    """From where to which service. The account, region and VPC say what else there is to choose from."""

    account = forms.ChoiceField(label="AWS account")
    region = forms.ChoiceField(label="Region")
    vpc_id = forms.ChoiceField(label="VPC", error_messages={"invalid_choice": "Choose a VPC of the list."})
    source = forms.CharField(
        label="From",
        max_length=64,
        help_text="A subnet, an instance (i-…) or a network interface (eni-…) of the VPC.",
        widget=forms.TextInput(attrs={"list": "sources", "autocomplete": "off", "spellcheck": "false"}),
    )
    service_name = forms.ChoiceField(
        label="To the service", error_messages={"invalid_choice": "Choose a service of the list."}
    )
    group = forms.MultipleChoiceField(
        label="Clients are in",
        help_text="For a subnet: the security groups of the clients. None means any of the VPC's.",
        error_messages={"invalid_choice": "%(value)s isn't a security group of this VPC."},
    )
    resolve = forms.ChoiceField(
        label="They call",
        choices=[(SERVICE_NAME, "the service's own name"), (ENDPOINT_NAME, "the endpoint's own names")],
    )
    principal = forms.CharField(label="As", max_length=LONGEST, help_text="An ARN of a role or user, or *.")
    action = forms.CharField(label="Action", max_length=128, help_text="For example s3:GetObject.")
    resource = forms.CharField(label="Resource", max_length=LONGEST, help_text="An ARN, or *.")

    def __init__(self, data: QueryDict, *, choices: Choices) -> None:
        place = {
            "account": str(choices.account.pk) if choices.account else "",
            "region": choices.region,
            "vpc_id": data.get("vpc_id", ""),
            "resolve": data.get("resolve") or SERVICE_NAME,
        }
        values = data.copy()
        for name, value in place.items():
            values[name] = value
        super().__init__(values)
        for field in self.fields.values():
            field.required = False
        regions = choices.account.regions if choices.account else ()
        offered: dict[str, list[tuple[str, Any]]] = {
            "account": [(str(item.pk), f"{item.name} ({item.account_id})") for item in choices.accounts],
            "region": [(item.region, item.region) for item in regions],
            "vpc_id": [("", "Choose a VPC"), *((item.aws_id, item.label) for item in choices.vpcs)],
            "service_name": [("", "Choose a service"), *((item.aws_id, item.short) for item in choices.services)],
            "group": [(item.aws_id, item.label) for item in choices.groups],
        }
        for name, pairs in offered.items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]
        self.fields["group"].widget.attrs["size"] = min(4, max(2, len(offered["group"])))

    @property
    def call(self) -> Call | None:
        """Return what the endpoint's policy is asked about, if anything. Only after `is_valid()`."""
        values = self.cleaned_data
        if not values.get("action"):
            return None
        return Call(
            principal=values.get("principal") or "*", action=values["action"], resource=values.get("resource") or "*"
        )

    @property
    def asks(self) -> bool:
        """Tell whether there is enough to answer. Only after `is_valid()`."""
        return bool(self.cleaned_data.get("source") and self.cleaned_data.get("service_name"))

    def clean_action(self) -> str:
        """Refuse what can't be an action."""
        action = str(self.cleaned_data.get("action") or "").strip()
        if action and ":" not in action:
            raise forms.ValidationError("Write service:Action, such as s3:GetObject.")
        return action
