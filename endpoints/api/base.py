"""The base of every JSON view."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from endpoints.permissions import Rule


class PortalView(APIView):
    """Base of every JSON view. `routing.api` sets `declared_rules`: method to rule."""

    declared_rules: Mapping[str, Rule] = {}

    @property
    def allowed_methods(self) -> list[str]:
        """Return the methods with a rule: these and no others are answered. Without a route, what is written."""
        return sorted(self.declared_rules) or super().allowed_methods

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse a method without a rule before asking who calls. Raises MethodNotAllowed."""
        if request.method not in self.declared_rules:
            raise MethodNotAllowed(request.method or "")
        super().initial(request, *args, **kwargs)
