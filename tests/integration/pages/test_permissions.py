"""The page that writes a colleague's policy."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from endpoints.models import Account, User
from endpoints.policy import role
from endpoints.policy.colleague import Level, Scope, permissions
from tests import factories as make
from tests.integration.pages.conftest import SignIn

URL = "/permissions/"


def policies(response: Any) -> list[dict[str, Any]]:
    """Return the policies that the page lets copy."""
    found = re.findall(r'data-copy="(.*?)" data-copy-name="the policy"', response.content.decode(), re.DOTALL)
    return [json.loads(html.unescape(text)) for text in found]


def text_of(response: Any) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", response.content.decode()))


def test_the_page_explains_and_asks(account: Account, engineer: User, as_: SignIn) -> None:
    response = as_(engineer).get(URL)
    assert response.status_code == 200
    assert "IAM grants nothing by default" in text_of(response)
    assert policies(response) == []


def test_a_scope_becomes_the_builders_policy(account: Account, engineer: User, as_: SignIn) -> None:
    vpc = make.aws_id("vpc", account, make.REGION, "main")
    asked = {
        "level": "operate",
        "accounts": [str(account.pk)],
        "vpcs": [f"{account.pk}/{make.REGION}/{vpc}"],
        "services": "s3, ecr.api",
        "tag": "team = payments",
    }
    response = as_(engineer).get(URL, asked)
    scope = Scope(
        account_id=account.account_id,
        regions=(make.REGION,),
        vpcs=((make.REGION, vpc),),
        services=(f"com.amazonaws.{make.REGION}.s3", f"com.amazonaws.{make.REGION}.ecr.api"),
        tag=("team", "payments"),
    )
    wanted = permissions(Level.OPERATE, scope)
    assert policies(response) == [wanted.document()]
    shown = text_of(response)
    for item in wanted.statements:
        assert item.why in shown
        assert all(part.why in shown for part in item.parts)
    assert wanted.limits[0] in shown
    assert all(item.why in shown for item in role.STATEMENTS)


def test_each_account_gets_a_policy_of_its_own(account: Account, engineer: User, as_: SignIn) -> None:
    other = make.make_account("other", regions=("cn-north-1",))
    response = as_(engineer).get(URL, {"level": "request", "accounts": [account.pk, other.pk], "services": "s3"})
    mine, theirs = policies(response)
    assert account.account_id in json.dumps(mine)
    assert f"arn:aws-cn:ec2:cn-north-1:{other.account_id}:vpc/*" in json.dumps(theirs)
    assert "cn.com.amazonaws.cn-north-1.s3" in json.dumps(theirs)
    vpc = f"{account.pk}/{make.REGION}/{make.aws_id('vpc', account, make.REGION, 'main')}"
    response = as_(engineer).get(URL, {"level": "request", "accounts": [account.pk, other.pk], "vpcs": [vpc]})
    assert len(policies(response)) == 1
    assert "None of the chosen VPCs lies in this account" in text_of(response)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("accounts", "999999", "isn't in the list"),
        ("vpcs", "1/eu-west-1/vpc-12345678", "isn't in the accounts"),
        ("services", "s3; drop*", "is no name of a service"),
        ("services", "com.amazonaws.s3", "is no name of a service"),
        ("services", "s3 " * 51, "at most 50 services"),
        ("tag", "team", "key=value"),
        ("tag", "team=${aws:username}", "key=value"),
        ("tag", "aws:team=x", "AWS keeps keys"),
        ("level", "root", "Select a valid choice"),
    ],
)
def test_what_cant_be_is_told_beside_its_field(
    account: Account, engineer: User, as_: SignIn, field: str, value: str, words: str
) -> None:
    response = as_(engineer).get(URL, {"level": "view", "accounts": [account.pk], field: value})
    assert response.status_code == 422
    assert words in text_of(response)
    assert policies(response) == []


def test_the_page_asks_as_often_for_many_accounts(
    account: Account, engineer: User, as_: SignIn, django_assert_max_num_queries: Any
) -> None:
    others = [make.make_account(f"account-{number}") for number in range(5)]
    client = as_(engineer)
    with django_assert_max_num_queries(9):
        client.get(URL, {"level": "view", "accounts": [item.pk for item in [account, *others]]})
