"""Sign-in by API token. Tokens are random; the database holds only their hash."""

from __future__ import annotations

from typing import Any

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class PortalTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """Knox's `Authorization: Token …`, where bytes that can't be a token are a wrong token and not a crash."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the user and the token, or None without such a header. Raises AuthenticationFailed."""
        found: tuple[Any, Any] | None = super().authenticate(request)
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the token. Raises AuthenticationFailed."""
        if not (token.isascii() and token.isalnum()):
            raise AuthenticationFailed("Invalid token.")
        found: tuple[Any, Any] = super().authenticate_credentials(token)
        return found
