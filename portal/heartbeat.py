"""`python -m portal.heartbeat worker` (or `beat`): exit 0 if one reported lately. Containers ask so."""

from __future__ import annotations

import os
import sys

import django


def main(arguments: list[str]) -> int:
    """Return 0 for a part that is alive, 1 for one that isn't, 2 for a part that isn't known."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from portal import health

    checks = {"worker": health.check_worker, "beat": health.check_beat}
    if len(arguments) != 1 or arguments[0] not in checks:
        sys.stderr.write(f"Name one of: {', '.join(checks)}\n")
        return 2
    try:
        checks[arguments[0]]()
    except health.NotReadyError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
