"""What endpoints cost: on the form, the review, the request's and the endpoint's page, and all together."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.urls import reverse

from endpoints.models import Account, Role, User
from endpoints.network import cost
from tests import factories as make
from tests.integration.pages.conftest import SignIn

TOTALS = "/costs/"


@pytest.fixture
def interface(account: Account, engineer: User, approver: User) -> Any:
    """Return an available Interface endpoint in three zones."""
    request = make.submitted(account, engineer, make.interface_spec(account), title="Secrets")
    return make.available(make.approved(request, approver))[0]


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def table(client: Client, **asked: str) -> list[dict[str, str]]:
    response = client.get(TOTALS, {"export": "csv", **asked})
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_an_endpoints_page_estimates_and_takes_another_volume(interface: Any, engineer: User, as_: SignIn) -> None:
    page = text_of(as_(engineer).get(interface.get_absolute_url()))
    assert "$22.90" in page  # 3 zones x 730 h x 0.01, and 100 GB x 0.01
    assert "assumed from us-east-1" in page
    assert "$4.80" in page  # 100 GB by a NAT gateway in eu-west-1
    page = text_of(as_(engineer).get(interface.get_absolute_url(), {"gb": "2000"}))
    assert "$41.90" in page
    assert "$96.00" in page


def test_what_nat_takes_is_not_read_as_a_difference(interface: Any, engineer: User, as_: SignIn) -> None:
    url = interface.get_absolute_url()
    page = text_of(as_(engineer).get(url))
    assert '$4.80<span class="text-body-secondary">, which is less' in page
    page = text_of(as_(engineer).get(url, {"gb": "2000"}))
    assert '$96.00<span class="text-body-secondary">, which is $54.10 more' in page


def test_an_endpoint_that_aws_no_longer_has_costs_nothing(interface: Any, engineer: User, as_: SignIn) -> None:
    make.missing(interface)
    client = as_(engineer)
    assert "$22.90" not in text_of(client.get(interface.get_absolute_url()))
    (row,) = csv.DictReader(io.StringIO(client.get("/endpoints/?export=csv").content.decode()))
    assert (row["status"], row["monthly_hours_usd"]) == ("missing", "0.00")


def test_a_volume_that_is_none_is_told(interface: Any, engineer: User, as_: SignIn) -> None:
    page = text_of(as_(engineer).get(interface.get_absolute_url(), {"gb": "lots"}))
    assert "Write the volume as a number of GB" in page


def test_a_gateway_is_free_on_its_requests_page(account: Account, engineer: User, as_: SignIn) -> None:
    request = make.submitted(account, engineer)
    page = text_of(as_(engineer).get(request.get_absolute_url()))
    assert "<strong>free</strong>" in page
    assert "$4.80" in page


def test_a_modification_shows_what_it_adds_and_a_deletion_what_it_ends(
    interface: Any, engineer: User, approver: User, as_: SignIn
) -> None:
    subnets = interface.desired_spec().subnet_ids[:1]
    changed = make.modification(interface, engineer, subnet_ids=subnets)
    page = text_of(as_(engineer).get(changed.get_absolute_url()))
    assert "$22.90 → $8.30" in page
    assert "−$14.60" in page
    make.requests.withdraw(request=changed, by=make.person(engineer), now=make.timezone.now())
    page = text_of(as_(engineer).get(make.deletion(interface, engineer).get_absolute_url()))
    assert "ends $22.90" in page


def test_a_change_of_policy_has_no_cost(interface: Any, engineer: User, as_: SignIn) -> None:
    request = make.policy_change(interface, engineer, make.READ_ONLY)
    assert 'id="cost"' not in text_of(as_(engineer).get(request.get_absolute_url()))


def test_the_form_follows_its_choices_without_a_query(
    account: Account, engineer: User, as_: SignIn, django_assert_num_queries: Any
) -> None:
    client = as_(engineer)
    asked = {
        "region": "us-east-1",
        "vpc_endpoint_type": "Interface",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "gb": "1000",
    }
    with django_assert_num_queries(4):  # the session, the person and their roles
        page = text_of(client.get(reverse("request_new_cost"), asked))
    assert "$24.60" in page
    assert "assumed" not in page
    asked["vpc_endpoint_type"] = "Gateway"
    assert "free" in text_of(client.get(reverse("request_new_cost"), asked))
    asked["gb"] = "-5"
    assert "Write the volume" in text_of(client.get(reverse("request_new_cost"), asked))
    assert "Choose a service" in text_of(client.get(reverse("request_new_cost"), {"region": "x"}))


def test_the_form_estimates_its_defaults_and_the_review_keeps_the_volume(
    account: Account, engineer: User, as_: SignIn
) -> None:
    spec = make.interface_spec(account)
    linked = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
    page = text_of(as_(engineer).get(reverse("request_new"), linked))
    assert "$22.90" in page
    form = {
        **linked,
        "vpc_endpoint_type": "Interface",
        "subnet_ids": list(spec.subnet_ids),
        "security_group_ids": list(spec.security_group_ids),
        "access": "full",
        "title": "Secrets",
        "justification": "Because.",
        "owner_team": engineer.teams.get().pk,
        "gb": "2000",
        "action": "review",
    }
    page = text_of(as_(engineer).post(reverse("request_new"), form))
    assert "Nothing is submitted yet" in page or "nothing is submitted yet" in page
    assert "$41.90" in page
    assert 'name="gb" value="2000"' in page


def test_totals_are_by_team_and_by_account_and_only_of_what_one_sees(
    interface: Any, account: Account, engineer: User, approver: User, outsider: User, as_: SignIn
) -> None:
    make.available(make.approved(make.submitted(account, engineer), approver))  # a gateway
    page = text_of(as_(engineer).get(TOTALS))
    assert "Payments" in page
    assert "$22.90" in page
    assert "$9.60" in page  # both endpoints' data by NAT
    page = text_of(as_(engineer).get(TOTALS, {"by": "account", "gb": "0"}))
    assert account.account_id in page
    assert "$21.90" in page
    page = text_of(as_(outsider).get(TOTALS))
    assert "Payments" not in page
    assert "Nothing costs anything yet" in page


def test_totals_count_what_nobody_asked_for_and_their_file_has_every_part(
    interface: Any, account: Account, as_: SignIn
) -> None:
    operator = make.make_person("operator", Role.OPERATOR)
    found = make.unmanaged(account)
    rows = table(as_(operator), gb="100")
    assert {row["team"] for row in rows} == {"Payments", "Unmanaged"}
    mine = next(row for row in rows if row["team"] == "Payments")
    assert (mine["type"], mine["interfaces"], mine["hours_usd"]) == ("Interface", "3", "21.90")
    assert mine["prices_assumed"] == "yes"
    assert sum(int(row["endpoints"]) for row in rows) == 2
    assert next(row for row in rows if row["team"] == "Unmanaged")["type"] == found.vpc_endpoint_type


def test_totals_apply_tiers_to_a_whole_region(account: Account, engineer: User, approver: User, as_: SignIn) -> None:
    specs = [make.interface_spec(account), make.interface_spec(account, private_dns_enabled=False)]
    for number, spec in enumerate(specs):
        make.available(make.approved(make.submitted(account, engineer, spec, title=f"No {number}"), approver))
    rows = table(as_(engineer), gb="1048576")
    assert Decimal(rows[0]["data_usd"]) == Decimal("16777.22")  # 1 PB at 0.01 and 1 PB at 0.006


def test_deleted_and_unmade_endpoints_cost_nothing(account: Account, engineer: User, as_: SignIn) -> None:
    make.submitted(account, engineer, make.interface_spec(account))
    assert table(as_(engineer)) == []


def test_totals_ask_as_often_for_many_groups(
    interface: Any, account: Account, engineer: User, approver: User, as_: SignIn, django_assert_max_num_queries: Any
) -> None:
    other = make.make_account("other")
    second = make.make_approver(other, "second")
    make.available(make.approved(make.submitted(other, engineer), second))
    client = as_(make.make_person("auditor", Role.AUDITOR))
    with django_assert_max_num_queries(9):
        client.get(TOTALS)


def test_an_operators_prices_are_used(
    interface: Any, engineer: User, as_: SignIn, settings: Any, tmp_path: Path
) -> None:
    found = json.loads(cost.PRICES.read_text())
    found["regions"]["eu-west-1"] = {**found["regions"]["us-east-1"], "interface_hour": "0.02"}
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(found))
    settings.PORTAL_PRICES = str(path)
    page = text_of(as_(engineer).get(interface.get_absolute_url()))
    assert "$44.80" in page
    assert "assumed" not in page


def test_prices_that_cant_be_read_stop_the_start(settings: Any) -> None:
    settings.PORTAL_PRICES = "/nowhere/prices.json"
    assert [item.id for item in run_checks() if item.id == "endpoints.E004"]


def test_the_list_of_endpoints_as_a_file_holds_no_formula(
    account: Account, engineer: User, approver: User, as_: SignIn
) -> None:
    hostile = '=HYPERLINK("http://evil.example","x")'
    request = make.submitted(account, engineer, make.interface_spec(account, name=hostile))
    make.available(make.approved(request, approver))
    response = as_(engineer).get(reverse("endpoint_list"), {"export": "csv"})
    (row,) = csv.DictReader(io.StringIO(response.content.decode()))
    assert row["name"] == f"'{hostile}"
    assert row["monthly_hours_usd"] == "21.90"
    assert list(csv.DictReader(io.StringIO(as_(engineer).get("/endpoints/?export=csv&q=zzz").content.decode()))) == []
