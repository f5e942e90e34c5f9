"""Services, VPCs and dry runs as JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from endpoints.api.plan import EXAMPLE
from endpoints.models import Check, EndpointRequest, Event, InventoryItem, Role
from tests import factories as make
from tests.integration.api.conftest import World
from tests.integration.api.test_http import problem_of
from tests.integration.browsers import browser

SERVICES, VPCS, PLAN = "/api/v1/services", "/api/v1/vpcs", "/api/v1/plan"


def asked(world: World, *changes: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"account": world.account.account_id, "changes": list(changes), **rest}


def create(world: World, **fields: Any) -> dict[str, Any]:
    spec = {**make.interface_spec(world.account).to_dict(), **fields}
    return {"action": "create", "spec": {key: value for key, value in spec.items() if key != "account_id"}}


def tried(client: Client, body: Any) -> dict[str, Any]:
    response = client.post(PLAN, body, content_type="application/json")
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_services_say_what_they_are_for_and_who_has_them(world: World, engineer: Client) -> None:
    vpc = make.aws_id("vpc", world.account, make.REGION, "main")
    name = f"com.amazonaws.{make.REGION}.s3"
    InventoryItem.objects.create(
        account=world.account,
        region=make.REGION,
        kind="vpc_endpoint",
        aws_id="vpce-0123456789abcdef0",
        vpc_id=vpc,
        data={"service_name": name, "vpc_endpoint_type": "Gateway", "state": "available"},
    )
    (found,) = engineer.get(SERVICES, {"q": "objects and buckets"}).json()["results"]
    assert found["service_name"] == name
    assert found["short_name"] == "s3"
    assert found["purpose"].startswith("S3:")
    assert found["vpc_endpoint_types"] == ["Gateway", "Interface"]
    assert found["used_by"] == [
        {
            "vpc_id": vpc,
            "vpc_name": "main",
            "vpc_endpoint_id": "vpce-0123456789abcdef0",
            "vpc_endpoint_type": "Gateway",
            "private_dns_enabled": False,
        }
    ]
    assert found["read_at"]
    everything = engineer.get(SERVICES).json()["results"]
    assert {item["short_name"] for item in everything} == {"s3", "secretsmanager", "partner"}
    assert [
        item["short_name"] for item in engineer.get(SERVICES, {"vpc_endpoint_type": "Gateway"}).json()["results"]
    ] == ["s3"]


def test_vpcs_are_listed_by_account_region_and_id(world: World, engineer: Client) -> None:
    other = make.make_account("other")
    assert len(engineer.get(VPCS).json()["results"]) == 2
    (found,) = engineer.get(VPCS, {"account": other.account_id, "region": make.REGION}).json()["results"]
    assert found["vpc_id"] == make.aws_id("vpc", other, make.REGION, "main")
    assert found["cidr_blocks"] == ["10.0.0.0/16"]
    assert found["enable_dns_hostnames"] is True
    assert engineer.get(VPCS, {"vpc_id": found["vpc_id"]}).json()["results"] == [found]
    problem_of(engineer.get(VPCS, {"vpc_id": "main"}), 400)
    problem_of(engineer.get(SERVICES, {"colour": "red"}), 400)


def test_a_vpcs_coverage_says_what_it_has_and_lacks(world: World, engineer: Client) -> None:
    spec = make.interface_spec(world.account)
    make.offer(world.account, "ecr.api", "ecr.dkr", "logs")
    request = make.approved(make.submitted(world.account, world.engineer, spec), world.approver)
    (endpoint,) = make.available(request)
    asked = make.submitted(world.account, world.engineer, make.gateway_spec(world.account))
    path = f"{VPCS}/{InventoryItem.objects.get(account=world.account, kind='vpc').pk}/coverage"
    answer = engineer.get(path).json()
    assert answer["vpc"]["vpc_id"] == spec.vpc_id
    found = {item["short_name"]: item for item in answer["services"]}
    assert found["secretsmanager"]["state"] == "managed"
    assert found["secretsmanager"]["status"] == "available"
    assert found["secretsmanager"]["vpc_endpoint_id"] == endpoint.vpc_endpoint_id
    assert found["secretsmanager"]["endpoint"].endswith(f"/api/v1/endpoints/{endpoint.pk}")
    assert (found["s3"]["state"], found["s3"]["vpc_endpoint_type"]) == ("asked", "Gateway")
    assert found["s3"]["request"].endswith(f"/api/v1/requests/{asked.pk}")
    assert (found["ecr.api"]["state"], found["sts"]["state"]) == ("missing", "not_offered")
    lacking = {item["id"]: (item["complete"], item["missing"]) for item in answer["bundles"]}
    assert lacking["private-ecs"] == (False, ["ecr.api", "ecr.dkr", "logs"])
    tag = engineer.get(path)["ETag"]
    assert engineer.get(path, headers={"If-None-Match": tag}).status_code == 304
    chosen = engineer.get(path, {"bundle": "session-manager", "service": "com.amazonaws.eu-west-1.kms"}).json()
    names = [item["short_name"] for item in chosen["services"]]
    assert names[:3] == ["ssm", "ssmmessages", "ec2messages"]
    assert "kms" in names
    for query in ({"colour": "red"}, {"bundle": "nothing"}, {"service": [f"s{number}" for number in range(70)]}):
        problem_of(engineer.get(path, query), 400)
    for name in ("", "s3\x00", "a b", "s" * 256):
        assert list(problem_of(engineer.get(path, {"service": ["s3", name]}), 400)["errors"]) == ["service"]
    problem_of(engineer.get(f"{VPCS}/{2**31}/coverage"), 404)


def test_an_approver_sees_the_network_of_their_own_accounts(world: World) -> None:
    make.make_account("other")
    found = browser(world.approver).get(VPCS).json()["results"]
    assert [item["account"]["account_id"] for item in found] == [world.account.account_id]
    assert len(browser(make.make_person("auditor", Role.AUDITOR)).get(VPCS).json()["results"]) == 2


@pytest.mark.parametrize("path", [SERVICES, VPCS])
def test_what_is_current_is_304_and_what_changed_is_not(world: World, engineer: Client, path: str) -> None:
    tag = engineer.get(path)["ETag"]
    assert engineer.get(path, headers={"If-None-Match": tag}).status_code == 304
    row = InventoryItem.objects.filter(kind="vpc" if path == VPCS else "service").first()
    assert row
    row.data = {**row.data, "owner_id": "444455556666", "owner": "somebody"}
    row.save()
    assert engineer.get(path, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("more", [0, 40])
def test_lists_ask_as_often_for_many(world: World, engineer: Client, more: int, django_assert_num_queries: Any) -> None:
    for number in range(more):
        InventoryItem.objects.create(
            account=world.account, region=make.REGION, kind="service", aws_id=f"com.amazonaws.x{number}", data={}
        )
    with django_assert_num_queries(9):
        engineer.get(SERVICES)


def test_a_dry_run_finds_what_the_request_would_and_stores_nothing(world: World, engineer: Client) -> None:
    events = Event.objects.count()
    change = create(world)
    answer = tried(engineer, asked(world, change, gb="2000"))
    assert not EndpointRequest.objects.exists()
    assert Event.objects.count() == events
    (found,) = answer["changes"]
    assert answer["blocked"] is False
    assert found["cost"]["total_usd"] == "41.90"
    assert found["cost"]["nat_data_usd"] == "96.00"
    assert found["cost"]["assumed"]
    assert answer["monthly_difference_usd"] == "41.90"
    assert any("Will create an Interface endpoint" in line for line in found["plan"])
    assert found["spec"] == make.interface_spec(world.account).to_dict()
    request = make.submitted(world.account, world.engineer, make.interface_spec(world.account))
    stored = Check.objects.filter(change__request=request).values_list("rule", "severity", "message", "cure")
    assert {(one["rule"], one["severity"], one["message"], one["cure"]) for one in found["findings"]} == set(stored)


def test_a_dry_run_says_what_blocks(world: World, engineer: Client) -> None:
    names = ("private-a", "other-a")
    subnets = [make.aws_id("subnet", world.account, make.REGION, name) for name in names]
    both = create(world, subnet_ids=subnets), create(world, private_dns_enabled=False)
    answer = tried(engineer, asked(world, *both))
    assert [item["blocked"] for item in answer["changes"]] == [True, False]
    assert answer["blocked"] is True
    finding = answer["changes"][0]["findings"][0]
    assert (finding["rule"], finding["field"]) == ("one-subnet-per-zone", "subnet_ids")


def test_a_dry_run_counts_its_changes_together_in_as_many_queries(world: World, engineer: Client) -> None:
    def queries(*changes: dict[str, Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            tried(engineer, asked(world, *changes))
        return len(captured)

    gateway = {"action": "create", "spec": make.gateway_spec(world.account).to_dict()}
    del gateway["spec"]["account_id"]
    second = tried(engineer, asked(world, create(world), create(world), gateway))["changes"][1]
    assert second["findings"][0]["rule"] == "private-dns-conflict"
    assert second["findings"][0]["message"].startswith("number 1 of this request answers")
    assert queries(create(world), gateway) == queries(*[create(world)] * 10, *[gateway] * 10)


@pytest.mark.parametrize(("cidr", "blocked"), [("10.0.0.0/16", False), ("10.9.0.0/16", True)])
def test_a_dry_run_takes_the_rules_that_the_checks_know(
    world: World, engineer: Client, cidr: str, blocked: bool
) -> None:
    group_id = make.aws_id("sg", world.account, make.REGION, "https")
    rule = {"group_id": group_id, "direction": "ingress", "from_port": 443, "to_port": 443, "cidr": cidr}
    answer = tried(engineer, asked(world, create(world, group_rules=[rule])))
    assert answer["blocked"] is blocked
    (found,) = answer["changes"]
    assert found["spec"]["group_rules"][0]["cidr"] == cidr
    assert any(f"allow TCP 443 in from {cidr}" in line for line in found["plan"])


def test_a_dry_run_of_what_exists_shows_the_difference(world: World, engineer: Client) -> None:
    spec = make.interface_spec(world.account)
    request = make.approved(make.submitted(world.account, world.engineer, spec), world.approver)
    (endpoint,) = make.available(request)
    body = asked(
        world,
        {"action": "modify", "endpoint": endpoint.pk, "spec": {"subnet_ids": list(spec.subnet_ids[:1])}},
        {"action": "policy", "endpoint": endpoint.pk, "spec": {"policy_document": make.READ_ONLY}},
        {"action": "delete", "endpoint": endpoint.pk},
    )
    modify, policy, delete = tried(engineer, body)["changes"]
    assert (modify["cost"]["total_usd"], modify["cost_before"]["total_usd"]) == ("8.30", "22.90")
    assert modify["drops_connections"] is True
    assert policy["cost"] == policy["cost_before"]
    assert any("replace the endpoint policy" in line for line in policy["plan"])
    assert delete["cost"] is None
    assert any("Will delete" in line for line in delete["plan"])
    endpoint.refresh_from_db()
    assert endpoint.desired_spec() == spec


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"action": "adopt"}, "changes.0.action"),
        ({"action": "create", "spec": {}}, "changes.0.spec.region"),
        ({"action": "create", "spec": {"colour": "red"}}, "changes.0.spec.colour"),
        ({"action": "create", "spec": {"subnet_ids": "subnet-1"}}, "changes.0.spec.subnet_ids"),
        ({"action": "create", "spec": {"tags": [["a"]]}}, "changes.0.spec.tags"),
        ({"action": "create", "spec": {"private_dns_enabled": "yes"}}, "changes.0.spec.private_dns_enabled"),
        ({"action": "create", "spec": {"policy_document": {}}}, "changes.0.spec.policy_document"),
        (
            {"action": "create", "spec": {"subnet_configurations": [{"ipv4": 1}]}},
            "changes.0.spec.subnet_configurations",
        ),
        ({"action": "create", "spec": {"group_rules": ["all"]}}, "changes.0.spec.group_rules"),
        ({"action": "create", "endpoint": 1, "spec": {}}, "changes.0.endpoint"),
        ({"action": "delete"}, "changes.0.endpoint"),
        ({"action": "modify", "endpoint": 999}, "changes.0.endpoint"),
        ({"action": "modify", "endpoint": 2**70}, "changes.0.endpoint"),
        ("text", "changes.0"),
    ],
)
def test_a_change_that_cant_be_is_told_at_its_field(world: World, engineer: Client, change: Any, field: str) -> None:
    response = engineer.post(PLAN, asked(world, change), content_type="application/json")
    assert field in problem_of(response, 400)["errors"]


@pytest.mark.parametrize("field", ["account_id", "region"])
def test_an_endpoint_stays_in_its_account_and_region(world: World, engineer: Client, field: str) -> None:
    _, endpoint = world.available()
    change = {"action": "modify", "endpoint": endpoint.pk, "spec": {field: "elsewhere"}}
    response = engineer.post(PLAN, asked(world, change), content_type="application/json")
    assert "stays where it is" in problem_of(response, 400)["errors"][f"changes.0.spec.{field}"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "account"),
        ({"account": "1", "changes": []}, "changes"),
        ({"account": "000000000000", "changes": [{"action": "delete", "endpoint": 1}]}, "account"),
        ({"account": "1", "changes": [{}] * 41}, "changes"),
        ({"account": "1", "changes": [{}], "gb": "-1"}, "gb"),
    ],
)
def test_a_body_that_cant_be_is_told_at_its_field(world: World, engineer: Client, body: Any, field: str) -> None:
    response = engineer.post(PLAN, body, content_type="application/json")
    found = problem_of(response, 400)
    assert field in found["errors"]
    assert field in found["detail"]


def test_what_is_no_json_is_refused(world: World, engineer: Client) -> None:
    problem_of(engineer.post(PLAN, "{", content_type="application/json"), 400)
    half = engineer.post(PLAN, '{"account": "\\ud800"}', content_type="application/json")
    assert "surrogate" in problem_of(half, 400)["detail"]
    deep = engineer.post(PLAN, "[" * 100_000, content_type="application/json")
    assert "too deeply" in problem_of(deep, 400)["detail"]
    problem_of(engineer.post(PLAN, '{"x": "' + "a" * 1_100_000 + '"}', content_type="application/json"), 413)
    told = problem_of(engineer.post(PLAN, {"account": "1"}), 415)
    assert told["detail"] == "Send JSON, and say so: “Content-Type: application/json”."
    problem_of(engineer.get(PLAN), 405)


def test_others_endpoints_are_not_tried(world: World, engineer: Client) -> None:
    request = make.approved(make.submitted(world.account, world.outsider), world.approver)
    (theirs,) = make.available(request)
    response = engineer.post(
        PLAN, asked(world, {"action": "delete", "endpoint": theirs.pk}), content_type="application/json"
    )
    assert "changes.0.endpoint" in problem_of(response, 400)["errors"]


def test_the_example_of_the_description_is_one_that_is_taken(world: World, engineer: Client) -> None:
    answer = tried(engineer, {**EXAMPLE, "account": world.account.account_id})
    assert answer["changes"][0]["findings"][0]["rule"] == "vpc-unknown"
