"""Deleted outside of the portal, ended by the service's owner, and back again."""

from __future__ import annotations

import pytest
from django.utils import timezone

from endpoints.domain.ended import ENDED
from endpoints.models import Endpoint, Event
from endpoints.services import requests, survey
from endpoints.services.actors import person
from tests import factories
from tests.integration.survey.conftest import Field

pytestmark = pytest.mark.django_db


def test_what_two_listings_lack_was_deleted_outside(field: Field) -> None:
    kept = field.made(field.aws.interface_spec())
    lost = field.made(field.aws.gateway_spec())
    field.aws.control.remove_out_of_band(str(lost.vpc_endpoint_id))
    assert field.look().missing == 0
    lost.refresh_from_db()
    assert (lost.status, lost.absent_since) == ("available", field.now)
    field.look()
    lost.refresh_from_db()
    kept.refresh_from_db()
    assert (lost.status, lost.aws_state, lost.absent_since) == ("missing", "deleted", None)
    assert (kept.status, kept.absent_since) == ("available", None)
    assert Event.objects.filter(endpoint_id=lost.pk, verb="endpoint.missing").count() == 1
    field.look()
    assert Event.objects.filter(endpoint_id=lost.pk, verb="endpoint.missing").count() == 1


def test_what_waits_for_a_person_keeps_no_other_loss_from_being_told(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A survey tells of some losses; what is its requester's to settle isn't one of them."""
    lost, held = field.made(field.aws.gateway_spec()), field.made(field.aws.interface_spec())
    factories.failed(factories.approved(factories.modification(held, field.engineer, name="other"), field.approver))
    for endpoint in (lost, held):
        field.aws.control.remove_out_of_band(str(endpoint.vpc_endpoint_id))
    run = survey._Survey.run

    def with_one_move(self: survey._Survey) -> survey.Surveyed:
        self.moves = 1
        return run(self)

    monkeypatch.setattr(survey, "BATCH", 1)
    monkeypatch.setattr(survey._Survey, "run", with_one_move)
    for _ in range(3):
        field.look()
    assert [Endpoint.objects.get(pk=item.pk).status for item in (lost, held)] == ["missing", "failed"]


def test_one_listing_that_lags_behind_is_no_loss(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    Endpoint.objects.update(absent_since=timezone.now())
    field.look()
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.absent_since) == ("available", None)


def test_aws_saying_deleted_is_enough(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    field.aws.control.set_pace(1)  # a deleted endpoint stays listed for a while
    field.aws.control.set_state(str(endpoint.vpc_endpoint_id), "deleted")
    field.look()
    endpoint.refresh_from_db()
    assert endpoint.status == "missing"


def test_it_comes_back_when_aws_has_it_again(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    field.aws.control.set_pace(1)
    field.aws.control.set_state(str(endpoint.vpc_endpoint_id), "deleted")
    field.look()
    field.aws.control.set_state(str(endpoint.vpc_endpoint_id), "available")
    field.look()
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.aws_state) == ("available", "available")
    assert Event.objects.filter(endpoint_id=endpoint.pk, verb="endpoint.came_back").count() == 1


def test_letting_go_of_a_lost_one_asks_aws_for_nothing(field: Field) -> None:
    endpoint = field.made(field.aws.gateway_spec())
    field.aws.control.remove_out_of_band(str(endpoint.vpc_endpoint_id))
    field.look()
    field.look()
    field.aws.control.clear_calls()
    asked = factories.approved(factories.deletion(endpoint, field.engineer), field.approver)
    assert field.work(asked).status == "deleted"
    assert field.aws.calls("DeleteVpcEndpoints") == []


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_ended_needs_attention_and_may_recover(field: Field, state: str) -> None:
    endpoint = field.made(field.aws.interface_spec())
    field.aws.control.set_state(str(endpoint.vpc_endpoint_id), state, {"Code": "Cut", "Message": "The owner left."})
    field.look()
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.aws_state) == ("failed", state)
    assert (endpoint.last_error_code, endpoint.last_error) == ("Cut", "The owner left.")
    field.aws.control.set_state(str(endpoint.vpc_endpoint_id), "available")
    field.look()
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.last_error_code) == ("available", "")


@pytest.mark.parametrize(
    ("state", "status"), [("available", "available"), ("rejected", "failed"), ("expired", "failed"), ("", "missing")]
)
def test_what_was_withdrawn_while_it_waited_for_the_owner_is_followed(field: Field, state: str, status: str) -> None:
    """No operation looks after it any more, and the owner decides all the same."""
    provider = field.provided()
    spec = field.aws.interface_spec(service_name=provider.service_name, private_dns_enabled=False)
    request = field.approved(spec)
    assert field.work(request).status == "pending_acceptance"
    field.look()
    endpoint = Endpoint.objects.get()
    assert endpoint.status == "pending_acceptance", "its operation waits"
    requests.withdraw(request=request, by=person(field.engineer), now=timezone.now())
    field.look()
    endpoint.refresh_from_db()
    assert endpoint.status == "pending_acceptance"
    if state:
        field.aws.control.set_state(str(endpoint.vpc_endpoint_id), state)
    else:
        field.aws.control.remove_out_of_band(str(endpoint.vpc_endpoint_id))
        field.look()
    field.look()
    endpoint.refresh_from_db()
    assert endpoint.status == status
    # It was sent with the creation: available, the endpoint has it.
    is_there = status == "available"
    assert (endpoint.available_at is not None) is is_there
    assert endpoint.policy_revisions.get().status == ("applied" if is_there else "approved")
