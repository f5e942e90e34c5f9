"""Rules of security groups, as strict as EC2: moto keeps them, and takes what AWS refuses.

Codes from the EC2 API reference, "Error codes"; the order in which AWS looks is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.filters import parse
from portal.sandbox.aws.store import STORE

_PEERS = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)
_GROUP_ID = re.compile(r"\Asg-[0-9a-f]{8,17}\Z")
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp"}
Content = tuple[str, int | None, int | None, str]


def before_authorize(call: Context) -> None:
    """Refuse what AWS refuses: no such group or peer, a rule that is there, a group that is full, another tag type."""
    group = _group(call)
    for tags in call.items("TagSpecifications"):
        if tags.get("ResourceType") != "security-group-rule":
            kind = tags.get("ResourceType")
            raise AwsError(
                "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
            )
    asked = [content for permission in call.items("IpPermissions") for content in _contents(permission)]
    if not asked and call.params.get("CidrIp") is None and call.params.get("SourceSecurityGroupName") is None:
        raise AwsError("MissingParameter", "The request must contain the parameter ipPermissions")
    for permission in call.items("IpPermissions"):
        _check_peers(call, permission)
    there = _rules(call, group)
    held = {_content_of(rule) for rule in there}
    if len(set(asked)) != len(asked):
        raise AwsError("InvalidParameterValue", "The same permission must not appear multiple times")
    for content in asked:
        if content in held:
            words = f"peer: {content[3]}, {content[0].upper()}, from port: {content[1]}, to port: {content[2]}, ALLOW"
            raise AwsError("InvalidPermission.Duplicate", f'the specified rule "{words}" already exists')
    if len(there) + len(asked) > STORE.quota("rules-per-group", call.account, call.region):
        message = "The maximum number of rules per security group has been reached."
        raise AwsError("RulesPerSecurityGroupLimitExceeded", message)


def before_revoke(call: Context) -> None:
    """Refuse a group or rule ids that don't exist, and ids of the other direction."""
    rules = {rule.id for rule in _rules(call, _group(call))}
    for rule_id in call.items("SecurityGroupRuleIds"):
        if rule_id not in rules:
            message = f"The security group rule ID '{rule_id}' does not exist"
            raise AwsError("InvalidSecurityGroupRuleId.NotFound", message)


def before_describe(call: Context) -> None:
    """Refuse filters that this call doesn't have."""
    for name, _ in parse(call.items("Filters")):
        if name not in ("group-id", "security-group-rule-id") and not name.startswith("tag:"):
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _group(call: Context) -> Any:
    group_id = call.text("GroupId") or ""
    if not group_id:
        raise AwsError("MissingParameter", "The request must contain the parameter groupId")
    if not _GROUP_ID.match(group_id):
        raise AwsError("InvalidGroupId.Malformed", f'Invalid id: "{group_id}" (expecting "sg-...")')
    return _known_group(call, group_id)


def _known_group(call: Context, group_id: str) -> Any:
    found = call.backend.get_security_group_from_id(group_id)
    if found is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    return found


def _rules(call: Context, group: Any) -> list[Any]:
    """Return moto's rules of the direction that the call is about."""
    return list(group.egress_rules if call.action.endswith("Egress") else group.ingress_rules)


def _check_peers(call: Context, permission: dict[str, Any]) -> None:
    for pair in permission.get("UserIdGroupPairs") or ():
        _known_group(call, str(pair.get("GroupId")))
    for item in permission.get("PrefixListIds") or ():
        if item.get("PrefixListId") not in call.backend.managed_prefix_lists:
            message = f"The prefix list ID '{item.get('PrefixListId')}' does not exist"
            raise AwsError("InvalidPrefixListID.NotFound", message)


def _contents(permission: dict[str, Any]) -> Iterator[Content]:
    protocol = str(permission.get("IpProtocol", "-1"))
    protocol = _PROTOCOLS.get(protocol, protocol)
    first, last = (None, None) if protocol == "-1" else (permission.get("FromPort"), permission.get("ToPort"))
    for members, member in _PEERS:
        for item in permission.get(members) or ():
            ports = (None if port is None else int(port) for port in (first, last))
            yield (protocol, *ports, str(item.get(member)))  # type: ignore[misc]  # two ports


def _content_of(rule: Any) -> Content:
    peer = rule.cidr_ipv4 or rule.cidr_ipv6 or rule.prefix_list_id or rule.source_group.get("GroupId", "")
    return str(rule.ip_protocol), rule.from_port, rule.to_port, str(peer)
