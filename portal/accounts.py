"""What people do with their own account, and what they don't: administrators create people and give addresses.

SSO can be added through allauth.
"""

import logging
from typing import Any

from allauth.account import forms
from allauth.account.adapter import DefaultAccountAdapter

from endpoints.models import User

log = logging.getLogger(__name__)


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Refuse sign-up from the outside, and outlive a mail server that is away."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Answer no: people are created by an administrator."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; what fails is logged. An error page would tell strangers which addresses have an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:  # smtplib's errors are such, too
            log.error("a mail could not be sent: look at EMAIL_HOST and its settings", exc_info=error)


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
