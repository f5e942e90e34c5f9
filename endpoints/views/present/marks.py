"""What a live page compares to know that it is current."""

from __future__ import annotations


def live_mark(version: int, late: bool) -> str:
    """Return the mark of a state: the row's version, and whether its work is late, which no write tells."""
    return f"{version}-late" if late else str(version)
