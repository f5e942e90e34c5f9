"""Everything at once: messages that come five times, two schedulers, double clicks, a zombie, a clock that is wrong."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from endpoints import tasks
from endpoints.models import AccountRegion, EndpointRequest, Event, Operation
from endpoints.services import clock, events, leases, observation, provisioning, requests, sweeping
from endpoints.services.actors import person
from endpoints.services.errors import Conflict
from tests import factories
from tests.aws import World
from tests.faults.stage import Stage, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

COPIES = 5


def at_once(act: Callable[[], object], copies: int = COPIES) -> list[object]:
    """Do the same in several threads that start together; return what each gave, exceptions of conflicts too."""
    barrier = threading.Barrier(copies)

    def one() -> object:
        barrier.wait()
        try:
            return act()
        except Conflict as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(copies) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(copies)]]


@pytest.fixture
def stage(aws: World) -> Stage:
    return Stage(aws)


def test_a_message_that_comes_five_times_is_worked_on_once(stage: Stage) -> None:
    for kind, action in (("create", "CreateVpcEndpoint"), ("delete", "DeleteVpcEndpoints")):
        request: EndpointRequest = getattr(stage, kind)()
        stage.aws.control.clear_calls()
        operation = Operation.objects.get(request=request)
        outcomes = at_once(lambda pk=operation.pk: provisioning.run(operation_id=pk))  # type: ignore[misc]
        assert sorted(outcomes) == [False] * (COPIES - 1) + [True]  # type: ignore[type-var]
        assert len(stage.aws.calls(action)) == 1
        at_once(lambda: observation.observe(account_region_id=stage.region))
        stage.finish(request)
        assert request.status == ("deleted" if kind == "delete" else "available")


def test_two_schedulers_at_once_do_no_harm(stage: Stage) -> None:
    request = stage.create()
    at_once(lambda: sweeping.wake_due())
    at_once(lambda: sweeping.sweep(now=timezone.now()))
    at_once(lambda: sweeping.observe_due())
    stage.finish(request)
    assert request.status == "available"
    assert len(held(stage.aws, request)) == 1


def test_a_double_click_submits_one_request(stage: Stage) -> None:
    draft = factories.draft(stage.account, stage.engineer.teams.get(), stage.aws.gateway_spec())
    by, key = person(stage.engineer), uuid.uuid4()
    made = at_once(lambda: requests.submit(draft=draft, by=by, now=timezone.now(), submission_key=key).pk)
    assert len(set(made)) == 1
    assert EndpointRequest.objects.count() == 1


def test_a_zombie_that_wakes_after_its_lease_changes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sleeps inside the create call; its heir ends the work; what it brings home is thrown away."""
    request = stage.create()
    operation = Operation.objects.get(request=request)
    asleep, wake = threading.Event(), threading.Event()
    record = provisioning._record_created

    def slow(*args: object, **kwargs: object) -> None:
        if threading.current_thread().name == "zombie":
            asleep.set()
            assert wake.wait(60)
        record(*args, **kwargs)  # type: ignore[arg-type]

    def run() -> None:
        try:
            provisioning.run(operation_id=operation.pk, owner="zombie")
        finally:
            connection.close()

    monkeypatch.setattr(provisioning, "_record_created", slow)
    zombie = threading.Thread(target=run, name="zombie")
    zombie.start()
    assert asleep.wait(60), "the fault fired"
    stage.finish(request)
    assert request.status == "available"
    before = Operation.objects.values().get(pk=operation.pk)
    chain = events.chain_of(stage.account)
    told = Event.objects.filter(chain=chain).count()
    wake.set()
    zombie.join(60)
    after = Operation.objects.values().get(pk=operation.pk)
    assert {**after, "version": None} == {**before, "version": None}, "but for the note that it lived, too late"
    assert Event.objects.filter(chain=chain).count() == told
    assert len(held(stage.aws, request)) == 1
    assert before["fence"] == 2


def test_a_deletion_can_not_overtake_a_creation(stage: Stage) -> None:
    """While AWS makes it, its deletion can't be approved; afterwards it goes, and nothing is left."""
    request = stage.create()
    operation = Operation.objects.get(request=request)
    assert leases.claim(operation.pk, owner="at work")
    deletion = factories.deletion(operation.endpoint, stage.engineer)
    with pytest.raises(Conflict):
        factories.approved(deletion, stage.approver)
    stage.finish(request)
    stage.finish(factories.approved(deletion, stage.approver))
    assert held(stage.aws, deletion) == []


def test_an_observer_that_wakes_after_its_lease_leaves_its_heirs_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call that AWS doesn't answer takes longer than the lease: another worker looks then, and no third one."""
    request = stage.create()
    assert provisioning.run(operation_id=Operation.objects.get(request=request).pk)
    heirs = {"lease_owner": "heir", "lease_expires_at": timezone.now() + timedelta(minutes=1)}
    look = observation._look

    def slow(*args: object) -> object:
        AccountRegion.objects.filter(pk=stage.region).update(**heirs)
        return look(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(observation, "_look", slow)
    assert observation.observe(account_region_id=stage.region) == 1
    assert AccountRegion.objects.values("lease_owner", "lease_expires_at").get(pk=stage.region) == heirs


def test_an_observer_leaves_alone_what_a_worker_did_after_aws_was_asked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's answer takes long; meanwhile an heir sees it, and a worker acts on it. It is older than what was done."""
    request = stage.modify()
    operation = Operation.objects.get(request=request)
    assert provisioning.run(operation_id=operation.pk)
    stage.aws.ec2().delete_tags(Resources=[str(operation.endpoint.vpc_endpoint_id)], Tags=[{"Key": "cost"}])
    look = observation._look

    def slow(*args: object) -> object:
        seen = look(*args)  # type: ignore[arg-type]
        Operation.objects.filter(pk=operation.pk).update(status="queued", next_attempt_at=clock.now())
        assert provisioning.run(operation_id=operation.pk)
        return seen

    monkeypatch.setattr(observation, "_look", slow)
    observation.observe(account_region_id=stage.region)
    assert Operation.objects.get(pk=operation.pk).status == "observing", "the next look tells what came of it"


def test_an_observer_whose_time_is_up_ends_and_lets_another_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery says so by an exception, which must not be taken for one operation's trouble."""
    request = stage.create()
    assert provisioning.run(operation_id=Operation.objects.get(request=request).pk)

    def late(*args: object, **kwargs: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(observation, "_settle", late)
    with pytest.raises(SoftTimeLimitExceeded):
        observation.observe(account_region_id=stage.region)
    assert AccountRegion.objects.get(pk=stage.region).lease_expires_at is None


def test_an_observer_leaves_alone_what_a_worker_took_up_after_it_was_listed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator hurries it while AWS is asked: what was seen may be older than the worker's next call."""
    request = stage.create()
    operation = Operation.objects.get(request=request)
    assert provisioning.run(operation_id=operation.pk)
    look = observation._look

    def meanwhile(*args: object) -> object:
        Operation.objects.filter(pk=operation.pk).update(status="queued", next_attempt_at=clock.now())
        assert leases.claim(operation.pk, owner="at work")
        return look(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(observation, "_look", meanwhile)
    observation.observe(account_region_id=stage.region)
    operation.refresh_from_db()
    assert (operation.status, operation.lease_owner) == ("running", "at work")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_worker_whose_clock_is_an_hour_off_neither_waits_nor_gives_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """What is due and what has taken too long is judged by the database's clock alone."""
    spec = stage.aws.interface_spec(subnet_ids=stage.aws.subnet_ids[:1], private_dns_when_available=True)
    stage.aws.control.add_fault(action="CreateVpcEndpoint", kind="not_found", times=1, reads=2)
    asked = factories.submitted(stage.account, stage.engineer, replace(spec, tags=(("cost", "1"),)))
    request = factories.approved(asked, stage.approver)
    right = timezone.now
    for turn in range(12):
        offset = timedelta(hours=hours) if turn % 2 else timedelta(0)  # one of two workers is wrong
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda offset=offset: right() + offset)
            for operation_id in Operation.objects.due().values_list("pk", flat=True):
                provisioning.run(operation_id=operation_id)
            observation.observe(account_region_id=stage.region)
    request.refresh_from_db()
    assert [rule["fired"] for rule in stage.aws.control.faults()] == [1]
    assert request.status == "available"
    assert len(held(stage.aws, request)) == 1


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_a_worker_with_a_wrong_clock_reads_is_as_old_as_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """By its own, pages would call a fresh inventory stale, or an old one fresh, and drift would be told early."""
    AccountRegion.objects.update(inventory_due_at=clock.now(), inventory_at=None, survey_due_at=None)
    before, right = clock.now(), timezone.now
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: right() + timedelta(hours=hours))
        tasks.refresh_inventory(account_region_id=stage.region)
        tasks.survey_region(account_region_id=stage.region)
    region = AccountRegion.objects.get(pk=stage.region)
    assert region.inventory_at is not None
    assert region.surveyed_at is not None
    assert before <= region.inventory_at <= region.surveyed_at <= clock.now()


def test_a_frozen_worker_holds_up_nobody_for_long(stage: Stage) -> None:
    """It freezes in a transaction, with its account's lock: PostgreSQL ends the transaction, and others go on."""
    asked = factories.submitted(stage.account, stage.engineer, stage.aws.gateway_spec())
    frozen, thaw = threading.Event(), threading.Event()
    seen: list[BaseException] = []

    def freeze() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET idle_in_transaction_session_timeout = '300ms'")
            with events.recorded(events.chain_of(stage.account)):
                frozen.set()
                assert thaw.wait(60)
                EndpointRequest.objects.filter(pk=asked.pk).update(title="from the ice")
        except DatabaseError as error:
            seen.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=freeze)
    worker.start()
    assert frozen.wait(60), "the fault fired"
    assert factories.approved(asked, stage.approver).status == "approved"
    thaw.set()
    worker.join(60)
    assert seen, "its transaction had ended"
    asked.refresh_from_db()
    assert asked.title != "from the ice"


def test_every_connection_has_that_limit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        (shown,) = cursor.fetchone()
    assert shown == f"{int(settings.PORTAL_DB_IDLE_SECONDS) // 60}min"
