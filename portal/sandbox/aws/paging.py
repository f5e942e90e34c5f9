"""Pages of what moto answers by itself: it gives everything at once, whatever page is asked for.

Sizes are those of the EC2 API reference; without `MaxResults` everything comes at once there, too.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.filters import opened, sealed

# Action -> the member that is listed, and how many a page may hold.
_PAGED = {
    "DescribeVpcs": ("Vpcs", 1000),
    "DescribeSubnets": ("Subnets", 1000),
    "DescribeRouteTables": ("RouteTables", 100),
    "DescribeSecurityGroups": ("SecurityGroups", 1000),
    "DescribeSecurityGroupRules": ("SecurityGroupRules", 1000),
    "DescribeNetworkAcls": ("NetworkAcls", 1000),
    "DescribeInternetGateways": ("InternetGateways", 1000),
    "DescribeEgressOnlyInternetGateways": ("EgressOnlyInternetGateways", 255),
    "DescribeNatGateways": ("NatGateways", 1000),
    "DescribeTransitGatewayVpcAttachments": ("TransitGatewayVpcAttachments", 1000),
    "DescribeVpcPeeringConnections": ("VpcPeeringConnections", 1000),
    "GetManagedPrefixListEntries": ("Entries", 100),
}
_SMALLEST = 5
_MAY_BE_SMALLER = frozenset({"GetManagedPrefixListEntries"})


def check(call: Context) -> None:
    """Refuse a page that AWS refuses. Raises `InvalidParameterValue`."""
    size = call.params.get("MaxResults")
    if call.action not in _PAGED or size is None:
        return
    smallest = 1 if call.action in _MAY_BE_SMALLER else _SMALLEST
    if not smallest <= int(size) <= _PAGED[call.action][1]:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. "
            f"Expecting a value from {smallest} to {_PAGED[call.action][1]}.",
        )


def paged(call: Context, body: str) -> str:
    """Return the part of an answer that the call asked for, with the token of the next one."""
    size, token = call.params.get("MaxResults"), call.params.get("NextToken")
    if call.action not in _PAGED or size is None or (not token and body.count("<item>") <= int(size)):
        return body
    tag = _tag(call.action)
    root = ElementTree.fromstring(body)  # noqa: S314 - what this process wrote a moment ago
    namespace = root.tag.partition("}")[0] + "}"
    listed = root.find(f"{namespace}{tag}")
    if listed is None:
        return body
    first = _first(str(token)) if token else 0
    rows = list(listed)
    for row in [*rows[:first], *rows[first + int(size) :]]:
        listed.remove(row)
    for old in root.findall(f"{namespace}nextToken"):
        root.remove(old)
    if len(rows) > first + int(size):
        ElementTree.SubElement(root, f"{namespace}nextToken").text = sealed(str(first + int(size)))
    return ElementTree.tostring(root, encoding="unicode", default_namespace=namespace.strip("{}"))


def _first(token: str) -> int:
    """Return the place of a page's first row; raises `InvalidNextToken` for a token that another action gave."""
    place = opened(token)
    if not place.isdecimal():
        raise AwsError("InvalidNextToken", f"The token '{token}' is invalid.")
    return int(place)


def _tag(action: str) -> str:
    from moto.core.utils import get_service_model

    shape: Any = get_service_model("ec2").operation_model(action).output_shape
    member = _PAGED[action][0]
    return str(shape.members[member].serialization.get("name", member))
