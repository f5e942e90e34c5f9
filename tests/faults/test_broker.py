"""Redis hangs or is away while somebody approves: the approval stands, and its work is found later."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from celery import current_app

from endpoints.models import Operation
from endpoints.services import provisioning
from tests import services
from tests.aws import World
from tests.faults.stage import Stage, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


@contextmanager
def broker(url: str) -> Iterator[None]:
    """Let this process publish to another broker."""
    before = current_app.conf.broker_url
    _use(url)
    try:
        yield
    finally:
        _use(before)


def _use(url: str) -> None:
    current_app.conf.broker_url = current_app.conf.broker_write_url = url
    # Kombu keeps a pool for each address; the one in use is dropped, not closed, since it is taken up again later.
    current_app._pool = current_app.amqp._producer_pool = None


@pytest.mark.parametrize("answers", [True, False], ids=["hung", "down"])
def test_an_approval_stands_while_redis_is_away(aws: World, answers: bool) -> None:
    stage = Stage(aws)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if answers:
            listener.listen(5)  # it takes connections and never says a word
        with broker(f"redis://127.0.0.1:{listener.getsockname()[1]}/0"):
            request = stage.create()
    assert Operation.objects.due().filter(request=request).exists()
    stage.finish(request)
    assert request.status == "available"
    assert len(held(aws, request)) == 1


def test_work_goes_on_while_the_cache_is_away_and_after_it_was_wiped(aws: World) -> None:
    stage = Stage(aws)
    request = stage.create()
    server = services.valkey_process()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        for operation_id in Operation.objects.due().values_list("pk", flat=True):
            provisioning.run(operation_id=operation_id)
        operation = Operation.objects.get(request=request)
        assert operation.attempts <= 1, "a Redis that hangs uses up no attempt"
    finally:
        os.kill(server.pid, signal.SIGCONT)
    services.valkey_client().flushall()
    stage.finish(request)
    assert request.status == "available"
    assert len(held(aws, request)) == 1
