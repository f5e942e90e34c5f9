"""Which VPCs and services the matrix shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from endpoints.domain import lifecycle
from endpoints.domain.specs import short_service_name
from endpoints.forms.filters import Filter
from endpoints.models import Endpoint, InventoryItem, Team
from endpoints.models.inventory import InventoryKind
from endpoints.network.bundles import Bundle, Member
from endpoints.services.choices import AccountChoice

MOST_ASKED = 200
"""Names that somebody may write, at most; the matrix says how many of them it leaves out."""


class CoverageFilter(Filter):
    """A GET form: its address is the matrix's. Without a bundle or names, the services that the VPCs have are shown."""

    q = forms.CharField(label="VPC", max_length=200)
    account = forms.ChoiceField(label="Account")
    region = forms.ChoiceField(label="Region")
    team = forms.ModelChoiceField(label="With endpoints of", queryset=Team.objects.all(), empty_label="Any team")
    bundle = forms.ChoiceField(label="Bundle")
    services = forms.CharField(
        label="Services",
        max_length=4000,
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "s3, ecr.api"}),
    )

    def __init__(self, data: Any, *, accounts: Sequence[AccountChoice], bundles: Sequence[Bundle]) -> None:
        self._accounts = accounts
        self._bundles = bundles
        super().__init__(data)

    def full_clean(self) -> None:
        """Offer accounts, regions and bundles before they are judged."""
        regions = sorted({item.region for account in self._accounts for item in account.regions})
        for name, first, pairs in (
            ("account", "Every account", [(str(item.pk), item.name) for item in self._accounts]),
            ("region", "Every region", [(item, item) for item in regions]),
            ("bundle", "What is in use", [(item.id, item.title) for item in self._bundles]),
        ):
            self.fields[name].choices = [("", first), *pairs]  # type: ignore[attr-defined]
        super().full_clean()

    @property
    def chosen_bundle(self) -> Bundle | None:
        """Return the chosen bundle."""
        return next((item for item in self._bundles if item.id == self.cleaned_data.get("bundle")), None)

    @property
    def accounts_shown(self) -> list[AccountChoice]:
        """Return the accounts whose VPCs are looked at."""
        only = self.cleaned_data.get("account")
        return [item for item in self._accounts if not only or str(item.pk) == only]

    @property
    def columns(self) -> list[Member]:
        """Return the services asked for, each once; none asks for those in use."""
        members = {item.service: item for item in (self.chosen_bundle.members if self.chosen_bundle else ())}
        words = self.cleaned_data.get("services", "").replace(",", " ").split()
        for word in words[:MOST_ASKED]:
            short = short_service_name(word)
            members.setdefault(short, Member(short, ""))
        return list(members.values())

    def apply(self) -> QuerySet[InventoryItem]:
        """Return the VPCs asked for, by account, region and name."""
        values = self.cleaned_data
        rows = InventoryItem.objects.filter(kind=InventoryKind.VPC, account__in=[item.pk for item in self._accounts])
        if values.get("account"):
            rows = rows.filter(account=int(values["account"]))
        if values.get("region"):
            rows = rows.filter(region=values["region"])
        if text := values.get("q", "").strip():
            rows = rows.filter(Q(aws_id=text) | Q(name__icontains=text))
        if values.get("team"):
            theirs = Endpoint.objects.filter(
                vpc_id=OuterRef("aws_id"), owner_team=values["team"], status__in=lifecycle.ENDPOINT.live()
            )
            rows = rows.filter(Exists(theirs))
        return rows.select_related("account").order_by("account__name", "region", "name", "aws_id")
