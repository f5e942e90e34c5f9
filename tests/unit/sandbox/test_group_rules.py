"""Rules of security groups in the simulated AWS: tagged, told apart, refused and paged as AWS does."""

from __future__ import annotations

from typing import Any

import pytest

from portal.sandbox.aws.buckets import SIZES
from portal.sandbox.aws.store import STORE
from tests.unit.sandbox.network import Network, code_of

TAGS = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "portal:operation", "Value": "one"}]}]


def https(**peer: Any) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **peer}]


RANGE = https(IpRanges=[{"CidrIp": "10.0.0.0/16", "Description": "ours"}])


def listed(network: Network, group: str, **more: Any) -> list[dict[str, Any]]:
    filters = [{"Name": "group-id", "Values": [group]}]
    found: list[dict[str, Any]] = network.ec2.describe_security_group_rules(Filters=filters, **more)[
        "SecurityGroupRules"
    ]
    return found


def test_a_rule_has_its_tags_and_goes_by_its_id(network: Network) -> None:
    group = network.group("guard")
    made = network.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=RANGE, TagSpecifications=TAGS)
    rule_id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    (rule,) = [item for item in listed(network, group) if not item["IsEgress"]]
    assert (rule["SecurityGroupRuleId"], rule["CidrIpv4"], rule["FromPort"]) == (rule_id, "10.0.0.0/16", 443)
    assert rule["Tags"] == TAGS[0]["Tags"]
    found = network.ec2.describe_security_group_rules(Filters=[{"Name": "tag:portal:operation", "Values": ["one"]}])
    assert [item["SecurityGroupRuleId"] for item in found["SecurityGroupRules"]] == [rule_id]
    network.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule_id])
    assert [item for item in listed(network, group) if not item["IsEgress"]] == []


def test_a_prefix_list_and_a_group_are_peers(network: Network) -> None:
    group, pl = network.group("clients"), network.prefix_list("s3")
    network.ec2.authorize_security_group_egress(
        GroupId=group, IpPermissions=https(PrefixListIds=[{"PrefixListId": pl}]), TagSpecifications=TAGS
    )
    network.ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=https(UserIdGroupPairs=[{"GroupId": group}])
    )
    by_way = {item["IsEgress"]: item for item in listed(network, group) if item["FromPort"] == 443}
    assert by_way[True]["PrefixListId"] == pl
    assert by_way[False]["ReferencedGroupInfo"]["GroupId"] == group


def test_a_rule_exists_once_whatever_its_description_and_tags(network: Network) -> None:
    group = network.group("guard")
    network.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=RANGE)
    again = https(IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    act = network.ec2.authorize_security_group_ingress
    assert code_of(lambda: act(GroupId=group, IpPermissions=again, TagSpecifications=TAGS)) == (
        "InvalidPermission.Duplicate"
    )


@pytest.mark.parametrize(
    ("group", "permissions", "tags", "code"),
    [
        ("sg-0123456789abcdef0", RANGE, TAGS, "InvalidGroup.NotFound"),
        ("guard", RANGE, TAGS, "InvalidGroupId.Malformed"),
        ("", https(PrefixListIds=[{"PrefixListId": "pl-00000000"}]), TAGS, "InvalidPrefixListID.NotFound"),
        ("", https(UserIdGroupPairs=[{"GroupId": "sg-0123456789abcdef0"}]), TAGS, "InvalidGroup.NotFound"),
        ("", RANGE, [{**TAGS[0], "ResourceType": "security-group"}], "InvalidParameterValue"),
        ("", [], TAGS, "MissingParameter"),
    ],
)
def test_what_aws_refuses_is_refused(
    network: Network, group: str, permissions: list[Any], tags: list[Any], code: str
) -> None:
    group = group or network.group("guard")
    act = network.ec2.authorize_security_group_egress
    assert code_of(lambda: act(GroupId=group, IpPermissions=permissions, TagSpecifications=tags)) == code


def test_a_full_group_takes_no_more(network: Network) -> None:
    group = network.group("guard")
    STORE.quotas["rules-per-group", None, None] = 0
    act = network.ec2.authorize_security_group_ingress
    assert code_of(lambda: act(GroupId=group, IpPermissions=RANGE)) == "RulesPerSecurityGroupLimitExceeded"


def test_what_is_not_there_can_not_be_removed(network: Network) -> None:
    group = network.group("guard")
    network.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=RANGE)
    rule_id = next(item["SecurityGroupRuleId"] for item in listed(network, group) if not item["IsEgress"])
    out = network.ec2.revoke_security_group_egress
    assert code_of(lambda: out(GroupId=group, SecurityGroupRuleIds=[rule_id])) == "InvalidSecurityGroupRuleId.NotFound"
    act = network.ec2.revoke_security_group_ingress
    gone = https(IpRanges=[{"CidrIp": "10.9.0.0/16"}])
    assert code_of(lambda: act(GroupId=group, IpPermissions=gone)) == "InvalidPermission.NotFound"


def test_a_dry_run_changes_nothing_and_the_listing_has_pages(network: Network) -> None:
    group = network.group("guard")
    act = network.ec2.authorize_security_group_ingress
    assert code_of(lambda: act(GroupId=group, IpPermissions=RANGE, DryRun=True)) == "DryRunOperation"
    for number in range(7):
        act(GroupId=group, IpPermissions=https(IpRanges=[{"CidrIp": f"10.{number}.0.0/16"}]))
    pages = network.ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": [group]}], PaginationConfig={"PageSize": 5}
    )
    assert [len(page["SecurityGroupRules"]) for page in pages] == [5, 3]
    unknown = [{"Name": "vpc-id", "Values": [network.vpc]}]
    assert code_of(lambda: network.ec2.describe_security_group_rules(Filters=unknown)) == "InvalidParameterValue"


def test_its_calls_have_buckets() -> None:
    ways = [f"{verb}SecurityGroup{way}" for verb in ("Authorize", "Revoke") for way in ("Ingress", "Egress")]
    assert set(ways) <= set(SIZES)
