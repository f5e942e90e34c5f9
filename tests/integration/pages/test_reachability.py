"""Reachability's pages: the answer, its cure as a filled form, who reaches an endpoint, before and after."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from endpoints.models import Account, InventoryItem, User
from tests import factories
from tests.factories import REGION, aws_id
from tests.integration import network
from tests.integration.network import S3, SECRETS
from tests.integration.pages.conftest import SignIn

URL = "/network/reachability/"


def query(account: Account, **more: str) -> dict[str, str]:
    return {"account": str(account.pk), "region": REGION, "vpc_id": network.vpc_of(account), **more}


def text(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


@pytest.fixture
def client_id(account: Account) -> str:
    """Return the interface of a client in the completed VPC."""
    return network.complete(account)


def test_it_asks_for_a_vpc_first_and_then_offers_what_stands_in_it(
    as_: SignIn, account: Account, engineer: User, client_id: str
) -> None:
    first = text(as_(engineer).get(URL))
    assert "Go on" in first
    assert 'name="source"' not in first
    second = text(as_(engineer).get(URL, query(account)))
    assert 'name="source"' in second
    assert aws_id("subnet", account, REGION, "private-a") in second
    assert aws_id("i", account, REGION, "client") in second


def test_a_broken_hop_offers_the_request_that_cures_it(
    as_: SignIn, account: Account, engineer: User, client_id: str
) -> None:
    page = as_(engineer).get(URL, query(account, source=client_id, service_name=SECRETS))
    shown = text(page)
    assert "Doesn't reach it" in shown
    assert "has no route to" in shown
    link = next(part for part in shown.split('"') if part.startswith(reverse("request_new") + "?account="))
    fields = parse_qs(urlsplit(link).query)
    assert fields["service_name"] == [SECRETS]
    form = text(as_(engineer).get(link))
    assert f'value="{SECRETS}" selected' in form
    assert f'value="{network.vpc_of(account)}" selected' in form


def test_a_good_way_is_told_with_its_picture_and_table(
    as_: SignIn,
    account: Account,
    engineer: User,
    approver: User,
    client_id: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    (endpoint,) = network.available(account, engineer, approver, factories.interface_spec(account))
    browser = as_(engineer)
    with django_assert_max_num_queries(12):  # session, person and roles included
        page = browser.get(URL, query(account, source=client_id, service_name=SECRETS))
    shown = text(page)
    assert "Reaches it privately" in shown
    assert str(endpoint.vpc_endpoint_id) in shown
    assert "10.0.0.200 secretsmanager" in shown
    assert '<svg viewBox="' in shown
    assert 'role="img"' in shown
    assert "Traffic starts here" in shown
    assert "style=" not in shown[shown.index("<svg viewBox") : shown.index("</figure>")]


def test_an_endpoint_that_misses_a_table_leads_to_its_form_with_the_table_ticked(
    as_: SignIn, account: Account, engineer: User, approver: User, client_id: str
) -> None:
    network.available(account, engineer, approver, factories.gateway_spec(account))
    main = aws_id("rtb", account, REGION, "public")
    shown = text(as_(engineer).get(URL, query(account, source=client_id, service_name=S3)))
    link = next(part for part in shown.split('"') if "/modify/?" in part)
    assert main in parse_qs(urlsplit(link).query)["route_table_ids"]
    form = text(as_(engineer).get(link))
    ticked = [part for part in form.split("<input") if main in part and "checked" in part]
    assert ticked


def test_who_may_not_change_the_endpoint_is_not_led_to_its_form(
    as_: SignIn, account: Account, engineer: User, outsider: User, approver: User, client_id: str
) -> None:
    network.available(account, engineer, approver, factories.gateway_spec(account))
    asked = query(account, source=client_id, service_name=S3)
    assert "/modify/" not in text(as_(outsider).get(URL, asked))
    assert "isn't an endpoint that you manage here" in text(as_(outsider).get(URL, asked))


def test_the_policy_is_asked_when_a_call_is_named(
    as_: SignIn, account: Account, engineer: User, approver: User, client_id: str
) -> None:
    reads = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
        '"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}'
    )
    network.available(account, engineer, approver, factories.interface_spec(account, policy_document=reads))
    asked = query(account, source=client_id, service_name=SECRETS)
    allowed = text(as_(engineer).get(URL, asked | {"action": "secretsmanager:GetSecretValue"}))
    assert "Reaches it privately" in allowed
    denied = text(as_(engineer).get(URL, asked | {"action": "secretsmanager:DeleteSecret"}))
    assert "has no statement that allows secretsmanager:DeleteSecret" in denied
    assert "/policy/" in denied


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, "decides by aws:PrincipalOrgID"),
        ({"StringEquals": {"aws:SourceVpc": "vpc-here"}}, "Reaches it privately"),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-here"}}, "has no statement that allows"),
        ({"Bool": {"aws:SecureTransport": "true", "aws:ViaAWSService": "false"}}, "Reaches it privately"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "has no statement that allows"),
    ],
)
def test_a_policy_that_decides_by_what_nobody_said_is_not_told_to_deny(
    as_: SignIn,
    account: Account,
    engineer: User,
    approver: User,
    client_id: str,
    condition: dict[str, Any],
    said: str,
) -> None:
    vpc_id = network.vpc_of(account)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace("vpc-here", vpc_id)
    (endpoint,) = network.available(account, engineer, approver, factories.interface_spec(account))
    row = InventoryItem.objects.get(aws_id=str(endpoint.vpc_endpoint_id))
    InventoryItem.objects.filter(pk=row.pk).update(data={**row.data, "policy_document": document})
    call = {"action": "secretsmanager:GetSecretValue", "principal": "arn:aws:iam::111122223333:role/app"}
    asked = query(account, source=client_id, service_name=SECRETS) | call
    assert said in text(as_(engineer).get(URL, asked))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"source": "i-0123456789abcdef0"}, "doesn't have it"),
        ({"source": "subnet-\x00"}, "Null characters"),
        ({"source": "x", "group": "sg-00000000"}, "isn't a security group of this VPC"),
        ({"source": "x", "service_name": "nothing"}, "Choose a service of the list"),
        ({"source": "x", "action": "GetObject"}, "Write service:Action"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(
    as_: SignIn, account: Account, engineer: User, client_id: str, more: dict[str, str], words: str
) -> None:
    page = as_(engineer).get(URL, query(account, service_name=S3) | more)
    assert page.status_code == 422
    assert words in text(page)


def test_names_from_aws_are_escaped_in_the_picture(
    as_: SignIn, account: Account, engineer: User, client_id: str
) -> None:
    InventoryItem.objects.filter(account=account, kind="subnet").update(name='"><script>alert(1)</script>')
    page = as_(engineer).get(URL, query(account, source=client_id, service_name=SECRETS))
    assert b"<script>alert" not in page.content


def test_an_endpoint_says_who_reaches_it(
    as_: SignIn, account: Account, engineer: User, approver: User, client_id: str
) -> None:
    (endpoint,) = network.available(account, engineer, approver, factories.gateway_spec(account))
    page = text(as_(engineer).get(endpoint.get_absolute_url()))
    assert reverse("endpoint_reach", args=[endpoint.pk]) in page
    shown = text(as_(engineer).get(reverse("endpoint_reach", args=[endpoint.pk])))
    assert "4 subnets" in shown
    assert "0 of 1" in shown
    assert "/modify/?route_table_ids=" in shown
    InventoryItem.objects.filter(account=account, kind="vpc_endpoint").delete()
    assert "Not read yet" in text(as_(engineer).get(reverse("endpoint_reach", args=[endpoint.pk])))


def test_a_request_compares_before_and_after(
    as_: SignIn, account: Account, engineer: User, approver: User, client_id: str
) -> None:
    asked = factories.submitted(account, engineer, factories.interface_spec(account))
    review = text(as_(approver).get(asked.get_absolute_url()))
    assert reverse("request_reach", args=[asked.pk]) in review
    shown = text(as_(approver).get(reverse("request_reach", args=[asked.pk])))
    assert "4 more subnets reach it privately" in shown
    assert shown.count("<svg viewBox") == 2
    (endpoint,) = network.available(account, engineer, approver, factories.gateway_spec(account))
    policy = factories.policy_change(endpoint, engineer, None)
    assert "Nothing to compare" in text(as_(approver).get(reverse("request_reach", args=[policy.pk])))


def test_a_request_that_cuts_off_who_reaches_the_service_otherwise_says_so(
    as_: SignIn, account: Account, engineer: User, approver: User, client_id: str
) -> None:
    public, nat = aws_id("subnet", account, REGION, "other-a"), {"kind": "nat", "connectivity": "public"}
    for kind, identity, data in (
        ("internet_gateway", "igw-1", {"kind": "internet"}),
        ("nat_gateway", "nat-1", nat | {"subnet_id": public}),
    ):
        InventoryItem.objects.create(
            account=account,
            region=REGION,
            kind=kind,
            aws_id=identity,
            vpc_id=network.vpc_of(account),
            data=data | {"state": "available"},
        )
    for name, target, subnets in (("public", "igw-1", []), ("private", "nat-1", ["private-a", "private-b"])):
        table = InventoryItem.objects.get(account=account, kind="route_table", name=name)
        table.data["routes"].append({"destination": "0.0.0.0/0", "target": target})
        table.data["subnet_ids"] = [aws_id("subnet", account, REGION, item) for item in subnets]
        table.save()
    closed = factories.interface_spec(account, security_group_ids=())  # the default group lets nobody in
    asked = factories.submitted(account, engineer, closed)
    shown = text(as_(approver).get(reverse("request_reach", args=[asked.pk])))
    assert "2 subnets reach it now, in part or publicly, and won't reach it at all." in shown


def test_the_subnet_that_shows_best_what_a_request_does_is_drawn(
    as_: SignIn, account: Account, engineer: User, approver: User, client_id: str
) -> None:
    first = aws_id("subnet", account, REGION, "other-a")
    network.add(account, "network_acl", "acl-1", "closed", is_default=False, subnet_ids=[first], entries=[])
    asked = factories.submitted(account, engineer, factories.interface_spec(account))
    page = as_(approver).get(reverse("request_reach", args=[asked.pk]))
    (found,) = page.context["compared"]
    assert found.rows[0].item.subnet.aws_id == first
    assert found.rows[0].item.changes
    assert not found.rows[0].item.gains, "it knows of the endpoint now, and its ACL lets nothing through"
    assert "3 more subnets reach it privately" in text(page)
    assert "other-a" not in found.after.title + found.after.description


def test_an_approver_looks_into_their_own_accounts_only(
    as_: SignIn, account: Account, approver: User, engineer: User, client_id: str
) -> None:
    other = factories.make_account("search-prod")
    network.complete(other)
    subnet = aws_id("subnet", other, REGION, "private-a")
    asked = query(other, source=subnet, service_name=SECRETS)
    assert "hops-h" in text(as_(engineer).get(URL, asked))
    shown = text(as_(approver).get(URL, query(other)))
    assert account.name in shown
    assert other.name not in shown
    assert subnet not in shown
    assert "hops-h" not in text(as_(approver).get(URL, asked))
    other.role_assignments.create(user=approver, role="approver")
    assert "hops-h" in text(as_(approver).get(URL, asked))


def test_many_changes_are_compared_a_few_at_a_time(as_: SignIn, account: Account, engineer: User) -> None:
    names = [f"svc{number}" for number in range(6)]
    factories.offer(account, *names)
    full = [f"com.amazonaws.{factories.REGION}.{name}" for name in names]
    asked = factories.submitted(account, engineer, *(factories.interface_spec(account, service_name=it) for it in full))
    client, url = as_(engineer), reverse("request_reach", args=[asked.pk])
    assert len(client.get(url).context["compared"]) == 5
    assert "first 5 of 6 changes" in text(client.get(url, headers={"HX-Request": "true"}))
    (last,) = client.get(url, {"page": 2}).context["compared"]
    assert last.change.service_name == full[-1]
