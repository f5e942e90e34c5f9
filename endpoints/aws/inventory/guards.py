"""What lets traffic in and out: security groups and network ACLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from endpoints.aws.inventory.resources import Reading, Resource, name_of


def security_groups(reading: Reading) -> Iterator[Resource]:
    """Yield security groups. `references` are the groups that their rules name, a peer VPC's among them."""
    for item in reading.client.describe("describe_security_groups", "SecurityGroups"):
        ingress = [_permission(rule) for rule in item.get("IpPermissions", ())]
        egress = [_permission(rule) for rule in item.get("IpPermissionsEgress", ())]
        data = {
            "description": item.get("Description", ""),
            "ingress": ingress,
            "egress": egress,
            "references": sorted({group for rule in (*ingress, *egress) for group in rule["groups"]}),
            "owner_id": item.get("OwnerId", ""),
        }
        yield Resource("security_group", item["GroupId"], item.get("VpcId", ""), item.get("GroupName", ""), data)


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "protocol": rule.get("IpProtocol", "-1"),
        "from_port": rule.get("FromPort"),
        "to_port": rule.get("ToPort"),
        "cidrs": [part["CidrIp"] for part in rule.get("IpRanges", ())]
        + [part["CidrIpv6"] for part in rule.get("Ipv6Ranges", ())],
        "groups": [part["GroupId"] for part in rule.get("UserIdGroupPairs", ()) if part.get("GroupId")],
        "prefix_lists": [part["PrefixListId"] for part in rule.get("PrefixListIds", ())],
    }


def network_acls(reading: Reading) -> Iterator[Resource]:
    """Yield network ACLs with their entries in the order of their numbers."""
    for item in reading.client.describe("describe_network_acls", "NetworkAcls"):
        entries = [_entry(entry) for entry in item.get("Entries", ())]
        data = {
            "is_default": bool(item.get("IsDefault")),
            "subnet_ids": sorted(part["SubnetId"] for part in item.get("Associations", ()) if part.get("SubnetId")),
            "entries": sorted(entries, key=lambda entry: (entry["egress"], entry["rule_number"], entry["cidr"])),
            "owner_id": item.get("OwnerId", ""),
        }
        yield Resource("network_acl", item["NetworkAclId"], item.get("VpcId", ""), name_of(item), data)


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    ports = entry.get("PortRange") or {}
    return {
        "rule_number": int(entry["RuleNumber"]),
        "egress": bool(entry.get("Egress")),
        "action": str(entry.get("RuleAction", "deny")).lower(),
        "protocol": str(entry.get("Protocol", "-1")),
        "cidr": entry.get("CidrBlock") or entry.get("Ipv6CidrBlock", ""),
        "from_port": ports.get("From"),
        "to_port": ports.get("To"),
    }
