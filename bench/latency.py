"""From the click on "Approve" to the Create call's arrival at AWS: `python -m bench.latency`, on an idle machine.

100 requests are approved one after the other through the review page's view, with a worker (two processes), beat,
PostgreSQL, Valkey and a simulated AWS as processes. The time ends when the simulated AWS has read the call. Beside it
the floor: from sending a Celery message to a worker's taking it, in the same run.
"""

from __future__ import annotations

import statistics
import time
from datetime import datetime
from typing import TYPE_CHECKING

from bench import stage

if TYPE_CHECKING:
    from endpoints.models import EndpointRequest

COUNT = 100


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from django.conf import settings
        from django.test import Client
        from django.urls import reverse

        from bench import creating
        from endpoints.aws.pacing import CREATE

        settings.ALLOWED_HOSTS = ["*"]
        with stage.simulated_aws(1000) as (control, url):
            control.set_rate(0)
            control.set_pace(0)  # what is asked for is there at once: each click finds the machine idle again
            asked = creating.ask(creating.world(control, url), COUNT, a_request=1)
            browser = Client()
            browser.force_login(asked.approver)
            clicked = {}
            # What was made is soon seen, and the next click comes; looking isn't what is measured.
            with stage.workers(PORTAL_OBSERVE_SECONDS="0.2"):
                floor = [_taken() for _ in range(COUNT)]
                for request in asked.requests:
                    browser.get(request.get_absolute_url())  # who clicks has read the page
                    clicked[request.reference] = time.time()
                    answer = browser.post(
                        reverse("request_review", args=[request.pk]),
                        {"decision": "approve", "content_hash": request.content_hash},
                    )
                    if answer.status_code != 302:
                        raise RuntimeError(f"The approval answered {answer.status_code}.")
                    _until_available(request)
            arrived = {
                _reference(call): datetime.fromisoformat(call["started"]).timestamp()
                for call in control.calls()
                if call["action"] == CREATE
            }
    waits = sorted((arrived[reference] - at) * 1000 for reference, at in clicked.items())
    stage.show(
        "approve_to_create_median",
        statistics.median(waits),
        "ms",
        limit=100,
        floor_message_taken=statistics.median(floor),
    )
    stage.show("approve_to_create_worst_of_100", waits[-1], "ms", limit=500, floor_message_taken=max(floor))


def _reference(call: dict[str, object]) -> str:
    """Return the request that a Create call names in its tags."""
    parameters = call["params"]
    assert isinstance(parameters, dict)
    tags = {tag["Key"]: tag["Value"] for spec in parameters["TagSpecifications"] for tag in spec["Tags"]}
    return str(tags["portal:request"])


def _until_available(request: EndpointRequest) -> None:
    deadline = time.monotonic() + 30
    while request.status != "available":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{request} is still {request.status}.")
        time.sleep(0.1)
        request.refresh_from_db(fields=["status"])


def _taken() -> float:
    """Return the milliseconds until a worker has taken a message that asks for nothing."""
    from endpoints.queue import PROVISION, URGENT
    from portal.celery import app
    from tests import services

    client = services.valkey_client()
    started = time.perf_counter()
    nobodys = {"operation_id": "00000000-0000-0000-0000-000000000000"}
    app.send_task(PROVISION, kwargs=nobodys, queue=URGENT, retry=False)
    while client.llen(URGENT):
        pass
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
