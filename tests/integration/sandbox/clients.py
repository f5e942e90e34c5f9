"""boto3 clients of a running simulation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from portal.sandbox.aws.control import Credentials
from tests.unit.sandbox.network import Network

ACCOUNT = "123456789012"
REGION = "us-east-1"
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


@dataclass
class Clients:
    """Makes clients with one key."""

    url: str
    key: Credentials

    def client(self, name: str = "ec2", config: Config = ONCE, region: str = REGION) -> Any:
        """Return a client; by default one that asks once."""
        return _session().client(  # type: ignore[call-overload]
            name,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=self.key.access_key_id,
            aws_secret_access_key=self.key.secret_access_key,
            config=config,
        )

    def network(self, config: Config = ONCE) -> Network:
        """Return a VPC made by a client that asks once, and used by one with `config`."""
        made = Network.build(self.client())
        made.ec2 = self.client(config=config)
        return made


@cache
def _session() -> boto3.Session:
    return boto3.Session()
