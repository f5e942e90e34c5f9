"""The supervisor with small parts: order, failures, and what is left afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from portal.sandbox import postgres, process
from portal.sandbox.__main__ import sole_owner
from portal.sandbox.options import Options, remembered_port
from portal.sandbox.parts import Part, plan
from portal.sandbox.postgres import SandboxError
from portal.sandbox.supervisor import STOP_ORDER, PartDiedError, Supervisor

LIVES = "import time; print('hello', flush=True); time.sleep(600)"
NOTES_ITS_END = """
import os, signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("hello", flush=True)
time.sleep(600)
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, said.append)
    made.clean_up()
    yield made
    made.stop()


def part(name: str, script: str, *arguments: str, **options: object) -> Part:
    fields: dict[str, object] = {"ready": lambda: True, **options}
    command = (sys.executable, "-c", script, *arguments)
    return Part(name=name, command=command, env=dict(os.environ), **fields)  # type: ignore[arg-type]


def greeted(supervisor: Supervisor, name: str) -> Callable[[], bool]:
    return lambda: "hello" in "".join(process.last_lines(supervisor.log(name)))


def test_parts_stop_in_order_whatever_the_order_they_started_in(supervisor: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    parts = [
        part(name, NOTES_ITS_END, str(ends), name, ready=greeted(supervisor, name))
        for name in ("postgres", "web", "worker", "aws", "beat", "valkey")
    ]
    for one in parts:
        supervisor.start(one)
    supervisor.wait(parts)
    supervisor.stop()
    assert ends.read_text().split() == [name for name in STOP_ORDER if name != "prepare"]


def test_a_part_that_dies_is_named_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.start(part("web", LIVES))
    supervisor.start(part("worker", "print('the disk is full'); raise SystemExit(7)"))
    with pytest.raises(PartDiedError) as caught:
        supervisor.watch()
    assert "worker ended with code 7" in str(caught.value)
    assert "the disk is full" in str(caught.value)


def test_a_killed_part_is_named_with_its_signal(supervisor: Supervisor) -> None:
    supervisor.start(part("beat", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    with pytest.raises(PartDiedError, match="beat was killed by SIGKILL"):
        supervisor.watch()


def test_a_part_that_never_gets_ready_is_named(supervisor: Supervisor) -> None:
    slow = part("aws", LIVES, ready=lambda: False, start_patience=0.2)
    supervisor.start(slow)
    with pytest.raises(PartDiedError, match="aws is not ready after 0 s"):
        supervisor.wait([slow])


def test_a_failed_preparation_is_named_and_a_good_one_may_end_early(supervisor: Supervisor) -> None:
    good = part("prepare", "print('done')", ends=True)
    supervisor.start(good)
    while supervisor._running["prepare"][1].poll() is None:
        time.sleep(0.01)
    supervisor.check()
    supervisor.finish(good)
    bad = part("prepare", "raise SystemExit('no such table')", ends=True)
    supervisor.start(bad)
    with pytest.raises(PartDiedError, match="no such table"):
        supervisor.finish(bad)


def test_a_part_that_ignores_its_signal_is_killed_with_its_children(supervisor: Supervisor) -> None:
    stubborn = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, 'hello', flush=True);"
        "time.sleep(600)"
    )
    one = part("worker", stubborn, ready=greeted(supervisor, "worker"), stop_patience=0.2)
    supervisor.start(one)
    supervisor.wait([one])
    grandchild = psutil.Process(int(process.last_lines(supervisor.log("worker"))[0].split()[0]))
    supervisor.stop()
    psutil.wait_procs([grandchild], timeout=10)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_later_start_ends_what_an_earlier_one_left(tmp_path: Path, said: list[str]) -> None:
    earlier, later = Supervisor(tmp_path, said.append), Supervisor(tmp_path, said.append)
    earlier.clean_up()
    earlier.start(part("worker", LIVES))
    child = psutil.Process(earlier._running["worker"][1].pid)
    later.clean_up()
    assert not child.is_running()
    assert "worker" in said[0]


def test_a_note_about_another_process_harms_nobody(tmp_path: Path, supervisor: Supervisor) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", LIVES], stdout=subprocess.DEVNULL)
    try:
        (tmp_path / "run" / "web.pid").write_text(f'{{"pid": {bystander.pid}, "born": 12.5}}')
        supervisor.clean_up()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_each_start_has_a_fresh_log_and_keeps_the_one_before(supervisor: Supervisor) -> None:
    for word in ("first", "second"):
        one = part("prepare", f"print('{word}')", ends=True)
        supervisor.start(one)
        supervisor.finish(one)
    assert process.last_lines(supervisor.log("prepare")) == ["second"]
    assert process.last_lines(supervisor.log("prepare").with_suffix(".log.1")) == ["first"]


def test_a_busy_port_is_told_with_the_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        options = Options.read({"PORT": str(port), "PORTAL_SANDBOX_DIR": str(tmp_path)})
        with pytest.raises(SandboxError, match=rf"127.0.0.1:{port} can't be used.*PORT=\d+ make run"):
            options.claim_port()
    options.claim_port()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SandboxError, match="write a number from 1 to 65535"):
        Options.read({"PORT": port})


def test_a_second_sandbox_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with sole_owner(tmp_path, "http://127.0.0.1:8000/"):
        told = pytest.raises(SandboxError, match=rf"process {os.getpid()}, http://127.0.0.1:8000/")
        with told, sole_owner(tmp_path, "http://127.0.0.1:8001/"):
            pytest.fail("two sandboxes share a folder")
    with sole_owner(tmp_path, "http://127.0.0.1:8001/"):
        assert "8001" in (tmp_path / "lock").read_text()


def test_a_port_is_remembered_until_somebody_else_has_it(tmp_path: Path) -> None:
    first = remembered_port(tmp_path, "valkey")
    assert remembered_port(tmp_path, "valkey") == first
    with socket.create_server(("127.0.0.1", first)):
        assert remembered_port(tmp_path, "valkey") != first


def test_servers_of_the_callers_are_used_in_place_of_our_own(tmp_path: Path) -> None:
    theirs = {
        "DATABASE_URL": "postgres://me@db.example/portal",
        "REDIS_URL": "redis://cache.example:6379/0",
        "AWS_ENDPOINT_URL": "http://aws.example:4566",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_PROFILE": "mine",
    }
    made = plan(Options.read({**theirs, "PORTAL_SANDBOX_DIR": str(tmp_path)}), theirs)
    assert made.stores == ()
    assert len(made.notes) == 3
    for one in (made.prepare, *made.portal):
        assert theirs.items() <= one.env.items()


def test_nobodys_own_aws_keys_reach_the_simulated_aws(tmp_path: Path) -> None:
    theirs = {
        "DATABASE_URL": "postgres://me@db.example/portal",
        "REDIS_URL": "redis://cache.example:6379/0",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_SECRET_ACCESS_KEY": "mine",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL_EC2": "https://ec2.amazonaws.com",
    }
    made = plan(Options.read({**theirs, "PORTAL_SANDBOX_DIR": str(tmp_path)}), theirs)
    assert [one.name for one in made.stores] == ["aws"]
    for one in (made.prepare, *made.portal):
        assert "mine" not in one.env.values()
        assert "AWS_ENDPOINT_URL_EC2" not in one.env
        assert one.env["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert one.env["PORTAL_AWS_SIMULATED"] == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root starts the database server as somebody else.")
def test_as_root_only_the_clusters_own_folder_changes_hands(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    folder = private / "postgres"
    before = {path: path.stat().st_mode for path in private.parents} | {private: private.stat().st_mode}
    cluster = postgres.prepare(folder, {"fsync": "off"})
    try:
        assert cluster.user is not None
        assert cluster.home.is_relative_to(postgres.ROOT_HOMES), "the server's user can't enter a private folder"
        assert postgres.reachable(Path(cluster.command()[0]), cluster.user)
        assert {path: path.stat().st_mode for path in before} == before
        server = process.spawn(cluster.command(), log=tmp_path / "log", env={}, folder=cluster.home, user=cluster.user)
        try:
            assert process.wait_until(cluster.ready, server, patience=60), process.last_lines(tmp_path / "log")
            assert psutil.Process(server.pid).uids().real != 0
        finally:
            process.end(server, first=postgres.STOP_SIGNAL)
    finally:
        postgres.forget(folder)
    assert not cluster.home.exists()


def test_the_lock_of_a_killed_server_does_not_block_the_next_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    cluster = postgres.prepare(tmp_path / "postgres", {"fsync": "off"})
    try:
        (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")
        postgres.prepare(tmp_path / "postgres", {"fsync": "off"})
        assert not (cluster.data / "postmaster.pid").exists()
    finally:
        postgres.forget(tmp_path / "postgres")


def test_data_of_another_major_version_are_told_with_the_cure(tmp_path: Path) -> None:
    cluster = postgres.prepare(tmp_path / "postgres", {"fsync": "off"})
    try:
        (cluster.data / "PG_VERSION").write_text("12\n")
        with pytest.raises(SandboxError, match=r"made by PostgreSQL 12, .*make clean-data"):
            postgres.prepare(tmp_path / "postgres")
    finally:
        postgres.forget(tmp_path / "postgres")
