"""The engine at AWS's pace: the simulated AWS's own buckets are on, and refuse whoever is too fast."""

from __future__ import annotations

import base64
import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from endpoints import queue
from endpoints.aws.pacing import CREATE, DELETE, MODIFY, Bucket, History, NotYet, Urgency
from endpoints.checks import the_pace_is_a_pace
from endpoints.models import Account, AccountRegion, Endpoint, EndpointRequest, Operation
from endpoints.models.requests import ChangeAction
from endpoints.services import provisioning, sweeping, turns
from endpoints.services.targets import gateway
from portal.celery import app
from tests import factories, workers
from tests.aws import MEMBER, REGION, World
from tests.integration.cast import FULL, READ_ONLY, Cast

pytestmark = pytest.mark.django_db

Pace = Callable[[float], None]


@pytest.fixture
def pace(settings: Settings, valkey: redis.Redis, aws: World) -> Iterator[Pace]:
    """Return a function that sets AWS's pace and the portal's, as times the real one."""

    def at(scale: float) -> None:
        settings.PORTAL_AWS_RATE = scale
        turns.pacer.cache_clear()
        aws.control.set_rate(scale)

    yield at
    turns.pacer.cache_clear()


@pytest.fixture
def cast(aws: World) -> Cast:
    made = Cast(aws)
    aws.control.clear_calls()
    return made


def spec(cast: Cast) -> object:
    """Return an endpoint of which there may be many in one VPC."""
    return cast.aws.interface_spec(private_dns_enabled=False, subnet_ids=cast.aws.subnet_ids[:1])


def turns_of_others(bucket: Bucket) -> None:
    """Take all tokens that are there."""

    def take() -> bool:
        turns.pacer().take(bucket, Urgency.URGENT, History, promised=True)
        return True

    with pytest.raises(NotYet):
        deque(iter(take, False), maxlen=0)


def bucket(action: str) -> Bucket:
    return Bucket(MEMBER, REGION, action)


def work_due() -> bool:
    """Let workers take up whatever is due; tell whether something still waits for a worker."""
    for operation in Operation.objects.due():
        provisioning.run(operation_id=operation.pk)
    return Operation.objects.filter(status__in=("queued", "running")).exists()


def test_many_creations_are_never_throttled(cast: Cast, pace: Pace) -> None:
    cast.work(cast.approved(spec(cast)))  # makes the clients: a call that waits for them comes together with the next
    cast.aws.control.clear_calls()
    requests = [cast.approved(*[spec(cast) for _ in range(10)]) for _ in range(3)]
    pace(6)
    workers.until(lambda: not work_due(), "every create call")

    calls = cast.aws.calls(CREATE)
    assert len(calls) == 30
    assert [call["error"] for call in calls if call["error"]] == []
    assert Operation.objects.filter(throttles__gt=0).count() == 0
    assert set(Operation.objects.values_list("attempts", flat=True)) == {1}
    pace(1000)
    assert {cast.work(request).status for request in requests} == {"available"}


def test_who_must_wait_sleeps_in_its_row_without_a_look_or_an_attempt(cast: Cast, pace: Pace) -> None:
    request = cast.approved(spec(cast), spec(cast))
    pace(10)
    turns_of_others(bucket(CREATE))
    work_due()

    first, second = Operation.objects.order_by("slot_at")
    for operation in (first, second):
        assert (operation.status, operation.attempts, operation.throttles) == ("queued", 0, 0)
        assert (operation.last_error, operation.slot_action) == ("", CREATE)
        assert operation.slot_at == operation.next_attempt_at
    assert first.slot_at < second.slot_at  # type: ignore[operator]
    assert not provisioning.run(operation_id=first.pk), "a second message finds nothing to do"
    assert [call["action"] for call in cast.aws.control.calls() if call["service"] == "ec2"] == []

    workers.until(lambda: not work_due(), "their turns")
    assert len(cast.aws.calls(CREATE)) == 2
    assert [call["error"] for call in cast.aws.control.calls() if call["error"]] == []
    assert cast.work(request).status == "available"


def test_what_a_crash_left_behind_is_looked_for_without_a_turn(cast: Cast, pace: Pace) -> None:
    cast.aws.control.add_fault(action=CREATE, kind="cut", times=1)
    request = cast.work(cast.approved(spec(cast)), rounds=1)
    assert Operation.objects.get().status == "queued"
    pace(1)
    turns_of_others(bucket(CREATE))
    Operation.objects.update(next_attempt_at=timezone.now())

    assert cast.work(request).status == "available"
    assert len(cast.aws.calls(CREATE)) == 1
    assert [fault["fired"] for fault in cast.aws.control.faults()] == [1]


def test_a_turn_for_which_there_is_nothing_to_do_is_given_back(cast: Cast, pace: Pace, valkey: redis.Redis) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    pace(1)
    request = cast.work(cast.change(Endpoint.objects.get(), ChangeAction.POLICY, policy_document=FULL))

    assert request.status == "available"
    assert cast.aws.calls(MODIFY) == []
    assert float(valkey.hget(bucket(MODIFY).key, "tokens") or 0) == 4


def test_a_policy_change_takes_its_turn_before_it_looks(cast: Cast, pace: Pace) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    request = cast.change(Endpoint.objects.get(), ChangeAction.POLICY, policy_document=READ_ONLY)
    cast.aws.control.clear_calls()
    pace(10)
    turns_of_others(bucket(MODIFY))
    work_due()
    assert cast.aws.control.calls() == []

    workers.until(lambda: not work_due(), "its turn")
    assert [call["error"] for call in cast.aws.calls(MODIFY)] == [None]
    assert cast.work(request).status == "available"


def test_a_wiped_redis_is_rebuilt_from_the_calls_in_the_database(cast: Cast, pace: Pace, valkey: redis.Redis) -> None:
    cast.approved(*[spec(cast) for _ in range(6)])
    pace(1)
    work_due()
    assert len(cast.aws.calls(CREATE)) == 4, "a full bucket's burst goes at once"
    waiting = list(Operation.objects.filter(slot_at__isnull=False).order_by("slot_at"))
    assert len(waiting) == 2

    valkey.flushall()
    cast.approved(spec(cast))
    work_due()

    newest = Operation.objects.latest("created_at")
    assert newest.slot_at > waiting[-1].slot_at  # type: ignore[operator]
    assert len(cast.aws.calls(CREATE)) == 4
    assert [call["error"] for call in cast.aws.calls(CREATE) if call["error"]] == []


def test_the_database_knows_the_calls_of_the_last_two_fillings_of_a_bucket(cast: Cast, pace: Pace) -> None:
    """From these a bucket is rebuilt where nobody waits, and no line holds the next one back."""
    cast.approved(*[spec(cast) for _ in range(4)])
    pace(1)
    work_due()
    bucket = Bucket(MEMBER, REGION, CREATE)
    newest, *_, oldest = Operation.objects.all()
    Operation.objects.update(called_at=Now() - timedelta(seconds=bucket.size.fills_in))
    Operation.objects.filter(pk=oldest.pk).update(called_at=Now() - timedelta(seconds=2 * bucket.size.fills_in + 1))
    known = turns.history(newest, bucket)
    assert len(known.calls) == 3
    assert min(known.calls) >= bucket.size.fills_in
    assert turns.history(newest, Bucket(MEMBER, REGION, DELETE)).calls == []


def test_without_redis_nothing_is_called_and_no_attempt_is_used(cast: Cast, pace: Pace, settings: Settings) -> None:
    request = cast.approved(spec(cast))
    pace(1)
    working = settings.REDIS_URL
    with socket.create_server(("127.0.0.1", 0)) as hung:
        settings.REDIS_URL = f"redis://127.0.0.1:{hung.getsockname()[1]}/0"
        turns.pacer.cache_clear()
        work_due()

    operation = Operation.objects.get()
    assert (operation.status, operation.attempts, operation.last_error, operation.slot_at) == ("queued", 0, "", None)
    assert operation.next_attempt_at > timezone.now()
    assert cast.aws.calls(CREATE) == []

    settings.REDIS_URL = working
    turns.pacer.cache_clear()
    Operation.objects.update(next_attempt_at=timezone.now())
    assert cast.work(request).status == "available"


def test_a_throttled_operation_is_the_next_and_others_line_up_behind_it(cast: Cast, pace: Pace) -> None:
    cast.aws.control.add_fault(action=CREATE, kind="throttle", times=1)
    cast.approved(spec(cast))
    pace(1)
    work_due()
    cast.approved(spec(cast))
    work_due()

    throttled, other = Operation.objects.order_by("created_at")
    assert (throttled.throttles, throttled.attempts, throttled.last_error_code) == (1, 0, "RequestLimitExceeded")
    assert (other.throttles, other.attempts, other.last_error_code) == (0, 0, "")
    assert throttled.slot_at < other.slot_at  # type: ignore[operator]
    assert [fault["fired"] for fault in cast.aws.control.faults()] == [1]
    assert len(cast.aws.calls(CREATE)) == 1


def test_reads_are_paced_and_an_operation_sleeps_over_them_too(cast: Cast, pace: Pace) -> None:
    cast.work(cast.approved(cast.aws.gateway_spec()))
    cast.change(Endpoint.objects.get(), ChangeAction.POLICY, policy_document=READ_ONLY)
    pace(0.05)
    cast.aws.control.clear_calls()
    client = gateway(cast.account, REGION)
    with pytest.raises(NotYet):
        deque((client.describe_vpc_endpoint("vpce-0123456789abcdef0") for _ in range(10)), maxlen=0)
    reads = len(cast.aws.calls("DescribeVpcEndpoints"))
    work_due()

    operation = Operation.objects.latest("created_at")
    assert (operation.status, operation.attempts, operation.last_error) == ("queued", 0, "")
    assert len(cast.aws.calls("DescribeVpcEndpoints")) == reads
    assert cast.aws.calls(MODIFY) == []


# --- Waking -----------------------------------------------------------------------------------------------------------


def messages(valkey: redis.Redis, name: str) -> list[str]:
    """Return the operations that wait in one of Celery's queues, first one first."""
    bodies = [json.loads(base64.b64decode(json.loads(item)["body"])) for item in valkey.lrange(name, 0, -1)]  # type: ignore[union-attr]
    return [body[1]["operation_id"] for body in reversed(bodies) if "operation_id" in body[1]]


def tasks_in(valkey: redis.Redis, name: str) -> list[str]:
    """Return the names of the tasks that wait in one of Celery's queues."""
    return [json.loads(item)["headers"]["task"] for item in valkey.lrange(name, 0, -1)]  # type: ignore[union-attr]


@pytest.fixture
def storm(valkey: redis.Redis) -> tuple[Account, list[Endpoint]]:
    """Return an account in which far more deletions are due than one look may wake, and no message of them."""
    account = factories.make_account()
    engineer, approver = factories.make_engineer(), factories.make_approver(account)
    specs = [factories.interface_spec(account, private_dns_enabled=False) for _ in range(sweeping.SHARE + 5)]
    endpoints = []
    for start in range(0, len(specs), 10):
        request = factories.approved(factories.submitted(account, engineer, *specs[start : start + 10]), approver)
        endpoints += factories.available(request)
    for endpoint in endpoints:
        factories.approved(factories.deletion(endpoint, engineer), approver)
    valkey.flushall()
    return account, endpoints


def creation(account: Account, name: str) -> Operation:
    engineer, approver = factories.make_engineer(f"e-{name}"), factories.make_approver(account, f"a-{name}")
    request: EndpointRequest = factories.approved(
        factories.submitted(account, engineer, factories.unrouted_spec(account)), approver
    )
    return Operation.objects.get(request=request)


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_deletions_stands_before_no_creation(
    storm: tuple[Account, list[Endpoint]], valkey: redis.Redis
) -> None:
    account, endpoints = storm
    same, other = creation(account, "same"), creation(factories.make_account("logistics"), "other")
    valkey.flushall()
    assert Operation.objects.due().count() == len(endpoints) + 2

    assert sweeping.wake_due() == sweeping.SHARE + 2
    assert messages(valkey, queue.ASKING) == [str(same.pk), str(other.pk)]
    assert len(messages(valkey, queue.ROUTINE)) == sweeping.SHARE

    sweeping.wake_due()
    assert len(messages(valkey, queue.ROUTINE)) == sweeping.SHARE, "what waits already isn't sent once more"


@pytest.mark.django_db(transaction=True)
def test_a_storm_in_one_account_hides_nothing_in_another(
    storm: tuple[Account, list[Endpoint]], valkey: redis.Redis
) -> None:
    account = factories.make_account("logistics")
    endpoint = factories.available(creation(account, "other").request)[0]
    request = factories.deletion(endpoint, factories.make_engineer("x"))
    factories.approved(request, factories.make_approver(account, "y"))
    valkey.flushall()

    sweeping.wake_due()
    assert str(Operation.objects.get(request=request).pk) in messages(valkey, queue.ROUTINE)[:2]


@pytest.mark.django_db(transaction=True)
def test_whose_turn_has_come_goes_before_all_who_have_yet_to_ask(
    storm: tuple[Account, list[Endpoint]], valkey: redis.Redis
) -> None:
    last = Operation.objects.filter(status="queued").latest("next_attempt_at")
    Operation.objects.filter(pk=last.pk).update(slot_at=Now(), next_attempt_at=Now(), slot_action=DELETE)
    valkey.flushall()

    sweeping.wake_due()
    assert messages(valkey, queue.ROUTINE)[0] == str(last.pk)


@pytest.mark.django_db(transaction=True)
def test_whose_turn_has_come_stands_in_no_line_with_those_who_ask(valkey: redis.Redis) -> None:
    account = factories.make_account()
    asking, called = creation(account, "asking"), creation(account, "called")
    Operation.objects.filter(pk=called.pk).update(slot_at=Now(), slot_action=CREATE)
    valkey.flushall()

    sweeping.wake_due()
    assert messages(valkey, queue.URGENT) == [str(called.pk)]
    assert messages(valkey, queue.ASKING) == [str(asking.pk)]


@pytest.mark.django_db(transaction=True)
def test_an_observer_is_called_once_until_it_comes(valkey: redis.Redis) -> None:
    for _ in range(3):
        queue.wake_observer(7)
    assert valkey.llen(queue.LOOKING) == 1
    queue.worker_came(queue.OBSERVE, 7)  # it has yet to look; what is committed from now on it may miss
    for _ in range(3):
        queue.wake_observer(7)
    queue.wake_observer(8)
    assert valkey.llen(queue.LOOKING) == 3


@pytest.mark.django_db(transaction=True)
def test_what_is_due_to_be_read_is_called_once_until_a_worker_comes(valkey: redis.Redis) -> None:
    """However often one sweeps: where workers can't keep up, a message a sweep would fill Redis."""
    factories.make_account()
    AccountRegion.objects.update(inventory_due_at=Now())
    region = AccountRegion.objects.get()
    valkey.flushall()
    for _ in range(3):
        found = sweeping.sweep(now=timezone.now())
        assert (found.inventories, found.surveys) == (1, 1)
    assert sorted(tasks_in(valkey, queue.ROUTINE)) == [queue.REFRESH_INVENTORY, queue.SURVEY]
    queue.worker_came(queue.SURVEY, region.pk)  # and dies before it has begun
    sweeping.sweep(now=timezone.now())
    assert tasks_in(valkey, queue.ROUTINE).count(queue.SURVEY) == 2


@pytest.mark.django_db(transaction=True)
def test_approval_wakes_a_worker_by_the_queue_of_its_urgency(valkey: redis.Redis) -> None:
    account = factories.make_account()
    operation = creation(account, "one")
    assert messages(valkey, queue.URGENT) == [str(operation.pk)]
    endpoint = factories.available(operation.request)[0]
    request = factories.deletion(endpoint, operation.request.requester)
    factories.approved(request, factories.make_approver(account, "z"))
    assert messages(valkey, queue.ROUTINE) == [str(Operation.objects.get(request=request).pk)]


def test_a_plain_worker_serves_every_queue() -> None:
    assert set(app.amqp.queues.consume_from) == {queue.URGENT, queue.ASKING, queue.LOOKING, queue.ROUTINE}
    assert app.conf.task_default_queue == queue.URGENT


@pytest.mark.parametrize(("rate", "errors"), [(1, []), (0, ["endpoints.E003"])])
def test_a_start_without_a_pace_is_refused(settings: Settings, rate: float, errors: list[str]) -> None:
    settings.PORTAL_AWS_RATE = rate
    assert [error.id for error in the_pace_is_a_pace(None)] == errors
