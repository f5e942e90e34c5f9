"""What templates need and Django has no word for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from endpoints.domain import sums
from endpoints.domain.lifecycle import State
from endpoints.domain.specs import short_service_name
from endpoints.models import Change, Operation, OperationAttempt
from endpoints.models.operations import Trouble
from endpoints.models.requests import Relation
from endpoints.network.cost import to_cent
from endpoints.policy.lint import RULES
from endpoints.policy.spans import Span, spans
from endpoints.services import operations
from endpoints.templatetags import status as present

register = template.Library()


@register.filter
def status(state: State) -> present.Status:
    """Return a lifecycle's state with the icon that goes with its tone."""
    return present.of(state)


@register.filter
def decision(value: str) -> present.Status:
    """Return what a reviewer decided."""
    return present.of_decision(value)


@register.filter
def relation(value: Relation) -> present.Status:
    """Return how a policy relates to the one before it."""
    return present.of_relation(value)


@register.filter
def service(name: str) -> str:
    """Return a service's name without its region prefix."""
    return short_service_name(name)


@register.filter
def in_lines(document: str) -> list[tuple[Span, ...]]:
    """Return the lines of a text in JSON, each cut into its tokens."""
    return [spans(line) for line in document.split("\n")]


@register.filter
def is_many(changes: Sequence[Change]) -> bool:
    """Tell whether a list tells the sum of a request's changes rather than each of them."""
    return len(changes) >= sums.MANY


@register.filter
def in_sum(changes: Sequence[Change]) -> str:
    """Return a request's changes, with their operations, in one line."""
    return sums.in_words([item.told() for item in changes])


@register.filter
def services_of(changes: Sequence[Change]) -> str:
    """Return the services that changes are about, each once."""
    return ", ".join(dict.fromkeys(short_service_name(item.service_name) for item in changes))


@register.filter
def regions_of(changes: Sequence[Change]) -> str:
    """Return the regions that changes are in, each once."""
    return ", ".join(dict.fromkeys(item.region for item in changes))


@register.filter
def usd(amount: Decimal) -> str:
    """Return an amount of US dollars to the cent, with a true minus sign."""
    cents = to_cent(amount)
    return f"{'−' if cents < 0 else ''}${abs(cents):,.2f}"


@register.filter
def gb(volume: Decimal) -> str:
    """Return a volume of data in GB, without trailing zeros."""
    return f"{volume:,.2f}".rstrip("0").rstrip(".") + " GB"


@register.filter
def policy_rule(rule: str) -> str:
    """Return the id by which the page of policy rules knows a check's rule; empty if it isn't about a policy."""
    name = str(rule).removeprefix("policy-")
    return name if name != rule and name in RULES else ""


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


_TOO_LONG = 3500
"""Characters of an address; servers take some 4,000."""


@register.simple_tag
def simulator_url(
    witness: Mapping[str, Any] | None = None,
    *,
    endpoint: int | None = None,
    revision: int | None = None,
    request: int | None = None,
) -> str:
    """Return the simulator's address, filled in with a request and with where to take the endpoint policy from.

    `witness` is a request as `policy.evaluate` reads it in JSON; all others are ids, `revision` an endpoint's number.
    What would make the address too long is left for the person to type: the context first, then all of the request.
    """
    ids = [("endpoint", endpoint), ("revision", revision), ("request", request)]
    named = [(name, str(value)) for name, value in ids if value]
    query = list(named)
    context: list[tuple[str, str]] = []
    for name, value in (witness or {}).items():
        if name == "context":
            context = _rows(value)
        elif value:
            query.append((name, str(value)))
    tried = (urlencode(parts) for parts in (query + context, query, named))
    return f"{reverse('simulator')}?{next(text for text in tried if len(text) <= _TOO_LONG)}"


def _rows(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, given in context.items():
        for value in [given] if isinstance(given, str) else given:
            found += [("context_key", key), ("context_value", str(value))]
    return found
