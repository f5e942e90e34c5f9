"""A security group rule as people meet it: offered by a check, ticked, reviewed, told where it stands, taken along."""

from __future__ import annotations

import html
import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from endpoints.domain.rules import GroupRule
from endpoints.models import Account, Check, Endpoint, EndpointRequest, InventoryItem, User
from endpoints.services import reviews
from tests import factories
from tests.factories import REGION, aws_id
from tests.integration import network
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.forms import FIELDS, URL, filled_in, gateway
from tests.integration.pages.test_endpoint_modify import filled, url

OFFER = "Carry this rule in the request"


def text(response: Any) -> str:
    """Return a page's words."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def boxes(response: Any) -> dict[str, bool]:
    """Return the rules that a page offers to tick, and whether they are."""
    tags = re.findall(r'<input[^>]*type="checkbox"[^>]*name="group_rules"[^>]*>', response.content.decode())
    return {html.unescape(re.findall(r'value="([^"]*)"', tag)[0]): " checked" in tag for tag in tags}


@pytest.fixture
def closed(account: Account) -> GroupRule:
    """Close every group of the VPC; return the rule that opens the default one."""
    InventoryItem.objects.filter(account=account, kind="security_group").update(
        data={"description": "closed", "ingress": [], "egress": []}
    )
    group_id = aws_id("sg", account, REGION, "default")
    told = "HTTPS to the endpoint for secretsmanager"
    return GroupRule(
        group_id=group_id, direction="ingress", from_port=443, to_port=443, cidr="10.0.0.0/16", description=told
    )


@pytest.fixture
def carrying(account: Account, engineer: User, approver: User, closed: GroupRule) -> Endpoint:
    """Return an available endpoint that carries the rule."""
    spec = factories.interface_spec(account, security_group_ids=(), group_rules=(closed,))
    return factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))[0]


class TestTheForm:
    def test_a_finding_offers_its_rule_and_ticked_it_becomes_fine(
        self,
        as_: SignIn,
        account: Account,
        engineer: User,
        closed: GroupRule,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = as_(engineer)
        spec = factories.interface_spec(account)
        placed = f"{spec.vpc_id} {spec.service_name} Interface"
        data = filled_in(account, engineer, security_group_ids=[], placed_for=placed) | {"only": "fields"}
        with django_assert_max_num_queries(6):
            before = client.get(FIELDS, data)
        assert "Nobody gets in: default" in text(before)
        assert boxes(before) == {closed.key: False}
        assert f"{OFFER}: default ({closed.group_id}), allow TCP 443 in from 10.0.0.0/16" in text(before)
        after = client.get(FIELDS, {**data, "group_rules": [closed.key]})
        assert "Nobody gets in: default" not in text(after)
        assert "The request adds a rule to default" in text(after)
        assert boxes(after) == {closed.key: True}
        other = client.get(
            FIELDS,
            {**data, "group_rules": [closed.key], "security_group_ids": [aws_id("sg", account, REGION, "https")]},
        )
        assert list(boxes(other).values()) == [False], "another group needs another rule"

    def test_it_is_reviewed_and_asked_for_with_the_rest(
        self, as_: SignIn, account: Account, engineer: User, closed: GroupRule
    ) -> None:
        client = as_(engineer)
        data = filled_in(account, engineer, security_group_ids=[], group_rules=[closed.key])
        review = client.post(URL, {**data, "action": "review"})
        assert f"Will add a rule to default ({closed.group_id}): allow TCP 443 in from 10.0.0.0/16." in text(review)
        assert f'name="group_rules" value="{closed.key}"' in review.content.decode()
        assert "When the endpoint is available, will switch private DNS on" in text(review)
        client.post(URL, {**data, "action": "submit"})
        asked = EndpointRequest.objects.get()
        assert asked.changes.get().desired().group_rules == (closed,)
        assert Check.objects.filter(change__request=asked, rule="rule-carried").exists()
        page = text(client.get(asked.get_absolute_url()))
        assert "To be added" in page

    def test_the_way_back_from_the_review_and_a_request_to_mend_keep_it_ticked(
        self, as_: SignIn, account: Account, engineer: User, approver: User, closed: GroupRule
    ) -> None:
        client = as_(engineer)
        data = filled_in(account, engineer, security_group_ids=[], group_rules=[closed.key])
        assert boxes(client.post(URL, {**data, "action": "edit"})) == {closed.key: True}
        client.post(URL, {**data, "action": "submit"})
        asked = EndpointRequest.objects.get()
        told = {"content_hash": asked.content_hash, "comment": "Which jobs?"}
        reviews.request_changes(request=asked, **told, by=factories.by(approver), now=factories.timezone.now())
        assert boxes(client.get(reverse("request_edit", args=[asked.pk]), follow=True)) == {closed.key: True}

    @pytest.mark.parametrize(
        "forged",
        [
            "{other} ingress tcp 443-443 10.0.0.0/16",
            "{group} ingress tcp 443-443 0.0.0.0/0",
            "{group} ingress tcp 22-22 10.0.0.0/16",
            "{group} egress tcp 443-443 10.0.0.0/16",
            "sg-0123456789abcdef0 ingress tcp 443-443 10.0.0.0/16",
            "<script>",
            "\x00",
        ],
    )
    @pytest.mark.parametrize("action", ["review", "submit"])
    def test_a_rule_that_was_not_offered_is_refused_and_nothing_typed_is_lost(
        self, as_: SignIn, account: Account, engineer: User, closed: GroupRule, forged: str, action: str
    ) -> None:
        key = forged.format(group=closed.group_id, other=aws_id("sg", account, REGION, "https"))
        data = filled_in(account, engineer, security_group_ids=[], group_rules=[closed.key, key])
        answer = as_(engineer).post(URL, {**data, "action": action})
        assert answer.status_code == 422
        assert not EndpointRequest.objects.exists()
        assert boxes(answer)[closed.key] is True
        assert "Secrets for batch" in answer.content.decode()
        assert "<script>" not in answer.content.decode().replace("<script src", "")

    def test_a_gateway_offers_a_rule_for_each_group_that_lets_nobody_out(
        self, as_: SignIn, account: Account, engineer: User, closed: GroupRule
    ) -> None:
        spec = factories.gateway_spec(account)
        placed = f"{spec.vpc_id} {spec.service_name} Gateway"
        data = gateway(account, engineer, placed_for=placed) | {"only": "fields"}
        offered = boxes(as_(engineer).get(FIELDS, data))
        assert len(offered) == 2
        one, other = offered
        list_id = aws_id("pl", account, REGION, network.S3)
        assert one.endswith(f"egress tcp 443-443 {list_id}")
        after = as_(engineer).get(FIELDS, {**data, "group_rules": [one]})
        assert boxes(after) == {one: True, other: False}
        assert "The request adds a rule" in text(after)


class TestTheEndpoint:
    def test_its_page_says_whose_each_rule_is(
        self, as_: SignIn, engineer: User, carrying: Endpoint, closed: GroupRule
    ) -> None:
        page = text(as_(engineer).get(carrying.get_absolute_url()))
        assert "Added by the portal: it goes with the endpoint" in page
        assert "Allow TCP 443 in from 10.0.0.0/16" in page
        seen = carrying.observed_endpoint()
        assert seen is not None
        theirs = replace(seen, group_rules=(replace(seen.group_rules[0], ours=False),))
        Endpoint.objects.filter(pk=carrying.pk).update(observed=theirs.to_dict())
        page = text(as_(engineer).get(carrying.get_absolute_url()))
        assert "Was there already: it stays when the endpoint goes" in page

    def test_its_deletion_says_what_becomes_of_the_rule(
        self, as_: SignIn, account: Account, engineer: User, approver: User, carrying: Endpoint, closed: GroupRule
    ) -> None:
        address = reverse("endpoint_delete", args=[carrying.pk])
        page = text(as_(engineer).get(address))
        assert f"Will remove the rule from default ({closed.group_id}) that the portal added" in page
        spec = factories.interface_spec(
            account,
            service_name=f"com.amazonaws.{REGION}.partner",
            security_group_ids=(),
            private_dns_enabled=False,
            group_rules=(closed,),
        )
        factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))
        page = text(as_(engineer).get(address))
        assert "Will remove the rule" not in page
        assert "stays, TCP 443 in from 10.0.0.0/16: another endpoint asks for it, too." in page
        asked = factories.deletion(carrying, engineer)
        assert "Stays: another endpoint needs it" in text(as_(engineer).get(asked.get_absolute_url()))

    def test_reachability_leads_to_its_form_with_the_rule_ticked(
        self, as_: SignIn, account: Account, engineer: User, approver: User, closed: GroupRule
    ) -> None:
        client_id = network.complete(account)
        InventoryItem.objects.filter(aws_id=aws_id("sg", account, REGION, "https")).update(
            data={"ingress": [], "egress": [{"protocol": "-1", "cidrs": ["0.0.0.0/0"]}]}
        )
        spec = factories.interface_spec(account, security_group_ids=(closed.group_id,))
        (made,) = network.available(account, engineer, approver, spec)
        asked = {"account": account.pk, "region": REGION, "vpc_id": spec.vpc_id, "source": client_id}
        page = as_(engineer).get(reverse("network_reachability"), {**asked, "service_name": spec.service_name})
        assert "Doesn't reach it" in text(page)
        link = next(part for part in html.unescape(page.content.decode()).split('"') if part.startswith(url(made)))
        form = as_(engineer).get(link)
        assert boxes(form) == {closed.key: True}
        assert "The request adds a rule to default" in text(form)
        sent = filled(made, group_rules=[closed.key])
        review = as_(engineer).post(url(made), {**sent, "action": "review"})
        assert "Will add a rule to default" in text(review)
        again = as_(engineer).post(url(made), {**sent, "action": "check", "group_rules": []})
        assert boxes(again) == {closed.key: False}
        assert b"<html" not in again.content, "a part of the page"
        forged = as_(engineer).post(url(made), {**sent, "group_rules": [closed.key.replace("443-443", "22-22")]})
        assert forged.status_code == 422
        as_(engineer).post(url(made), {**sent, "submission_key": str(uuid.uuid4()), "action": "submit"})
        assert EndpointRequest.objects.latest("pk").changes.get().desired().group_rules == (closed,)

    def test_a_change_of_something_else_keeps_the_rule(
        self, as_: SignIn, engineer: User, carrying: Endpoint, closed: GroupRule
    ) -> None:
        form = as_(engineer).get(url(carrying))
        assert boxes(form) == {closed.key: True}
        sent = filled(carrying, group_rules=[closed.key], name="renamed")
        review = as_(engineer).post(url(carrying), {**sent, "action": "review"})
        assert "Security group rules" not in text(review)
        untick = as_(engineer).post(url(carrying), {**sent, "group_rules": [], "action": "review"})
        assert "Will remove the rule from default" in text(untick)

    def test_a_rule_that_is_gone_is_shown_as_drift(
        self, as_: SignIn, engineer: User, carrying: Endpoint, closed: GroupRule
    ) -> None:
        factories.drifted(carrying, group_rules=())
        page = text(as_(engineer).get(carrying.get_absolute_url()))
        assert "Missing in AWS" in page
        assert closed.key in page
        restore = text(as_(engineer).get(reverse("endpoint_restore", args=[carrying.pk])))
        assert "Will add a rule to default" in restore
        accept = text(as_(engineer).get(reverse("endpoint_accept", args=[carrying.pk])))
        assert "AWS is as asked already" in accept

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("terraform", 'resource "aws_vpc_security_group_ingress_rule"'),
            ("cloudformation", '"AWS::EC2::SecurityGroupIngress"'),
            ("cli", "aws ec2 authorize-security-group-ingress"),
        ],
    )
    def test_its_exports_hold_the_rule(
        self, as_: SignIn, engineer: User, carrying: Endpoint, kind: str, words: str
    ) -> None:
        page = as_(engineer).get(reverse("endpoint_export", args=[carrying.pk]), {"format": kind})
        assert words in html.unescape(page.content.decode())
