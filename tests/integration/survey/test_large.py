"""A large region: AWS is asked page by page, the database a fixed number of times a page, and never a row at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from endpoints.models import Drift, Endpoint, Operation, UnmanagedEndpoint
from endpoints.services import observation
from tests import factories
from tests.aws import REGION
from tests.integration.survey.conftest import Field

pytestmark = pytest.mark.django_db

MANAGED, OTHERS = 1700, 600
PAGES = 3  # of 1,000, with the two that were there before


def populate(field: Field) -> Endpoint:
    """Fill the region: most endpoints managed by rows that are copied, since a request for each would take minutes."""
    model = field.made(field.aws.interface_spec(private_dns_enabled=False))
    field.aws.control.set_quota("interface-per-vpc", 10_000)
    bare = field.made(field.aws.interface_spec(private_dns_enabled=False, subnet_ids=()))
    ids = field.aws.control.populate(str(bare.vpc_endpoint_id), MANAGED + OTHERS)
    rows = [Endpoint(**{**_columns(bare), "vpc_endpoint_id": vpce, "created_at": timezone.now()}) for vpce in ids]
    Endpoint.objects.bulk_create(rows[:MANAGED])
    return model


def _columns(endpoint: Endpoint) -> dict[str, object]:
    names = [item.attname for item in Endpoint._meta.concrete_fields if item.attname not in ("id", "vpc_endpoint_id")]
    return {name: getattr(endpoint, name) for name in names} | {"observed": None, "observed_at": None}


def test_calls_and_queries_stay_bounded(field: Field) -> None:
    populate(field)
    field.aws.control.clear_calls()
    with CaptureQueriesContext(
        connection,
    ) as first:
        found = field.look()
    assert (found.endpoints, found.changed, found.unmanaged) == (MANAGED + 2, MANAGED, OTHERS)
    assert len(field.aws.calls("DescribeVpcEndpoints")) == PAGES
    assert len(field.aws.calls("DescribeNetworkInterfaces")) == 1
    assert field.aws.calls("DescribePrefixLists") == []
    assert len(first) < 100, "every endpoint was new to the portal, and each batch is one statement"
    assert UnmanagedEndpoint.objects.count() == OTHERS
    with CaptureQueriesContext(connection) as again:
        assert field.look().changed == 0
    writes = [item["sql"] for item in again if item["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(again) < 40
    assert not [sql for sql in writes if '"endpoints_accountregion"' not in sql and "absent_since" not in sql]
    spec = field.aws.interface_spec(private_dns_enabled=False, subnet_ids=(), name="asked for")
    Endpoint.objects.filter(observed__isnull=False).update(desired=spec.to_dict())
    with CaptureQueriesContext(connection) as told:
        assert field.look().drifted == MANAGED + 2
    assert Drift.objects.open().count() >= MANAGED
    assert len(told) < 100, "so many that drift at once are written and recorded in batches"


def test_what_is_in_flight_costs_one_listing_however_much_it_is(field: Field) -> None:
    endpoint = field.made(field.aws.interface_spec())
    lost = field.made(field.aws.gateway_spec())
    for item in (endpoint, lost):
        factories.approved(factories.modification(item, field.engineer, name="new"), field.approver)
    for operation in Operation.objects.due():
        field.take_up(operation)
    field.aws.control.remove_out_of_band(str(lost.vpc_endpoint_id))
    field.aws.control.clear_calls()
    observation.observe(account_region_id=field.region.pk)
    assert len(field.aws.calls("DescribeVpcEndpoints")) == 1
    assert len(field.aws.calls("DescribeNetworkInterfaces")) == 1


@pytest.mark.parametrize("count", [3, 250])
def test_one_filtered_listing_finds_those_that_exist(field: Field, count: int) -> None:
    from endpoints.services.targets import gateway

    model = field.made(field.aws.interface_spec(private_dns_enabled=False, subnet_ids=()))
    ids = field.aws.control.populate(str(model.vpc_endpoint_id), count)
    field.aws.control.clear_calls()
    client = gateway(field.account, REGION)
    found = client.describe_vpc_endpoints([*ids, "vpce-0123456789abcdef0"], vpc_ids=[field.aws.vpc_id])
    assert set(found) == set(ids)
    assert len(field.aws.calls("DescribeVpcEndpoints")) == 1
    assert replace(found[ids[0]], vpc_endpoint_id="", tags=(), dns_entries=()) == replace(
        found[ids[1]], vpc_endpoint_id="", tags=(), dns_entries=()
    )
