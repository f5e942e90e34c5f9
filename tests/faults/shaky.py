"""The portal's Celery application as a worker that dies: `celery -A tests.faults.shaky worker`.

With the chance `SHAKY_CRASHES` its process kills itself right before a durable effect, as `driver.py` counts them.
`SHAKY_WITHOUT=token` leaves the ClientToken out, and `SHAKY_WITHOUT=sweeper` finds nothing that is due: the controls,
which must lose or duplicate something.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.celery import app

__all__ = ["app"]

CRASHES = float(os.environ.get("SHAKY_CRASHES", "0"))
WITHOUT = os.environ.get("SHAKY_WITHOUT", "")
DEATHS = os.environ.get("SHAKY_DEATHS", "")
"""A file that grows by a byte with each death, so that the run knows that its fault fired. While there is no such
file, nobody dies."""
LEASE = timedelta(seconds=float(os.environ.get("PORTAL_LEASE_SECONDS", "7")))


@worker_process_init.connect
def _handicap(**_: Any) -> None:
    from endpoints.aws.gateway import Ec2Gateway
    from endpoints.services import observation
    from tests.faults.driver import MUTATING

    observation.OBSERVE_LEASE = LEASE  # as short as the operations': a dead observer isn't waited for
    chance = random.Random(f"{os.environ.get('SHAKY_SEED', '')}:{os.getpid()}")  # a schedule, not a secret
    for name in MUTATING:
        setattr(Ec2Gateway, name, _mortal(getattr(Ec2Gateway, name), chance))
    BaseDatabaseWrapper.commit = _mortal(BaseDatabaseWrapper.commit, chance)  # type: ignore[method-assign]
    if WITHOUT == "token":
        _leave_out_token()
    elif WITHOUT == "sweeper":
        _leave_out_sweeper()


def _mortal(act: Callable[..., Any], chance: random.Random) -> Callable[..., Any]:
    def mortal(*args: Any, **kwargs: Any) -> Any:
        if chance.random() < CRASHES and Path(DEATHS).exists():
            with Path(DEATHS).open("ab") as deaths:
                deaths.write(b".")
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*args, **kwargs)

    return mortal


def _leave_out_token() -> None:
    from endpoints.services import provisioning

    parameters = provisioning._parameters

    def without(*args: Any) -> dict[str, Any]:
        return {key: value for key, value in parameters(*args).items() if key != "ClientToken"}

    provisioning._parameters = without


def _leave_out_sweeper() -> None:
    from endpoints.services import sweeping

    for name in ("sweep", "wake_due", "observe_due"):
        setattr(sweeping, name, lambda **_: None)
