"""What people do with their own account, and what they don't: administrators create people and give addresses.

SSO can be added through allauth.
"""

from typing import Any

from allauth.account import forms
from allauth.account.adapter import DefaultAccountAdapter

from endpoints.models import User


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Refuse sign-up from the outside."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Answer no: people are created by an administrator."""
        return False


class _SentenceCase:
    """Write labels as the portal does; allauth writes "New Password"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # type: ignore[attr-defined]  # a form's
            field.label = str(field.label).capitalize()
            if "placeholder" in field.widget.attrs:
                field.widget.attrs["placeholder"] = str(field.widget.attrs["placeholder"]).capitalize()


class LoginForm(_SentenceCase, forms.LoginForm):  # type: ignore[misc]
    """Username and password."""


class ChangePasswordForm(_SentenceCase, forms.ChangePasswordForm):  # type: ignore[misc]
    """The present password, and the new one twice."""


class ResetPasswordKeyForm(_SentenceCase, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password twice, for who came by the link of a mail."""


class ResetPasswordForm(_SentenceCase, forms.ResetPasswordForm):  # type: ignore[misc]
    """The address that the link goes to."""

    def clean_email(self) -> str:
        """Return the address; the link is for whom administrators gave it to, and who signs in with a password."""
        email = str(super().clean_email()).lower()
        found = User.objects.filter(email__iexact=email, is_active=True)
        # PostgreSQL takes some letters as equal that are two addresses: the mail goes to what was typed.
        self.users = [user for user in found if user.email.lower() == email and user.has_usable_password()]
        return email
