"""Real Celery processes for tests: a worker and beat on the test's own database, Valkey and simulated AWS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import redis
from django.db import connection

from portal import health
from portal.sandbox.parts import WORKER_OPTIONS
from tests import services

FAST = {
    "PORTAL_AWS_CONNECT_SECONDS": "1",
    "PORTAL_AWS_READ_SECONDS": "5",
    "PORTAL_AWS_READ_ATTEMPTS": "1",
    "PORTAL_LEASE_SECONDS": "7",
    "PORTAL_DB_IDLE_SECONDS": "5",
    "PORTAL_WAKE_SECONDS": "0.3",
    "PORTAL_SWEEP_SECONDS": "0.5",
    "PORTAL_OBSERVE_SECONDS": "0.3",
}


def database_url() -> str:
    """Return the URL of the database that this test uses, for another process."""
    values = connection.settings_dict
    user, password = quote(values["USER"], safe=""), quote(values["PASSWORD"], safe="")
    port = f":{values['PORT']}" if values["PORT"] else ""
    return f"postgres://{user}:{password}@{quote(values['HOST'], safe='')}{port}/{values['NAME']}"


@contextmanager
def celery(*arguments: str, log: Path, app: str = "portal", **extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `celery -A app …` in a process group of its own, which is gone at the end."""
    env = {**os.environ, **FAST, "DATABASE_URL": database_url(), **extra}
    command = [sys.executable, "-m", "celery", "-A", app, *arguments]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


@contextmanager
def worker(folder: Path, name: str = "worker", **extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker and wait until it says that it lives."""
    client = services.valkey_client()
    client.delete(health.WORKER_KEY)
    log = folder / f"{name}.log"
    with celery("worker", *WORKER_OPTIONS, log=log, **extra) as process:
        _until_alive(client, health.WORKER_KEY, process, log)
        yield process


@contextmanager
def beat(folder: Path, name: str = "beat", **extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run beat and wait until it says that it lives."""
    client = services.valkey_client()
    client.delete(health.BEAT_KEY)
    log = folder / f"{name}.log"
    with celery("beat", f"--schedule={folder / name}", "--loglevel=INFO", log=log, **extra) as process:
        _until_alive(client, health.BEAT_KEY, process, log)
        yield process


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process with its children: no handler, no clean-up."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Wait for something that must come; how long it takes decides nothing but the patience."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(0.05)


def _until_alive(client: redis.Redis, key: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def alive() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        return bool(client.exists(key))

    until(alive, f"{key} of {process.args!r}")
