"""Bring the database up to date and make the demonstration's data; run by the supervisor, once per start.

The commands share one process, and Django is imported while the database still starts: a start is felt.
"""

from __future__ import annotations

import os
import sys
import time

import django

_PATIENCE_SECONDS = 120


def main() -> int:
    """Migrate and seed; return 0, or 1 when the database does not answer in two minutes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError, connection

    from portal import health

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.ensure_connection()
            break
        except OperationalError as error:
            if time.monotonic() > deadline:
                print(f"The database does not answer: {error}", file=sys.stderr)
                return 1
            time.sleep(0.05)
    call_command("migrate", interactive=False)
    call_command("seed_demo")
    health.forget_reports()  # the broker keeps its data, so those of the last run may still be there
    return 0


if __name__ == "__main__":
    sys.exit(main())
