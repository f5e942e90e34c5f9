"""The people of the demonstration, who they are and what they may do.

`manage.py seed_demo` makes them, and `make run` prints them. They exist in the sandbox only; their one
password is published here.
"""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "try-the-portal"  # noqa: S105 - published on purpose: the sandbox listens on this machine alone
TEAMS = ("Payments", "Data")


@dataclass(frozen=True, kw_only=True)
class DemoUser:
    """A person who can sign in to the sandbox with `PASSWORD`."""

    username: str
    roles: tuple[str, ...]
    """Values of `endpoints.models.people.Role`."""
    does: str
    """What they do, in a few words for the list that `make run` prints."""
    teams: tuple[str, ...] = ()
    approves: tuple[str, ...] = ()
    """Names of the accounts, as `portal.sandbox.world` has them, whose requests they decide."""


USERS = (
    DemoUser(
        username="engineer",
        roles=("engineer",),
        teams=("Payments",),
        does="asks for endpoints for team Payments",
    ),
    DemoUser(
        username="teammate",
        roles=("engineer",),
        teams=("Payments", "Data"),
        does="works with engineer, and in team Data",
    ),
    DemoUser(
        username="approver",
        roles=("approver",),
        approves=("payments-prod", "data-dev"),
        does="decides on requests for accounts payments-prod and data-dev",
    ),
    DemoUser(
        username="security-approver",
        roles=("approver",),
        approves=("payments-prod", "data-dev", "shared-services"),
        does="decides on requests for every account",
    ),
    DemoUser(username="operator", roles=("operator",), does="repairs and retries what is stuck"),
    DemoUser(username="auditor", roles=("auditor",), does="reads everything, changes nothing"),
    DemoUser(username="administrator", roles=("administrator",), does="manages people, teams and accounts"),
)
