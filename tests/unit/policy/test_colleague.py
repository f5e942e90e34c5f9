"""A colleague's policy, asked by the evaluator what it allows: all of a call's resources, as EC2 asks."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from botocore.loaders import Loader

from endpoints.policy.colleague import LOOK, Level, Permissions, Scope, permissions
from endpoints.policy.document import parse
from endpoints.policy.evaluate import Chain, Request, compile_policy, evaluate

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
HERE, THERE = "vpc-0123456789abcdef0", "vpc-0123456789abcdef1"
REGION = "eu-west-1"
USER = f"arn:aws:iam::{ACCOUNT}:user/bob"
S3, KMS = f"com.amazonaws.{REGION}.s3", f"com.amazonaws.{REGION}.kms"
TAG = ("team", "payments")
ALL = Scope(account_id=ACCOUNT)
NARROW = Scope(account_id=ACCOUNT, vpcs=((REGION, HERE),), services=(S3,), tag=TAG)


class Colleague:
    """Somebody with this policy and no other."""

    def __init__(self, found: Permissions) -> None:
        self.chain = Chain(identity_policies=(compile_policy(parse(found.text)),))

    def may(self, action: str, resource: str, **context: Any) -> bool:
        asked = Request(USER, action, resource, ACCOUNT, {key.replace("__", ":"): one for key, one in context.items()})
        return evaluate(asked, self.chain).decision == "allowed"

    def may_create(
        self,
        *,
        vpc: str = HERE,
        service: str = S3,
        owner: str = "amazon",
        region: str = REGION,
        account: str = ACCOUNT,
        tags: tuple[tuple[str, str], ...] = (TAG,),
        of_vpc: str = "",
    ) -> bool:
        """Ask for each resource of one CreateVpcEndpoint, with the keys that EC2 fills in for each."""
        arn = f"arn:aws:ec2:{region}:{account}:"
        own = {"ec2:Vpc": f"{arn}vpc/{of_vpc or vpc}", "aws:RequestedRegion": region}
        wanted: list[tuple[str, dict[str, Any]]] = [
            (f"{arn}vpc/{vpc}", {"aws:RequestedRegion": region}),
            (f"{arn}subnet/subnet-1", own),
            (f"{arn}security-group/sg-1", own),
            (f"{arn}route-table/rtb-1", own),
            (
                f"{arn}vpc-endpoint/*",
                {
                    "aws:RequestedRegion": region,
                    "ec2:VpceServiceName": service,
                    "ec2:VpceServiceOwner": owner,
                    **{f"aws:RequestTag/{key}": value for key, value in tags},
                    "aws:TagKeys": tuple(key for key, _ in tags),
                },
            ),
        ]
        tagged = not tags or self.may(
            "ec2:CreateTags", f"{arn}vpc-endpoint/vpce-1", **{"ec2:CreateAction": "CreateVpcEndpoint"}
        )
        return tagged and all(
            evaluate(Request(USER, "ec2:CreateVpcEndpoint", resource, account, context), self.chain).decision
            == "allowed"
            for resource, context in wanted
        )

    def may_change(self, action: str, **tags: str) -> bool:
        context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        return self.may(action, f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-endpoint/vpce-1", **context)


def with_(level: str, scope: Scope = ALL) -> Colleague:
    return Colleague(permissions(Level(level), scope))


@pytest.mark.parametrize("level", Level)
def test_every_level_looks_and_reads_no_data(level: Level) -> None:
    found = with_(level)
    assert all(found.may(action, "*") for action in LOOK)
    assert not found.may("ec2:DescribeInstances", "*")
    assert not found.may("s3:GetObject", "arn:aws:s3:::b/k")


def test_who_views_changes_nothing() -> None:
    found = with_("view")
    assert not found.may_create()
    assert not found.may_change("ec2:DeleteVpcEndpoints")


def test_looking_stays_in_the_scopes_regions() -> None:
    found = with_("view", Scope(account_id=ACCOUNT, regions=(REGION,)))
    assert found.may("ec2:DescribeVpcEndpoints", "*", aws__RequestedRegion=REGION)
    assert not found.may("ec2:DescribeVpcEndpoints", "*", aws__RequestedRegion="us-east-1")


@pytest.mark.parametrize("level", ["request", "operate", "administer"])
def test_creating_is_allowed_in_the_scope_and_denied_beyond_each_of_its_edges(level: str) -> None:
    found = with_(level, NARROW)
    assert found.may_create()
    assert not found.may_create(vpc=THERE)
    assert not found.may_create(of_vpc=THERE), "parts of another VPC"
    assert not found.may_create(service=KMS)
    assert not found.may_create(region="us-east-1")
    assert not found.may_create(account=OTHER_ACCOUNT)
    assert not found.may_create(tags=())
    assert not found.may_create(tags=(("team", "search"),))


def test_without_services_only_aws_own_are_allowed() -> None:
    found = with_("request", Scope(account_id=ACCOUNT, vpcs=((REGION, HERE),)))
    assert found.may_create(service=KMS, tags=())
    assert not found.may_create(service="com.amazonaws.vpce.eu-west-1.vpce-svc-1", owner=OTHER_ACCOUNT, tags=())


def test_without_vpcs_every_vpc_of_the_account_and_no_other_account() -> None:
    found = with_("request")
    assert found.may_create(vpc=THERE, region="us-east-1", tags=())
    assert not found.may_create(account=OTHER_ACCOUNT, tags=())


def test_who_requests_neither_changes_nor_tags_what_exists() -> None:
    found = with_("request", NARROW)
    for action in ("ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:CreateTags", "ec2:DeleteTags"):
        assert not found.may_change(action, team="payments"), action


@pytest.mark.parametrize(
    "action", ["ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:CreateTags", "ec2:DeleteTags"]
)
def test_who_operates_changes_what_carries_the_tag_alone(action: str) -> None:
    found = with_("operate", NARROW)
    assert found.may_change(action, team="payments")
    assert not found.may_change(action, team="search")
    assert not found.may_change(action)
    assert with_("operate").may_change(action)


def test_nothing_but_endpoints_is_tagged_or_deleted() -> None:
    found = with_("administer")
    assert not found.may("ec2:CreateTags", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1")
    assert not found.may("ec2:DeleteVpc", f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{HERE}")


def test_who_administers_opens_groups_of_the_scope_and_accepts_connections() -> None:
    found = with_("administer", NARROW)
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
    group = f"{arn}security-group/sg-1"
    assert found.may("ec2:AuthorizeSecurityGroupIngress", group, ec2__Vpc=f"{arn}vpc/{HERE}")
    assert not found.may("ec2:AuthorizeSecurityGroupIngress", group, ec2__Vpc=f"{arn}vpc/{THERE}")
    assert found.may("ec2:AcceptVpcEndpointConnections", f"{arn}vpc-endpoint-service/vpce-svc-1")
    assert not with_("operate", NARROW).may("ec2:AcceptVpcEndpointConnections", f"{arn}vpc-endpoint-service/vpce-svc-1")


def test_each_level_holds_the_one_before_it() -> None:
    sids = [{item.sid for item in permissions(level, NARROW).statements} for level in Level]
    assert all(less < more for less, more in pairwise(sids))


@pytest.mark.parametrize("scope", [ALL, NARROW, Scope(account_id=ACCOUNT, partition="aws-cn", regions=("cn-north-1",))])
@pytest.mark.parametrize("level", Level)
def test_every_statement_is_explained_and_every_action_exists(level: Level, scope: Scope) -> None:
    found = permissions(level, scope)
    operations = Loader().load_service_model("ec2", "service-2")["operations"]
    for item in found.statements:
        assert item.why
        assert item.parts
        actions = item.document["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            service, _, name = action.partition(":")
            assert service == "route53" or name in operations, action
        for key in item.document.get("Condition", {}).get("StringEquals", {}):
            assert any(part.name == key for part in item.parts), key
    assert json.loads(found.text) == found.document()
    if scope.partition == "aws-cn":
        assert "arn:aws:" not in found.text
    assert len({item.sid for item in found.statements}) == len(found.statements)


def test_what_a_policy_cant_keep_apart_is_said() -> None:
    assert permissions(Level.REQUEST, NARROW).limits == ()
    (untagged,) = permissions(Level.OPERATE, Scope(account_id=ACCOUNT, services=(S3,))).limits
    assert "Name a tag" in untagged
    (tagged,) = permissions(Level.OPERATE, NARROW).limits
    assert "team=payments" in tagged
    many = Scope(account_id=ACCOUNT, vpcs=tuple((REGION, f"vpc-{number:08x}") for number in range(60)))
    assert any("managed policy holds 6144" in item for item in permissions(Level.REQUEST, many).limits)
