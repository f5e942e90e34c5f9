"""The database's clock: the one by which workers judge what is due and what has taken too long.

A worker's own clock may be an hour off; leases, turns and waiting times must not follow it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the time of the database server, also within a transaction. One small query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (time,) = cursor.fetchone()
    moment: datetime = time
    return moment
