"""The simulator: what it answers, what it says of bad input, and the link to a question."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, Endpoint, SavedSimulation, User
from endpoints.services import simulations
from endpoints.templatetags.portal import simulator_url
from tests import factories
from tests.integration.browsers import browser

READ_OURS = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Ours",
      "Effect": "Allow",
      "Principal": "*",
      "Action": "s3:GetObject",
      "Resource": "*",
      "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    },
    {"Sid": "NoLogs", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"}
  ]
}"""
ROLE = "arn:aws:iam::111122223333:role/app"
OBJECT = "arn:aws:s3:::bucket/key"


def asked(**fields: Any) -> dict[str, Any]:
    """Return what the form sends."""
    return {
        "policy_from": "text",
        "endpoint_policy": READ_OURS,
        "principal": ROLE,
        "action": "s3:GetObject",
        "resource": OBJECT,
    } | fields


@pytest.fixture
def engineer(account: Account) -> User:
    return factories.make_engineer()


@pytest.fixture
def client(engineer: User) -> Client:
    return browser(engineer)


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Endpoint:
    spec = factories.interface_spec(account, policy_document=READ_OURS)
    made = factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
    return made[0]


def answered(client: Client, **fields: Any) -> Any:
    """Ask, follow to the question's own page, and return its context."""
    response = client.post(reverse("simulator"), asked(**fields), follow=True)
    assert response.status_code == 200, response.context["form"].errors
    return response


class TestAnswers:
    """The verdict, and why."""

    def test_it_says_which_statement_failed_where(self, client: Client) -> None:
        page = answered(client)
        answer = page.context["answer"]
        assert answer.title == "Not allowed by anything"
        ours, logs = answer.policies[0].statements
        assert ours.why == "Condition: StringEquals on aws:PrincipalOrgID: the request has no such key."
        assert ours.lines == "Lines 4–11"
        assert logs.why.startswith("Resource: arn:aws:s3:::bucket/key")
        assert logs.lines == "Line 12"

    def test_keys_let_it_through_and_the_statement_is_marked(self, client: Client) -> None:
        page = answered(client, context_key=["aws:principalorgid", ""], context_value=["o-a1b2c3d4e5", ""])
        answer = page.context["answer"]
        assert answer.title == "Allowed"
        assert [line.number for line in answer.policies[0].lines if line.decides] == list(range(4, 12))
        assert "grants nothing" in answer.policies[0].note
        assert "No identity policy given" in answer.left_out[0]
        assert 'class="text-line decides"' in page.content.decode()

    def test_a_deny_is_named_and_every_kind_takes_part(self, client: Client) -> None:
        allow = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
        page = answered(
            client,
            resource="arn:aws:s3:::logs/today",
            identity=f"[{allow}, {allow}]",
            resource_policy=READ_OURS,
            permissions_boundary=allow,
            session=allow,
            service_control=f"[[{allow}], [{allow}, {allow}]]",
            resource_control=allow,
        )
        answer = page.context["answer"]
        assert answer.title == "Denied explicitly"
        assert answer.left_out == ()
        (decides,) = [policy for policy in answer.policies if policy.decides]
        assert decides.title == "Endpoint policy"
        titles = [policy.title for policy in answer.policies]
        assert {"Identity policy 1", "Identity policy 2"} < set(titles)
        assert {"Service control policy, level 1", "Service control policy, level 2, policy 1"} < set(titles)
        # The form holds it all once more, and asking it again is the same question.
        again = page.context["form"]
        assert again["service_control"].value().startswith("[\n[")
        sent = {name: again[name].value() or "" for name in again.fields}
        assert client.post(reverse("simulator"), sent)["Location"].startswith(page.request["PATH_INFO"])

    def test_the_policy_in_force_at_an_endpoint_is_filled_in(self, client: Client, endpoint: Endpoint) -> None:
        page = answered(client, policy_from="endpoint", endpoint=endpoint.vpc_endpoint_id, endpoint_policy="")
        assert page.context["about"].endpoint == endpoint
        assert page.context["about"].revision == 1
        assert page.context["form"]["policy_from"].value() == "endpoint"
        assert "aws:PrincipalOrgID" in page.content.decode()

    def test_a_policy_on_one_line_is_laid_out(self, client: Client) -> None:
        page = answered(client, endpoint_policy=READ_OURS.replace("\n", " "))
        assert len(page.context["answer"].policies[0].lines) > 10


class TestAddresses:
    """A question in the address, or behind a link."""

    def test_an_address_asks_and_keeps_nothing(self, client: Client, endpoint: Endpoint) -> None:
        query = {"endpoint": str(endpoint.pk), "principal": ROLE, "action": "s3:GetObject", "resource": OBJECT}
        query |= {"context_key": "aws:PrincipalOrgID", "context_value": "o-a1b2c3d4e5"}
        page = client.get(reverse("simulator"), query)
        assert page.context["answer"].title == "Allowed"
        assert not SavedSimulation.objects.exists()

    def test_an_address_may_fill_in_a_part(self, client: Client, endpoint: Endpoint) -> None:
        page = client.get(reverse("simulator"), {"endpoint": str(endpoint.pk), "action": "s3:GetObject"})
        assert page.context["answer"] is None
        assert page.context["form"]["policy_from"].value() == "endpoint"
        assert "secretsmanager:GetSecretValue" in page.context["actions"]

    def test_what_one_may_not_see_is_not_there(self, endpoint: Endpoint, outsider: User) -> None:
        stranger = browser(outsider)
        assert stranger.get(reverse("simulator"), {"endpoint": str(endpoint.pk)}).status_code == 404
        page = stranger.post(reverse("simulator"), asked(policy_from="endpoint", endpoint=endpoint.vpc_endpoint_id))
        assert page.status_code == 422
        assert "no such endpoint" in page.content.decode()

    def test_a_link_shows_the_question_to_others_but_not_where_it_is_from(
        self, client: Client, endpoint: Endpoint, outsider: User
    ) -> None:
        page = answered(client, policy_from="endpoint", endpoint=str(endpoint.pk))
        other = browser(outsider).get(page.request["PATH_INFO"])
        assert other.status_code == 200
        assert other.context["answer"] == page.context["answer"]
        assert other.context["about"].endpoint is None
        assert other.context["form"]["policy_from"].value() == "text"

    def test_a_proposed_policy_can_be_asked_about(self, client: Client, account: Account, engineer: User) -> None:
        spec = factories.interface_spec(account, policy_document=READ_OURS)
        waiting = factories.submitted(account, engineer, spec)
        page = answered(client, policy_from="request", request=waiting.reference, endpoint_policy="")
        assert page.context["about"].request == waiting
        assert page.context["form"]["policy_from"].value() == "request"


class TestKeeping:
    """A question is kept once, for a while, and not without end."""

    def test_the_same_question_has_one_link(self, client: Client, engineer: User) -> None:
        first = client.post(reverse("simulator"), asked())["Location"]
        assert client.post(reverse("simulator"), asked())["Location"] == first
        assert SavedSimulation.objects.get().author == engineer

    def test_who_keeps_too_many_gets_answers_without_links(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(simulations, "PER_HOUR", 1)
        client.post(reverse("simulator"), asked())
        page = client.post(reverse("simulator"), asked(action="s3:PutObject"))
        assert page.status_code == 200
        assert page.context["answer"].title == "Not allowed by anything"
        assert "gets no link" in page.content.decode()
        assert SavedSimulation.objects.count() == 1

    def test_what_nobody_opens_goes(self, client: Client) -> None:
        now = timezone.now()
        kept, gone = (client.post(reverse("simulator"), asked(action=f"s3:{name}"))["Location"] for name in "ab")
        SavedSimulation.objects.update(opened_at=now - timedelta(days=80))
        client.get(kept)
        assert simulations.forget(now=now + timedelta(days=20)) == 1
        assert client.get(kept).status_code == 200
        assert client.get(gone).status_code == 404


BAD = [
    ({"action": "s3:*"}, "action", "no wildcards"),
    ({"action": "GetObject"}, "action", "Write one action"),
    ({"principal": ""}, "principal", "required"),
    ({"resource_account": "12"}, "resource_account", "twelve digits"),
    ({"endpoint_policy": ""}, "endpoint_policy", "Write a policy"),
    ({"endpoint_policy": '{"a": 1, "a": 2}'}, "endpoint_policy", "Line 1, column 10"),
    ({"endpoint_policy": "[{}, 1]"}, "endpoint_policy", "policy 2: "),
    ({"identity": "nonsense"}, "identity", "Line 1"),
    ({"resource_policy": "[{}, {}]"}, "resource_policy", "one policy"),
    ({"service_control": "[[{}], {}]"}, "service_control", "no list"),
    ({"service_control": f"[{'[],' * 7} []]"}, "service_control", "8 levels are too many"),
    ({"policy_from": "none", "identity": ""}, "policy_from", "nothing to ask"),
    ({"policy_from": "request", "request": "REQ-999"}, "request", "no such request"),
    ({"context_key": ["", "a"], "context_value": ["lost", "b"]}, "__all__", "Name the key"),
    ({"context_key": "aws:x", "context_value": "v" * 2049}, "__all__", "at most 200 characters"),
    ({"endpoint": "vpce-\x00", "policy_from": "endpoint"}, "endpoint", "Null"),
    ({"principal": "a\x00b"}, "principal", "Null"),
]


@pytest.mark.parametrize(("fields", "field", "words"), BAD)
def test_bad_input_is_told_by_its_field_and_nothing_is_lost(
    client: Client, fields: dict[str, Any], field: str, words: str
) -> None:
    page = client.post(reverse("simulator"), asked(**{"identity": "{}", **fields}))
    assert page.status_code == 422
    assert words in str(page.context["form"].errors[field])
    text = page.content.decode()
    assert "data-error-summary" in text
    for value in ("context_value", "resource"):
        typed = fields.get(value, OBJECT if value == "resource" else [])
        assert all(part in text for part in ([typed] if isinstance(typed, str) else typed))


@pytest.mark.parametrize("query", [{"endpoint": "vpce-\x00"}, {"endpoint": "vpce-x"}, {"request": "REQ-\x00"}])
def test_an_address_that_names_nothing_is_not_there(client: Client, query: dict[str, str]) -> None:
    assert client.get(reverse("simulator"), query).status_code == 404


def test_actions_are_offered_as_one_types(client: Client) -> None:
    page = client.get(reverse("simulator_actions"), {"action": "S3:getobj"}).content.decode()
    assert 'value="s3:GetObject"' in page
    assert "PutObject" not in page
    assert 'value="dynamodb:"' in client.get(reverse("simulator_actions"), {"action": "dyn"}).content.decode()
    assert client.get(reverse("simulator_actions"), {"action": "nothing:x"}).content == b"\n"


def test_an_address_of_the_simulator_stays_short_enough_for_servers() -> None:
    witness = {"principal": "*", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": None}
    whole = simulator_url({**witness, "context": {"aws:a": ["1", "2"], "b": "c"}}, request=7)
    query = parse_qs(urlsplit(whole).query)
    assert query["request"] == ["7"]
    assert query["context_key"] == ["aws:a", "aws:a", "b"]
    assert query["context_value"] == ["1", "2", "c"]
    assert "resource_account" not in query
    assert "context_key" not in simulator_url({**witness, "context": {"a": "x" * 4000}}, request=7)
    assert simulator_url({**witness, "resource": "x" * 4000}, endpoint=1, revision=2).endswith("?endpoint=1&revision=2")
