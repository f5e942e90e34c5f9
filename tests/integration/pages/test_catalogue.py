"""The catalogue of endpoint services, read from the inventory."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from endpoints.models import Account, AccountRegion, InventoryItem, User
from endpoints.network.purposes import PURPOSES, matching, purpose_of, purposes
from tests import factories as make
from tests.integration.pages.conftest import SignIn

URL = "/services/"


def text_of(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def found(response: Any) -> list[str]:
    """Return the short names of the services listed."""
    return [entry.service.short for entry in response.context["entries"]]


def offer(account: Account, short: str, region: str = make.REGION, **data: Any) -> None:
    """Add a service to a region's inventory."""
    plain = {"types": ["Interface"], "owner": "amazon", "policy_supported": True, "acceptance_required": False}
    InventoryItem.objects.create(
        account=account,
        region=region,
        kind="service",
        aws_id=f"com.amazonaws.{region}.{short}",
        data={**plain, "availability_zones": [f"{region}a"], "private_dns_name": f"{short}.aws", **data},
    )


def have(account: Account, short: str, number: int, state: str = "available", vpc_id: str = "") -> None:
    """Add an endpoint to a region's inventory."""
    InventoryItem.objects.create(
        account=account,
        region=make.REGION,
        kind="vpc_endpoint",
        aws_id=f"vpce-{number:017x}",
        vpc_id=vpc_id or make.aws_id("vpc", account, make.REGION, "main"),
        data={
            "service_name": f"com.amazonaws.{make.REGION}.{short}",
            "vpc_endpoint_type": "Interface",
            "state": state,
            "private_dns_enabled": True,
        },
    )


def test_the_catalogue_says_what_each_is_for_what_it_takes_and_links_to_the_request(
    account: Account, engineer: User, as_: SignIn
) -> None:
    response = as_(engineer).get(URL)
    shown = text_of(response)
    assert found(response) == ["partner", "s3", "secretsmanager"]
    assert "read and rotate passwords" in shown
    assert "Its owner must accept" in shown
    assert "No policy: always full access" in shown
    assert "secretsmanager.eu-west-1.amazonaws.com" in shown
    assert "$7.30 a zone and month" in shown
    asked = f"?account={account.pk}&amp;region=eu-west-1&amp;service_name=com.amazonaws.eu-west-1.s3"
    assert asked in response.content.decode()
    form = as_(engineer).get(f"/requests/new/{html.unescape(asked)}").context["form"]
    assert form["service_name"].value() == "com.amazonaws.eu-west-1.s3"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=passwords", ["secretsmanager"]),
        ("q=SECRETS", ["secretsmanager"]),
        ("q=container+images", ["ecr.api", "ecr.dkr"]),
        ("q=gateway+free", ["s3"]),
        ("q=ledger.internal", ["vpce.eu-west-1.vpce-svc-1"]),
        ("q=nothing+like+it", []),
        ("type=Gateway", ["s3"]),
        ("policy=no", ["partner"]),
        ("acceptance=yes", ["partner"]),
        ("dns=no", ["partner"]),
        ("owner=others", ["vpce.eu-west-1.vpce-svc-1"]),
        ("owner=aws&type=Interface&dns=yes", ["ecr.api", "ecr.dkr", "s3", "secretsmanager"]),
        ("q=%25&type=nonsense", []),
    ],
)
def test_services_are_found_by_name_purpose_and_what_they_take(
    account: Account, engineer: User, as_: SignIn, query: str, names: list[str]
) -> None:
    for short in ("ecr.api", "ecr.dkr"):
        offer(account, short)
    row = InventoryItem.objects.get(aws_id="com.amazonaws.eu-west-1.ecr.api")
    row.pk, row.aws_id = None, "com.amazonaws.vpce.eu-west-1.vpce-svc-1"
    row.data = {**row.data, "private_dns_name": "ledger.internal", "owner": "444455556666"}
    row.save()
    assert found(as_(engineer).get(f"{URL}?{query}")) == names


def test_vpcs_that_have_a_service_are_named_and_those_of_deleted_endpoints_are_not(
    account: Account, engineer: User, as_: SignIn
) -> None:
    have(account, "secretsmanager", 1)
    have(account, "secretsmanager", 2, state="deleted", vpc_id="vpc-0000000000000gone")
    have(account, "secretsmanager", 3, vpc_id="vpc-00000000unnamed1")
    response = as_(engineer).get(f"{URL}?q=secretsmanager")
    (entry,) = response.context["entries"]
    vpc = make.aws_id("vpc", account, make.REGION, "main")
    assert {use.vpc for use in entry.uses} == {f"main ({vpc})", "vpc-00000000unnamed1"}
    assert "vpc-0000000000000gone" not in text_of(response)


def test_another_account_and_region_are_looked_into(account: Account, engineer: User, as_: SignIn) -> None:
    other = make.make_account("zoo", regions=("us-east-1", "eu-west-1"))
    offer(other, "kms", "us-east-1")
    response = as_(engineer).get(URL, {"account": other.pk, "region": "us-east-1", "q": "kms"})
    assert found(response) == ["kms"]
    assert found(as_(engineer).get(URL, {"account": other.pk, "q": "kms"})) == ["kms"], "the first region"
    fallback = as_(engineer).get(URL, {"account": "999999", "region": "nowhere"})
    assert fallback.context["filter"].chosen_account.pk == account.pk


def test_an_approver_looks_into_their_own_accounts_alone(account: Account, approver: User, as_: SignIn) -> None:
    other = make.make_account("another-prod")
    offer(other, "kms")
    response = as_(approver).get(URL, {"account": other.pk})
    assert response.context["filter"].chosen_account.pk == account.pk
    assert "another-prod" not in text_of(response)
    assert "Request s3" not in text_of(response)
    assert other.account_id not in text_of(as_(approver).get("/permissions/"))


def test_a_stale_inventory_says_so_and_an_unread_region_asks_for_patience(
    account: Account, engineer: User, as_: SignIn
) -> None:
    AccountRegion.objects.update(inventory_error="vpc: AccessDenied: no")
    assert "AccessDenied" in text_of(as_(engineer).get(URL))
    InventoryItem.objects.all().delete()
    assert "Not read yet" in text_of(as_(engineer).get(URL))


@pytest.mark.parametrize("count", [1, 25])
def test_the_catalogue_asks_as_often_for_many(
    account: Account, engineer: User, as_: SignIn, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        offer(account, f"service{number}")
        have(account, f"service{number}", number)
    client = as_(engineer)
    with django_assert_num_queries(12):
        client.get(f"{URL}?q=service")


def test_purposes_are_plain_lines_for_a_hundred_services_and_match_by_words() -> None:
    assert len(purposes()) >= 100
    assert all(line and "\n" not in line and len(line) < 120 for line in purposes().values())
    assert '"as_of"' in PURPOSES.read_text()
    assert purpose_of("com.amazonaws.eu-west-1.ecr.dkr").startswith("ECR")
    assert purpose_of("cn.com.amazonaws.cn-north-1.kms").startswith("KMS")
    assert purpose_of("com.amazonaws.us-east-1.kms-fips").endswith("(FIPS 140 validated cryptography)")
    assert purpose_of("com.amazonaws.vpce.eu-west-1.vpce-svc-1") == ""
    assert {"ssm", "ssmmessages"} <= matching("session manager")
    assert matching("  ") == frozenset()
