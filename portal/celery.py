"""The Celery application: workers and beat.

Run a worker with `celery -A portal worker` and the scheduler with `celery -A portal beat`. Both report that
they are alive from their own main loops, so that one that hangs is noticed as one that died is.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import billiard
from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready, worker_shutting_down
from kombu.transport.redis import Channel

from portal.garbage import keep_what_is_there

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Django's checks import every page and form, which no worker needs: half a second and 20 MiB for each. `migrate` makes
# them at each deployment, and continuous integration with the settings of production.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

# Putting back what a worker had taken needs the connection that has just broken; the sweeper finds it in the database.
Channel.do_restore = False

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["endpoints"])

_PROBE_SECONDS = 5
_PROBE_TIMEOUT_SECONDS = 1  # it holds up the worker's main loop, not its tasks
_timers: list[Any] = []
_log = logging.getLogger(__name__)


@worker_init.connect
def _read_descriptions(**_: Any) -> None:
    """Read what all worker processes share, before they are forked, and keep the collector of garbage from it."""
    from endpoints.aws.sessions import read_descriptions

    read_descriptions()
    keep_what_is_there()


@worker_ready.connect
def _report_worker(sender: Any, **_: Any) -> None:
    """Report at once and then from the worker's event loop; again after each reconnection to the broker."""
    from portal import health

    while _timers:
        _timers.pop().cancel()
    for seconds, report in (
        (health.HEARTBEAT_SECONDS, health.record_worker_heartbeat),
        (_PROBE_SECONDS, report_aws),
    ):
        report()
        _timers.append(sender.timer.call_repeatedly(seconds, report))
    # What became due while no worker was there need not wait for beat's next tick.
    for task in ("endpoints.wake_due", "endpoints.sweep"):
        sender.app.send_task(task, retry=False)


@worker_shutting_down.connect
def _end_in_time(**_: Any) -> None:
    """See to it that a worker that was told to stop ends: one whose broker went at the same time may wait forever."""
    from django.conf import settings

    timer = threading.Timer(settings.PORTAL_STOP_SECONDS, _end_at_once)
    timer.daemon = True
    timer.start()


def _end_at_once() -> None:
    """End this worker and its processes as a crash would; the sweeper finds what they were about."""
    _log.error("The worker's tasks did not end in time; it ends without them")
    for number in filter(None, (child.pid for child in billiard.active_children())):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    os._exit(1)


@beat_init.connect
def _report_beat(sender: Any, **_: Any) -> None:
    """Report at each tick of the scheduler, and let it tick often enough to be heard."""
    from portal import health

    scheduler = sender.scheduler
    scheduler.max_interval = min(scheduler.max_interval, health.HEARTBEAT_SECONDS)
    tick = scheduler.tick

    def tick_and_report(*args: Any, **options: Any) -> float:
        interval: float = tick(*args, **options)
        health.record_beat_heartbeat()
        return interval

    scheduler.tick = tick_and_report
    health.record_beat_heartbeat()


def report_aws() -> None:
    """Report whether AWS, or the proxy in front of it, takes a connection. No call is made."""
    from portal import health

    try:
        socket.create_connection(aws_address(), timeout=_PROBE_TIMEOUT_SECONDS).close()
    except OSError:
        health.record_aws(reachable=False)
    else:
        health.record_aws(reachable=True)


def aws_address() -> tuple[str, int]:
    """Return host and port of what botocore connects to for EC2: proxy, `AWS_ENDPOINT_URL` or the region.

    Source of the host names: the AWS General Reference, "Amazon EC2 endpoints"; China's regions end in `.cn`.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    url = urlsplit(os.environ.get("AWS_ENDPOINT_URL") or f"https://ec2.{region}.{suffix}")
    proxy = getproxies().get(url.scheme)
    if proxy and not proxy_bypass(url.hostname or ""):
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
