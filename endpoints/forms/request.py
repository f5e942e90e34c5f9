"""The form that asks for a new endpoint: what it offers depends on account, region, VPC, service and type."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse

from endpoints.domain.specs import EndpointSpec, EndpointType, SpecError
from endpoints.forms.costs import VolumeForm, gb_of, volume_field
from endpoints.forms.options import ADDRESS, SWITCHES, OptionFields, is_on, option_values
from endpoints.forms.parts import FULL, TEXTS, PolicyFields, submission_key, team_field, tidy_policy
from endpoints.forms.rules import LiveChecks, RuleKeys, chosen, live_checks
from endpoints.models import Account, Change, EndpointRequest, User
from endpoints.models.requests import ChangeAction
from endpoints.network.cost import Estimate, PriceBook, estimate
from endpoints.network.preflight.placement import serves
from endpoints.services import checks, costs
from endpoints.services.choices import OFFERED_TYPES, Choices, Service, Subnet
from endpoints.services.drafts import ChangeDraft, Draft

LISTS = ("subnet_ids", "security_group_ids", "route_table_ids", "group_rules")
SINGLES = (
    "account",
    "region",
    "vpc_id",
    "service_name",
    "vpc_endpoint_type",
    "access",
    "policy_document",
    "name",
    "title",
    "justification",
    "owner_team",
    "submission_key",
    "placed_for",
    "ip_address_type",
    "dns_record_ip_type",
    "tags",
    "base_generation",
    "gb",
)
Values = dict[str, Any]

RELOADS = {
    "account": "on-account",
    "region": "on-region",
    "vpc_id": "placement",
    "service_name": "on-service",
    "vpc_endpoint_type": "placement",
}
"""Which part of the page each choice reloads, by its id in templates/requests/form_fields.html."""

_UNLISTED = "“%(value)s” isn't in the list any more. Choose again."
_OTHER_VPC = "%(value)s doesn't belong to this VPC. Choose from the list."


class SpecForm(PolicyFields, OptionFields):
    """One endpoint as it should be, chosen from what is offered. What belongs to its request stands in other forms."""

    account = forms.ChoiceField(label="AWS account", error_messages={"invalid_choice": _UNLISTED})
    region = forms.ChoiceField(label="Region", error_messages={"invalid_choice": _UNLISTED})
    vpc_id = forms.ChoiceField(label="VPC", error_messages={"invalid_choice": _UNLISTED, "required": "Choose a VPC."})
    service_name = forms.ChoiceField(
        label="Service", error_messages={"invalid_choice": _UNLISTED, "required": "Choose a service."}
    )
    vpc_endpoint_type = forms.ChoiceField(
        label="Type",
        widget=forms.RadioSelect,
        error_messages={
            "invalid_choice": "The service isn't offered as “%(value)s”. Choose a type of the list.",
            "required": "Choose a type.",
        },
    )
    subnet_ids = forms.MultipleChoiceField(
        label="Subnets", required=False, error_messages={"invalid_choice": _OTHER_VPC}
    )
    security_group_ids = forms.MultipleChoiceField(
        label="Security groups", required=False, error_messages={"invalid_choice": _OTHER_VPC}
    )
    private_dns_enabled = forms.BooleanField(label="Private DNS", required=False)
    route_table_ids = forms.MultipleChoiceField(
        label="Route tables", required=False, error_messages={"invalid_choice": _OTHER_VPC}
    )
    group_rules = RuleKeys()
    name = forms.CharField(
        label="Name tag", required=False, max_length=120, help_text="Becomes the endpoint's Name tag in AWS. Optional."
    )
    placed_for = forms.CharField(required=False, widget=forms.HiddenInput, max_length=400)

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = choices
        self.spec: EndpointSpec | None = None
        service = choices.service(str(self["service_name"].value() or ""))
        types = service.types if service else ()
        for field, pairs in {
            "account": [(str(item.pk), f"{item.name} ({item.account_id})") for item in choices.accounts],
            "region": [(item.region, item.region) for item in (choices.account.regions if choices.account else ())],
            "vpc_id": [("", "Choose a VPC"), *((item.aws_id, _vpc_label(item)) for item in choices.vpcs)],
            "service_name": _service_choices(choices.services),
            "vpc_endpoint_type": [(item, item) for item in types],
            "subnet_ids": [(item.aws_id, item.label) for item in choices.subnets],
            "security_group_ids": [(item.aws_id, item.label) for item in choices.groups],
            "route_table_ids": [(item.aws_id, item.label) for item in choices.route_tables],
        }.items():
            self.fields[field].choices = pairs  # type: ignore[attr-defined]
        self.offer_addresses(choices.subnets)

    @property
    def selected(self) -> dict[str, list[str]]:
        """Return what is ticked in each list."""
        return {name: [str(item) for item in self[name].value() or ()] for name in LISTS}

    @property
    def service(self) -> Service | None:
        """Return the chosen service, or None."""
        return self.offered.service(str(self["service_name"].value() or ""))

    def estimated(self, gb: Decimal) -> Estimate | None:
        """Return what a month of the chosen endpoint costs with a volume of data; None while no type is chosen."""
        kind = str(self["vpc_endpoint_type"].value() or "")
        if kind not in OFFERED_TYPES:
            return None
        zones = 0 if kind == EndpointType.GATEWAY else len(self.selected["subnet_ids"])
        rates = costs.prices().rates(str(self["region"].value() or self.offered.region))
        return estimate(kind=kind, zones=zones, gb=gb, rates=rates)

    @property
    def private_dns_refusal(self) -> str:
        """Return why private DNS isn't possible here, or an empty text."""
        return self.offered.private_dns_refusal(self.service)

    def clean(self) -> Values:
        """Build the spec; what belongs to the other type is left out."""
        values: Values = super().clean() or {}
        if "service_name" in self.errors:
            self.errors.pop("vpc_endpoint_type", None)  # is asked for only once there is a service
        if self.errors or self.offered.account is None:
            return values
        kind = EndpointType(values["vpc_endpoint_type"])
        place = self.place_and_options(kind)
        if self.errors:
            return values
        try:
            self.spec = EndpointSpec(
                account_id=self.offered.account.account_id,
                region=values["region"],
                vpc_id=values["vpc_id"],
                service_name=values["service_name"],
                vpc_endpoint_type=kind,
                policy_document=self.asked_document(),
                name=values["name"],
                tags=values["tags"],
                **place,
            )
            rules, unknown = chosen(values["group_rules"], self.spec, self.offered)
            if unknown:
                self.add_error("group_rules", f"“{unknown[0]}” isn't a rule that is offered here. Take it out.")
            self.spec = replace(self.spec, group_rules=rules)
        except SpecError as error:
            for field, text in error.problems.items():
                self.add_error(field if field in self.fields else None, text)
        return values


class RequestForm(SpecForm):
    """A new endpoint, or the edited version of one that was asked for, or one that takes another's place."""

    title = TEXTS.title()
    justification = TEXTS.justification()
    owner_team = team_field()
    submission_key = forms.CharField(required=False, widget=forms.HiddenInput)
    gb = volume_field()  # for the estimate alone: it becomes no part of the request
    # The generation of the endpoint that is replaced, as it was looked at.
    base_generation = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, *args: Any, choices: Choices, user: User, **kwargs: Any) -> None:
        super().__init__(*args, choices=choices, **kwargs)
        self.fields["owner_team"].queryset = user.teams.all()  # type: ignore[attr-defined]
        self.fields["service_name"].widget.attrs["data-narrow"] = "Narrow the list by name"
        for field, part in RELOADS.items():
            target = f"#{part}"
            self.fields[field].widget.attrs.update(
                {"hx-get": reverse("request_new_fields"), "hx-target": target, "hx-select": target}
            )

    @property
    def estimate(self) -> Estimate | None:
        """Return what a month of the chosen endpoint costs; None where the volume is no number."""
        volume = VolumeForm(gb_of(self["gb"].value()))
        return None if volume.errors else self.estimated(volume.volume)

    @property
    def prices(self) -> PriceBook:
        """Return where the estimate's prices come from."""
        return costs.prices()

    def live(self, *, only_offers: bool = False) -> LiveChecks | None:
        """Return what the checks say to the choices so far; None where there is too little to say anything of.

        Where the form is shown with its problems, these stand beside the fields: then the offers alone.
        """
        values = settled(read_values(self.data), self.offered) if self.is_bound else self.initial  # type: ignore[arg-type]
        spec = spec_so_far(values, self.offered)
        if spec is None:
            return None
        keys = self.selected["group_rules"]
        only_offers = only_offers or self.is_bound
        return live_checks(checks.findings_so_far(spec, self.offered), keys, self.offered, only_offers=only_offers)

    def key(self) -> uuid.UUID:
        """Return the key by which a double submit is known."""
        return submission_key(self.cleaned_data.get("submission_key", ""))

    def draft(self) -> Draft:
        """Return what the services take. Only after `is_valid()`."""
        if self.spec is None:
            raise ValueError("Ask is_valid() first.")
        return Draft(
            account=Account.objects.get(pk=self.cleaned_data["account"]),
            title=self.cleaned_data["title"],
            justification=self.cleaned_data["justification"],
            owner_team=self.cleaned_data["owner_team"],
            changes=(ChangeDraft(action=ChangeAction.CREATE, spec=self.spec),),
        )


def read_values(data: QueryDict) -> Values:
    """Return a submitted or linked form's raw values: texts and lists, nothing judged."""
    values: Values = {name: data.get(name, "") for name in SINGLES if name in data}
    values |= {name: data.getlist(name) for name in LISTS}
    values |= {name: data[name] for name in data if name.startswith(ADDRESS)}
    return values | {name: is_on(data.get(name, "")) for name in ("private_dns_enabled", *SWITCHES)}


def settled(values: Mapping[str, Any], choices: Choices) -> Values:
    """Return values that fit what is offered: what doesn't is dropped, and safe defaults take its place."""
    service = choices.service(str(values.get("service_name", "")))
    types = service.types if service else ()
    asked = str(values.get("vpc_endpoint_type", ""))
    placed = str(values.get("placed_for", "")).split(" ")
    # A type that was chosen for another service says nothing of this one: begin with this one's first.
    same_service = service is not None and (len(placed) < 3 or placed[1] == service.aws_id)
    kind = asked if asked in types and same_service else (types[0] if types else "")
    vpc_id = choices.vpc.aws_id if choices.vpc else ""
    placed_for = f"{vpc_id} {service.aws_id if service else ''} {kind}"
    found: Values = {
        "access": FULL,
        **values,
        "account": str(choices.account.pk) if choices.account else "",
        "region": choices.region,
        "vpc_id": vpc_id,
        "service_name": service.aws_id if service else "",
        "vpc_endpoint_type": kind,
        "placed_for": placed_for,
        "submission_key": str(submission_key(str(values.get("submission_key", "")))),
        "policy_document": tidy_policy(str(values.get("policy_document", ""))),
    }
    kept = values.get("placed_for") == placed_for
    found |= _placement(values, choices, service, kind, kept=kept)
    spec = _placed(found, choices)
    rules = chosen(found.get("group_rules", ()), spec, choices)[0] if spec else ()
    return found | {"group_rules": [item.key for item in rules]}


def spec_so_far(values: Mapping[str, Any], choices: Choices) -> EndpointSpec | None:
    """Return the spec of settled values as far as it is chosen, for the checks; None while it is none."""
    spec = _placed(values, choices)
    if spec is None:
        return None
    return replace(spec, group_rules=chosen(values.get("group_rules", ()), spec, choices)[0])


def _placed(values: Mapping[str, Any], choices: Choices) -> EndpointSpec | None:
    """Return the spec as far as it is chosen, without the rules that it carries."""
    kind, service = str(values["vpc_endpoint_type"]), str(values["service_name"])
    if choices.account is None or not (values["vpc_id"] and service and kind):
        return None
    lists = {"route_table_ids"} if kind == EndpointType.GATEWAY else {"subnet_ids", "security_group_ids"}
    if kind == EndpointType.GATEWAY_LOAD_BALANCER:
        lists.remove("security_group_ids")
    found: Values = {
        "account_id": choices.account.account_id,
        "region": choices.region,
        "vpc_id": values["vpc_id"],
        "service_name": service,
        "vpc_endpoint_type": kind,
        **{name: values[name] for name in lists},
    }
    if kind == EndpointType.INTERFACE:
        found["private_dns_enabled"] = bool(values.get("private_dns_enabled"))
        found["ip_address_type"] = str(values.get("ip_address_type", ""))
    try:
        return EndpointSpec.from_dict(found)
    except SpecError:
        return None


def _placement(
    values: Mapping[str, Any], choices: Choices, service: Service | None, kind: str, *, kept: bool
) -> Values:
    offered = {
        "subnet_ids": [item.aws_id for item in choices.subnets],
        "security_group_ids": [item.aws_id for item in choices.groups],
        "route_table_ids": [item.aws_id for item in choices.route_tables],
    }
    found: Values = {name: [item for item in values.get(name, ()) if item in known] for name, known in offered.items()}
    if kept:
        found["private_dns_enabled"] = values.get("private_dns_enabled", False)
        return found
    if kind == EndpointType.INTERFACE:
        found["subnet_ids"] = found["subnet_ids"] or default_subnets(choices, service)
        found["private_dns_enabled"] = not choices.private_dns_refusal(service)
    elif kind == EndpointType.GATEWAY_LOAD_BALANCER:
        found["subnet_ids"] = (found["subnet_ids"] or default_subnets(choices, service))[:1]
    elif kind == EndpointType.GATEWAY:
        found["route_table_ids"] = found["route_table_ids"] or default_route_tables(choices)
    return found


def default_subnets(choices: Choices, service: Service | None) -> list[str]:
    """Return one subnet in each zone that the service serves: private before isolated before public, then the one
    with the most free addresses. A full one, and one that another account shares, is of no use."""
    owner = choices.account.account_id if choices.account else ""
    found = []
    for _, subnets in choices.by_zone():
        fit = [
            item
            for item in subnets
            if item.free > 0
            and item.data.get("owner_id", owner) in ("", owner)
            and (service is None or serves(service.data, item.data))
        ]
        if fit:
            found.append(min(fit, key=_private_first).aws_id)
    return found


def default_route_tables(choices: Choices) -> list[str]:
    """Return the tables in use that lead to no internet gateway: theirs is the traffic to keep private."""
    return [item.aws_id for item in choices.route_tables if item.reach != "public" and (item.subnets or item.main)]


def values_of(request: EndpointRequest, change: Change) -> Values:
    """Return the form's values for a request as it was asked for, to be edited."""
    return spec_values(change.desired(), request.account_id) | {
        "title": request.title,
        "justification": request.justification,
        "owner_team": str(request.owner_team_id),
    }


def spec_values(spec: EndpointSpec, account: int) -> Values:
    """Return the form's values for a spec in an account, by its primary key."""
    service_and_place = {
        "account": str(account),
        "region": spec.region,
        "vpc_id": spec.vpc_id,
        "service_name": spec.service_name,
        "vpc_endpoint_type": str(spec.vpc_endpoint_type),
        "placed_for": f"{spec.vpc_id} {spec.service_name} {spec.vpc_endpoint_type}",
    }
    return (
        service_and_place
        | option_values(spec)
        | {
            "subnet_ids": list(spec.subnet_ids),
            "security_group_ids": list(spec.security_group_ids),
            "route_table_ids": list(spec.route_table_ids),
            "group_rules": [item.key for item in spec.group_rules],
            "private_dns_enabled": spec.private_dns_enabled,
            "access": FULL if spec.policy_document is None else "custom",
            "policy_document": spec.policy_document or "",
            "name": spec.name,
        }
    )


_BEST_FIRST = ("private", "isolated", "public")


def _private_first(item: Subnet) -> tuple[int, int, str, str]:
    return (_BEST_FIRST.index(item.reach), -item.free, item.name, item.aws_id)


def _vpc_label(item: Any) -> str:
    cidr = item.data.get("cidr_block", "")
    return f"{item.label} · {cidr}" if cidr else item.label


def _service_choices(services: tuple[Service, ...]) -> list[Any]:
    groups: dict[str, list[tuple[str, str]]] = {"AWS services": [], "Other endpoint services": []}
    for item in services:
        group = groups["AWS services" if item.by_aws else "Other endpoint services"]
        group.append((item.aws_id, f"{item.short} · {' or '.join(item.types)}"))
    return [("", "Choose a service"), *((name, pairs) for name, pairs in groups.items() if pairs)]
