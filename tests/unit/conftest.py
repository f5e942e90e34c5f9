"""A strict AWS in this process, and a small network to make endpoints in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.sandbox.aws import activate
from tests.unit.sandbox.network import Network, Provided


@pytest.fixture
def aws() -> Iterator[None]:
    """The simulated AWS, empty, with no delays and no throttling."""
    with activate():
        yield


@pytest.fixture
def network(aws: None) -> Network:
    """A VPC with one subnet in each of three zones and a route table."""
    return Network.build()


@pytest.fixture
def provided(network: Network) -> Provided:
    """A service of another account that the network's account may ask for, and that asks for acceptance."""
    return Provided.build(network)
