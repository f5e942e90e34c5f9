"""How long 100,000 recorded events take: `python -m bench.policy_use`.

A gzip file of CloudTrail's events, 160 MB unpacked, every request different from all others (the hardest case) or
as instances repeat them: read, replayed against a policy, and made into the smallest policy that allows them.
"""

from __future__ import annotations

import gzip
import json
import resource
import time
from collections.abc import Iterator

from bench.stage import show
from endpoints.policy.document import parse
from endpoints.policy.use.recorded import Recorded, read
from endpoints.policy.use.replay import replay
from endpoints.policy.use.smallest import smallest_policy

EVENTS = 100_000
_ACCOUNT = "111122223333"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::bucket-1", "arn:aws:s3:::bucket-1/*"],
            "Condition": {"StringEquals": {"aws:PrincipalAccount": _ACCOUNT}},
        }
    ],
}


def main() -> None:
    """Measure and print."""
    for name, keys in (("different", EVENTS), ("repeated", 500)):
        data = gzip.compress(b"\n".join(_events(keys)), compresslevel=1)
        seconds: dict[str, float] = {}
        started = time.perf_counter()
        found: Recorded = read(data, vpc_endpoint_id="vpce-0a1b2c3d4e5f67890")
        seconds["read"] = time.perf_counter() - started
        started = time.perf_counter()
        replayed = replay(parse(json.dumps(_POLICY)), found)
        seconds["replay"] = time.perf_counter() - started
        started = time.perf_counter()
        suggestion = smallest_policy(found, vpc_endpoint_type="Gateway", service_name="com.amazonaws.eu-west-1.s3")
        seconds["suggest"] = time.perf_counter() - started
        assert found.events == EVENTS
        assert replayed.allowed + replayed.denied == EVENTS
        for what, value in seconds.items():
            show(
                f"policy_use_{what}_{name}",
                value,
                "s",
                events=EVENTS,
                requests=len(found.requests),
                megabytes=round(len(data) / 1e6, 1),
                statements=len(json.loads(suggestion.text)["Statement"]),
            )
    show("policy_use_memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB")


def _events(keys: int) -> Iterator[bytes]:
    """Give the events as lines: 20 roles and 4 buckets, so many different keys."""
    for number in range(EVENTS):
        key, bucket, role = number % keys, f"bucket-{number % 4}", f"app-{number % 20}"
        event = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLEEXAMPLEEX:i-0123456789abcdef0",
                "arn": f"arn:aws:sts::{_ACCOUNT}:assumed-role/{role}/i-0123456789abcdef0",
                "accountId": _ACCOUNT,
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{_ACCOUNT}:role/{role}"}},
            },
            "eventTime": f"2026-11-{1 + number % 28:02}T09:30:00Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": ("GetObject", "HeadObject", "PutObject")[key % 3],
            "awsRegion": "eu-west-1",
            "sourceIPAddress": f"10.0.{number % 4}.{number % 20}",
            "userAgent": "[aws-sdk-java/2.25 Linux/6.1 OpenJDK_64-Bit_Server_VM/17]",
            "requestParameters": {"bucketName": bucket, "key": f"reports/{key // 1000}/{key}.csv", "Host": bucket},
            "responseElements": None,
            "additionalEventData": {"SignatureVersion": "SigV4", "x-amz-id-2": "E" * 700},
            "resources": [
                {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/reports/{key // 1000}/{key}.csv"},
                {"accountId": _ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
            ],
            "eventType": "AwsApiCall",
            "recipientAccountId": _ACCOUNT,
            "vpcEndpointId": "vpce-0a1b2c3d4e5f67890",
        }
        yield json.dumps(event).encode()


if __name__ == "__main__":
    main()
