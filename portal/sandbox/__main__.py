"""`python -m portal.sandbox`, which `make run` calls: the whole portal on one machine, in the foreground.

It keeps everything under `.sandbox/` (`PORTAL_SANDBOX_DIR` moves it): data, logs, ports and the ids of its
children. `PORT` (8000) and `HOST` (127.0.0.1) say where to listen; `DATABASE_URL`, `REDIS_URL` and
`AWS_ENDPOINT_URL` name servers to use in place of the embedded ones.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portal.sandbox import demo, manage
from portal.sandbox.options import Options
from portal.sandbox.parts import Plan, plan
from portal.sandbox.postgres import SandboxError
from portal.sandbox.supervisor import Stopped, Supervisor


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    with suppress(OSError):  # nobody reads any more; the parts must still be stopped
        print(line, flush=True)


@contextmanager
def sole_owner(folder: Path, url: str) -> Iterator[None]:
    """Hold the sandbox's folder. Raises `SandboxError` when another sandbox runs on it."""
    folder.mkdir(parents=True, exist_ok=True)
    # As root the database server runs as somebody else, who must pass through; what is private inside is
    # closed.
    folder.chmod(0o711)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise SandboxError(
                f"A sandbox already runs on {folder}: {lock.read().strip()}. Stop it with Ctrl-C where it "
                "runs, or start a second one with: PORTAL_SANDBOX_DIR=/another/folder PORT=8001 make run"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {url}\n")
        lock.flush()
        yield


def greeting(options: Options, plan: Plan, seconds: float) -> str:
    """Return what to print when everything is up: where to go, who to be, and how to stop."""
    width = max(len(user.username) for user in demo.USERS)
    lines = ["", f"The portal is ready after {seconds:.1f} s:  {options.url}", ""]
    lines += [f"Sign in with the password {demo.PASSWORD} as", ""]
    lines += [f"  {user.username:<{width}}  {user.does}" for user in demo.USERS]
    if not options.aws_endpoint_url:
        from portal.sandbox import world

        lines += ["", "Simulated AWS accounts", ""]
        lines += [f"  {account.id}  {account.name}" for account in world.ACCOUNTS]
    lines += [f"\n{note}." for note in plan.notes]
    if not options.local:
        lines += [
            "",
            f"It listens on {options.host}: who reaches this machine can sign in with the password above.",
        ]
    lines += ["", f"Data and logs are in {options.folder}. Stop with Ctrl-C.", ""]
    return "\n".join(lines)


def run(options: Options) -> int:
    """Run until somebody stops it (0) or a part dies (1)."""
    supervisor = Supervisor(options.folder, say)
    supervisor.take_signals()
    supervisor.clean_up()
    options.claim_port()
    say("Starting the portal. The first start takes some seconds more.")
    code = 0
    try:
        todo = plan(options, os.environ)
        manage.publish(options.folder, todo.prepare.env)
        supervisor.start_all(todo)
        say(greeting(options, todo, supervisor.seconds))
        supervisor.watch()
    except Stopped:
        say("\nStopping; a second Ctrl-C hurries it.")
    except SandboxError as error:
        say(f"\n{error}\n\nStopping the rest.")
        code = 1
    finally:
        supervisor.stop()
    say("Everything is stopped. The data stay for the next start.")
    return code


def main() -> int:
    """Return the exit code: 0 after Ctrl-C or SIGTERM, 1 when something is wrong."""
    try:
        options = Options.read(os.environ)
        with sole_owner(options.folder, options.url):
            return run(options)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
