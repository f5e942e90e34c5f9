"""What holds for every JSON route: sign-in, methods, problems, ETags, the schema and its page."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from html import unescape
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from knox.models import AuthToken

from endpoints.api import views
from endpoints.api.docs import description, marked
from endpoints.domain.specs import EndpointSpec
from endpoints.models import InventoryItem, Operation, Role, User
from endpoints.services import leases
from tests import factories as make
from tests.integration.api.conftest import World
from tests.integration.browsers import browser

LIST = "/api/v1/requests"


def problem_of(response: Any, status: int) -> dict[str, Any]:
    """Return a response's problem, having checked its form by RFC 9457."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(response.content)
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return body


class TestSignIn:
    """A session or a token."""

    def test_nobody_is_told_how_to_sign_in(self, client: Client, db: None) -> None:
        response = client.get(LIST)
        told = problem_of(response, 401)
        assert told["instance"] == LIST
        assert "Send an API token as “Authorization: Token …”" in told["detail"]
        assert response["WWW-Authenticate"] == "Token"

    def test_a_token_opens_what_its_owner_may_see(self, world: World, client: Client) -> None:
        asked = world.submitted()
        _, token = AuthToken.objects.create(world.engineer)
        response = client.get(LIST, headers={"Authorization": f"Token {token}"})
        assert [item["id"] for item in response.json()["results"]] == [asked.pk]

    @pytest.mark.parametrize("token", ["", "wrong", "a b", "caf\xe9", "\xff\xfe", "nul\x00", "x" * 5000])
    def test_a_wrong_token_is_refused(self, token: str, client: Client, db: None) -> None:
        response = client.get(LIST, HTTP_AUTHORIZATION=f"Token {token}")
        assert "Make another on the page “API tokens”" in problem_of(response, 401)["detail"]
        assert response["WWW-Authenticate"] == "Token"

    def test_the_token_of_somebody_who_left_is_refused(self, world: World, client: Client) -> None:
        _, token = AuthToken.objects.create(world.engineer)
        User.objects.filter(pk=world.engineer.pk).update(is_active=False)
        problem_of(client.get(LIST, headers={"Authorization": f"Token {token}"}), 401)

    def test_who_has_no_role_yet_is_told_whom_to_ask(self, world: World) -> None:
        response = browser(make.make_person("nobody")).get(LIST)
        assert "Ask an administrator" in problem_of(response, 403)["detail"]

    def test_a_session_that_writes_needs_no_answer_but_405(self, world: World) -> None:
        strict = browser(world.engineer, strict=True)
        problem_of(strict.post(LIST, {}, content_type="application/json"), 405)


class TestProblems:
    """Errors are problem+json, whatever happened."""

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
    def test_other_methods_are_refused_and_the_allowed_named(self, method: str, engineer: Client) -> None:
        response = getattr(engineer, method)(LIST)
        assert problem_of(response, 405)["detail"] == f"{method.upper()} isn't taken here. Use GET or HEAD."
        assert response["Allow"] == "GET, HEAD"

    @pytest.mark.parametrize(
        "path",
        [
            *("/api/v1/requests/abc", "/api/v1/", "/api/v2/requests", "/api/nothing", "/api/x/"),
            *("/api/", "/api/v1/requests/1%0A", "/api/v1/%0Ax/"),
        ],
    )
    @pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
    def test_an_unknown_path_is_not_found(self, path: str, method: str, client: Client, db: None) -> None:
        problem_of(getattr(client, method)(path), 404)

    @pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 19, "9" * 400])
    def test_a_number_of_any_size_is_not_found(self, number: str, engineer: Client) -> None:
        for path in (f"{LIST}/{number}", f"/api/v1/endpoints/{number}", f"/api/v1/endpoints/{number}/policy-revisions"):
            problem_of(engineer.get(path), 404)

    def test_a_form_that_nobody_offers_is_not_acceptable(self, engineer: Client) -> None:
        told = problem_of(engineer.get(LIST, headers={"Accept": "text/csv"}), 406)
        assert told["detail"] == "This isn't offered in the form that you accept. Send “Accept: application/json”."

    def test_a_browser_gets_json(self, engineer: Client) -> None:
        response = engineer.get(LIST, headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"})
        assert response["Content-Type"] == "application/json"

    @pytest.mark.parametrize(
        "path",
        [
            *(LIST, f"{LIST}/1", "/api/v1/services", "/api/v1/vpcs/1/coverage", "/api/v1/reachability"),
            *("/api/v1/operations", "/api/v1/accounts/1", "/api/schema/"),
        ],
    )
    def test_more_parameters_than_are_read_are_refused(self, path: str, engineer: Client, client: Client) -> None:
        for asker in (engineer, client):  # they are counted before anybody is asked who they are
            found = problem_of(asker.get(f"{path}?{'&' * 1200}"), 400)
            assert found["detail"] == "There are too many query parameters. Send at most 1,000."

    def test_a_crash_is_logged_and_tells_no_details(
        self, engineer: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def crash(*args: object) -> None:
            raise RuntimeError("the secret of the house")

        monkeypatch.setattr(views.etags, "request_versions", crash)
        response = engineer.get(LIST)
        assert "secret" not in json.dumps(problem_of(response, 500))
        assert "the secret of the house" in caplog.text


class TestConditional:
    """ETag, 304 and HEAD."""

    def paths(self, world: World) -> list[str]:
        """Return one address of each kind, with something behind it."""
        asked, endpoint = world.available()
        one = f"/api/v1/endpoints/{endpoint.pk}"
        return [LIST, f"{LIST}/{asked.pk}", "/api/v1/endpoints", one, f"{one}/policy-revisions"]

    def test_the_same_again_is_304_and_head_is_get_without_a_body(self, world: World, engineer: Client) -> None:
        for path in self.paths(world):
            response = engineer.get(path)
            tag = response["ETag"]
            assert tag.startswith('"'), "a strong tag"
            assert response["Cache-Control"] == "private, no-cache"
            again = engineer.get(path, headers={"If-None-Match": tag})
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
            head = engineer.head(path)
            assert (head.status_code, head.content, head["ETag"]) == (200, b"", tag)
            assert engineer.get(path, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_whatever_changes_the_body_changes_the_tag(self, world: World, engineer: Client) -> None:
        asked = world.submitted()
        paths = [LIST, f"{LIST}/{asked.pk}"]

        def read() -> list[tuple[str, bytes]]:
            responses = [engineer.get(path) for path in paths]
            return [(response["ETag"], response.content) for response in responses]

        def attempt() -> None:
            leases.claim(Operation.objects.get(request=asked).pk, owner="a test")

        def rename(row: Any, **fields: str) -> Any:
            return lambda: type(row).objects.filter(pk=row.pk).update(**fields)

        steps = [
            rename(world.account, name="renamed"),
            rename(world.engineer.teams.get(), name="Renamed"),
            rename(world.engineer, first_name="Renamed"),
            lambda: make.approved(asked, world.approver),
            rename(world.approver, last_name="Renamed"),
            attempt,
        ]
        before = read()
        for step in steps:
            step()
            after = read()
            for (old_tag, old_body), (new_tag, new_body) in zip(before, after, strict=True):
                assert old_body != new_body, step
                assert old_tag != new_tag, step
            before = after

    def test_an_endpoints_tag_changes_with_what_aws_says(self, world: World, engineer: Client) -> None:
        asked = make.approved(world.submitted(), world.approver)
        (shown,) = engineer.get("/api/v1/endpoints").json()["results"]
        before = engineer.get(shown["url"])
        make.available(asked)
        after = engineer.get(shown["url"], headers={"If-None-Match": before["ETag"]})
        assert after.status_code == 200
        assert after.json()["status"] == "available"

    def test_a_304_reads_only_version_numbers(
        self, world: World, engineer: Client, django_assert_num_queries: Any
    ) -> None:
        world.available()
        tag = engineer.get(LIST)["ETag"]
        with django_assert_num_queries(6):  # session, person, roles, teams, sees all?, versions
            engineer.get(LIST, headers={"If-None-Match": tag})

    def test_an_if_match_that_does_not_hold_is_a_problem(self, world: World, engineer: Client) -> None:
        problem_of(engineer.get(LIST, headers={"If-Match": '"other"'}), 412)


class TestSchema:
    """OpenAPI, and the page that shows it."""

    def test_it_is_valid_and_without_a_warning(self) -> None:
        out, err = StringIO(), StringIO()
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=out, stderr=err)
        paths = yaml.safe_load(out.getvalue())["paths"]
        assert sorted(paths) == [
            "/api/v1/accounts/{id}",
            "/api/v1/endpoints",
            "/api/v1/endpoints/{id}",
            "/api/v1/endpoints/{id}/policy-revisions",
            "/api/v1/operations",
            "/api/v1/operations/{id}",
            "/api/v1/plan",
            "/api/v1/reachability",
            "/api/v1/requests",
            "/api/v1/requests/{id}",
            "/api/v1/services",
            "/api/v1/simulations",
            "/api/v1/unmanaged-endpoints",
            "/api/v1/vpcs",
            "/api/v1/vpcs/{id}/coverage",
        ]

    def test_it_names_every_filter(self, engineer: Client) -> None:
        accept = {"Accept": "application/vnd.oai.openapi+json"}
        schema = engineer.get("/api/schema/", headers=accept).json()
        named = {item["name"] for item in schema["paths"]["/api/v1/requests"]["get"]["parameters"]}
        assert named == {
            *("status", "account", "region", "vpc_id", "service_name", "owner_team", "requester"),
            *("created_after", "created_before", "cursor", "page_size"),
        }

    def test_it_tells_the_form_of_problems(self, engineer: Client) -> None:
        accept = {"Accept": "application/vnd.oai.openapi+json"}
        responses = engineer.get("/api/schema/", headers=accept).json()["paths"]["/api/v1/requests"]["get"]["responses"]
        assert [list(responses[code]["content"]) for code in ("400", "401", "403", "404")] == [
            ["application/problem+json"]
        ] * 4

    def test_what_is_posted_may_be_too_large_or_no_json(self, engineer: Client) -> None:
        accept = {"Accept": "application/vnd.oai.openapi+json"}
        paths = engineer.get("/api/schema/", headers=accept).json()["paths"]
        for path in ("/api/v1/plan", "/api/v1/simulations"):
            assert {"400", "413", "415"} <= set(paths[path]["post"]["responses"])

    @pytest.mark.parametrize("query", ["version=a%0ab", "version=nul%00", "lang=nul%00"])
    def test_what_its_address_adds_changes_nothing(self, query: str, engineer: Client) -> None:
        response = engineer.get(f"/api/schema/?{query}")
        assert response.content == engineer.get("/api/schema/").content
        assert response["Content-Disposition"] == 'inline; filename="Endpoint Portal.yaml"'

    def test_every_field_that_is_shown_is_described(self, world: World, engineer: Client) -> None:
        asked, endpoint = world.available()
        accept = {"Accept": "application/vnd.oai.openapi+json"}
        schemas = engineer.get("/api/schema/", headers=accept).json()["components"]["schemas"]
        one = f"/api/v1/endpoints/{endpoint.pk}"
        for name, shown in [
            ("Request", engineer.get(f"{LIST}/{asked.pk}").json()),
            ("Endpoint", engineer.get(one).json()),
            ("PolicyRevision", engineer.get(f"{one}/policy-revisions").json()["results"][0]),
            ("Spec", engineer.get(one).json()["desired"]),
        ]:
            described = set(schemas[name]["properties"])
            assert set(schemas[name]["required"]) <= set(shown) <= described, name
            # A spec leaves out what wasn't asked for; the others show every field.
            assert described == ({item.name for item in fields(EndpointSpec)} if name == "Spec" else set(shown)), name

    def test_strangers_see_neither(self, client: Client, db: None) -> None:
        problem_of(client.get("/api/schema/"), 401)
        assert client.get("/api/docs/").status_code == 302

    def test_the_page_says_of_each_path_what_the_schema_says(self, engineer: Client) -> None:
        accept = {"Accept": "application/vnd.oai.openapi+json"}
        schema = engineer.get("/api/schema/", headers=accept).json()
        text = " ".join(unescape(engineer.get("/api/docs/").content.decode()).split())
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                assert f'{method.upper()}</span> <span class="mono">{path}<' in text
                assert f'id="{operation["operationId"]}"' in text
                for parameter in operation.get("parameters", ()):
                    assert f'class="mono">{parameter["name"]}</th><td>{parameter["in"]}' in text
        for name in schema["components"]["schemas"]:
            assert f'id="{name}"' in text
        for target in re.findall(r'href="#([^"]+)"', text):
            assert f'id="{target}"' in text, target

    def test_every_parameter_has_a_meaning(self) -> None:
        for operation in description().operations:
            for item in operation.parameters:
                assert item.meaning or item.choices, f"{operation.path}: {item.name}"

    def test_the_commands_of_the_page_work(self, world: World) -> None:
        asked, endpoint = world.available()
        operator = browser(make.make_person("operator", Role.OPERATOR))
        for operation in description().operations:
            kind = operation.path.split("/")[3].split("?")[0]
            vpc = InventoryItem.objects.get(account=world.account, kind="vpc")
            known = {"endpoints": endpoint, "accounts": world.account, "vpcs": vpc}.get(kind, asked)
            path = operation.example.replace("/12", f"/{known.pk}")
            path = re.sub(r"/[0-9a-f-]{36}", f"/{asked.operations.get().pk}", path)
            if kind == "reachability":
                for name, value in (("vpc", "main"), ("subnet", "private-a")):
                    path = path.replace(
                        f"{name}-0123456789abcdef0", make.aws_id(name, world.account, "eu-west-1", value)
                    )
                path = path.replace("123456789012", world.account.account_id)
            if kind == "plan":
                body = {**json.loads(operation.body), "account": world.account.account_id}
                answer = browser(world.engineer).post(path, body, content_type="application/json")
            elif operation.method == "POST":
                answer = operator.post(path, operation.body, content_type="application/json")
            else:
                answer = operator.get(path)
            assert answer.status_code == 200, path

    def test_code_in_a_text_is_marked_and_the_rest_is_escaped(self) -> None:
        assert marked("A `<b>` & `me`.") == "A <code>&lt;b&gt;</code> &amp; <code>me</code>."
        assert marked("") == ""

    def test_the_page_holds_nothing_that_the_content_security_policy_refuses(self, engineer: Client) -> None:
        text = engineer.get("/api/docs/").content.decode()
        assert "<style" not in text
        assert "style=" not in text
        assert text.count("<script") == text.count("<script src=")
