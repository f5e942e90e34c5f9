"""The parts of the sandbox as data: what to run, with which environment, and how to see that it is up."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from portal.sandbox import postgres, valkey
from portal.sandbox.options import ROOT, Options, remembered_port

# What could send a boto3 client past the simulated AWS, or give it somebody's real keys.
_AWS_LEAKS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CA_BUNDLE",
)
# Workers tell each other of revoked tasks, and there are none; looking for neighbours takes a second.
WORKER_OPTIONS = ("--concurrency=2", "--loglevel=INFO", "--without-mingle", "--without-gossip")
_POSTGRES_SETTINGS = {"max_connections": "100", "shared_buffers": "64MB"}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the sandbox."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    ready: Callable[[], bool]
    folder: Path = ROOT
    user: str | None = None
    ends: bool = False
    """Whether it does one thing and ends, with code 0; every other part runs until it is stopped."""
    stop_signal: int = signal.SIGTERM
    start_patience: float = 60.0
    """Seconds until a part that isn't ready counts as failed."""
    stop_patience: float = 10.0
    """Seconds until a part that was asked to stop is killed."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a start needs, in the order of starting."""

    stores: tuple[Part, ...]
    """PostgreSQL, Valkey and the simulated AWS, as far as the caller brought none."""
    prepare: Part
    """Ends by itself: migrations and demonstration data."""
    portal: tuple[Part, ...]
    """Web, worker and beat."""
    readiness: str
    """The URL of the health report that names every part."""
    notes: tuple[str, ...] = field(default=())
    """What the caller brought, in words."""


def get(url: str) -> tuple[int, bytes]:
    """Return status and body of a GET; 0 and nothing without an answer. Proxies aren't asked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def answers(url: str) -> bool:
    """Answer whether a GET of `url` returns 200."""
    return get(url)[0] == 200


def problems(url: str) -> dict[str, str]:
    """Return what `/readyz` at `url` has to complain of, by part; nothing means that every part answers."""
    status, body = get(url)
    try:
        parts = json.loads(body)["parts"]
        failed = {name: str(part["problem"]) for name, part in parts.items() if part["status"] != "ok"}
    except (ValueError, KeyError, TypeError):
        return {"web": "It gives no health report."}
    return failed or ({} if status == 200 else {"web": f"Its health report has status {status}."})


def plan(options: Options, environ: Mapping[str, str]) -> Plan:
    """Return the parts for these options. Sets up data folders, so it may take a second or two the first
    time.

    Raises `SandboxError` when a part can't be set up here.
    """
    env = _common(options, environ)
    stores: list[Part] = []
    notes: list[str] = []
    if options.redis_url:
        notes.append("Valkey: the one that REDIS_URL names")
        env["REDIS_URL"] = options.redis_url
    else:
        part, env["REDIS_URL"] = _valkey(options, env)
        stores.append(part)
    if options.aws_endpoint_url:
        notes.append(f"AWS: {options.aws_endpoint_url}, as AWS_ENDPOINT_URL says, with your own credentials")
    else:
        part, aws_env = _simulated_aws(options, env)
        stores.append(part)
        env = {name: value for name, value in env.items() if name not in _AWS_LEAKS} | aws_env
    if options.database_url:
        notes.append("PostgreSQL: the one that DATABASE_URL names; it gets the demonstration data")
        env["DATABASE_URL"] = options.database_url
    else:
        part, env["DATABASE_URL"] = _postgres(options, env)
        stores.append(part)
    return Plan(
        stores=tuple(stores),
        prepare=_prepare(env),
        portal=_portal(options, env),
        readiness=f"{options.url}readyz",
        notes=tuple(notes),
    )


def _common(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    direct = ",".join(filter(None, [environ.get("NO_PROXY") or environ.get("no_proxy"), "127.0.0.1,localhost"]))
    env = {
        **environ,
        "PORTAL_SANDBOX": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }
    # AWS's policies take some minutes to take effect; who tries the portal sees it in one sitting.
    env.setdefault("PORTAL_POLICY_EFFECT_SECONDS", "20")
    env.setdefault("PORTAL_DRIFT_SECONDS", "30")
    if not options.local:
        env.setdefault("ALLOWED_HOSTS", "*")  # whoever binds to a network chose to be found there
    return env


def _valkey(options: Options, env: Mapping[str, str]) -> tuple[Part, str]:
    store = valkey.prepare(options.folder / "valkey", remembered_port(options.folder, "valkey"))
    part = Part(name="valkey", command=tuple(store.command()), env=dict(env), ready=store.ready, folder=store.folder)
    return part, store.url()


def _simulated_aws(options: Options, env: Mapping[str, str]) -> tuple[Part, dict[str, str]]:
    from portal.sandbox import world

    url = f"http://127.0.0.1:{remembered_port(options.folder, 'aws')}"
    state = options.folder / "aws" / "state"
    state.parent.mkdir(mode=0o700, exist_ok=True)
    command = (
        *(
            sys.executable,
            "-m",
            "portal.sandbox.aws",
            "--port",
            str(urlsplit(url).port),
            "--state",
            str(state),
        ),
        *("--pace", "1.0", "--rate", "1.0", "--seed-demo"),
    )
    part = Part(
        name="aws",
        command=command,
        env={**env, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        ready=lambda: answers(f"{url}/_sim/health"),
    )
    return part, {
        "AWS_ENDPOINT_URL": url,
        "PORTAL_AWS_SIMULATED": "1",
        "AWS_ACCESS_KEY_ID": world.AWS_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": world.AWS_SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": world.DEFAULT_REGION,
        "PORTAL_AWS_PRINCIPAL": world.TOOLING_PRINCIPAL,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _postgres(options: Options, env: Mapping[str, str]) -> tuple[Part, str]:
    cluster = postgres.prepare(options.folder / "postgres", _POSTGRES_SETTINGS)
    part = Part(
        name="postgres",
        command=tuple(cluster.command()),
        env={"PATH": env.get("PATH", os.defpath), "TZ": "UTC"},
        ready=cluster.ready,
        folder=cluster.home,
        user=cluster.user,
        stop_signal=postgres.STOP_SIGNAL,
    )
    return part, cluster.url()


def _prepare(env: Mapping[str, str]) -> Part:
    return Part(
        name="prepare",
        command=(sys.executable, "-m", "portal.sandbox.prepare"),
        env=env,
        ready=lambda: True,  # it ends; that is the sign
        ends=True,
        start_patience=180.0,
    )


def _portal(options: Options, env: Mapping[str, str]) -> tuple[Part, ...]:
    python = (sys.executable, "-m")
    bind = f"[{options.host}]:{options.port}" if ":" in options.host else f"{options.host}:{options.port}"
    readiness = f"{options.url}readyz"
    return (
        Part(
            name="web",
            command=(
                *(
                    *python,
                    "gunicorn",
                    "portal.wsgi:application",
                    "--bind",
                    bind,
                    "--preload",
                    "--no-control-socket",
                ),
                *("--workers", "2", "--threads", "4", "--graceful-timeout", "5", "--access-logfile", "-"),
            ),
            env=env,
            ready=lambda: answers(f"{options.url}healthz"),
        ),
        Part(
            name="worker",
            command=(*python, "celery", "-A", "portal", "worker", *WORKER_OPTIONS),
            # By itself before the supervisor's patience is over, and also when the supervisor is gone.
            env={"PORTAL_STOP_SECONDS": "12", **env, "C_FORCE_ROOT": "1"},
            ready=lambda: "worker" not in problems(readiness),
            stop_patience=15.0,  # a warm shutdown ends the running tasks; what is cut short is found again
        ),
        Part(
            name="beat",
            command=(
                *(*python, "celery", "-A", "portal", "beat", "--loglevel=INFO", "--pidfile="),
                f"--schedule={options.folder / 'beat-schedule'}",
            ),
            env=env,
            ready=lambda: "beat" not in problems(readiness),
        ),
    )
