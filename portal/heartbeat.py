"""`python -m portal.heartbeat worker` (or `beat`): exit 0 if one of this host reported lately. Containers ask so.

Of this host, since one that hangs must not pass for well while another one elsewhere reports.
"""

from __future__ import annotations

import os
import sys

import django


def main(arguments: list[str]) -> int:
    """Return 0 for a part that is alive, 1 for one that isn't, 2 for a part that isn't known."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from portal import health

    checks = {"worker": (health.check_worker, health.WORKER_KEY), "beat": (health.check_beat, health.BEAT_KEY)}
    if len(arguments) != 1 or arguments[0] not in checks:
        sys.stderr.write(f"Name one of: {', '.join(checks)}\n")
        return 2
    check, key = checks[arguments[0]]
    try:
        check(health.here(key))
    except health.NotReadyError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
