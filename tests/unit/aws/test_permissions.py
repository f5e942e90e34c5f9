"""The printed permission policy holds exactly what the AWS floor calls, as its source says."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.session import get_session

from endpoints import aws
from endpoints.aws.probing import Sample, probes
from endpoints.policy import role

FLOOR = Path(aws.__file__).parent
PREFIXES = {
    "ec2": "ec2",
    "route53": "route53",
    "service-quotas": "servicequotas",
    "sts": "sts",
    "directconnect": "directconnect",
}
# Authorised together with another action, without a call of their own (Service Authorization Reference).
DEPENDENT = {
    "ec2:CreateVpcEndpoint": {"ec2:CreateTags", "route53:AssociateVPCWithHostedZone"},
    "ec2:AuthorizeSecurityGroupIngress": {"ec2:CreateTags"},
    "ec2:AuthorizeSecurityGroupEgress": {"ec2:CreateTags"},
}
# Called with the portal's own credentials, or never asked for a permission (STS API reference).
NOT_THE_ROLES = {"sts:AssumeRole", "sts:GetCallerIdentity"}


@cache
def operations() -> dict[str, str]:
    """Return the action that each method of the clients calls."""
    session = get_session()
    return {
        xform_name(name): f"{prefix}:{name}"
        for service, prefix in PREFIXES.items()
        for name in session.get_service_model(service).operation_names
    }


def named_in(*files: Path) -> set[str]:
    """Return the actions that files call: by attribute, or by a string that names a client's method."""
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            name = (
                node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
            )
            if isinstance(name, str) and name in operations():
                found.add(operations()[name])
    return found


def test_the_policy_holds_what_is_called_and_nothing_else() -> None:
    called = named_in(*FLOOR.rglob("*.py"))
    assert {"ec2:CreateVpcEndpoint", "ec2:DescribeVpcs", "sts:AssumeRole"} <= called, "the walk finds calls"
    needed = called.union(*(DEPENDENT.get(action, set()) for action in called)) - NOT_THE_ROLES
    assert needed == role.ACTIONS, "write a new call's permission into endpoints/policy/role.py, with its reason"


def test_a_check_tries_every_action() -> None:
    tried = {action for probe in probes(Sample(region="eu-west-1")) for action in (*probe.proves, *probe.shows)}
    by_a_read = {
        "ec2:DescribeRegions",
        "servicequotas:GetServiceQuota",
        "directconnect:DescribeDirectConnectGatewayAssociations",
    }
    assert tried | by_a_read == role.ACTIONS
    called = named_in(*(file for file in FLOOR.rglob("*.py") if file.name != "probing.py"))
    assert called - NOT_THE_ROLES - by_a_read <= tried, (
        "what the portal does must be tried: see endpoints/aws/probing.py"
    )


def test_a_dry_run_is_what_its_name_says() -> None:
    """Each probe names the operation that it proves, by botocore's own model, and takes a DryRun."""
    model = get_session().get_service_model("ec2")
    for probe in probes(Sample(region="eu-west-1")):
        assert operations()[probe.operation] == probe.proves[0]
        shape = model.operation_model(probe.proves[0].removeprefix("ec2:")).input_shape
        assert shape is not None
        assert {"DryRun", *probe.parameters} <= set(shape.members)
