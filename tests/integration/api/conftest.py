"""People and a request that the tests of the JSON routes read."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from endpoints.models import Account, Endpoint, EndpointRequest, User
from tests import factories as make
from tests.integration.browsers import browser


@dataclass
class World:
    """An account with its approver, an engineer of Payments, and an engineer of another team."""

    account: Account
    engineer: User
    approver: User
    outsider: User

    def submitted(self, title: str = "S3 without NAT", *, by: User | None = None) -> EndpointRequest:
        """Return a request that waits for review. Only the first that is approved takes the route table."""
        spec = make.unrouted_spec if Endpoint.objects.exists() else make.gateway_spec
        return make.submitted(self.account, by or self.engineer, spec(self.account), title=title)

    def available(self, title: str = "S3 without NAT") -> tuple[EndpointRequest, Endpoint]:
        """Return a request that went all the way, with its endpoint."""
        request = make.approved(self.submitted(title), self.approver)
        return request, make.available(request)[0]


@pytest.fixture
def world(db: None) -> World:
    """Return the people and their account."""
    account = make.make_account()
    return World(
        account=account,
        engineer=make.make_engineer(),
        approver=make.make_approver(account),
        outsider=make.make_engineer("outsider", team=make.make_team("Search")),
    )


@pytest.fixture
def engineer(world: World) -> Client:
    """Return a browser in which the engineer is signed in."""
    return browser(world.engineer)


@pytest.fixture
def client() -> Client:
    """Return a browser in which nobody is signed in."""
    return browser()
