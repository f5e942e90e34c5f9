"""The cast of the pages' tests: a requester, a teammate, approvers, an outsider, and somebody for each role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from endpoints.models import Account, Role, User
from tests import factories

SignIn = Callable[[User], Client]


@pytest.fixture
def account(db: None) -> Account:
    """Return an account with a stocked region."""
    return factories.make_account()


@pytest.fixture
def engineer(account: Account) -> User:
    """Return an engineer of the Payments team."""
    return factories.make_engineer()


@pytest.fixture
def teammate(engineer: User) -> User:
    """Return another engineer of the same team."""
    return factories.make_engineer("teammate")


@pytest.fixture
def outsider(account: Account) -> User:
    """Return an engineer of another team."""
    return factories.make_engineer("outsider", team=factories.make_team("Search"))


@pytest.fixture
def approver(account: Account) -> User:
    """Return an approver of the account."""
    return factories.make_approver(account)


@pytest.fixture
def second_approver(account: Account) -> User:
    """Return another approver of the account."""
    return factories.make_approver(account, "second-approver")


@pytest.fixture
def operator(account: Account) -> User:
    """Return an operator."""
    return factories.make_person("operator", Role.OPERATOR)


@pytest.fixture
def auditor(account: Account) -> User:
    """Return an auditor."""
    return factories.make_person("auditor", Role.AUDITOR)


@pytest.fixture
def as_() -> SignIn:
    """Return what signs a person in, each in a browser of their own."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
