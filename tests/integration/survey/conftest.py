"""An account of the simulated AWS with people, and a way to survey it as time goes by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from endpoints.domain.specs import EndpointSpec
from endpoints.models import AccountRegion, Endpoint, Operation
from endpoints.services import provisioning, survey
from tests.aws import World
from tests.integration.cast import Cast


class Field(Cast):
    """The cast, and the survey of their account-region. Each look comes some minutes after the one before."""

    def __init__(self, aws: World) -> None:
        super().__init__(aws)
        self.now = timezone.now()

    def made(self, spec: EndpointSpec) -> Endpoint:
        """Return an endpoint that was asked for, approved and provisioned."""
        assert self.work(self.approved(spec)).status == "available"
        return Endpoint.objects.latest("pk")

    @property
    def region(self) -> AccountRegion:
        """Return the one account-region."""
        return AccountRegion.objects.get()

    def take_up(self, operation: Operation) -> None:
        """Let a worker act on an operation, without anybody observing what becomes of it."""
        assert provisioning.run(operation_id=operation.pk)

    def look(self, *, after: timedelta = timedelta(minutes=5)) -> survey.Surveyed:
        """Survey the region once more."""
        self.now += after
        AccountRegion.objects.update(survey_due_at=None)
        found = survey.survey(account_region_id=AccountRegion.objects.get().pk, now=self.now)
        assert found is not None, AccountRegion.objects.get().survey_error
        return found


@pytest.fixture
def field(aws: World) -> Field:
    """Return the cast on an empty region."""
    return Field(aws)
