"""`python -m portal.sandbox.aws` as a process: one line, its state over restarts and kills, damaged files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portal.sandbox import world
from portal.sandbox.aws.control import Credentials, SimControl
from tests.integration.sandbox.clients import ACCOUNT, Clients

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 60.0


class Command:
    """A running command."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        self.process = process
        self.line = line
        self.url = line.rsplit(" ", 1)[-1].strip()

    def clients(self) -> Clients:
        """Return clients of the tests' account."""
        return Clients(self.url, SimControl(self.url).add_account(ACCOUNT))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """End it and return its exit code, the rest of stdout, and stderr."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, rest, errors


@contextmanager
def running(*arguments: str) -> Iterator[Command]:
    """Start the command on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.sandbox.aws", "--port", "0", "--rate", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Command(process, process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_it_says_one_line_and_ends_well_on_both_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with running() as command:
            assert command.line.startswith("Simulated AWS on http://127.0.0.1:")
            command.clients().client().describe_vpcs()
            assert command.end(number) == (0, "", "")


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "deep" / "aws.state"), "--pace", "0", "--seed-demo")
    with running(*state) as command:
        network = command.clients().network()
        interface = network.interface("kms", ClientToken="t-1", SubnetIds=network.subnets)
        gateway = network.gateway("s3", TagSpecifications=[_tags("Name", "kept")])
        before = (network.read(interface), network.read(gateway), network.endpoint_routes())
        addresses = _addresses(network.interfaces_of(interface))
        session = _assume(command)
        assert command.end()[0] == 0
    with running(*state) as command:
        network.ec2 = command.clients().client()
        after = (network.read(interface), network.read(gateway), network.endpoint_routes())
        assert after == before
        assert _addresses(network.interfaces_of(interface)) == addresses
        again = network.interface("kms", ClientToken="t-1", SubnetIds=network.subnets)
        assert again["VpcEndpointId"] == interface["VpcEndpointId"]
        other = network.interface("sqs", SubnetIds=network.subnets)
        assert not set(_addresses(network.interfaces_of(other))) & set(addresses)
        assert SimControl(command.url).seed_demo() is False
        session.url = command.url
        ec2 = _session_client(session)
        assert [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]] == [world.PAYMENTS.id]


def test_a_state_goes_on_where_it_was(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "aws.state"))
    with running(*state, "--pace", "100") as command:
        network = command.clients().network()
        made = network.interface()
        assert network.read(made)["State"] == "pending"
        command.end()
    with running(*state, "--pace", "100") as command:
        network.ec2 = command.clients().client()
        assert network.read(made)["State"] == "pending"


@pytest.mark.faults
def test_a_kill_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "aws.state"
    state = ("--state", str(path), "--pace", "0")
    with running(*state) as command:
        network = command.clients().network()
        made = network.interface()
        _wait_until(lambda: made["VpcEndpointId"].encode() in (path.read_bytes() if path.exists() else b""))
        command.end(signal.SIGKILL)
    with running(*state) as command:
        network.ec2 = command.clients().client()
        assert network.read(made)["VpcEndpointId"] == made["VpcEndpointId"]


def test_a_damaged_state_is_set_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "aws.state"
    content = b"nonsense"
    path.write_bytes(content)
    with running("--state", str(path)) as command:
        command.clients().client().describe_vpcs()
        code, _, errors = command.end()
    assert code == 0
    assert "It was set aside as" in errors
    aside = list(tmp_path.glob("aws.state.damaged-*"))
    assert [one.read_bytes() for one in aside] == [content]


def test_a_port_in_use_is_said_plainly() -> None:
    with running() as command:
        port = command.url.rsplit(":", 1)[-1]
        second = subprocess.run(
            [sys.executable, "-m", "portal.sandbox.aws", "--port", port],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert second.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in second.stderr


def _tags(key: str, value: str) -> dict[str, Any]:
    return {"ResourceType": "vpc-endpoint", "Tags": [{"Key": key, "Value": value}]}


def _addresses(interfaces: list[Any]) -> list[str]:
    return sorted(one["PrivateIpAddress"] for one in interfaces)


class _Session:
    def __init__(self, url: str, key: dict[str, str]) -> None:
        self.url, self.key = url, key


def _assume(command: Command) -> _Session:
    account = world.PAYMENTS_PROD
    portal = Clients(command.url, Credentials(world.AWS_ACCESS_KEY_ID, world.AWS_SECRET_ACCESS_KEY))
    made = portal.client("sts").assume_role(
        RoleArn=account.role_arn, RoleSessionName="portal", ExternalId=account.external_id
    )["Credentials"]
    return _Session(command.url, made)


def _session_client(session: _Session) -> Any:
    import boto3

    return boto3.client(
        "ec2",
        region_name=world.PAYMENTS.region,
        endpoint_url=session.url,
        aws_access_key_id=session.key["AccessKeyId"],
        aws_secret_access_key=session.key["SecretAccessKey"],
        aws_session_token=session.key["SessionToken"],
    )


def _wait_until(holds: Any) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it was never written"
        time.sleep(0.02)
