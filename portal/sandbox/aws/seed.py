"""The demo world on the simulated AWS: the same ids on every fresh seed, and nothing to do on the next
one."""

from __future__ import annotations

import json
from typing import Any

from portal.sandbox import world
from portal.sandbox.aws import interfaces, lifecycle, seed_network
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.create import create_vpc_endpoint
from portal.sandbox.aws.iam import Principal
from portal.sandbox.aws.store import LOCK, STORE, StaticKey

_PORTAL_ACTIONS = [
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ec2:CreateVpcEndpoint",
    "ec2:ModifyVpcEndpoint",
    "ec2:DeleteVpcEndpoints",
    "ec2:AcceptVpcEndpointConnections",
    "ec2:RejectVpcEndpointConnections",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "route53:AssociateVPCWithHostedZone",
    "route53:ListHostedZonesByVPC",
    "directconnect:DescribeDirectConnectGatewayAssociations",
    "servicequotas:GetServiceQuota",
    "sts:DecodeAuthorizationMessage",
]


def tooling() -> None:
    """Make the portal's static key known."""
    STORE.static_keys[world.AWS_ACCESS_KEY_ID] = StaticKey(world.TOOLING_ACCOUNT_ID, world.TOOLING_USER_NAME)


def demo() -> bool:
    """Make the demo world; False when it is there already."""
    from moto.moto_api._internal import mock_random

    with LOCK:
        if STORE.seeded:
            return False
        try:
            for account in world.ACCOUNTS:
                mock_random.seed(f"demo account {account.name}")
                _roles(account)
                for region in world.REGIONS:
                    _without_default_vpc(account.id, region)
            for vpc in world.VPCS:
                # Each VPC draws its ids from a seed of its own, whatever was asked of the simulation before.
                mock_random.seed(f"demo vpc {vpc.name}")
                _vpc(vpc)
            mock_random.seed("demo service")
            _partner_service()
            mock_random.seed("demo endpoints")
            _endpoints()
            mock_random.seed("demo endpoint of a service")
            _endpoint_of_a_service()
            mock_random.seed("demo network")
            seed_network.join()
            seed_network.guard()
        finally:
            mock_random.seed()
        STORE.seeded = True
    return True


def _backend(account: str, region: str) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]


def _named(name: str, **more: str) -> dict[str, str]:
    return {"Name": name, **more}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _roles(account: world.Account) -> None:
    from moto.iam.models import iam_backends

    backend = iam_backends[account.id]["aws"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{world.TOOLING_ACCOUNT_ID}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": account.external_id}},
            }
        ],
    }
    for name, actions in (
        (world.ROLE_NAME, _PORTAL_ACTIONS),
        (world.READ_ONLY_ROLE_NAME, ["ec2:Describe*", "sts:DecodeAuthorizationMessage"]),
    ):
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        }
        backend.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(trust),
            path="/",
            permissions_boundary=None,
            description="Assumed by the endpoint portal",
            tags=[],
            max_session_duration="3600",
        )
        backend.put_role_policy(name, "portal", json.dumps(policy))


def _without_default_vpc(account: str, region: str) -> None:
    """Take the default VPC away, as organisations do: the demo has the five VPCs it speaks of and no
    other."""
    backend = _backend(account, region)
    for vpc in [one for one in backend.vpcs.values() if str(one.is_default).lower() == "true"]:
        for zone in backend.subnets.values():
            for subnet_id in [one.id for one in zone.values() if one.vpc_id == vpc.id]:
                del zone[subnet_id]
        for store in (backend.route_tables, backend.network_acls):
            for one_id in [one.id for one in store.values() if one.vpc_id == vpc.id]:
                del store[one_id]
        for gateway in list(backend.internet_gateways.values()):
            if gateway.vpc is not None and gateway.vpc.id == vpc.id:
                del backend.internet_gateways[gateway.id]
        backend.groups.pop(vpc.id, None)
        del backend.vpcs[vpc.id]


def _vpc(vpc: world.Vpc) -> None:
    backend = _backend(vpc.account.id, vpc.region)
    made = backend.create_vpc(vpc.cidr, tags=_pairs(_named(vpc.name, Environment=vpc.environment)))
    backend.modify_vpc_attribute(made.id, "enable_dns_support", True)
    backend.modify_vpc_attribute(made.id, "enable_dns_hostnames", vpc.dns_hostnames)
    for table in backend.route_tables.values():
        if table.vpc_id == made.id:
            table.add_tags(_named(f"{vpc.name}-main"))
    _name_default_group(backend, made.id, vpc.name)
    tiers = {tier: _subnets(backend, vpc, made.id, tier) for tier in world.TIERS}
    tables = {tier: _table(backend, vpc, made.id, tier, subnets) for tier, subnets in tiers.items()}
    gateway = backend.create_internet_gateway(tags=_pairs(_named(f"{vpc.name}-igw")))
    backend.attach_internet_gateway(gateway.id, made.id)
    backend.create_route(tables["public"], "0.0.0.0/0", gateway_id=gateway.id)
    backend.create_route(tables["private"], "0.0.0.0/0", nat_gateway_id=_nat(backend, vpc, tiers["public"][0]))
    _groups(backend, vpc, made.id)


def _name_default_group(backend: Any, vpc_id: str, name: str) -> None:
    for group in backend.groups[vpc_id].values():
        if group.name == "default":
            group.add_tags(_named(f"{name}-default"))


def _subnets(backend: Any, vpc: world.Vpc, vpc_id: str, tier: str) -> list[str]:
    made = []
    for index, zone in enumerate(world.ZONES):
        subnet = backend.create_subnet(
            vpc_id,
            vpc.subnet_cidr(tier, index),
            availability_zone=f"{vpc.region}{zone}",
            tags={"subnet": _named(f"{vpc.name}-{tier}-{zone}", Tier=tier)},
        )
        if tier == "public":
            backend.modify_subnet_attribute(subnet.id, "map_public_ip_on_launch", True)
        made.append(str(subnet.id))
    return made


def _table(backend: Any, vpc: world.Vpc, vpc_id: str, tier: str, subnets: list[str]) -> str:
    table = backend.create_route_table(vpc_id, tags=_pairs(_named(f"{vpc.name}-{tier}", Tier=tier)))
    for subnet_id in subnets:
        backend.associate_route_table(table.id, subnet_id=subnet_id)
    return str(table.id)


def _nat(backend: Any, vpc: world.Vpc, subnet_id: str) -> str:
    # 198.51.100.0/24 is set aside for documentation (RFC 5737).
    public = f"198.51.100.{10 + world.VPCS.index(vpc)}"
    address = backend.allocate_address("vpc", address=public, tags=_named(f"{vpc.name}-nat"))
    nat = backend.create_nat_gateway(subnet_id, address.allocation_id, tags=_named(f"{vpc.name}-nat"))
    # moto gives it an address anywhere; AWS gives one of the subnet.
    interface = nat._eni
    here = STORE.region(vpc.account.id, vpc.region)
    private = interfaces.free_address(backend, here, interface.subnet)
    interface.subnet._subnet_ips[private] = interface
    interface.private_ip_address = nat.private_ip = nat.address_set[0]["privateIp"] = private
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": private}]
    interface.description = f"Interface for NAT Gateway {nat.id}"
    interface.interface_type, interface.status, interface.requester_managed = "nat_gateway", "in-use", True
    return str(nat.id)


def _groups(backend: Any, vpc: world.Vpc, vpc_id: str) -> None:
    https = {"from": "443", "to": "443"}
    endpoints = _group(backend, vpc, vpc_id, "endpoints", "HTTPS from this VPC only")
    backend.authorize_security_group_ingress(
        endpoints.id, "tcp", https["from"], https["to"], [{"CidrIp": vpc.cidr}], vpc_id=vpc_id
    )
    wide_open = _group(backend, vpc, vpc_id, "open", "Everything from everywhere")
    backend.authorize_security_group_ingress(wide_open.id, "-1", None, None, [{"CidrIp": "0.0.0.0/0"}], vpc_id=vpc_id)
    narrow = _group(backend, vpc, vpc_id, "restricted-outbound", "HTTPS within this VPC only, in and out")
    backend.authorize_security_group_ingress(
        narrow.id, "tcp", https["from"], https["to"], [{"CidrIp": vpc.cidr}], vpc_id=vpc_id
    )
    backend.revoke_security_group_egress(narrow.id, "-1", None, None, [{"CidrIp": "0.0.0.0/0"}], vpc_id=vpc_id)
    backend.authorize_security_group_egress(
        narrow.id, "tcp", https["from"], https["to"], [{"CidrIp": vpc.cidr}], vpc_id=vpc_id
    )


def _group(backend: Any, vpc: world.Vpc, vpc_id: str, name: str, description: str) -> Any:
    full = f"{vpc.name}-{name}"
    return backend.create_security_group(full, description, vpc_id=vpc_id, tags=_named(full))


def _find(backend: Any, name: str) -> str:
    """Return the id of what carries a Name tag."""
    return next(str(one) for one, tags in backend.tags.items() if tags.get("Name") == name)


def _partner_service() -> None:
    from moto.elbv2.models import elbv2_backends

    vpc = world.HUB
    backend = _backend(vpc.account.id, vpc.region)
    subnets = [_find(backend, f"{vpc.name}-private-{zone}") for zone in world.ZONES]
    balancer = elbv2_backends[vpc.account.id][vpc.region].create_load_balancer(
        name=world.PARTNER_SERVICE_NAME,
        security_groups=[],
        subnet_ids=subnets,
        scheme="internal",
        loadbalancer_type="network",
    )
    service = backend.create_vpc_endpoint_service_configuration(
        [balancer.arn],
        acceptance_required=True,
        private_dns_name=world.PARTNER_SERVICE_PRIVATE_DNS,
        tags=_pairs(_named(world.PARTNER_SERVICE_NAME)),
        supported_regions=[],
    )
    service.principals = [f"arn:aws:iam::{account.id}:root" for account in world.ACCOUNTS if account is not vpc.account]


def _endpoints() -> None:
    """Make the two endpoints that exist already: nobody asked the portal for them."""
    lake, hub = world.LAKE, world.HUB
    lake_backend, hub_backend = _backend(lake.account.id, lake.region), _backend(hub.account.id, hub.region)
    _endpoint(
        lake,
        f"{lake.name}-s3",
        ServiceName=f"com.amazonaws.{lake.region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[_find(lake_backend, f"{lake.name}-private")],
    )
    _endpoint(
        hub,
        f"{hub.name}-kms",
        ServiceName=f"com.amazonaws.{hub.region}.kms",
        VpcEndpointType="Interface",
        SubnetIds=[_find(hub_backend, f"{hub.name}-private-{zone}") for zone in ("a", "b")],
        SecurityGroupIds=[_find(hub_backend, f"{hub.name}-endpoints")],
        PrivateDnsEnabled=True,
    )


def _endpoint_of_a_service() -> None:
    """Make the endpoint that GuardDuty would make for itself: nobody else may change or delete it."""
    hub = world.HUB
    backend = _backend(hub.account.id, hub.region)
    made = _endpoint(
        hub,
        f"{hub.name}-guardduty",
        ServiceName=f"com.amazonaws.{hub.region}.guardduty-data",
        VpcEndpointType="Interface",
        SubnetIds=[_find(backend, f"{hub.name}-private-a")],
        SecurityGroupIds=[_find(backend, f"{hub.name}-endpoints")],
    )
    STORE.region(hub.account.id, hub.region).endpoints[made].requester_managed = True


def _endpoint(vpc: world.Vpc, name: str, **params: Any) -> str:
    backend = _backend(vpc.account.id, vpc.region)
    params["VpcId"] = _find(backend, vpc.name)
    params["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": _pairs(_named(name))}]
    admin = Principal(vpc.account.id, f"arn:aws:iam::{vpc.account.id}:root", vpc.account.id, None)
    call = Context("CreateVpcEndpoint", vpc.account.id, vpc.region, params, admin)
    made = create_vpc_endpoint(call)["VpcEndpoint"]["VpcEndpointId"]
    endpoint = call.here.endpoints[made]
    endpoint.moves = []
    lifecycle.enter(backend, call.here, endpoint, "available")
    return str(made)
