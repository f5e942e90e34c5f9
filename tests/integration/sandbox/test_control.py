"""The control API and its client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.sandbox import world
from portal.sandbox.aws.control import SimControl, SimControlError
from portal.sandbox.aws.control_api import ControlApi
from portal.sandbox.aws.server import SimulatedAws
from tests.integration.sandbox.clients import Clients
from tests.unit.sandbox.network import code_of


def call(api: ControlApi, name: str, peer: str, token: str = "") -> tuple[int, Any]:
    """Ask the API as a peer would."""
    environ = {"PATH_INFO": f"/_sim/{name}", "REMOTE_ADDR": peer, "HTTP_X_SIM_TOKEN": token}
    return api(environ, b"{}")


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.9", 403), ("", 403)])
def test_only_this_machine_may_steer(server: SimulatedAws, peer: str, status: int) -> None:
    assert call(ControlApi(), "calls", peer)[0] == status


@pytest.mark.parametrize(
    ("peer", "token", "status"),
    [
        ("10.0.0.9", "s3cret", 200),
        ("10.0.0.9", "wrong", 403),
        ("127.0.0.1", "", 403),
        ("127.0.0.1", "é", 403),
    ],
)
def test_a_token_is_asked_of_everybody_where_one_is_set(
    server: SimulatedAws, peer: str, token: str, status: int
) -> None:
    assert call(ControlApi(token="s3cret"), "calls", peer, token)[0] == status


def test_health_is_for_everybody(server: SimulatedAws) -> None:
    assert call(ControlApi(token="s3cret"), "health", "10.0.0.9")[0] == 200


def test_the_client_shows_its_token() -> None:
    with SimulatedAws(pace=0, rate=0, control_token="s3cret") as server:
        with pytest.raises(SimControlError, match="X-Sim-Token"):
            SimControl(server.url).calls()
        assert SimControl(server.url, token="s3cret").calls() == []


def test_mistakes_are_explained(sim: SimControl) -> None:
    with pytest.raises(SimControlError, match="choose one of"):
        sim.add_fault(action="*", kind="explode")
    with pytest.raises(SimControlError, match="belongs into params: code, status"):
        sim._ask("add-fault", action="*", kind="error", status=400, code="VpcEndpointLimitExceeded")
    with pytest.raises(SimControlError, match="12 digits"):
        sim.add_account("7")
    with pytest.raises(SimControlError, match="at least 0"):
        sim.set_pace(-1)
    with pytest.raises(SimControlError, match="no endpoint"):
        sim.remove_out_of_band("vpce-0123456789abcdef0")
    with pytest.raises(SimControlError, match="choose one of"):
        sim.set_quota("cakes", 3)
    with pytest.raises(SimControlError, match="There is no"):
        sim._ask("dance")


def test_reset_empties_everything_but_pace_and_rate(aws: Clients, sim: SimControl) -> None:
    aws.network().interface()
    sim.set_pace(0.5)
    sim.add_fault(action="*", kind="throttle", times=None)
    sim.reset()
    assert (sim.faults(), sim.calls(), sim.health()["pace"]) == ([], [], 0.5)
    assert code_of(aws.client().describe_vpcs) == "AuthFailure"


def test_the_demo_is_seeded_once(sim: SimControl) -> None:
    assert sim.seed_demo() is True
    assert sim.seed_demo() is False
    assert sim.health()["seeded"] is True


def test_the_rate_throttles_and_a_new_rate_fills_the_buckets(aws: Clients, sim: SimControl) -> None:
    network = aws.network()
    sim.set_rate(1)
    for _ in range(4):
        network.gateway("s3", RouteTableIds=[])
    assert code_of(lambda: network.gateway("s3", RouteTableIds=[])) == "RequestLimitExceeded"
    sim.set_rate(0)
    network.gateway("s3", RouteTableIds=[])


def test_scenes_over_http(aws: Clients, sim: SimControl) -> None:
    network = aws.network()
    made = network.interface()
    sim.set_state(made["VpcEndpointId"], "failed", {"Code": "X", "Message": "y"})
    assert network.read(made)["State"] == "failed"
    sim.set_policy_out_of_band(made["VpcEndpointId"], '{"Statement":[]}')
    assert network.read(made)["PolicyDocument"] == '{"Statement":[]}'
    sim.set_policy_out_of_band(made["VpcEndpointId"], None)
    assert json.loads(network.read(made)["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    sim.set_requester_managed(made["VpcEndpointId"])
    assert network.read(made)["RequesterManaged"] is True
    more = sim.populate(made["VpcEndpointId"], 2)
    assert set(network.listed()) == {made["VpcEndpointId"], *more}
    for vpce in (made["VpcEndpointId"], *more):
        sim.remove_out_of_band(vpce)
    assert network.listed() == []


def test_calls_are_numbered_on_after_clearing(aws: Clients, sim: SimControl) -> None:
    aws.client().describe_vpcs()
    last = sim.calls()[-1]["number"]
    sim.clear_calls()
    aws.client().describe_subnets()
    assert [(one["number"], one["action"]) for one in sim.calls()] == [(last + 1, "DescribeSubnets")]


def test_credentials_expire_when_told(sim: SimControl, server: SimulatedAws, aws: Clients) -> None:
    sim.seed_demo()
    account = world.PAYMENTS_PROD
    sts = Clients(server.url, type(aws.key)(world.AWS_ACCESS_KEY_ID, world.AWS_SECRET_ACCESS_KEY)).client("sts")
    sts.assume_role(RoleArn=account.role_arn, RoleSessionName="p1", ExternalId=account.external_id)
    assert sim.expire_credentials(account.id) == 1
    assert sim.expire_credentials(world.DATA_DEV.id) == 0
