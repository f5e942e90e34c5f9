"""Who asks, who approves, and an account of the simulated AWS: what tests of the engine begin with."""

from __future__ import annotations

import pytest
from django.utils import timezone

from endpoints.models import AccountRegion, Endpoint, EndpointRequest, Operation
from endpoints.models.requests import ChangeAction
from endpoints.services import inventory, observation, provisioning
from tests import factories
from tests.aws import Provider, World, member_account

FULL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
READ_ONLY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
)


class Cast:
    """An account of the simulated AWS with a requester and an approver."""

    def __init__(self, aws: World) -> None:
        self.aws = aws
        self.account = member_account()
        self.engineer = factories.make_engineer()
        self.approver = factories.make_approver(self.account)

    def approved(self, *specs: object) -> EndpointRequest:
        """Return an approved request to create endpoints."""
        return factories.approved(factories.submitted(self.account, self.engineer, *specs), self.approver)

    def change(self, endpoint: Endpoint, action: ChangeAction, **fields: str | None) -> EndpointRequest:
        """Return an approved request for a change of an endpoint."""
        if action == ChangeAction.DELETE:
            return factories.approved(factories.deletion(endpoint, self.engineer), self.approver)
        document = fields["policy_document"]
        return factories.approved(factories.policy_change(endpoint, self.engineer, document), self.approver)

    def provided(self) -> Provider:
        """Return a partner's service that wants to accept each endpoint, known to the account's inventory."""
        provider = Provider(self.aws)
        AccountRegion.objects.update(inventory_due_at=timezone.now())
        region = AccountRegion.objects.get(account=self.account)
        assert inventory.refresh(account_region_id=region.pk, now=timezone.now())
        return provider

    def work(self, request: EndpointRequest, *, rounds: int = 5) -> EndpointRequest:
        """Let workers and the observer go on until nothing is due any more."""
        region = AccountRegion.objects.get(account=self.account)
        for _ in range(rounds):
            for operation in Operation.objects.due():
                provisioning.run(operation_id=operation.pk)
            observation.observe(account_region_id=region.pk)
        request.refresh_from_db()
        return request


@pytest.fixture
def cast(aws: World) -> Cast:
    return Cast(aws)
