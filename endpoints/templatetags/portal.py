"""What templates need and Django has no word for."""

from __future__ import annotations

from django import template

from endpoints.domain.lifecycle import State
from endpoints.domain.specs import short_service_name
from endpoints.models import Operation, OperationAttempt
from endpoints.models.operations import Trouble
from endpoints.models.requests import Relation
from endpoints.services import operations
from endpoints.templatetags import status as present

register = template.Library()


@register.filter
def status(state: State) -> present.Status:
    """Return a lifecycle's state with the icon that goes with its tone."""
    return present.of(state)


@register.filter
def relation(value: Relation) -> present.Status:
    """Return how a policy relates to the one before it."""
    return present.of_relation(value)


@register.filter
def service(name: str) -> str:
    """Return a service's name without its region prefix."""
    return short_service_name(name)


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
