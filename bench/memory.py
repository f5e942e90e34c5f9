"""What one worker process holds in memory after working in 20 accounts of 3 regions each: `python -m bench.memory`.

The process has Django, Celery and the portal's tasks loaded, has assumed each account's role and has described the
endpoints of each region once, against a simulated AWS. The peer is a process that does the same by a boto3 session and
client for each account and region.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench import stage

ACCOUNTS = 20
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
MIB = 1024 * 1024


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from tests import aws

        with stage.simulated_aws(1000) as (control, url):
            worlds = [aws.build(url, control, f"{8000 + number:012d}") for number in range(ACCOUNTS)]
            accounts = [world.account_id for world in worlds]
            # The plain child has no Django, so it is told what the tests know.
            targets = json.dumps(
                [[one, f"arn:aws:iam::{one}:role/{aws.ROLE}", aws.external_id(one)] for one in accounts]
            )
            ours, plain = (_child(kind, targets) for kind in ("portal", "plain"))
    per_pair = (ours["after"] - ours["before"]) / (ACCOUNTS * len(REGIONS))
    plain_per_pair = (plain["after"] - plain["before"]) / (ACCOUNTS * len(REGIONS))
    stage.show(
        "worker_memory_20_accounts_3_regions",
        ours["after"] / MIB,
        "MiB",
        before_any_account=round(ours["before"] / MIB, 1),
        boto3_session_for_each=round(plain["after"] / MIB, 1),
    )
    stage.show(
        "worker_memory_an_account_region", per_pair / MIB, "MiB", boto3_session_for_each=round(plain_per_pair / MIB, 2)
    )


def _child(kind: str, targets: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.memory", kind, targets]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return measured


def _measure(kind: str, targets: list[tuple[str, str, str]]) -> dict[str, float]:
    import psutil

    process = psutil.Process()
    act = _as_the_portal() if kind == "portal" else _as_plain_boto3()
    before = process.memory_info().rss
    kept = [act(*target, region) for target in targets for region in REGIONS]
    return {"before": before, "after": process.memory_info().rss, "kept": len(kept)}


def _as_the_portal() -> Any:
    import django

    django.setup()
    import endpoints.tasks  # noqa: F401  # what a worker has loaded
    from endpoints.aws import gateway_for
    from endpoints.aws.sessions import Target
    from portal.celery import app

    app.finalize()

    def act(account: str, role: str, external_id: str, region: str) -> Any:
        gateway = gateway_for(Target(account_id=account, region=region, role_arn=role, external_id=external_id))
        gateway.describe_vpc_endpoint("vpce-0123456789abcdef0")
        return gateway

    return act


def _as_plain_boto3() -> Any:
    import boto3

    def act(account: str, role: str, external_id: str, region: str) -> Any:
        sts = boto3.Session().client("sts", region_name=region)
        answer = sts.assume_role(RoleArn=role, RoleSessionName="bench", ExternalId=external_id)
        credentials = answer["Credentials"]
        session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        client = session.client("ec2", region_name=region)
        client.describe_vpc_endpoints(MaxResults=5)
        return session, client

    return act


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_measure(sys.argv[1], json.loads(sys.argv[2]))))
    else:
        main()
