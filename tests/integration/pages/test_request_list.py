"""The list of requests: who sees what, filters in the address, pages, export."""

from __future__ import annotations

import pytest
from django.urls import reverse

from endpoints.models import Account, User
from tests import factories
from tests.integration.pages.conftest import SignIn

URL = reverse("request_list")


def test_it_lists_ones_teams_requests_and_nobody_elses(
    as_: SignIn, account: Account, engineer: User, teammate: User, outsider: User
) -> None:
    factories.submitted(account, engineer, title="Private S3 for batch")
    factories.submitted(account, outsider, title="Somebody else's")
    page = as_(teammate).get(URL).content.decode()
    assert "Private S3 for batch" in page
    assert "Somebody else" not in page


def test_an_auditor_sees_all(as_: SignIn, account: Account, engineer: User, auditor: User) -> None:
    factories.submitted(account, engineer, title="Private S3 for batch")
    assert "Private S3 for batch" in as_(auditor).get(URL).content.decode()


def test_who_has_no_role_is_told_why(as_: SignIn, db: None) -> None:
    response = as_(factories.make_person("newcomer")).get(URL)
    assert response.status_code == 403
    assert "no role" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=submitted", True),
        ("status=available", False),
        ("status=open", True),
        ("q=REQ-{pk}", True),
        ("q=REQ-999999", False),
        ("q=secretsmanager", True),
        ("q={vpc}", True),
        ("q={part}", True),
        ("q=vpc-00000000", False),
        ("q=batch", True),
        ("mine=on", True),
        ("region=eu-west-1", True),
        ("region=us-east-1", False),
        ("account={account}", True),
        ("team={team}", True),
        ("sort=title", True),
        ("sort=nonsense", True),
        ("page=99", True),
        ("q=%00", True),
    ],
)
def test_filters_stand_in_the_address(as_: SignIn, account: Account, engineer: User, query: str, found: bool) -> None:
    spec = factories.interface_spec(account)
    made = factories.submitted(account, engineer, spec, title="Secrets for batch")
    query = query.format(
        pk=made.pk, vpc=spec.vpc_id, part=spec.vpc_id[:-6], account=account.pk, team=made.owner_team_id
    )
    response = as_(engineer).get(f"{URL}?{query}")
    assert response.status_code == 200
    assert (made.get_absolute_url() in response.content.decode()) is found


def test_a_filter_that_cannot_be_is_told_and_not_obeyed(as_: SignIn, account: Account, engineer: User) -> None:
    factories.submitted(account, engineer)
    page = as_(engineer).get(f"{URL}?status=nonsense").content.decode()
    assert "nonsense is not one of the available choices" in page


def test_no_match_offers_to_clear_the_filters(as_: SignIn, account: Account, engineer: User) -> None:
    factories.submitted(account, engineer)
    page = as_(engineer).get(f"{URL}?q=nothing-like-it").content.decode()
    assert "No request matches" in page
    assert "Clear filters" in page


def test_an_empty_list_leads_an_engineer_to_the_form(as_: SignIn, engineer: User) -> None:
    page = as_(engineer).get(URL).content.decode()
    assert "No requests yet" in page
    assert reverse("request_new") in page


def test_it_shows_25_a_page(as_: SignIn, account: Account, engineer: User) -> None:
    made = [factories.submitted(account, engineer, title=f"Number {number}") for number in range(27)]
    first = as_(engineer).get(URL).content.decode()
    second = as_(engineer).get(f"{URL}?page=2").content.decode()
    assert made[-1].get_absolute_url() in first
    assert made[0].get_absolute_url() not in first
    assert made[0].get_absolute_url() in second


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow(
    as_: SignIn,
    account: Account,
    engineer: User,
    count: int,
    django_assert_num_queries: factories.Any,
) -> None:
    for number in range(count):
        factories.submitted(account, engineer, title=f"Number {number}")
    client = as_(engineer)
    with django_assert_num_queries(10):
        client.get(URL)


def test_the_export_honours_the_filters(as_: SignIn, account: Account, engineer: User) -> None:
    factories.submitted(account, engineer, title="=cmd()")
    factories.submitted(account, engineer, title="Another")
    response = as_(engineer).get(f"{URL}?q=cmd&export=csv")
    text = response.content.decode()
    assert response["Content-Type"].startswith("text/csv")
    assert "'=cmd()" in text  # a spreadsheet must not run it
    assert "Another" not in text
