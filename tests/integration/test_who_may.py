"""Who may: every route of the URL map, for every kind of person, on their own and on foreign objects, by every method.

The table stands in `who_may_table.py`. A new route fails here until it has a row; a route without declared rules fails
unless it is listed, with a reason, as somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.template.backends.django import Template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from endpoints.models import (
    Account,
    Bundle,
    Endpoint,
    EndpointRequest,
    InventoryItem,
    Operation,
    Role,
    UnmanagedEndpoint,
    User,
    UseRecord,
)
from endpoints.network.bundles import Member
from endpoints.services import bundles, use
from endpoints.services.actors import person
from tests import factories as make
from tests.integration.browsers import browser
from tests.integration.who_may_table import CAST, METHODS, OUTCOMES, TABLE, Row

# Routes of others, which carry no rules of ours, by the beginning of their address.
NOT_OURS = {
    "accounts/": "allauth's: sign-in and one's own password, nothing else (portal/urls.py)",
    "admin/": "Django's: open to staff; what they see and do follows their roles (tests/integration/admin)",
}
REFUSALS = {"403.html", "404.html", "405.html"}
READ_BY_ALL_METHODS = {"api_unknown"}  # answers 404 to whatever is asked, so its rule for GET doesn't matter


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Return every route of the site with its address's pattern."""
    for item in (resolver or get_resolver()).url_patterns:
        address = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from routes(item, address)
        else:
            yield address, item


OURS = {item.name or address: item for address, item in routes() if not address.startswith(tuple(NOT_OURS))}


Thing = EndpointRequest | Endpoint | Account | Operation | UnmanagedEndpoint | UseRecord | InventoryItem | Bundle


@dataclass
class Stage:
    """The cast, and the objects that they meet."""

    people: dict[str, User]
    objects: dict[tuple[str, str], Thing]
    sessions: dict[str, str]

    def address(self, name: str, row: Row, relation: str) -> str:
        """Return the address of a route for an object of this relation."""
        arguments = dict(row.arguments)
        if row.about:
            arguments["pk"] = self.objects[row.about, relation].pk
        return reverse(name, kwargs=arguments)

    def client(self, who: str) -> Client:
        """Return a new browser of a member of the cast, who has signed in once for all."""
        client = browser()
        if who in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    """Return people of every kind, and a request and an endpoint of two teams in two accounts.

    It is set once for all routes, since `_ask` undoes whatever a request did to it; making it takes longer than the
    requests of a route. The transaction around it takes it away again.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield _set()
        transaction.set_rollback(True)


def _set() -> Stage:
    here, there = make.make_account("here"), make.make_account("there")
    payments, search = make.make_team("Payments"), make.make_team("Search")
    people = {
        "nobody": make.make_person("nobody"),
        "owner": make.make_engineer("owner", team=payments),
        "teammate": make.make_engineer("teammate", team=payments),
        "outsider": make.make_engineer("outsider", team=search),
        "approver": make.make_approver(here, "approver"),
        "elsewhere": make.make_approver(there, "elsewhere"),
        "operator": make.make_person("operator", Role.OPERATOR),
        "auditor": make.make_person("auditor", Role.AUDITOR),
        "administrator": make.make_person("administrator", Role.ADMINISTRATOR),
        "superuser": User.objects.create_superuser("superuser", password=make.PASSWORD),
    }
    objects: dict[tuple[str, str], Thing] = {}
    for relation, account, asks, decides in [
        ("own", here, "owner", "approver"),
        ("foreign", there, "outsider", "elsewhere"),
    ]:
        objects["account", relation] = account
        done = make.approved(make.submitted(account, people[asks]), people[decides])
        endpoint = objects["endpoint", relation] = make.available(done)[0]
        objects["unmanaged", relation] = make.unmanaged(account)
        objects["vpc", relation] = InventoryItem.objects.get(account=account, kind="vpc")
        objects["bundle", relation] = bundles.make(
            name=f"Of {asks}",
            purpose="",
            members=[Member("s3", "Gateway")],
            owner_team=people[asks].teams.get(),
            by=person(people[asks]),
            now=timezone.now(),
        )
        objects["use", relation] = use.add(
            endpoint=endpoint,
            name="events.json",
            data=b"[]",
            organization="",
            by=person(people[asks]),
            now=timezone.now(),
        )
        objects["operation", relation] = Operation.objects.get(request=done)
        objects["request", relation] = make.submitted(account, people[asks], make.interface_spec(account))
    people = {name: User.objects.get(pk=user.pk) for name, user in people.items()}
    sessions = {name: browser(user).cookies[settings.SESSION_COOKIE_NAME].value for name, user in people.items()}
    return Stage(people, objects, sessions)


@pytest.fixture(scope="module", autouse=True)
def refusals() -> Iterator[None]:
    """Render each page that refuses once for each person: for each address it would be a third of these tests' work.

    What such a page says is tested in `pages/`; here it must be shown to everybody, and its status counts.
    """
    render, rendered = Template.render, dict[tuple[str, int | None], SafeString]()

    def once(template: Template, context: Any = None, request: Any = None) -> SafeString:
        name = str(template.template.name)
        if name not in REFUSALS:
            return render(template, context, request)
        key = name, request.user.pk
        if key not in rendered:
            rendered[key] = render(template, context, request)
        return rendered[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", once)
        yield


def outcome(response: Any) -> str:
    """Return what a response says, as a letter of the table."""
    known = {401: "s", 403: "d", 404: "h", 405: "m"}
    if response.status_code in known:
        return known[response.status_code]
    if response.status_code == 302 and response["Location"].startswith("/accounts/login/"):
        return "s"
    return "P" if response.status_code < 500 else f"broken ({response.status_code})"


def test_every_route_declares_who_may_use_it_or_is_somebody_elses() -> None:
    bare = [
        address
        for address, item in routes()
        if not hasattr(item.callback, "rules") and not address.startswith(tuple(NOT_OURS))
    ]
    assert bare == [], "write these routes with endpoints.routing.page or .api"


def test_every_exception_is_still_needed() -> None:
    addresses = [address for address, _ in routes()]
    assert all(any(address.startswith(prefix) for address in addresses) for prefix in NOT_OURS)


def test_every_route_has_a_name_of_its_own() -> None:
    names = [item.name for address, item in routes() if not address.startswith(tuple(NOT_OURS))]
    assert all(names)
    assert len(set(names)) == len(names)


def test_every_row_has_a_route_and_every_letter_a_meaning() -> None:
    assert set(TABLE) <= set(OURS), "rows without a route"
    for name, row in TABLE.items():
        for cells in (row.own, row.foreign):
            for method, letters in cells.items():
                assert len(letters.split()) == len(CAST), (name, method)
                assert set(letters.split()) <= set(OUTCOMES), (name, method)
        assert bool(row.about) == bool(row.foreign), f"{name}: an object has an owner and a stranger"


@pytest.mark.django_db
@pytest.mark.parametrize("name", OURS)
def test_a_route_answers_as_the_table_says(name: str, stage: Stage) -> None:
    assert name in TABLE, f"the route {name} has no row in the table: say who may use it"
    row = TABLE[name]
    if name not in READ_BY_ALL_METHODS:
        declared = set(OURS[name].callback.rules)  # type: ignore[attr-defined]
        assert declared == {*row.own, *(["HEAD"] if "GET" in row.own else [])}, "declared methods"
        assert OURS[name].callback.rules.get("HEAD") is OURS[name].callback.rules.get("GET")  # type: ignore[attr-defined]
    asked_by_head = set()
    for who in CAST:
        client = stage.client(who)
        for relation in ("own", "foreign") if row.about else ("own",):
            address = stage.address(name, row, relation)
            for method in METHODS:
                expected = row.letters(relation, method)[CAST.index(who)]
                if method == "HEAD":  # by the rule of GET, so one person of each outcome shows that it is asked
                    if (relation, expected) in asked_by_head:
                        continue
                    asked_by_head.add((relation, expected))
                found = outcome(_ask(client, method, address, row, undo=expected == "P"))
                said = OUTCOMES.get(found, found)
                assert found == expected, f"{who} {method} {address} ({relation}): {said}, not {OUTCOMES[expected]}"


@pytest.mark.django_db
def test_the_admin_is_closed_to_who_is_not_staff(stage: Stage) -> None:
    """Nobody of the cast but the superuser is staff; each admin route but the login leads the others there."""
    values = {"object_id": "1", "id": "1", "app_label": "endpoints", "content_type_id": 1, "url": "x"}
    clients = [stage.client(who) for who in ("anonymous", "nobody", "approver", "administrator")]
    walked = 0
    for address, item in routes():
        if not address.startswith("admin/") or item.name in ("login", "logout"):
            continue
        wanted = item.pattern.regex.groupindex
        path = _filled(address, {name: values[name] for name in wanted})
        for client in clients:
            response = client.get(path)
            assert response.status_code == 302, path
            assert response["Location"].startswith("/admin/login/"), path
        walked += 1
    assert walked > 50, "every registered model has several routes"


def _ask(client: Client, method: str, address: str, row: Row, *, undo: bool) -> Any:
    """Ask, and `undo` whatever it did: the next of the cast meets the same objects. Who is refused does nothing."""
    with transaction.atomic() if undo else nullcontext():
        response = client.generic(method, address) if method != "POST" else client.post(address, dict(row.form))
        if undo:
            transaction.set_rollback(True)
    return response


def _filled(address: str, values: Mapping[str, Any]) -> str:
    path = "/" + address
    for name, value in values.items():
        for spelling in (f"<path:{name}>", f"<int:{name}>", f"<{name}>", f"(?P<{name}>endpoints|knox)"):
            path = path.replace(spelling, str(value))
    return path.replace("(?P<url>.*)$", "x").replace("^", "").replace("$", "").replace("\\", "")
