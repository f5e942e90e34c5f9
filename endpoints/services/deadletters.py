"""Dead letters: operations that will not go on by themselves. Counted on every page, told in the log, never silent."""

from __future__ import annotations

import logging

from django.core.cache import cache

from endpoints.models import Operation
from endpoints.queue import first_in

_KEY = "dead-letters"
_FRESH_SECONDS = 5
_TOLD_EVERY_SECONDS = 60
_NAMED = 20

log = logging.getLogger(__name__)


def count() -> int:
    """Return how many there are: at most some seconds old, and counted anew when the cache is away."""
    try:
        known = cache.get(_KEY)
    except Exception as error:  # noqa: BLE001  # whatever the cache raises, the database knows
        log.warning("the cache does not answer: %s", error)
        return Operation.objects.dead().count()
    if known is None:
        known = Operation.objects.dead().count()
        cache.set(_KEY, known, timeout=_FRESH_SECONDS)
    return int(known)


def forget() -> None:
    """Have the next page count anew: somebody has just dealt with one."""
    try:
        cache.delete(_KEY)
    except Exception as error:  # noqa: BLE001  # then the count is some seconds old
        log.warning("the cache does not answer: %s", error)


def tell() -> int:
    """Say in the log, at most once a minute, that operations need a person, and which; return how many do."""
    found = Operation.objects.dead().count()
    if found and first_in("dead-letters-told", seconds=_TOLD_EVERY_SECONDS):
        rows = Operation.objects.dead().with_trouble().order_by("-updated_at")[:_NAMED]
        named = ", ".join(f"{item.pk} ({item.trouble})" for item in rows)
        log.warning("%d operation(s) need a person: %s; see: manage.py operations dead", found, named)
    return found
