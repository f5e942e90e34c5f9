"""The volume of data that an estimate reckons with, which people adjust."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from endpoints.network.cost import DEFAULT_GB, MAX_GB

TEAM, ACCOUNT = "team", "account"


def volume_field(label: str = "Data a month (GB)") -> forms.DecimalField:
    """Return the field for a volume of data in GB a month."""
    return forms.DecimalField(
        label=label,
        min_value=Decimal(0),
        max_value=MAX_GB,
        max_digits=12,
        decimal_places=2,
        required=False,
        initial=DEFAULT_GB,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )


def gb_of(value: Any) -> dict[str, str]:
    """Return the data of a `VolumeForm` for a volume as another form has it; an empty one means the default."""
    return {} if value in (None, "") else {"gb": str(value)}


class VolumeForm(forms.Form):
    """GB a month; what isn't a volume is told, and the default takes its place."""

    gb = volume_field()

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        # Shown with the default in it until somebody writes another volume.
        super().__init__(data if data is not None and "gb" in data else {"gb": str(DEFAULT_GB)}, **kwargs)
        self.is_valid()

    @property
    def volume(self) -> Decimal:
        """Return the volume to reckon with."""
        found = self.cleaned_data.get("gb")
        return DEFAULT_GB if found is None else found


class CostsForm(VolumeForm):
    """The page of all costs: a volume through each endpoint, and what to add up by."""

    gb = volume_field("Data through each (GB)")
    by = forms.ChoiceField(label="Add up by", choices=[(TEAM, "Team"), (ACCOUNT, "Account")], required=False)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        given = {} if data is None else {name: data[name] for name in ("gb", "by") if name in data}
        super().__init__({"gb": str(DEFAULT_GB), "by": TEAM, **given}, **kwargs)

    @property
    def grouping(self) -> str:
        """Return `team` or `account`."""
        return self.cleaned_data.get("by") or TEAM
