"""Everything goes wrong at once, from a seed: `python -m tests.faults.soak --seeds 20 --requests 60`.

For each seed a database, a Redis, a simulated AWS, two workers that die by chance before a commit or a call, and two
schedulers; people have creations, changes and deletions approved while processes are killed, stopped and restarted,
Redis is wiped and hung, PostgreSQL restarted, messages doubled, and AWS loses answers, throttles and lags. At the end
every request is done or visibly needs a person, AWS holds one endpoint for each that should be there and none that
should not, and the audit chain verifies. One JSON line a seed says what happened; the same seed draws the same faults.

`--without token` and `--without sweeper` are the controls: they must end badly, and then the command ends well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests import services

services.start(durable=True)

import django  # noqa: E402  # the settings may be read only now

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from kombu.exceptions import OperationalError as BrokerError  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from endpoints.aws.sessions import forget_clients  # noqa: E402
from endpoints.models import Endpoint, EndpointRequest, Operation  # noqa: E402
from endpoints.queue import PROVISION  # noqa: E402
from endpoints.services import events, provisioning  # noqa: E402
from endpoints.services.errors import Conflict  # noqa: E402
from portal.celery import app  # noqa: E402
from portal.sandbox.aws.control import SimControl  # noqa: E402
from portal.sandbox.parts import WORKER_OPTIONS  # noqa: E402
from tests import aws as simulated  # noqa: E402
from tests import factories, workers  # noqa: E402
from tests.faults.storm import Fault, schedule  # noqa: E402

TEMPLATE = "soak_template"
PATIENCE_SECONDS = 240.0
CONTROL_PATIENCE_SECONDS = 25.0
CRASHES = 0.05
DONE = ("available", "deleted")
READ_ONLY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
)


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line; `storm` in seconds."""

    requests: int
    without: str
    storm: float


class Soak:
    """One seed's run."""

    def __init__(self, options: Options, seed: int, url: str, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.count, self.without, self.storm = options.requests, options.without, options.storm
        self.rng = random.Random(seed)  # a schedule, not a secret
        self.control = SimControl(url)
        self.url = url
        self.fired: Counter[str] = Counter()
        self.stack = ExitStack()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.paused: list[threading.Timer] = []
        self.requests: list[int] = []
        self.begun = 0.0

    def run(self) -> dict[str, Any]:
        """Run the storm and the calm after it; return the findings."""
        _fresh_database(self.seed)
        services.valkey_client().flushall()
        self._world()
        with self.stack:
            for number in range(2):
                self._start(f"worker-{number}")
                self._start(f"beat-{number}")
            deaths = self.folder / "deaths"
            deaths.touch()
            self._storm()
            self.fired["crash"] = deaths.stat().st_size
            deaths.unlink()
            patience = CONTROL_PATIENCE_SECONDS if self.without == "sweeper" else PATIENCE_SECONDS
            calm_from = time.monotonic()
            while self._unfinished() and time.monotonic() - calm_from < patience:
                time.sleep(0.3)
        return self._findings(time.monotonic() - calm_from)

    # --- The people -----------------------------------------------------------------------------------------------

    def _world(self) -> None:
        self.control.reset()
        self.control.set_pace(0)
        self.control.set_rate(0)
        for name in ("gateway-per-region", "interface-per-vpc"):
            self.control.set_quota(name, 10 * self.count)
        forget_clients()
        self.aws = simulated.build(self.url, self.control)
        self.account = simulated.member_account()
        self.engineer = factories.make_engineer()
        self.approver = factories.make_approver(self.account)

    def _approve_one(self) -> None:
        """Have something approved: a creation, or, later, a change of what is there."""
        creations = max(1, self.count * 3 // 5)
        if len(self.requests) < creations:
            made = self._creation()
        else:
            endpoint = Endpoint.objects.filter(status="available").order_by("?").first()
            late = time.monotonic() - self.begun > 2 * self.storm
            made = self._change(endpoint) if endpoint else self._creation() if late else None
        if made is not None:
            self.requests.append(made.pk)

    def _creation(self) -> EndpointRequest:
        if self.rng.random() < 0.5:
            spec = self.aws.gateway_spec(route_table_ids=())
        else:
            spec = self.aws.interface_spec(subnet_ids=self.aws.subnet_ids[:2], private_dns_enabled=False)
        return factories.approved(factories.submitted(self.account, self.engineer, spec), self.approver)

    def _change(self, endpoint: Endpoint) -> EndpointRequest | None:
        kind = self.rng.choice(("delete", "tags", "place"))
        if kind == "delete":
            asked = factories.deletion(endpoint, self.engineer)
        elif kind == "tags":
            asked = factories.modification(endpoint, self.engineer, tags=(("round", str(len(self.requests))),))
        elif endpoint.vpc_endpoint_type == "Gateway":
            asked = factories.policy_change(endpoint, self.engineer, READ_ONLY)
        else:
            asked = factories.modification(endpoint, self.engineer, subnet_ids=self.aws.subnet_ids[:1])
        try:
            return factories.approved(asked, self.approver)
        except Conflict:
            return None  # another change of it was approved meanwhile: that is right

    # --- The storm ------------------------------------------------------------------------------------------------

    def _storm(self) -> None:
        faults = schedule(self.rng, self.count, self.storm)
        begun = self.begun = time.monotonic()
        while faults or len(self.requests) < self.count:
            now = time.monotonic()
            while faults and now - begun >= faults[0].at:
                fault = faults.pop(0)
                try:
                    self._fault(fault)
                except (BrokerError, RedisError, DatabaseError):
                    connection.close()  # another fault stands in its way: a bit later, then
                    faults.append(replace(fault, at=now - begun + 2))
                    faults.sort(key=lambda item: item.at)
            if len(self.requests) < self.count and now - begun >= self.storm * len(self.requests) / self.count:
                self._survive(self._approve_one)
            time.sleep(0.02)
            assert now - begun < self.storm + 120, "the storm can't be got through"

    def _survive(self, act: Callable[[], None]) -> None:
        """Do what the web does: on a lost connection the person clicks again."""
        try:
            act()
        except DatabaseError:
            connection.close()
            time.sleep(0.2)

    def _fault(self, fault: Fault) -> None:
        act = getattr(self, f"_{fault.kind.replace(' ', '_')}")
        act(**fault.what)

    def _aws(self, **rule: Any) -> None:
        self.control.add_fault(**rule)

    def _kill_worker(self, number: int) -> None:
        self._restart(f"worker-{number}")

    def _kill_beat(self, number: int) -> None:
        self._restart(f"beat-{number}")

    def _stop_worker(self, number: int) -> None:
        """Let a worker sleep beyond its lease: it wakes as a zombie."""
        self._pause(self.processes[f"worker-{number}"].pid, 9, group=True)
        self.fired["stop worker"] += 1

    def _wipe_redis(self, number: int) -> None:
        services.valkey_client().flushall()
        self.fired["wipe redis"] += 1

    def _hang_redis(self, number: int) -> None:
        self._pause(services.valkey_process().pid, 4, group=False)
        self.fired["hang redis"] += 1

    def _restart_redis(self, number: int) -> None:
        services.restart_valkey(away=number)
        self.fired["restart redis"] += 1

    def _restart_postgres(self, number: int) -> None:
        connection.close()
        services.restart_postgres()
        self.fired["restart postgres"] += 1

    def _duplicate(self, number: int) -> None:
        for operation_id in Operation.objects.exclude(status__in=("succeeded", "failed")).values_list("pk", flat=True):
            for _ in range(5):
                app.send_task(PROVISION, kwargs={"operation_id": str(operation_id)}, retry=False)
        self.fired["duplicate"] += 1

    # --- Processes ------------------------------------------------------------------------------------------------

    def _start(self, name: str) -> None:
        role = name.partition("-")[0]
        arguments = (
            ("worker", *WORKER_OPTIONS, f"--hostname={name}-{self.seed}@%h", "--loglevel=WARNING")
            if role == "worker"
            else ("beat", f"--schedule={self.folder / name}", "--loglevel=WARNING")
        )
        handicap = {
            "SHAKY_CRASHES": str(CRASHES),
            "SHAKY_SEED": str(self.seed),
            "SHAKY_WITHOUT": self.without,
            "SHAKY_DEATHS": str(self.folder / "deaths"),
        }
        log = self.folder / f"{name}.log"
        process = workers.celery(*arguments, log=log, app="tests.faults.shaky", **handicap)
        self.processes[name] = self.stack.enter_context(process)

    def _restart(self, name: str) -> None:
        workers.kill(self.processes[name])
        self._start(name)
        self.fired[f"kill {name.partition('-')[0]}"] += 1

    def _pause(self, pid: int, seconds: float, *, group: bool) -> None:
        """Stop a process for some seconds; a thread lets it go on, since what it holds may hold us up, too."""
        signal_it = os.killpg if group else os.kill

        def go_on() -> None:
            with suppress(ProcessLookupError):  # killed meanwhile
                signal_it(pid, signal.SIGCONT)

        signal_it(pid, signal.SIGSTOP)
        timer = threading.Timer(seconds, go_on)
        timer.start()
        self.paused.append(timer)

    # --- The findings ---------------------------------------------------------------------------------------------

    def _unfinished(self) -> bool:
        try:
            rows = EndpointRequest.objects.filter(pk__in=self.requests)
            return any(timer.is_alive() for timer in self.paused) or rows.exclude(status__in=(*DONE, "failed")).exists()
        except DatabaseError:
            connection.close()
            return True

    def _findings(self, calm: float) -> dict[str, Any]:
        requests = list(EndpointRequest.objects.filter(pk__in=self.requests))
        states = Counter(item.status for item in requests)
        unfinished = [item.reference for item in requests if item.status not in (*DONE, "failed")]
        unfinished += [f"REQ-{lost}" for lost in set(self.requests) - {item.pk for item in requests}]
        for rule in self.control.faults():
            self.fired[f"aws {rule['kind']}"] += rule["fired"]
        self.control.clear_faults()  # what nobody met in the storm isn't meant for who looks at the end
        silent = Operation.objects.filter(status="failed", last_cure="").count()
        return {
            "seed": self.seed,
            "without": self.without or None,
            "requests": len(self.requests),
            "states": dict(states),
            "unfinished": unfinished,
            "failed_silently": silent,
            "failures": dict(
                Counter(Operation.objects.filter(status="failed").values_list("last_error_code", flat=True))
            ),
            "duplicates": self._duplicates(),
            "orphans": self._orphans(),
            "missing": self._missing(),
            "chain_broken_at": events.first_broken(events.chain_of(self.account)),
            "fired": dict(self.fired),
            "calm_seconds": round(calm, 1),
        }

    def _held(self) -> dict[str, list[str]]:
        """Return AWS's endpoints by the operation that made them."""
        held: dict[str, list[str]] = {}
        for item in self.aws.endpoints():
            tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
            held.setdefault(tags.get(provisioning.OWNERSHIP_TAG, ""), []).append(item["VpcEndpointId"])
        return held

    def _duplicates(self) -> list[str]:
        return [operation for operation, ids in self._held().items() if len(ids) > 1]

    def _orphans(self) -> list[str]:
        """Return what AWS holds and no endpoint that should be there knows."""
        rows = Endpoint.objects.exclude(status__in=("deleted", "discarded")).values_list("vpc_endpoint_id", flat=True)
        return sorted({one for ids in self._held().values() for one in ids} - set(rows))

    def _missing(self) -> list[str]:
        """Return what is shown as available and isn't there."""
        there = {one for ids in self._held().values() for one in ids}
        rows = Endpoint.objects.filter(status="available").values_list("vpc_endpoint_id", flat=True)
        return sorted(str(one) for one in set(rows) - there)


BAD = ("unfinished", "failed_silently", "duplicates", "orphans", "missing", "chain_broken_at")


def verdict(found: dict[str, Any]) -> list[str]:
    """Return what went wrong, by the name of the finding."""
    return [name for name in BAD if found[name]]


def _fresh_database(seed: int) -> None:
    name = f"soak_{seed}_{int(time.time())}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
    _use(name)


def _use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def _administer(statement: str) -> None:
    _use("postgres")
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def prepare() -> None:
    """Make the database that each seed's is copied from."""
    _administer(f"CREATE DATABASE {TEMPLATE}")
    _use(TEMPLATE)
    call_command("migrate", verbosity=0)
    connection.close()


def main() -> int:
    """Run the seeds; return 0 when all ended well, or, of a control, when it ended badly."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds")
    parser.add_argument("--first-seed", type=int, default=1, help="the first; a seed that failed is replayed by it")
    parser.add_argument("--requests", type=int, default=60, help="requests a seed")
    parser.add_argument("--without", choices=("token", "sweeper"), default="", help="a control, which must fail")
    parser.add_argument("--storm", type=float, default=15, help="for how many seconds faults come")
    options = parser.parse_args()
    asked = Options(options.requests, options.without, options.storm)
    prepare()
    ended_badly = []
    with simulated.running(quiet=True) as url:
        os.environ |= simulated.environment(url)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            with tempfile.TemporaryDirectory(prefix="portal-soak-") as folder:
                found = Soak(asked, seed, url, Path(folder)).run()
            found["bad"] = verdict(found)
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()
            if found["bad"]:
                ended_badly.append(seed)
    if options.without:
        return 0 if ended_badly else 1
    return 1 if ended_badly else 0


if __name__ == "__main__":
    started_at = timezone.now()
    try:
        code = main()
    finally:
        services.stop()
    sys.exit(code)
