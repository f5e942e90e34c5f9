"""State across restarts: moto's backends and the overlay in one file, written soon after each change.

The file is a pickle. Loading one runs what it says, so it is for this machine's own sandbox and nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import threading
import time
from pathlib import Path
from typing import Any

from portal.sandbox.aws import gate, overlay
from portal.sandbox.aws.store import LOCK, STORE

log = logging.getLogger("simulated-aws")

_FORMAT = 1
_SERVICES = ("ec2", "iam", "sts", "elbv2", "route53")
_DEBOUNCE_SECONDS = 0.3


_POINTS: dict[str, bytes] = {}


def keep_point(name: str) -> None:
    """Remember everything as it is now, in memory: `go_back` returns to it."""
    with LOCK:
        STORE.touched = False
        _POINTS[name] = pickle.dumps(_snapshot(), protocol=pickle.HIGHEST_PROTOCOL)


def go_back(name: str) -> bool:
    """Return to a point; tell whether there is one. Faults, buckets and recorded calls are empty afterwards."""
    with LOCK:
        if name not in _POINTS:
            return False
        overlay.reset()
        _restore(pickle.loads(_POINTS[name]))  # noqa: S301 - this process's own bytes
        return True


class StateFile:
    """Loads at the start, saves in a background thread after changes, saves at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._dirty = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._file_lock = threading.Lock()

    def load(self) -> bool:
        """Load the file, if there is one. A damaged one is set aside with a warning, and the start goes
        on."""
        if not self.path.exists():
            return False
        try:
            with self.path.open("rb") as stream:
                document = pickle.load(stream)  # noqa: S301 - this machine's own file, see the module's docstring
            _restore(document)
        except Exception as error:  # noqa: BLE001 - a damaged pickle can raise anything
            aside = self.path.with_name(f"{self.path.name}.damaged-{int(time.time())}")
            self.path.rename(aside)
            overlay.reset()
            log.warning(
                "The state in %s can't be read (%s). It was set aside as %s; starting empty.",
                self.path,
                error,
                aside,
            )
            return False
        return True

    def watch(self) -> None:
        """Start saving after changes."""
        gate.CHANGED.append(self.mark)
        self._thread = threading.Thread(target=self._run, daemon=True, name="simulated-aws-state")
        self._thread.start()

    def mark(self) -> None:
        """Say that something may have changed."""
        self._dirty.set()

    def save(self) -> None:
        """Write the file now, whole or not at all."""
        with LOCK:
            data = pickle.dumps(_snapshot(), protocol=pickle.HIGHEST_PROTOCOL)
        with self._file_lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
            with beside.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(self.path)

    def close(self) -> None:
        """Save a last time and stop watching."""
        with contextlib.suppress(ValueError):
            gate.CHANGED.remove(self.mark)
        if self._thread is not None:
            self._ended.set()
            self._dirty.set()
            self._thread.join()
            self._thread = None
        self.save()

    def _run(self) -> None:
        while True:
            self._dirty.wait()
            if self._ended.wait(_DEBOUNCE_SECONDS):
                return
            self._dirty.clear()
            # `close` may have called just before this cleared its call: who waited again would wait for ever.
            if self._ended.is_set():
                return
            try:
                self.save()
            except OSError as error:
                log.warning("The state can't be written to %s: %s. It will be tried again.", self.path, error)
                self._dirty.set()


def _backend_dicts() -> dict[str, Any]:
    from moto import backends

    return {name: backends.get_backend(name) for name in _SERVICES if _loaded(name)}  # type: ignore[call-overload]


def _loaded(name: str) -> bool:
    import sys

    return f"moto.{name}.models" in sys.modules


def _snapshot() -> dict[str, Any]:
    from moto import __version__

    return {
        "format": _FORMAT,
        "moto": __version__,
        "store": dict(STORE.__dict__),
        "backends": {
            name: {account: dict(regions.items()) for account, regions in backends.items()}
            for name, backends in _backend_dicts().items()
        },
    }


def _restore(document: dict[str, Any]) -> None:
    from moto import __version__, backends

    if document.get("format") != _FORMAT or document.get("moto") != __version__:
        raise ValueError("it was written by another version")
    for name, accounts in document["backends"].items():
        known = backends.get_backend(name)
        for account, regions in accounts.items():
            for region, backend in regions.items():
                known[account][region] = backend
    STORE.__dict__.update(document["store"])
