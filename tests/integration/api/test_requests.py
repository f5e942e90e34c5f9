"""GET /api/v1/requests and /api/v1/requests/{id}."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from endpoints.models import EndpointRequest, InventoryItem
from tests import factories as make
from tests.integration.api.conftest import World

LIST = "/api/v1/requests"
UTC = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


def test_a_submitted_request_shows_what_was_asked_and_nothing_done(world: World, engineer: Client) -> None:
    asked = world.submitted()
    shown = engineer.get(f"{LIST}/{asked.pk}").json()
    assert shown["id"] == asked.pk
    assert shown["reference"] == f"REQ-{asked.pk}"
    assert shown["title"] == "S3 without NAT"
    assert shown["justification"] == "The batch jobs read S3 through NAT today."
    assert (shown["status"], shown["status_label"]) == ("submitted", "Waiting for review")
    assert shown["account"] == {"account_id": world.account.account_id, "name": world.account.name}
    assert shown["regions"] == [make.REGION]
    assert shown["owner_team"] == {"slug": "payments", "name": "Payments"}
    assert shown["requester"]["username"] == "engineer"
    assert shown["approved_at"] is shown["approved_by"] is shown["closed_at"] is shown["last_error"] is None
    assert all(UTC.match(shown[name]) for name in ("created_at", "submitted_at", "updated_at"))
    (change,) = shown["changes"]
    assert change["action"] == "create"
    assert change["spec"] == make.gateway_spec(world.account).to_dict()
    assert change["operation"] is change["endpoint"] is None
    assert {check["rule"]: check["severity"] for check in change["checks"]}["policy-full-access"] == "info"
    assert all(check["message"] for check in change["checks"])
    assert shown["reviews"] == []


def test_an_available_request_shows_its_approval_work_and_endpoint(world: World, engineer: Client) -> None:
    asked, endpoint = world.available()
    shown = engineer.get(f"{LIST}/{asked.pk}").json()
    assert shown["status"] == "available"
    assert shown["approved_by"]["username"] == "approver"
    assert UTC.match(shown["approved_at"])
    assert UTC.match(shown["closed_at"])
    (review,) = shown["reviews"]
    assert (review["decision"], review["content_hash"]) == ("approved", asked.content_hash)
    (change,) = shown["changes"]
    assert change["operation"]["status"] == "succeeded"
    assert change["operation"]["attempts"] == 1
    assert change["operation"]["aws_request_id"] == "req-1"
    assert change["endpoint"]["vpc_endpoint_id"] == endpoint.vpc_endpoint_id
    assert engineer.get(change["endpoint"]["url"]).json()["id"] == endpoint.pk


def test_a_failed_request_says_awss_code_and_the_cure(world: World, engineer: Client) -> None:
    asked = make.failed(make.approved(world.submitted(), world.approver))
    shown = engineer.get(f"{LIST}/{asked.pk}").json()
    wrong = {"code": "RouteAlreadyExists", "message": "route table rtb-1 has a route", "cure": "Edit the request."}
    assert shown["status"] == "failed"
    assert shown["last_error"] == wrong
    assert shown["changes"][0]["operation"]["last_error"] == wrong


def test_the_list_holds_what_one_may_see_newest_first(world: World, client: Client) -> None:
    first, second = world.submitted("First"), world.submitted("Second")
    other = world.submitted("Other", by=world.outsider)
    seen = {}
    for user in (world.engineer, world.outsider, world.approver):
        client.force_login(user)
        seen[user.username] = [item["id"] for item in client.get(LIST).json()["results"]]
    assert seen == {
        "engineer": [second.pk, first.pk],
        "outsider": [other.pk],
        "approver": [other.pk, second.pk, first.pk],
    }


def test_a_request_that_one_may_not_see_is_not_found(world: World, engineer: Client) -> None:
    other = world.submitted("Other", by=world.outsider)
    hidden, absent = engineer.get(f"{LIST}/{other.pk}"), engineer.get(f"{LIST}/{other.pk + 99}")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json()["detail"] == absent.json()["detail"]


@pytest.mark.parametrize("path", [LIST, LIST + "/{id}"])
def test_a_trailing_slash_is_answered_alike_without_a_redirect(path: str, world: World, engineer: Client) -> None:
    path = path.format(id=world.submitted().pk)
    plain, slashed = engineer.get(path), engineer.get(path + "/")
    assert plain.status_code == slashed.status_code == 200
    assert plain.json() == slashed.json()


def test_the_list_takes_the_same_number_of_queries_for_1_and_30_requests(
    world: World, engineer: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    make.approved(world.submitted(), world.approver)
    queries = 10  # session, person, roles, teams, sees all?, versions, requests, changes, checks, reviews
    with django_assert_num_queries(queries):
        assert len(engineer.get(LIST).json()["results"]) == 1
    for number in range(29):
        asked = world.submitted(f"Number {number}")
        if number % 3 == 0:
            make.failed(make.approved(asked, world.approver))
    with django_assert_num_queries(queries):
        assert len(engineer.get(LIST).json()["results"]) == 30


def test_pages_follow_one_another_without_gap_or_repetition(world: World, engineer: Client) -> None:
    made = [world.submitted(f"Number {number}").pk for number in range(7)]
    found, url = [], f"{LIST}?page_size=3"
    while url:
        page = engineer.get(url).json()
        found.append([item["id"] for item in page["results"]])
        url = page["next"]
    newest = made[::-1]
    assert found == [newest[:3], newest[3:6], newest[6:]]
    back = engineer.get(page["previous"]).json()
    assert [item["id"] for item in back["results"]] == newest[3:6]


def test_a_page_holds_fifty_unless_asked(world: World, engineer: Client) -> None:
    for number in range(52):
        world.submitted(f"Number {number}")
    assert len(engineer.get(LIST).json()["results"]) == 50
    assert len(engineer.get(LIST, {"page_size": "200"}).json()["results"]) == 52


class TestFilters:
    """Each parameter narrows the list."""

    @pytest.fixture
    def mixed(self, world: World) -> dict[str, EndpointRequest]:
        """Return three requests that differ in all that can be asked for."""
        elsewhere = make.make_account("data-prod", regions=("eu-central-1",))
        spec = make.interface_spec(elsewhere, "eu-central-1")
        return {
            "gateway": world.submitted("Gateway"),
            "approved": make.approved(world.submitted("Approved"), world.approver),
            "other": make.submitted(elsewhere, world.outsider, spec, title="Other"),
        }

    def found(self, client: Client, mixed: dict[str, EndpointRequest], **parameters: str) -> set[str]:
        """Return the names of the requests that the list holds."""
        ids = {item["id"] for item in client.get(LIST, parameters).json()["results"]}
        return {name for name, request in mixed.items() if request.pk in ids}

    def test_they_narrow(self, world: World, client: Client, mixed: dict[str, EndpointRequest]) -> None:
        auditor = make.make_person("auditor", make.Role.AUDITOR)
        client.force_login(auditor)
        other = mixed["other"].changes.get()
        assert self.found(client, mixed) == {"gateway", "approved", "other"}
        for parameters, names in [
            ({"status": "approved"}, {"approved"}),
            ({"status": "submitted"}, {"gateway", "other"}),
            ({"account": world.account.account_id}, {"gateway", "approved"}),
            ({"account": "999999999999"}, set()),
            ({"region": "eu-central-1"}, {"other"}),
            ({"vpc_id": other.vpc_id}, {"other"}),
            ({"service_name": "com.amazonaws.eu-west-1.s3"}, {"gateway", "approved"}),
            ({"owner_team": "search"}, {"other"}),
            ({"requester": "engineer"}, {"gateway", "approved"}),
            ({"requester": "nobody-by-this-name"}, set()),
            ({"requester": "me"}, set()),
            ({"status": "submitted", "requester": "engineer"}, {"gateway"}),
            ({"created_after": "2999-01-01T00:00:00Z"}, set()),
            ({"created_before": "2999-01-01T00:00:00Z"}, {"gateway", "approved", "other"}),
            ({"created_after": "0001-01-01T00:00:00+14:00"}, {"gateway", "approved", "other"}),
            ({"created_after": mixed["other"].created_at.isoformat()}, {"other"}),
            ({"created_before": mixed["other"].created_at.isoformat()}, {"gateway", "approved"}),
        ]:
            assert self.found(client, mixed, **parameters) == names, parameters

    def test_me_is_who_asks(self, engineer: Client, mixed: dict[str, EndpointRequest]) -> None:
        assert self.found(engineer, mixed, requester="me") == {"gateway", "approved"}

    def test_an_earlier_round_does_not_count(self, world: World, engineer: Client) -> None:
        asked = world.submitted()
        make.reviews.request_changes(
            request=asked,
            content_hash=asked.content_hash,
            comment="Use the interface.",
            by=make.by(world.approver),
            now=make.timezone.now(),
        )
        team = world.engineer.teams.get()
        edited = make.draft(world.account, team, make.interface_spec(world.account))
        make.requests.resubmit(request=asked, draft=edited, by=make.by(world.engineer), now=make.timezone.now())
        mixed = {"it": asked}
        assert self.found(engineer, mixed, service_name="com.amazonaws.eu-west-1.s3") == set()
        assert self.found(engineer, mixed, service_name="com.amazonaws.eu-west-1.secretsmanager") == {"it"}


@pytest.mark.parametrize(
    ("parameter", "value", "cure"),
    [
        ("status", "granted", "Choose one of: submitted"),
        ("account", "12", "twelve digits"),
        ("account", "12345678901\u0662", "twelve digits"),
        ("region", "Frankfurt", "eu-west-1"),
        ("vpc_id", "vpc-1; drop table", "vpc-0a1b2c3d"),
        ("service_name", "s3!", "com.amazonaws"),
        ("owner_team", "a b", "short name"),
        ("created_after", "yesterday", "2026-01-31T09:00:00Z"),
        ("created_before", "2026-13-45", "2026-01-31T09:00:00Z"),
        ("created_before", "2026-01-31T09:00:00+16:00", "2026-01-31T09:00:00Z"),  # PostgreSQL takes less than 16 hours
        ("created_after", "2026-01-31T09:00:00-23:59", "2026-01-31T09:00:00Z"),
        ("page_size", "0", "from 1 to 200"),
        ("page_size", "201", "from 1 to 200"),
        ("page_size", "\u0663", "from 1 to 200"),
        ("cursor", "nonsense", "next"),
        *(("cursor", text, "next") for text in ("***", "!!!!", "\x00", "cD0x*", "cD0x\n", "cD0-", "cD0_", "é")),
        ("cursor", "aGVsbG8=", "next"),  # hello
        ("cursor", "cD1hYmM=", "next"),  # p=abc
        ("cursor", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "next"),  # p is longer than a bigint
        ("ordering", "title", "no such parameter"),
    ],
)
def test_a_bad_parameter_is_named_with_its_cure(parameter: str, value: str, cure: str, engineer: Client) -> None:
    response = engineer.get(LIST, {parameter: value})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert list(problem["errors"]) == [parameter]
    assert cure in problem["errors"][parameter][0]
    assert parameter in problem["detail"]


@pytest.mark.parametrize(
    "parameter",
    [
        *("status", "account", "region", "vpc_id", "service_name", "owner_team", "requester", "created_after"),
        *("created_before", "page_size", "cursor", "na\x00me"),
    ],
)
def test_a_nul_byte_is_refused_and_never_a_crash(parameter: str, engineer: Client) -> None:
    response = engineer.get(LIST, {parameter: "a\x00b"})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [parameter]


def test_a_parameter_given_twice_is_refused(engineer: Client) -> None:
    response = engineer.get(f"{LIST}?status=submitted&status=approved")
    assert response.json()["errors"] == {"status": ["Give this parameter once."]}


@pytest.mark.parametrize("path", [LIST, "/api/v1/vpcs/{vpc}/coverage", "/api/v1/reachability"])
def test_unknown_parameters_are_answered_shortly(path: str, world: World, engineer: Client) -> None:
    vpc = InventoryItem.objects.get(account=world.account, kind="vpc")
    query = "&".join(f"n{number}=1" for number in range(900))
    response = engineer.get(f"{path.format(vpc=vpc.pk)}?{query}")
    problem = response.json()
    unknown = {name: texts for name, texts in problem["errors"].items() if re.fullmatch(r"n[0-9]+", name)}
    assert list(unknown) == [f"n{number}" for number in range(20)]
    assert unknown["n0"][0].startswith("There is no such parameter here, nor for 899 others. There are: ")
    assert unknown["n19"] == ["There is no such parameter here."]
    assert len(response.content) < 4000


def test_all_bad_parameters_are_named_at_once(engineer: Client) -> None:
    assert set(engineer.get(f"{LIST}?status=x&colour=red").json()["errors"]) == {"status", "colour"}
