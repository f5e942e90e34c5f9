"""Enforces the rule that `routing.api` declares beside each path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from endpoints.permissions import Rule

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module: it is the default permission class


class DeclaredRule(BasePermission):
    """Ask the route's rule. A view without rules lets nobody in."""

    message = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the person may use this method here; keep the reason if not."""
        rules: Mapping[str, Rule] = getattr(view, "declared_rules", {})
        rule = rules.get(request.method or "")
        if rule is None:
            return False
        self.message = rule.reason
        return rule.allows(request.user)
