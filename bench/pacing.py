"""How near creations come to AWS's own speed limit, and how often AWS has to refuse them: `python -m bench.pacing`.

AWS's bucket of CreateVpcEndpoint holds 4 tokens and gets 0.3 a second, per account and region, so N creations can't
take less than (N - 4) / 0.3 seconds, whoever makes them. 200 of them in one account-region, from the approval to the
last call, against a simulated AWS that throttles by such buckets, 7 times as fast. Worker processes, beat, PostgreSQL
and Valkey are real. The peer is a script with ten threads and boto3's adaptive retries, against a simulated AWS of its
own with the same rate, at the same time.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench import stage

COUNT = 200
SCALE = 7
THREADS = 10


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from bench import creating

        limit = creating.bound(COUNT, SCALE)
        with stage.simulated_aws(SCALE) as (other, other_url), stage.simulated_aws(SCALE) as (control, url):
            asked = creating.ask(creating.world(control, url), COUNT)
            script = Script(creating.world(other, other_url))
            with stage.workers(), ThreadPoolExecutor(1) as aside:
                peer = aside.submit(script.run)
                asked.approve()
                stage.until_quiet(limit * 3)
                peer.result()
            ours = creating.made_in(control.calls(), asked.account_id)
            theirs = creating.made_in(other.calls(), asked.account_id)
        if (ours.done, theirs.done) != (COUNT, COUNT):
            raise RuntimeError(f"{ours.done} and {theirs.done} creations, not {COUNT}")
    stage.show(
        "creations_elapsed_to_bound",
        (ours.last_at - asked.approved_at) / limit,
        "ratio",
        floor=1,
        boto3_adaptive_10_threads=(theirs.last_at - script.started_at) / limit,
    )
    stage.show(
        "creations_throttled", ours.share_throttled, "share of calls", boto3_adaptive_10_threads=theirs.share_throttled
    )


class Script:
    """What one would write without a portal: ten threads, one client, adaptive retries, again until it is done."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.started_at = 0.0

    def run(self) -> None:
        """Create all of them."""
        self.started_at = time.time()
        retries = {"mode": "adaptive", "total_max_attempts": 10}
        client = boto3.client(
            "ec2",
            region_name="eu-west-1",
            endpoint_url=self._world.url,
            config=Config(retries=retries),
            **self._world.keys,
        )
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda number: self._create(client, number), range(COUNT)))

    def _create(self, client: Any, number: int) -> None:
        world = self._world
        while True:
            try:
                client.create_vpc_endpoint(
                    VpcId=world.vpc_id,
                    ServiceName="com.amazonaws.eu-west-1.secretsmanager",
                    VpcEndpointType="Interface",
                    SubnetIds=[world.subnet_ids[number % 3]],
                    SecurityGroupIds=[world.security_group_id],
                    PrivateDnsEnabled=False,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "RequestLimitExceeded":
                    raise
            else:
                return


if __name__ == "__main__":
    main()
