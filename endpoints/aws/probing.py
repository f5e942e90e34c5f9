"""Trying what a role may do, without doing it: DryRun where EC2 takes it, a read where it doesn't.

A dry run proves permission only. EC2 looks at the permission first, as a rule, but not reliably: any other error than
`DryRunOperation` and `UnauthorizedOperation` decides nothing (EC2 API reference, DryRun).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from endpoints.aws.errors import AwsError, translated
from endpoints.domain.answers import NO_DRY_RUN, Answer

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class Sample:
    """Ids to try with: a region's own where the inventory knows some, else these, which AWS's guides print."""

    region: str
    vpc_id: str = "vpc-0123456789abcdef0"
    subnet_id: str = "subnet-0123456789abcdef0"
    security_group_id: str = "sg-0123456789abcdef0"
    route_table_id: str = "rtb-0123456789abcdef0"
    vpc_endpoint_id: str = "vpce-0123456789abcdef0"
    vpc_endpoint_type: str = "Interface"
    prefix_list_id: str = "pl-0123456789abcdef0"
    vpn_gateway_id: str = "vgw-0123456789abcdef0"


@dataclass(frozen=True, slots=True)
class Probe:
    """One dry run: a client's method and its parameters, what it proves, and what it may show to be missing."""

    operation: str
    parameters: Mapping[str, Any]
    proves: tuple[str, ...]
    shows: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Tell whether the call would change something if it weren't a dry run."""
        return not self.operation.startswith(("describe_", "get_"))


_TAG = {"Key": "portal:check", "Value": "dry-run"}  # never the tag that marks an endpoint as ours
_READS = {
    "describe_vpcs": "ec2:DescribeVpcs",
    "describe_subnets": "ec2:DescribeSubnets",
    "describe_route_tables": "ec2:DescribeRouteTables",
    "describe_security_groups": "ec2:DescribeSecurityGroups",
    "describe_security_group_rules": "ec2:DescribeSecurityGroupRules",
    "describe_network_acls": "ec2:DescribeNetworkAcls",
    "describe_internet_gateways": "ec2:DescribeInternetGateways",
    "describe_egress_only_internet_gateways": "ec2:DescribeEgressOnlyInternetGateways",
    "describe_nat_gateways": "ec2:DescribeNatGateways",
    "describe_vpn_gateways": "ec2:DescribeVpnGateways",
    "describe_transit_gateway_vpc_attachments": "ec2:DescribeTransitGatewayVpcAttachments",
    "describe_vpc_peering_connections": "ec2:DescribeVpcPeeringConnections",
    "describe_managed_prefix_lists": "ec2:DescribeManagedPrefixLists",
    "describe_network_interfaces": "ec2:DescribeNetworkInterfaces",
    "describe_prefix_lists": "ec2:DescribePrefixLists",
    "describe_vpc_endpoints": "ec2:DescribeVpcEndpoints",
    "describe_vpc_endpoint_services": "ec2:DescribeVpcEndpointServices",
}


def probes(sample: Sample) -> Iterator[Probe]:
    """Yield the dry runs of one region: each EC2 action that the portal needs there, the cheapest first."""
    for operation, action in _READS.items():
        yield Probe(operation, {}, (action,))
    attribute = {"VpcId": sample.vpc_id, "Attribute": "enableDnsSupport"}
    yield Probe("describe_vpc_attribute", attribute, ("ec2:DescribeVpcAttribute",))
    entries = {"PrefixListId": sample.prefix_list_id}
    yield Probe("get_managed_prefix_list_entries", entries, ("ec2:GetManagedPrefixListEntries",))
    create = {"VpcId": sample.vpc_id, "ServiceName": f"com.amazonaws.{sample.region}.s3"}
    interface = {
        **create,
        "VpcEndpointType": "Interface",
        "SubnetIds": [sample.subnet_id],
        "SecurityGroupIds": [sample.security_group_id],
        "PrivateDnsEnabled": True,
    }
    needs_dns = ("route53:AssociateVPCWithHostedZone",)
    yield Probe("create_vpc_endpoint", interface, ("ec2:CreateVpcEndpoint",), needs_dns)
    gateway = {
        **create,
        "VpcEndpointType": "Gateway",
        "RouteTableIds": [sample.route_table_id],
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": [_TAG]}],
    }
    yield Probe("create_vpc_endpoint", gateway, ("ec2:CreateVpcEndpoint", "ec2:CreateTags"))
    yield Probe("modify_vpc_endpoint", _modification(sample), ("ec2:ModifyVpcEndpoint",))
    tags = {"Resources": [sample.vpc_endpoint_id], "Tags": [_TAG]}
    yield Probe("create_tags", tags, ("ec2:CreateTags",))
    yield Probe("delete_tags", tags, ("ec2:DeleteTags",))
    yield Probe("delete_vpc_endpoints", {"VpcEndpointIds": [sample.vpc_endpoint_id]}, ("ec2:DeleteVpcEndpoints",))
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    group = {"GroupId": sample.security_group_id, "IpPermissions": [rule]}
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": [_TAG]}]}
    for method, action, more in (
        ("authorize_security_group_ingress", "ec2:AuthorizeSecurityGroupIngress", tagged),
        ("authorize_security_group_egress", "ec2:AuthorizeSecurityGroupEgress", tagged),
        ("revoke_security_group_ingress", "ec2:RevokeSecurityGroupIngress", {}),
        ("revoke_security_group_egress", "ec2:RevokeSecurityGroupEgress", {}),
    ):
        yield Probe(method, {**group, **more}, (action,), ("ec2:CreateTags",) if more else ())


def _modification(sample: Sample) -> dict[str, Any]:
    if sample.vpc_endpoint_type == "Gateway":
        return {"VpcEndpointId": sample.vpc_endpoint_id, "AddRouteTableIds": [sample.route_table_id]}
    return {
        "VpcEndpointId": sample.vpc_endpoint_id,
        "AddSubnetIds": [sample.subnet_id],
        "AddSecurityGroupIds": [sample.security_group_id],
    }


class Prober:
    """One account and region. Nothing of botocore comes out: answers are `Answer`s, or AwsError is raised."""

    def __init__(self, *, ec2: EC2Client, sts: STSClient, quotas: Any, direct_connect: Any) -> None:
        self._ec2 = ec2
        self._sts = sts
        self._quotas = quotas
        self._direct_connect = direct_connect
        self._carries_out = False

    def caller_account(self) -> str:
        """Return the id of the account that the role acts in. Raises AwsError where it can't be assumed.

        GetCallerIdentity needs no permission, so a refusal here is one of AssumeRole.
        """
        with translated():
            return str(self._sts.get_caller_identity()["Account"])

    def region_statuses(self) -> dict[str, str]:
        """Return OptInStatus by region: every region of the partition. Raises AwsError."""
        with translated():
            answer = self._ec2.describe_regions(AllRegions=True)
        return {str(item["RegionName"]): str(item.get("OptInStatus", "")) for item in answer["Regions"]}

    def attempt(self, probe: Probe) -> Answer:
        """Return what AWS says to a dry run, or what kept it from answering.

        Doubles of AWS, moto among them, carry out what they are asked to try. Where one did that with a read, nothing
        that changes anything is tried any more: it would make endpoints, and delete one.
        """
        if self._carries_out and probe.changes:
            return Answer(NO_DRY_RUN, "It was not tried: here a dry run is carried out.")
        try:
            with translated():
                getattr(self._ec2, probe.operation)(DryRun=True, **probe.parameters)
        except AwsError as error:
            return answer_of(error)
        self._carries_out = True
        return Answer(NO_DRY_RUN, "It answered a dry run as if it were none.")

    def direct_connect(self, sample: Sample) -> Answer:
        """Return what AWS says to a look at Direct Connect, which has no dry runs: that looking is allowed, or not.

        It judges the permission first: whoever is told that there is no such gateway may look.
        """
        try:
            with translated():
                self._direct_connect.describe_direct_connect_gateway_associations(
                    associatedGatewayId=sample.vpn_gateway_id
                )
        except AwsError as error:
            return Answer() if error.code == "DirectConnectClientException" else answer_of(error)
        return Answer()

    def quota(self, code: str) -> int:
        """Return the applied value of a quota of service `vpc`. Raises AwsError."""
        with translated():
            answer = self._quotas.get_service_quota(ServiceCode="vpc", QuotaCode=code)
        return int(answer["Quota"]["Value"])


def answer_of(error: AwsError) -> Answer:
    """Return an error as the answer that it is."""
    return Answer(error.code, error.message)
