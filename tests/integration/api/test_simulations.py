"""The simulator for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken

from tests.integration.api.conftest import World
from tests.integration.api.test_http import problem_of
from tests.integration.browsers import browser

URL = "/api/v1/simulations"
REQUEST = {"principal": "arn:aws:iam::111122223333:role/a", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
ALLOW = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}}


def ask(client: Client, question: Any) -> Any:
    body = question if isinstance(question, (str, bytes)) else json.dumps(question)
    return client.post(URL, body, content_type="application/json")


def test_it_answers_as_the_command_line_does(engineer: Client) -> None:
    answer = ask(engineer, {"request": REQUEST, "endpoint_policies": [ALLOW], "identity_policies": []}).json()
    assert answer["decision"] == "implicit_deny"
    assert answer["decided_by"]["policy"] == "identity"
    assert [step["policy"] for step in answer["steps"]] == ["endpoint"]


def test_an_endpoints_policy_in_force_is_asked(world: World, engineer: Client) -> None:
    _, endpoint = world.available()
    answer = ask(engineer, {"request": REQUEST, "endpoint": endpoint.pk})
    assert answer.json()["decision"] == "allowed"
    problem_of(ask(browser(world.outsider), {"request": REQUEST, "endpoint": endpoint.pk}), 404)


def test_a_token_may_ask_and_a_page_elsewhere_may_not(world: World) -> None:
    _, token = AuthToken.objects.create(world.engineer)
    strict = browser(strict=True)
    headers = {"Authorization": f"Token {token}"}
    body = json.dumps({"request": REQUEST, "endpoint_policies": [ALLOW]})
    assert strict.post(URL, body, content_type="application/json", headers=headers).status_code == 200
    problem_of(browser(world.engineer, strict=True).post(URL, body, content_type="application/json"), 403)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[1]", "no JSON object"),
        (b'{"request": "\xff"}', "UTF-8"),
        ({"request": {}}, "principal"),
        ({"request": REQUEST, "endpoint_policy": ALLOW}, "endpoint_policies"),
        ({"request": REQUEST, "endpoint": "12"}, "a number"),
        ({"request": REQUEST, "identity_policies": [{}] * 600, "session_policies": [{}] * 401}, "more than 1,000"),
        ({"request": REQUEST, "service_control_policies": [[]] * 1001}, "more than 1,000"),
        ({"request": REQUEST, "endpoint": 1, "endpoint_policies": []}, "not both"),
        ('{"request": {}, "request": {}}', "Column"),
    ],
)
def test_what_is_no_question_is_told(engineer: Client, body: Any, words: str) -> None:
    assert words in problem_of(ask(engineer, body), 400)["detail"]


def test_other_forms_and_sizes_are_refused(engineer: Client) -> None:
    problem_of(engineer.post(URL, {"request": "x"}), 415)
    problem_of(ask(engineer, '{"x": "' + "a" * 1_100_000 + '"}'), 413)
