"""What a service's owner has to do while AWS waits for them to accept a connection."""

from __future__ import annotations

from dataclasses import dataclass

from endpoints.models import Endpoint
from endpoints.services.reading import Known, accept_command


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the service's owner, an account id (empty where AWS names none), has to do."""

    owner: str
    command: str


def acceptance_of(endpoint: Endpoint | None, known: Known) -> Acceptance | None:
    """Return what is asked of the owner of an endpoint's service, or None where nothing waits for them."""
    if endpoint is None or endpoint.status != "pending_acceptance":
        return None
    return Acceptance(known.owners.get(endpoint.service_name, ""), accept_command(endpoint))
