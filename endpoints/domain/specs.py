"""What an endpoint should be: the exact, complete spec that a reviewer approves and a worker brings about.

Fields carry botocore's member names of CreateVpcEndpoint in snake_case (EC2 API model 2016-11-15).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from endpoints.domain.hashing import sha256

AWS_ID = re.compile(r"\A[a-z]+-[0-9a-f]{8,17}\Z")
ACCOUNT_ID = re.compile(r"\A[0-9]{12}\Z")
REGION = re.compile(r"\A[a-z]{2}(-[a-z]+)+-[0-9]\Z")
SERVICE_NAME = re.compile(r"\A[a-z0-9][a-zA-Z0-9._-]{2,254}\Z")


class EndpointType(StrEnum):
    """The types that the portal provisions, spelt as AWS's `VpcEndpointType`."""

    GATEWAY = "Gateway"
    INTERFACE = "Interface"


class SpecError(ValueError):
    """A spec that can't be: `problems` maps each field to a sentence that says the cure."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.problems.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """One endpoint as it should be.

    `policy_document` is the author's text, byte for byte; None asks for full access. An empty
    `security_group_ids` means that AWS attaches the VPC's default group to an Interface endpoint.

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

    def __post_init__(self) -> None:
        problems = {**_shape_problems(self), **_type_problems(self)}
        if problems:
            raise SpecError(problems)

    @property
    def is_gateway(self) -> bool:
        """Tell whether the endpoint is a target of routes rather than a set of network interfaces."""
        return self.vpc_endpoint_type is EndpointType.GATEWAY

    @property
    def short_service(self) -> str:
        """Return the service without its region prefix: `com.amazonaws.eu-west-1.s3` gives `s3`."""
        return short_service_name(self.service_name)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as JSON-able values, every field included."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()} | {
            "vpc_endpoint_type": str(self.vpc_endpoint_type)
        }

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
            raise SpecError({"vpc_endpoint_type": "Choose Gateway or Interface."}) from None
        lists = {key: tuple(value) for key, value in values.items() if key.endswith("_ids")}
        return cls(**{**values, **lists, "vpc_endpoint_type": kind})

    def sha256(self) -> str:
        """Return the hash that binds a review to this exact spec, the policy's text included."""
        return sha256(self.to_dict())


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


def _type_problems(spec: EndpointSpec) -> dict[str, str]:
    problems = {}
    if spec.is_gateway:
        if spec.subnet_ids:
            problems["subnet_ids"] = "A Gateway endpoint lives in route tables; leave subnets empty."
        if spec.security_group_ids:
            problems["security_group_ids"] = "A Gateway endpoint takes no security group; leave them empty."
        if spec.private_dns_enabled:
            problems["private_dns_enabled"] = "A Gateway endpoint has no private DNS; switch it off."
    elif spec.route_table_ids:
        problems["route_table_ids"] = "An Interface endpoint lives in subnets; leave route tables empty."
    return problems
