"""The test suite's own servers and the way its database is emptied."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

from portal.sandbox import postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_the_database_is_postgresql_with_room_for_many_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        (limit,) = cursor.fetchone()
    assert connection.vendor == "postgresql"
    assert int(limit) >= 100


def test_the_cache_is_a_valkey_with_an_append_only_file(valkey: redis.Redis) -> None:
    cache.set("colour", "green")
    assert valkey.keys("*colour")
    assert valkey.config_get("appendonly") == {"appendonly": "yes"}


@pytest.mark.django_db(transaction=True)
def test_append_only_tables_are_emptied_between_tests() -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE kept (id integer)")
    cursor.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'append only'; END $$")
    cursor.execute("CREATE TRIGGER refuse BEFORE TRUNCATE ON kept EXECUTE FUNCTION refuse()")
    cursor.execute("INSERT INTO kept VALUES (1)")
    try:
        with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
            cursor.execute("TRUNCATE kept")
        connection.ops.execute_sql_flush(["TRUNCATE kept"])
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (0,)
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)
    finally:
        cursor.execute("DROP TABLE kept; DROP FUNCTION refuse")


_ENDINGS = {
    "failure": "raise SystemExit(3)",
    "interrupt": "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
    "kill": "os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.faults
@pytest.mark.parametrize("ending", sorted(_ENDINGS))
def test_no_server_outlives_its_run(ending: str, tmp_path: Path) -> None:
    if ending == "kill" and sys.platform != "linux":
        pytest.skip("Only Linux signals a child whose parent was killed.")
    script = (
        "import os, signal, time\n"
        # A run that was begun in a shell's background ignores it, and so would what it starts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom tests import services\nservices.start()\n"
        "print(*[server.pid for server, _ in services._running], flush=True)\n" + _ENDINGS[ending]
    )
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**env, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    servers = [int(pid) for pid in run.stdout.split()]
    assert len(servers) == 2, run.stderr
    gone, alive = psutil.wait_procs([psutil.Process(pid) for pid in servers if psutil.pid_exists(pid)], timeout=30)
    assert not alive, gone
    for folder in tmp_path.iterdir():  # what a killed run leaves, the next one removes
        postgres.forget(folder / "postgres")
