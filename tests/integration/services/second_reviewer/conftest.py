"""The stage: an endpoint that lets objects be read, in an account that is protected now, and its two approvers."""

from __future__ import annotations

import pytest

from endpoints.models import Account, Endpoint, EndpointRequest, User
from tests import factories
from tests.integration.services.second_reviewer.steps import LISTS_TOO


@pytest.fixture
def account() -> Account:
    return factories.make_account()


@pytest.fixture
def engineer() -> User:
    return factories.make_engineer()


@pytest.fixture
def first(account: Account) -> User:
    return factories.make_approver(account, "first")


@pytest.fixture
def second(account: Account) -> User:
    return factories.make_approver(account, "second")


@pytest.fixture
def endpoint(account: Account, engineer: User, first: User) -> Endpoint:
    """Return an endpoint that lets objects be read, in an account that is protected now."""
    asked = factories.submitted(account, engineer, factories.gateway_spec(account, policy_document=factories.READ_ONLY))
    (made,) = factories.available(factories.approved(asked, first))
    Account.objects.update(protected=True)
    account.protected = True
    made.refresh_from_db()
    return made


@pytest.fixture
def wider(endpoint: Endpoint, engineer: User) -> EndpointRequest:
    """Return a request that lets buckets be listed, too."""
    return factories.policy_change(endpoint, engineer, LISTS_TOO)
