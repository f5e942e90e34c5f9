"""A process that plays a worker until it is killed: at the n-th durable effect, counted from its start.

Run as `python -m tests.faults.driver`; it reads one JSON object a line, `{"region": 1, "crash_at": 3}`, forks, and the
child takes up what is due and observes until nothing is left, or dies by SIGKILL right *before* its effect number
`crash_at`, from 0. With `terminate_at` it gets a SIGTERM while COMMIT number so and so is under way, as from a worker
that shuts down in a hurry: what is committed stands, and nothing that should follow it happens. It answers
`{"killed": true, "terminated": false, "effects": ["UPDATE …", "CreateVpcEndpoint", …]}`.

An effect is a commit, a statement outside of a transaction, or a call that changes AWS. Dying before each of them, and
not dying at all, leaves every state that a crash can leave behind; a call that AWS carries out and whose answer
is lost is a fault of the simulated AWS instead.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  # Django must be set up first
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402

from endpoints import queue  # noqa: E402
from endpoints.aws import sessions  # noqa: E402
from endpoints.aws.gateway import Ec2Gateway  # noqa: E402
from endpoints.models import AccountRegion, Operation  # noqa: E402
from endpoints.services import observation, provisioning, targets  # noqa: E402

ROUNDS = 6
TERMINATED = 75
MUTATING = (
    *("create_vpc_endpoint", "modify_vpc_endpoint", "delete_vpc_endpoint", "set_tags", "remove_tags"),
    *("authorize_rule", "revoke_rule"),
)


class Effects:
    """Counts effects, tells the parent of each, and dies before one of them."""

    def __init__(self, crash_at: int | None, terminate_at: int | None, out: int) -> None:
        self.crash_at = crash_at
        self.terminate_at = terminate_at
        self.out = out
        self.count = self.commits = 0

    def before(self, name: str) -> None:
        """Note an effect that comes next, or die."""
        if self.count == self.crash_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1
        os.write(self.out, f"{name}\n".encode())

    def install(self) -> None:
        """Put the counter before each commit, each statement outside of a transaction, and each mutating call."""
        for name in MUTATING:
            setattr(Ec2Gateway, name, self._announced(name, getattr(Ec2Gateway, name)))
        commit = self._interrupted(BaseDatabaseWrapper.commit)
        BaseDatabaseWrapper.commit = self._announced("commit", commit)  # type: ignore[method-assign]

    def _announced(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def announced(*args: Any, **kwargs: Any) -> Any:
            self.before(name)
            return act(*args, **kwargs)

        return announced

    def _interrupted(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        def interrupted(*args: Any, **kwargs: Any) -> Any:
            answer = commit(*args, **kwargs)
            self.commits += 1
            if self.commits - 1 == self.terminate_at:
                os.kill(os.getpid(), signal.SIGTERM)
            return answer

        return interrupted

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Count a statement that commits by itself."""
        if not connection.in_atomic_block and sql.startswith(("UPDATE", "INSERT", "DELETE")):
            self.before(" ".join(sql.split()[:2]))
        return execute(sql, params, many, context)


def work(region: int) -> None:
    """Take up what is due and observe, until nothing is due."""
    for _ in range(ROUNDS):
        for operation_id in Operation.objects.due().values_list("pk", flat=True):
            provisioning.run(operation_id=operation_id)
        if not observation.observe(account_region_id=region):
            return


def _clients(region: int) -> dict[Any, Any]:
    """Return what `endpoints.aws.sessions` keeps of a region, for a child: it lives shorter than they take to make.

    They have called nobody, so that there is no socket and no credential to share.
    """
    found = AccountRegion.objects.select_related("account").get(pk=region)
    connection.close()
    gateway = sessions.gateway_for(targets.target_of(found.account, found.region), targets.timeouts())
    gateway._reads()
    gateway._writes()
    return dict(sessions._gateways)


def _child(order: dict[str, Any], clients: dict[Any, Any], out: int) -> None:
    queue._send = lambda *_: None  # there is nobody to wake
    sessions._gateways.update(clients)  # `fork` made it forget them
    effects = Effects(order.get("crash_at"), order.get("terminate_at"), out)
    effects.install()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # what a cold shutdown of Celery comes to
    with connection.execute_wrapper(effects.statement):
        work(order["region"])


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    clients = _clients(order["region"])
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read)
            _child(order, clients, write)
            code = 0
        except SystemExit:
            code = TERMINATED
        except Exception as error:  # noqa: BLE001  # whatever it is, the parent must learn of it
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as said:
        effects = said.read().splitlines()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return {
        "killed": code == -signal.SIGKILL,
        "terminated": code == TERMINATED,
        "ended": code == 0,
        "effects": effects,
    }


if __name__ == "__main__":
    sessions.read_descriptions()  # as a worker does before it forks
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()
