"""The matrix of VPCs and services: what each cell says, whom it tells what, its file, and what it costs."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, AccountRegion, InventoryItem, User
from endpoints.network.bundles import Member
from endpoints.network.coverage import Cell
from endpoints.services import bundles, coverage
from endpoints.services.actors import person
from tests import factories as make
from tests.integration.network import add, read_back
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.test_catalogue import have

URL = reverse("coverage")
MAIN = ("secretsmanager", "s3", "partner")


def text_of(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def cells(response: Any) -> dict[tuple[str, str], Cell]:
    """Return the cells by the VPC's name and the service."""
    matrix = response.context["matrix"]
    return {
        (row.vpc.name, column.service): cell
        for row in matrix.rows
        for column, cell in zip(matrix.columns, row.cells, strict=True)
    }


def test_regions_that_could_not_be_read_are_told_in_one_line(as_: SignIn, account: Account, engineer: User) -> None:
    AccountRegion.objects.update(inventory_error="vpc: AccessDenied: no.")
    assert f"Last time the portal couldn't read {make.REGION} of {account.name}." in text_of(as_(engineer).get(URL))
    Account.objects.update(regions=[make.REGION, *(f"eu-north-{number}" for number in range(6))])
    for number in range(6):
        region = {"region": f"eu-north-{number}", "inventory_error": "vpc: no.", "inventory_due_at": timezone.now()}
        AccountRegion.objects.create(account=account, **region)
    said = text_of(as_(engineer).get(URL))
    assert said.count(f" of {account.name}") == 5
    assert "and 2 more. What stands below of them is older." in said


def test_each_state_is_told_in_words(as_: SignIn, account: Account, engineer: User, approver: User) -> None:
    second, third = make.another_vpc(account, "second"), make.another_vpc(account, "third")
    spec = make.interface_spec(account, private_dns_enabled=False)
    (endpoint,) = make.available(make.approved(make.submitted(account, engineer, spec), approver))
    read_back(endpoint)
    have(account, "s3", 7, vpc_id=second)
    asked = make.submitted(account, engineer, make.gateway_spec(account))
    # The third is peered with the first, which has the service.
    vpc_id = spec.vpc_id
    sides = {one: {"cidrs": [], "account_id": account.account_id, "region": make.REGION} for one in (vpc_id, third)}
    peering = {"kind": "peering", "state": "active", "vpc_ids": [vpc_id, third], "sides": sides}
    where = {"account": account, "region": make.REGION}
    InventoryItem.objects.create(**where, kind="peering", aws_id="pcx-0123456789abcdef0", data=peering)
    response = as_(engineer).get(URL, {"services": "secretsmanager, com.amazonaws.eu-west-1.s3 kms"})
    found = cells(response)
    assert {key: str(cell.state) for key, cell in found.items()} == {
        ("main", "secretsmanager"): "managed",
        ("main", "s3"): "asked",
        ("main", "kms"): "not_offered",
        ("second", "secretsmanager"): "missing",
        ("second", "s3"): "unmanaged",
        ("second", "kms"): "not_offered",
        ("third", "secretsmanager"): "nearby",
        ("third", "s3"): "missing",
        ("third", "kms"): "not_offered",
    }
    assert found["main", "secretsmanager"].private_dns_off
    assert found["third", "secretsmanager"].vpc_id == vpc_id
    page = response.content.decode()
    assert endpoint.get_absolute_url() in page
    assert asked.get_absolute_url() in page
    tick = f"{account.pk}/eu-west-1/{second}/com.amazonaws.eu-west-1.secretsmanager/Interface"
    assert f'name="t" value="{tick}"' in page
    assert page.count('name="t"') == 3  # what is missing or only nearby, and nothing else
    said = text_of(response)
    for words in ("Available", "private DNS off", "Asked for", "Not managed", "Nearby", "Missing", "Not offered"):
        assert words in said


def test_others_see_the_states_but_no_way_to_what_isnt_theirs(
    as_: SignIn, account: Account, engineer: User, outsider: User, auditor: User, approver: User
) -> None:
    spec = make.interface_spec(account)
    (endpoint,) = make.available(make.approved(make.submitted(account, engineer, spec), approver))
    asked = make.submitted(account, engineer, make.gateway_spec(account))
    page = as_(outsider).get(URL, {"services": " ".join(MAIN)}).content.decode()
    assert endpoint.get_absolute_url() not in page
    assert asked.get_absolute_url() not in page
    assert "Asked for" in page
    page = as_(auditor).get(URL, {"services": " ".join(MAIN)}).content.decode()
    assert endpoint.get_absolute_url() in page
    assert 'name="t"' not in page  # only engineers ask
    make.make_account("zoo")
    rows = as_(make.make_approver(account, "another")).get(URL).context["matrix"].rows
    assert {row.vpc.account_id for row in rows} == {account.pk}


def test_a_bundle_or_what_is_in_use_makes_the_columns(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    client = as_(engineer)
    assert "These VPCs have no endpoint" in text_of(client.get(URL))
    make.available(make.approved(make.submitted(account, engineer), approver))
    assert [item.service for item in client.get(URL).context["matrix"].columns] == ["s3"]
    shown = client.get(URL, {"bundle": "private-ecs"}).context["matrix"].columns
    assert [item.service for item in shown][:4] == ["ecr.api", "ecr.dkr", "s3", "logs"]
    own = bundles.make(
        name="Batch",
        purpose="",
        members=[Member("kms", "Interface")],
        owner_team=engineer.teams.get(),
        by=person(engineer),
        now=account.account_regions.get().inventory_at,  # type: ignore[arg-type]
    )
    shown = client.get(URL, {"bundle": own.pk, "services": "s3"}).context["matrix"].columns
    assert [item.service for item in shown] == ["kms", "s3"]
    many = client.get(URL, {"services": " ".join(f"svc{number}" for number in range(70))})
    assert len(many.context["matrix"].columns) == coverage.MOST_COLUMNS
    assert "10 more services are left out" in text_of(many)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "sec"}, ["second"]),
        ({"region": "us-east-1"}, ["main"]),
        ({"q": "nothing like it"}, []),
        ({"team": "own"}, ["main"]),
        ({"account": "nonsense"}, ["main", "main", "second"]),
    ],
)
def test_vpcs_are_filtered(
    as_: SignIn, account: Account, engineer: User, approver: User, query: dict[str, Any], names: list[str]
) -> None:
    make.another_vpc(account, "second")
    make.make_account("zoo", regions=("us-east-1",))
    make.available(make.approved(make.submitted(account, engineer), approver))
    if "team" in query:
        query = {"team": engineer.teams.get().pk}
    rows = as_(engineer).get(URL, query).context["matrix"].rows
    assert sorted(row.vpc.name for row in rows) == names


def test_the_file_has_the_same_cells_and_no_formula(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    InventoryItem.objects.filter(kind="vpc").update(name="=1+1")
    (endpoint,) = make.available(make.approved(make.submitted(account, engineer), approver))
    response = as_(engineer).get(URL, {"services": "s3,kms,partner,=1+1", "export": "csv"})
    head, line = csv.reader(io.StringIO(response.content.decode()))
    assert head == ["account", "region", "vpc_id", "vpc_name", "s3", "kms", "partner", "'=1+1"]
    assert line[0] == account.account_id
    managed = f"managed available Gateway {endpoint.vpc_endpoint_id}"
    assert line[3:] == ["'=1+1", managed, "not_offered", "missing", "not_offered"]


def test_a_shared_vpc_shows_what_its_owner_has_there(as_: SignIn, account: Account, engineer: User) -> None:
    owner = make.make_account("network")
    vpc = InventoryItem.objects.get(account=owner, kind="vpc")
    have(owner, "s3", 9, vpc_id=vpc.aws_id)
    add(account, "vpc", vpc.aws_id, "shared", vpc_id=vpc.aws_id, owner_id=owner.account_id)
    response = as_(engineer).get(URL, {"account": account.pk, "services": "s3"})
    assert str(cells(response)["shared", "s3"].state) == "unmanaged"
    assert f"shared by {owner.account_id}" in text_of(response)


def test_many_vpcs_cost_as_many_queries_as_one(as_: SignIn, account: Account, engineer: User) -> None:
    client = as_(engineer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(URL, {"services": "s3 secretsmanager"})
        return len(captured)

    one = queries()
    for number in range(60):
        vpc_id = f"vpc-{number:017x}"
        add(account, "vpc", vpc_id, vpc_id=vpc_id, owner_id=account.account_id)
        have(account, "s3", number, vpc_id=vpc_id)
    assert queries() == one
    rows = list(InventoryItem.objects.filter(kind="vpc").select_related("account"))
    with CaptureQueriesContext(connection) as captured:
        coverage.matrix(rows, columns=[Member("s3", "Gateway")], user=User.objects.get(pk=engineer.pk))
    assert len(captured) - 2 <= 6, "two for the person's roles"
    assert client.get(URL, {"page": 2}).context["page"].number == 2
