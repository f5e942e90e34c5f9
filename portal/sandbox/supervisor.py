"""Starts the sandbox's parts, watches them, and stops them all, in order, whatever happens."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from portal.sandbox import process
from portal.sandbox.parts import Part, Plan, problems
from portal.sandbox.postgres import SandboxError

STOP_ORDER = ("web", "beat", "worker", "prepare", "aws", "valkey", "postgres")
_TICK_SECONDS = 0.05
_LAST_PATIENCE_SECONDS = 30.0


class Stopped(BaseException):
    """Somebody asked the sandbox to stop: Ctrl-C or SIGTERM."""


class PartDiedError(SandboxError):
    """A part ended, or did not get ready in time; the text names it and shows its last words."""


class Supervisor:
    """Owns the child processes of one sandbox folder."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self.began = time.monotonic()
        self._running: dict[str, tuple[Part, subprocess.Popen[bytes]]] = {}
        self._signals = 0
        self._stopping = False

    @property
    def seconds(self) -> float:
        """Seconds since the supervisor was made."""
        return time.monotonic() - self.began

    def log(self, name: str) -> Path:
        """Return the log of a part."""
        return self.folder / "logs" / f"{name}.log"

    def _note(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.pid"

    def take_signals(self) -> None:
        """Let SIGINT, SIGTERM and a closed terminal stop the sandbox; a second signal makes it hurry."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self._signals += 1

    def check(self) -> None:
        """Raise `Stopped` if somebody asked to stop, `PartDiedError` if a part is gone."""
        if self._signals:
            raise Stopped
        for part, child in self._running.values():
            code = child.poll()
            if code is not None and not (part.ends and code == 0):
                raise PartDiedError(self._obituary(part, child))

    def clean_up(self) -> None:
        """End what an earlier supervisor of this folder left behind when it was killed."""
        for name in ("logs", "run"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        for name in STOP_ORDER:
            if process.end_remembered(self._note(name)):
                self.say(f"  {name:<10} of an earlier start was still running; stopped it")

    def start(self, part: Part) -> None:
        """Start a part without waiting for it. Its log starts afresh; the one before is kept beside it."""
        log = self.log(part.name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        child = process.spawn(
            part.command,
            log=log,
            env=part.env,
            folder=part.folder,
            user=part.user,
            death_signal=part.stop_signal,
        )
        self._running[part.name] = (part, child)
        process.remember(child, self._note(part.name))

    def wait(self, parts: Iterable[Part]) -> None:
        """Wait until all of `parts` are ready, and say so for each. Raises as `check`, and on a time-out."""
        waiting = {part.name: part for part in parts}
        began = time.monotonic()
        while waiting:
            self.check()
            for part in list(waiting.values()):
                if part.ready():
                    del waiting[part.name]
                    self.say(f"  {part.name:<10} ready after {self.seconds:.1f} s")
                elif time.monotonic() - began > part.start_patience:
                    raise PartDiedError(
                        f"{part.name} is not ready after {part.start_patience:.0f} s.{self._words(part)}"
                    )
            time.sleep(_TICK_SECONDS)

    def finish(self, part: Part) -> None:
        """Wait for a part that ends by itself. Raises `PartDiedError` when it fails or takes too long."""
        deadline = time.monotonic() + part.start_patience
        child = self._running[part.name][1]
        while child.poll() is None:
            if time.monotonic() > deadline:
                raise PartDiedError(f"{part.name} takes more than {part.start_patience:.0f} s.{self._words(part)}")
            self.check()
            time.sleep(_TICK_SECONDS)
        self.check()
        del self._running[part.name]
        self._note(part.name).unlink(missing_ok=True)
        self.say(f"  {part.name:<10} done after {self.seconds:.1f} s")

    def start_all(self, plan: Plan) -> None:
        """Bring everything up; return when the portal says that every part answers."""
        web, *others = plan.portal
        for part in plan.stores:
            self.start(part)
        self.start(plan.prepare)  # imports Django while the stores start, and waits for the database itself
        self.start(web)  # takes as long to import, and touches nothing before it is asked
        self.wait(plan.stores)
        self.finish(plan.prepare)
        for part in others:
            self.start(part)
        self.wait([web])  # the others' readiness is asked of it
        self.wait(others)
        self._wait_for_all(plan.readiness)

    def _wait_for_all(self, readiness: str) -> None:
        """Wait until the health report has no complaint. Raises `PartDiedError` with those that stay."""
        deadline = time.monotonic() + _LAST_PATIENCE_SECONDS
        while complaints := problems(readiness):
            self.check()
            if time.monotonic() > deadline:
                lines = "\n".join(f"    {name}: {problem}" for name, problem in complaints.items())
                raise PartDiedError(f"The portal is up, but not ready:\n{lines}")
            time.sleep(_TICK_SECONDS)

    def watch(self) -> None:
        """Look after the parts for ever. Raises as `check` does."""
        while True:
            self.check()
            time.sleep(4 * _TICK_SECONDS)

    def stop(self) -> None:
        """Stop every part in `STOP_ORDER` and leave nothing running."""
        asked = self._signals
        for name in STOP_ORDER:
            if name not in self._running:
                continue
            part, child = self._running.pop(name)
            hurry = self._signals > max(asked, 1)
            if not process.end(child, first=part.stop_signal, patience=0.5 if hurry else part.stop_patience):
                self.say(f"  {name:<10} did not stop in time and was killed")
            self._note(name).unlink(missing_ok=True)

    def _obituary(self, part: Part, child: subprocess.Popen[bytes]) -> str:
        code = child.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{part.name} {how}.{self._words(part)}"

    def _words(self, part: Part) -> str:
        log = self.log(part.name)
        lines = process.last_lines(log)
        if not lines:
            return f" Its log is empty: {log}"
        return f" Its last words, from {log}:\n" + "\n".join(f"    {line}" for line in lines)
