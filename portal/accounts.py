"""Who may get an account: nobody by themselves. Administrators create people; SSO can be added through allauth."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Refuse sign-up from the outside."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Answer no: people are created by an administrator."""
        return False
