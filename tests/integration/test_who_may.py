"""Who may: every route of the URL map, for every kind of person, on their own and on foreign objects, by every method.

The table below is written by hand and knows nothing of `endpoints/permissions.py`. A new route fails here until it
has a row; a route without declared rules fails unless it is listed, with a reason, as somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

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

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

CAST = (
    "anonymous",
    "nobody",  # signed in, without a role
    "owner",  # the engineer who asked
    "teammate",
    "outsider",  # an engineer of another team, who asked for the foreign objects
    "approver",  # of the account of the owner's objects
    "elsewhere",  # approver of the account of the foreign objects
    "operator",
    "auditor",
    "administrator",
    "superuser",  # without a role
)

OUTCOMES = {
    "s": "asked to sign in",
    "d": "denied",
    "h": "told there is no such thing",
    "m": "told there is no such method",
    "P": "let pass",
}

# One letter per member of the cast, in its order:
#                 anonymous nobody owner teammate outsider approver elsewhere operator auditor administrator superuser
EVERYBODY = "         P      P      P      P        P        P         P        P       P          P            P"
NO_METHOD = "         m      m      m      m        m        m         m        m       m          m            m"
NOWHERE = "           h      h      h      h        h        h         h        h       h          h            h"
SIGNED_IN = "         s      P      P      P        P        P         P        P       P          P            P"
NO_ROLE_OR_NOWHERE = "s      d      h      h        h        h         h        h       h          h            d"
NOT_THERE = "         s      h      h      h        h        h         h        h       h          h            h"
WITH_A_ROLE = "       s      d      P      P        P        P         P        P       P          P            d"
SEES_OWN = "          s      d      P      P        h        P         h        P       P          P            d"
SEES_FOREIGN = "      s      d      h      h        P        h         P        P       P          P            d"


@dataclass(frozen=True)
class Row:
    """What a route answers. `about` names the object whose id stands in the address.

    `own` holds for the owner's object, or for a route without one; `foreign` for the outsider's. Methods that aren't
    named are refused to everybody; HEAD goes as GET. `form` is what POST sends.
    """

    own: Mapping[str, str]
    foreign: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)

    def letters(self, relation: str, method: str) -> list[str]:
        """Return the expected letters, in the order of the cast."""
        cells: Mapping[str, str] = getattr(self, relation)
        return cells.get("GET" if method == "HEAD" else method, NO_METHOD).split()


def reads(own: str, foreign: str = "", about: str = "", **arguments: Any) -> Row:
    """Return the row of a route that is only read."""
    return Row({"GET": own}, {"GET": foreign} if foreign else {}, about, arguments)


# Who may send a form is let pass, whatever the service then says of what stands in it.
ENGINEERS = "         s      d      P      P        P        d         d        d       d          d            d"
OWN_ENGINEERS = "     s      d      P      P        h        d         d        d       d          d            d"
FOREIGN_ENGINEERS = " s      d      h      h        P        d         d        d       d          d            d"
THE_REQUESTER = "     s      d      P      d        h        d         d        d       d          d            d"
ANOTHER_REQUESTER = " s      d      h      h        P        d         d        d       d          d            d"
RETRY_OWN = "         s      d      P      d        h        d         d        P       d          P            d"
RETRY_FOREIGN = "     s      d      h      h        P        d         d        P       d          P            d"
APPROVERS = "         s      d      d      d        d        P         P        d       d          d            d"
OWN_APPROVERS = "     s      d      d      d        d        P         h        d       d          d            d"
FOREIGN_APPROVERS = " s      d      d      d        d        h         P        d       d          d            d"
OPERATORS = "         s      d      d      d        d        d         d        P       d          P            d"

ACCOUNT_READERS = "   s      d      d      d        d        P         P        P       P          P            d"
OWN_ACCOUNT = "       s      d      d      d        d        P         h        P       P          P            d"
FOREIGN_ACCOUNT = "   s      d      d      d        d        h         P        P       P          P            d"
ADMINISTRATORS = "    s      d      d      d        d        d         d        d       d          P            d"
REFRESH_OWN = "       s      d      h      h        h        P         h        P       d          P            d"
REFRESH_FOREIGN = "   s      d      h      h        h        h         P        P       d          P            d"
AUDITORS = "          s      d      d      d        d        d         d        P       P          P            d"

# Engineers see what nobody asked for in every account; approvers see their own account's.
UNMANAGED_OWN = "     s      d      P      P        P        P         h        P       P          P            d"
UNMANAGED_FOREIGN = " s      d      P      P        P        h         P        P       P          P            d"

# Everybody asks with a bundle; its team's engineers edit it.
TEAM_ENGINEERS = "    s      d      P      P        d        d         d        d       d          d            d"
OTHER_ENGINEERS = "   s      d      d      d        P        d         d        d       d          d            d"

REASON = {"reason": "Because."}
SEEN = {"version": "1"}

ADDS_OWN = "          s      d      P      P        h        P         h        P       d          P            d"
ADDS_FOREIGN = "      s      d      h      h        P        h         P        P       d          P            d"
UPLOADER = "          s      d      P      d        h        d         h        P       d          P            d"
ANOTHER_UPLOADER = "  s      d      h      h        P        h         d        P       d          P            d"

API = {
    **dict.fromkeys(["api_requests", "api_requests_slash", "api_endpoints", "api_endpoints_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_unmanaged_endpoints", "api_unmanaged_endpoints_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_request", "api_request_slash"], reads(SEES_OWN, SEES_FOREIGN, "request")),
    **dict.fromkeys(
        ["api_endpoint", "api_endpoint_slash", "api_policy_revisions", "api_policy_revisions_slash"],
        reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    ),
    **dict.fromkeys(["api_account", "api_account_slash"], reads(OWN_ACCOUNT, FOREIGN_ACCOUNT, "account")),
    **dict.fromkeys(["api_operations", "api_operations_slash"], reads(AUDITORS)),
    **dict.fromkeys(["api_reachability", "api_reachability_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_services", "api_services_slash", "api_vpcs", "api_vpcs_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_coverage", "api_coverage_slash"], reads(UNMANAGED_OWN, UNMANAGED_FOREIGN, "vpc")),
    **dict.fromkeys(["api_plan", "api_plan_slash"], Row({"POST": ENGINEERS})),
    **dict.fromkeys(["api_operation", "api_operation_slash"], reads(AUDITORS, AUDITORS, "operation")),
    **dict.fromkeys(["api_simulations", "api_simulations_slash"], Row({"POST": SIGNED_IN})),
    "api_schema": reads(SIGNED_IN),
    "api_docs": reads(SIGNED_IN),
    "api_unknown": Row(dict.fromkeys(METHODS, NOWHERE), arguments={"rest": "v1/nothing"}),
}
REQUESTS = {
    "request_list": reads(WITH_A_ROLE),
    "request_new": Row({"GET": ENGINEERS, "POST": ENGINEERS}),
    "request_new_fields": reads(ENGINEERS),
    "request_new_cost": reads(ENGINEERS),
    "request_several": Row({"GET": ENGINEERS, "POST": ENGINEERS}),
    "request_several_live": Row({"POST": ENGINEERS}),
    "request_detail": reads(SEES_OWN, SEES_FOREIGN, "request"),
    "request_live": reads(SEES_OWN, SEES_FOREIGN, "request"),
    "request_edit": Row(
        {"GET": THE_REQUESTER, "POST": THE_REQUESTER}, {"GET": ANOTHER_REQUESTER, "POST": ANOTHER_REQUESTER}, "request"
    ),
    "request_withdraw": Row({"POST": THE_REQUESTER}, {"POST": ANOTHER_REQUESTER}, "request"),
    "request_retry": Row({"POST": RETRY_OWN}, {"POST": RETRY_FOREIGN}, "request"),
    "request_review": Row({"POST": OWN_APPROVERS}, {"POST": FOREIGN_APPROVERS}, "request"),
    "request_reach": reads(SEES_OWN, SEES_FOREIGN, "request"),
    "approval_queue": reads(APPROVERS),
}
ENDPOINTS = {
    "endpoint_list": reads(WITH_A_ROLE),
    "endpoint_detail": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "endpoint_live": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "endpoint_reach": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "policy_revision": reads(SEES_OWN, SEES_FOREIGN, "endpoint", number=1),
    **{
        name: Row(
            {"GET": OWN_ENGINEERS, "POST": OWN_ENGINEERS},
            {"GET": FOREIGN_ENGINEERS, "POST": FOREIGN_ENGINEERS},
            "endpoint",
            arguments,
            REASON,
        )
        for name, arguments in [
            ("endpoint_delete", {}),
            ("endpoint_modify", {}),
            ("endpoint_replace", {}),
            ("endpoint_policy_new", {}),
            ("endpoint_restore", {}),
            ("endpoint_accept", {}),
            ("endpoint_recreate", {}),
            ("policy_rollback", {"number": 1}),
        ]
    },
    "endpoint_use": Row({"GET": SEES_OWN, "POST": ADDS_OWN}, {"GET": SEES_FOREIGN, "POST": ADDS_FOREIGN}, "endpoint"),
    "endpoint_use_live": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "use_remove": Row({"POST": UPLOADER}, {"POST": ANOTHER_UPLOADER}, "use"),
    # The change asks for no other policy, so there is nothing to say of it to anybody.
    "request_use": reads(NO_ROLE_OR_NOWHERE, NO_ROLE_OR_NOWHERE, "request", change=1),
    "endpoint_unmanaged": reads(WITH_A_ROLE),
    # No team owns what nobody asked for: every engineer may ask to adopt it, in the name of their team.
    "endpoint_adopt": Row({"GET": ENGINEERS, "POST": ENGINEERS}, {"GET": ENGINEERS, "POST": ENGINEERS}, "unmanaged"),
    "policy_check": Row({"POST": ENGINEERS}, form={"policy_document": "{}"}),
    "policy_rules": reads(WITH_A_ROLE),
}
SIMULATOR = {
    "simulator": Row({"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "simulator_actions": reads(SIGNED_IN),
    # Whoever has the link may read the question: an id that nobody guesses, and nothing of AWS in it.
    "simulation": reads(NOT_THERE, pk="7d2c5f3e-9a41-4a53-8f0e-0c1b7a6d9e12"),
}
ACCOUNTS = {
    "aws_account_list": reads(ACCOUNT_READERS),
    "aws_account_new": Row({"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}),
    "aws_account_detail": reads(OWN_ACCOUNT, FOREIGN_ACCOUNT, "account"),
    "aws_account_live": reads(OWN_ACCOUNT, FOREIGN_ACCOUNT, "account"),
    "aws_account_refresh": Row({"POST": REFRESH_OWN}, {"POST": REFRESH_FOREIGN}, "account", form={"region": "x"}),
    "aws_account_check": Row({"POST": OPERATORS}, {"POST": OPERATORS}, "account"),
    "aws_account_protect": Row(
        {"POST": ADMINISTRATORS}, {"POST": ADMINISTRATORS}, "account", form={"protected": "yes"}
    ),
    "aws_account_external_id": Row(
        {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}, {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}, "account"
    ),
}
WORK = {
    "operation_list": reads(AUDITORS),
    "operation_detail": reads(AUDITORS, AUDITORS, "operation"),
    "operation_live": reads(AUDITORS, AUDITORS, "operation"),
    **{
        name: Row({"POST": OPERATORS}, {"POST": OPERATORS}, "operation", form={**SEEN, **REASON})
        for name in ("operation_retry", "operation_park", "operation_resume")
    },
}
NETWORK = {
    "endpoint_export": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "unmanaged_export": reads(UNMANAGED_OWN, UNMANAGED_FOREIGN, "unmanaged"),
    "service_list": reads(WITH_A_ROLE),
    "coverage": reads(WITH_A_ROLE),
    "bundle_list": reads(WITH_A_ROLE),
    "bundle_new": Row({"GET": ENGINEERS, "POST": ENGINEERS}),
    "bundle_edit": Row(
        {"GET": TEAM_ENGINEERS, "POST": TEAM_ENGINEERS}, {"GET": OTHER_ENGINEERS, "POST": OTHER_ENGINEERS}, "bundle"
    ),
    "bundle_remove": Row({"POST": TEAM_ENGINEERS}, {"POST": OTHER_ENGINEERS}, "bundle"),
    "cost_totals": reads(WITH_A_ROLE),
    "permissions": reads(WITH_A_ROLE),
}
REST = {
    "home": reads(SIGNED_IN),
    "search": reads(WITH_A_ROLE),
    "network_reachability": reads(WITH_A_ROLE),
    "event_list": reads(WITH_A_ROLE),
    "token_list": Row({"GET": WITH_A_ROLE, "POST": WITH_A_ROLE}, form={"name": "laptop"}),
}
TABLE: dict[str, Row] = {**API, **REQUESTS, **ENDPOINTS, **NETWORK, **SIMULATOR, **ACCOUNTS, **WORK, **REST}

# Routes of others, which carry no rules of ours, by the beginning of their address.
NOT_OURS = {
    "accounts/": "allauth's: sign-in and one's own password; sign-up is closed (portal/accounts.py)",
    "admin/": "Django's: open to staff; what they see and do follows their roles (tests/integration/admin)",
}
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
                found = outcome(_ask(client, method, address, row))
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


def _ask(client: Client, method: str, address: str, row: Row) -> Any:
    """Ask, and undo whatever it did, so that the next of the cast meets the same objects."""
    with transaction.atomic():
        response = client.generic(method, address) if method != "POST" else client.post(address, dict(row.form))
        transaction.set_rollback(True)
    return response


def _filled(address: str, values: Mapping[str, Any]) -> str:
    path = "/" + address
    for name, value in values.items():
        for spelling in (f"<path:{name}>", f"<int:{name}>", f"<{name}>", f"(?P<{name}>endpoints|knox)"):
            path = path.replace(spelling, str(value))
    return path.replace("(?P<url>.*)$", "x").replace("^", "").replace("$", "").replace("\\", "")
