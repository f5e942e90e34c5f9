"""AssumeRole with its trust policy, temporary credentials, and what identity policies allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.sandbox.aws import iam, scenes
from tests.unit.sandbox.network import REGION, Network, client, code_of, error_of

MEMBER = "999900001111"
ROLE = f"arn:aws:iam::{MEMBER}:role/Portal"


def allow(*actions: str, effect: str = "Allow", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement."""
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def make_role(*statements: dict[str, Any], trust: dict[str, Any] | None = None, **more: Any) -> None:
    """Make the member's role, by default trusted by the in-process account with the ExternalId `secret`."""
    key = scenes.add_account(MEMBER)
    admin = client("iam", aws_access_key_id=key["access_key_id"], aws_secret_access_key=key["secret_access_key"])
    statement = trust or {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    admin.create_role(RoleName="Portal", AssumeRolePolicyDocument=json.dumps(document), **more)
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        admin.put_role_policy(RoleName="Portal", PolicyName="p", PolicyDocument=json.dumps(policy))


def assume(**more: Any) -> dict[str, str]:
    """Assume the role and return arguments for a client."""
    params: dict[str, Any] = {
        "RoleArn": ROLE,
        "RoleSessionName": "portal",
        "ExternalId": "secret",
        **more,
    }
    made = client("sts").assume_role(**params)["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


def test_an_assumed_role_acts_in_its_account(aws: None) -> None:
    make_role(allow("ec2:*"))
    keys = assume()
    identity = client("sts", **keys).get_caller_identity()
    assert identity["Account"] == MEMBER
    assert identity["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/Portal/portal"
    network = Network.build(client(**keys))
    assert network.interface()["OwnerId"] == MEMBER
    assert client().describe_vpc_endpoints()["VpcEndpoints"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"ExternalId": "wrong"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/Other"},
        {"RoleArn": "arn:aws:iam::000000000009:role/Portal"},
    ],
)
def test_a_wrong_external_id_and_a_missing_role_look_alike(aws: None, change: dict[str, str]) -> None:
    make_role()
    arn = change.get("RoleArn", ROLE)
    code, message = error_of(lambda: assume(**change))
    assert code == "AccessDenied"
    assert message == (
        f"User: arn:aws:iam::123456789012:user/admin is not authorized to perform: sts:AssumeRole on resource: {arn}"
    )


def test_the_external_id_cannot_be_left_out(aws: None) -> None:
    make_role()
    sts = client("sts")
    assert code_of(lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="portal")) == "AccessDenied"


@pytest.mark.parametrize(
    ("principal", "admitted"),
    [
        ({"AWS": "123456789012"}, True),
        ({"AWS": ["arn:aws:iam::123456789012:user/admin"]}, True),
        ("*", True),
        ({"AWS": "arn:aws:iam::888800001111:root"}, False),
        ({"AWS": "arn:aws:iam::123456789012:user/other"}, False),
        ({"Service": "ec2.amazonaws.com"}, False),
    ],
)
def test_the_trust_policy_says_who(aws: None, principal: Any, admitted: bool) -> None:
    make_role(trust={"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    if admitted:
        assume()
    else:
        assert code_of(assume) == "AccessDenied"


def test_durations_are_bounded(aws: None) -> None:
    make_role(MaxSessionDuration=7200)
    assume(DurationSeconds=7200)
    assert code_of(lambda: assume(DurationSeconds=7201)) == "ValidationError"
    assert code_of(lambda: assume(RoleSessionName="no spaces")) == "ValidationError"


def test_expired_credentials_are_refused_as_each_service_words_it(aws: None) -> None:
    make_role(allow("ec2:*"))
    keys = assume()
    client(**keys).describe_vpcs()
    assert scenes.expire_credentials(MEMBER) == {"expired": 1}
    assert code_of(client(**keys).describe_vpcs) == "RequestExpired"
    assert code_of(client("sts", **keys).get_caller_identity) == "ExpiredToken"


def test_unknown_credentials_are_refused_as_each_service_words_it(aws: None) -> None:
    keys = {"aws_access_key_id": "AKIANOBODYKNOWSTHIS0", "aws_secret_access_key": "x"}
    assert code_of(client(**keys).describe_vpcs) == "AuthFailure"
    assert code_of(client("sts", **keys).get_caller_identity) == "InvalidClientTokenId"


def test_a_session_token_belongs_to_its_key(aws: None) -> None:
    make_role(allow("ec2:*"))
    keys = {**assume(), "aws_session_token": "another"}
    assert code_of(client(**keys).describe_vpcs) == "AuthFailure"


def test_a_missing_permission_is_named_and_its_message_opens(aws: None) -> None:
    make_role(allow("ec2:Describe*"), allow("sts:DecodeAuthorizationMessage"))
    keys = assume()
    ec2 = client(**keys)
    ec2.describe_vpc_endpoints()
    code, message = error_of(
        lambda: ec2.create_vpc_endpoint(VpcId="vpc-0123456789abcdef0", ServiceName="x", DryRun=True)
    )
    assert code == "UnauthorizedOperation"
    assert "because no identity-based policy allows the ec2:CreateVpcEndpoint action" in message
    blob = message.rpartition("Encoded authorization failure message: ")[2]
    opened = json.loads(client("sts", **keys).decode_authorization_message(EncodedMessage=blob)["DecodedMessage"])
    assert opened["allowed"] is False
    assert opened["context"]["action"] == "ec2:CreateVpcEndpoint"
    assert opened["context"]["principal"]["arn"].endswith("assumed-role/Portal/portal")


def test_a_forged_message_does_not_open(aws: None) -> None:
    sts = client("sts")
    assert code_of(lambda: sts.decode_authorization_message(EncodedMessage="bm90aGluZw")) == (
        "InvalidAuthorizationMessageException"
    )


def test_opening_a_message_needs_permission(aws: None) -> None:
    make_role(allow("ec2:*"))
    sts = client("sts", **assume())
    assert code_of(lambda: sts.decode_authorization_message(EncodedMessage="x")) == "AccessDenied"


def test_a_role_without_policies_may_do_nothing(aws: None) -> None:
    make_role()
    assert code_of(client(**assume()).describe_vpcs) == "UnauthorizedOperation"


def test_tagging_at_creation_needs_its_own_permission(aws: None) -> None:
    make_role(allow("ec2:CreateVpcEndpoint", "ec2:CreateVpc"))
    ec2 = client(**assume())
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    params: dict[str, Any] = {"VpcId": "vpc-0123456789abcdef0", "ServiceName": "x", "DryRun": True}
    assert code_of(lambda: ec2.create_vpc_endpoint(**params)) == "DryRunOperation"
    code, message = error_of(lambda: ec2.create_vpc_endpoint(**params, TagSpecifications=tags))
    assert (code, "ec2:CreateTags" in message) == ("UnauthorizedOperation", True)


def test_tagging_at_creation_is_told_which_creation_it_is(aws: None) -> None:
    only_then = {"StringEquals": {"ec2:CreateAction": "CreateVpcEndpoint"}}
    made = f"arn:aws:ec2:*:{MEMBER}:vpc-endpoint/*"
    make_role(allow("ec2:CreateVpcEndpoint"), allow("ec2:CreateTags", resource=made, Condition=only_then))
    ec2 = client(**assume())
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    params: dict[str, Any] = {"VpcId": "vpc-0123456789abcdef0", "ServiceName": "x", "DryRun": True}
    assert code_of(lambda: ec2.create_vpc_endpoint(**params, TagSpecifications=tags)) == "DryRunOperation"
    later = {"Resources": ["vpce-0123456789abcdef0"], "Tags": tags[0]["Tags"], "DryRun": True}
    assert code_of(lambda: ec2.create_tags(**later)) == "UnauthorizedOperation"


def test_private_dns_needs_the_zone_to_be_associated(aws: None) -> None:
    params: dict[str, Any] = {"VpcId": "vpc-0123456789abcdef0", "ServiceName": "x", "DryRun": True}
    make_role(allow("ec2:CreateVpcEndpoint"))
    ec2 = client(**assume())
    assert code_of(lambda: ec2.create_vpc_endpoint(**params)) == "DryRunOperation"
    code, message = error_of(lambda: ec2.create_vpc_endpoint(**params, PrivateDnsEnabled=True))
    assert (code, "route53:AssociateVPCWithHostedZone" in message) == ("UnauthorizedOperation", True)


def test_a_user_with_keys_of_its_own_is_held_to_its_policies(aws: None) -> None:
    admin = client("iam")
    admin.create_user(UserName="reader")
    policy = {"Version": "2012-10-17", "Statement": [allow("ec2:DescribeVpcs")]}
    admin.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(policy))
    key = admin.create_access_key(UserName="reader")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    client(**keys).describe_vpcs()
    assert code_of(client(**keys).describe_subnets) == "UnauthorizedOperation"
    assert client("sts", **keys).get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/reader"


def test_a_managed_policy_counts_like_an_inline_one(aws: None) -> None:
    make_role()
    key = scenes.add_account(MEMBER)
    admin = client("iam", aws_access_key_id=key["access_key_id"], aws_secret_access_key=key["secret_access_key"])
    policy = {"Version": "2012-10-17", "Statement": [allow("ec2:Describe*")]}
    arn = admin.create_policy(PolicyName="d", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    admin.attach_role_policy(RoleName="Portal", PolicyArn=arn)
    client(**assume()).describe_vpcs()
    narrower = {"Version": "2012-10-17", "Statement": [allow("ec2:DescribeSubnets")]}
    admin.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(narrower), SetAsDefault=True)
    assert code_of(client(**assume()).describe_vpcs) == "UnauthorizedOperation"


def test_a_group_lends_its_members_what_it_allows(aws: None) -> None:
    admin = client("iam")
    admin.create_user(UserName="member")
    admin.create_group(GroupName="readers")
    admin.add_user_to_group(GroupName="readers", UserName="member")
    key = admin.create_access_key(UserName="member")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert code_of(client(**keys).describe_vpcs) == "UnauthorizedOperation"
    policy = {"Version": "2012-10-17", "Statement": [allow("ec2:Describe*")]}
    admin.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=json.dumps(policy))
    client(**keys).describe_vpcs()


def test_other_services_are_held_to_policies_by_their_own_prefix(aws: None) -> None:
    make_role(allow("elasticloadbalancing:Describe*"))
    keys = assume()
    client("elbv2", **keys).describe_load_balancers()
    assert code_of(client("iam", **keys).list_roles) == "AccessDenied"


def test_a_session_policy_narrows(aws: None) -> None:
    make_role(allow("ec2:*"))
    policy = {"Version": "2012-10-17", "Statement": [allow("ec2:DescribeVpcs")]}
    ec2 = client(**assume(Policy=json.dumps(policy)))
    ec2.describe_vpcs()
    assert code_of(ec2.describe_subnets) == "UnauthorizedOperation"


ARN = f"arn:aws:ec2:{REGION}:{MEMBER}:vpc/vpc-1"


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([allow("ec2:*")], "Allow"),
        ([allow("ec2:Create*")], "Allow"),
        ([allow("EC2:createvpcendpoint")], "Allow"),
        ([allow("s3:*")], None),
        ([allow("ec2:*"), allow("ec2:CreateVpcEndpoint", effect="Deny")], "Deny"),
        ([allow("ec2:*", resource=f"arn:aws:ec2:*:{MEMBER}:vpc/*")], "Allow"),
        ([allow("ec2:*", resource="arn:aws:ec2:*:*:subnet/*")], None),
        ([allow("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": REGION}})], "Allow"),
        ([allow("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})], None),
        ([allow("ec2:*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})], "Allow"),
        ([allow("ec2:*", Condition={"StringLike": {"ec2:VpceServiceName": "*.s3"}})], "Allow"),
        ([allow("ec2:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], None),
        ([allow("ec2:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})], "Allow"),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "Allow"),
        ([{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, allow("*")], "Deny"),
    ],
)
def test_statements_are_weighed(statements: list[dict[str, Any]], verdict: str | None) -> None:
    keys = {"aws:RequestedRegion": REGION, "ec2:VpceServiceName": "com.amazonaws.us-east-1.s3"}
    assert iam.decide([{"Statement": statements}], "ec2:CreateVpcEndpoint", ARN, keys) == verdict


def test_resources_of_a_create_are_each_authorised(aws: None) -> None:
    home = Network.build(client(**_admin()))
    make_role(
        allow(
            "ec2:CreateVpcEndpoint",
            resource=[f"arn:aws:ec2:*:{MEMBER}:vpc-endpoint/*", "arn:aws:ec2:*:*:vpc/*"],
        )
    )
    ec2 = client(**assume())
    code, message = error_of(
        lambda: ec2.create_vpc_endpoint(
            VpcId=home.vpc,
            ServiceName=home.service("sqs"),
            VpcEndpointType="Interface",
            SubnetIds=home.subnets[:1],
        )
    )
    assert (code, f"subnet/{home.subnets[0]}" in message) == ("UnauthorizedOperation", True)


def _admin() -> dict[str, str]:
    key = scenes.add_account(MEMBER)
    return {"aws_access_key_id": key["access_key_id"], "aws_secret_access_key": key["secret_access_key"]}
