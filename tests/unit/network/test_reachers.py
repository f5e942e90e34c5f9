"""Who can reach an endpoint, by subnet and interface."""

from __future__ import annotations

from endpoints.network.reachers import who_can_reach
from tests.unit.network.vpc import APP, BOTH, END, PUB, SG_APP, acl, good, rule, snapshot
from tests.unit.network.worlds import S3


def test_who_can_reach_an_endpoint_by_subnet_and_interface() -> None:
    world = good()
    acl(world, PUB, BOTH[0])
    found = who_can_reach(snapshot(world), snapshot(world).endpoints["vpce-sqs"])
    said = {item.subnet.aws_id: (item.outcome, item.clients, item.reaching) for item in found.subnets}
    assert said == {APP: ("some", 1, 1), END: ("some", 0, 0), PUB: ("cannot", 0, 0)}
    assert [outcome for outcome, _, _ in found.grouped()] == ["cannot", "some"]
    assert "acl-1" in found.grouped()[0][1]
    world["endpoints"]["vpce-sqs"]["private_dns_enabled"] = False
    by_own_name = who_can_reach(snapshot(world), snapshot(world).endpoints["vpce-sqs"])
    assert "own names" in by_own_name.note
    assert {item.subnet.aws_id: item.outcome for item in by_own_name.subnets}[APP] == "some"
    gateway = who_can_reach(snapshot(world, S3), snapshot(world, S3).endpoints["vpce-s3"])
    assert {item.subnet.aws_id: item.outcome for item in gateway.subnets}[PUB] == "cannot"


def test_a_subnet_whose_table_leads_past_a_gateway_is_told_so_and_not_of_its_groups() -> None:
    world = good()
    world["security_groups"][SG_APP]["egress"] = [rule(cidrs=["10.0.0.0/16"])]  # another trouble, for some clients
    found = who_can_reach(snapshot(world, S3), snapshot(world, S3).endpoints["vpce-s3"])
    (past,) = (item for item in found.subnets if item.subnet.aws_id == PUB)
    assert (past.outcome, past.table in past.reason) == ("cannot", True)
    assert past.cure is not None
    assert past.table in past.cure.fields["route_table_ids"]
    assert ("cannot", past.reason, [past]) in found.grouped()


def test_subnets_with_different_reasons_are_told_apart() -> None:
    world = good()
    acl(world, PUB, BOTH[0])
    acl(world, END, BOTH[0])
    world["network_acls"]["acl-2"] = {**world["network_acls"]["acl-1"], "subnet_ids": [PUB]}
    found = who_can_reach(snapshot(world), snapshot(world).endpoints["vpce-sqs"])
    reasons = [reason for outcome, reason, _ in found.grouped() if outcome == "cannot"]
    assert ["acl-1" in " ".join(reasons), "acl-2" in " ".join(reasons)] == [True, True]
    for outcome, reason, items in found.grouped():
        assert {item.reason for item in items} == {reason}, outcome


def test_a_client_that_another_endpoint_serves_does_not_count_as_reaching_this_one() -> None:
    world = good()
    world["endpoints"]["vpce-other"] = {**world["endpoints"]["vpce-s3"], "route_table_ids": []}
    found = snapshot(world, S3)
    said = {item.subnet.aws_id: item for item in who_can_reach(found, found.endpoints["vpce-other"]).subnets}
    assert (said[APP].outcome, said[APP].clients, said[APP].reaching) == ("cannot", 1, 0)
    assert "has no route to vpce-other" in said[APP].reason
    own = {item.subnet.aws_id: item for item in who_can_reach(found, found.endpoints["vpce-s3"]).subnets}
    assert (own[APP].clients, own[APP].reaching) == (1, 1)
