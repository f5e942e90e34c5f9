"""Whether the portal is alive, and whether every part of it answers.

`/healthz` says that this web process serves requests; it asks nobody. `/readyz` asks every part and names
each in JSON: the database, the broker, a worker, beat, and AWS as the workers last saw it; beside them how many
operations need a person, which makes nothing unready. A web request never calls AWS. Both answer before host
and HTTPS checks, since a load balancer asks by address and over plain HTTP, and neither shows a host name, a
user or a secret.

Workers and beat report by keys in Redis that expire: see `portal.celery`, which calls the `record_`
functions. `/readyz` asks whether one of each is alive anywhere, `portal.heartbeat` for those of its own host, which for
a container is itself.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

HEARTBEAT_SECONDS = 5
HEARTBEAT_EXPIRY_SECONDS = 20  # three heartbeats may be late or lost
AWS_REPORT_EXPIRY_SECONDS = 60
WORKER_KEY = "portal:heartbeat:worker"
BEAT_KEY = "portal:heartbeat:beat"
AWS_KEY = "portal:heartbeat:aws"
_TIMEOUT_SECONDS = 2  # the least that libpq takes as a connection time-out


class NotReadyError(Exception):
    """A part does not answer. The text is one plain line for `/readyz`: no host, no user, no secret."""


class HealthMiddleware:
    """Answer `/healthz` and `/readyz`; pass everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the health answer, or whatever the rest of the portal says."""
        answer = ANSWERS.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = answer()
        response["Cache-Control"] = "no-store"
        return response


def alive() -> HttpResponse:
    """Return 200: this process serves requests."""
    return HttpResponse("alive\n", content_type="text/plain")


def readiness() -> JsonResponse:
    """Return every part's state as JSON: 200 when all answer, 503 otherwise."""
    with ThreadPoolExecutor(len(_CHECKS)) as pool:  # whoever asks waits for the slowest, not for the sum of all
        parts = dict(zip(_CHECKS, pool.map(_examine, _CHECKS.values()), strict=True))
    ready = all(part["status"] == "ok" for part in parts.values())
    body = {"status": "ready" if ready else "not ready", "parts": parts, "needs_person": _needs_person(parts)}
    response = JsonResponse(body, status=200 if ready else 503)
    setattr(response, "_has_been_logged", True)  # noqa: B010 - Django's mark; being unready is no error of this request
    return response


def record_worker_heartbeat() -> None:
    """Say that a worker is alive. Raises nothing when Redis is away: the missing key says it all."""
    _record(WORKER_KEY, "ok", HEARTBEAT_EXPIRY_SECONDS)
    _record(here(WORKER_KEY), "ok", HEARTBEAT_EXPIRY_SECONDS)


def record_beat_heartbeat() -> None:
    """Say that beat is alive. Raises nothing when Redis is away."""
    _record(BEAT_KEY, "ok", HEARTBEAT_EXPIRY_SECONDS)
    _record(here(BEAT_KEY), "ok", HEARTBEAT_EXPIRY_SECONDS)


def here(key: str) -> str:
    """Return the key by which a worker or beat of this host reports."""
    return f"{key}:{socket.gethostname()}"


def record_aws(*, reachable: bool) -> None:
    """Say whether a worker reaches AWS. Raises nothing when Redis is away."""
    _record(AWS_KEY, "ok" if reachable else "failed", AWS_REPORT_EXPIRY_SECONDS)


def forget_reports() -> None:
    """Forget what workers and beat reported: for a start after which only new reports count.

    Raises `redis.RedisError` when Redis is away.
    """
    _redis(settings.REDIS_URL).delete(WORKER_KEY, BEAT_KEY, AWS_KEY)


def _record(key: str, value: str, expiry: int) -> None:
    try:
        _redis(settings.REDIS_URL).set(key, value, ex=expiry)
    except redis.RedisError:
        return


@cache
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )


def _examine(check: Callable[[], None]) -> dict[str, Any]:
    began = time.perf_counter()
    problem = None
    try:
        check()
    except NotReadyError as failure:
        problem = str(failure)
    part: dict[str, Any] = {
        "status": "ok" if problem is None else "failed",
        "milliseconds": round((time.perf_counter() - began) * 1000, 1),
    }
    return part if problem is None else {**part, "problem": problem}


def _database() -> None:
    try:
        with _own_connection() as own:
            row = own.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
            known = row is not None and row[0]
            applied = set(own.execute("SELECT app, name FROM django_migrations").fetchall()) if known else set()
    except psycopg.Error as failure:
        raise NotReadyError("The database does not answer.") from failure
    if not _last_migrations() <= applied:
        raise NotReadyError("Migrations are not applied. Run: manage.py migrate")


def _own_connection() -> psycopg.Connection:
    """Return a connection of our own, with time-outs: a request's may hang as long as the server does."""
    parameters = connection.get_connection_params() | {
        "connect_timeout": _TIMEOUT_SECONDS,
        "options": f"-c statement_timeout={_TIMEOUT_SECONDS * 1000}",
    }
    return psycopg.connect(**parameters)


def _needs_person(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return how many operations will not go on by themselves; None when the database doesn't say."""
    if parts["database"]["status"] != "ok":
        return {"operations": None}
    from endpoints.models import Operation  # not there yet when this module is imported

    query, values = Operation.objects.dead().order_by().values("pk").query.sql_with_params()
    try:
        with _own_connection() as own:
            row = own.execute(f"SELECT COUNT(*) FROM ({query}) AS dead", values).fetchone()  # noqa: S608  # Django's SQL
    except psycopg.Error:
        return {"operations": None}
    return {"operations": row[0] if row else None}


@cache
def _last_migrations() -> frozenset[tuple[str, str]]:
    """Return each application's newest migrations in this code; the others come before them."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.leaf_nodes())


def _value(key: str) -> str | None:
    try:
        value = _redis(settings.REDIS_URL).get(key)
    except redis.RedisError as failure:
        raise NotReadyError("The broker does not answer, so nobody knows.") from failure
    return None if value is None else str(value)


def _broker() -> None:
    try:
        _redis(settings.REDIS_URL).ping()
    except redis.RedisError as failure:
        raise NotReadyError("The broker and cache does not answer.") from failure


def check_worker(key: str = WORKER_KEY) -> None:
    """Raise `NotReadyError` when no worker reported lately by this key."""
    if _value(key) is None:
        raise NotReadyError(f"No worker reported in {HEARTBEAT_EXPIRY_SECONDS} s. Run: celery -A portal worker")


def check_beat(key: str = BEAT_KEY) -> None:
    """Raise `NotReadyError` when beat did not report lately by this key."""
    if _value(key) is None:
        raise NotReadyError(f"Beat did not report in {HEARTBEAT_EXPIRY_SECONDS} s. Run: celery -A portal beat")


def _aws() -> None:
    seen = _value(AWS_KEY)
    if seen is None:
        raise NotReadyError(f"No worker reported on AWS in {AWS_REPORT_EXPIRY_SECONDS} s.")
    if seen != "ok":
        raise NotReadyError("The workers can't reach AWS.")


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "broker": _broker,
    "worker": check_worker,
    "beat": check_beat,
    "aws": _aws,
}
ANSWERS: dict[str, Callable[[], HttpResponse]] = {"/healthz": alive, "/readyz": readiness}
