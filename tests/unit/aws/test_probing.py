"""Trying what a role may do changes nothing, whatever answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from endpoints.aws.probing import Prober, Sample, probes
from endpoints.domain.answers import NO_DRY_RUN

PROBES = tuple(probes(Sample(region="eu-west-1")))


class Double:
    """An EC2 that carries out what it is asked to try, except for `knows`, and keeps what it was asked."""

    def __init__(self, *knows: str) -> None:
        self.knows = knows
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**_: Any) -> dict[str, Any]:
            self.asked.append(name)
            if name in self.knows:
                raise ClientError({"Error": {"Code": "DryRunOperation", "Message": "Would have."}}, name)
            return {}

        return call


def answers(double: Double) -> dict[str, str]:
    """Return the code of the answer to each operation that a check tries."""
    prober = Prober(ec2=double, sts=None, quotas=None, direct_connect=None)  # type: ignore[arg-type]
    return {probe.operation: prober.attempt(probe).code for probe in PROBES}


def test_where_a_dry_run_of_a_read_is_carried_out_nothing_that_changes_aws_is_tried() -> None:
    double = Double("describe_vpcs", "create_tags")
    found = answers(double)
    assert set(double.asked) == {probe.operation for probe in PROBES if not probe.changes}
    assert found["delete_vpc_endpoints"] == NO_DRY_RUN
    assert found["describe_vpcs"] == "DryRunOperation"


def test_reads_come_first_so_that_they_tell() -> None:
    changes = [probe.changes for probe in PROBES]
    assert changes == sorted(changes)
    assert {probe.operation for probe in PROBES if probe.changes} >= {"create_vpc_endpoint", "delete_vpc_endpoints"}


def test_where_dry_runs_are_known_everything_is_tried() -> None:
    double = Double(*(probe.operation for probe in PROBES))
    assert set(answers(double).values()) == {"DryRunOperation"}
    assert len(double.asked) == len(PROBES)
