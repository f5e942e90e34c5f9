"""Adding accounts, and what a worker finds when it checks one, against the simulated AWS's own IAM."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from endpoints.aws.sessions import forget_clients
from endpoints.models import Account, AccountCheck, AccountRegion, Event, Role, User
from endpoints.policy import role
from endpoints.policy.role_check import verdict
from endpoints.services import account_checks, accounts, administration, events, sweeping
from endpoints.services.actors import person
from endpoints.services.errors import Conflict, Invalid
from portal.sandbox import world
from tests import aws as simulated
from tests import factories as make
from tests.aws import MEMBER, REGION, ROLE, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(db: None) -> User:
    return make.make_person("administrator", Role.ADMINISTRATOR)


@pytest.fixture
def operator(db: None) -> User:
    return make.make_person("operator", Role.OPERATOR)


def new(by: User, **fields: Any) -> Account:
    """Add an account."""
    values: dict[str, Any] = {"account_id": "123456789012", "name": "new-prod", "regions": ["eu-west-1"], **fields}
    return accounts.add(**values, by=person(by), now=timezone.now())


class TestAdding:
    """An account's ExternalId is the portal's to make, and its role's ARN is proposed."""

    def test_each_gets_an_external_id_of_its_own_and_a_role_in_its_partition(self, administrator: User) -> None:
        one = new(administrator)
        two = new(administrator, account_id="210987654321", name="china", regions=["cn-north-1"], role_name="Other")
        assert len(one.external_id) >= 43
        assert one.external_id != two.external_id
        assert one.external_id_at is not None
        assert one.role_arn == "arn:aws:iam::123456789012:role/VpcEndpointPortal"
        assert two.role_arn == "arn:aws-cn:iam::210987654321:role/Other"
        assert AccountRegion.objects.filter(account=one, region="eu-west-1").exists()
        event = Event.objects.filter(verb="account.added").latest("pk")
        assert (event.chain, event.actor) == (administration.CHAIN, "administrator")
        assert one.external_id not in json.dumps(list(Event.objects.values("data", "summary")))

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"account_id": "12"}, "account_id"),
            ({"name": " "}, "name"),
            ({"regions": []}, "regions"),
            ({"regions": ["Frankfurt"]}, "regions"),
            ({"regions": ["eu-west-1", "us-gov-west-1"]}, "regions"),
            ({"role_name": "a role"}, "role_name"),
        ],
    )
    def test_what_can_not_be_is_told_by_field(self, administrator: User, wrong: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as caught:
            new(administrator, **wrong)
        assert set(caught.value.problems) == {field}
        assert not Account.objects.exists()

    def test_one_is_added_once(self, administrator: User) -> None:
        new(administrator)
        with pytest.raises(Invalid) as caught:
            new(administrator)
        assert set(caught.value.problems) == {"account_id", "name"}

    def test_two_accounts_never_share_an_external_id(self, administrator: User) -> None:
        one = new(administrator)
        two = new(administrator, account_id="210987654321", name="other")
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(pk=two.pk).update(external_id=one.external_id)

    def test_an_edit_that_was_begun_before_a_renewal_keeps_the_renewed_external_id(self, administrator: User) -> None:
        account = new(administrator)
        open_in_a_form = Account.objects.get(pk=account.pk)
        accounts.renew_external_id(account=account, by=person(administrator), now=timezone.now())
        open_in_a_form.name = "renamed"
        administration.save(item=open_in_a_form, by=person(administrator), now=timezone.now())
        stored = Account.objects.get(pk=account.pk)
        assert (stored.name, stored.external_id) == ("renamed", account.external_id)

    def test_renewing_the_external_id_is_an_act_on_the_record(self, administrator: User, operator: User) -> None:
        account = new(administrator)
        before = account.external_id
        accounts.renew_external_id(account=account, by=person(administrator), now=timezone.now())
        account.refresh_from_db()
        assert account.external_id != before
        event = Event.objects.get(verb="account.external_id_renewed")
        assert event.actor == "administrator"
        assert account.external_id not in json.dumps(event.data)
        with pytest.raises(PermissionDenied):
            accounts.renew_external_id(account=account, by=person(operator), now=timezone.now())
        assert events.first_broken(administration.CHAIN) is None


class TestAsking:
    """A check is a row, asked for by some, done once."""

    def test_who_asks_twice_waits_for_the_same_check(self, operator: User) -> None:
        account = make.make_account()
        first = accounts.request_check(account=account, by=person(operator), now=timezone.now())
        again = accounts.request_check(account=account, by=person(operator), now=timezone.now())
        assert first == again
        assert Event.objects.filter(verb="account.check_requested").count() == 1

    def test_others_may_not_ask(self, operator: User) -> None:
        account = make.make_account()
        with pytest.raises(PermissionDenied):
            accounts.request_check(account=account, by=person(make.make_approver(account)), now=timezone.now())
        Account.objects.filter(pk=account.pk).update(is_active=False)
        account.refresh_from_db()
        with pytest.raises(Conflict):
            accounts.request_check(account=account, by=person(operator), now=timezone.now())

    def test_only_the_latest_are_kept(self, operator: User) -> None:
        account = make.make_account()
        for _ in range(accounts.KEPT + 3):
            accounts.request_check(account=account, by=person(operator), now=timezone.now())
            AccountCheck.objects.filter(finished_at=None).update(finished_at=timezone.now())
        assert account.checks.count() == accounts.KEPT

    def test_the_sweeper_finds_one_whose_message_was_lost_and_a_worker_takes_it_once(self, operator: User) -> None:
        account = make.make_account()
        check = accounts.request_check(account=account, by=person(operator), now=timezone.now())
        assert sweeping.sweep(now=timezone.now()).account_checks == 1
        assert account_checks._take(check.pk)
        assert sweeping.sweep(now=timezone.now()).account_checks == 0
        assert not account_checks.run(check_id=check.pk), "another worker holds it"

    def test_one_that_never_finishes_is_given_up(self, operator: User) -> None:
        check = accounts.request_check(account=make.make_account(), by=person(operator), now=timezone.now())
        AccountCheck.objects.filter(pk=check.pk).update(attempts=account_checks.MAX_ATTEMPTS)
        assert account_checks.run(check_id=check.pk)
        check.refresh_from_db()
        assert check.finished_at
        assert "not finished" in check.findings[0]["detail"]


class Bench:
    """The member account of the simulated AWS, and what a check of it finds."""

    def __init__(self, aws: World, operator: User) -> None:
        self.aws = aws
        self.operator = operator
        self.account = simulated.member_account()
        self.iam = boto3.client("iam", region_name=REGION, endpoint_url=aws.url, **aws.keys)

    def check(self) -> list[dict[str, Any]]:
        """Have the account checked and return the findings."""
        check = accounts.request_check(account=self.account, by=person(self.operator), now=timezone.now())
        assert account_checks.run(check_id=check.pk)
        check.refresh_from_db()
        assert check.finished_at
        return check.findings

    def may(self, change: Any) -> None:
        """Give the role the printed policy, changed."""
        policy = role.permission_policy(account_id=MEMBER)
        policy["Statement"] = change(policy["Statement"])
        self.iam.put_role_policy(RoleName=ROLE, PolicyName="portal", PolicyDocument=json.dumps(policy))

    def without(self, *sids: str) -> None:
        """Take statements out of the role's policy."""
        self.may(lambda statements: [item for item in statements if item["Sid"] not in sids])


@pytest.fixture
def bench(aws: World, operator: User) -> Bench:
    return Bench(aws, operator)


def bad(findings: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what is wrong: region and name."""
    return [(item["region"], item["name"]) for item in findings if item["outcome"] == "bad"]


def finding(findings: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the one finding of a name."""
    (found,) = [item for item in findings if item["name"] == name]
    return found


def test_the_printed_policy_is_enough_and_nothing_is_done_by_looking(bench: Bench) -> None:
    before = bench.aws.endpoints()
    findings = bench.check()
    assert bad(findings) == []
    assert verdict(findings) == "ok"
    permissions = {item["name"]: item["outcome"] for item in findings if item["section"] == "permission"}
    assert set(permissions) == role.ACTIONS
    left_open = {name for name, outcome in permissions.items() if outcome != "ok"}
    assert left_open == {"route53:AssociateVPCWithHostedZone"}, "AWS has no dry run for it"
    assert finding(findings, "Role")["outcome"] == "ok"
    assert finding(findings, "Interface endpoints per VPC")["detail"].startswith("0 of 50")
    assert bench.aws.endpoints() == before
    created = bench.aws.calls("CreateVpcEndpoint")
    assert [call["error"] for call in created] == ["DryRunOperation"] * 2
    assert {call["params"]["VpcId"] for call in created} <= {bench.aws.vpc_id, *_other_vpcs(bench)}


def _other_vpcs(bench: Bench) -> set[str]:
    return set(bench.account.inventory.filter(kind="vpc").values_list("aws_id", flat=True))


def test_a_missing_permission_is_exactly_what_is_found(bench: Bench) -> None:
    for sid, missing in [
        ("ChangeEndpoints", "ec2:ModifyVpcEndpoint"),
        ("DeleteEndpoints", "ec2:DeleteVpcEndpoints"),
        ("PrivateDns", "route53:AssociateVPCWithHostedZone"),
        ("ReadQuotas", "servicequotas:GetServiceQuota"),
    ]:
        bench.without(sid)
        findings = bench.check()
        assert bad(findings) == [(REGION, missing)]
        assert f"statement {sid} " in finding(findings, missing)["cure"]


def test_tags_are_tried_while_creating_and_later(bench: Bench) -> None:
    bench.without("TagEndpoints")
    assert bad(bench.check()) == [(REGION, "ec2:CreateTags"), (REGION, "ec2:DeleteTags")]


def test_create_is_asked_for_on_each_kind_of_resource(bench: Bench) -> None:
    for kind in ("vpc", "subnet", "security-group", "route-table", "vpc-endpoint"):

        def narrowed(statements: list[dict[str, Any]], kind: str = kind) -> list[dict[str, Any]]:
            for item in statements:
                if item["Sid"] == "CreateEndpoints":
                    item["Resource"] = [arn for arn in item["Resource"] if f":{kind}/" not in arn]
            return statements

        bench.may(narrowed)
        assert bad(bench.check()) == [(REGION, "ec2:CreateVpcEndpoint")], kind


def test_a_role_that_may_nothing_still_gives_a_whole_answer(bench: Bench) -> None:
    bench.iam.delete_role_policy(RoleName=ROLE, PolicyName="portal")
    findings = bench.check()
    missing = {name for _, name in bad(findings)}
    assert missing == role.ACTIONS - {"route53:AssociateVPCWithHostedZone", *_unreadable()}
    left_open = finding(findings, "route53:AssociateVPCWithHostedZone")
    assert "can't be tried while ec2:CreateVpcEndpoint" in left_open["detail"]


def _unreadable() -> set[str]:
    """Quotas are compared with what exists; without that there is nothing to read them for."""
    return {"servicequotas:GetServiceQuota"}


class TestTheWayIn:
    """AWS says `AccessDenied` for each; the cure says what to look at, and what changed."""

    def test_another_external_id(self, bench: Bench) -> None:
        assert bad(bench.check()) == []
        administrator = person(make.make_person("administrator", Role.ADMINISTRATOR))
        accounts.renew_external_id(account=bench.account, by=administrator, now=timezone.now())
        findings = bench.check()
        assert bad(findings) == [("", "Role")]
        assert findings[0]["code"] == "AccessDenied"
        assert "ExternalId was renewed" in findings[0]["cure"]
        assert len(findings) == 1, "what needs the role isn't guessed at"
        trust = json.loads(accounts.trust_policy(bench.account))
        trust["Statement"][0]["Principal"]["AWS"] = world.TOOLING_PRINCIPAL
        bench.iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
        assert bad(bench.check()) == []

    def test_a_role_that_is_gone_though_its_session_lives(self, bench: Bench) -> None:
        assert bad(bench.check()) == []
        bench.iam.delete_role_policy(RoleName=ROLE, PolicyName="portal")
        bench.iam.delete_role(RoleName=ROLE)
        (found,) = bench.check()
        assert "the role was removed" in found["cure"]

    def test_a_role_that_never_let_us_in(self, bench: Bench) -> None:
        Account.objects.update(external_id="never-right")
        bench.account.refresh_from_db()
        (found,) = bench.check()
        assert "which of three things" in found["cure"]

    def test_a_role_of_another_account(self, bench: Bench) -> None:
        Account.objects.update(account_id="999999999999")
        bench.account.refresh_from_db()
        (found,) = bench.check()
        assert (found["outcome"], MEMBER in found["detail"]) == ("bad", True)

    def test_no_answer_at_all(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as there:
            there.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            forget_clients()
            (found,) = bench.check()
        assert found["code"] == "EndpointConnectionError"
        assert "the way from the workers" in found["cure"]


def test_a_region_that_is_not_enabled_keeps_nothing_of_the_others_back(bench: Bench) -> None:
    Account.objects.update(regions=["ap-east-1", REGION, "mars-north-1"])
    bench.account.refresh_from_db()
    findings = bench.check()
    assert bad(findings) == [("ap-east-1", "Region"), ("mars-north-1", "Region")]
    assert {item["region"] for item in findings if item["section"] == "permission"} == {"", REGION}


def test_a_check_that_ran_out_of_time_goes_on_with_the_regions_that_are_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = [REGION, "us-east-1"]
    Account.objects.filter(pk=bench.account.pk).update(regions=regions)
    quotas, asked = account_checks._quotas, []

    def slow(account: Account, region: str, prober: Any) -> Any:
        asked.append(region)
        if asked == regions:
            raise SoftTimeLimitExceeded
        return quotas(account, region, prober)

    monkeypatch.setattr(account_checks, "_quotas", slow)
    check = accounts.request_check(account=bench.account, by=person(bench.operator), now=timezone.now())
    with pytest.raises(SoftTimeLimitExceeded):
        account_checks.run(check_id=check.pk)
    AccountCheck.objects.update(lease_expires_at=timezone.now())
    assert sweeping.sweep(now=timezone.now()).account_checks == 1
    assert account_checks.run(check_id=check.pk)
    assert asked == [*regions, "us-east-1"]
    check.refresh_from_db()
    assert check.findings == bench.check()


def test_errors_that_decide_nothing_are_left_open(bench: Bench) -> None:
    bench.aws.control.add_fault(
        action="ModifyVpcEndpoint", kind="error", code="InvalidVpcEndpointId.NotFound", message="x"
    )
    bench.aws.control.add_fault(action="DeleteVpcEndpoints", kind="throttle", times=None)
    findings = bench.check()
    assert bad(findings) == []
    assert finding(findings, "ec2:ModifyVpcEndpoint")["outcome"] == "unknown"
    assert "InvalidVpcEndpointId.NotFound" in finding(findings, "ec2:ModifyVpcEndpoint")["detail"]
    assert "busy" in finding(findings, "ec2:DeleteVpcEndpoints")["detail"]


def test_a_quota_that_is_nearly_used_up_is_told(bench: Bench) -> None:
    ec2 = bench.aws.ec2()
    ec2.create_vpc_endpoint(VpcId=bench.aws.vpc_id, ServiceName=f"com.amazonaws.{REGION}.s3")
    bench.aws.control.set_quota("gateway-per-region", 1)
    findings = bench.check()
    found = finding(findings, "Gateway endpoints per region")
    assert (found["outcome"], found["detail"]) == ("bad", f"1 of 1 used in {REGION}.")
    assert "L-1B52E74A" in found["cure"]
