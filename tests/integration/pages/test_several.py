"""Several endpoints in one request: choosing them, the form with a card for each, its review and its submission."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from endpoints.models import Account, Change, EndpointRequest, InventoryItem, User
from endpoints.services.drafts import MAX_CHANGES
from endpoints.services.several import Target
from tests import factories as make
from tests.integration.pages.conftest import SignIn

URL = reverse("request_several")
LIVE = reverse("request_several_live")
BUNDLE = ("ssm", "ssmmessages", "ec2messages")


def text_of(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def target(account: Account, short: str = "secretsmanager", vpc: str = "main", kind: str = "Interface") -> Target:
    vpc_id = make.aws_id("vpc", account, make.REGION, vpc)
    return Target(account.pk, make.REGION, vpc_id, f"com.amazonaws.{make.REGION}.{short}", kind)


def fields_of(response: Any, action: str = URL) -> dict[str, list[str]]:
    """Return what a browser would send of the page's form: what is ticked, chosen and written."""
    page = response.content.decode()
    page = page[page.index(f'<form method="post" action="{action}"') :]
    page = page[: page.index("</form>")]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        named = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        box = named.get("type") in ("checkbox", "radio")
        if "name" in named and (not box or re.search(r"\bchecked\b", tag)):
            found.setdefault(named["name"], []).append(html.unescape(named.get("value", "on")))
    for name, inner in re.findall(r'<textarea name="([^"]*)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        found.setdefault(name, []).append(html.unescape(inner))
    for name, inner in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', inner) or re.search(r'value="([^"]*)"', inner)
        found.setdefault(name, []).append(html.unescape(chosen[1]) if chosen else "")
    found.pop("csrfmiddlewaretoken", None)
    return found


def chosen(client: Client, *targets: Target) -> dict[str, Any]:
    """Return the form's fields after a selection in the matrix, with the reasons filled in."""
    response = client.post(URL, {"action": "choose", "t": [item.key for item in targets]})
    assert response.status_code == 200
    return {**fields_of(response), "justification": "No way to the internet."}


@pytest.fixture
def offered(account: Account) -> Account:
    """Return the account with Session Manager's services, and a second VPC."""
    make.offer(account, *BUNDLE)
    make.another_vpc(account, "second")
    return account


class TestChoosing:
    """A bundle and VPCs, or a selection of the matrix."""

    def test_a_bundle_and_two_vpcs_make_a_card_for_each_service(
        self, as_: SignIn, offered: Account, engineer: User
    ) -> None:
        client = as_(engineer)
        page = client.get(URL, {"bundle": "session-manager"})
        assert "Carries the sessions" in text_of(page)
        vpcs = [make.aws_id("vpc", offered, make.REGION, name) for name in ("main", "second")]
        response = client.get(URL, {"bundle": "session-manager", "vpc": vpcs})
        form = response.context["several"]
        assert [(card.target.vpc_id, card.target.short) for card in form.ticked] == [
            (vpc, short) for vpc in vpcs for short in BUNDLE
        ]
        # What is optional is offered and not ticked; what the region lacks is said.
        assert [card.target.short for card in form.cards if not card.ticked] == ["s3", "s3"]
        assert "Not offered in eu-west-1, and left out: logs, kms." in text_of(response)
        assert "optional For patches" in text_of(response)
        assert form.shared["title"].value() == "Session Manager in main, second"

    def test_defaults_are_one_private_subnet_a_zone_and_private_dns(
        self, as_: SignIn, offered: Account, engineer: User
    ) -> None:
        fields = chosen(as_(engineer), target(offered, "ssm"), target(offered, "s3", "second", "Gateway"))
        names = InventoryItem.objects.filter(aws_id__in=fields["t0-subnet_ids"]).values_list("name", flat=True)
        assert sorted(names) == ["other-a", "private-b", "private-c"]
        assert fields["t0-private_dns_enabled"] == ["on"]
        assert len(fields["t1-route_table_ids"]) == 1

    def test_what_is_there_or_asked_for_comes_unticked_and_says_so(
        self, as_: SignIn, offered: Account, engineer: User, approver: User
    ) -> None:
        spec = make.interface_spec(offered, service_name=target(offered, "ssm").service_name)
        make.available(make.approved(make.submitted(offered, engineer, spec), approver))
        asked = make.submitted(
            offered, engineer, make.interface_spec(offered, service_name=spec.service_name[:-3] + "ec2messages")
        )
        response = as_(engineer).get(URL, {"bundle": "session-manager", "vpc": spec.vpc_id})
        assert [card.target.short for card in response.context["several"].ticked] == ["ssmmessages"]
        assert "There already: Interface" in text_of(response)
        assert f"Asked for already: {asked.reference}" in text_of(response)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"go": "1"}, "Choose a bundle"),
            ({"bundle": "session-manager", "go": "1"}, "Choose at least one VPC"),
            ({"bundle": "session-manager", "vpc": "vpc-elsewhere"}, "isn't in this region"),
            ({"bundle": "sagemaker", "vpc": "main"}, "isn't in this region"),
        ],
    )
    def test_what_isnt_chosen_is_asked_for(
        self, as_: SignIn, account: Account, engineer: User, query: dict[str, str], words: str
    ) -> None:
        response = as_(engineer).get(URL, query)
        assert response.status_code == 422
        assert words in text_of(response)

    def test_a_selection_in_two_accounts_becomes_a_request_each(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        other = make.make_account("zoo")
        keys = [target(account).key, target(other).key]
        response = as_(engineer).post(URL, {"action": "choose", "t": keys})
        assert response.status_code == 422
        assert [len(targets) for _, targets in response.context["parts"]] == [1, 1]

    def test_no_more_than_a_request_takes_and_never_nonsense(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        names = [f"svc{number}" for number in range(MAX_CHANGES + 2)]
        make.offer(account, *names)
        client = as_(engineer)
        response = client.post(URL, {"action": "choose", "t": [target(account, name).key for name in names]})
        assert len(response.context["several"].cards) == MAX_CHANGES
        assert "the other 2 are left out" in text_of(response)
        for junk in ("", "x", "1/2/3", f"{account.pk}/eu-west-1/vpc-1/s3/Resource", "9" * 30 + "/a/b/c/Gateway"):
            assert client.post(URL, {"action": "choose", "t": junk}).status_code == 422
        gone = client.post(URL, {"action": "choose", "t": f"{account.pk}/us-east-9/vpc-1/com.x/Interface"})
        assert "no longer looks into vpc-1" in text_of(gone)


class TestAsking:
    """The form, its review, and what is submitted."""

    def test_cards_become_one_request_with_a_change_each(self, as_: SignIn, offered: Account, engineer: User) -> None:
        client = as_(engineer)
        fields = chosen(
            client, target(offered, "ssm"), target(offered, "ssm", "second"), target(offered, "s3", kind="Gateway")
        )
        group = InventoryItem.objects.get(name="https", vpc_id=target(offered, "ssm", "second").vpc_id)
        fields[f"{group.vpc_id}-security_group_ids"] = [group.aws_id]
        review = client.post(URL, {**fields, "action": "review"})
        assert review.status_code == 200, review.context["problems"]
        assert not EndpointRequest.objects.exists()
        said = text_of(review)
        assert "3 endpoints in 2 VPCs" in said
        assert said.count("Will create an Interface endpoint") == 2
        assert "Together, each month +$43.80 " in said or "Together, each month +$45.80" in said
        # The review carries everything; sent twice, it makes one request.
        again = {**fields_of(review), "action": "submit"}
        first, second = client.post(URL, again), client.post(URL, again)
        assert first["Location"] == second["Location"]
        changes = list(Change.objects.filter(request=EndpointRequest.objects.get()).order_by("position"))
        assert [(item.service_name.rpartition(".")[2], item.vpc_endpoint_type) for item in changes] == [
            ("ssm", "Interface"),
            ("s3", "Gateway"),
            ("ssm", "Interface"),
        ]
        assert changes[0].desired().security_group_ids == ()
        assert changes[2].desired().security_group_ids == (group.aws_id,)

    def test_bad_input_is_told_at_its_card_and_nothing_is_lost(
        self, as_: SignIn, offered: Account, engineer: User
    ) -> None:
        client = as_(engineer)
        fields = chosen(client, target(offered, "ssm"), target(offered, "s3", kind="Gateway"))
        subnets = InventoryItem.objects.filter(kind="subnet", vpc_id=target(offered).vpc_id)
        both = [item.aws_id for item in subnets if item.name in ("private-a", "other-a")]
        wrong = {
            **fields,
            "t0-subnet_ids": both,
            "t1-route_table_ids": ["rtb-0123456789abcdef0"],
            "t1-name": "kept & safe",
        }
        wrong["justification"] = ""
        response = client.post(URL, {**wrong, "action": "submit"})
        assert response.status_code == 422
        said = text_of(response)
        assert "Justification : This field is required." in said
        assert "s3 in main: Route tables : rtb-0123456789abcdef0 doesn't belong to this VPC." in said
        sent = fields_of(response)
        assert sent["t1-name"] == ["kept & safe"]
        assert sorted(sent["t0-subnet_ids"]) == sorted(both)
        # What preflight blocks is told when the rest is right.
        right = {**wrong, "justification": "Because.", "t1-route_table_ids": fields["t1-route_table_ids"]}
        blocked = client.post(URL, {**right, "action": "submit"})
        assert blocked.status_code == 422
        assert "ssm in main: Subnets" in text_of(blocked)
        del right["t0-on"]
        assert client.post(URL, {**right, "action": "submit"}).status_code == 302
        assert Change.objects.get().vpc_endpoint_type == "Gateway"

    def test_nothing_ticked_is_no_request(self, as_: SignIn, account: Account, engineer: User) -> None:
        client = as_(engineer)
        fields = chosen(client, target(account))
        del fields["t0-on"]
        response = client.post(URL, {**fields, "action": "review"})
        assert response.status_code == 422
        assert "Tick at least one endpoint" in text_of(response)

    def test_the_same_twice_is_blocked_by_the_first(self, as_: SignIn, offered: Account, engineer: User) -> None:
        client = as_(engineer)
        fields = chosen(client, target(offered, "s3", kind="Gateway"), target(offered, "s3"))
        fields |= {"t1-vpc_endpoint_type": ["Gateway"], "t1-route_table_ids": fields["t0-route_table_ids"]}
        response = client.post(URL, {**fields, "action": "review"})
        assert response.status_code == 422
        assert "number 1 of this request" in text_of(response)

    def test_another_teams_name_and_a_forged_subnet_are_refused(
        self, as_: SignIn, offered: Account, engineer: User, outsider: User
    ) -> None:
        client = as_(engineer)
        fields = chosen(client, target(offered, "ssm"))
        theirs = client.post(URL, {**fields, "owner_team": outsider.teams.get().pk, "action": "submit"})
        foreign = client.post(URL, {**fields, "t0-subnet_ids": "subnet-00000000", "action": "submit"})
        assert (theirs.status_code, foreign.status_code) == (422, 422)
        assert not EndpointRequest.objects.exists()

    def test_a_protected_account_begins_with_a_ready_policy(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        Account.objects.update(protected=True)
        client = as_(engineer)
        fields = chosen(client, target(account))
        assert fields["t0-access"] != ["full"]
        full = client.post(URL, {**fields, "t0-access": "full", "action": "review"})
        assert full.status_code == 422
        assert "no endpoint of it gets full access" in text_of(full)
        assert client.post(URL, {**fields, "action": "submit"}).status_code == 302
        document = Change.objects.get().desired().policy_document
        assert document
        assert account.account_id in document

    def test_a_form_that_was_used_makes_no_second_request(
        self, as_: SignIn, account: Account, engineer: User, teammate: User
    ) -> None:
        fields = {**chosen(as_(engineer), target(account)), "submission_key": str(uuid.uuid4()), "action": "submit"}
        assert as_(engineer).post(URL, fields).status_code == 302
        assert as_(teammate).post(URL, fields).status_code == 409


class TestEditing:
    """A request for several endpoints that was sent back."""

    def test_it_starts_with_what_was_asked_for_and_makes_a_new_round(
        self, as_: SignIn, offered: Account, engineer: User, approver: User
    ) -> None:
        client = as_(engineer)
        fields = chosen(client, target(offered, "ssm"), target(offered, "s3", kind="Gateway"), target(offered, "kms"))
        group = InventoryItem.objects.get(name="https", vpc_id=target(offered).vpc_id)
        fields |= {f"{group.vpc_id}-security_group_ids": [group.aws_id], "t0-name": ["shells"]}
        fields |= {"t0-access": ["accounts-ssm"], "t0-subnet_ids": fields["t0-subnet_ids"][:2]}
        del fields["t2-on"]
        assert client.post(URL, {**fields, "action": "submit"}).status_code == 302
        made = EndpointRequest.objects.get()
        first = [change.spec for change in made.changes.order_by("position")]
        decided = {"decision": "request_changes", "comment": "Less.", "content_hash": made.content_hash}
        as_(approver).post(reverse("request_review", args=[made.pk]), decided)
        edit = reverse("request_edit", args=[made.pk])
        sent = fields_of(client.get(edit, follow=True), edit)
        same = client.post(edit, {**sent, "action": "review"})
        assert same.status_code == 200
        assert [change.spec.to_dict() for change in same.context["draft"].changes] == first
        del sent["t0-on"]
        assert client.post(edit, {**sent, "action": "submit"}).status_code == 302
        made.refresh_from_db()
        assert (made.status, made.round) == ("submitted", 2)
        assert [item.vpc_endpoint_type for item in made.changes.filter(round=2)] == ["Gateway"]

    def test_what_the_form_cant_say_is_not_lost_in_it(
        self, as_: SignIn, offered: Account, engineer: User, approver: User
    ) -> None:
        spec = make.interface_spec(offered, tags=(("team", "x"),))
        made = make.submitted(offered, engineer, spec, make.gateway_spec(offered))
        decided = {"decision": "request_changes", "comment": "Less.", "content_hash": made.content_hash}
        as_(approver).post(reverse("request_review", args=[made.pk]), decided)
        assert as_(engineer).get(reverse("request_edit", args=[made.pk]), follow=True).status_code == 409

    def test_what_was_withdrawn_is_asked_for_again(self, as_: SignIn, account: Account, engineer: User) -> None:
        made = make.submitted(account, engineer, make.interface_spec(account), make.gateway_spec(account))
        client = as_(engineer)
        client.post(reverse("request_withdraw", args=[made.pk]))
        page = client.get(made.get_absolute_url()).content.decode()
        assert "Ask for them again" in page
        keys = re.findall(r'name="t" value="([^"]+)"', page)
        form = client.post(URL, {"action": "choose", "t": keys}).context["several"]
        assert len(form.ticked) == 2


class TestLive:
    """What the checks say and what it costs, while the form is filled in."""

    def test_a_card_is_judged_with_those_before_it_and_all_are_added_up(
        self, as_: SignIn, offered: Account, engineer: User
    ) -> None:
        client = as_(engineer)
        fields = chosen(client, target(offered, "ssm"), target(offered, "ssm", "second"))
        said = text_of(client.post(LIVE, {**fields, "only": "0", "t0-subnet_ids": fields["t0-subnet_ids"][:1]}))
        assert "Interface · 1 subnet · private DNS on" in said
        assert "$31.20 a month, about, for the 2 that are ticked" in said
        del fields["t1-on"]
        vpc = target(offered, "ssm", "second").vpc_id
        assert "Not asked for" in text_of(client.post(LIVE, {**fields, "only": vpc}))

    def test_a_rule_that_cures_a_finding_is_carried_by_each_that_ticks_it(
        self, as_: SignIn, offered: Account, engineer: User
    ) -> None:
        InventoryItem.objects.filter(kind="security_group", name="https").delete()  # which would be the better cure
        client = as_(engineer)
        fields = chosen(client, target(offered, "ssm"), target(offered, "kms"), target(offered, "ssmmessages"))
        page = client.post(LIVE, {**fields, "only": "0"}).content.decode()
        (key,) = re.findall(r'name="t0-group_rules" value="([^"]+)"', page)
        del fields["t1-on"]
        ticked = {**fields, "t0-group_rules": [key]}
        said = text_of(client.post(LIVE, {**ticked, "only": fields["t"][0].split("/")[2]}))
        assert said.count("The request adds a rule to default") == 1
        assert said.count("Nobody gets in") == 1  # the other endpoint doesn't live off a rule that goes with the first
        assert client.post(URL, {**ticked, "action": "submit"}).status_code == 302
        first, second = Change.objects.order_by("position")
        assert [len(item.desired().group_rules) for item in (first, second)] == [1, 0]
        forged = {**ticked, "t0-group_rules": [key.replace("10.0.0.0/16", "0.0.0.0/0")]}
        refused = client.post(URL, {**forged, "submission_key": str(uuid.uuid4()), "action": "submit"})
        assert refused.status_code == 422
        assert "isn't a rule that is offered here" in text_of(refused)

    def test_another_type_brings_its_own_fields(self, as_: SignIn, account: Account, engineer: User) -> None:
        client = as_(engineer)
        fields = {**chosen(client, target(account, "s3", kind="Gateway")), "t0-vpc_endpoint_type": "Interface"}
        response = client.post(LIVE, {**fields, "only": "0", "body": "1"})
        assert 'name="t0-subnet_ids"' in response.content.decode()
        assert "Interface · 3 subnets" in text_of(response)

    def test_what_names_no_card_is_refused(self, as_: SignIn, account: Account, engineer: User) -> None:
        assert as_(engineer).post(LIVE, {"t": target(account).key, "only": "7"}).status_code == 422
        assert as_(engineer).post(LIVE).status_code == 422


def test_twenty_cost_as_many_queries_as_two(as_: SignIn, account: Account, engineer: User) -> None:
    """The form, its review and what is judged while it is filled in; four VPCs of five services each."""
    client = as_(engineer)
    names = ["svc0", "svc1", "svc2", "svc3", "svc4"]
    make.offer(account, *names)
    vpcs = ["main", "second", "third", "fourth"]
    for vpc in vpcs[1:]:
        make.another_vpc(account, vpc)

    def queries(*targets: Target) -> list[int]:
        counts = []
        with CaptureQueriesContext(connection) as captured:
            fields = chosen(client, *targets)
        counts.append(len(captured))
        for act, more in ((URL, {"action": "review"}), (LIVE, {"only": "1"}), (URL, {"action": "submit"})):
            with CaptureQueriesContext(connection) as captured:
                response = client.post(act, {**fields, **more})
            assert response.status_code in (200, 302), text_of(response)
            counts.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            client.get(EndpointRequest.objects.latest("pk").get_absolute_url())
        return [*counts, len(captured)]

    two = queries(target(account, "svc0"), target(account, "svc1", "second"))
    EndpointRequest.objects.all()
    twenty = queries(*(target(account, name, vpc) for vpc in vpcs for name in names))
    assert twenty == two
    assert max(two) <= 30
