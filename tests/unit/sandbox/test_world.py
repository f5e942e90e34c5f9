"""The demo world: what is in it, and the same each time."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from portal.sandbox import world
from portal.sandbox.aws import activate, seed
from tests.unit.sandbox.network import client, code_of

TOOLING = {
    "aws_access_key_id": world.AWS_ACCESS_KEY_ID,
    "aws_secret_access_key": world.AWS_SECRET_ACCESS_KEY,
}


@pytest.fixture(scope="module")
def demo() -> Iterator[None]:
    """The demo world, once for all tests that only look."""
    with activate(seed_demo=True):
        yield


def member(account: world.Account, region: str, role: str | None = None) -> Any:
    """Return an EC2 client of a member account, by the way the portal takes."""
    made = client("sts", region, **TOOLING).assume_role(
        RoleArn=role or account.role_arn, RoleSessionName="portal", ExternalId=account.external_id
    )["Credentials"]
    return client(
        region=region,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )


def name_of(thing: Any) -> str:
    """Return the Name tag."""
    return next(tag["Value"] for tag in thing["Tags"] if tag["Key"] == "Name")


def test_five_vpcs_in_three_accounts_and_two_regions(demo: None) -> None:
    found = {
        (account.name, region, name_of(vpc), vpc["VpcId"], vpc["CidrBlock"])
        for account in world.ACCOUNTS
        for region in world.REGIONS
        for vpc in member(account, region).describe_vpcs()["Vpcs"]
    }
    assert found == {(vpc.account.name, vpc.region, vpc.name, vpc.id, vpc.cidr) for vpc in world.VPCS}


@pytest.mark.parametrize("vpc", world.VPCS, ids=lambda vpc: vpc.name)
def test_each_vpc_has_its_tiers_routes_and_groups(demo: None, vpc: world.Vpc) -> None:
    ec2 = member(vpc.account, vpc.region)
    here = [{"Name": "vpc-id", "Values": [vpc.id]}]
    subnets = {name_of(one): one for one in ec2.describe_subnets(Filters=here)["Subnets"]}
    assert set(subnets) == {f"{vpc.name}-{tier}-{zone}" for tier in world.TIERS for zone in world.ZONES}
    assert len({one["AvailabilityZone"] for one in subnets.values()}) == 3
    blocks = [ipaddress.ip_network(one["CidrBlock"]) for one in subnets.values()]
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)
    tables = {name_of(one): one for one in ec2.describe_route_tables(Filters=here)["RouteTables"]}
    defaults = {
        tier: [
            (route.get("GatewayId") or route.get("NatGatewayId", ""))[:3]
            for route in tables[f"{vpc.name}-{tier}"]["Routes"]
            if route.get("DestinationCidrBlock") == "0.0.0.0/0"
        ]
        for tier in world.TIERS
    }
    assert defaults == {"public": ["igw"], "private": ["nat"], "isolated": []}
    groups = {one["GroupName"]: one for one in ec2.describe_security_groups(Filters=here)["SecurityGroups"]}
    assert set(groups) == {
        "default",
        f"{vpc.name}-endpoints",
        f"{vpc.name}-open",
        f"{vpc.name}-restricted-outbound",
    }
    rule = groups[f"{vpc.name}-endpoints"]["IpPermissions"][0]
    assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
    assert [one["CidrIp"] for one in rule["IpRanges"]] == [vpc.cidr]
    narrow = groups[f"{vpc.name}-restricted-outbound"]["IpPermissionsEgress"]
    assert [(one["FromPort"], one["IpRanges"][0]["CidrIp"]) for one in narrow] == [(443, vpc.cidr)]
    attribute = ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is vpc.dns_hostnames


def test_endpoints_exist_already(demo: None) -> None:
    gateway = member(world.LAKE.account, world.LAKE.region).describe_vpc_endpoints()["VpcEndpoints"]
    assert [(one["VpcEndpointId"], one["VpcEndpointType"], one["State"]) for one in gateway] == [
        (world.EXISTING_GATEWAY_ID, "Gateway", "available")
    ]
    hub = member(world.HUB.account, world.HUB.region)
    interface = hub.describe_vpc_endpoints()["VpcEndpoints"]
    assert [(one["VpcEndpointId"], one["VpcEndpointType"], one["State"]) for one in interface] == [
        (world.EXISTING_INTERFACE_ID, "Interface", "available"),
        (world.REQUESTER_MANAGED_ID, "Interface", "available"),
    ]
    assert [one["RequesterManaged"] for one in interface] == [False, True]
    assert name_of(interface[0]) == "shared-services-hub-kms"


def test_the_hub_is_joined_to_payments_and_to_the_data_centre(demo: None) -> None:
    payments, hub = member(world.PAYMENTS.account, world.HUB.region), member(world.HUB.account, world.HUB.region)
    for ec2 in (payments, hub):
        (peering,) = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
        assert peering["Status"]["Code"] == "active"
        assert peering["AccepterVpcInfo"]["VpcId"] == world.HUB.id
    (attachment,) = hub.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]
    assert attachment["VpcId"] == world.HUB.id
    (vpn,) = hub.describe_vpn_gateways()["VpnGateways"]
    assert [one["VpcId"] for one in vpn["VpcAttachments"]] == [world.HUB.id]
    assert world.HUB.id in {one["VpcId"] for one in hub.describe_nat_gateways()["NatGateways"]}


def test_the_lakes_isolated_subnets_have_an_acl_of_their_own(demo: None) -> None:
    ec2 = member(world.LAKE.account, world.LAKE.region)
    guarded = [{"Name": "default", "Values": ["false"]}]
    (acl,) = ec2.describe_network_acls(Filters=guarded)["NetworkAcls"]
    assert len(acl["Associations"]) == 3
    assert {(one["Egress"], one["PortRange"]["From"]) for one in acl["Entries"] if "PortRange" in one} == {
        (False, 443),
        (True, 1024),
    }


def test_the_partner_service_waits_for_its_owner(demo: None) -> None:
    for account in (world.PAYMENTS_PROD, world.DATA_DEV):
        found = member(account, world.HUB.region).describe_vpc_endpoint_services(ServiceNames=[world.PARTNER_SERVICE])[
            "ServiceDetails"
        ][0]
        assert found["AcceptanceRequired"] is True
        assert found["Owner"] == world.SHARED_SERVICES.id
        assert len(found["AvailabilityZones"]) == 3


def test_the_read_only_role_may_not_create(demo: None) -> None:
    account = world.DATA_DEV
    ec2 = member(account, world.LAKE.region, account.read_only_role_arn)
    ec2.describe_vpc_endpoints()
    assert code_of(lambda: ec2.create_vpc_endpoint(VpcId=world.LAKE.id, ServiceName="x")) == "UnauthorizedOperation"


def test_every_account_asks_for_its_own_external_id(demo: None) -> None:
    assert len({account.external_id for account in world.ACCOUNTS}) == 3
    sts = client("sts", **TOOLING)
    for account in world.ACCOUNTS:
        assert (
            code_of(
                lambda arn=account.role_arn: sts.assume_role(RoleArn=arn, RoleSessionName="portal", ExternalId="guess")
            )
            == "AccessDenied"
        )


def test_seeding_again_does_nothing(demo: None) -> None:
    assert seed.demo() is False


def everything() -> dict[str, list[str]]:
    """Return every id of the demo world."""
    return {
        f"{vpc.name} {kind}": sorted(
            one[key] for one in getattr(member(vpc.account, vpc.region), f"describe_{kind}")()[member_name]
        )
        for vpc in world.VPCS
        for kind, member_name, key in (
            ("subnets", "Subnets", "SubnetId"),
            ("route_tables", "RouteTables", "RouteTableId"),
            ("security_groups", "SecurityGroups", "GroupId"),
            ("network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
            ("vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
            ("network_acls", "NetworkAcls", "NetworkAclId"),
            ("vpn_gateways", "VpnGateways", "VpnGatewayId"),
            ("vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId"),
        )
    }


def test_ids_are_the_same_on_every_fresh_seed() -> None:
    with activate(seed_demo=True):
        first = everything()
    with activate():
        # Whatever was asked before, the world comes out the same.
        client(region="eu-west-1").create_vpc(CidrBlock="10.0.0.0/16")
        client(region="eu-west-1", **TOOLING).describe_vpcs()
        seed.demo()
        assert everything() == first
