"""PostgreSQL and Valkey for one test run: real servers, in a temporary folder, gone when the run is over.

`tests/conftest.py` calls `start()` before Django reads its settings. A `DATABASE_URL` or `REDIS_URL` that
the caller set is used in place of a server of our own. Several runs at once don't meet: each has its own
folder, socket and port; under pytest-xdist the workers share the PostgreSQL server (pytest-django gives
each a database of its own) and each has its own Valkey, so that one worker may wipe it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import redis

from portal.sandbox import postgres, process, valkey

_PREFIX = "portal-tests-"
_ENVIRONMENT = {
    "PORTAL_SANDBOX": "1",
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    # Nothing may leave the machine: a client that isn't pointed at a simulated AWS finds a closed port and
    # no keys.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # The simulated AWS of the tests doesn't throttle; calls are paced all the same, only very fast.
    "PORTAL_AWS_RATE": "1000",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    # Each test is one transaction, and may wait long for other processes in it.
    "PORTAL_DB_IDLE_SECONDS": "600",
}
# The data are thrown away, so a crash of the machine may lose them; crashes of the server are still survived.
_POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",  # nobody replicates it
    "max_wal_senders": "0",
    "update_process_title": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}
_running: list[tuple[subprocess.Popen[bytes], int]] = []
_postgres: list[tuple[postgres.Cluster, Path, subprocess.Popen[bytes]]] = []
_valkeys: list[tuple[valkey.Store, Path, subprocess.Popen[bytes]]] = []
_folders: list[Path] = []


def start(*, durable: bool = False) -> None:
    """Set the environment and start what the caller did not bring; RuntimeError if a server won't start.

    A `durable` PostgreSQL has written what it says is committed, so that a crash of the server loses none of it.
    """
    if durable:
        _POSTGRES_SETTINGS["synchronous_commit"] = "on"
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        os.environ.pop(name, None)
    os.environ.update(_ENVIRONMENT)
    own_valkey = "REDIS_URL" not in os.environ or _shared_by_controller("REDIS_URL")
    if "DATABASE_URL" in os.environ and not own_valkey:
        return
    folder = _temporary_folder()
    atexit.register(stop)
    if own_valkey:
        os.environ["REDIS_URL"] = os.environ["PORTAL_TESTS_REDIS_URL"] = _start_valkey(folder)
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = _start_postgres(folder)


def stop() -> None:
    """Stop the servers that this process started and remove their data; calling it twice is fine."""
    while _running:
        server, first = _running.pop()
        process.end(server, first=first)
    while _folders:
        postgres.forget(_folders[-1] / "postgres")
        shutil.rmtree(_folders.pop(), ignore_errors=True)


def valkey_client() -> redis.Redis:
    """Return a new client of this run's Valkey. It is the run's own: `flushall()` is allowed."""
    return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def valkey_process() -> subprocess.Popen[bytes]:
    """Return the process of this run's Valkey, to be stopped and continued. Skips where the caller brought a server."""
    import pytest

    if not _valkeys:
        pytest.skip("REDIS_URL names a server of yours, which this test may not stop")
    return _valkeys[0][2]


def restart_valkey(*, away: float) -> None:
    """Kill Valkey; start it again on its data and address some seconds later. Skips where the caller brought it."""
    server = valkey_process()
    store, log, _ = _valkeys[0]
    _running.remove(next(item for item in _running if item[0] is server))
    process.end(server, first=signal.SIGKILL)
    time.sleep(away)
    _valkeys[:] = [(store, log, _run_valkey(store, log))]
    if not process.wait_until(store.ready, _valkeys[0][2], patience=20):
        raise RuntimeError("Valkey does not start again:\n" + "\n".join(process.last_lines(log)))


def restart_postgres() -> None:
    """Stop PostgreSQL as a crash does, without telling its clients, and start it again on its data and address."""
    cluster, log, server = _postgres[0]
    entry = next(item for item in _running if item[0] is server)
    _running.remove(entry)
    process.end(server, first=signal.SIGQUIT)
    _postgres[0] = (cluster, log, _run_postgres(cluster, log))


def _shared_by_controller(name: str) -> bool:
    """Answer whether an xdist worker inherited the controller's server, not one of the caller's."""
    return "PYTEST_XDIST_WORKER" in os.environ and os.environ[name] == os.environ.get(f"PORTAL_TESTS_{name}")


def _temporary_folder() -> Path:
    _remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    folder.chmod(0o711)  # as root the database server runs as somebody else, who must pass through
    _folders.append(folder)
    return folder


def _remove_leftovers() -> None:
    """Remove our own folders whose test run was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            ours = folder.stat().st_uid == os.geteuid()
        except FileNotFoundError:  # another run was quicker
            continue
        if ours and number.isdigit() and not psutil.pid_exists(int(number)):
            postgres.forget(folder / "postgres")
            shutil.rmtree(folder, ignore_errors=True)


def _start_valkey(folder: Path) -> str:
    for attempt in range(5):  # between finding a free port and using it another program may take it
        store = valkey.prepare(folder / f"valkey-{attempt}", process.free_port(), fsync="no")
        log = folder / "valkey.log"
        server = _run_valkey(store, log)
        _valkeys[:] = [(store, log, server)]
        if process.wait_until(store.ready, server, patience=20):
            return store.url()
    raise RuntimeError("Valkey does not start:\n" + "\n".join(process.last_lines(folder / "valkey.log")))


def _run_valkey(store: valkey.Store, log: Path) -> subprocess.Popen[bytes]:
    server = process.spawn(store.command(), log=log, env=dict(os.environ), folder=store.folder)
    _running.append((server, 15))
    return server


def _start_postgres(folder: Path) -> str:
    cluster = postgres.prepare(folder / "postgres", _POSTGRES_SETTINGS)
    log = folder / "postgres.log"
    _postgres[:] = [(cluster, log, _run_postgres(cluster, log))]
    return cluster.url()


def _run_postgres(cluster: postgres.Cluster, log: Path) -> subprocess.Popen[bytes]:
    server = process.spawn(
        cluster.command(),
        log=log,
        env={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
        folder=cluster.home,
        user=cluster.user,
        death_signal=postgres.STOP_SIGNAL,
    )
    _running.append((server, postgres.STOP_SIGNAL))
    if not process.wait_until(cluster.ready, server, patience=60):
        raise RuntimeError("PostgreSQL does not start:\n" + "\n".join(process.last_lines(log)))
    return server
