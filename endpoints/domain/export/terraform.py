"""HCL for the Terraform AWS provider: `aws_vpc_endpoint` (provider's documentation, versions 5 and 6)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from endpoints.domain.export import Exported, policy_of
from endpoints.domain.rules import GroupRule

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(item: Exported) -> str:
    """Return the resource, and the import block where AWS has the endpoint."""
    address = f"aws_vpc_endpoint.{'_'.join(item.words)}"
    lines = [
        f"# In account {item.spec.account_id}, region {item.spec.region}: the provider must work there.",
        "# The portal's own tags (portal:…) would be removed: let the provider ignore them by",
        '#   ignore_tags { key_prefixes = ["portal:"] }',
        f'resource "aws_vpc_endpoint" {quoted("_".join(item.words))} {{',
        *_aligned(_arguments(item)),
        *_blocks(item),
        "}",
    ]
    for number, rule in enumerate(item.spec.group_rules, start=1):
        lines += ["", *_rule(rule, f"{'_'.join(item.words)}_{number}")]
    if item.vpc_endpoint_id:
        lines += ["", "import {", f"  to = {address}", f"  id = {quoted(item.vpc_endpoint_id)}", "}"]
    return "\n".join(lines) + "\n"


def _rule(rule: GroupRule, name: str) -> Iterable[str]:
    """Yield a security group rule as a resource of its own (the provider's documentation, from version 4.56)."""
    yield f"resource {quoted(f'aws_vpc_security_group_{rule.direction}_rule')} {quoted(name)} {{"
    peers = {
        "cidr_ipv6" if ":" in rule.cidr else "cidr_ipv4": rule.cidr,
        "prefix_list_id": rule.prefix_list_id,
        "referenced_security_group_id": rule.source_group_id,
        "description": rule.description,
    }
    yield from _aligned(
        [
            ("security_group_id", quoted(rule.group_id)),
            ("ip_protocol", quoted(rule.protocol)),
            ("from_port", str(rule.from_port)),
            ("to_port", str(rule.to_port)),
            *((key, quoted(value)) for key, value in peers.items() if value),
        ]
    )
    yield "}"


def quoted(text: str) -> str:
    """Return a text as a quoted template of HCL, in which nothing is interpolated (HCL native syntax, "Templates")."""
    written = []
    for position, letter in enumerate(text):
        if letter in _ESCAPES:
            written.append(_ESCAPES[letter])
        elif letter in "$%" and text[position + 1 : position + 2] == "{":
            written.append(letter * 2)
        elif letter.isprintable():
            written.append(letter)
        else:
            written.append(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}")
    return f'"{"".join(written)}"'


def _arguments(item: Exported) -> Iterable[tuple[str, str]]:
    spec = item.spec
    yield "vpc_id", quoted(spec.vpc_id)
    yield "service_name", quoted(spec.service_name)
    yield "vpc_endpoint_type", quoted(str(spec.vpc_endpoint_type))
    if spec.service_region:
        yield "service_region", quoted(spec.service_region)
    for name in ("route_table_ids", "subnet_ids", "security_group_ids"):
        if ids := getattr(spec, name):
            yield name, _value(list(ids), 1)
    if spec.has_network_interfaces:
        yield "private_dns_enabled", "true" if spec.private_dns_enabled else "false"
    if spec.ip_address_type:
        yield "ip_address_type", quoted(spec.ip_address_type)
    if spec.policy_document is not None:
        yield "policy", _policy(spec.policy_document)
    if tags := spec.all_tags:
        yield "tags", _value(tags, 1)


def _policy(document: str) -> str:
    found = policy_of(document)
    return quoted(document) if found is None else f"jsonencode({_value(found, 1)})"


def _blocks(item: Exported) -> Iterable[str]:
    spec = item.spec
    for fixed in spec.subnet_configurations:
        yield from ("", "  subnet_configuration {")
        yield from (f"    subnet_id = {quoted(fixed.subnet_id)}", f"    ipv4      = {quoted(fixed.ipv4)}", "  }")
    options = []
    if spec.dns_record_ip_type:
        options.append(("dns_record_ip_type", quoted(spec.dns_record_ip_type)))
    if spec.private_dns_enabled and spec.short_service == "s3":
        inbound = "true" if spec.private_dns_only_for_inbound_resolver_endpoint else "false"
        options.append(("private_dns_only_for_inbound_resolver_endpoint", inbound))
    if options:
        yield from ("", "  dns_options {", *_aligned(options, "    "), "  }")


def _aligned(pairs: Iterable[tuple[str, str]], pad: str = "  ") -> list[str]:
    """Return arguments as `terraform fmt` writes them: the signs of neighbours on one line below each other."""
    pairs = list(pairs)
    lines: list[str] = []
    run: list[tuple[str, str]] = []
    for name, value in [*pairs, ("", "")]:
        if name and "\n" not in value:
            run.append((name, value))
            continue
        width = max((len(item) for item, _ in run), default=0)
        lines += [f"{pad}{item:<{width}} = {text}" for item, text in run]
        run = []
        if name:
            lines.append(f"{pad}{name} = {value}")
    return lines


def _value(value: Any, depth: int) -> str:
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        if not value:
            return "{}"
        lines = _aligned(((quoted(key), _value(part, depth + 1)) for key, part in value.items()), pad)
        return "\n".join(["{", *lines, f"{end}}}"])
    if isinstance(value, list):
        if not value:
            return "[]"
        return "[\n" + "".join(f"{pad}{_value(part, depth + 1)},\n" for part in value) + f"{end}]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)
