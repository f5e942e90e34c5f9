"""What the checks and reachability both judge: form, request and reachability page say the same, with the same cure."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.urls import reverse

from endpoints.domain.specs import EndpointSpec
from endpoints.forms.request import spec_values
from endpoints.models import Account, Check, InventoryItem, User
from endpoints.services import checks
from tests import factories
from tests.factories import REGION, aws_id
from tests.integration import network
from tests.integration.network import FREE, S3
from tests.integration.pages.conftest import SignIn

RANGES = ["52.218.0.0/17"]


def named(account: Account, prefix: str, name: str) -> str:
    return aws_id(prefix, account, REGION, name)


def row(account: Account, identity: str) -> InventoryItem:
    return InventoryItem.objects.get(account=account, aws_id=identity)


def change(account: Account, identity: str, **data: Any) -> None:
    item = row(account, identity)
    item.data |= data
    item.save()


def interface(account: Account, **fields: Any) -> EndpointSpec:
    """Return an endpoint in another subnet than the client's."""
    place = {
        "subnet_ids": (named(account, "subnet", "private-b"),),
        "security_group_ids": (named(account, "sg", "https"),),
    }
    return factories.interface_spec(account, **{**place, **fields})


def gateway(account: Account, **fields: Any) -> EndpointSpec:
    """Return an endpoint that serves the table that the client follows."""
    return factories.gateway_spec(account, **{"route_table_ids": (named(account, "rtb", "public"),), **fields})


def nobody_in(account: Account) -> None:
    change(account, named(account, "sg", "https"), ingress=[])


def nobody_in_but_by_another(account: Account) -> None:
    rule = dict(row(account, named(account, "sg", "https")).data["ingress"][0])
    nobody_in(account)
    network.add(account, "security_group", named(account, "sg", "open"), "open", ingress=[rule], egress=[])


def nobody_out(account: Account) -> None:
    change(account, named(account, "sg", "https"), egress=[])


def guard(subnet: str, *ways: tuple[bool, int, int]) -> Callable[[Account], None]:
    """Return what puts a network ACL before a subnet that lets these ports through: outbound, from, to."""

    def act(account: Account) -> None:
        entries = [
            {**FREE, "rule_number": 100 + number, "egress": out, "protocol": "6", "from_port": low, "to_port": high}
            for number, (out, low, high) in enumerate(ways)
        ]
        where = [named(account, "subnet", subnet)]
        network.add(account, "network_acl", named(account, "acl", "guard"), "guard", subnet_ids=where, entries=entries)

    return act


@dataclass(frozen=True)
class Case:
    """A way to be wrong: the checks' rule, reachability's hop, the spec, and what is done to the VPC."""

    rule: str
    hop: str
    spec: Callable[..., EndpointSpec]
    spoil: Callable[[Account], None] = lambda account: None
    fields: dict[str, Any] = field(default_factory=dict)


CASES = {
    "groups in": Case("inbound-closed", "group-in", interface, nobody_in),
    "groups in, another group": Case("inbound-closed", "group-in", interface, nobody_in_but_by_another),
    "groups out": Case("outbound-closed", "group-out", gateway, nobody_out),
    "private DNS": Case("private-dns-off", "dns", interface, fields={"private_dns_enabled": False}),
    "no route": Case("no-route-table", "route", gateway, fields={"route_table_ids": ()}),
    "ACL in": Case("acl-inbound", "acl-endpoint-in", interface, guard("private-b", (True, 0, 65535))),
    "ACL back": Case("acl-return", "acl-endpoint-back", interface, guard("private-b", (False, 443, 443))),
    "clients' ACL": Case("acl-clients", "acl-source-out", interface, guard("private-a", (False, 0, 65535))),
    "clients' ACL, back": Case("acl-clients", "acl-source-back", interface, guard("private-a", (True, 443, 443))),
    "ACL to the service": Case("acl-outbound", "acl-source-out", gateway, guard("private-a", (False, 0, 65535))),
}


@pytest.mark.parametrize("spoiled", [True, False], ids=["wrong", "right"])
@pytest.mark.parametrize("name", list(CASES))
def test_form_request_and_reachability_agree(
    as_: SignIn, account: Account, engineer: User, approver: User, name: str, spoiled: bool
) -> None:
    case = CASES[name]
    client = network.complete(account)
    list_id = aws_id("pl", account, REGION, S3)
    change(account, list_id, service_name=S3, cidrs=RANGES, complete=True)
    if name.startswith("ACL to"):  # every client follows one table: the others' ACL lets through
        change(account, named(account, "rtb", "public"), subnet_ids=[named(account, "subnet", "private-a")])
    if spoiled:
        case.spoil(account)
    spec = case.spec(account, **(case.fields if spoiled else {}))

    form = as_(engineer).get(reverse("request_new_fields"), spec_values(spec, account.pk) | {"only": "fields"})
    asked = factories.submitted(account, engineer, spec)
    found = Check.objects.filter(change__request=asked, rule=case.rule).first()
    (made,) = factories.available(factories.approved(asked, approver))
    network.read_back(made)
    for table_id in spec.route_table_ids:
        routes = row(account, table_id).data["routes"]
        routes.append({"destination": list_id, "target": made.vpc_endpoint_id, "state": "active"})
        change(account, table_id, routes=routes)
    asking = {"account": account.pk, "region": REGION, "vpc_id": spec.vpc_id, "source": client}
    page = as_(engineer).get(reverse("network_reachability"), {**asking, "service_name": spec.service_name})
    hop = next((item for item in page.context["answer"].hops if item.hop.key == case.hop), None)

    assert spoiled == (found is not None), "the request's checks"
    if found is None:
        assert hop is None or hop.mark.tone == "ok", hop
        return
    shown = html.unescape(form.content.decode())
    assert found.message in shown
    assert found.cure in shown
    assert hop is not None
    assert hop.mark.tone in ("bad", "warn")
    assert hop.cure.text == found.cure
    assert found.cure in html.unescape(page.content.decode())


def test_a_rule_that_is_carried_is_in_the_answer_after_the_request(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    network.complete(account)
    nobody_in(account)
    spec = interface(account)
    (asked_for,) = factories.draft(account, engineer.teams.get(), spec).changes
    finding = next(item for item in checks.findings_for(asked_for, account=account) if item.offers)
    asked = factories.submitted(account, engineer, replace(spec, group_rules=finding.offers))
    compared = as_(approver).get(reverse("request_reach", args=[asked.pk]))
    assert "more subnets reach it privately" in html.unescape(compared.content.decode())
