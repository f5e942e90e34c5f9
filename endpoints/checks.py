"""System checks: settings that would break the engine's promises stop `manage.py migrate`, and a deployment with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from endpoints.network.cost import PricesError, price_book

SHORTEST_KEY = 32
"""Characters of a key that nobody guesses: SHA-256's own length, which RFC 2104 advises for HMAC."""


@register()
def lease_outlives_calls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A worker's lease must outlast its longest AWS call, or two workers could act at once."""
    longest = _longest_call()
    if longest < settings.PORTAL_LEASE_SECONDS:
        return []
    return [
        Error(
            f"PORTAL_LEASE_SECONDS is {settings.PORTAL_LEASE_SECONDS:g}, but one AWS call may take {longest:g} s.",
            hint="Raise PORTAL_LEASE_SECONDS, or lower PORTAL_AWS_READ_SECONDS or PORTAL_AWS_READ_ATTEMPTS.",
            id="endpoints.E001",
        )
    ]


@register()
def lease_fits_the_task_limit(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Celery must not kill a task that still holds its lease's first renewal."""
    if _longest_call() < settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [
        Error(
            "CELERY_TASK_TIME_LIMIT is shorter than the longest AWS call.",
            hint="Lower PORTAL_AWS_READ_SECONDS or PORTAL_AWS_READ_ATTEMPTS.",
            id="endpoints.E002",
        )
    ]


@register()
def the_pace_is_a_pace(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """There is no "unpaced": without a rate no call would ever have its turn."""
    if settings.PORTAL_AWS_RATE > 0:
        return []
    return [
        Error(
            f"PORTAL_AWS_RATE is {settings.PORTAL_AWS_RATE:g}.",
            hint="Leave it at 1, AWS's own pace; a simulated AWS that never throttles takes any number.",
            id="endpoints.E003",
        )
    ]


@register()
def the_prices_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every estimate reads them: a file that can't be used is told at the start, not on a page."""
    try:
        price_book(settings.PORTAL_PRICES)
    except PricesError as error:
        hint = "Correct the file that PORTAL_PRICES names, or unset it; endpoints/network/data/prices.json is a model."
        return [Error(str(error), hint=hint, id="endpoints.E004")]
    return []


@register(Tags.security, deploy=True)
def the_record_has_a_long_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whoever guesses the key can rewrite the record. A warning: the key of a record that exists may not change."""
    if len(settings.PORTAL_AUDIT_KEY) >= SHORTEST_KEY:
        return []
    return [
        Warning(
            f"PORTAL_AUDIT_KEY has {len(settings.PORTAL_AUDIT_KEY)} characters.",
            hint=f"Before the first event is written, make one of at least {SHORTEST_KEY}: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="endpoints.W001",
        )
    ]


def _longest_call() -> float:
    from endpoints.services.targets import timeouts  # brings boto3, which a start without checks need not pay for

    return timeouts().longest_call
