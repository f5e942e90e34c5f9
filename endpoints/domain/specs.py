"""What an endpoint should be: the exact, complete spec that a reviewer approves and a worker brings about.

Fields carry botocore's member names of CreateVpcEndpoint in snake_case (EC2 API model 2016-11-15).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any, Self

from endpoints.domain.hashing import sha256
from endpoints.domain.rules import GroupRule, problem_of

AWS_ID = re.compile(r"\A[a-z]+-[0-9a-f]{8,17}\Z")
ACCOUNT_ID = re.compile(r"\A[0-9]{12}\Z")
REGION = re.compile(r"\A[a-z]{2}(-[a-z]+)+-[0-9]\Z")
SERVICE_NAME = re.compile(r"\A[a-z0-9][a-zA-Z0-9._-]{2,254}\Z")


class EndpointType(StrEnum):
    """The types that the portal provisions, spelt as AWS's `VpcEndpointType`."""

    GATEWAY = "Gateway"
    INTERFACE = "Interface"
    GATEWAY_LOAD_BALANCER = "GatewayLoadBalancer"


IP_ADDRESS_TYPES = ("ipv4", "dualstack", "ipv6")
DNS_RECORD_IP_TYPES = ("ipv4", "dualstack", "ipv6", "service-defined")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetConfiguration:
    """A fixed IPv4 address for the network interface in one subnet."""

    subnet_id: str
    ipv4: str


class SpecError(ValueError):
    """A spec that can't be: `problems` maps each field to a sentence that says the cure."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.problems.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """One endpoint as it should be.

    `policy_document` is the author's text, byte for byte; None asks for full access. An empty
    `security_group_ids` means that AWS attaches the VPC's default group to an Interface endpoint; an empty
    `ip_address_type`, `dns_record_ip_type` or `service_region` leaves the choice to AWS. `tags` are the ones that the
    request asks for beside the portal's own and the Name tag. `private_dns_when_available` switches private DNS on in
    a second step, so that the service's name never leads to an endpoint that doesn't answer yet. `group_rules` are
    added to security groups with the endpoint and removed with it, in one order whatever order they came in.

    Raises SpecError when the parts don't fit together.
    """

    account_id: str
    region: str
    vpc_id: str
    service_name: str
    vpc_endpoint_type: EndpointType
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    route_table_ids: tuple[str, ...] = ()
    private_dns_enabled: bool = False
    policy_document: str | None = None
    name: str = ""
    service_region: str = ""
    ip_address_type: str = ""
    dns_record_ip_type: str = ""
    private_dns_only_for_inbound_resolver_endpoint: bool = False
    private_dns_when_available: bool = False
    subnet_configurations: tuple[SubnetConfiguration, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    group_rules: tuple[GroupRule, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "group_rules", tuple(sorted(self.group_rules)))
        problems = {**_shape_problems(self), **_option_problems(self), **_tag_problems(self), **_type_problems(self)}
        if problems:
            raise SpecError(problems)

    @property
    def is_gateway(self) -> bool:
        """Tell whether the endpoint is a target of routes rather than a set of network interfaces."""
        return self.vpc_endpoint_type is EndpointType.GATEWAY

    @property
    def has_network_interfaces(self) -> bool:
        """Tell whether it is a set of network interfaces guarded by security groups, with DNS names."""
        return self.vpc_endpoint_type is EndpointType.INTERFACE

    @property
    def private_dns_in_two_steps(self) -> bool:
        """Tell whether a creation leaves private DNS to a second step: as asked, or until its rules let clients in."""
        return self.private_dns_enabled and (self.private_dns_when_available or bool(self.group_rules))

    @property
    def all_tags(self) -> dict[str, str]:
        """Return the tags that the spec asks for, the Name tag included."""
        return dict(self.tags) | ({"Name": self.name} if self.name else {})

    @property
    def fixed_addresses(self) -> dict[str, str]:
        """Return the fixed IPv4 addresses by subnet id."""
        return {item.subnet_id: item.ipv4 for item in self.subnet_configurations}

    @property
    def short_service(self) -> str:
        """Return the service without its region prefix: `com.amazonaws.eu-west-1.s3` gives `s3`."""
        return short_service_name(self.service_name)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as JSON-able values.

        A field of `_LATER` is left out while it has its default: specs from before it keep their hash.
        """
        values: dict[str, Any] = asdict(self)
        for item in fields(self):
            if item.name in _LATER and values[item.name] == item.default:
                del values[item.name]
        # Through JSON's types, so that what is stored and what is hashed are one.
        return {key: _plain(value) for key, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the spec that `to_dict` wrote. Raises SpecError for unknown fields or values that don't fit."""
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SpecError(dict.fromkeys(unknown, "This field is not part of a spec."))
        missing = sorted({"account_id", "region", "vpc_id", "service_name", "vpc_endpoint_type"} - set(values))
        if missing:
            raise SpecError(dict.fromkeys(missing, "This field is needed."))
        try:
            kind = EndpointType(values["vpc_endpoint_type"])
        except ValueError:
            raise SpecError({"vpc_endpoint_type": "Choose Gateway, Interface or GatewayLoadBalancer."}) from None
        lists = {key: tuple(value) for key, value in values.items() if key.endswith("_ids")}
        nested = {
            "subnet_configurations": tuple(
                SubnetConfiguration(**item) for item in values.get("subnet_configurations", ())
            ),
            "tags": tuple((key, value) for key, value in values.get("tags", ())),
            "group_rules": _rules(values.get("group_rules", ())),
        }
        return cls(**{**values, **lists, **nested, "vpc_endpoint_type": kind})

    def sha256(self) -> str:
        """Return the hash that binds a review to this exact spec, the policy's text included."""
        return sha256(self.to_dict())


_LATER = frozenset(
    {
        "service_region",
        "ip_address_type",
        "dns_record_ip_type",
        "private_dns_only_for_inbound_resolver_endpoint",
        "private_dns_when_available",
        "subnet_configurations",
        "tags",
        "group_rules",
    }
)


def _rules(values: Iterable[Mapping[str, Any]]) -> tuple[GroupRule, ...]:
    try:
        return tuple(GroupRule.from_dict(item) for item in values)
    except ValueError as error:
        raise SpecError({"group_rules": str(error)}) from None


def _plain(value: Any) -> Any:
    if isinstance(value, EndpointType):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@lru_cache(maxsize=4096)
def short_service_name(service_name: str) -> str:
    """Return a service name without `com.amazonaws.<region>.`; others come back whole."""
    match = re.match(r"\A(?:com|cn\.com)\.amazonaws\.(?:[a-z]{2}(?:-[a-z]+)+-[0-9]\.)?(?P<rest>.+)\Z", service_name)
    return match["rest"] if match else service_name


@dataclass(frozen=True, slots=True)
class _Shape:
    pattern: re.Pattern[str]
    cure: str = field(default="")


_SHAPES = {
    "account_id": _Shape(ACCOUNT_ID, "An account id has twelve digits."),
    "region": _Shape(REGION, "Write a region such as eu-west-1."),
    "vpc_id": _Shape(AWS_ID, "Choose a VPC (vpc-…)."),
    "service_name": _Shape(SERVICE_NAME, "Choose a service from the region's list."),
}
_LISTS = {"subnet_ids": "subnet-", "security_group_ids": "sg-", "route_table_ids": "rtb-"}


def _shape_problems(spec: EndpointSpec) -> dict[str, str]:
    problems = {
        name: shape.cure for name, shape in _SHAPES.items() if not shape.pattern.match(str(getattr(spec, name)))
    }
    for name, prefix in _LISTS.items():
        ids = getattr(spec, name)
        wrong = [item for item in ids if not (item.startswith(prefix) and AWS_ID.match(item))]
        if wrong:
            problems[name] = f"{wrong[0]!r} is not an id of the form {prefix}…"
        elif len(set(ids)) != len(ids):
            problems[name] = "The same id stands here twice; keep one."
    if "\x00" in (spec.policy_document or "") or "\x00" in spec.name:
        problems["policy_document"] = "Remove the NUL character."
    return problems


def _option_problems(spec: EndpointSpec) -> dict[str, str]:
    problems = {}
    if spec.service_region and not REGION.match(spec.service_region):
        problems["service_region"] = "Write a region such as eu-west-1, or leave it empty for the endpoint's own."
    if spec.ip_address_type and spec.ip_address_type not in IP_ADDRESS_TYPES:
        problems["ip_address_type"] = f"Choose one of {', '.join(IP_ADDRESS_TYPES)}."
    if problem := _records_problem(spec):
        problems["dns_record_ip_type"] = problem
    for item in spec.subnet_configurations:
        if item.subnet_id not in spec.subnet_ids:
            problems["subnet_configurations"] = f"{item.subnet_id} has a fixed address but isn't chosen; choose it too."
        elif not _is_ipv4(item.ipv4):
            problems["subnet_configurations"] = f"{item.ipv4!r} is not an IPv4 address."
    if len(spec.fixed_addresses) != len(spec.subnet_configurations):
        problems["subnet_configurations"] = "Give each subnet one fixed address at most."
    if problem := problem_of(spec.group_rules):
        problems["group_rules"] = problem
    return problems


def _records_problem(spec: EndpointSpec) -> str:
    records, addresses = spec.dns_record_ip_type, spec.ip_address_type
    if records and records not in DNS_RECORD_IP_TYPES:
        return f"Choose one of {', '.join(DNS_RECORD_IP_TYPES)}."
    if records in ("dualstack", "ipv6") and addresses in ("", "ipv4"):
        return "AAAA records need the IP address type dualstack or ipv6."
    if records in ("dualstack", "ipv4") and addresses == "ipv6":
        return "A records need the IP address type ipv4 or dualstack."
    return ""


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


MAX_TAGS = 40
"""AWS takes 50 tags; the rest is kept for the portal's own and the organisation's."""
RESERVED_TAGS = ("aws:", "portal:")


def _tag_problems(spec: EndpointSpec) -> dict[str, str]:
    problem = ""
    for key, value in spec.tags:
        if not key or len(key) > 127 or len(value) > 255 or "\x00" in key + value:
            problem = "A tag's key has 1 to 127 characters, its value at most 255."
        elif key.lower().startswith(RESERVED_TAGS):
            problem = f"Keys that begin with {' or '.join(RESERVED_TAGS)} are reserved; rename {key!r}."
        elif key == "Name":
            problem = "Write the Name tag in the field for the name."
    if len(dict(spec.tags)) != len(spec.tags):
        problem = "The same tag key stands here twice; keep one."
    if len(spec.tags) > MAX_TAGS:
        problem = f"Give at most {MAX_TAGS} tags."
    return {"tags": problem} if problem else {}


_OPTIONS = (
    "ip_address_type",
    "dns_record_ip_type",
    "private_dns_only_for_inbound_resolver_endpoint",
    "private_dns_when_available",
    "subnet_configurations",
)
_ALIEN: Mapping[EndpointType, Mapping[str, str]] = {
    EndpointType.GATEWAY: {
        "subnet_ids": "A Gateway endpoint lives in route tables; leave subnets empty.",
        "security_group_ids": "A Gateway endpoint takes no security group; leave them empty.",
        "private_dns_enabled": "A Gateway endpoint has no private DNS; switch it off.",
        "service_region": "A Gateway endpoint serves its own region; leave the service's region empty.",
        **dict.fromkeys(_OPTIONS, "Only an Interface endpoint has this; leave it empty."),
    },
    EndpointType.INTERFACE: {
        "route_table_ids": "An Interface endpoint lives in subnets; leave route tables empty.",
    },
    EndpointType.GATEWAY_LOAD_BALANCER: {
        "route_table_ids": "Routes to a Gateway Load Balancer endpoint are made in the route tables; leave them empty.",
        "security_group_ids": "A Gateway Load Balancer endpoint takes no security group; leave them empty.",
        "policy_document": "A Gateway Load Balancer endpoint takes no policy; choose full access.",
        "private_dns_enabled": "A Gateway Load Balancer endpoint has no private DNS; switch it off.",
        "group_rules": "No rule of a security group opens a Gateway Load Balancer endpoint; leave them out.",
        **dict.fromkeys(_OPTIONS[1:], "Only an Interface endpoint has this; leave it empty."),
    },
}


def _type_problems(spec: EndpointSpec) -> dict[str, str]:
    """Return what the endpoint's type doesn't take. Source: CreateVpcEndpoint, EC2 API reference."""
    problems = {name: cure for name, cure in _ALIEN[spec.vpc_endpoint_type].items() if getattr(spec, name)}
    if spec.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER and len(spec.subnet_ids) != 1:
        problems["subnet_ids"] = "A Gateway Load Balancer endpoint lives in exactly one subnet; choose one."
    if spec.private_dns_only_for_inbound_resolver_endpoint and spec.short_service != "s3":
        problems["private_dns_only_for_inbound_resolver_endpoint"] = "Only S3 has this; switch it off."
    return problems
