"""Sessions: refreshed in place, forgotten at will, and never carried over a fork."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import boto3
import pytest

from endpoints.aws import AwsError, Kind, Target, gateway_for, sessions
from endpoints.aws.sessions import forget_role, prober_for
from tests.aws import EXTERNAL_ID, MEMBER, REGION, ROLE, World, make_role

TARGET = Target(
    account_id=MEMBER, region=REGION, role_arn=f"arn:aws:iam::{MEMBER}:role/{ROLE}", external_id=EXTERNAL_ID
)


def test_one_assumed_role_serves_every_client_of_an_account(aws: World) -> None:
    gateway = gateway_for(TARGET)
    assert gateway is gateway_for(TARGET)
    list(gateway.list_vpc_endpoints())
    assert prober_for(TARGET).caller_account() == MEMBER
    elsewhere = Target(MEMBER, "us-east-1", TARGET.role_arn, TARGET.external_id)
    list(gateway_for(elsewhere).list_vpc_endpoints())
    assert len(aws.calls("AssumeRole")) == 1


def test_clients_are_kept_of_the_regions_that_were_used_last(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker comes to every account-region in time, and a client of each would fill its memory."""
    monkeypatch.setattr(sessions, "MOST_GATEWAYS", 2)
    first, second, third = (
        Target(MEMBER, region, TARGET.role_arn, TARGET.external_id) for region in (REGION, "us-east-1", "us-west-2")
    )
    kept, dropped = gateway_for(first), gateway_for(second)
    assert gateway_for(first) is kept
    gateway_for(third)
    assert gateway_for(first) is kept
    list(dropped.list_vpc_endpoints())  # who holds one goes on with it
    assert gateway_for(second) is not dropped
    list(gateway_for(second).list_vpc_endpoints())
    assert len(aws.calls("AssumeRole")) == 1, "the role is still assumed"


def test_descriptions_are_read_once_for_all_and_nobody_is_asked(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_loader", None)
    before = len(aws.control.calls())
    sessions.read_descriptions()
    known = sessions._loader
    assert known is not None
    assert len(aws.control.calls()) == before
    assert not sessions._sessions
    opened: list[str] = []
    monkeypatch.setattr(type(known.file_loader), "load_file", lambda _, path: opened.append(path))
    list(gateway_for(TARGET).list_vpc_endpoints())
    assert [path for path in opened if "ec2" in path or "sts" in path] == []


def test_direct_connect_that_does_not_answer_is_no_direct_connect_that_is_not_there(
    aws: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DIRECT_CONNECT", "http://127.0.0.1:9")
    with pytest.raises(AwsError) as error:
        gateway_for(TARGET).direct_connect_associations("vgw-0123456789abcdef0")
    assert error.value.code == "EndpointConnectionError"


def test_a_region_that_is_without_direct_connect_has_no_associations() -> None:
    nowhere = Target(MEMBER, "eu-nowhere-9", TARGET.role_arn, EXTERNAL_ID)  # a region that botocore doesn't list
    assert gateway_for(nowhere).direct_connect_associations("vgw-0123456789abcdef0") == []


def test_credentials_that_run_out_are_renewed_in_the_same_client(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # botocore renews a quarter of an hour before the end: with AWS's shortest session that is at once.
    monkeypatch.setattr(sessions, "ROLE_SECONDS", 900)
    gateway = gateway_for(TARGET)
    list(gateway.list_vpc_endpoints())
    before = len(aws.calls("AssumeRole"))
    assert aws.control.expire_credentials(MEMBER) >= 1
    list(gateway.list_vpc_endpoints())
    assert len(aws.calls("AssumeRole")) == before + 1


def test_the_simulation_does_refuse_credentials_that_ran_out(aws: World) -> None:
    """The control of the test above: a session that botocore holds for fresh is refused, and is worth another try."""
    gateway = gateway_for(TARGET)
    list(gateway.list_vpc_endpoints())
    aws.control.expire_credentials(MEMBER)
    with pytest.raises(AwsError) as caught:
        list(gateway.list_vpc_endpoints())
    assert (caught.value.code, caught.value.kind) == ("RequestExpired", Kind.TRANSIENT)
    list(gateway_for(TARGET).list_vpc_endpoints())


def test_a_role_that_was_made_again_is_assumed_anew_at_the_next_call(aws: World) -> None:
    list(gateway_for(TARGET).list_vpc_endpoints())
    iam = boto3.client("iam", region_name=REGION, endpoint_url=aws.url, **aws.keys)
    iam.delete_role_policy(RoleName=ROLE, PolicyName="portal")
    iam.delete_role(RoleName=ROLE)
    make_role(aws.url, aws.keys, MEMBER)
    with pytest.raises(AwsError) as caught:
        list(gateway_for(TARGET).list_vpc_endpoints())
    assert caught.value.code == "AuthFailure"
    list(gateway_for(TARGET).list_vpc_endpoints())


def test_forgetting_a_role_leaves_the_others_alone(aws: World) -> None:
    other = Target(MEMBER, REGION, TARGET.role_arn, "another")
    kept, dropped = gateway_for(other), gateway_for(TARGET)
    forget_role(TARGET)
    assert gateway_for(other) is kept
    assert gateway_for(TARGET) is not dropped


def test_a_client_of_before_a_fork_is_not_used_after_it(aws: World) -> None:
    parent = gateway_for(TARGET)
    list(parent.list_vpc_endpoints())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of pytest may run here: write, and be gone
        answer = {"made_anew": False, "works": False}
        try:
            held = (len(sessions._gateways), len(sessions._probers), len(sessions._sessions))
            mine = gateway_for(TARGET)
            answer["made_anew"] = held == (0, 0, 0) and mine is not parent
            answer["works"] = list(mine.list_vpc_endpoints()) == []
        finally:
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = json.loads(pipe.read())
    os.waitpid(child, 0)
    assert said == {"made_anew": True, "works": True}
    assert gateway_for(TARGET) is parent, "the parent keeps its own"
    assert len(aws.calls("AssumeRole")) == 2, "one each"


class Page(BaseHTTPRequestHandler):
    """A page of a proxy in the place of every answer."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html><body>Sign in to the network</body></html>")

    def log_message(self, *_: object) -> None:
        pass


def test_a_page_in_the_place_of_sts_is_no_credentials(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{proxy.server_port}")
        with pytest.raises(AwsError) as caught:
            list(gateway_for(TARGET).list_vpc_endpoints())
        proxy.shutdown()
    assert (caught.value.code, caught.value.kind) == ("NoAnswer", Kind.TRANSIENT)
