"""What templates need and Django has no word for."""

from __future__ import annotations

from django import template

from endpoints.domain.lifecycle import State
from endpoints.domain.specs import short_service_name
from endpoints.templatetags import status as present

register = template.Library()


@register.filter
def status(state: State) -> present.Status:
    """Return a lifecycle's state with the icon that goes with its tone."""
    return present.of(state)


@register.filter
def service(name: str) -> str:
    """Return a service's name without its region prefix."""
    return short_service_name(name)
