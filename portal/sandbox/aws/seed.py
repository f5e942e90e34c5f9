"""The demo world on the simulated AWS."""

from __future__ import annotations

from portal.sandbox import world
from portal.sandbox.aws.store import STORE, StaticKey


def tooling() -> None:
    """Make the portal's static key known."""
    STORE.static_keys[world.AWS_ACCESS_KEY_ID] = StaticKey(world.TOOLING_ACCOUNT_ID, world.TOOLING_USER_NAME)


def demo() -> bool:
    """Make the demo world; False when it is there already."""
    return False
