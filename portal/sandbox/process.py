"""Child processes that don't outlive their parent.

Each child gets a session and process group of its own, so that Ctrl-C in a terminal reaches the parent
alone and the parent can end the child with all its descendants. On Linux the kernel also signals the child
when its parent dies, however it dies (prctl(2), PR_SET_PDEATHSIG). The signal is tied to the *thread* that
started the child, so start children from a thread that lives as long as they should.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _death_guard(death_signal: int) -> Callable[[], None] | None:
    """Return what a forked child runs before exec to be signalled when its parent dies; Linux only."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded before the fork: afterwards only system calls are safe
    parent = os.getpid()

    def guard() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent died between the fork and prctl
            os._exit(1)

    return guard


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    folder: Path,
    user: str | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in `folder` with its output appended to `log`.

    `user` names the account to run as; only root may give one. `death_signal` reaches the child when this
    process dies. Raises OSError when the command can't be executed.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=None if user is None else _own_group(user),
            extra_groups=None if user is None else [],
            preexec_fn=_death_guard(death_signal),
        )


def _own_group(user: str) -> int:
    """Return the id of the user's own group. Raises KeyError for an unknown user."""
    import pwd  # not on every platform; asked for by root on a Unix only

    return pwd.getpwnam(user).pw_gid


def end(process: subprocess.Popen[bytes], *, first: int = signal.SIGTERM, patience: float = 10.0) -> bool:
    """End a child and everything in its process group; answer whether it left by itself within `patience`
    seconds.

    The child itself gets `first`, so that it can tell its own children; what is still there afterwards is
    killed.
    """
    if process.poll() is None:
        process.send_signal(first)
    try:
        process.wait(patience)
        polite = True
    except subprocess.TimeoutExpired:
        polite = False
    kill_group(process.pid)
    process.wait()
    return polite


def kill_group(group: int) -> None:
    """Kill what is left of a process group; nothing left is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return


def remember(process: subprocess.Popen[bytes], file: Path) -> None:
    """Write down a running child, so that a later start can end it if this process couldn't."""
    try:
        born = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:  # it died at once; whoever watches it says so
        return
    file.write_text(json.dumps({"pid": process.pid, "born": born}))


def end_remembered(file: Path, *, patience: float = 5.0) -> bool:
    """End the process written down in `file`, if it still runs, and forget it; answer whether there was one.

    Ids are reused, so the process must also have been born when the file says.
    """
    try:
        noted = json.loads(file.read_text())
        process = psutil.Process(int(noted["pid"]))
        ours = bool(abs(process.create_time() - float(noted["born"])) < 0.05)
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        ours = False
    if ours:
        process.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(patience)
        kill_group(process.pid)
    file.unlink(missing_ok=True)
    return ours


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], *, patience: float) -> bool:
    """Ask `ready` until it says yes, the process ends, or `patience` seconds pass; return the last."""
    deadline = time.monotonic() + patience
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def last_lines(log: Path, count: int = 15) -> list[str]:
    """Return the last lines of a log; an absent log has none."""
    try:
        return log.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        return []
