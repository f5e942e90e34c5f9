"""The role that the portal assumes in an account: its ARN, its trust policy and its permission policy.

What each action is authorised on comes from AWS's Service Authorization Reference (EC2, Route 53, Service Quotas).
A test derives the actions from the calls in `endpoints/aws`, so that a new call without a permission here fails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ROLE_NAME = "VpcEndpointPortal"
"""The name that the portal proposes."""
ROLE_NAME_PATTERN = r"\A[\w+=,.@-]{1,64}\Z"
"""IAM's form of a role's name (IAM API reference, CreateRole)."""
ROLE_ARN = re.compile(r"\Aarn:aws[a-z-]*:iam::(?P<account_id>[0-9]{12}):role/(?P<path>[\w+=,.@/-]+)\Z", re.ASCII)

_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
_VERSION = "2012-10-17"
_ENDPOINT = "vpc-endpoint"
_RULE = "security-group-rule"
_ATTACHED = ("subnet", "security-group", "route-table")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the permission policy, and why it is there.

    `resources` name kinds of the account's EC2 resources, or are ARNs with `{partition}`; none means `*`, where AWS
    takes nothing narrower.
    """

    sid: str
    actions: tuple[str, ...]
    why: str
    resources: tuple[str, ...] = ()


STATEMENTS = (
    Statement(
        "Look",
        (
            "ec2:DescribeEgressOnlyInternetGateways",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribePrefixLists",
            "ec2:DescribeRegions",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeTransitGatewayVpcAttachments",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpointServices",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpnGateways",
        ),
        "Reads what stands in the account's regions, so that forms offer what exists and pages show what AWS holds. "
        "AWS takes no narrower resource for most of these.",
    ),
    Statement(
        "CreateEndpoints",
        ("ec2:CreateVpcEndpoint",),
        "Creates the endpoints that were approved. AWS asks for it on the VPC, on each subnet, security group and "
        "route table that is named, and on the endpoint itself.",
        ("vpc", *_ATTACHED, _ENDPOINT),
    ),
    Statement(
        "TagEndpoints",
        ("ec2:CreateTags", "ec2:DeleteTags"),
        "Marks an endpoint, or a rule of a security group, as the portal's while it is created, and changes an "
        "endpoint's tags as approved. Nothing else in the account can be tagged with it.",
        (_ENDPOINT, _RULE),
    ),
    Statement(
        "PrivateDns",
        ("route53:AssociateVPCWithHostedZone",),
        "Lets AWS attach its hosted zone to the VPC when an endpoint answers for the service's own name (private DNS).",
        ("arn:{partition}:route53:::hostedzone/*",),
    ),
    Statement(
        "ChangeEndpoints",
        ("ec2:ModifyVpcEndpoint",),
        "Changes policy, route tables, subnets, security groups and private DNS of an endpoint, as approved.",
        (_ENDPOINT, *_ATTACHED),
    ),
    Statement(
        "DeleteEndpoints",
        ("ec2:DeleteVpcEndpoints",),
        "Deletes endpoints whose deletion was approved. Nothing else can be deleted with it.",
        (_ENDPOINT,),
    ),
    Statement(
        "ChangeGroupRules",
        (
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ),
        "Adds the security group rule that a request carries, as approved, and removes it with the endpoint: what the "
        "portal added itself, known by its tag.",
        ("security-group", _RULE),
    ),
    Statement(
        "ReadPrefixLists",
        ("ec2:GetManagedPrefixListEntries",),
        "Reads the ranges of the prefix lists that routes and security groups name, AWS's own among them, so that the "
        "portal can tell who gets through.",
        ("arn:{partition}:ec2:*:*:prefix-list/*",),
    ),
    Statement(
        "ReadDirectConnect",
        ("directconnect:DescribeDirectConnectGatewayAssociations",),
        "Reads which VPN and transit gateways Direct Connect reaches. It is asked for only where there are such "
        "gateways.",
    ),
    Statement(
        "ReadQuotas",
        ("servicequotas:GetServiceQuota",),
        "Reads how many endpoints a VPC and a region may have, so that the portal warns before a quota is used up.",
    ),
)

ACTIONS = frozenset(action for statement in STATEMENTS for action in statement.actions)
"""Every action that the portal needs."""


def partition_of(regions: Sequence[str]) -> str:
    """Return the partition of regions: `aws`, `aws-cn` or `aws-us-gov`. Raises ValueError for several at once."""
    found = {next((name for prefix, name in _PARTITIONS.items() if r.startswith(f"{prefix}-")), "aws") for r in regions}
    if len(found) > 1:
        raise ValueError("An account lies in one partition: regions of China, GovCloud and the rest don't mix.")
    return found.pop() if found else "aws"


def role_arn(account_id: str, regions: Sequence[str], name: str = ROLE_NAME) -> str:
    """Return the ARN of an account's role. Raises ValueError for regions of several partitions."""
    return f"arn:{partition_of(regions)}:iam::{account_id}:role/{name}"


def trust_policy(*, principal: str, external_id: str) -> dict[str, Any]:
    """Return who may assume the role: the portal's own principal (an ARN), and only with the ExternalId."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "LetThePortalIn",
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def permission_policy(*, account_id: str, partition: str = "aws") -> dict[str, Any]:
    """Return what the role may do in its account: each action that the portal calls, and nothing else."""
    return {"Version": _VERSION, "Statement": [_written(item, account_id, partition) for item in STATEMENTS]}


def statement_of(action: str) -> Statement | None:
    """Return the statement that grants an action, or None for one that the portal doesn't need."""
    return next((item for item in STATEMENTS if action in item.actions), None)


def _written(statement: Statement, account_id: str, partition: str) -> dict[str, Any]:
    return {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": _one_or_many(statement.actions),
        "Resource": _one_or_many([_arn(name, account_id, partition) for name in statement.resources] or ["*"]),
    }


def _arn(name: str, account_id: str, partition: str) -> str:
    if name.startswith("arn:"):
        return name.format(partition=partition)
    return f"arn:{partition}:ec2:*:{account_id}:{name}/*"


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
