"""The role's policies, and what AWS's answers to a check mean."""

from __future__ import annotations

import json

import pytest

from endpoints.domain.answers import Answer
from endpoints.policy import role, role_check
from endpoints.policy.role_check import Finding, Outcome, Trial

ACCOUNT = "222233334444"


@pytest.mark.parametrize(
    ("regions", "partition"),
    [
        (["eu-west-1", "us-east-1"], "aws"),
        (["cn-north-1", "cn-northwest-1"], "aws-cn"),
        (["us-gov-west-1"], "aws-us-gov"),
        ([], "aws"),
    ],
)
def test_the_partition_follows_from_the_regions(regions: list[str], partition: str) -> None:
    assert role.partition_of(regions) == partition
    assert role.role_arn(ACCOUNT, regions) == f"arn:{partition}:iam::{ACCOUNT}:role/VpcEndpointPortal"


def test_partitions_do_not_mix() -> None:
    with pytest.raises(ValueError, match="one partition"):
        role.role_arn(ACCOUNT, ["eu-west-1", "cn-north-1"])


def test_the_permission_policy_is_as_narrow_as_aws_allows() -> None:
    policy = role.permission_policy(account_id=ACCOUNT, partition="aws-cn")
    by_sid = {item["Sid"]: item for item in policy["Statement"]}
    assert set(by_sid) == {item.sid for item in role.STATEMENTS}
    assert by_sid["CreateEndpoints"]["Resource"] == [
        f"arn:aws-cn:ec2:*:{ACCOUNT}:{kind}/*"
        for kind in ("vpc", "subnet", "security-group", "route-table", "vpc-endpoint")
    ]
    assert by_sid["TagEndpoints"]["Resource"] == [
        f"arn:aws-cn:ec2:*:{ACCOUNT}:{kind}/*" for kind in ("vpc-endpoint", "security-group-rule")
    ]
    assert by_sid["ChangeGroupRules"]["Resource"] == [
        f"arn:aws-cn:ec2:*:{ACCOUNT}:{kind}/*" for kind in ("security-group", "security-group-rule")
    ]
    assert by_sid["PrivateDns"]["Resource"] == "arn:aws-cn:route53:::hostedzone/*"
    assert [sid for sid, item in by_sid.items() if item["Resource"] == "*"] == [
        *("Look", "ReadDirectConnect", "ReadQuotas")
    ]
    assert len(json.dumps(policy, separators=(",", ":"))) < 6144, "fits a managed policy (IAM quotas)"


def refused(action: str, because: str = "because no identity-based policy allows it") -> Answer:
    """Return EC2's refusal of an action."""
    what = f"User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: {action} on resource: * {because}"
    return Answer("UnauthorizedOperation", f"You are not authorized to perform this operation. {what}")


DRY = Answer("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
CREATE, TAGS, DNS = "ec2:CreateVpcEndpoint", "ec2:CreateTags", "route53:AssociateVPCWithHostedZone"


def outcomes(*trials: Trial) -> dict[str, Outcome]:
    """Return the outcome of each action."""
    return {item.name: item.outcome for item in role_check.permissions(trials, region="eu-west-1")}


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([Trial((CREATE,), (DNS,), DRY), Trial((CREATE, TAGS), (), DRY)], {CREATE: "ok", DNS: "unknown", TAGS: "ok"}),
        (
            [Trial((CREATE,), (DNS,), DRY), Trial((CREATE, TAGS), (), refused(TAGS))],
            {CREATE: "ok", DNS: "unknown", TAGS: "bad"},
        ),
        (
            [Trial((CREATE,), (DNS,), refused(DNS)), Trial((CREATE, TAGS), (), DRY)],
            {CREATE: "ok", DNS: "bad", TAGS: "ok"},
        ),
        (
            [Trial((CREATE,), (DNS,), refused(CREATE)), Trial((CREATE, TAGS), (), refused(CREATE))],
            {CREATE: "bad", DNS: "unknown", TAGS: "unknown"},
        ),
        (
            [Trial((CREATE,), (), Answer("InvalidVpcID.NotFound", "no")), Trial((CREATE, TAGS), (), DRY)],
            {CREATE: "unknown", TAGS: "ok"},
        ),
        ([Trial((CREATE,), (), Answer("NoDryRun", "?"))], {CREATE: "unknown"}),
    ],
)
def test_answers_to_dry_runs_are_read_for_what_they_prove(trials: list[Trial], expected: dict[str, str]) -> None:
    assert outcomes(*trials) == expected


@pytest.mark.parametrize(
    ("because", "cure"),
    [
        ("because no identity-based policy allows it", "statement ChangeEndpoints"),
        ("with an explicit deny in a service control policy", "service control policy of the organization"),
        ("because no permissions boundary allows it", "boundary"),
        ("with an explicit deny in an identity-based policy", "denies it explicitly"),
    ],
)
def test_a_missing_permission_names_its_cure(because: str, cure: str) -> None:
    action = "ec2:ModifyVpcEndpoint"
    (finding,) = role_check.permissions([Trial((action,), (), refused(action, because))], region="eu-west-1")
    assert (finding.name, finding.outcome) == (action, "bad")
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ({}, [("ok", "0 of 50")]),
        ({"vpc-1": 39}, [("ok", "39 of 50")]),
        ({"vpc-1": 40, "vpc-2": 1}, [("warn", "40 of 50")]),
        ({"vpc-1": 40, "vpc-2": 50}, [("bad", "50 of 50"), ("warn", "40 of 50")]),
    ],
)
def test_a_quota_warns_from_four_fifths(used: dict[str, int], expected: list[tuple[str, str]]) -> None:
    found = role_check.quota_findings(role_check.INTERFACE_PER_VPC, 50, used, region="eu-west-1")
    assert [(item.outcome, item.detail.partition(" used")[0]) for item in found] == expected


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("opt-in-not-required", "ok"), ("opted-in", "ok"), ("not-opted-in", "bad"), (None, "bad")],
)
def test_a_region_must_be_enabled(status: str | None, outcome: str) -> None:
    finding = role_check.region_status("af-south-1", status)
    assert (finding.outcome, bool(finding.cure)) == (outcome, outcome == "bad")


def test_what_aws_leaves_open_does_not_count_against_the_rest() -> None:
    def stored(*found: str) -> list[dict[str, str]]:
        return [{"outcome": item} for item in found]

    assert role_check.verdict(stored("ok", "unknown")) is Outcome.OK
    assert role_check.verdict(stored("ok", "warn", "bad")) is Outcome.BAD
    assert role_check.verdict(stored("ok", "warn")) is Outcome.WARN
    assert role_check.verdict(stored("unknown")) is role_check.verdict([]) is Outcome.UNKNOWN


def test_the_role_of_another_account_is_found_out() -> None:
    finding: Finding = role_check.caller("111111111111", ACCOUNT)
    assert finding.outcome is Outcome.BAD
    assert "111111111111" in finding.detail
