"""What templates need and Django has no word for."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django import template

from endpoints.domain.lifecycle import State
from endpoints.domain.specs import short_service_name
from endpoints.models import Operation, OperationAttempt
from endpoints.models.operations import Trouble
from endpoints.network.cost import CENT
from endpoints.services import operations
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


@register.filter
def usd(amount: Decimal) -> str:
    """Return an amount of US dollars to the cent, with a true minus sign."""
    cents = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    return f"{'−' if cents < 0 else ''}${abs(cents):,.2f}"


@register.filter
def gb(volume: Decimal) -> str:
    """Return a volume of data in GB, without trailing zeros."""
    return f"{volume:,.2f}".rstrip("0").rstrip(".") + " GB"


@register.filter
def trouble(value: str) -> str:
    """Return in words why an operation will not go on by itself."""
    return str(Trouble(value).label)


@register.filter
def retry_helps(operation: Operation) -> bool:
    """Tell whether trying a failed operation again can help."""
    return operations.retry_helps(operation)


@register.filter
def outcome(attempt: OperationAttempt) -> present.Status:
    """Return how an attempt ended."""
    return present.of_attempt(attempt.outcome, attempt.get_outcome_display())
