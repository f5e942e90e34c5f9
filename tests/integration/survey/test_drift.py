"""Drift: it appears with the survey that first sees it, stays with its date, and closes when AWS is as approved."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from endpoints.domain.drift import accepted
from endpoints.models import AccountRegion, Drift, Endpoint, Event, PolicyRevision
from endpoints.services import drifts, events, survey
from endpoints.services.policies import same_policy
from tests import factories
from tests.integration.cast import READ_ONLY
from tests.integration.survey.conftest import Field

pytestmark = pytest.mark.django_db


def verbs(endpoint: Endpoint) -> list[str]:
    """Return what the record says of an endpoint's drift."""
    rows = Event.objects.filter(endpoint_id=endpoint.pk, verb__contains="drift").order_by("id")
    return list(rows.values_list("verb", flat=True))


def test_as_approved_there_is_none_and_nothing_is_written(field: Field) -> None:
    field.made(field.aws.interface_spec(policy_document=READ_ONLY, tags=(("cost", "42"),)))
    endpoint = field.made(field.aws.gateway_spec())
    field.look()
    before = list(Endpoint.objects.values())
    assert field.look().changed == 0
    assert list(Endpoint.objects.values()) == before
    assert not Drift.objects.exists()
    assert verbs(endpoint) == []


def test_it_is_told_once_keeps_its_date_and_closes(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    ec2, table = field.aws.ec2(), field.aws.route_table_ids[1]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.vpc_endpoint_id, AddRouteTableIds=[table])
    version = Endpoint.objects.get().version
    assert field.look().drifted == 1
    first = Drift.objects.get()
    assert (first.field, first.first_seen_at, first.resolved_at) == ("route_table_ids", field.now, None)
    assert first.observed == sorted(field.aws.route_table_ids)
    assert Endpoint.objects.get().version > version
    field.look()
    again = Drift.objects.get()
    assert (again.first_seen_at, again.last_seen_at) == (first.first_seen_at, field.now)
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.vpc_endpoint_id, RemoveRouteTableIds=[table])
    field.look()
    assert Drift.objects.get().resolved_at == field.now
    assert verbs(endpoint) == ["endpoint.drifted", "endpoint.drift_resolved"]
    assert events.first_broken(events.chain_of(field.account)) is None


def test_another_deviation_of_the_same_field_is_told_and_keeps_the_first_date(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    ec2 = field.aws.ec2()
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.vpc_endpoint_id, AddRouteTableIds=field.aws.route_table_ids[1:])
    field.look()
    since = field.now
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.vpc_endpoint_id, RemoveRouteTableIds=field.aws.route_table_ids)
    field.look()
    drift = Drift.objects.get()
    assert (drift.observed, drift.first_seen_at, drift.last_seen_at) == ([], since, field.now)
    assert verbs(endpoint) == ["endpoint.drifted", "endpoint.drifted"]


def test_a_policy_that_is_only_written_differently_is_none(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec(policy_document=READ_ONLY))
    statement = json.loads(READ_ONLY)["Statement"][0]
    reordered = {"Statement": [dict(reversed(statement.items()))], "Version": "2012-10-17"}
    field.aws.control.set_policy_out_of_band(str(endpoint.vpc_endpoint_id), json.dumps(reordered, indent=4))
    assert field.look().changed == 1  # what AWS has is kept as it is written there
    assert not Drift.objects.exists()


def test_just_after_a_change_aws_may_lag_behind(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    field.aws.control.set_policy_out_of_band(str(endpoint.vpc_endpoint_id), READ_ONLY)
    field.look(after=timedelta(seconds=30))
    assert not Drift.objects.exists()
    field.look(after=survey.SETTLING)
    assert Drift.objects.get().field == "policy_document"


def test_what_is_in_flight_is_the_observers(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    field.aws.control.set_policy_out_of_band(str(endpoint.vpc_endpoint_id), READ_ONLY)
    factories.approved(factories.modification(endpoint, field.engineer, name="new"), field.approver)
    before = Endpoint.objects.values().get()
    field.look()
    assert Endpoint.objects.values().get() == before
    assert not Drift.objects.exists()


def test_one_survey_at_a_time_and_only_when_due(field: Field) -> None:
    region = AccountRegion.objects.get()
    field.look()
    assert survey.due() == []
    assert survey.survey(account_region_id=region.pk, now=field.now) is None
    held = {"survey_lease_owner": "another worker", "survey_lease_expires_at": "2999-01-01T00:00Z"}
    AccountRegion.objects.update(survey_due_at=None, **held)
    assert survey.due() == []
    assert survey.survey(account_region_id=region.pk, now=field.now) is None
    AccountRegion.objects.update(survey_lease_expires_at="2001-01-01T00:00Z")  # its worker was killed
    assert survey.due() == [region.pk]
    assert survey.survey(account_region_id=region.pk, now=field.now) is not None


def test_a_listing_that_breaks_off_settles_nothing(field: Field) -> None:
    field.made(field.aws.gateway_spec())
    field.look()
    field.aws.control.add_fault(action="DescribeVpcEndpoints", kind="error", code="UnauthorizedOperation")
    AccountRegion.objects.update(survey_due_at=None)
    region = AccountRegion.objects.get()
    assert survey.survey(account_region_id=region.pk, now=field.now) is None
    region.refresh_from_db()
    assert "UnauthorizedOperation" in region.survey_error
    assert region.survey_lease_owner == ""
    assert Endpoint.objects.get().absent_since is None


def test_restoring_brings_aws_back_and_closes_the_drift(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec(policy_document=READ_ONLY))
    field.aws.control.set_policy_out_of_band(str(endpoint.vpc_endpoint_id), None)
    field.look()
    assert Drift.objects.open().exists()
    request = factories.modification(endpoint, field.engineer)
    assert field.work(factories.approved(request, field.approver)).status == "available"
    assert same_policy(field.aws.endpoints()[0]["PolicyDocument"], READ_ONLY)
    assert not Drift.objects.open().exists()
    assert PolicyRevision.objects.count() == 1
    assert verbs(endpoint) == ["endpoint.drifted", "endpoint.drift_resolved"]


def test_accepting_makes_what_is_the_approved_state(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec(name="s3", tags=(("cost", "42"),)))
    ec2, vpce = field.aws.ec2(), str(endpoint.vpc_endpoint_id)
    ec2.modify_vpc_endpoint(
        VpcEndpointId=vpce, AddRouteTableIds=field.aws.route_table_ids[1:], PolicyDocument=READ_ONLY
    )
    ec2.create_tags(Resources=[vpce], Tags=[{"Key": "cost", "Value": "43"}, {"Key": "scanner", "Value": "seen"}])
    field.look()
    assert set(Drift.objects.open().values_list("field", flat=True)) == {
        "route_table_ids",
        "policy_document",
        "tags.cost",
    }
    endpoint.refresh_from_db()
    seen = endpoint.observed_endpoint()
    assert seen is not None
    spec = accepted(
        endpoint.desired_spec(),
        seen,
        drifts.differences_of(endpoint, seen),
        is_full_access=lambda text: same_policy(text, None),
    )
    assert (spec.name, spec.tags) == ("s3", (("cost", "43"),))  # the scanner's tag stays the scanner's
    held = field.aws.endpoints()
    request = factories.modification(
        endpoint,
        field.engineer,
        route_table_ids=spec.route_table_ids,
        policy_document=spec.policy_document,
        tags=spec.tags,
    )
    assert field.work(factories.approved(request, field.approver)).status == "available"
    assert field.aws.endpoints() == held
    assert not Drift.objects.open().exists()
    assert [item.number for item in PolicyRevision.objects.filter(status="applied")] == [2]
    field.look()
    assert not Drift.objects.open().exists()
