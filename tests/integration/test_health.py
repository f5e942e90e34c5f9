"""`/healthz` and `/readyz`: every part is asked and named, and nothing secret is shown."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from pytest_django import Settings

from portal import celery, health
from tests import factories, services

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["database", "broker", "worker", "beat", "aws"]


@pytest.fixture
def reports(valkey: redis.Redis) -> redis.Redis:
    """Have worker, beat and AWS report that they are well."""
    health.record_worker_heartbeat()
    health.record_beat_heartbeat()
    health.record_aws(reachable=True)
    return valkey


def test_alive_needs_no_part_and_no_known_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["portal.example"]
    settings.SECURE_SSL_REDIRECT = True
    response = Client().get("/healthz", headers={"host": "10.0.0.7"})
    assert (response.status_code, response.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_when_every_part_answers(reports: redis.Redis) -> None:
    response = Client().get("/readyz", headers={"host": "10.0.0.7"})
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["status"] == "ready"
    assert list(body["parts"]) == PARTS
    for part in body["parts"].values():
        assert part["status"] == "ok"
        assert part["milliseconds"] >= 0
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
def test_operations_that_need_a_person_are_named_and_make_nothing_unready(reports: redis.Redis) -> None:
    assert Client().get("/readyz").json()["needs_person"] == {"operations": 0}
    account = factories.make_account()
    asked = factories.submitted(account, factories.make_engineer())
    factories.failed(factories.approved(asked, factories.make_approver(account)))
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json()["needs_person"] == {"operations": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "part"), [(health.WORKER_KEY, "worker"), (health.BEAT_KEY, "beat"), (health.AWS_KEY, "aws")]
)
def test_a_part_that_stopped_reporting_is_named(reports: redis.Redis, key: str, part: str) -> None:
    assert 0 < reports.ttl(key) <= health.AWS_REPORT_EXPIRY_SECONDS, "a report must expire by itself"
    reports.delete(key)
    response = Client().get("/readyz")
    assert response.status_code == 503
    failed = [name for name, state in response.json()["parts"].items() if state["status"] == "failed"]
    assert failed == [part]


@pytest.mark.django_db
def test_unreachable_aws_is_told(reports: redis.Redis) -> None:
    health.record_aws(reachable=False)
    assert Client().get("/readyz").json()["parts"]["aws"]["problem"] == "The workers can't reach AWS."


@pytest.mark.django_db
def test_a_broker_that_is_away_fails_every_part_that_reports_through_it(settings: Settings) -> None:
    settings.REDIS_URL = "redis://:a-secret@127.0.0.1:9/0"
    response = Client().get("/readyz")
    assert response.status_code == 503
    states = {name: part["status"] for name, part in response.json()["parts"].items()}
    assert states == {
        "database": "ok",
        "broker": "failed",
        "worker": "failed",
        "beat": "failed",
        "aws": "failed",
    }
    assert "127.0.0.1" not in response.text
    assert "a-secret" not in response.text


@pytest.fixture
def elsewhere(db: None) -> Iterator[BaseDatabaseWrapper]:
    """Let the connection's settings be pointed elsewhere for one test."""
    kept = dict(connection.settings_dict)
    yield connection
    connection.settings_dict.update(kept)


def test_a_database_that_is_away_is_told_without_its_address(
    elsewhere: BaseDatabaseWrapper, reports: redis.Redis
) -> None:
    elsewhere.settings_dict.update(HOST="127.0.0.1", PORT="9", PASSWORD="a-secret")
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["database"]["problem"] == "The database does not answer."
    assert "127.0.0.1" not in response.text
    assert "a-secret" not in response.text


def test_a_database_without_migrations_is_told(elsewhere: BaseDatabaseWrapper, reports: redis.Redis) -> None:
    elsewhere.settings_dict.update(NAME="template1")
    problem = Client().get("/readyz").json()["parts"]["database"]["problem"]
    assert problem == "Migrations are not applied. Run: manage.py migrate"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_but_reading_is_answered(path: str) -> None:
    assert Client().post(path).status_code == 405


def test_aws_reachability_is_what_a_connection_says(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        celery.report_aws()
        assert valkey.get(health.AWS_KEY) == "ok"
    celery.report_aws()
    assert services.valkey_client().get(health.AWS_KEY) == "failed"


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"AWS_REGION": "eu-west-1"}, ("ec2.eu-west-1.amazonaws.com", 443)),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, ("ec2.cn-north-1.amazonaws.com.cn", 443)),
        ({}, ("ec2.us-east-1.amazonaws.com", 443)),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, ("127.0.0.1", 4566)),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, ("proxy.example", 3128)),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": ".amazonaws.com"},
         ("ec2.us-east-1.amazonaws.com", 443)),
    ],
)  # fmt: skip
def test_the_probe_goes_where_boto3_goes(
    environment: dict[str, str], address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert celery.aws_address() == address


def test_a_container_asks_for_its_own_part(reports: redis.Redis) -> None:
    def ask(*arguments: str) -> int:
        command = [sys.executable, "-m", "portal.heartbeat", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode

    assert (ask("worker"), ask("beat")) == (0, 0)
    # Those of this host hang; others report on.
    reports.delete(health.here(health.WORKER_KEY), health.here(health.BEAT_KEY))
    assert (reports.get(health.WORKER_KEY), reports.get(health.BEAT_KEY)) == ("ok", "ok")
    assert (ask("worker"), ask("beat")) == (1, 1)
    assert ask("web") == 2


def test_the_parts_are_asked_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs must not keep the others waiting: each here waits for all the others."""
    everybody = threading.Barrier(len(health._CHECKS), timeout=30)
    monkeypatch.setattr(health, "_CHECKS", dict.fromkeys(health._CHECKS, everybody.wait))
    parts = client.get("/readyz").json()["parts"]
    assert {part["status"] for part in parts.values()} == {"ok"}
