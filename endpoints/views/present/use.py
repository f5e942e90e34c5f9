"""Recorded use beside a change: how much of it the proposed policy would deny."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from endpoints.models import Change, EndpointUse, UseReplay


@dataclass(frozen=True, slots=True)
class ChangeUse:
    """What recorded calls say about a change's policy; `result` is empty until a worker has looked."""

    change: Change
    waits: bool
    result: dict[str, Any]

    @property
    def total(self) -> int:
        """Return how many recorded calls were held against the policy."""
        return int(self.result.get("allowed", 0)) + int(self.result.get("denied", 0))


def change_use(change: Change) -> ChangeUse | None:
    """Return what recorded use says about a change; None where there is no record, or nothing to say."""
    if change.policy_revision_id is None or change.endpoint_id is None:
        return None
    use = EndpointUse.objects.filter(endpoint=change.endpoint_id).first()
    replay = UseReplay.objects.filter(change=change).first()
    waits = use is not None and use.waits and change.request.status == "submitted"
    if replay is None and not waits:
        return None
    return ChangeUse(change, waits, replay.result if replay else {})
