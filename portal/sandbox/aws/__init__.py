"""A strict simulated AWS for VPC endpoints, over moto.

Plain moto takes almost anything for an endpoint, so code that AWS would refuse passes its tests. This package
keeps moto as the store of the network (VPCs, subnets, route tables, security groups, gateways, interfaces,
IAM roles, load balancers, service configurations, hosted zones) and answers itself whatever concerns
endpoints: create, modify, describe, delete, services, prefix lists, interfaces, connections, STS, permissions
and throttling.

As a server:  python -m portal.sandbox.aws --port 4566 --state .sandbox/aws.state --seed-demo
In a test:    with SimulatedAws(pace=0, rate=0) as aws: boto3.client("ec2", endpoint_url=aws.url, ...)
In process:   with activate(): boto3.client("ec2", region_name="eu-west-1")
Steered by:   control.SimControl(url): faults, recorded calls, pace, rate, quotas, scenes behind one's back

How a call travels: `wsgi` (or `mock_aws`) -> moto's parser -> `gate`: who calls (`iam`), a fault (`faults`),
a token of the bucket (`buckets`), permission, dry run, what is due by now (`lifecycle`) -> a handler
(`create`, `modify`, `delete`, `describe`, `services`, `prefix_lists`, `interfaces`, `provider`, `sts`) or
moto's own behind a guard (`delete`). `validation` refuses with AWS's codes before anything changes, `store`
remembers, `state` writes it down.

Limits, all on purpose:
- Signatures are not checked, only that a key is known, a session token is its own and neither has expired.
- One simulation in a process: moto's backends are global, and so is `store.STORE`.
- Durations are round numbers (Interface pending 4 s, Gateway 1 s, deleting 2 s, listed as deleted for 60 s),
  scaled by the pace. Nothing runs in the background: what is due happens at the next EC2 call of that account
  and region.
- Permissions are identity policies and trust policies, with conditions on `iam.CONDITION_KEYS` only.
- Every call takes a token, refused or not; the actions of `buckets.SIZES` and Describes have a bucket.
- Removing a subnet, group or route table that is not attached changes nothing: what AWS says is not known.
- GatewayLoadBalancer endpoints exist as far as create, describe and delete; Resource, ServiceNetwork and
  Tunnel do not. Cross-region is for services that accounts provide; for AWS's own it is refused.
- Which zone lacks which service, and which take no policy, is a fixed choice (`services`).
- Actions that moto does not know answer `InvalidAction`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

# The account of calls made with the keys that `mock_aws` puts into the environment.
IN_PROCESS_ACCOUNT = "123456789012"


@contextmanager
def activate(*, pace: float = 0.0, rate: float = 0.0, seed_demo: bool = False) -> Iterator[None]:
    """Simulate AWS in this process, for boto3 clients made inside: moto's `mock_aws` made strict, empty at
    first.

    `AWS_ENDPOINT_URL` is put aside meanwhile, since moto answers for AWS's own addresses only. Clients without
    credentials of their own act in `IN_PROCESS_ACCOUNT`. A connection that a fault cuts is
    seen as botocore's `ConnectionClosedError`. Raises RuntimeError with another version of moto.
    """
    from moto import mock_aws

    from portal.sandbox.aws import overlay, seed
    from portal.sandbox.aws.store import STORE, StaticKey

    elsewhere = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_ENDPOINT_URL")}
    was_installed = overlay.installed()
    overlay.install()
    mock = mock_aws()
    mock.start()
    try:
        overlay.reset()
        STORE.pace, STORE.rate = pace, rate
        STORE.static_keys[os.environ["AWS_ACCESS_KEY_ID"]] = StaticKey(IN_PROCESS_ACCOUNT, "admin")
        seed.tooling()
        if seed_demo:
            seed.demo()
        yield
    finally:
        overlay.reset()
        mock.stop()
        os.environ.update(elsewhere)
        if not was_installed:
            overlay.uninstall()
