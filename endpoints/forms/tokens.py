"""The forms of the tokens' page."""

from __future__ import annotations

from django import forms

from endpoints.services.tokens import DAYS


class TokenForm(forms.Form):
    """For how long a new token is good."""

    days = forms.TypedChoiceField(
        label="Ends after", coerce=int, choices=[(days, f"{days} days") for days in DAYS], initial=DAYS[0]
    )


class RevokeForm(forms.Form):
    """Which token to end."""

    token_key = forms.CharField(max_length=64)
