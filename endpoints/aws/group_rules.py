"""The calls that concern rules of security groups: which exist, add one, remove one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from endpoints.aws.errors import AwsError, translated
from endpoints.domain.rules import EGRESS, INGRESS, GroupRule, SeenRule

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

OWNERSHIP_TAG = "portal:operation"
"""The tag of what the portal made, on endpoints and rules: the id of the operation that made it."""
_THERE = frozenset({"InvalidPermission.Duplicate"})
_GONE = frozenset({"InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"})


@dataclass(frozen=True, slots=True)
class Answered:
    """AWS's answer to a change: its request id, and whether anything was changed."""

    request_id: str
    changed: bool


def authorize(client: EC2Client, rule: GroupRule, tags: Mapping[str, str]) -> Answered:
    """Add a rule with its tags in one call. One that is there already is as good.

    AWS compares all but description and tags: the duplicate may be ours, from a call whose answer was lost, or
    somebody else's, which then stays theirs. Raises AwsError.
    """
    arguments: Any = {
        "GroupId": rule.group_id,
        "IpPermissions": [_permission(rule)],
        "TagSpecifications": [
            {
                "ResourceType": "security-group-rule",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    }
    act = client.authorize_security_group_egress if _is_out(rule) else client.authorize_security_group_ingress
    return _asked(act, arguments, _THERE)


def revoke(client: EC2Client, rule: GroupRule, rule_id: str) -> Answered:
    """Remove a rule by its id. One that is gone is as good. Raises AwsError."""
    arguments: Any = {"GroupId": rule.group_id, "SecurityGroupRuleIds": [rule_id]}
    act = client.revoke_security_group_egress if _is_out(rule) else client.revoke_security_group_ingress
    return _asked(act, arguments, _GONE)


def _asked(act: Any, arguments: Mapping[str, Any], as_good: frozenset[str]) -> Answered:
    try:
        with translated():
            answer = act(**arguments)
    except AwsError as error:
        if error.code in as_good:
            return Answered(error.request_id, changed=False)
        raise
    return Answered(str(answer["ResponseMetadata"].get("RequestId", "")), changed=True)


def _is_out(rule: GroupRule) -> bool:
    return rule.direction == EGRESS


def _permission(rule: GroupRule) -> dict[str, Any]:
    told = {"Description": rule.description} if rule.description else {}
    if rule.prefix_list_id:
        peer: dict[str, Any] = {"PrefixListIds": [{"PrefixListId": rule.prefix_list_id, **told}]}
    elif rule.source_group_id:
        peer = {"UserIdGroupPairs": [{"GroupId": rule.source_group_id, **told}]}
    elif ":" in rule.cidr:
        peer = {"Ipv6Ranges": [{"CidrIpv6": rule.cidr, **told}]}
    else:
        peer = {"IpRanges": [{"CidrIp": rule.cidr, **told}]}
    return {"IpProtocol": rule.protocol, "FromPort": rule.from_port, "ToPort": rule.to_port, **peer}


def seen_from(item: Mapping[str, Any]) -> SeenRule:
    """Return one rule of DescribeSecurityGroupRules."""
    tags = {str(tag["Key"]): str(tag.get("Value", "")) for tag in item.get("Tags") or ()}
    return SeenRule(
        rule_id=str(item["SecurityGroupRuleId"]),
        rule=GroupRule(
            group_id=str(item.get("GroupId", "")),
            direction=EGRESS if item.get("IsEgress") else INGRESS,
            protocol=str(item.get("IpProtocol", "-1")),
            from_port=int(item.get("FromPort", -1)),
            to_port=int(item.get("ToPort", -1)),
            cidr=str(item.get("CidrIpv4") or item.get("CidrIpv6") or ""),
            prefix_list_id=str(item.get("PrefixListId") or ""),
            source_group_id=str((item.get("ReferencedGroupInfo") or {}).get("GroupId") or ""),
            description=str(item.get("Description") or ""),
        ),
        operation=tags.get(OWNERSHIP_TAG, ""),
    )
