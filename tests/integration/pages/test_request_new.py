"""Asking for an endpoint: the form, what it offers, its review step, its submission, and what it turns away."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone

from endpoints.models import Account, EndpointRequest, User
from endpoints.services import reviews
from endpoints.services.actors import person
from tests import factories
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.forms import POLICY, URL, filled_in, gateway


def test_it_opens_with_the_accounts_and_the_first_ones_services(as_: SignIn, account: Account, engineer: User) -> None:
    page = as_(engineer).get(URL).content.decode()
    assert account.account_id in page
    assert f"com.amazonaws.{factories.REGION}.s3" in page
    assert "Update choices" in page  # for browsers without JavaScript


def test_only_engineers_may_ask(as_: SignIn, account: Account, auditor: User) -> None:
    assert as_(auditor).get(URL).status_code == 403
    assert as_(auditor).post(URL, {}).status_code == 403


def test_an_interface_endpoint_is_asked_for_in_two_steps(as_: SignIn, account: Account, engineer: User) -> None:
    client, data = as_(engineer), filled_in(account, engineer)
    review = client.post(URL, {**data, "action": "review"})
    page = review.content.decode()
    assert review.status_code == 200
    assert EndpointRequest.objects.count() == 0
    for value in (
        "Secrets for batch",
        "private-a",
        "https",
        "Will switch private DNS on",
        "The batch jobs",
        "Payments",
    ):
        assert value in page, value
    submitted = client.post(URL, {**data, "action": "submit"})
    made = EndpointRequest.objects.get()
    assert submitted.status_code == 302
    assert submitted["Location"] == made.get_absolute_url()
    assert made.changes.get().desired() == factories.interface_spec(account)


def test_the_review_page_carries_everything_the_form_held(as_: SignIn, account: Account, engineer: User) -> None:
    client = as_(engineer)
    data = filled_in(account, engineer, access="custom", policy_document=POLICY, name="secrets")
    page = client.post(URL, {**data, "action": "review"}).content.decode()
    carried: dict[str, list[str]] = {}
    for tag in re.findall(r"<input type=\"hidden\"[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        carried.setdefault(name[1] if name else "", []).append(
            value[1].replace("&quot;", '"').replace("&#x27;", "'") if value else ""
        )
    carried.pop("csrfmiddlewaretoken")
    client.post(URL, {**carried, "action": "submit"})
    change = EndpointRequest.objects.get().changes.get()
    assert change.desired() == factories.interface_spec(account, policy_document=POLICY, name="secrets")


def test_a_gateway_endpoint_shows_its_route_tables_and_its_plan(as_: SignIn, account: Account, engineer: User) -> None:
    page = as_(engineer).post(URL, {**gateway(account, engineer), "action": "review"}).content.decode()
    assert "Will add a route" in page
    assert "connections" in page


def test_what_belongs_to_the_other_type_is_left_out(as_: SignIn, account: Account, engineer: User) -> None:
    stale = list(factories.interface_spec(account).subnet_ids)
    data = gateway(account, engineer) | {"subnet_ids": stale, "action": "submit"}
    assert as_(engineer).post(URL, data).status_code == 302
    assert EndpointRequest.objects.get().changes.get().desired() == factories.gateway_spec(account)


def test_a_double_submit_makes_one_request(as_: SignIn, account: Account, engineer: User) -> None:
    client, data = as_(engineer), {**filled_in(account, engineer), "action": "submit"}
    first, second = client.post(URL, data), client.post(URL, data)
    assert first["Location"] == second["Location"]
    assert EndpointRequest.objects.count() == 1


def test_going_back_from_the_review_loses_nothing(as_: SignIn, account: Account, engineer: User) -> None:
    data = filled_in(account, engineer, access="custom", policy_document=POLICY, action="edit", title="Kept & safe")
    response = as_(engineer).post(URL, data)
    page = response.content.decode()
    assert response.status_code == 200
    assert 'value="Kept &amp; safe"' in page
    assert "s3:GetObject" in page
    assert "The batch jobs read secrets." in page
    assert data["submission_key"] in page
    spec = factories.interface_spec(account)
    for item in (*spec.subnet_ids, *spec.security_group_ids):
        assert re.search(rf'value="{item}"[^>]*checked', page)


def test_update_choices_keeps_what_fits_and_shows_no_errors(as_: SignIn, account: Account, engineer: User) -> None:
    data = filled_in(account, engineer, vpc_id="", title="Typed", action="update")
    response = as_(engineer).post(URL, data)
    assert response.status_code == 200
    assert 'value="Typed"' in response.content.decode()
    assert "data-error-summary" not in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "Title"),
        ({"title": "x" * 121}, "120"),
        ({"title": "nul\x00"}, "Remove the control character U+0000."),
        ({"title": "two\nlines"}, "Write it in one line."),
        ({"title": "paid\u202etpecca"}, "Remove the character U+202E"),
        ({"title": "\u200b"}, "Nothing of it can be seen."),
        ({"justification": "\u3164"}, "Nothing of it can be seen."),
        ({"justification": "bell\x07"}, "Remove the control character U+0007."),
        ({"justification": ""}, "Justification"),
        ({"justification": "x" * 4001}, "4000"),
        ({"vpc_id": "vpc-00000000"}, "isn&#x27;t in the list"),
        ({"vpc_id": ""}, "Choose a VPC."),
        ({"service_name": "com.amazonaws.eu-west-1.nothing"}, "isn&#x27;t in the list"),
        ({"vpc_endpoint_type": "GatewayLoadBalancer"}, "isn&#x27;t offered as"),
        ({"vpc_endpoint_type": "Gateway"}, "isn&#x27;t offered as"),
        ({"subnet_ids": ["subnet-00000000"]}, "doesn&#x27;t belong to this VPC"),
        ({"subnet_ids": ["\x00"]}, "doesn&#x27;t belong to this VPC"),
        ({"security_group_ids": ["sg-00000000"]}, "doesn&#x27;t belong to this VPC"),
        ({"account": "999999"}, "isn&#x27;t in the list"),
        ({"account": "x\x00"}, "isn&#x27;t in the list"),
        ({"region": "mars-north-1"}, "isn&#x27;t in the list"),
        ({"owner_team": "999999"}, "a team that you belong to"),
        ({"owner_team": "x"}, "a team that you belong to"),
        ({"access": "custom", "policy_document": ""}, "Write a policy"),
        ({"access": "custom", "policy_document": "{"}, "Line 1"),
        ({"access": "custom", "policy_document": "[" * 20000}, "Endpoint policy"),
        ({"access": "custom", "policy_document": "x" * 300_000}, "200000"),
        ({"access": "half"}, "half"),
        ({"name": "x" * 200}, "120"),
    ],
)
@pytest.mark.parametrize("action", ["review", "submit"])
def test_what_cannot_be_is_told_beside_its_field_and_kept(
    as_: SignIn, account: Account, engineer: User, changes: dict[str, Any], said: str, action: str
) -> None:
    response = as_(engineer).post(URL, {**filled_in(account, engineer, **changes), "action": action})
    page = response.content.decode()
    assert response.status_code == 422
    assert "data-error-summary" in page
    assert said in page
    if "title" not in changes:
        assert 'value="Secrets for batch"' in page
    assert EndpointRequest.objects.count() == 0


def test_each_problem_leads_to_a_field_that_is_there(as_: SignIn, account: Account, engineer: User) -> None:
    page = as_(engineer).post(URL, {"account": account.pk, "region": factories.REGION}).content.decode()
    links = re.findall(r'<li><a href="#([^"]+)"', page)
    assert {"id_vpc_id", "id_service_name", "id_title"} <= set(links)
    assert [link for link in links if f'id="{link}"' not in page] == []


def test_another_vpcs_subnet_is_turned_away(as_: SignIn, account: Account, engineer: User) -> None:
    other = factories.make_account("other")
    foreign = factories.interface_spec(other).subnet_ids
    response = as_(engineer).post(URL, filled_in(account, engineer, subnet_ids=list(foreign)))
    assert response.status_code == 422
    assert foreign[0] in response.content.decode()


def test_a_team_of_others_is_turned_away(as_: SignIn, account: Account, engineer: User, outsider: User) -> None:
    data = filled_in(account, engineer, owner_team=outsider.teams.get().pk, action="submit")
    assert as_(engineer).post(URL, data).status_code == 422
    assert EndpointRequest.objects.count() == 0


def test_two_subnets_of_one_zone_are_refused_beside_the_subnets(as_: SignIn, account: Account, engineer: User) -> None:
    both = [factories.aws_id("subnet", account, factories.REGION, name) for name in ("private-a", "other-a")]
    response = as_(engineer).post(URL, filled_in(account, engineer, subnet_ids=both))
    assert response.status_code == 422
    assert "Keep one subnet per zone." in response.content.decode()


def test_a_post_of_5_mb_is_refused_in_words(as_: SignIn, account: Account, engineer: User) -> None:
    response = as_(engineer).post(URL, filled_in(account, engineer, policy_document="x" * 5_000_000))
    assert 400 <= response.status_code < 500
    assert "<h1" in response.content.decode()


def test_a_key_that_somebody_else_used_is_a_conflict(
    as_: SignIn, account: Account, engineer: User, teammate: User
) -> None:
    data = {**filled_in(account, engineer), "action": "submit"}
    as_(engineer).post(URL, data)
    response = as_(teammate).post(URL, data)
    assert response.status_code == 409
    assert "used already" in response.content.decode()


def test_a_policy_is_kept_as_typed(as_: SignIn, account: Account, engineer: User) -> None:
    typed = POLICY.replace(", ", ",\r\n   ")
    data = filled_in(account, engineer, access="custom", policy_document=typed, action="submit")
    as_(engineer).post(URL, data)
    assert EndpointRequest.objects.get().changes.get().spec["policy_document"] == typed.replace("\r\n", "\n")


class TestLike:
    """Asking again for what was refused or taken back."""

    @pytest.fixture
    def refused(self, account: Account, engineer: User, approver: User) -> EndpointRequest:
        spec = factories.interface_spec(account, name="batch", policy_document=POLICY)
        asked = factories.submitted(account, engineer, spec, title="Secrets for batch")
        by, now = person(approver), timezone.now()
        reviews.reject(request=asked, content_hash=asked.content_hash, comment="Narrow it.", by=by, now=now)
        return asked

    def test_the_form_starts_with_what_was_asked_for(
        self, as_: SignIn, refused: EndpointRequest, engineer: User
    ) -> None:
        client = as_(engineer)
        address = f"{URL}?like={refused.pk}"
        assert address in client.get(refused.get_absolute_url()).content.decode()
        form = client.get(address).context["form"]
        values = {name: form[name].value() for name in form.fields}
        assert (values["title"], values["name"], values["access"]) == ("Secrets for batch", "batch", "custom")
        assert values["policy_document"] == POLICY
        assert values["subnet_ids"] == list(refused.changes.get().desired().subnet_ids)

    def test_it_becomes_a_request_of_its_own(self, as_: SignIn, refused: EndpointRequest, engineer: User) -> None:
        data = filled_in(refused.account, engineer, action="submit")
        assert as_(engineer).post(f"{URL}?like={refused.pk}", data).status_code == 302
        assert EndpointRequest.objects.count() == 2

    def test_whoever_reads_it_only_is_not_offered_it(
        self, as_: SignIn, refused: EndpointRequest, approver: User
    ) -> None:
        assert "Ask again" not in as_(approver).get(refused.get_absolute_url()).content.decode()

    def test_others_and_what_is_under_way_are_not_started_from(
        self, as_: SignIn, account: Account, refused: EndpointRequest, engineer: User
    ) -> None:
        waiting = factories.submitted(account, engineer)
        stranger = factories.make_engineer("stranger", team=factories.make_team("Another"))
        assert "Ask again" not in as_(engineer).get(waiting.get_absolute_url()).content.decode()
        for user, number in ((engineer, waiting.pk), (stranger, refused.pk), (engineer, "x"), (engineer, "9" * 30)):
            assert as_(user).get(f"{URL}?like={number}").status_code == 404
