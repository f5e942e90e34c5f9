"""GET /api/v1/endpoints, /api/v1/endpoints/{id} and their policy revisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from endpoints.domain.hashing import sha256
from endpoints.models import Endpoint
from endpoints.services import policies
from tests import factories as make
from tests.integration.api.conftest import World

LIST = "/api/v1/endpoints"
DOCUMENT = """{
  "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]
}"""


def interface(world: World, **fields: Any) -> Endpoint:
    """Return an available Interface endpoint."""
    asked = make.submitted(world.account, world.engineer, make.interface_spec(world.account, **fields))
    return make.available(make.approved(asked, world.approver))[0]


def test_an_interface_endpoint_shows_what_aws_says_beside_what_was_asked(world: World, engineer: Client) -> None:
    endpoint = interface(world)
    spec = make.interface_spec(world.account)
    shown = engineer.get(f"{LIST}/{endpoint.pk}").json()
    assert (shown["status"], shown["aws_state"]) == ("available", "available")
    assert shown["vpc_endpoint_id"] == endpoint.vpc_endpoint_id
    assert shown["vpc_id"] == spec.vpc_id
    assert shown["subnet_ids"] == list(spec.subnet_ids)
    assert shown["security_group_ids"] == list(spec.security_group_ids)
    assert shown["route_table_ids"] == []
    assert shown["private_dns_enabled"] is True
    assert [item["private_ip_address"].rsplit(".", 1)[0] for item in shown["network_interfaces"]] == [
        "10.0.0",
        "10.0.1",
        "10.0.2",
    ]
    assert shown["dns_entries"][0]["dns_name"].endswith(".vpce.amazonaws.com")
    assert shown["desired"] == spec.to_dict()
    assert shown["generation"] == 1
    assert shown["observed_at"].endswith("Z")
    assert shown["last_error"] is None
    assert (shown["policy"]["revision"], shown["policy"]["status"]) == (1, "applied")


def test_a_gateway_endpoint_shows_its_route_tables_and_prefix_list(world: World, engineer: Client) -> None:
    _, endpoint = world.available()
    shown = engineer.get(f"{LIST}/{endpoint.pk}").json()
    assert shown["route_table_ids"] == list(make.gateway_spec(world.account).route_table_ids)
    assert shown["prefix_list_id"] == "pl-6da54004"
    assert shown["network_interfaces"] == shown["dns_entries"] == []


def test_before_aws_has_told_the_ids_are_null(world: World, engineer: Client) -> None:
    make.approved(world.submitted(), world.approver)
    (shown,) = engineer.get(LIST).json()["results"]
    assert shown["status"] == "provisioning"
    assert shown["vpc_endpoint_id"] is shown["route_table_ids"] is shown["private_dns_enabled"] is None
    assert shown["observed_at"] is shown["policy"] is None


def test_a_failed_endpoint_says_the_code_and_the_cure(world: World, engineer: Client) -> None:
    make.failed(make.approved(world.submitted(), world.approver))
    (shown,) = engineer.get(LIST).json()["results"]
    assert shown["last_error"] == {
        "code": "RouteAlreadyExists",
        "message": "route table rtb-1 has a route",
        "cure": "Edit the request.",
    }


def test_only_endpoints_that_one_may_see_are_shown(world: World, client: Client) -> None:
    _, endpoint = world.available()
    client.force_login(world.outsider)
    assert client.get(LIST).json()["results"] == []
    assert client.get(f"{LIST}/{endpoint.pk}").status_code == 404
    assert client.get(f"{LIST}/{endpoint.pk}/policy-revisions").status_code == 404


def test_the_filters_narrow(world: World, engineer: Client) -> None:
    _, gateway = world.available()
    other = interface(world)
    for parameters, expected in [
        ({}, [other.pk, gateway.pk]),
        ({"status": "available"}, [other.pk, gateway.pk]),
        ({"status": "failed"}, []),
        ({"vpc_endpoint_id": gateway.vpc_endpoint_id}, [gateway.pk]),
        ({"service_name": other.service_name}, [other.pk]),
        ({"vpc_id": gateway.vpc_id}, [other.pk, gateway.pk]),
        ({"region": "us-east-1"}, []),
        ({"account": world.account.account_id}, [other.pk, gateway.pk]),
        ({"owner_team": "payments"}, [other.pk, gateway.pk]),
        ({"requester": "me"}, [other.pk, gateway.pk]),
        ({"requester": "outsider"}, []),
        ({"created_after": other.created_at.isoformat()}, [other.pk]),
    ]:
        found = [item["id"] for item in engineer.get(LIST, parameters).json()["results"]]
        assert found == expected, parameters


def test_the_list_takes_the_same_number_of_queries_for_1_and_30_endpoints(
    world: World, engineer: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    queries = 10  # session, person, roles, teams, sees all?, versions, endpoints, revisions, operations, drift
    world.available()
    with django_assert_num_queries(queries):
        assert len(engineer.get(LIST).json()["results"]) == 1
    for number in range(29):
        world.available(f"Number {number}")
    with django_assert_num_queries(queries):
        assert len(engineer.get(LIST).json()["results"]) == 30


def test_policy_revisions_give_the_authors_text_and_who_and_when(world: World, engineer: Client) -> None:
    endpoint = interface(world, policy_document=DOCUMENT)
    (shown,) = engineer.get(f"{LIST}/{endpoint.pk}/policy-revisions").json()["results"]
    assert (shown["number"], shown["status"], shown["is_default"]) == (1, "applied", False)
    assert shown["document"] == DOCUMENT
    assert shown["document_sha256"] == sha256(DOCUMENT)
    assert (shown["author"]["username"], shown["approved_by"]["username"]) == ("engineer", "approver")
    assert shown["reason"] == "The batch jobs read S3 through NAT today."
    assert shown["in_effect_at"] is shown["replaced_at"] is shown["restores"] is None


def test_the_endpoint_says_when_its_policy_took_effect(world: World, engineer: Client, settings: Any) -> None:
    settings.PORTAL_POLICY_EFFECT_SECONDS = -1
    endpoint = interface(world)
    assert policies.let_take_effect(now=timezone.now()) == 1
    shown = engineer.get(f"{LIST}/{endpoint.pk}").json()["policy"]
    assert shown["status"] == "in_effect"
    assert shown["in_effect_at"].endswith("Z")


def test_revisions_take_the_same_number_of_queries_for_1_and_30(
    world: World, engineer: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    endpoint = interface(world)
    path = f"{LIST}/{endpoint.pk}/policy-revisions"
    queries = 8  # session, person, roles, teams, sees all?, may see it?, versions, revisions
    with django_assert_num_queries(queries):
        assert len(engineer.get(path).json()["results"]) == 1
    first = endpoint.policy_revisions.get()
    for number in range(29):
        with make.events.recorded("test"):
            policies.propose(
                endpoint=endpoint,
                document=None,
                by=make.by(world.engineer),
                reason=f"Number {number}",
                now=timezone.now(),
                restores=first,
            )
    with django_assert_num_queries(queries):
        shown = engineer.get(path).json()["results"]
    assert [item["number"] for item in shown] == list(range(30, 0, -1))
    assert shown[0]["restores"] == 1


def test_a_parameter_that_revisions_do_not_know_is_refused(world: World, engineer: Client) -> None:
    endpoint = interface(world)
    response = engineer.get(f"{LIST}/{endpoint.pk}/policy-revisions", {"status": "applied"})
    assert list(response.json()["errors"]) == ["status"]
