"""The form that changes an endpoint in place: where it lives, who gets in, its DNS, its addresses, its tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict

from endpoints.domain.specs import EndpointSpec, EndpointType, SpecError
from endpoints.forms.changes import ChangeFields
from endpoints.forms.options import ADDRESS, LEFT_TO_AWS, SWITCHES, OptionFields, is_on, option_values
from endpoints.forms.parts import TEXTS
from endpoints.forms.rules import LiveChecks, RuleKeys, chosen, live_checks
from endpoints.models import Endpoint
from endpoints.models.requests import ChangeAction
from endpoints.services import checks
from endpoints.services.choices import Choices, Service
from endpoints.services.drafts import ChangeDraft, Draft

LISTS = ("subnet_ids", "security_group_ids", "route_table_ids")
RULES = "group_rules"
_OTHER_VPC = "%(value)s doesn't belong to this VPC. Choose from the list."
_INTERFACE_ONLY = ("security_group_ids", "private_dns_enabled", "ip_address_type", "dns_record_ip_type", *SWITCHES)


class ModifyForm(ChangeFields, OptionFields):
    """An endpoint's values, to be changed. It has the fields that AWS changes in place for its type, and no others."""

    subnet_ids = forms.MultipleChoiceField(
        label="Subnets", required=False, error_messages={"invalid_choice": _OTHER_VPC}
    )
    security_group_ids = forms.MultipleChoiceField(
        label="Security groups", required=False, error_messages={"invalid_choice": _OTHER_VPC}
    )
    route_table_ids = forms.MultipleChoiceField(
        label="Route tables", required=False, error_messages={"invalid_choice": _OTHER_VPC}
    )
    private_dns_enabled = forms.BooleanField(label="Private DNS", required=False)
    group_rules = RuleKeys()
    name = forms.CharField(label="Name tag", required=False, max_length=120)
    title = TEXTS.title()
    justification = TEXTS.justification(help_text="Reviewers read this first: what it is for, and who is affected.")

    def __init__(self, *args: Any, endpoint: Endpoint, former: EndpointSpec, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.former = former
        self.offered = choices.with_lost(former)
        self.spec: EndpointSpec | None = None
        self.own_id = endpoint.vpc_endpoint_id or ""
        for field, items in (
            ("subnet_ids", self.offered.subnets),
            ("security_group_ids", self.offered.groups),
            ("route_table_ids", self.offered.route_tables),
        ):
            self.fields[field].choices = [(item.aws_id, item.label) for item in items]  # type: ignore[attr-defined]
        if former.has_network_interfaces:
            self.offer_addresses(self.offered.subnets)
        self._say_what_aws_has(endpoint)
        for name in self._not_for(former):
            del self.fields[name]

    @staticmethod
    def _not_for(former: EndpointSpec) -> tuple[str, ...]:
        """Return the fields that AWS doesn't change in place for this type."""
        if former.has_network_interfaces:
            only_s3 = () if former.short_service == "s3" else SWITCHES[:1]
            is_on_already = SWITCHES[1:] if former.private_dns_enabled else ()
            return ("route_table_ids", *only_s3, *is_on_already)
        return ("subnet_ids", *_INTERFACE_ONLY, *(() if former.is_gateway else ("route_table_ids", RULES)))

    def _say_what_aws_has(self, endpoint: Endpoint) -> None:
        observed = endpoint.observed_endpoint()
        for name in ("ip_address_type", "dns_record_ip_type"):
            field: Any = self.fields[name]
            if getattr(self.former, name):  # AWS keeps what it has when it isn't told another
                field.choices = [pair for pair in field.choices if pair != LEFT_TO_AWS]
            elif observed and getattr(observed, name):
                field.choices = [("", f"As it is: {getattr(observed, name)}"), *field.choices[1:]]
        for subnet_id, address in (observed.addresses if observed else {}).items():
            if ADDRESS + subnet_id in self.fields and address:
                self.fields[ADDRESS + subnet_id].widget.attrs["placeholder"] = f"{address} now"

    @classmethod
    def values_of(cls, spec: EndpointSpec) -> dict[str, Any]:
        """Return the form's values for a spec."""
        lists = {name: list(getattr(spec, name)) for name in LISTS}
        lists[RULES] = [item.key for item in spec.group_rules]
        return lists | option_values(spec) | {"private_dns_enabled": spec.private_dns_enabled, "name": spec.name}

    @classmethod
    def typed(cls, data: QueryDict) -> dict[str, Any]:
        """Return what was typed, to be shown once more: texts, lists and switches."""
        switches = {name: is_on(data.get(name, "")) for name in ("private_dns_enabled", *SWITCHES)}
        return data.dict() | {name: data.getlist(name) for name in (*LISTS, RULES)} | switches

    @property
    def selected(self) -> dict[str, list[str]]:
        """Return what is ticked in each list."""
        names = (name for name in (*LISTS, RULES) if name in self.fields)
        return {name: [str(item) for item in self[name].value() or ()] for name in names}

    @property
    def live(self) -> LiveChecks | None:
        """Return what the checks say to the choices so far; beside a form with problems, the offers alone."""
        keys, place = self.selected.get(RULES, []), {k: tuple(v) for k, v in self.selected.items() if k in LISTS}
        if "private_dns_enabled" in self.fields:
            place["private_dns_enabled"] = bool(self["private_dns_enabled"].value())  # type: ignore[assignment]
        try:
            spec = replace(self.former, subnet_configurations=(), group_rules=(), **place)  # type: ignore[arg-type]
        except SpecError:
            return None
        spec = replace(spec, group_rules=chosen(keys, spec, self.offered, self.former)[0])
        found = checks.findings_so_far(spec, self.offered, former=self.former, own_id=self.own_id)
        return live_checks(found, keys, self.offered, only_offers=self.is_bound)

    @property
    def service(self) -> Service | None:
        """Return the endpoint's service, or None where the region no longer offers it."""
        return self.offered.service(self.former.service_name)

    @property
    def private_dns_refusal(self) -> str:
        """Return why private DNS can't be switched on here, or an empty text."""
        if self.former.private_dns_enabled:
            return ""
        return self.offered.private_dns_refusal(self.service, own_id=self.own_id)

    def clean(self) -> dict[str, Any]:
        """Build the spec from the former one."""
        values: dict[str, Any] = super().clean() or {}
        if self.errors:
            return values
        kind = self.former.vpc_endpoint_type
        values.update({name: False for name in SWITCHES if name not in self.fields})  # not for this type or service
        place: dict[str, Any] = {}
        if kind is not EndpointType.GATEWAY_LOAD_BALANCER:
            place = self.place_and_options(kind, self.former)
        if self.former.security_group_ids and place.get("security_group_ids") == ():
            self.add_error("security_group_ids", "AWS keeps at least one group on an endpoint; choose one.")
        if self.errors:
            return values
        try:
            spec = replace(self.former, **place, name=values["name"], tags=values["tags"], group_rules=())
            rules, unknown = chosen(values.get(RULES, ()), spec, self.offered, self.former)
            if unknown:
                self.add_error(RULES, f"“{unknown[0]}” isn't a rule that is offered here. Take it out.")
            self.spec = replace(spec, group_rules=rules)
        except SpecError as error:
            for field, text in error.problems.items():
                self.add_error(field if field in self.fields else None, text)
        return values

    def draft(self, endpoint: Endpoint) -> Draft:
        """Return what the services take. Only after `is_valid()`."""
        if self.spec is None:
            raise ValueError("Ask is_valid() first.")
        change = ChangeDraft(
            action=ChangeAction.MODIFY,
            spec=self.spec,
            endpoint=endpoint,
            base_generation=self.cleaned_data["base_generation"],
        )
        return self._draft(endpoint, why=self.cleaned_data["justification"], change=change)

    def unchanged(self, draft: Draft) -> dict[str, str]:
        """Return the problem of a form in which nothing was changed."""
        before = replace(self.former, tags=tuple(sorted(self.former.tags)))
        if replace(draft.changes[0].spec, tags=tuple(sorted(draft.changes[0].spec.tags))) != before:
            return {}
        return {"": "Nothing changes: everything is as it was. Change a value, or cancel."}
