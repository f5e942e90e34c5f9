"""Moments that programs send."""

from __future__ import annotations

from datetime import datetime, timedelta

MOST = timedelta(hours=16)
"""PostgreSQL refuses an offset from UTC of so much; Python reads any of less than a day."""


def comparable(moment: datetime) -> bool:
    """Tell whether the database can compare a moment with its own."""
    return abs(moment.utcoffset() or timedelta()) < MOST
