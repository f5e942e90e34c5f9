"""The behaviours that a good engine proves, by the names of the Terraform provider's acceptance tests.

Each goes through the plan, the exact parameters and the strict simulated AWS, and asserts what AWS holds after.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from endpoints.aws import AwsError
from endpoints.domain.actions import CreateEndpoint, DeleteEndpoint, ModifyEndpoint, RemoveTags, SetTags
from endpoints.domain.specs import SubnetConfiguration
from tests.unit.aws.engine import Engine
from tests.unit.sandbox.network import Network, Provided, client

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": "*",
        }
    ],
}
SAME_POLICY = {
    "Statement": {
        "Resource": ["*"],
        "Action": ["s3:ListBucket", "S3:getobject"],
        "Principal": {"AWS": "*"},
        "Effect": "Allow",
        "Sid": "Read",
    },
    "Version": "2012-10-17",
}


@pytest.fixture
def engine(network: Network) -> Engine:
    """An engine for one endpoint of the network."""
    return Engine(network)


def test_gateway_basic(engine: Engine) -> None:
    """No route table is valid; nothing is left to do after."""
    engine.converge(engine.spec("Gateway", "s3"))
    seen = engine.observed()
    assert seen is not None
    assert (seen.state, seen.route_table_ids, seen.vpc_endpoint_type) == ("available", (), "Gateway")


def test_interface_basic(engine: Engine) -> None:
    """No subnet is valid; AWS attaches the default group, and that is no difference."""
    engine.converge(engine.spec("Interface", "sqs"))
    seen = engine.observed()
    assert seen is not None
    assert (seen.subnet_ids, seen.security_group_ids) == ((), (engine.network.default_group(),))


def test_disappears(engine: Engine) -> None:
    """Deleted out of band: the plan is to create it again."""
    spec = engine.spec("Gateway", "s3", route_table_ids=(engine.network.table,))
    engine.converge(spec)
    first = engine.endpoint_id
    engine.network.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    assert engine.plan(spec) == (CreateEndpoint(spec),)
    engine.converge(spec)
    assert engine.endpoint_id != first
    assert set(engine.network.endpoint_routes().values()) == {engine.endpoint_id}


def test_tags(engine: Engine) -> None:
    """Tags are added, changed and removed in place, and somebody else's are left alone."""
    spec = engine.spec("Gateway", "s3", name="reports", tags=(("cost", "a"), ("stage", "test")))
    engine.converge(spec)
    engine.network.ec2.create_tags(Resources=[engine.endpoint_id], Tags=[{"Key": "scanner", "Value": "seen"}])
    wanted = replace(spec, name="", tags=(("cost", "b"), ("owner", "network")))
    assert engine.converge(wanted, former=spec) == [
        SetTags(engine.endpoint_id, (("cost", "b"), ("owner", "network"))),
        RemoveTags(engine.endpoint_id, ("Name", "stage")),
    ]
    seen = engine.observed()
    assert seen is not None
    assert dict(seen.tags) == {"cost": "b", "owner": "network", "scanner": "seen", "portal:operation": "test"}


def test_gateway_with_route_table_and_policy(engine: Engine) -> None:
    """All route tables go and the policy is reset, in one Modify call."""
    spec = engine.spec("Gateway", "s3", route_table_ids=(engine.network.table,), policy_document=json.dumps(POLICY))
    engine.converge(spec)
    assert engine.converge(replace(spec, route_table_ids=(), policy_document=None)) == [
        ModifyEndpoint(
            vpc_endpoint_id=engine.endpoint_id, remove_route_table_ids=(engine.network.table,), reset_policy=True
        )
    ]
    assert engine.network.endpoint_routes() == {}


def test_gateway_policy(engine: Engine) -> None:
    """A policy changes in place."""
    spec = engine.spec("Gateway", "s3")
    engine.converge(spec)
    (action,) = engine.converge(replace(spec, policy_document=json.dumps(POLICY)))
    assert isinstance(action, ModifyEndpoint)
    seen = engine.observed()
    assert seen is not None
    assert json.loads(seen.policy_document or "") == POLICY


def test_gateway_policy_ignore_equivalent(engine: Engine) -> None:
    """A reordered or otherwise spelt document is no change, also after it was read again."""
    spec = engine.spec("Gateway", "s3", policy_document=json.dumps(POLICY))
    engine.converge(spec)
    same = replace(spec, policy_document=json.dumps(SAME_POLICY, indent=2))
    assert engine.plan(same) == ()
    assert engine.plan(replace(engine.spec("Gateway", "s3"), policy_document=json.dumps(SAME_POLICY))) == ()


def test_a_full_access_default_is_no_difference_in_either_shape(network: Network) -> None:
    """Gateway's and Interface's defaults differ in shape; both mean what no policy means."""
    for kind, service in (("Gateway", "s3"), ("Interface", "sqs")):
        engine = Engine(network)
        spec = engine.spec(kind, service)
        engine.converge(spec)
        assert engine.plan(spec) == ()


def test_interface_with_subnet_and_security_group(engine: Engine) -> None:
    """From one to three subnets, from two groups to one, and private DNS on: one Modify call."""
    a, b, c = engine.network.subnets
    first, second = engine.network.group("first"), engine.network.group("second")
    spec = engine.spec("Interface", "sqs", subnet_ids=(a,), security_group_ids=(first, second))
    engine.converge(spec)
    wanted = replace(spec, subnet_ids=(c, b, a), security_group_ids=(second,), private_dns_enabled=True)
    assert engine.converge(wanted) == [
        ModifyEndpoint(
            vpc_endpoint_id=engine.endpoint_id,
            add_subnet_ids=(c, b),
            remove_security_group_ids=(first,),
            private_dns_enabled=True,
        )
    ]
    seen = engine.observed()
    assert seen is not None
    assert {item.subnet_id for item in seen.network_interfaces} == {a, b, c}
    assert {item.security_group_ids for item in seen.network_interfaces} == {(second,)}


def test_interface_non_aws_service_accept_on_create(provided: Provided) -> None:
    """pendingAcceptance is no failure: nothing to do until accepted, then available."""
    engine = Engine(provided.consumer)
    spec = engine.spec("Interface", provided.name, subnet_ids=tuple(provided.consumer.subnets[:1]))
    engine.converge(spec)
    seen = engine.observed()
    assert seen is not None
    assert seen.state == "pendingacceptance"
    provided.decide("accept", engine.endpoint_id)
    seen = engine.observed()
    assert seen is not None
    assert seen.state == "available"
    assert engine.plan(spec) == ()


def test_interface_non_aws_service_accept_on_update(provided: Provided) -> None:
    """Private DNS waits for acceptance and comes with a second step after it."""
    engine = Engine(provided.consumer)
    spec = engine.spec(
        "Interface",
        provided.name,
        subnet_ids=tuple(provided.consumer.subnets[:1]),
        private_dns_enabled=True,
        private_dns_when_available=True,
    )
    assert engine.converge(spec) == [CreateEndpoint(spec)]
    provided.decide("accept", engine.endpoint_id)
    assert engine.converge(spec) == [ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, private_dns_enabled=True)]
    seen = engine.observed()
    assert seen is not None
    assert (seen.state, seen.private_dns_enabled) == ("available", True)


def test_interface_user_defined_ipv4(engine: Engine) -> None:
    """Fixed addresses are set at creation and changed in place, only where they differ."""
    a, b, _ = engine.network.subnets
    fixed = (SubnetConfiguration(subnet_id=a, ipv4="10.0.0.10"), SubnetConfiguration(subnet_id=b, ipv4="10.0.1.10"))
    spec = engine.spec("Interface", "sqs", subnet_ids=(a, b), subnet_configurations=fixed)
    engine.converge(spec)
    seen = engine.observed()
    assert seen is not None
    assert seen.addresses == {a: "10.0.0.10", b: "10.0.1.10"}
    moved = SubnetConfiguration(subnet_id=a, ipv4="10.0.0.20")
    assert engine.converge(replace(spec, subnet_configurations=(moved, fixed[1]))) == [
        ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, subnet_configurations=(moved,))
    ]
    seen = engine.observed()
    assert seen is not None
    assert seen.addresses == {a: "10.0.0.20", b: "10.0.1.10"}


def test_ip_address_type(engine: Engine) -> None:
    """The IP address type and the type of DNS records change in place, in one call."""
    subnet = engine.network.subnets[0]
    block = engine.network.ec2.associate_vpc_cidr_block(VpcId=engine.network.vpc, AmazonProvidedIpv6CidrBlock=True)
    cidr = block["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    engine.network.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=cidr.replace("/56", "/64"))
    spec = engine.spec("Interface", "sqs", subnet_ids=(subnet,), ip_address_type="ipv4")
    engine.converge(spec)
    wanted = replace(spec, ip_address_type="dualstack", dns_record_ip_type="dualstack")
    assert engine.converge(wanted) == [
        ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, ip_address_type="dualstack", dns_record_ip_type="dualstack")
    ]
    back = replace(spec, ip_address_type="ipv4", dns_record_ip_type="ipv4")
    assert len(engine.converge(back)) == 1
    seen = engine.observed()
    assert seen is not None
    assert (seen.ip_address_type, seen.dns_record_ip_type) == ("ipv4", "ipv4")
    engine.converge(wanted)
    assert len(engine.converge(spec)) == 1, "the type of records, left to AWS, goes with the addresses"


def test_interface_private_dns(engine: Engine) -> None:
    """Private DNS goes off, on and off in place."""
    spec = engine.spec("Interface", "sqs", subnet_ids=tuple(engine.network.subnets[:1]))
    engine.converge(spec)
    for wanted in (True, False):
        assert engine.converge(replace(spec, private_dns_enabled=wanted)) == [
            ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, private_dns_enabled=wanted)
        ]
        seen = engine.observed()
        assert seen is not None
        assert seen.private_dns_enabled is wanted


def test_private_dns_only_for_inbound_resolver(engine: Engine) -> None:
    """S3: true, then false, in place; and false is said aloud at creation, where AWS would take true."""
    spec = engine.spec("Interface", "s3", subnet_ids=tuple(engine.network.subnets[:1]), private_dns_enabled=True)
    engine.converge(spec)  # without a Gateway endpoint, AWS would refuse its own default here
    engine.network.gateway("s3")
    only = replace(spec, private_dns_only_for_inbound_resolver_endpoint=True)
    for wanted, flag in ((only, True), (spec, False)):
        assert engine.converge(wanted) == [
            ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, private_dns_only_for_inbound_resolver_endpoint=flag)
        ]


def test_the_inbound_resolver_setting_is_never_sent_to_another_service(engine: Engine) -> None:
    spec = engine.spec("Interface", "sqs", subnet_ids=tuple(engine.network.subnets[:1]), private_dns_enabled=True)
    engine.converge(spec)  # the simulated AWS refuses the field for any service but S3, as AWS does
    assert engine.plan(spec) == ()


def test_gateway_load_balancer(network: Network) -> None:
    """One subnet, no group, no policy; another subnet is a replacement, new before old."""
    service = Provided.build(network, gateway=True)
    engine = Engine(network)
    a, b, _ = network.subnets
    spec = engine.spec("GatewayLoadBalancer", service.name, subnet_ids=(a,))
    engine.converge(spec)
    old = engine.endpoint_id
    service.decide("accept", old)
    assert engine.plan(spec) == ()
    moved = replace(spec, subnet_ids=(b,))
    assert engine.plan(moved) == (
        CreateEndpoint(moved, replaces=old, reasons=("subnet_ids",)),
        DeleteEndpoint(old, replaced=True),
    )


def test_cross_region_service(provided: Provided) -> None:
    """A service of another region is named with its region, and that is no difference after."""
    far = Network.build(region="eu-west-1")
    provided.provider.modify_vpc_endpoint_service_configuration(
        ServiceId=provided.service_id, AddSupportedRegions=["eu-west-1"]
    )
    engine = Engine(far)
    spec = engine.spec("Interface", provided.name, subnet_ids=tuple(far.subnets[:1]), service_region="us-east-1")
    engine.converge(spec)
    seen = engine.observed()
    assert seen is not None
    assert seen.service_region == "us-east-1"


def test_invalid_cross_region_service(engine: Engine) -> None:
    """AWS refuses; the error keeps AWS's code and says the cure."""
    spec = engine.spec("Interface", "sqs", service_region="eu-west-1")
    with pytest.raises(AwsError) as refused:
        engine.converge(spec)
    assert refused.value.code == "InvalidParameter"
    assert "service's own region" in refused.value.cure
    assert engine.network.listed() == []


def test_route_table_association_disappears(engine: Engine) -> None:
    """Somebody takes a route table off: the plan puts it back, and only it."""
    spec = engine.spec("Gateway", "s3", route_table_ids=(engine.network.table,))
    engine.converge(spec)
    engine.network.modify({"VpcEndpointId": engine.endpoint_id}, RemoveRouteTableIds=[engine.network.table])
    assert engine.converge(spec) == [
        ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, add_route_table_ids=(engine.network.table,))
    ]


def test_subnet_and_security_group_associations_disappear(engine: Engine) -> None:
    """Somebody takes a subnet and a group off: one call puts both back."""
    a, b, _ = engine.network.subnets
    first, second = engine.network.group("first"), engine.network.group("second")
    spec = engine.spec("Interface", "sqs", subnet_ids=(a, b), security_group_ids=(first, second))
    engine.converge(spec)
    engine.network.modify({"VpcEndpointId": engine.endpoint_id}, RemoveSubnetIds=[b], RemoveSecurityGroupIds=[second])
    assert engine.converge(spec) == [
        ModifyEndpoint(vpc_endpoint_id=engine.endpoint_id, add_subnet_ids=(b,), add_security_group_ids=(second,))
    ]


def test_several_associations_at_once(engine: Engine) -> None:
    """Ten route tables come in one call: none of them races another."""
    make = engine.network.ec2.create_route_table
    tables = tuple(make(VpcId=engine.network.vpc)["RouteTable"]["RouteTableId"] for _ in range(10))
    spec = engine.spec("Gateway", "s3")
    engine.converge(spec)
    assert len(engine.converge(replace(spec, route_table_ids=tables))) == 1
    seen = engine.observed()
    assert seen is not None
    assert set(seen.route_table_ids) == set(tables)


def test_replace_default_association(engine: Engine) -> None:
    """The default group is replaced by another in one call: an Interface endpoint always keeps one."""
    spec = engine.spec("Interface", "sqs", subnet_ids=tuple(engine.network.subnets[:1]))
    engine.converge(spec)
    mine, default = engine.network.group("mine"), engine.network.default_group()
    wanted = replace(spec, security_group_ids=(mine,))
    assert engine.converge(wanted) == [
        ModifyEndpoint(
            vpc_endpoint_id=engine.endpoint_id, add_security_group_ids=(mine,), remove_security_group_ids=(default,)
        )
    ]
    assert engine.plan(wanted) == ()


def test_delete_of_what_is_gone_is_done(engine: Engine) -> None:
    """Gone already counts as deleted, by either spelling of the error."""
    engine.converge(engine.spec("Gateway", "s3"))
    assert engine.converge(None) == [DeleteEndpoint(engine.endpoint_id)]
    assert engine.gateway.delete_vpc_endpoint(engine.endpoint_id)
    assert client().describe_vpc_endpoints()["VpcEndpoints"] == []
