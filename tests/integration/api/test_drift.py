"""Drift in the JSON of endpoints, and GET /api/v1/unmanaged-endpoints."""

from __future__ import annotations

from django.test import Client

from endpoints.models import Endpoint
from tests import factories as make
from tests.integration.api.conftest import World

ENDPOINTS = "/api/v1/endpoints"
UNMANAGED = "/api/v1/unmanaged-endpoints"


def test_an_endpoint_tells_its_drift_and_its_etag_follows(world: World, engineer: Client) -> None:
    _, endpoint = world.available()
    address = f"{ENDPOINTS}/{endpoint.pk}"
    before = engineer.get(address)
    assert before.json()["drift"] == []
    make.drifted(endpoint, route_table_ids=())
    after = engineer.get(address, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    (drift,) = after.json()["drift"]
    assert (drift["field"], drift["observed"]) == ("route_table_ids", [])
    assert drift["approved"] == endpoint.desired["route_table_ids"]
    assert drift["first_seen_at"].endswith("Z")


def test_drift_filters(world: World, engineer: Client) -> None:
    _, endpoint = world.available()
    for value, found in [("true", 0), ("false", 1)]:
        assert len(engineer.get(ENDPOINTS, {"drift": value}).json()["results"]) == found
    make.drifted(endpoint, route_table_ids=())
    for value, found in [("true", 1), ("false", 0)]:
        assert len(engineer.get(ENDPOINTS, {"drift": value}).json()["results"]) == found
    assert engineer.get(ENDPOINTS, {"drift": "maybe"}).status_code == 400


def test_the_list_of_unmanaged_endpoints(world: World, engineer: Client, client: Client) -> None:
    row = make.unmanaged(world.account, policy_document=make.READ_ONLY)
    make.unmanaged(world.account, requester_managed=True, vpc_endpoint_type="Interface")
    answer = engineer.get(UNMANAGED)
    services, shown = answer.json()["results"]
    assert services["requester_managed"] is True
    assert shown["vpc_endpoint_id"] == row.vpc_endpoint_id
    assert shown["route_table_ids"] == list(row.observed_endpoint().route_table_ids)
    assert shown["policy_document"] == make.READ_ONLY
    assert shown["operation"] is shown["adoption_request"] is None
    assert shown["account"]["account_id"] == world.account.account_id
    assert engineer.get(UNMANAGED, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    for query, found in [
        ({"vpc_endpoint_type": "Interface"}, 1),
        ({"vpc_id": row.vpc_id}, 2),
        ({"region": "us-east-1"}, 0),
        ({"account": world.account.account_id}, 2),
        ({"service_name": row.service_name}, 2),
    ]:
        assert len(engineer.get(UNMANAGED, query).json()["results"]) == found, query
    assert client.get(UNMANAGED).status_code == 401


def test_however_many_the_queries_stay_few(
    world: World, engineer: Client, django_assert_max_num_queries: object
) -> None:
    assert not Endpoint.objects.exists()
    for _ in range(3):
        make.unmanaged(world.account)
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        assert len(engineer.get(UNMANAGED).json()["results"]) == 3
