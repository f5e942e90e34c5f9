"""A CloudFormation template in YAML: AWS::EC2::VPCEndpoint (CloudFormation template reference)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from endpoints.domain.export import Exported, policy_of
from endpoints.domain.rules import INGRESS, GroupRule

_PLAIN_KEY = re.compile(r"\A[A-Za-z][A-Za-z0-9]*\Z")
_WORDS_OF_YAML = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(item: Exported) -> str:
    """Return a template with the endpoint; `DeletionPolicy: Retain`, which importing asks for, keeps it."""
    logical = "".join(word.capitalize() for word in item.words)
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"VPC endpoint to {item.spec.service_name} in {item.spec.vpc_id}",
        "Resources": {
            logical: {
                "Type": "AWS::EC2::VPCEndpoint",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": _properties(item),
            },
            **{f"{logical}Rule{number}": _rule(rule) for number, rule in enumerate(item.spec.group_rules, start=1)},
        },
    }
    return "\n".join([*_head(item, logical), *_mapping(body, 0)]) + "\n"


def _rule(rule: GroupRule) -> dict[str, Any]:
    """Return a security group rule as a resource (AWS::EC2::SecurityGroupIngress and -Egress)."""
    comes = rule.direction == INGRESS
    side = "Source" if comes else "Destination"
    properties: dict[str, Any] = {
        "GroupId": rule.group_id,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "CidrIpv6" if ":" in rule.cidr else "CidrIp": rule.cidr,
        f"{side}PrefixListId": rule.prefix_list_id,
        f"{side}SecurityGroupId": rule.source_group_id,
        "Description": rule.description,
    }
    kind = f"AWS::EC2::SecurityGroup{'Ingress' if comes else 'Egress'}"
    return {"Type": kind, "Properties": {name: value for name, value in properties.items() if value != ""}}


def quoted(text: str) -> str:
    """Return a text as a double-quoted scalar of YAML 1.1 and 1.2 in one line."""
    written = []
    for letter in text:
        if letter in _ESCAPES:
            written.append(_ESCAPES[letter])
        elif letter.isprintable() and letter != "\ufeff":
            written.append(letter)
        else:
            written.append(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}")
    return f'"{"".join(written)}"'


def _head(item: Exported, logical: str) -> Iterable[str]:
    spec = item.spec
    yield f"# In account {spec.account_id}, region {spec.region}."
    if item.vpc_endpoint_id:
        yield "# AWS has it already: create a stack from this by a change set of the type IMPORT, with"
        resource = {
            "ResourceType": "AWS::EC2::VPCEndpoint",
            "LogicalResourceId": logical,
            "ResourceIdentifier": {"Id": item.vpc_endpoint_id},
        }
        yield f"#   --resources-to-import '[{json.dumps(resource)}]'"
    if spec.subnet_configurations:
        fixed = ", ".join(f"{part.ipv4} in {part.subnet_id}" for part in spec.subnet_configurations)
        yield f"# CloudFormation takes no fixed addresses; approved are {fixed}."
    if spec.group_rules and item.vpc_endpoint_id:
        yield "# The rules of security groups below are there already: leave them out of the import."
    if resolved := [key for key, value in spec.all_tags.items() if _is_evaluated((key, value))]:
        keys = quoted(", ".join(resolved))
        yield f"# CloudFormation would put something else in the place of these tags: set them by other means: {keys}."
    if spec.policy_document is not None and _policy(spec.policy_document) is None:
        yield "# The policy holds what CloudFormation would take for its own or can't read: attach it by other means."


def _properties(item: Exported) -> dict[str, Any]:
    spec = item.spec
    found: dict[str, Any] = {
        "VpcId": spec.vpc_id,
        "ServiceName": spec.service_name,
        "ServiceRegion": spec.service_region,
        "VpcEndpointType": str(spec.vpc_endpoint_type),
        "RouteTableIds": list(spec.route_table_ids),
        "SubnetIds": list(spec.subnet_ids),
        "SecurityGroupIds": list(spec.security_group_ids),
        "IpAddressType": spec.ip_address_type,
    }
    if spec.has_network_interfaces:
        found["PrivateDnsEnabled"] = spec.private_dns_enabled
    options: dict[str, Any] = {"DnsRecordIpType": spec.dns_record_ip_type}
    if spec.private_dns_enabled and spec.short_service == "s3":
        only = spec.private_dns_only_for_inbound_resolver_endpoint
        options["PrivateDnsOnlyForInboundResolverEndpoint"] = "OnlyInboundResolver" if only else "AllResolvers"
    found["DnsOptions"] = {name: value for name, value in options.items() if value}
    if spec.policy_document is not None:
        found["PolicyDocument"] = _policy(spec.policy_document)
    tags = (pair for pair in spec.all_tags.items() if not _is_evaluated(pair))
    found["Tags"] = [{"Key": key, "Value": value} for key, value in tags]
    return {name: value for name, value in found.items() if value not in ("", [], {}, None)}


def _policy(document: str) -> Any:
    found = policy_of(document)
    return None if found is None or _is_evaluated(found) else found


def _is_evaluated(value: Any) -> bool:
    """Tell whether CloudFormation would evaluate a part of a value: a function, or a dynamic reference in a text."""
    if isinstance(value, dict):
        names = any(key == "Ref" or key.startswith("Fn::") for key in value)
        return names or any(_is_evaluated(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return any(_is_evaluated(part) for part in value)
    return isinstance(value, str) and "{{resolve:" in value


def _mapping(values: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in values.items():
        plain = _PLAIN_KEY.match(key) and key.lower() not in _WORDS_OF_YAML
        lines += _entry(f"{'  ' * depth}{key if plain else quoted(key)}:", value, depth)
    return lines


def _entry(head: str, value: Any, depth: int) -> list[str]:
    if isinstance(value, dict) and value:
        return [head, *_mapping(value, depth + 1)]
    if isinstance(value, list) and value:
        return [head, *(line for part in value for line in _item(part, depth + 1))]
    return [f"{head} {_scalar(value)}"]


def _item(value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    if isinstance(value, dict) and value:
        lines = _mapping(value, depth + 1)
        return [f"{pad}- {lines[0].lstrip(' ')}", *lines[1:]]
    if isinstance(value, list) and value:
        return [f"{pad}-", *(line for part in value for line in _item(part, depth + 1))]
    return [f"{pad}- {_scalar(value)}"]


def _scalar(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)
