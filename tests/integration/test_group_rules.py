"""Rules of security groups that a request carries: made and removed with the endpoint, through the simulated AWS."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec
from endpoints.models import AccountRegion, Drift, Endpoint, EndpointRequest, Event, InventoryItem, Operation
from endpoints.models.requests import ChangeAction
from endpoints.services import events, group_rules, inventory, requests, survey
from endpoints.services.actors import person
from tests import factories
from tests.aws import REGION
from tests.integration.cast import Cast, cast

__all__ = ["cast"]  # the fixture

pytestmark = pytest.mark.django_db


class Guarded:
    """A group that lets nobody in on TCP 443, and the rule that would."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.ec2 = cast, cast.aws.ec2()
        made = self.ec2.create_security_group(VpcId=cast.aws.vpc_id, GroupName="closed", Description="Nobody")
        self.group_id = str(made["GroupId"])
        read(cast)

    def rule(self, **fields: Any) -> GroupRule:
        asked = {"direction": "ingress", "from_port": 443, "to_port": 443, "cidr": "10.0.0.0/16"}
        return GroupRule(**{"group_id": self.group_id, "description": "HTTPS to secretsmanager", **asked, **fields})

    def spec(self, **fields: Any) -> EndpointSpec:
        asked = {"security_group_ids": (self.group_id,), "group_rules": (self.rule(),), **fields}
        return self.cast.aws.interface_spec(**asked)

    def held(self) -> list[dict[str, Any]]:
        """Return the group's inbound rules in AWS."""
        filters = [{"Name": "group-id", "Values": [self.group_id]}]
        found = self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        return [item for item in found if not item["IsEgress"]]

    def add_by_hand(self, rule: GroupRule) -> None:
        permission = {
            "IpProtocol": "tcp",
            "FromPort": rule.from_port,
            "ToPort": rule.to_port,
            "IpRanges": [{"CidrIp": rule.cidr}],
        }
        self.ec2.authorize_security_group_ingress(GroupId=self.group_id, IpPermissions=[permission])


def read(cast: Cast) -> None:
    """Have the inventory read again."""
    AccountRegion.objects.update(inventory_due_at=timezone.now())
    assert inventory.refresh(account_region_id=AccountRegion.objects.get(account=cast.account).pk, now=timezone.now())


def look(cast: Cast) -> None:
    """Have the survey look, long after the last change."""
    AccountRegion.objects.update(survey_due_at=None)
    Operation.objects.update(finished_at=timezone.now() - 2 * survey.SETTLING)
    region = AccountRegion.objects.get(account=cast.account)
    assert survey.survey(account_region_id=region.pk, now=timezone.now()) is not None


def made(cast: Cast, spec: EndpointSpec) -> Endpoint:
    assert cast.work(cast.approved(spec)).status == "available", Operation.objects.last()
    return Endpoint.objects.latest("pk")


def deleted(cast: Cast, endpoint: Endpoint) -> EndpointRequest:
    return cast.work(cast.change(endpoint, ChangeAction.DELETE))


def s3_list() -> str:
    """Return the id of S3's prefix list."""
    return InventoryItem.objects.get(kind="prefix_list", name=f"com.amazonaws.{REGION}.s3").aws_id


@pytest.fixture
def guarded(cast: Cast) -> Guarded:
    return Guarded(cast)


def test_the_rule_comes_with_the_endpoint_and_goes_with_it(cast: Cast, guarded: Guarded) -> None:
    endpoint = made(cast, guarded.spec())
    (rule,) = guarded.held()
    assert (rule["CidrIpv4"], rule["FromPort"], rule["Description"]) == ("10.0.0.0/16", 443, "HTTPS to secretsmanager")
    assert {"Key": "portal:operation", "Value": str(Operation.objects.get().pk)} in rule["Tags"]
    seen = endpoint.observed_endpoint()
    assert seen is not None
    assert [(item.rule_id, item.goes) for item in seen.group_rules] == [(rule["SecurityGroupRuleId"], True)]
    order = [call["action"] for call in cast.aws.control.calls() if not call["action"].startswith(("Describe", "Get"))]
    wanted = ["CreateVpcEndpoint", "AuthorizeSecurityGroupIngress", "ModifyVpcEndpoint"]
    assert [item for item in order if item in wanted] == wanted, "its name leads to it only when the group lets in"
    assert cast.aws.endpoints()[0]["PrivateDnsEnabled"] is True

    assert deleted(cast, endpoint).status == "deleted"
    assert guarded.held() == []
    verbs = list(Event.objects.filter(verb__startswith="aws.rule").order_by("sequence").values_list("verb", flat=True))
    assert verbs == ["aws.rule_added", "aws.rule_removed"]
    assert events.first_broken(cast.account.account_id) is None


def test_a_rule_that_was_there_is_left_as_it_is(cast: Cast, guarded: Guarded) -> None:
    guarded.add_by_hand(guarded.rule())
    (theirs,) = guarded.held()
    endpoint = made(cast, guarded.spec())
    assert cast.aws.calls("AuthorizeSecurityGroupIngress")[1:] == [], "only the one made by hand"
    seen = endpoint.observed_endpoint()
    assert seen is not None
    assert [item.ours for item in seen.group_rules] == [False]
    assert deleted(cast, endpoint).status == "deleted"
    assert guarded.held() == [theirs]


def test_a_rule_that_two_endpoints_ask_for_goes_with_the_last(cast: Cast, guarded: Guarded) -> None:
    first = made(cast, guarded.spec())
    second = made(cast, guarded.spec(service_name=f"com.amazonaws.{REGION}.sqs"))
    (rule,) = guarded.held()
    seen = second.observed_endpoint()
    assert seen is not None
    assert [(item.ours, item.shared) for item in seen.group_rules] == [(True, True)]
    assert deleted(cast, first).status == "deleted"
    assert guarded.held() == [rule], "the second needs it"
    look(cast)
    assert not Drift.objects.exists()
    assert deleted(cast, second).status == "deleted"
    assert guarded.held() == []


def test_a_change_adds_a_rule_and_another_takes_it_away(cast: Cast, guarded: Guarded) -> None:
    endpoint = made(cast, guarded.spec(group_rules=()))
    assert guarded.held() == []
    added = factories.modification(endpoint, cast.engineer, group_rules=(guarded.rule(),))
    assert cast.work(factories.approved(added, cast.approver)).status == "available"
    assert [item["CidrIpv4"] for item in guarded.held()] == ["10.0.0.0/16"]
    taken = factories.modification(endpoint, cast.engineer, group_rules=())
    assert cast.work(factories.approved(taken, cast.approver)).status == "available"
    assert guarded.held() == []


def test_a_change_that_was_given_up_leaves_a_rule_that_is_drift_and_goes(cast: Cast, guarded: Guarded) -> None:
    endpoint = made(cast, guarded.spec(group_rules=()))
    cast.aws.control.add_fault(action="ModifyVpcEndpoint", kind="error", times=1, code="InvalidParameter", message="No")
    lost = factories.modification(endpoint, cast.engineer, group_rules=(guarded.rule(),), private_dns_enabled=False)
    assert cast.work(factories.approved(lost, cast.approver)).status == "failed"
    requests.withdraw(request=lost, by=person(cast.engineer), now=timezone.now())
    assert len(guarded.held()) == 1
    look(cast)
    drift = Drift.objects.get()
    assert (drift.field, drift.desired, drift.observed) == ("group_rules", [], [guarded.rule().key])
    restored = factories.modification(endpoint, cast.engineer)
    assert cast.work(factories.approved(restored, cast.approver)).status == "available"
    assert guarded.held() == []


def test_an_answer_that_is_lost_leaves_one_rule_that_is_ours(cast: Cast, guarded: Guarded) -> None:
    cast.aws.control.add_fault(action="AuthorizeSecurityGroupIngress", kind="cut", times=1)
    request = cast.work(cast.approved(guarded.spec()))
    assert cast.aws.control.faults()[0]["fired"] == 1
    Operation.objects.update(next_attempt_at=timezone.now())  # without waiting for the back-off
    assert cast.work(request).status == "available"
    assert len(guarded.held()) == len(cast.aws.calls("AuthorizeSecurityGroupIngress")) == 1
    seen = Endpoint.objects.get().observed_endpoint()
    assert seen is not None
    assert [item.goes for item in seen.group_rules] == [True]


@pytest.mark.parametrize(
    ("spoil", "code", "cure"),
    [
        ("full", "RulesPerSecurityGroupLimitExceeded", "The security group is full"),
        ("gone", "InvalidGroup.NotFound", "A security group is gone"),
        ("forbidden", "UnauthorizedOperation", "lacks a permission"),
    ],
)
def test_a_refusal_ends_with_its_cure_and_the_endpoint_can_go(
    cast: Cast, guarded: Guarded, spoil: str, code: str, cure: str
) -> None:
    # The rule is in another group than the endpoint's own, so that the group can be deleted.
    rule = guarded.rule(direction="egress", cidr="", prefix_list_id=s3_list())
    request = cast.approved(guarded.spec() if spoil != "gone" else cast.aws.gateway_spec(group_rules=(rule,)))
    control = cast.aws.control
    if spoil == "full":
        control.set_quota("rules-per-group", 0)
    elif spoil == "gone":
        guarded.ec2.delete_security_group(GroupId=guarded.group_id)
    else:
        action = "AuthorizeSecurityGroupIngress"
        control.add_fault(action=action, kind="error", times=1, code=code, message="You may not.")
    assert cast.work(request).status == "failed"
    operation = Operation.objects.get()
    assert operation.last_error_code == code
    assert cure in operation.last_cure
    assert operation.endpoint.vpc_endpoint_id, "AWS has it: it can be retried, or deleted by a request"


def test_a_rule_that_is_gone_is_drift_and_is_restored(cast: Cast, guarded: Guarded) -> None:
    endpoint = made(cast, guarded.spec())
    before = len(cast.aws.calls("DescribeSecurityGroupRules"))
    look(cast)
    assert not Drift.objects.exists()
    assert len(cast.aws.calls("DescribeSecurityGroupRules")) == before + 1
    (rule,) = guarded.held()
    guarded.ec2.revoke_security_group_ingress(
        GroupId=guarded.group_id, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )
    look(cast)
    drift = Drift.objects.get()
    assert (drift.field, drift.desired, drift.observed) == ("group_rules", [guarded.rule().key], [])
    restored = factories.modification(endpoint, cast.engineer)
    assert cast.work(factories.approved(restored, cast.approver)).status == "available"
    assert len(guarded.held()) == 1
    assert not Drift.objects.open().exists()


def test_a_rule_of_ours_that_was_widened_by_hand_is_drift_and_goes_too(cast: Cast, guarded: Guarded) -> None:
    endpoint = made(cast, guarded.spec())
    (rule,) = guarded.held()
    wider = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"}
    changed = {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wider}
    guarded.ec2.modify_security_group_rules(GroupId=guarded.group_id, SecurityGroupRules=[changed])
    look(cast)
    drift = Drift.objects.get()
    assert (drift.desired, drift.observed) == ([guarded.rule().key], [guarded.rule(cidr="10.0.0.0/8").key])
    assert deleted(cast, endpoint).status == "deleted"
    assert guarded.held() == []


def test_endpoints_without_rules_cost_no_call(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.interface_spec())
    look(cast)
    assert deleted(cast, endpoint).status == "deleted"
    assert cast.aws.calls("DescribeSecurityGroupRules") == []


def test_a_gateways_rule_leads_out_to_the_prefix_list(cast: Cast, guarded: Guarded) -> None:
    list_id = s3_list()
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    guarded.ec2.revoke_security_group_egress(GroupId=guarded.group_id, IpPermissions=everything)
    read(cast)
    rule = guarded.rule(direction="egress", cidr="", prefix_list_id=list_id)
    endpoint = made(cast, cast.aws.gateway_spec(group_rules=(rule,)))
    out = guarded.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [guarded.group_id]}])
    assert [item["PrefixListId"] for item in out["SecurityGroupRules"]] == [list_id]
    assert deleted(cast, endpoint).status == "deleted"
    assert (
        guarded.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [guarded.group_id]}])[
            "SecurityGroupRules"
        ]
        == []
    )


def test_a_tag_that_is_no_operations_is_nobodys(cast: Cast, guarded: Guarded) -> None:
    guarded.add_by_hand(guarded.rule())
    (rule,) = guarded.held()
    guarded.ec2.create_tags(
        Resources=[rule["SecurityGroupRuleId"]], Tags=[{"Key": group_rules.OWNERSHIP_TAG, "Value": "not-a-uuid"}]
    )
    endpoint = made(cast, guarded.spec())
    assert deleted(cast, endpoint).status == "deleted"
    assert len(guarded.held()) == 1
