"""Endpoints without a request: listed with their age, joined with what lost them, never those of AWS's services."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from endpoints.models import Drift, Endpoint, Event, Operation, UnmanagedEndpoint
from endpoints.services import adoption, requests, unmanaged
from tests import factories
from tests.aws import REGION
from tests.integration.survey.conftest import Field

pytestmark = pytest.mark.django_db


def somebodys(field: Field, **tags: str) -> str:
    """Return the id of an endpoint that nobody asked the portal for."""
    specification = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
    options: dict[str, Any] = {"TagSpecifications": specification} if tags else {}
    made = field.aws.ec2().create_vpc_endpoint(
        VpcId=field.aws.vpc_id, ServiceName=f"com.amazonaws.{REGION}.s3", **options
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def test_they_are_listed_kept_current_and_forgotten(field: Field) -> None:
    managed = field.made(field.aws.interface_spec())
    vpce = somebodys(field, Name="by-hand")
    assert field.look().unmanaged == 1
    row = UnmanagedEndpoint.objects.get()
    assert (row.vpc_endpoint_id, row.name, row.first_seen_at) == (vpce, "by-hand", field.now)
    assert (row.operation, row.requester_managed) == (None, False)
    since = row.first_seen_at
    table = field.aws.route_table_ids[1]
    field.aws.ec2().modify_vpc_endpoint(VpcEndpointId=vpce, AddRouteTableIds=[table])
    field.look()
    row.refresh_from_db()
    assert row.observed_endpoint().route_table_ids == (table,)
    assert (row.first_seen_at, row.changed_at) == (since, field.now)
    field.aws.control.remove_out_of_band(vpce)
    field.look()
    assert not UnmanagedEndpoint.objects.exists()
    managed.refresh_from_db()
    assert managed.status == "available"


def test_what_the_portal_made_and_lost_is_told_with_its_operation(
    field: Field, caplog: pytest.LogCaptureFixture
) -> None:
    operation = uuid4()
    vpce = somebodys(field, **{"portal:operation": str(operation)})
    with caplog.at_level(logging.WARNING, logger="endpoints"):
        field.look()
        field.look()
    row = UnmanagedEndpoint.objects.get()
    assert (row.vpc_endpoint_id, row.operation) == (vpce, operation)
    assert sum(str(operation) in record.getMessage() for record in caplog.records) == 1


def test_an_operation_that_lost_its_endpoint_gets_it_back(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    vpce = endpoint.vpc_endpoint_id
    # As after a restored backup: the operation is known, what it made isn't.
    Endpoint.objects.update(vpc_endpoint_id=None, observed=None, observed_at=None, aws_state="")
    field.look()
    endpoint.refresh_from_db()
    assert (endpoint.vpc_endpoint_id, endpoint.aws_state) == (vpce, "available")
    assert not UnmanagedEndpoint.objects.exists()
    assert Event.objects.filter(endpoint_id=endpoint.pk, verb="aws.found_again").count() == 1
    field.look()
    assert Event.objects.filter(endpoint_id=endpoint.pk, verb="aws.found_again").count() == 1


def test_what_a_worker_is_just_making_is_no_orphan(field: Field) -> None:
    field.approved(field.aws.gateway_spec())
    somebodys(field, **{"portal:operation": str(Operation.objects.get().pk)})
    field.look()
    assert not UnmanagedEndpoint.objects.exists()
    assert Endpoint.objects.get().vpc_endpoint_id is None


def test_what_a_worker_has_noted_since_the_page_was_read_is_no_orphan(field: Field) -> None:
    seen = field.made(field.aws.gateway_spec()).observed_endpoint()
    assert seen is not None
    assert unmanaged.keep(region=field.region, found=[seen], now=field.now) == set()
    assert not UnmanagedEndpoint.objects.exists()


def test_what_was_cancelled_after_aws_had_made_it_is_an_orphan(field: Field) -> None:
    request = field.approved(field.aws.gateway_spec())
    factories.failed(request)
    requests.withdraw(request=request, by=factories.by(field.engineer), now=field.now)
    operation = Operation.objects.get()
    somebodys(field, **{"portal:operation": str(operation.pk)})
    field.look()
    assert UnmanagedEndpoint.objects.get().operation == operation.pk
    assert Endpoint.objects.get().status == "discarded"


def test_what_an_aws_service_manages_is_shown_and_never_touched(field: Field) -> None:
    vpce = somebodys(field)
    field.aws.control.set_requester_managed(vpce)
    field.look()
    row = UnmanagedEndpoint.objects.get()
    assert row.requester_managed
    assert row.managed_by == "an AWS service, for s3"
    ec2 = field.aws.ec2()
    with pytest.raises(ec2.exceptions.ClientError, match="requester-managed"):
        ec2.modify_vpc_endpoint(VpcEndpointId=vpce, ResetPolicy=True)
    (failed,) = ec2.delete_vpc_endpoints(VpcEndpointIds=[vpce])["Unsuccessful"]
    assert failed["Error"]["Code"] == "OperationNotPermitted"
    assert len(field.aws.endpoints()) == 1


def test_what_counts_as_deleted_and_lives_is_seen_and_can_be_taken_over_again(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    Endpoint.objects.update(status="deleted")  # AWS said so, from a replica that lagged behind
    field.look(after=timedelta(seconds=30))
    assert not UnmanagedEndpoint.objects.visible_to(field.engineer).exists(), "AWS may show it for a while"

    field.look()
    (row,) = UnmanagedEndpoint.objects.visible_to(field.engineer)
    assert row.vpc_endpoint_id == endpoint.vpc_endpoint_id
    asked = factories.adoption(field.account, field.engineer, adoption.spec_for(row), row.vpc_endpoint_id)
    assert field.work(factories.approved(asked, field.approver)).status == "available"
    again = Endpoint.objects.get(status="available")
    assert (again.vpc_endpoint_id, again.pk) == (endpoint.vpc_endpoint_id, endpoint.pk + 1)
    field.look()
    assert not UnmanagedEndpoint.objects.exists()
    assert not Drift.objects.exists()
