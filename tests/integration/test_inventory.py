"""The inventory: what a reading of a region stores, what it leaves alone, and what happens when AWS can't be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from endpoints.aws.inventory import places
from endpoints.models import Account, AccountRegion, Event, InventoryItem, Role
from endpoints.network.snapshot import Snapshot
from endpoints.services import inventory, refreshing
from endpoints.services.actors import person
from endpoints.services.errors import Conflict
from endpoints.services.snapshots import snapshot_for, vpc_snapshot
from tests import factories
from tests.aws import MEMBER, REGION, World, build, member_account

pytestmark = pytest.mark.django_db
OTHER = "555566668888"


def read_again() -> bool:
    """Read the one account-region again, as the sweeper would have it done."""
    AccountRegion.objects.update(inventory_due_at=timezone.now())
    return inventory.refresh(account_region_id=AccountRegion.objects.get().pk, now=timezone.now())


def snapshot(account: Account, aws: World, **more: Any) -> Snapshot:
    return vpc_snapshot(account=account, region=REGION, vpc_id=aws.vpc_id, with_interfaces=True, **more)


@pytest.fixture
def gateways(aws: World) -> dict[str, str]:
    """Give the world's VPC a gateway of each kind, and a second VPC that it is peered with; return ids by kind."""
    ec2 = aws.ec2()
    made = {"peer": ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]}
    made["internet"] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made["internet"], VpcId=aws.vpc_id)
    loose = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    made["egress_only"] = ec2.create_egress_only_internet_gateway(VpcId=aws.vpc_id)["EgressOnlyInternetGateway"][
        "EgressOnlyInternetGatewayId"
    ]
    made["nat"] = ec2.create_nat_gateway(SubnetId=aws.subnet_ids[0], ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    made["vpn"] = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=made["vpn"], VpcId=aws.vpc_id)
    made["tgw"] = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    made["transit"] = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=made["tgw"], VpcId=aws.vpc_id, SubnetIds=aws.subnet_ids[:1]
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    made["peering"] = ec2.create_vpc_peering_connection(VpcId=made["peer"], PeerVpcId=aws.vpc_id)[
        "VpcPeeringConnection"
    ]["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["peering"])
    made["direct_connect"] = "5f294f92-bafb-4011-916d-9b0bexample"
    aws.control.associate_direct_connect(MEMBER, REGION, made["vpn"], made["direct_connect"])
    assert loose not in made.values()
    return made


def test_every_gateway_of_a_vpc_is_known_by_its_kind(aws: World, gateways: dict[str, str]) -> None:
    found = snapshot(member_account(), aws).gateways
    kinds = ("internet", "egress_only", "nat", "vpn", "transit", "peering", "direct_connect")
    assert {part.data["kind"]: aws_id for aws_id, part in found.items()} == {kind: gateways[kind] for kind in kinds}
    assert found[gateways["nat"]].data["subnet_id"] == aws.subnet_ids[0]
    assert found[gateways["nat"]].data["connectivity"] == "private"
    peering = found[gateways["peering"]].data
    assert (peering["peer_vpc_id"], peering["peer_cidrs"], peering["state"]) == (
        gateways["peer"],
        ["10.1.0.0/16"],
        "active",
    )
    assert found[gateways["direct_connect"]].data["through"] == [gateways["vpn"]]


def test_a_peering_is_seen_from_both_ends(aws: World, gateways: dict[str, str]) -> None:
    account = member_account()
    other = vpc_snapshot(account=account, region=REGION, vpc_id=gateways["peer"])
    assert {part.data["kind"] for part in other.gateways.values()} == {"peering"}
    assert other.gateways[gateways["peering"]].data["peer_vpc_id"] == aws.vpc_id


def test_routes_name_every_kind_of_target(aws: World, gateways: dict[str, str]) -> None:
    ec2, table = aws.ec2(), aws.route_table_ids[0]
    mine = ec2.create_managed_prefix_list(
        PrefixListName="offices", AddressFamily="IPv4", MaxEntries=3, Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]["PrefixListId"]
    unused = ec2.create_managed_prefix_list(PrefixListName="unused", AddressFamily="IPv4", MaxEntries=3, Entries=[])
    for destination, target in {
        "10.1.0.0/16": {"VpcPeeringConnectionId": gateways["peering"]},
        "10.9.0.0/16": {"TransitGatewayId": gateways["tgw"]},
        "10.8.0.0/16": {"GatewayId": gateways["vpn"]},
        "0.0.0.0/0": {"NatGatewayId": gateways["nat"]},
    }.items():
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, **target)
    ec2.create_route(
        RouteTableId=table,
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=gateways["egress_only"],
    )
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": mine}]}
    ec2.authorize_security_group_ingress(GroupId=aws.security_group_id, IpPermissions=[rule])
    found = snapshot(member_account(), aws, service_name=f"com.amazonaws.{REGION}.s3")
    routes = {route["destination"]: route["target"] for route in found.route_tables[table].data["routes"]}
    assert routes == {
        "10.0.0.0/16": "local",
        "10.1.0.0/16": gateways["peering"],
        "10.9.0.0/16": gateways["tgw"],
        "10.8.0.0/16": gateways["vpn"],
        "0.0.0.0/0": gateways["nat"],
        "::/0": gateways["egress_only"],
    }
    transit = found.gateway_for(gateways["tgw"])
    assert transit is not None
    assert transit.aws_id == gateways["transit"]
    assert found.prefix_lists[mine].data["cidrs"] == ["192.0.2.0/24"]
    assert unused["PrefixList"]["PrefixListId"] not in found.prefix_lists, "nothing names it"
    assert found.prefix_lists[found.prefix_list_id].data["cidrs"], "AWS's ranges of S3"


def test_network_acls_guard_their_subnets_and_the_default_one_guards_the_rest(aws: World) -> None:
    ec2 = aws.ec2()
    acl = ec2.create_network_acl(VpcId=aws.vpc_id)["NetworkAcl"]["NetworkAclId"]
    entry = {"Protocol": "6", "Egress": False, "CidrBlock": "10.0.0.0/16", "PortRange": {"From": 443, "To": 443}}
    ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=90, RuleAction="allow", **entry)
    ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=80, RuleAction="deny", **entry)
    old = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [aws.subnet_ids[0]]}])
    association = next(item for item in old["NetworkAcls"][0]["Associations"] if item["SubnetId"] == aws.subnet_ids[0])
    ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)
    found = snapshot(member_account(), aws)
    first, second = found.acl_of(aws.subnet_ids[0]), found.acl_of(aws.subnet_ids[1])
    assert first is not None
    assert second is not None
    assert first.aws_id == acl
    assert second.data["is_default"]
    inbound = [item for item in first.data["entries"] if not item["egress"] and item["rule_number"] < 32767]
    assert [(item["rule_number"], item["action"], item["from_port"]) for item in inbound] == [
        (80, "deny", 443),
        (90, "allow", 443),
    ]


def test_an_endpoints_interfaces_are_known_with_their_addresses(aws: World) -> None:
    made = aws.ec2().create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=aws.vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.sqs",
        SubnetIds=aws.subnet_ids[:2],
        SecurityGroupIds=[aws.security_group_id],
    )["VpcEndpoint"]["VpcEndpointId"]
    found = snapshot(member_account(), aws)
    interfaces = found.interfaces_of(made)
    assert {part.data["subnet_id"] for part in interfaces} == set(aws.subnet_ids[:2])
    assert all(part.data["private_ip"].startswith("10.0.") for part in interfaces)
    assert {part.data["interface_type"] for part in interfaces} == {"vpc_endpoint"}
    assert {tuple(part.data["group_ids"]) for part in interfaces} == {(aws.security_group_id,)}
    assert found.endpoints[made].data["security_group_ids"] == [aws.security_group_id]
    without = vpc_snapshot(account=Account.objects.get(), region=REGION, vpc_id=aws.vpc_id)
    assert without.interfaces == {}
    assert found.endpoints[made].data["dns_entries"]


def rows() -> dict[str, int]:
    """Return when each row was last written: PostgreSQL's own transaction number."""
    with connection.cursor() as cursor:
        cursor.execute("select aws_id, xmin::text::bigint from endpoints_inventoryitem")
        return dict(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_a_reading_writes_only_what_changed(aws: World) -> None:
    member_account()
    before = rows()
    aws.ec2().create_tags(Resources=[aws.subnet_ids[0]], Tags=[{"Key": "Name", "Value": "renamed"}])
    aws.ec2().delete_subnet(SubnetId=aws.subnet_ids[2])
    assert read_again()
    after = rows()
    assert {aws_id for aws_id, written in after.items() if before.get(aws_id) != written} == {aws.subnet_ids[0]}
    assert before.keys() - after.keys() == {aws.subnet_ids[2]}
    assert InventoryItem.objects.get(aws_id=aws.subnet_ids[0]).name == "renamed"


@pytest.mark.parametrize("action", ["DescribeVpcs", "DescribeNatGateways"])
def test_an_unreachable_account_keeps_its_last_rows_marked_stale_with_the_cure(aws: World, action: str) -> None:
    account = member_account()
    fresh = snapshot(account, aws)
    assert fresh.read_at is not None
    assert not fresh.stale
    aws.control.add_fault(
        action=action, kind="error", times=None, code="UnauthorizedOperation", message="Not you.", status=403
    )
    assert not read_again()
    kept = snapshot(account, aws)
    assert (kept.stale, kept.read_at) == (True, fresh.read_at)
    assert kept.subnets == fresh.subnets
    error = AccountRegion.objects.get().inventory_error
    assert "UnauthorizedOperation: Not you." in error
    assert "Ask the account's owner to correct the role" in error
    aws.control.clear_faults()
    assert read_again()
    assert not snapshot(account, aws).stale


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("DescribeVpcEndpoints", "network_interface"),
        ("DescribeVpnGateways", "direct_connect"),
        ("DescribeRouteTables", "prefix_list"),
    ],
)
def test_what_is_read_by_another_kind_outlasts_a_reading_that_lacked_it(
    aws: World, gateways: dict[str, str], action: str, kind: str
) -> None:
    ec2 = aws.ec2()
    ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=aws.vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
        SubnetIds=aws.subnet_ids[:1],
    )
    made = ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4")
    routed = {"DestinationPrefixListId": made["PrefixList"]["PrefixListId"], "GatewayId": gateways["internet"]}
    ec2.create_route(RouteTableId=aws.route_table_ids[0], **routed)
    member_account()
    kept = InventoryItem.objects.filter(kind=kind).order_by("aws_id").values("aws_id", "data")
    before = list(kept.all())
    assert routed["DestinationPrefixListId"] in InventoryItem.objects.values_list("aws_id", flat=True)
    aws.control.add_fault(action=action, kind="error", times=None, code="UnauthorizedOperation", status=403)
    assert not read_again()
    assert list(kept.all()) == before


def test_an_inventory_that_nobody_reads_any_more_grows_stale(aws: World) -> None:
    account = member_account()
    AccountRegion.objects.update(inventory_at=timezone.now() - timedelta(days=1))
    assert snapshot(account, aws).stale


def test_one_reading_at_a_time(aws: World) -> None:
    member_account()
    now = timezone.now()
    region = AccountRegion.objects.get()
    AccountRegion.objects.update(inventory_due_at=now, inventory_lease_expires_at=now + timedelta(minutes=1))
    assert inventory.due() == []
    assert not inventory.refresh(account_region_id=region.pk, now=now)
    AccountRegion.objects.update(inventory_lease_expires_at=now - timedelta(seconds=1))
    assert inventory.due() == [region.pk]
    assert inventory.refresh(account_region_id=region.pk, now=now)


def test_pages_are_followed_to_the_end(aws: World, django_assert_max_num_queries: Callable[..., Any]) -> None:
    ec2 = aws.ec2()
    tables = {ec2.create_route_table(VpcId=aws.vpc_id)["RouteTable"]["RouteTableId"] for _ in range(100)}
    aws.control.clear_calls()
    account = member_account()
    assert tables <= snapshot(account, aws).route_tables.keys()
    calls = Counter(call["action"] for call in aws.control.calls())
    assert calls["DescribeRouteTables"] == 2
    assert calls["DescribeDirectConnectGatewayAssociations"] == 0, "nothing that Direct Connect could reach"
    assert calls["GetManagedPrefixListEntries"] == 0


def test_an_endpoint_of_a_connected_vpc_of_another_account_is_found(aws: World, gateways: dict[str, str]) -> None:
    """The hub's VPC hangs at the same transit gateway, and is another account's."""
    account = member_account()
    build(aws.url, aws.control, OTHER)
    hub = member_account(OTHER)
    place = {"account": hub, "region": REGION, "vpc_id": "vpc-hub"}
    InventoryItem.objects.create(
        **place,
        kind="transit_attachment",
        aws_id="tgw-attach-hub",
        data={"kind": "transit", "state": "available", "transit_gateway_id": gateways["tgw"]},
    )
    service = f"com.amazonaws.{REGION}.secretsmanager"
    data = {"service_name": service, "vpc_endpoint_type": "Interface", "state": "available"}
    InventoryItem.objects.create(**place, kind="vpc_endpoint", aws_id="vpce-hub", name="hub", data=data)
    near = {**place, "account": account, "vpc_id": gateways["peer"]}
    InventoryItem.objects.create(**near, kind="vpc_endpoint", aws_id="vpce-peer", data=data)
    far = {**place, "vpc_id": "vpc-far"}
    InventoryItem.objects.create(**far, kind="vpc_endpoint", aws_id="vpce-far", data=data)
    with CaptureQueriesContext(connection) as queries:
        found = snapshot_for(aws.interface_spec(), account=account)
    assert len(queries) == 3
    assert {aws_id: part.data["through"] for aws_id, part in found.connected.items()} == {
        "vpce-hub": gateways["tgw"],
        "vpce-peer": gateways["peering"],
    }
    assert found.connected["vpce-hub"].data["account_id"] == OTHER


def test_very_many_vpcs_are_asked_for_their_dns_attributes_by_turns(
    aws: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = aws.ec2()
    for number in range(1, 4):
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    count = len(ec2.describe_vpcs()["Vpcs"])
    monkeypatch.setattr(places, "MOST_ATTRIBUTES", 2)
    aws.control.clear_calls()
    member_account()

    def known() -> int:
        return InventoryItem.objects.filter(kind="vpc", data__has_key="enable_dns_support").count()

    assert known() == 2
    for reading in range(1, count):
        read_again()
        assert known() == min(count, 2 + 2 * reading)
    calls = Counter(call["action"] for call in aws.control.calls())
    assert calls["DescribeVpcAttribute"] == 2 * 2 * count


class TestAsking:
    """A person has AWS read again."""

    def test_a_worker_is_woken_and_it_is_recorded(self, aws: World) -> None:
        account, engineer = member_account(), factories.make_engineer()
        assert inventory.due() == []
        refreshing.ask(account=account, region=REGION, by=person(engineer), now=timezone.now())
        assert inventory.due() == [AccountRegion.objects.get().pk]
        event = Event.objects.get(verb="inventory.refresh_requested")
        assert event.data["region"] == REGION

    def test_it_can_be_asked_for_once_a_minute(self, aws: World) -> None:
        account, engineer, now = member_account(), person(factories.make_engineer()), timezone.now()
        refreshing.ask(account=account, region=REGION, by=engineer, now=now)
        with pytest.raises(Conflict, match="less than a minute ago"):
            refreshing.ask(account=account, region=REGION, by=engineer, now=now + timedelta(seconds=59))
        refreshing.ask(account=account, region=REGION, by=engineer, now=now + timedelta(seconds=60))
        assert Event.objects.filter(verb="inventory.refresh_requested").count() == 2

    @pytest.mark.parametrize(("region", "active"), [("eu-north-1", True), (REGION, False)])
    def test_what_the_portal_does_not_work_in_is_not_read(self, aws: World, region: str, active: bool) -> None:
        account = member_account()
        account.is_active = active
        with pytest.raises(Conflict):
            refreshing.ask(account=account, region=region, by=person(factories.make_engineer()), now=timezone.now())

    def test_an_auditor_may_not(self, aws: World) -> None:
        account = member_account()
        auditor = person(factories.make_person("auditor", Role.AUDITOR))
        with pytest.raises(PermissionDenied):
            refreshing.ask(account=account, region=REGION, by=auditor, now=timezone.now())
