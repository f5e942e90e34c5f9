"""What `make run` was asked for: the folder, the address, and servers to use in place of our own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal.sandbox import process
from portal.sandbox.postgres import SandboxError

ROOT = Path(__file__).resolve().parents[2]
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The sandbox's options, read from the environment."""

    folder: Path
    host: str
    port: int
    database_url: str | None
    redis_url: str | None
    aws_endpoint_url: str | None

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Options:
        """Return the options in `env`. Raises `SandboxError` for a PORT that is no port."""
        raw = env.get("PORT") or "8000"
        if not raw.isdecimal() or not 0 < int(raw) < 65536:
            raise SandboxError(f"PORT is {raw!r}: write a number from 1 to 65535.")
        return cls(
            folder=Path(env.get("PORTAL_SANDBOX_DIR") or ROOT / ".sandbox").absolute(),
            host=env.get("HOST") or "127.0.0.1",
            port=int(raw),
            database_url=env.get("DATABASE_URL") or None,
            redis_url=env.get("REDIS_URL") or None,
            aws_endpoint_url=env.get("AWS_ENDPOINT_URL") or None,
        )

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the portal."""
        return self.host in _LOOPBACK

    @property
    def asked_at(self) -> str:
        """The address at which this machine reaches the portal."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - compared, not bound

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return f"http://{f'[{self.asked_at}]' if ':' in self.asked_at else self.asked_at}:{self.port}/"

    def claim_port(self) -> None:
        """Raise `SandboxError` with the cure when the web server's port can't be had."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise SandboxError(
                    f"{self.host}:{self.port} can't be used: {error.strerror or error}. "
                    f"Choose another port, for instance: PORT={process.free_port()} make run"
                ) from error


def remembered_port(folder: Path, name: str) -> int:
    """Return a loopback port for an embedded part: last time's, unless something else took it since."""
    file = folder / "ports.json"
    ports: dict[str, int] = {}
    with suppress(OSError, ValueError):
        ports = dict(json.loads(file.read_text()))
    if not _is_free(ports.get(name)):
        ports[name] = process.free_port()
        file.write_text(json.dumps(ports, indent=1) + os.linesep)
    return ports[name]


def _is_free(port: int | None) -> bool:
    if not isinstance(port, int):
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True
