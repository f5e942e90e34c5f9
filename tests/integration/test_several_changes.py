"""One request of four endpoints against the simulated AWS: one that fails stops none of the others."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Endpoint, EndpointRequest, Operation, User
from endpoints.services import requests
from tests import factories
from tests.aws import REGION, World
from tests.integration.browsers import browser
from tests.integration.cast import Cast

pytestmark = pytest.mark.django_db
SERVICES = ("secretsmanager", "kms", "sqs")


def text_of(user: User, request: EndpointRequest) -> str:
    page = browser(user).get(request.get_absolute_url()).content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def cast(aws: World) -> Cast:
    return Cast(aws)


@pytest.fixture
def failed(cast: Cast) -> EndpointRequest:
    """Return a request of four endpoints of which AWS has refused one, and made the others."""
    refusal: dict[str, Any] = {"code": "VpcEndpointLimitExceeded", "message": "Too many."}
    cast.aws.control.add_fault(action="CreateVpcEndpoint", kind="error", times=1, **refusal)
    specs = [cast.aws.interface_spec(service_name=f"com.amazonaws.{REGION}.{name}") for name in SERVICES]
    return cast.work(cast.approved(*specs, cast.aws.gateway_spec()))


def test_three_become_available_and_retrying_does_the_fourth_alone(cast: Cast, failed: EndpointRequest) -> None:
    assert failed.status == "failed"
    assert len(cast.aws.endpoints()) == 3
    operation = Operation.objects.get(status="failed")
    assert Operation.objects.filter(status="succeeded").count() == 3
    said = text_of(cast.engineer, failed)
    assert "4 endpoints in 1 VPC: 3 available, 1 failed" in said
    change = operation.change
    assert f"{change.position}. {change.desired().short_service} in {change.vpc_id} AWS refused" in said
    assert "Retry does only what failed." in said
    assert browser(cast.engineer).get(f"/api/v1/requests/{failed.pk}").json()["progress"] == {
        "available": 3,
        "failed": 1,
    }
    edit = browser(cast.engineer).get(reverse("request_edit", args=[failed.pk]), follow=True)
    assert edit.status_code == 409

    before = dict(Operation.objects.filter(status="succeeded").values_list("pk", "version"))
    requests.retry(request=failed, by=factories.by(cast.engineer), now=timezone.now())

    assert cast.work(failed).status == "available"
    assert len(cast.aws.endpoints()) == 4
    assert set(Endpoint.objects.values_list("status", flat=True)) == {"available"}
    assert dict(Operation.objects.filter(pk__in=before).values_list("pk", "version")) == before
    assert "4 endpoints in 1 VPC: 4 available" in text_of(cast.engineer, failed)


def test_withdrawing_keeps_what_is_done_and_offers_the_rest_again(cast: Cast, failed: EndpointRequest) -> None:
    spec = Operation.objects.get(status="failed").change.desired()

    requests.withdraw(request=failed, by=factories.by(cast.engineer), now=timezone.now())

    assert len(cast.aws.endpoints()) == 3
    assert sorted(Endpoint.objects.values_list("status", flat=True)) == [*["available"] * 3, "discarded"]
    client = browser(cast.engineer)
    page = client.get(failed.get_absolute_url()).content.decode()
    assert "Ask for it again" in page
    (key,) = re.findall(r'name="t" value="([^"]+)"', page)
    form = client.post(reverse("request_several"), {"action": "choose", "t": key}).context["several"]
    assert [card.target.service_name for card in form.ticked] == [spec.service_name]
