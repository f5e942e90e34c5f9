"""What the benches share: the portal's real parts, started as the tests start them. Not a bench itself."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from portal.sandbox.aws.control import SimControl
from tests import services

# As in production, where tests are in more of a hurry.
SETTINGS = {
    "PORTAL_AWS_CONNECT_SECONDS": "3",
    "PORTAL_AWS_READ_SECONDS": "20",
    "PORTAL_AWS_READ_ATTEMPTS": "3",
    "PORTAL_LEASE_SECONDS": "120",
    "PORTAL_WAKE_SECONDS": "0.5",
    "PORTAL_SWEEP_SECONDS": "5",
    "PORTAL_OBSERVE_SECONDS": "2",
    "LOG_LEVEL": "WARNING",
}


def show(name: str, value: float, unit: str, **peer: Any) -> None:
    """Print one figure as a line of JSON."""
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit, "peer": peer}), flush=True)


@contextmanager
def portal() -> Iterator[None]:
    """Start PostgreSQL and Valkey, with Django's settings read and the tables made."""
    services.start()
    os.environ.update(SETTINGS)
    import django
    from django.core.management import call_command

    django.setup()
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0, interactive=False)
    try:
        yield
    finally:
        services.stop()


@contextmanager
def simulated_aws(rate: float) -> Iterator[tuple[SimControl, str]]:
    """Run a simulated AWS whose buckets have this rate; this process and its children work there."""
    from django.conf import settings

    from endpoints.aws.sessions import forget_clients
    from endpoints.services import turns
    from tests import aws

    with aws.running(rate=rate, pace=1) as url:
        os.environ.update(aws.environment(url), PORTAL_AWS_RATE=str(rate))
        settings.PORTAL_AWS_RATE = rate
        turns.pacer.cache_clear()
        forget_clients()
        yield SimControl(url, timeout=60), url


@contextmanager
def workers(**extra: str) -> Iterator[None]:
    """Run a worker and beat as processes, with further settings in their environment."""
    from tests import workers as processes

    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        stack.enter_context(processes.worker(folder, **SETTINGS | extra))
        stack.enter_context(processes.beat(folder, **SETTINGS | extra))
        yield


def until_available(seconds: float) -> None:
    """Wait until every request is available. Raises TimeoutError."""
    from endpoints.models import EndpointRequest

    deadline = time.monotonic() + seconds
    while EndpointRequest.objects.exclude(status="available").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Requests still wait after {seconds:g} s.")
        time.sleep(0.2)


def until_quiet(seconds: float) -> None:
    """Wait until no operation waits for a worker any more. Raises TimeoutError."""
    from endpoints.models import Operation

    deadline = time.monotonic() + seconds
    while Operation.objects.filter(status__in=("queued", "running")).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Operations still wait after {seconds:g} s.")
        time.sleep(0.2)
