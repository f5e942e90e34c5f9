"""GET /api/v1/operations and /api/v1/operations/{id}."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from endpoints.models import Operation, Role
from tests import factories as make
from tests.integration.api.conftest import World
from tests.integration.browsers import browser

LIST = "/api/v1/operations"


@pytest.fixture
def operator(world: World) -> Client:
    """Return a browser in which an operator is signed in."""
    return browser(make.make_person("operator", Role.OPERATOR))


def test_a_failed_operation_shows_its_attempts_and_why_it_needs_a_person(world: World, operator: Client) -> None:
    request = make.failed(make.approved(world.submitted(), world.approver))
    operation = Operation.objects.get()
    shown = operator.get(f"{LIST}/{operation.pk}").json()
    assert (shown["status"], shown["needs_person"]) == ("failed", "failed")
    assert shown["last_error"]["code"] == "RouteAlreadyExists"
    assert shown["request"]["reference"] == request.reference
    assert shown["client_token"] == operation.client_token
    (attempt,) = shown["attempt_records"]
    assert (attempt["number"], attempt["outcome"], attempt["aws_request_id"]) == (1, "refused", "req-1")
    assert shown["lease"] is shown["parked"] is shown["next_attempt_at"] is None
    assert operator.get(LIST).json()["results"] == [shown]


def test_a_copy_is_current_until_something_changes_or_it_becomes_overdue(world: World, operator: Client) -> None:
    make.approved(world.submitted(), world.approver)
    url = f"{LIST}/{Operation.objects.get().pk}"
    tag = operator.get(url)["ETag"]
    assert operator.get(url, headers={"If-None-Match": tag}).status_code == 304
    Operation.objects.update(next_attempt_at=timezone.now() - timedelta(hours=1))  # as time does: no version rises
    late = operator.get(url, headers={"If-None-Match": tag})
    assert late.json()["needs_person"] == "overdue"


def test_the_filters_narrow(world: World, operator: Client) -> None:
    make.approved(world.submitted(), world.approver)
    request = make.failed(make.approved(world.submitted("Second"), world.approver))
    good, bad = (str(pk) for pk in Operation.objects.order_by("created_at").values_list("pk", flat=True))
    for parameters, expected in [
        ({}, [bad, good]),
        ({"status": "failed"}, [bad]),
        ({"needs_person": "true"}, [bad]),
        ({"needs_person": "false"}, [good]),
        ({"account": world.account.account_id, "region": "eu-west-1"}, [bad, good]),
        ({"region": "us-east-1"}, []),
        ({"action": "delete"}, []),
        ({"request": str(request.pk)}, [bad]),
    ]:
        found = [item["id"] for item in operator.get(LIST, parameters).json()["results"]]
        assert found == expected, parameters


@pytest.mark.parametrize(
    "query",
    [
        *("needs_person=x", "action=x", "status=x", "request=x", "cursor=cD14", "nothing=1"),
        "cursor=cD0yMDI2LTAxLTMxVDA5JTNBMDAlM0EwMCUyQjIzJTNBMDA%3D",  # p=2026-01-31T09:00:00+23:00
    ],
)
def test_what_cannot_be_taken_is_a_problem(operator: Client, query: str) -> None:
    response = operator.get(f"{LIST}?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert list(response.json()["errors"]) == [query.partition("=")[0]]


def test_pages_follow_each_other_also_where_moments_are_the_same(world: World, operator: Client) -> None:
    for _ in range(5):
        make.approved(world.submitted(), world.approver)
    Operation.objects.update(created_at=timezone.now())
    seen: list[str] = []
    address: str | None = f"{LIST}?page_size=2"
    while address:
        page = operator.get(address).json()
        seen += [item["id"] for item in page["results"]]
        address = page["next"] and f"{LIST}?{urlsplit(page['next']).query}"
    assert len(seen) == len(set(seen)) == 5


def test_the_list_takes_the_same_number_of_queries_for_1_and_20_operations(
    world: World, operator: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    queries = 7  # session, person, roles, teams, versions, operations, attempts
    make.failed(make.approved(world.submitted(), world.approver))
    with django_assert_num_queries(queries):
        operator.get(LIST)
    for _ in range(19):
        make.failed(make.approved(world.submitted(), world.approver))
    with django_assert_num_queries(queries):
        assert len(operator.get(LIST).json()["results"]) == 20
