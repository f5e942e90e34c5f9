"""What a colleague should be able to do in AWS, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from endpoints.domain.specs import SERVICE_NAME
from endpoints.models import InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.policy.colleague import Level, Scope
from endpoints.policy.role import partition_of
from endpoints.services.choices import AccountChoice

MOST_ACCOUNTS = 10
"""Accounts for which policies are written on one page: an identity policy holds in one."""
MOST_VPCS = 500
MOST_SERVICES = 50
"""More names than a managed policy has room for."""
_TAG = re.compile(r"\A[\w +\-=.:/@]{1,127}\Z")
"""The characters of a tag that every service takes (EC2 user guide, "Tag restrictions")."""
LEVELS = {
    Level.VIEW: "View: read endpoints, services and the VPC around them",
    Level.REQUEST: "Request: and create endpoints",
    Level.OPERATE: "Operate: and change, tag and delete endpoints",
    Level.ADMINISTER: "Administer: and change security group rules, offer services, accept connections",
}


class ColleagueForm(forms.Form):
    """A GET form: its address is the answer's."""

    level = forms.ChoiceField(
        label="What the colleague may do", widget=forms.RadioSelect, choices=[(str(k), v) for k, v in LEVELS.items()]
    )
    accounts = forms.MultipleChoiceField(
        label="AWS accounts",
        widget=forms.SelectMultiple(attrs={"size": 6}),
        error_messages={"required": "Choose at least one account.", "invalid_choice": "%(value)s isn't in the list."},
    )
    vpcs = forms.MultipleChoiceField(
        label="VPCs",
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text="None chosen: every VPC of the accounts.",
        error_messages={"invalid_choice": "%(value)s isn't in the accounts that are chosen."},
    )
    services = forms.CharField(
        label="Services",
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "s3, ecr.api"}),
        help_text="Names, separated by commas, short or in full. None: every service of AWS's own.",
    )
    tag = forms.CharField(
        label="Tag",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "team=payments"}),
        help_text="What is created must carry it, and only what carries it is changed or deleted. Optional.",
    )

    def __init__(self, data: Any = None, *, accounts: Iterable[AccountChoice]) -> None:
        super().__init__(data if data and "level" in data else None, initial={"level": "view"})
        self.known: Mapping[str, AccountChoice] = {str(item.pk): item for item in accounts}
        self.fields["accounts"].choices = [(pk, f"{item.name} ({item.account_id})") for pk, item in self.known.items()]  # type: ignore[attr-defined]
        self.vpcs_by_key = self._vpcs() if self.is_bound else {}
        self.fields["vpcs"].choices = [(key, label) for key, (*_, label) in self.vpcs_by_key.items()]  # type: ignore[attr-defined]

    def _vpcs(self) -> dict[str, tuple[int, str, str, str]]:
        """Return account, region, id and label of the chosen accounts' VPCs, by `account/region/id`. One query."""
        chosen = [int(pk) for pk in self["accounts"].value() or () if pk in self.known][:MOST_ACCOUNTS]
        rows = InventoryItem.objects.filter(account__in=chosen, kind=InventoryKind.VPC)
        found = rows.order_by("account__name", "region", "name", "aws_id")[:MOST_VPCS]
        return {
            f"{item.account_id}/{item.region}/{item.aws_id}": (
                item.account_id,
                item.region,
                item.aws_id,
                f"{item.name or item.aws_id} · {item.region} · {self.known[str(item.account_id)].name}",
            )
            for item in found
        }

    def clean_accounts(self) -> list[str]:
        """Keep the page and its policies readable."""
        found: list[str] = self.cleaned_data["accounts"]
        if len(found) > MOST_ACCOUNTS:
            raise forms.ValidationError(f"Choose at most {MOST_ACCOUNTS} accounts at once.")
        return found

    def clean_services(self) -> list[str]:
        """Split into names."""
        names = [name for name in re.split(r"[\s,;]+", self.cleaned_data["services"]) if name]
        if len(names) > MOST_SERVICES:
            raise forms.ValidationError(f"Name at most {MOST_SERVICES} services, or none: every service of AWS's own.")
        for name in names:
            if not SERVICE_NAME.match(f"com.amazonaws.{name}") or (name.startswith("com.") and name.count(".") < 3):
                raise forms.ValidationError(f"{name!r} is no name of a service. Write s3, or the full name.")
        return names

    def clean_tag(self) -> tuple[str, str] | None:
        """Split into key and value."""
        text = self.cleaned_data["tag"].strip()
        if not text:
            return None
        key, sign, value = text.partition("=")
        if not (sign and _TAG.match(key.strip()) and _TAG.match(value.strip())):
            raise forms.ValidationError("Write the tag as key=value, with letters, digits and + - . _ : / @.")
        if key.strip().lower().startswith("aws:"):
            raise forms.ValidationError("AWS keeps keys that begin with aws: for itself. Write another one.")
        return key.strip(), value.strip()

    def scopes(self) -> list[tuple[AccountChoice, Scope | None]]:
        """Return each chosen account with the scope there; None where VPCs are chosen, and none of its own."""
        values = self.cleaned_data
        chosen = [self.vpcs_by_key[key] for key in values["vpcs"]]
        found = []
        for pk in values["accounts"]:
            account = self.known[pk]
            vpcs = tuple((region, vpc_id) for owner, region, vpc_id, _ in chosen if str(owner) == pk)
            outside = bool(chosen) and not vpcs
            found.append((account, None if outside else self._scope(account, vpcs)))
        return found

    def _scope(self, account: AccountChoice, vpcs: tuple[tuple[str, str], ...]) -> Scope:
        regions = tuple(item.region for item in account.regions)
        places = tuple(dict.fromkeys(region for region, _ in vpcs)) or regions
        names = self.cleaned_data["services"]
        return Scope(
            account_id=account.account_id,
            partition=partition_of(regions),
            regions=regions,
            vpcs=vpcs,
            services=tuple(dict.fromkeys(full for name in names for full in _full(name, places))),
            tag=self.cleaned_data["tag"],
        )


def _full(name: str, regions: tuple[str, ...]) -> list[str]:
    """Return a service's full names: a short one has one in each region."""
    if name.startswith(("com.amazonaws.", "cn.com.amazonaws.", "aws.")):
        return [name]
    return [f"{'cn.' if region.startswith('cn-') else ''}com.amazonaws.{region}.{name}" for region in regions]
