"""The identity policy that lets a colleague work with VPC endpoints in AWS itself, as narrow as AWS takes it.

Which action is authorised on which resources, and by which condition keys, comes from AWS's Service Authorization
Reference (EC2, Route 53). Asking through the portal needs none of this: the portal acts by its own role (`role.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_VERSION = "2012-10-17"
_PARTS = ("subnet", "security-group", "route-table")
MANAGED_POLICY = 6144
"""Characters without white space that a managed policy holds at most (IAM quotas)."""


class Level(StrEnum):
    """How much a colleague may do; each level holds the ones before it."""

    VIEW = "view"
    REQUEST = "request"
    OPERATE = "operate"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where, in one account: an identity policy reaches no other. Empty means all of them.

    `vpcs` are pairs of region and VPC id, `services` full service names. `tag` is a pair of key and value that what
    is created must carry, and that alone may be changed: AWS ties an endpoint that exists to neither VPC nor service.
    """

    account_id: str
    partition: str = "aws"
    regions: tuple[str, ...] = ()
    vpcs: tuple[tuple[str, str], ...] = ()
    services: tuple[str, ...] = ()
    tag: tuple[str, str] | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """Return the regions in which something may be done, `*` for all."""
        found = dict.fromkeys(region for region, _ in self.vpcs) or dict.fromkeys(self.regions)
        return tuple(found) or ("*",)

    def arns(self, *kinds: str) -> list[str]:
        """Return the ARNs of all of the account's EC2 resources of these kinds, in the places."""
        return [self._arn(place, f"{kind}/*") for kind in kinds for place in self.places]

    def vpc_arns(self) -> list[str]:
        """Return the ARNs of the VPCs."""
        return [self._arn(region, f"vpc/{vpc_id}") for region, vpc_id in self.vpcs]

    def _arn(self, region: str, rest: str) -> str:
        return f"arn:{self.partition}:ec2:{region}:{self.account_id}:{rest}"


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a statement, and what it is there for."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement as it stands in the policy, what it is for, and what each of its elements is for."""

    document: dict[str, Any]
    why: str
    parts: tuple[Part, ...] = ()

    @property
    def sid(self) -> str:
        """Return the statement's name."""
        return str(self.document["Sid"])

    @property
    def text(self) -> str:
        """Return the statement as JSON."""
        return json.dumps(self.document, indent=2)


@dataclass(frozen=True, slots=True)
class Permissions:
    """A policy with its explanation. `limits` say what it can't keep apart, and what would."""

    level: Level
    scope: Scope
    statements: tuple[Explained, ...]
    limits: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return the policy."""
        return {"Version": _VERSION, "Statement": [item.document for item in self.statements]}

    @property
    def text(self) -> str:
        """Return the policy as JSON."""
        return json.dumps(self.document(), indent=2)

    @property
    def length(self) -> int:
        """Return how many characters AWS counts: white space is free."""
        return len(json.dumps(self.document(), separators=(",", ":")))


LOOK = (
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpointServices",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
)
OWN_SERVICES = (
    "ec2:AcceptVpcEndpointConnections",
    "ec2:CreateVpcEndpointServiceConfiguration",
    "ec2:DeleteVpcEndpointServiceConfigurations",
    "ec2:ModifyVpcEndpointServiceConfiguration",
    "ec2:ModifyVpcEndpointServicePermissions",
    "ec2:RejectVpcEndpointConnections",
)
LOOK_AT_SERVICES = (
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "ec2:DescribeVpcEndpointServicePermissions",
)
RULES = (
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
)


def permissions(level: Level, scope: Scope) -> Permissions:
    """Return the policy for a level in a scope, explained."""
    statements = [_look(scope)]
    if level is not Level.VIEW:
        statements += _create(scope)
    if level in (Level.OPERATE, Level.ADMINISTER):
        statements += _operate(scope)
    if level is Level.ADMINISTER:
        statements += _administer(scope)
    found = Permissions(level, scope, tuple(statements))
    return Permissions(level, scope, found.statements, tuple(_limits(found)))


def _look(scope: Scope) -> Explained:
    found = _statement("Look", LOOK, ["*"])
    parts = [Part("Resource", "AWS takes nothing narrower than * for reading: the whole account is seen.")]
    if scope.places != ("*",):
        found["Condition"] = {"StringEquals": {"aws:RequestedRegion": _one_or_many(scope.places)}}
        parts.append(Part("aws:RequestedRegion", "Only calls to these regions."))
    return Explained(
        found, "Reads endpoints, the services there are, and the VPC around them. Changes nothing.", tuple(parts)
    )


def _create(scope: Scope) -> Iterable[Explained]:
    create = ("ec2:CreateVpcEndpoint",)
    vpcs = scope.vpc_arns()
    yield Explained(
        _statement("CreateInTheVpc", create, vpcs or scope.arns("vpc")),
        "AWS asks for creating on each thing that takes part, and every one must be allowed. First: the VPC.",
        (Part("Resource", "These VPCs and no other." if vpcs else "Every VPC of the account."),),
    )
    yield _with_parts("CreateWithItsParts", create, scope, "Second: the subnets, security groups and route tables.")
    yield _new_endpoint(scope)
    yield Explained(
        _conditioned("TagWhileCreating", ("ec2:CreateTags",), scope, {"ec2:CreateAction": "CreateVpcEndpoint"}),
        "Tags that are given with the creation: AWS asks for this whenever there are some.",
        (Part("ec2:CreateAction", "Only in the same call that creates an endpoint, never afterwards."),),
    )
    yield Explained(
        _statement(
            "PrivateDns", ("route53:AssociateVPCWithHostedZone",), [f"arn:{scope.partition}:route53:::hostedzone/*"]
        ),
        "Private DNS of an Interface endpoint: AWS attaches its hosted zone to the VPC in the caller's name.",
        (Part("Resource", "AWS's zones aren't known before: any hosted zone. For Gateway endpoints leave it out."),),
    )


def _new_endpoint(scope: Scope) -> Explained:
    conditions: dict[str, Any] = {}
    parts = []
    if scope.services:
        conditions["ec2:VpceServiceName"] = _one_or_many(scope.services)
        parts.append(Part("ec2:VpceServiceName", "Only endpoints to these services."))
    else:
        conditions["ec2:VpceServiceOwner"] = "amazon"
        parts.append(Part("ec2:VpceServiceOwner", "Only AWS's own services: no data leaves to somebody else's."))
    if scope.tag:
        conditions[f"aws:RequestTag/{scope.tag[0]}"] = scope.tag[1]
        parts.append(Part(f"aws:RequestTag/{scope.tag[0]}", "The new endpoint must carry this tag."))
    return Explained(
        _conditioned("CreateTheEndpoint", ("ec2:CreateVpcEndpoint",), scope, conditions),
        "Third: the endpoint itself, which has no id yet.",
        tuple(parts),
    )


def _operate(scope: Scope) -> Iterable[Explained]:
    yield _existing("ChangeEndpoints", ("ec2:ModifyVpcEndpoint",), scope, "Changes what exists: policy, places, DNS.")
    yield _with_parts(
        "ChangeWithItsParts", ("ec2:ModifyVpcEndpoint",), scope, "What is added to an endpoint or taken from it."
    )
    yield _existing("DeleteEndpoints", ("ec2:DeleteVpcEndpoints",), scope, "Deletes endpoints, and nothing else.")
    yield _existing("TagEndpoints", ("ec2:CreateTags", "ec2:DeleteTags"), scope, "Changes the tags of endpoints.")


def _administer(scope: Scope) -> Iterable[Explained]:
    rules = _statement("OpenSecurityGroups", RULES, scope.arns("security-group"))
    yield Explained(
        _in_vpcs(rules, scope),
        "Rules of security groups: most endpoints that don't answer lack one for TCP 443.",
        _vpc_part(scope),
    )
    yield Explained(
        _statement("OwnServices", OWN_SERVICES, scope.arns("vpc-endpoint-service")),
        "Offers services of one's own to others, says who may connect, and accepts or rejects connections.",
        (Part("Resource", "The account's own endpoint services; they belong to no VPC."),),
    )
    yield Explained(
        _statement("LookAtServices", LOOK_AT_SERVICES, ["*"]),
        "Reads the account's own endpoint services and who is connected.",
        (Part("Resource", "AWS takes nothing narrower than * for reading."),),
    )


def _existing(sid: str, actions: Sequence[str], scope: Scope, why: str) -> Explained:
    if scope.tag is None:
        words = "Every endpoint of the account in these regions: without a tag AWS can't tell them apart."
        return Explained(_statement(sid, actions, scope.arns("vpc-endpoint")), why, (Part("Resource", words),))
    key, value = scope.tag
    found = _conditioned(sid, actions, scope, {f"aws:ResourceTag/{key}": value})
    return Explained(found, why, (Part(f"aws:ResourceTag/{key}", "Only endpoints that carry this tag already."),))


def _with_parts(sid: str, actions: Sequence[str], scope: Scope, why: str) -> Explained:
    return Explained(_in_vpcs(_statement(sid, actions, scope.arns(*_PARTS)), scope), why, _vpc_part(scope))


def _in_vpcs(statement: dict[str, Any], scope: Scope) -> dict[str, Any]:
    if scope.vpcs:
        statement["Condition"] = {"ArnEquals": {"ec2:Vpc": _one_or_many(scope.vpc_arns())}}
    return statement


def _vpc_part(scope: Scope) -> tuple[Part, ...]:
    if scope.vpcs:
        return (Part("ec2:Vpc", "Only those that lie in these VPCs."),)
    return (Part("Resource", "All of the account in these regions."),)


def _conditioned(sid: str, actions: Sequence[str], scope: Scope, equals: dict[str, Any]) -> dict[str, Any]:
    return {**_statement(sid, actions, scope.arns("vpc-endpoint")), "Condition": {"StringEquals": equals}}


def _statement(sid: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": _one_or_many(actions), "Resource": _one_or_many(resources)}


def _limits(found: Permissions) -> Iterable[str]:
    scope = found.scope
    changes = found.level in (Level.OPERATE, Level.ADMINISTER)
    if changes and scope.tag is None and (scope.vpcs or scope.services):
        yield (
            "Changing and deleting reach every endpoint of the account in these regions: AWS has no condition key that "
            "ties an endpoint that exists to its VPC or service. Name a tag: then only endpoints that carry it."
        )
    if changes and scope.tag is not None:
        yield (
            f"Endpoints that exist already lack the tag {scope.tag[0]}={scope.tag[1]} until somebody who may tag "
            "them puts it there."
        )
    if found.length > MANAGED_POLICY:
        yield (
            f"The policy has {found.length} characters; a managed policy holds {MANAGED_POLICY}. Choose fewer VPCs or "
            "services, or split it."
        )


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
