"""Which services to look for, and where."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from endpoints.forms.filters import Filter
from endpoints.models import InventoryItem
from endpoints.services import catalogue
from endpoints.services.choices import OFFERED_TYPES, AccountChoice, RegionChoice

YES, NO = "yes", "no"
_SWITCHES = {"policy": "policy_supported", "acceptance": "acceptance_required"}


class CatalogueFilter(Filter):
    """A GET form. An account or region that isn't offered falls back to the first one."""

    PLACE = ("account", "region")

    q = forms.CharField(label="Name or purpose", max_length=200)
    account = forms.ChoiceField(label="Account")
    region = forms.ChoiceField(label="Region")
    type = forms.ChoiceField(
        label="Type", choices=[("", "Any type"), *((item, item) for item in (*OFFERED_TYPES, "Resource"))]
    )
    owner = forms.ChoiceField(label="Owner", choices=[("", "Anybody"), ("aws", "AWS"), ("others", "Somebody else")])
    policy = forms.ChoiceField(
        label="Endpoint policy", choices=[("", "Any"), (YES, "Supported"), (NO, "Not supported")]
    )
    acceptance = forms.ChoiceField(label="Acceptance", choices=[("", "Any"), (YES, "Needed"), (NO, "Not needed")])
    dns = forms.ChoiceField(label="Private DNS", choices=[("", "Any"), (YES, "Has a name"), (NO, "None")])

    def __init__(self, data: Any, accounts: tuple[AccountChoice, ...]) -> None:
        chosen = next((item for item in accounts if str(item.pk) == data.get("account")), None)
        self.chosen_account = chosen or (accounts[0] if accounts else None)
        regions = self.chosen_account.regions if self.chosen_account else ()
        region = next((item for item in regions if item.region == data.get("region")), None)
        self.chosen_region: RegionChoice | None = region or (regions[0] if regions else None)
        values = {name: data[name] for name in data if name in self.base_fields}
        values["account"] = str(self.chosen_account.pk) if self.chosen_account else ""
        values["region"] = self.chosen_region.region if self.chosen_region else ""
        self._choices = {
            "account": [(str(item.pk), item.name) for item in accounts],
            "region": [(item.region, item.region) for item in regions],
        }
        super().__init__(values)

    def full_clean(self) -> None:
        """Offer the accounts and regions before they are judged."""
        for name, pairs in self._choices.items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]
        super().full_clean()

    @property
    def active(self) -> bool:
        """Tell whether anything but the place narrows the list."""
        return any(value for name, value in self.cleaned_data.items() if name not in self.PLACE and value)

    def apply(self) -> QuerySet[InventoryItem]:
        """Return the services asked for, AWS's own first, by name."""
        if self.chosen_account is None or self.chosen_region is None:
            return InventoryItem.objects.none()
        region = self.chosen_region.region
        rows = catalogue.services_in(self.chosen_account.pk, region)
        values = self.cleaned_data
        if values.get("q"):
            rows = catalogue.searched(rows, values["q"], [region])
        if values.get("type"):
            rows = rows.filter(data__types__contains=[values["type"]])
        for name, key in _SWITCHES.items():
            if values.get(name):
                rows = rows.filter(**{f"data__{key}": values[name] == YES})
        others = Q(aws_id__contains=".vpce.")
        if values.get("owner"):
            rows = rows.filter(others if values["owner"] == "others" else ~others)
        unnamed = Q(data__private_dns_name="") | Q(data__private_dns_name__isnull=True)
        if values.get("dns"):
            rows = rows.filter(~unnamed if values["dns"] == YES else unnamed)
        return rows.alias(theirs=others).order_by("theirs", "aws_id")
