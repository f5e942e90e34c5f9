"""Readings of the inventory that go wrong: what is told, how long is waited, and who comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from endpoints.aws import AwsError, Ec2Gateway, Kind
from endpoints.models import AccountRegion, InventoryItem
from endpoints.services import inventory, survey
from tests.aws import World, member_account
from tests.integration.test_inventory import read_again

pytestmark = pytest.mark.django_db


def test_who_wakes_after_its_lease_leaves_its_heirs_alone(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    member_account()
    now = timezone.now()
    heirs = {"inventory_lease_expires_at": now + timedelta(minutes=4), "inventory_error": ""}
    AccountRegion.objects.update(inventory_due_at=now)

    def slow(*args: object) -> dict[str, AwsError]:
        AccountRegion.objects.update(**heirs)
        return {"vpc": AwsError(code="X", message="It is over.", kind=Kind.TRANSIENT, cure="", outage=True)}

    monkeypatch.setattr(inventory, "_read", slow)
    assert not inventory.refresh(account_region_id=AccountRegion.objects.get().pk, now=now)
    assert AccountRegion.objects.values(*heirs).get() == heirs


def test_a_kind_that_cannot_be_read_is_told_and_the_others_are_read(
    aws: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    member_account()
    describe = Ec2Gateway.describe

    def odd(client: Ec2Gateway, operation: str, key: str, **options: Any) -> list[dict[str, Any]]:
        found = describe(client, operation, key, **options)
        return [{"SubnetId": "subnet-1"}] if operation == "describe_subnets" else found

    monkeypatch.setattr(Ec2Gateway, "describe", odd)
    assert not read_again()
    told = AccountRegion.objects.get().inventory_error
    cause = "UnreadableAnswer: AWS's answer can't be read: a part of it has no VpcId."
    assert told.splitlines() == [f"subnet: {cause} The portal tries again by itself."]
    assert InventoryItem.objects.filter(kind="route_table").exists()


@pytest.mark.parametrize(
    ("before", "minutes", "pause"), [("", 90, 5), ("-", 1, 5), ("-", 7, 7), ("-", 90, 15), ("-", None, 15)]
)
@pytest.mark.parametrize("task", ["inventory", "survey"])
def test_what_an_outage_keeps_from_being_read_is_left_alone_for_as_long_as_it_lasts(
    aws: World, task: str, before: str, minutes: int | None, pause: int
) -> None:
    region = AccountRegion.objects.get(account=member_account())
    now = timezone.now()
    last = now - timedelta(minutes=minutes) if minutes else None
    AccountRegion.objects.update(
        inventory_due_at=now,
        inventory_at=last,
        inventory_error=before,
        survey_due_at=now,
        surveyed_at=last,
        survey_error=before,
    )
    aws.control.add_fault(action="*", kind="error", times=None, code="ServiceUnavailable", message="-", status=503)
    (inventory.refresh if task == "inventory" else survey.survey)(account_region_id=region.pk, now=now)
    region.refresh_from_db()
    due = region.inventory_due_at if task == "inventory" else region.survey_due_at
    assert due is not None
    assert abs(due - now - timedelta(minutes=pause)) < timedelta(minutes=1)


def test_who_asks_for_a_reading_while_one_hangs_gets_it_next(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    member_account()
    region = AccountRegion.objects.get()
    AccountRegion.objects.update(inventory_due_at=timezone.now(), inventory_error="-")

    def hangs(*_: object) -> dict[str, AwsError]:
        AccountRegion.objects.update(inventory_due_at=Now())  # as asking for a reading does
        return {"vpc": AwsError(code="ReadTimeout", message="-", kind=Kind.TRANSIENT, cure="", outage=True)}

    monkeypatch.setattr(inventory, "_read", hangs)
    assert not inventory.refresh(account_region_id=region.pk, now=timezone.now())
    region.refresh_from_db()
    assert region.inventory_due_at <= timezone.now()
