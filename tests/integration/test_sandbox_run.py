"""`make run`, as a user has it: the whole portal as one process tree in the foreground."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from portal.sandbox import demo, postgres, process

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"postgres", "valkey", "aws", "web", "worker", "beat"}
pytestmark = pytest.mark.faults


class Sandbox:
    """A sandbox in a folder of its own, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = process.free_port()
        self.output = folder.parent / "output"
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.tree: list[psutil.Process] = []

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it as `make run` does, without waiting."""
        ours = {"DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL"}
        env = {name: value for name, value in os.environ.items() if name not in ours}
        with self.output.open("wb") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "portal.sandbox"],
                cwd=ROOT,
                env={**env, "PORT": str(self.port), "PORTAL_SANDBOX_DIR": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.supervisor

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        supervisor = self.launch()
        deadline = time.monotonic() + 120
        while "The portal is ready" not in self.text():
            assert supervisor.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.1)
        self.tree = psutil.Process(supervisor.pid).children(recursive=True)

    def text(self) -> str:
        """What it printed so far."""
        return self.output.read_text()

    def prepared(self) -> str:
        """What its last start said of the migrations."""
        return (self.folder / "logs" / "prepare.log").read_text()

    def part(self, name: str) -> int:
        """The process id of a part."""
        return int(json.loads((self.folder / "run" / f"{name}.pid").read_text())["pid"])

    def get(self, path: str) -> tuple[int, Any]:
        """GET a path of the portal; JSON is parsed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, json.loads(body) if "json" in (response.getheader("Content-Type") or "") else body

    def assert_gone(self) -> None:
        """Fail when a process of the tree still runs."""
        assert len(self.tree) > len(PARTS)
        _, alive = psutil.wait_procs(self.tree, timeout=30)
        assert not alive, [process.cmdline() for process in alive]
        assert list((self.folder / "run").iterdir()) == []

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.terminate()
            self.supervisor.wait(60)
        for left in self.tree:
            if left.is_running():
                left.kill()
        postgres.forget(self.folder / "postgres")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path / "sandbox")
    yield made
    made.end()


def test_it_starts_answers_and_goes_on_with_its_data_after_a_stop_and_after_a_kill(sandbox: Sandbox) -> None:
    """One sandbox for its three ends, since each start is ten seconds of work: a stop, a kill, a part that dies."""
    sandbox.start()
    assert sandbox.supervisor is not None
    it_says_what_runs_where_and_for_whom(sandbox)
    others_find_it_running(sandbox)
    sandbox.supervisor.send_signal(signal.SIGTERM)
    assert sandbox.supervisor.wait(60) == 0, sandbox.text()
    sandbox.assert_gone()
    assert "Applying" in sandbox.prepared()

    sandbox.start()
    assert "No migrations to apply" in sandbox.prepared()
    assert sandbox.get("/readyz")[0] == 200
    if sys.platform == "linux":  # only there a child whose parent was killed gets a signal
        sandbox.supervisor.kill()
        sandbox.supervisor.wait(10)
        _, alive = psutil.wait_procs(sandbox.tree, timeout=60)
        assert not alive, [left.cmdline() for left in alive]
        sandbox.start()
        assert sandbox.get("/readyz")[0] == 200

    os.kill(sandbox.part("beat"), signal.SIGKILL)
    assert sandbox.supervisor.wait(60) == 1
    assert "beat was killed by SIGKILL" in sandbox.text()
    assert "Its last words" in sandbox.text()
    sandbox.assert_gone()


def it_says_what_runs_where_and_for_whom(sandbox: Sandbox) -> None:
    status, report = sandbox.get("/readyz")
    assert status == 200, report
    assert {name: part["status"] for name, part in report["parts"].items()} == dict.fromkeys(
        ("database", "broker", "worker", "beat", "aws"), "ok"
    )
    for name in PARTS:
        assert f"  {name} " in sandbox.text()
    assert f"http://127.0.0.1:{sandbox.port}/" in sandbox.text()
    assert demo.PASSWORD in sandbox.text()
    for user in demo.USERS:
        assert user.username in sandbox.text()


def others_find_it_running(sandbox: Sandbox) -> None:
    assert sandbox.supervisor is not None
    asked = subprocess.run(
        [sys.executable, "-m", "portal.sandbox.manage", "migrate", "--check"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_SANDBOX_DIR": str(sandbox.folder)},
        timeout=60,
        check=False,
    )
    assert asked.returncode == 0, "manage.py does not find the running sandbox's database"

    second = subprocess.run(
        [sys.executable, "-m", "portal.sandbox"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(process.free_port()), "PORTAL_SANDBOX_DIR": str(sandbox.folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert f"process {sandbox.supervisor.pid}" in second.stderr


def test_a_busy_port_is_told_before_anything_starts(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", sandbox.port)):
        assert sandbox.launch().wait(60) == 1
    assert "make run" in sandbox.text()
    assert not (sandbox.folder / "postgres").exists()
