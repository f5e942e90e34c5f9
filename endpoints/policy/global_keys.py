"""The condition keys that every service knows, with their types.

From the IAM user guide, "AWS global condition context keys" (which the action reference leaves out).
"""

from __future__ import annotations

from typing import NamedTuple

from endpoints.policy.words import ValueKind


class ConditionKey(NamedTuple):
    """A condition key: its name as AWS writes it, what its values are, and whether a request has several of them.

    The name of a key with a part of one's own holds it as `${…}`: `aws:PrincipalTag/${TagKey}`.
    """

    name: str
    kinds: tuple[ValueKind, ...]
    many: bool = False


_STRING: tuple[ValueKind, ...] = ("string",)

_SINGLE = (
    *("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalTag/${TagKey}", "aws:PrincipalServiceName"),
    *("aws:PrincipalType", "aws:userid", "aws:username", "aws:AssumedRoot", "aws:FederatedProvider"),
    *("aws:Ec2InstanceSourceVpc", "aws:SourceIdentity", "glue:RoleAssumedBy", "glue:CredentialIssuingService"),
    *("identitystore:UserId", "aws:SourceVpc", "aws:SourceVpce", "aws:VpceAccount", "aws:VpceOrgID"),
    *("aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceTag/${TagKey}", "aws:RequestTag/${TagKey}"),
    *("aws:CalledViaFirst", "aws:CalledViaLast", "aws:CalledViaAWSMCP", "aws:referer", "aws:RequestedRegion"),
    *("aws:SourceAccount", "aws:SourceOrgID", "aws:UserAgent"),
)
_SEVERAL = (
    *("aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:VpceOrgPaths", "aws:ResourceOrgPaths"),
    *("aws:CalledVia", "aws:TagKeys", "aws:SourceOrgPaths"),
)
_ARNS = (
    *("aws:PrincipalArn", "aws:SignInSessionArn", "aws:ChatbotSourceArn", "aws:SourceVpcArn", "aws:SourceArn"),
    *("ec2:SourceInstanceArn", "codebuild:BuildArn", "codebuild:ProjectArn", "lambda:SourceFunctionArn"),
    "ssm:SourceInstanceArn",
)
_BOOLEANS = (
    *("aws:PrincipalIsAWSService", "aws:MultiFactorAuthPresent", "aws:ViaAWSService", "aws:ViaAWSMCPService"),
    *("aws:SecureTransport", "aws:IsMcpServiceAction"),
)

GLOBAL_KEYS: dict[str, ConditionKey] = {
    key.name.lower(): key
    for key in (
        *(ConditionKey(name, _STRING) for name in _SINGLE),
        *(ConditionKey(name, _STRING, many=True) for name in _SEVERAL),
        *(ConditionKey(name, ("arn",)) for name in _ARNS),
        *(ConditionKey(name, ("boolean",)) for name in _BOOLEANS),
        *(ConditionKey(name, ("address",)) for name in ("aws:SourceIp", "aws:VpcSourceIp")),
        ConditionKey("aws:Ec2InstanceSourcePrivateIPv4", ("address",)),
        *(ConditionKey(name, ("number",)) for name in ("aws:MultiFactorAuthAge", "ec2:RoleDelivery")),
        *(ConditionKey(name, ("date",)) for name in ("aws:CurrentTime", "aws:TokenIssueTime")),
        ConditionKey("aws:EpochTime", ("date", "number")),
    )
}
"""By name in small letters."""

SYSTEM_IDENTIFIERS = frozenset(
    name.lower()
    for name in (
        *("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:ResourceAccount", "aws:ResourceOrgID"),
        *("aws:SourceAccount", "aws:SourceOrgID", "aws:SourceVpc", "aws:SourceVpce", "aws:VpceAccount"),
        "aws:VpceOrgID",
    )
)
"""Keys whose values AWS makes up ("Sensitive condition keys" there): endpoint policies take no wildcards in them."""

BOUNDARY_KEYS = frozenset(
    name.lower()
    for name in (
        *("aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:userid"),
        *("aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"),
        *("aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:ResourceAccount", "aws:ViaAWSService", "aws:CalledVia"),
        *("aws:CalledViaFirst", "aws:CalledViaLast", "s3:ResourceAccount", "s3:DataAccessPointAccount"),
        *("aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceAccount", "kms:CallerAccount"),
    )
)
"""Keys that keep a statement within one's own organisation or accounts, or to AWS's own services."""
