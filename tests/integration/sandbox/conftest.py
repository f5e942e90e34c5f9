"""A simulated AWS on a free port, without delays and throttling unless a test sets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.sandbox.aws.control import SimControl
from portal.sandbox.aws.server import SimulatedAws
from tests.integration.sandbox.clients import ACCOUNT, Clients


@pytest.fixture
def server() -> Iterator[SimulatedAws]:
    """A fresh server."""
    with SimulatedAws(pace=0, rate=0) as running:
        yield running


@pytest.fixture
def sim(server: SimulatedAws) -> SimControl:
    """Its control."""
    return SimControl(server.url)


@pytest.fixture
def aws(server: SimulatedAws, sim: SimControl) -> Clients:
    """Clients of one account on it."""
    return Clients(server.url, sim.add_account(ACCOUNT))
