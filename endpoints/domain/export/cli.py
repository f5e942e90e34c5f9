"""The command of the AWS CLI (version 1 or 2) that makes such an endpoint, for a POSIX shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any

from endpoints.domain.export import Exported, policy_of
from endpoints.domain.rules import GroupRule


def write(item: Exported) -> str:
    """Return the command, one option a line."""
    spec = item.spec
    head = [f"# In account {spec.account_id}: use a profile that works there."]
    if item.vpc_endpoint_id:
        head.append(f"# AWS has {item.vpc_endpoint_id} already: this would make another one.")
    options = [" ".join([name, *map(shlex.quote, values)]) for name, *values in _options(item)]
    commands = [["aws ec2 create-vpc-endpoint", *options], *(_rule(rule, spec.region) for rule in spec.group_rules)]
    return "\n".join([*head, *(" \\\n  ".join(command) for command in commands)]) + "\n"


def _rule(rule: GroupRule, region: str) -> list[str]:
    """Return the command that adds a security group rule."""
    told = {"Description": rule.description} if rule.description else {}
    peers = {
        "IpRanges": ("CidrIp", "" if ":" in rule.cidr else rule.cidr),
        "Ipv6Ranges": ("CidrIpv6", rule.cidr if ":" in rule.cidr else ""),
        "PrefixListIds": ("PrefixListId", rule.prefix_list_id),
        "UserIdGroupPairs": ("GroupId", rule.source_group_id),
    }
    sides = {name: [{member: value, **told}] for name, (member, value) in peers.items() if value}
    permission = {"IpProtocol": rule.protocol, "FromPort": rule.from_port, "ToPort": rule.to_port, **sides}
    return [
        f"aws ec2 authorize-security-group-{rule.direction}",
        f"--region {shlex.quote(region)}",
        f"--group-id {shlex.quote(rule.group_id)}",
        f"--ip-permissions {shlex.quote(_json([permission]))}",
    ]


def _options(item: Exported) -> Iterable[list[str]]:
    spec = item.spec
    yield ["--region", spec.region]
    yield ["--vpc-id", spec.vpc_id]
    yield ["--service-name", spec.service_name]
    yield ["--vpc-endpoint-type", str(spec.vpc_endpoint_type)]
    if spec.service_region:
        yield ["--service-region", spec.service_region]
    for name in ("route_table_ids", "subnet_ids", "security_group_ids"):
        if ids := getattr(spec, name):
            yield [f"--{name.replace('_', '-')}", *ids]
    if spec.subnet_configurations:
        fixed = [{"SubnetId": part.subnet_id, "Ipv4": part.ipv4} for part in spec.subnet_configurations]
        yield ["--subnet-configurations", _json(fixed)]
    if spec.has_network_interfaces:
        yield ["--private-dns-enabled" if spec.private_dns_enabled else "--no-private-dns-enabled"]
    if spec.ip_address_type:
        yield ["--ip-address-type", spec.ip_address_type]
    if options := _dns_options(item):
        yield ["--dns-options", _json(options)]
    if spec.policy_document is not None:
        found = policy_of(spec.policy_document)
        # A text that isn't an object could begin with file://, which the CLI would open: a blank keeps it a text.
        yield ["--policy-document", f" {spec.policy_document}" if found is None else _json(found)]
    if tags := spec.all_tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        yield ["--tag-specifications", _json([{"ResourceType": "vpc-endpoint", "Tags": pairs}])]


def _dns_options(item: Exported) -> dict[str, Any]:
    spec = item.spec
    found: dict[str, Any] = {}
    if spec.dns_record_ip_type:
        found["DnsRecordIpType"] = spec.dns_record_ip_type
    if spec.private_dns_enabled and spec.short_service == "s3":
        found["PrivateDnsOnlyForInboundResolverEndpoint"] = spec.private_dns_only_for_inbound_resolver_endpoint
    return found


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
