"""Who can reach an endpoint, where the VPC has more than one way to its service."""

from __future__ import annotations

from endpoints.network.reachers import who_can_reach
from tests.unit.network.test_reachability import APP, PUB, good, snapshot
from tests.unit.network.worlds import S3


def test_a_client_that_another_endpoint_serves_does_not_count_as_reaching_this_one() -> None:
    world = good()
    world["endpoints"]["vpce-other"] = {**world["endpoints"]["vpce-s3"], "route_table_ids": []}
    found = snapshot(world, S3)
    said = {item.subnet.aws_id: item for item in who_can_reach(found, found.endpoints["vpce-other"]).subnets}
    assert (said[APP].outcome, said[APP].clients, said[APP].reaching) == ("cannot", 1, 0)
    assert said[APP].reason.startswith("Traffic takes another way, through vpce-s3")
    assert said[PUB].reason == "Traffic takes another way, over the internet."
    own = {item.subnet.aws_id: item for item in who_can_reach(found, found.endpoints["vpce-s3"]).subnets}
    assert (own[APP].clients, own[APP].reaching) == (1, 1)
