"""Checks when a request is decided on: what has come since it was submitted, and what the inventory can't show yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from endpoints.models import Account, AccountRegion, Endpoint, EndpointRequest, InventoryItem, Operation, User
from endpoints.services import checks, requests, reviews
from endpoints.services.errors import Conflict, Invalid
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return factories.make_account()


@pytest.fixture
def engineer(account: Account) -> User:
    return factories.make_engineer()


@pytest.fixture
def approver(account: Account) -> User:
    return factories.make_approver(account)


def approve(request: EndpointRequest, by: User) -> None:
    reviews.approve(
        request=request, content_hash=request.content_hash, comment="", by=factories.by(by), now=timezone.now()
    )


def told(request: EndpointRequest) -> set[str]:
    """Return the rules by which checks speak now."""
    found = checks.findings_now(request, requests.current_changes(request))
    return {item.rule for findings in found for item in findings}


def test_what_aws_would_refuse_by_now_is_not_approved(account: Account, engineer: User, approver: User) -> None:
    asked = factories.submitted(account, engineer)
    tables = InventoryItem.objects.filter(account=account, kind="route_table", name="private")
    (table,) = tables
    (prefix_list,) = InventoryItem.objects.filter(account=account, kind="prefix_list", name__endswith=".s3")
    table.data["routes"].append({"destination": prefix_list.aws_id, "target": "vpce-0123456789abcdef0"})
    table.save()

    with pytest.raises(Conflict, match=r"already routes s3 to vpce-0123456789abcdef0\. Leave this route table out\."):
        approve(asked, approver)
    asked.refresh_from_db()
    assert (asked.status, Operation.objects.count(), asked.reviews.count()) == ("submitted", 0, 0)

    table.data["routes"].pop()
    table.save()
    approve(asked, approver)
    assert Operation.objects.count() == 1


def test_of_two_that_ask_for_the_same_only_one_is_approved(account: Account, engineer: User, approver: User) -> None:
    first, second = (factories.submitted(account, engineer, title=title) for title in ("First", "Second"))
    assert first.changes.get().checks.filter(rule="asked-too").count() == 0
    assert "Team Payments asks" in second.changes.get().checks.get(rule="asked-too").message
    assert "asked-too" in told(first)

    approve(first, approver)
    assert "asked-too" not in told(second)
    with pytest.raises(Conflict, match="already routes s3 to an endpoint of team Payments"):
        approve(second, approver)
    with pytest.raises(Invalid, match="an endpoint of team Payments"):
        factories.submitted(account, engineer)
    assert Operation.objects.count() == 1


def test_what_is_parked_goes_on_when_it_is_resumed(account: Account, engineer: User, approver: User) -> None:
    approve(factories.submitted(account, engineer), approver)
    Endpoint.objects.update(status="parked")
    with pytest.raises(Invalid, match="an endpoint of team Payments"):
        factories.submitted(account, engineer)


def test_several_that_are_being_made_stand_apart(account: Account, engineer: User, approver: User) -> None:
    private, public = (
        factories.gateway_spec(account, route_table_ids=(factories.aws_id("rtb", account, factories.REGION, name),))
        for name in ("private", "public")
    )
    for spec in (private, public):
        approve(factories.submitted(account, engineer, spec), approver)
    both = replace(private, route_table_ids=private.route_table_ids + public.route_table_ids)
    with pytest.raises(Invalid) as refused:
        factories.submitted(account, engineer, both)
    told_of = str(refused.value.problems["route_table_ids"])
    assert told_of.count("already routes s3 to an endpoint of team Payments") == 2
    assert "(2)" in told_of


def test_one_that_was_never_made_stands_in_nobodys_way(account: Account, engineer: User, approver: User) -> None:
    factories.failed(factories.approved(factories.submitted(account, engineer), approver))
    approve(factories.submitted(account, engineer), approver)


def test_an_edited_request_does_not_stand_in_its_own_way(account: Account, engineer: User, approver: User) -> None:
    asked = factories.approved(factories.submitted(account, engineer), approver)
    draft = factories.draft(account, asked.owner_team)
    assert "route-exists" not in {item.rule for item in checks.findings_of(draft, besides=asked)[0]}
    assert "route-exists" in {item.rule for item in checks.findings_of(draft)[0]}


@pytest.mark.parametrize(("minutes", "counts"), [(-5, True), (5, False)])
def test_what_was_made_counts_until_the_vpc_is_read_again(
    account: Account, engineer: User, approver: User, minutes: int, counts: bool
) -> None:
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    assert endpoint.available_at is not None
    # The inventory has no such endpoint: it was read before it came, or it has gone since.
    AccountRegion.objects.update(inventory_at=endpoint.available_at + timedelta(minutes=minutes))
    found = checks.findings_of(factories.draft(account, factories.make_team()))[0]
    assert ("route-exists" in {item.rule for item in found}) is counts


def test_other_accounts_and_vpcs_are_not_asked(account: Account, engineer: User, approver: User) -> None:
    other = factories.make_account("other")
    factories.submitted(other, engineer)
    factories.approved(factories.submitted(account, engineer), approver)
    elsewhere = factories.another_vpc(account, "elsewhere")
    (table,) = InventoryItem.objects.filter(vpc_id=elsewhere, kind="route_table", name="private")
    spec = factories.gateway_spec(account, vpc_id=elsewhere, route_table_ids=(table.aws_id,))
    (found,) = checks.findings_of(factories.draft(account, factories.make_team(), spec))
    assert not {"route-exists", "asked-too"} & {item.rule for item in found}


def test_many_changes_take_as_many_queries_as_one(
    account: Account, engineer: User, approver: User, django_assert_max_num_queries: object
) -> None:
    approve(factories.submitted(account, engineer), approver)
    specs = [factories.interface_spec(account, private_dns_enabled=False) for _ in range(9)]
    for number in (1, 9):
        draft = factories.draft(account, factories.make_team(), *specs[:number])
        with django_assert_max_num_queries(6):  # type: ignore[operator]
            checks.findings_of(draft)
    assert Endpoint.objects.count() == 1


def test_what_was_asked_for_on_what_has_changed_since_is_not_approved(
    account: Account, engineer: User, approver: User
) -> None:
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    first, second, deletion = (
        factories.modification(endpoint, engineer, name="first"),
        factories.modification(endpoint, engineer, tags=(("cost", "1"),)),
        factories.deletion(endpoint, engineer),
    )
    factories.available(factories.approved(first, approver))
    for late in (second, deletion):
        assert "overtaken" in told(late)
        with pytest.raises(Conflict, match="It has to be asked for anew"):
            approve(late, approver)


def test_what_aws_has_lost_does_not_stand_in_the_way_of_its_recreation(
    account: Account, engineer: User, approver: User
) -> None:
    (endpoint,) = factories.available(factories.approved(factories.submitted(account, engineer), approver))
    (table,) = InventoryItem.objects.filter(account=account, kind="route_table", name="private")
    (prefix_list,) = InventoryItem.objects.filter(account=account, kind="prefix_list", name__endswith=".s3")
    table.data["routes"].append({"destination": prefix_list.aws_id, "target": endpoint.vpc_endpoint_id})
    table.save()  # the inventory was read before the loss
    factories.missing(endpoint)
    approve(factories.recreation(endpoint, engineer), approver)
