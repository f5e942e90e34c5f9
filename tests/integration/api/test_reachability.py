"""Reachability as JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from endpoints.models import Account
from tests import factories
from tests.factories import REGION
from tests.integration import network
from tests.integration.network import SECRETS

URL = "/api/v1/reachability"


@pytest.fixture
def asked(db: None) -> dict[str, str]:
    """Return a question that fits."""
    account: Account = factories.make_account()
    return {
        "account": account.account_id,
        "region": REGION,
        "vpc_id": network.vpc_of(account),
        "source": network.complete(account),
        "service_name": SECRETS,
    }


@pytest.fixture
def browser(asked: dict[str, str]) -> Client:
    """Return a signed-in engineer's client."""
    client = Client()
    client.force_login(factories.make_engineer())
    return client


def test_it_answers_hop_by_hop_with_the_cure(browser: Client, asked: dict[str, str]) -> None:
    response = browser.get(URL, asked)
    body: dict[str, Any] = response.json()
    assert response.status_code == 200, body
    assert (body["outcome"], body["broken"], body["stale"]) == ("broken", "route", False)
    assert body["cure"]["act"] == "request"
    assert body["cure"]["values"]["service_name"] == SECRETS
    assert [hop["key"] for hop in body["hops"]] == ["source", "dns", "route"]
    assert body["read_at"]


def test_a_way_without_a_cure_says_null(browser: Client, asked: dict[str, str]) -> None:
    account = Account.objects.get()
    engineer, approver = factories.make_engineer("other"), factories.make_approver(account)
    network.available(account, engineer, approver, factories.interface_spec(account))
    body = browser.get(URL, asked).json()
    assert (body["outcome"], body["broken"], body["cure"]) == ("private", None, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"account": "12"}, "account"),
        ({"source": "i-0123456789abcdef0"}, "source"),
        ({"port": "0"}, "port"),
        ({"resolve": "mine"}, "resolve"),
        ({"group": "no"}, "group"),
        ({"sauce": "x"}, "sauce"),
    ],
)
def test_what_does_not_fit_is_a_problem_with_its_cure(
    browser: Client, asked: dict[str, str], change: dict[str, str], named: str
) -> None:
    response = browser.get(URL, asked | change)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert named in response.json()["errors"]


def test_an_unknown_vpc_is_not_found(browser: Client, asked: dict[str, str]) -> None:
    assert browser.get(URL, asked | {"vpc_id": "vpc-00000000"}).status_code == 404
    assert browser.get(URL, asked | {"account": "999999999999"}).status_code == 404


def test_an_account_that_one_may_not_look_into_is_not_found(asked: dict[str, str]) -> None:
    other = factories.make_account("search-prod")
    client = Client()
    client.force_login(factories.make_approver(other))
    assert client.get(URL, asked).status_code == 404
    client.force_login(factories.make_approver(Account.objects.get(account_id=asked["account"]), "theirs"))
    assert client.get(URL, asked).status_code == 200
