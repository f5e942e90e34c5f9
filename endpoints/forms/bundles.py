"""Bundles: choosing one with the VPCs that should have it, and writing one of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from endpoints.domain.specs import short_service_name
from endpoints.forms.parts import WordsField, team_field
from endpoints.models import Bundle as OwnBundle
from endpoints.models import InventoryItem, User
from endpoints.network.bundles import TYPES, Bundle, BundleError, Member, check
from endpoints.services import wording
from endpoints.services.choices import AccountChoice

OPTIONAL = "optional"
MAX_WHY = 200


class ChooserForm(forms.Form):
    """A bundle and the VPCs that should have it, in one account and region: a GET form, whose address can be kept."""

    account = forms.ChoiceField(label="AWS account")
    region = forms.ChoiceField(label="Region")
    bundle = forms.ChoiceField(label="Bundle", error_messages={"required": "Choose a bundle."})
    vpc = forms.MultipleChoiceField(
        label="VPCs",
        error_messages={"required": "Choose at least one VPC.", "invalid_choice": "%(value)s isn't in this region."},
    )

    def __init__(
        self,
        data: QueryDict,
        *,
        accounts: Sequence[AccountChoice],
        bundles: Sequence[Bundle],
        **kwargs: Any,
    ) -> None:
        self.chosen_account = next(
            (item for item in accounts if str(item.pk) == data.get("account")), accounts[0] if accounts else None
        )
        regions = self.chosen_account.regions if self.chosen_account else ()
        names = [item.region for item in regions]
        self.chosen_region = next((name for name in names if name == data.get("region")), next(iter(names), ""))
        self.chosen_bundle = next((item for item in bundles if item.id == data.get("bundle")), None)
        values: Any = data.copy()
        values["account"] = str(self.chosen_account.pk) if self.chosen_account else ""
        values["region"] = self.chosen_region
        super().__init__(values, **kwargs)
        for name, pairs in {
            "account": [(str(item.pk), f"{item.name} ({item.account_id})") for item in accounts],
            "region": [(name, name) for name in names],
            "bundle": [("", "Choose a bundle"), *((item.id, item.title) for item in bundles)],
        }.items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]

    def offer(self, vpcs: Sequence[InventoryItem]) -> None:
        """Offer the VPCs of the account-region."""
        self.vpcs = vpcs
        self.fields["vpc"].choices = [(item.aws_id, item.label) for item in vpcs]  # type: ignore[attr-defined]

    @property
    def selected(self) -> list[str]:
        """Return the VPCs that are ticked."""
        return [str(item) for item in self["vpc"].value() or ()]


class BundleForm(forms.Form):
    """A bundle of one's own: its services, one a line."""

    name = WordsField(label="Name", max_length=80)
    purpose = WordsField(label="What it is for", max_length=300, required=False)
    members = forms.CharField(
        label="Services",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
        help_text="One a line: its name, its type (Interface where nothing is said), “optional” where it isn't always "
        "needed, and after a colon why it is needed. Such as “s3 Gateway optional: patches”.",
    )
    owner_team = team_field()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, *args: Any, user: User, bundle: OwnBundle | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if bundle is None:
            self.fields["owner_team"].queryset = user.teams.all()  # type: ignore[attr-defined]
        else:
            del self.fields["owner_team"]

    def clean_members(self) -> tuple[Member, ...]:
        """Return the members. Raises ValidationError that names the line."""
        found = []
        for number, line in enumerate(self.cleaned_data["members"].splitlines(), start=1):
            if not line.strip():
                continue
            try:
                found.append(_member(line))
            except ValueError as error:
                raise ValidationError(f"Line {number}: {error}") from None
        try:
            check(found)
        except BundleError as error:
            raise ValidationError(str(error)) from None
        return tuple(found)


def _member(line: str) -> Member:
    """Return the member that a line describes. Raises ValueError."""
    head, _, why = line.partition(":")
    service, *words = head.split() or [""]
    kinds = [kind for kind in TYPES if kind.lower() in [word.lower() for word in words]]
    unknown = [word for word in words if word.lower() not in (OPTIONAL, *(kind.lower() for kind in TYPES))]
    if unknown:
        raise ValueError(f"“{unknown[0]}” isn't a type or “optional”. Write the reason after a colon.")
    if len(kinds) > 1:
        raise ValueError("Choose one type.")
    if len(why.strip()) > MAX_WHY:
        raise ValueError(f"Give the reason in at most {MAX_WHY} characters.")
    if unreadable := wording.problem_of(why):
        raise ValueError(unreadable)
    optional = OPTIONAL in [word.lower() for word in words]
    return Member(short_service_name(service), kinds[0] if kinds else "Interface", why.strip(), optional)


def lines_of(members: Iterable[Member]) -> str:
    """Return members as the form takes them."""
    return "\n".join(
        f"{item.service} {item.kind}{' optional' if item.optional else ''}{f': {item.why}' if item.why else ''}"
        for item in members
    )
